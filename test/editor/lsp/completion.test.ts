// Owns: what is proposed where. Each test is a text with a cursor and the labels that must come, or must not.

import { describe, expect, test } from "vitest";
import { completion } from "../../../editor/lsp/features/completion.js";
import { applyEdits } from "../../../editor/lsp/features/rename.js";
import { fixture } from "./support.js";

function labels(marked: string, others: Readonly<Record<string, string>> = {}): readonly string[] {
  const { workspace, analysis, offset } = fixture(marked, others);
  return completion(workspace, analysis, offset).items.map(({ label }) => label);
}

const inStep = (line: string): string => `solver a(k = 2) {\n  step {\n    let h = 1\n    ${line}\n  }\n}\n`;

describe("words by place", () => {
  test.each([
    ["<|>", ["schedule", "solver", "sampler", "use", "let", "table", "expect"], ["step", "order"]],
    ["solver a {\n  <|>\n}", ["order", "weak order", "step", "tableau", "start"], ["guidance", "point"]],
    [inStep("<|>"), ["let", "point", "when", "x"], ["order", "grid", "ddim"]],
    ["sampler a {\n  <|>\n}", ["schedule", "model", "grid", "steps", "solver"], ["step", "point"]],
    ["grid a {\n  <|>\n}", ["for", "then", "sigma"], ["order"]],
    ["expect ddim {\n  <|>\n}", ["order", "calls", "fails"], ["step"]],
    [inStep("when first { <|> }"), ["point", "if", "x"], ["order"]],
    [inStep("point m <|>"), ["at"], ["h"]],
    ["schedule a {\n  time t <|>\n}", ["from"], ["to"]],
    ["schedule a {\n  time t from 1 <|>\n}", ["to"], ["from"]],
    ["sampler a {\n  model <|>\n}", ["predicts"], ["eps"]],
    ["sampler a {\n  model predicts eps <|>\n}", ["with"], ["x0"]],
    ["sampler a {\n  model predicts eps with <|>\n}", ["time:", "file:"], ["eps"]],
    ["solver a(base: <|>)", ["solver", "schedule", "table"], ["ddim"]],
    ['expect ddim {\n  fails "<|>"\n}', ["D0412"], ["ddim"]],
    [
      "sampler a {\n  model predicts eps with time: <|>\n}",
      ["time", "index", "sigma", "lambda", "rho"],
      ["ddim"],
    ],
    ["expect <|>", ["ddim", "karras", "vp_linear"], ["expm1", "sigma"]],
    ["solver a {\n  tableau <|>\n}", ["x0", "eps", "v"], ["ddim", "expm1"]],
  ] as const)("%j", (text, wanted, unwanted) => {
    const found = labels(text);
    expect(found).toEqual(expect.arrayContaining([...wanted]));
    expect(found.filter((label) => (unwanted as readonly string[]).includes(label))).toEqual([]);
  });
});

