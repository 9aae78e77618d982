// Owns: the other features: symbols, structure, colours, signatures, hints, actions, diagnostics.

import { describe, expect, test } from "vitest";
import { actions } from "../../../editor/lsp/features/actions.js";
import { diagnosticsOf } from "../../../editor/lsp/features/diagnostics.js";
import { inlayHints } from "../../../editor/lsp/features/inlay.js";
import { applyEdits } from "../../../editor/lsp/features/rename.js";
import { signature } from "../../../editor/lsp/features/signature.js";
import { folds, formatting, selection } from "../../../editor/lsp/features/structure.js";
import {
  documentSymbols,
  workspaceSymbols,
  type DocumentSymbol,
} from "../../../editor/lsp/features/symbols.js";
import { semanticTokens } from "../../../editor/lsp/features/tokens.js";
import { fixture } from "./support.js";

const text = `// One.
// Two.
use std.common { down }

/// A rule.
solver a(k: number = 2) {
  order 1
  step {
    let h = down(1, 2, 3)
    x[t] = ddim(s -> t, 1)
  }
}
`;

describe("symbols", () => {
  test("of a document", () => {
    const outline = (items: readonly DocumentSymbol[]): unknown =>
      items.map(({ name, children }) => (children.length > 0 ? [name, outline(children)] : name));
    const { analysis } = fixture(text);
    expect(outline(documentSymbols(analysis))).toEqual([["a", ["k", ["step", ["h"]]]]]);
  });

  test("of all files and the library", () => {
    const { workspace } = fixture(text, { "b.dsamp": "grid agrid { time[i] = i for i in 0 .. 1 }\n" });
    expect(workspaceSymbols(workspace, "").map(({ name }) => name)).toEqual(["a", "agrid"]);
    expect(workspaceSymbols(workspace, "dpp2m").map(({ name }) => name)).toContain("dpmpp_2m");
  });
});

describe("structure", () => {
  test("folds", () => {
    const { analysis } = fixture(text);
    expect(folds(analysis)).toEqual([
      { startLine: 0, endLine: 1, kind: "comment" },
      { startLine: 5, endLine: 10, kind: "block" },
      { startLine: 7, endLine: 9, kind: "block" },
    ]);
  });

  test("selection grows", () => {
    const { analysis, offset, text: source } = fixture(text.replace("down(1", "do<|>wn(1"));
    const spans = selection(analysis, offset).map(({ start, end }) => source.slice(start, end));
    expect(spans.slice(0, 3)).toEqual(["down", "down(1, 2, 3)", "let h = down(1, 2, 3)"]);
    expect(spans.at(-1)).toBe(source);
  });

  test("formatting is one edit around what changes, none in a broken file", () => {
    const messy = text.replace("let h = down", "let   h=down");
    const { analysis } = fixture(messy);
    const edits = formatting(analysis);
    expect(edits.length).toBe(1);
    expect(edits[0]?.text.length).toBeLessThan(20);
    expect(formatting(fixture(applyEdits(messy, edits)).analysis)).toEqual([]);
    expect(formatting(fixture("solver a {").analysis)).toEqual([]);
  });
});

test("semantic tokens name every word", () => {
  const { analysis, text: source } = fixture(text);
  const found = semanticTokens(analysis).map(
    ({ start, length, type, modifiers }) =>
      `${source.slice(start, start + length)} ${[type, ...modifiers].join(".")}`,
  );
  expect(found).toEqual(
    expect.arrayContaining([
      "// One. comment",
      "use keyword",
      "down function.defaultLibrary",
      "solver keyword",
      "a function.declaration",
      "k parameter.declaration",
      "2 number",
      "h variable.declaration",
      "x property.modification.defaultLibrary",
      "t enumMember.defaultLibrary",
      "ddim function.defaultLibrary",
    ]),
  );
});

describe("signatures", () => {
  test.each([
    ["sampler a {\n  grid karras(<|>)\n}", "power = 7", 0],
    ["sampler a {\n  grid karras(5, <|>", "power = 7", 1],
    ["sampler a {\n  grid karras(rho_min: 2<|>", "power = 7", 2],
    ["solver a {\n  step {\n    x[t] = integrate(s -> t, x0, over: rho<|>)\n", "p -> q", 2],
    ["let f(a, b) = a\nlet c = f(1, <|>)\n", "a", 1],
    ["let c = lerp(1, max(2, 3), <|>)\n", "a", 2],
  ] as const)("%j", (marked, first, active) => {
    const { analysis, offset } = fixture(marked);
    const found = signature(analysis, offset);
    expect(found?.parameters[0]).toBe(first);
    expect(found?.active).toBe(active);
  });

  test("none outside of calls", () => {
    const { analysis, offset } = fixture("sampler a {\n  grid karras(5)<|>\n}");
    expect(signature(analysis, offset)).toBeUndefined();
  });
});

test("hints name what is given by place", () => {
  const { analysis, text: source } = fixture(text);
  const at = { file: "a.dsamp", start: source.indexOf("a(k"), end: source.indexOf("a(k") + 1 };
  const facts = [{ at, text: "4 calls", tooltip: "" }];
  const hints = inlayHints(analysis, facts, { start: 0, end: source.length });
  expect(hints.map(({ at: offset, text: label }) => `${label} ${source.slice(offset, offset + 3)}`)).toEqual([
    "4 calls (k:",
    "eta: 1)\n",
  ]);
});

describe("actions", () => {
  const fixed = (source: string, others: Readonly<Record<string, string>> = {}): readonly string[] => {
    const { workspace, analysis } = fixture(source, others);
    const found = actions(workspace, analysis, diagnosticsOf(analysis), { start: 0, end: source.length });
    return found.map(({ title, edits }) => `${title}: ${applyEdits(source, edits)}`);
  };

  test("the fix of a diagnostic", () => {
    expect(fixed("solver a {\n  step {\n    let h = 1\n    x[t] = x[s]\n  }\n}\n")).toEqual([
      "remove `h`: solver a {\n  step {\n    x[t] = x[s]\n  }\n}\n",
      "call it `_h`: solver a {\n  step {\n    let _h = 1\n    x[t] = x[s]\n  }\n}\n",
    ]);
  });

  test("the name that was meant", () => {
    expect(
      fixed("sampler a {\n  schedule flow\n  model predicts eps\n  grid karras\n  solver ddmi\n}\n"),
    ).toEqual([
      "replace by `ddim`: sampler a {\n  schedule flow\n  model predicts eps\n  grid karras\n  solver ddim\n}\n",
    ]);
  });

  test("a use of the library, or of another file", () => {
    const rule = (name: string): string => `solver a {\n  step { x[t] = ${name}(1, 2, 3)*x[s] }\n}\n`;
    expect(fixed(rule("down"))).toContain(
      `use \`down\` from std.common: use std.common { down }\n\n${rule("down")}`,
    );
    expect(
      fixed(`use "b.dsamp" { other }\n${rule("mine")}`, {
        "b.dsamp": "let mine(a, b, c) = a\nlet other = 2\n",
      }),
    ).toContain(`use \`mine\` from b.dsamp: use "b.dsamp" { other, mine }\n${rule("mine")}`);
  });
});

test("errors of a file that is used are told at the use", () => {
  const { analysis } = fixture('use "b.dsamp"\n', {
    "b.dsamp": "solver b {\n  step { x[t] = nothing }\n}\n",
  });
  expect(diagnosticsOf(analysis).map(({ message, primary }) => [message, primary?.span.start])).toEqual([
    ["`b.dsamp` has errors: `nothing` is not known in a solver", 4],
  ]);
});
