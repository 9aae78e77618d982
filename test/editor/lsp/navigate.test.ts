// Owns: hover, definitions, references, rename: what a name means, across files and into the library.

import { describe, expect, test } from "vitest";
import { hover } from "../../../editor/lsp/features/hover.js";
import { definition, highlights, references } from "../../../editor/lsp/features/navigate.js";
import { applyEdits, prepareRename, rename } from "../../../editor/lsp/features/rename.js";
import { fixture, shown } from "./support.js";

const solver = `/// Halves.
solver half(k = 2) {
  step {
    let h = 1/k
    point m at lambda = lerp(lambda[s], lambda[t], h)
    x[m] = ddim(s -> m)
    x[t] = x[s] + h*(x0[m] - x0[s])
  }
}
`;
/** The cursor before the n-th occurrence of a text. */
function mark(text: string, before: string, nth = 1): string {
  let at = -1;
  for (let i = 0; i < nth; i += 1) at = text.indexOf(before, at + 1);
  return `${text.slice(0, at)}<|>${text.slice(at)}`;
}

const hoverAt = (marked: string): string => {
  const { analysis, offset } = fixture(marked);
  return hover(analysis, offset)?.text ?? "";
};

describe("hover", () => {
  test.each([
    ["half(k", /solver half\(k = 2\)[\s\S]*Halves\./],
    ["h*(", /let h = 1\/k/],
    ["k\n", /k = 2[\s\S]*parameter/],
    ["m]", /point m at lambda = /],
    ["ddim", /solver ddim\([\s\S]*order 1[\s\S]*Song et al/],
    ["lambda[s]", /half the log signal-to-noise ratio/],
    ["lerp", /lerp\(a, b, u\)/],
    ["x0[m]", /the data prediction/],
    ["s]", /the current point/],
    ["step", /The equations of one step/],
  ])("%s", (before, pattern) => {
    expect(hoverAt(mark(solver, before))).toMatch(pattern);
  });

  test("the value of what is plainly a number", () => {
    expect(hoverAt("let <|>a = 1/2 + sqrt(4)\n")).toContain("Value: 2.5");
    expect(hoverAt("let <|>a = 3\n")).not.toContain("Value");
  });

  test("a parameter by its label, in another definition", () => {
    expect(hoverAt("sampler a {\n  grid karras(<|>power: 5)\n}")).toMatch(/power = 7[\s\S]*parameter/);
  });

  test("nothing on a number", () => {
    expect(hoverAt(mark(solver, "2) {"))).toBe("");
  });
});

describe("going to definitions", () => {
  const goal = (marked: string, others: Readonly<Record<string, string>> = {}): readonly string[] => {
    const made = fixture(marked, others);
    return definition(made.analysis, made.offset).map((span) => shown(made, span));
  };

  test("in the file", () => {
    expect(goal(mark(solver, "h*("))).toEqual(["a.dsamp:4:9 h"]);
    expect(goal(mark(solver, "m]", 2))).toEqual(["a.dsamp:5:11 m"]);
    expect(goal(mark(solver, "k\n"))).toEqual(["a.dsamp:2:13 k"]);
  });

  test("into another file, and to the file", () => {
    const others = { "b.dsamp": solver };
    expect(goal('use "b.dsamp" { half }\nexpect ha<|>lf { calls 2 }\n', others)).toEqual([
      "b.dsamp:2:8 half",
    ]);
    expect(goal('use "b.<|>dsamp" { half }\n', others)).toEqual(["b.dsamp:1:1 "]);
    expect(goal('use "b.dsamp" { half }\nexpect half(<|>k: 3) { calls 2 }\n', others)).toEqual([
      "b.dsamp:2:13 k",
    ]);
  });

  test("into the library", () => {
    expect(goal(mark(solver, "ddim"))[0]).toMatch(/^std:solvers\/basic\/ddim\.dsamp:\d+:8 ddim$/);
    expect(goal("use std.common { <|>down }\n")[0]).toMatch(/^std:common\/down\.dsamp/);
  });

  test("the place chooses between definitions of one name", () => {
    const text = "sampler a {\n  schedule edm\n  solver edm\n}";
    expect(goal(mark(text, "edm", 1))[0]).toContain("schedules/edm");
    expect(goal(mark(text, "edm", 2))[0]).toContain("solvers/stochastic/edm");
  });

  test("inner names before outer ones", () => {
    const text = "let k = 1\nsolver a {\n  step {\n    x[t] = sum(k*x[s], k in 0 .. 2)\n  }\n}\n";
    expect(goal(mark(text, "k*x"))).toEqual(["a.dsamp:4:24 k"]);
  });

  test("in a broken file", () => {
    expect(goal(mark(`${solver}solver b {\n  step {\n    let z = \n    x[t] = (h\n`, "h*("))).toEqual([
      "a.dsamp:4:9 h",
    ]);
  });
});

describe("references", () => {
  test("of a local name, with what writes it", () => {
    const { analysis, offset } = fixture(mark(solver, "m at"));
    expect(highlights(analysis, offset).map(({ write }) => write)).toEqual([true, false, false, false]);
  });

  test("of a definition in all files", () => {
    const made = fixture(mark(solver, "half"), {
      "b.dsamp": 'use "a.dsamp" { half }\nexpect half { calls 2 }\n',
      "c.dsamp": "solver half { step { x[t] = ddim(s -> t) } }\n",
    });
    const found = references(made.workspace, made.analysis, made.offset, { declaration: true });
    expect(found.map((span) => shown(made, span))).toEqual([
      "a.dsamp:2:8 half",
      "b.dsamp:1:17 half",
      "b.dsamp:2:8 half",
    ]);
  });

  test("Greek letters are the same name", () => {
    const { analysis, offset } = fixture("solver a(<|>η = 0) {\n  step { x[t] = eta*x[s] }\n}");
    expect(highlights(analysis, offset).length).toBe(2);
  });
});

describe("rename", () => {
  const renamed = (marked: string, to: string, others: Readonly<Record<string, string>> = {}) => {
    const { workspace, analysis, offset, text } = fixture(marked, others);
    const done = rename(workspace, analysis, offset, to);
    if ("refused" in done) return done.refused;
    const own = done.edits.filter(({ span }) => span.file === "a.dsamp");
    return { text: applyEdits(text, own), others: done.edits.length - own.length };
  };

  test("everywhere", () => {
    expect(renamed(mark(solver, "h*("), "w")).toEqual({
      text: solver.replace("let h", "let w").replace("lambda[t], h)", "lambda[t], w)").replace("h*(", "w*("),
      others: 0,
    });
    const others = { "b.dsamp": 'use "a.dsamp" { half }\nexpect half(k: 3) { calls 2 }\n' };
    expect(renamed(mark(solver, "half"), "third", others)).toMatchObject({ others: 2 });
    expect(renamed(mark(solver, "k = 2"), "n", others)).toMatchObject({ others: 1 });
  });

  test.each([
    [mark(solver, "h*("), "k", /`k` hides the parameter/],
    [mark(solver, "h*("), "m", /`m` is defined twice/],
    [mark(solver, "m at"), "t", /already means something/],
    [mark(solver, "h*("), "sigma", /hides the path quantity/],
    [mark(solver, "h*("), "let", /reserved word/],
    [mark(solver, "h*("), "2x", /is not a name/],
    [mark(solver, "ddim"), "w", /belongs to the library/],
    [mark(solver, "lambda"), "w", /belongs to the language/],
  ])("refused: %#", (marked, to, why) => {
    expect(renamed(marked, to)).toMatch(why);
  });

  test("is offered with the name as it is written", () => {
    const { analysis, offset } = fixture("solver a(<|>η = 0) {\n  step { x[t] = η*x[s] }\n}");
    expect(prepareRename(analysis, offset)).toMatchObject({ text: "η" });
  });
});