describe("names", () => {
  test.each([
    [inStep("x[t] = sigma[<|>"), ["s", "t", "end"], ["h", "sigma"]],
    [inStep("point m at sigma = 1\n    x[t] = x[<|>"), ["m", "s"], ["h"]],
    [inStep("x[t] = h*<|>"), ["h", "k", "sigma", "x0", "expm1", "ddim", "integrate"], ["karras"]],
    [inStep("x[t] = d<|>"), ["ddim"], []],
    ["sampler a {\n  schedule <|>\n}", ["vp_linear", "flow"], ["ddim"]],
    ["sampler a {\n  solver ddim while first then <|>\n}", ["heun"], ["vp_linear"]],
    ["sampler a {\n  guidance cfg, <|>\n}", ["cfg_pp"], ["ddim"]],
    ["sampler a {\n  model predicts <|>\n}", ["x0", "eps", "v", "flow"], ["ddim"]],
    ["solver a(base: solver = euler) {\n  start <|>\n}", ["base", "ddim"], ["karras"]],
    ["sampler a {\n  guidance cfg(<|>\n}", ["scale:"], []],
    ["sampler a {\n  grid karras(power: 5, <|>)\n}", ["rho_max:"], ["power:"]],
    ["sampler a {\n  schedule shift(base: <|>)\n}", ["flow"], ["ddim"]],
    [inStep("x[t] = integrate(s -> t, x0, <|>)"), ["over:", "through:"], []],
    [inStep("x[t] = integrate(s -> t, x0, over: <|>)"), ["lambda", "rho"], ["ddim"]],
    ["guidance a {\n  call c = model()\n  x0 = c.<|>\n}", ["x0", "eps", "v"], ["ddim"]],
    ["schedule a(base: schedule) {\n  alpha = base.<|>\n}", ["alpha", "start"], ["eps"]],
    ["schedule a {\n  alpha = flow.<|>\n}", ["alpha"], ["eps"]],
  ] as const)("%j", (text, wanted, unwanted) => {
    const found = labels(text);
    expect(found).toEqual(expect.arrayContaining([...wanted]));
    expect(found.filter((label) => (unwanted as readonly string[]).includes(label))).toEqual([]);
  });

  test.each([
    ["solver <|>"],
    ["let <|>"],
    ["solver a {\n  order <|>\n}"],
    ["solver a {\n  weak order <|>\n}"],
    ["schedule a {\n  time <|>\n}"],
    [inStep("point <|>")],
  ])("nothing where a new name or a number is written: %j", (text) => expect(labels(text)).toEqual([]));

  test("values of the library and names of other files bring their `use`", () => {
    const chosen = (marked: string, label: string, others: Readonly<Record<string, string>> = {}): string => {
      const { workspace, analysis, offset, text } = fixture(marked, others);
      const { span, items } = completion(workspace, analysis, offset);
      const item = items.find((candidate) => candidate.label === label);
      return applyEdits(text, [{ span, text: label }, ...(item?.edits ?? [])]);
    };
    const step = inStep("let q = dow<|>");
    expect(chosen(step, "down")).toBe(`use std.common { down }\n\n${step.replace("dow<|>", "down")}`);
    expect(chosen(`// About.\n\n${step}`, "down")).toBe(
      `// About.\n\nuse std.common { down }\n\n${step.replace("dow<|>", "down")}`,
    );
    const others = { "b.dsamp": "solver mine { step { x[t] = ddim(s -> t) } }\nlet k = 2\n" };
    expect(chosen("sampler a {\n  solver mi<|>\n}\n", "mine", others)).toBe(
      'use "b.dsamp" { mine }\n\nsampler a {\n  solver mine\n}\n',
    );
    const used = 'use "b.dsamp" { k }\nsampler a {\n  solver <|>\n}\n';
    expect(chosen(used, "mine", others)).toContain('use "b.dsamp" { k, mine }');
    expect(labels(used, others).filter((label) => label === "k")).toEqual([]);
  });

  test("nothing in comments and numbers", () => {
    expect(labels("// so<|>")).toEqual([]);
    expect(labels(inStep("x[t] = 2<|>"))).toEqual([]);
  });

  test("files, parts of the library, names in them", () => {
    const others = { "lib/b.dsamp": "/// Doc.\nsolver mine { step { x[t] = x[s] } }\nlet k = 2\n" };
    expect(labels("use <|>", others)).toEqual(["std", '"lib/b.dsamp"']);
    expect(labels('use "<|>"', others)).toEqual(["lib/b.dsamp"]);
    expect(labels('use "lib/b.dsamp" { <|> }', others)).toEqual(["mine", "k"]);
    expect(labels("use std.<|>")).toContain("solvers");
    expect(labels("use std.solvers.<|>")).toContain("basic");
    expect(labels("use std.common { <|> }")).toEqual(["down"]);
  });

  test("documentation of the library comes without parsing it", () => {
    const { workspace, analysis, offset } = fixture("sampler a {\n  solver <|>\n}");
    const ddim = completion(workspace, analysis, offset).items.find(({ label }) => label === "ddim");
    expect(ddim?.detail).toMatch(/^solver ddim\(/);
    expect(ddim?.text).toMatch(/Source: Song et al/);
  });

  test("the whole name under the cursor is replaced", () => {
    const { workspace, analysis, offset } = fixture(inStep("x[t] = exp<|>m1(h)"));
    const { span } = completion(workspace, analysis, offset);
    expect(analysis.module.source.text.slice(span.start, span.end)).toBe("expm1");
  });
});
