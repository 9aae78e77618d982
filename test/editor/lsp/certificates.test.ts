// What the server says once certificates and samplers are worked out: hints, hovers, the action that declares an order.

import { expect, test } from "vitest";
import { memoryHost } from "../../../compiler/host.js";
import { applyEdits } from "../../../editor/lsp/features/rename.js";
import { actions } from "../../../editor/lsp/features/actions.js";
import { hover } from "../../../editor/lsp/features/hover.js";
import { inlayHints } from "../../../editor/lsp/features/inlay.js";
import { later, type Fact, type Values } from "../../../editor/lsp/later.js";
import { Workspace } from "../../../editor/lsp/workspace.js";
import { fixture, memoryFiles, type Fixture } from "./support.js";

interface Known extends Fixture {
  readonly facts: readonly Fact[];
  readonly values: readonly Values[];
  readonly codes: readonly string[];
}

function known(marked: string, others: Readonly<Record<string, string>> = {}): Known {
  const made = fixture(marked, others);
  const { text, analysis } = made;
  const parts = [
    ...later({
      host: memoryHost({ ...others, "a.dsamp": text }),
      file: "a.dsamp",
      text,
      tree: analysis.module.tree,
    }),
  ];
  return {
    ...made,
    facts: parts.flatMap((part) => part.facts),
    values: parts.flatMap((part) => part.values ?? []),
    codes: parts.flatMap((part) => part.diagnostics.map(({ code }) => code)),
  };
}

const rule = `solver mine {
  start ddim
  step { x[t] = integrate(s -> t, x0, over: lambda, through: s-1 .. s) }
}
`;
const sampler = `sampler small {
  schedule vp_linear
  model    predicts eps
  grid     log_snr
  steps    8
  solver   mine
}
`;

const hints = ({ analysis, facts, text }: Known): readonly string[] =>
  inlayHints(analysis, facts, { start: 0, end: text.length }).map(
    ({ at, text: label }) => `${text.slice(0, at).split("\n").length}: ${label}`,
  );
const over = ({ analysis, offset, facts, values }: Known): string =>
  hover(analysis, offset, facts, values)?.text ?? "";

test("hints: the verified order, derived weights, evaluations, the run's order", () => {
  expect(hints(known(rule + sampler))).toMatchInlineSnapshot(`
    [
      "1: order 2, 1 call",
      "3: = (σ_t/σ_s) x_s + (α_t h (φ_2(-h) + r_1 φ_1(-h))/r_1) D_s - (α_t h φ_2(-h)/r_1) D_{s-1}",
      "5: 8 NFE, 3 tensors",
      "5: run order 2",
    ]
  `);
});

test("hover over a solver has its certificate and its formula, where it is defined and where it is used", () => {
  for (const text of [
    rule.replace("mine", "mi<|>ne") + sampler,
    rule + sampler.replace("   mine", "   mi<|>ne"),
  ]) {
    const shown = over(known(text));
    expect(shown).toContain("mine: order 2, in x0 over lambda");
    expect(shown).toContain("x_t = ");
  }
});

test("hover over `integrate` has what it stands for", () => {
  expect(over(known(rule.replace("integrate", "integ<|>rate")))).toContain("x_t = ");
});

test("hover over a solver of the library or of another file has its certificate", () => {
  expect(over(known(sampler.replace("solver   mine", "solver   he<|>un")))).toContain("heun: order 2");
  expect(over(known("solver own {\n  step { x[t] = dpmpp<|>_2m(s -> t) }\n}\n"))).toContain(
    "dpmpp_2m: order 2",
  );
  const others = { "b.dsamp": rule };
  expect(over(known(`use "b.dsamp" { mine }\n${sampler.replace("mine", "mi<|>ne")}`, others))).toContain(
    "mine: order 2",
  );
});

test("hover in a file of the library has its certificates", () => {
  const id = "std:solvers/basic/heun.dsamp";
  const workspace = new Workspace(memoryFiles({}));
  const analysis = workspace.analysis(id);
  const text = workspace.text(id) ?? "";
  if (!analysis) throw new Error("no analysis");
  const parts = [...later({ host: workspace.host, file: id, text, tree: analysis.module.tree })];
  const facts = parts.flatMap((part) => part.facts);
  expect(hover(analysis, text.indexOf("solver heun") + 8, facts)?.text).toContain("heun: order 2");
});

test("hover over a grid, a schedule and a quantity has levels of the run", () => {
  expect(over(known(rule + sampler.replace("log_snr", "log<|>_snr")))).toMatch(
    /9 points:[\s\S]*\| 1 \| 0\.006572 /,
  );
  expect(over(known(rule + sampler.replace("vp_linear", "vp_<|>linear")))).toContain("from noise to data");
  const quantity = rule.replace(
    "step {",
    "step {\n let h = lam<|>bda[t] - lambda[s]\n point m at lambda = lambda[s] + h\n",
  );
  expect(over(known(quantity + sampler))).toMatch(/in `small` -5\.025 \.\. 4\.558/);
});

const declared = (source: string): readonly string[] => {
  const found = known(source);
  const { workspace, analysis, facts, text } = found;
  return actions(workspace, analysis, [], { start: 0, end: text.length }, facts).map(
    ({ title, edits }) => `${title}\n${applyEdits(text, edits)}`,
  );
};

test("the action declares the verified order, once, and corrects a wrong number", () => {
  const [action] = declared(rule);
  expect(action).toBe(
    `declare the verified order: \`order 2\`\n${rule.replace("  start ddim", "  order 2\n  start ddim")}`,
  );
  expect(declared(rule.replace("  start", "  order 2\n  start"))).toEqual([]);
  const wrong = rule.replace("  start", "  order 3\n  start");
  expect(known(wrong).codes).toContain("D0412");
  expect(declared(wrong)).toEqual([
    `declare the verified order: \`order 2\`\n${wrong.replace("order 3", "order 2")}`,
  ]);
});

test("weak orders of rules with noise", () => {
  const noisy = "solver noisy {\n  noise z\n  step { x[t] = jump(s -> t, eta: 1, noise: z) }\n}\n";
  expect(hints(known(noisy))).toEqual(["1: weak order 1, 1 call"]);
  expect(declared(noisy)[0]).toContain("weak order 1\n  noise z");
});

test("claims of `expect` that are not met", () => {
  expect(known(`${rule}expect mine { order 3 }\n`).codes).toContain("D0910");
});

test("nothing for files with errors", () => {
  expect(known("solver a {\n  step { x[t] = lamda[s] }\n}\n").facts).toEqual([]);
});
