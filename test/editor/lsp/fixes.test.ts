// Every change that is offered for a finding mends it: what comes out parses, and the finding is gone. Tried on the wrong
// examples of the explanation pages and on texts with one mistake each.

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { Diagnostic } from "../../../compiler/diagnostics/diagnostic.js";
import { actions, type Action } from "../../../editor/lsp/features/actions.js";
import { diagnosticsOf } from "../../../editor/lsp/features/diagnostics.js";
import { applyEdits } from "../../../editor/lsp/features/rename.js";
import type { Fact } from "../../../editor/lsp/later.js";
import { parts } from "../../../editor/lsp/laterRunner.js";
import { examplesOf } from "../../cli/pages.js";
import { fixture, type Fixture } from "./support.js";

interface Known extends Fixture {
  readonly diagnostics: readonly Diagnostic[];
  readonly facts: readonly Fact[];
}

/** A file with everything the server finds in it. */
function known(text: string): Known {
  const found = fixture(text);
  const diagnostics = [...diagnosticsOf(found.analysis)];
  const facts: Fact[] = [];
  if (diagnostics.every(({ severity }) => severity !== "error"))
    for (const part of parts({ file: "a.dsamp", texts: { "a.dsamp": text } }, found.workspace.host)) {
      diagnostics.push(...part.diagnostics);
      facts.push(...part.facts);
    }
  return { ...found, diagnostics, facts };
}

function offered(text: string): readonly Action[] {
  const { workspace, analysis, diagnostics, facts } = known(text);
  const all = actions(workspace, analysis, diagnostics, { start: 0, end: text.length }, facts);
  return all.filter((action) => action.diagnostic);
}

/** Titles of what is offered for a text; every one is tried. */
function mends(text: string): readonly string[] {
  return offered(text).map(({ title, edits, diagnostic }) => {
    const after = applyEdits(text, edits);
    const left = known(after).diagnostics.map(({ code, message }) => `${code} ${message}`);
    expect(left, `${title}:\n${after}`).not.toContain(`${diagnostic?.code} ${diagnostic?.message}`);
    expect(
      left.filter((said) => said.startsWith("D01")).length,
      `${title}:\n${after}\n${left.join("\n")}`,
    ).toBeLessThanOrEqual(
      diagnosticsOf(fixture(text).analysis).filter(({ code }) => code.startsWith("D01")).length,
    );
    return title;
  });
}

const folder = new URL("../../../compiler/diagnostics/explain/", import.meta.url);
const wrong = readdirSync(folder).flatMap((name) =>
  examplesOf(readFileSync(new URL(name, folder), "utf8"))
    .filter(({ kind }) => kind === "wrong")
    .map(({ text }) => [name, text] as const),
);

test.each(wrong)("%s", (_, text) => void mends(text));

const sampler = (...lines: readonly string[]): string =>
  `sampler a {\n  schedule vp_linear\n  model predicts eps\n${lines.map((line) => `  ${line}\n`).join("")}}\n`;
const solver = (...lines: readonly string[]): string =>
  `solver a {\n  step {\n${lines.map((line) => `    ${line}\n`).join("")}  }\n}\n`;

describe("what help names is offered", () => {
  test.each([
    ["a part of the library", "use std.commn { down }\nlet a = down(1, 2)\n", ["replace by `std.common`"]],
    ["a line of a sampler", sampler("steps 8 // few", "solver ddim"), ["add `grid karras`"]],
    [
      "a line of a sampler on one line",
      "sampler a { schedule flow; model predicts flow; steps 2; grid uniform_time }\n",
      ["add `solver ddim`"],
    ],
    ["a final rule", sampler("grid karras", "steps 8", "solver dpmpp_2m"), ["add `final ddim`"]],
    ["a parameter nobody reads", `solver a(k = 2) { step { x[t] = jump(s -> t) } }\n`, ["call it `_k`"]],
    ["a value nobody reads", solver("let q = 1", "x[t] = jump(s -> t)"), ["remove `q`", "call it `_q`"]],
    ["a comment of C over lines", "/* one\n * two\n */\nlet a = 1\n", ["write `//`"]],
    ["a comment of C behind code", "let a = 1 /* three */\n", ["write `//`"]],
    [
      "the order that holds, and the rule that has the order claimed",
      "solver mine {\n  order 3\n  step { x[t] = jump(s -> t) }\n}\n",
      ["declare the verified order: `order 1`"],
    ],
  ])("%s", (_, text, titles) => expect(mends(text)).toEqual(titles));
});

test("a word that help names is no fix of another text", () => {
  const text = sampler("grid karras(rh: 7)", "steps 8", "solver ddim");
  for (const { edits } of offered(text))
    for (const { span } of edits) expect(text.slice(span.start, span.end)).toBe("rh");
});
