// Formulas for people: what is printed has the value of what is run, for every rule of the library; LaTeX that KaTeX
// takes in strict mode; some formulas as papers have them.

import katex from "katex";
import { describe, expect, test } from "vitest";
import { evaluate } from "../../../compiler/algebra/evaluate.js";
import { binder, num, real, substitute, sym, type Expr, type Sym } from "../../../compiler/algebra/expr.js";
import { compile } from "../../../compiler/compile.js";
import { Coefficients } from "../../../compiler/emit/mathematicsCoefficients.js";
import { equationsOf, layOut, Writer } from "../../../compiler/emit/mathematicsPrint.js";
import {
  explainSampler,
  stepRanges,
  viewedRun,
  type RuleUpdate,
} from "../../../compiler/emit/mathematicsSampler.js";
import { displayed, unicode } from "../../../compiler/emit/mathematicsText.js";
import { gridLevel } from "../../../compiler/graph/level.js";
import { quantity, type Quantity } from "../../../compiler/graph/quantity.js";
import { memoryHost } from "../../../compiler/host.js";
import { quantityAt } from "../../../compiler/path/environment.js";
import type { LoweredRun } from "../../../compiler/sampler/run.js";
import { library } from "../../../stdlib/index.js";
import { samplerOf, type SamplerParts } from "../lower/runs.js";

const runOf = (solver: string, parts: SamplerParts = {}): LoweredRun => {
  const { run, diagnostics } = compile({
    host: memoryHost({}),
    file: "a.dsamp",
    text: samplerOf(solver, parts),
  });
  if (!run) throw new Error(diagnostics.map((item) => item.message).join("\n"));
  return run;
};

/** Gauss-Legendre with 5 points on 64 pieces. */
function integral(f: (x: number) => number, from: number, to: number): number {
  const nodes = [0, 0.5384693101056831, -0.5384693101056831, 0.906179845938664, -0.906179845938664];
  const weights = [
    0.5688888888888889, 0.47862867049936647, 0.47862867049936647, 0.23692688505618908, 0.23692688505618908,
  ];
  const piece = (to - from) / 64;
  let sum = 0;
  for (let i = 0; i < 64; i += 1)
    nodes.forEach(
      (x, k) => (sum += f(from + piece * (i + (1 + x) / 2)) * (weights[k] as number) * (piece / 2)),
    );
  return sum;
}

/** A formula in names, with numbers of a step of the run. */
function valueOf(shown: Expr, { update, step }: RuleUpdate): number {
  const restored = update.restore(shown);
  if (restored.kind !== "binder") return step.numbers.value(restored);
  const at = (x: number): number => {
    const body = substitute(restored.body, (s: Sym) => {
      if (s === restored.variable) return real(x);
      const name = s.data["of"] as Quantity | undefined;
      const { path } = step.numbers;
      return name && real(quantityAt(path, name, path.numbers.at(base, x)));
    });
    return body.kind === "product" && body.factors.some((f) => holdsIntegral(f))
      ? NaN
      : step.numbers.value(body);
  };
  const base = restored.variable.key.endsWith("τ") ? "time" : "lambda";
  return integral(at, step.numbers.value(restored.from), step.numbers.value(restored.to));
}
const holdsIntegral = (e: Expr): boolean =>
  e.kind === "binder" || (e.kind === "fn" && e.args.some(holdsIntegral));

const close = (a: number, b: number): boolean =>
  Math.abs(a - b) <= 1e-8 * Math.max(Math.abs(a), Math.abs(b)) + 1e-12;

/** Every formula of a rule with a value that differs from that of the weight it stands for. */
function wrongFormulas(rule: RuleUpdate): readonly string[] {
  const { update, step } = rule;
  const wrong: string[] = [];
  const compare = (shown: Expr, weight: Expr): void => {
    const [a, b] = [valueOf(displayed(shown), rule), step.numbers.value(weight)];
    if (Number.isFinite(b) && !close(a, b)) wrong.push(`${unicode(displayed(shown))} is ${a}, not ${b}`);
  };
  for (const line of update.lines)
    if (line.kind === "sum") for (const { shown, weight } of line.terms) compare(shown, weight);
  for (const definition of update.definitions)
    if (definition.kind === "value") compare(definition.shown, definition.value);
    else
      definition.rows.forEach((row, i) => {
        const sum = row.reduce(
          (total, e, k) => total + valueOf(e, rule) * step.numbers.value(definition.values[k] as Expr),
          0,
        );
        const right = valueOf(definition.right[i] as Expr, rule);
        if (!close(sum, right)) wrong.push(`row ${i} is ${sum}, not ${right}`);
      });
  return wrong;
}

/** Solvers of the library that stand in a sampler without arguments. */
const solvers = Object.values(library)
  .flatMap((entry) => entry.names)
  .filter((name) => name.startsWith("solver "))
  .map((name) => name.slice(7));

describe("what is printed has the value of what is run", () => {
  const settings: readonly SamplerParts[] = [
    { steps: 6 },
    { steps: 6, schedule: "edm", grid: "karras", predicts: "x0" },
    { steps: 6, schedule: "flow", grid: "log_snr", predicts: "flow" },
  ];
  test.each(solvers)("%s", (solver) => {
    let compiled = 0;
    for (const parts of settings) {
      const { run } = compile({ host: memoryHost({}), file: "a.dsamp", text: samplerOf(solver, parts) });
      if (!run) continue;
      compiled += 1;
      const viewed = viewedRun(run);
      for (const rule of viewed.rules)
        expect(wrongFormulas(rule), `${solver} on ${parts.schedule}`).toEqual([]);
      for (const section of explainSampler(run, new Writer("latex"), viewed))
        if (section.equations.length > 0)
          katex.renderToString(layOut(section.equations, "latex"), { strict: "error", throwOnError: true });
    }
    // Rules with arguments, or for other schedules, are in tests of their own.
    if (compiled === 0) expect(needArguments).toContain(solver);
  });
});

/** Do not compile in any of the settings above. */
const needArguments: readonly string[] = ["ddpm_variance", "langevin_corrector"];

const textOf = (solver: string, parts: SamplerParts = {}): readonly string[] => {
  const { rules } = viewedRun(runOf(solver, parts));
  const rule = rules.reduce((a, b) => (b.steps.length > a.steps.length ? b : a));
  return equationsOf(rule.update, new Writer("unicode")).map(({ left, right }) => `${left} = ${right}`);
};

describe("formulas as papers have them", () => {
  test("DDIM", () => {
    expect(textOf("ddim")).toEqual([
      "h = λ_t - λ_s",
      "D_s = D(x_s)",
      "x_t = (σ_t/σ_s) x_s + α_t (1 - e^{-h}) D_s",
    ]);
  });

  test("DPM-Solver++(2M)", () => {
    expect(textOf("dpmpp_2m")).toEqual([
      "h = λ_t - λ_s",
      "r_1 = (λ_s - λ_{s-1})/h",
      "D_s = D(x_s)",
      "x_t = (σ_t/σ_s) x_s - α_t (e^{-h} - 1) (1/(2 r_1) + 1) D_s + (α_t (e^{-h} - 1)/(2 r_1)) D_{s-1}",
    ]);
  });

  test("DPM-Solver-2 is shown through eps, with its point in h", () => {
    expect(textOf("dpm_solver_2")).toEqual([
      "h = λ_t - λ_s",
      "λ_m = λ_s + h/2",
      "ε_s = ε(x_s)",
      "x_m = (α_m/α_s) x_s - σ_m (e^{h/2} - 1) ε_s",
      "ε_m = ε(x_m)",
      "x_t = (α_t/α_s) x_s - σ_t (e^h - 1) ε_m",
    ]);
  });

  test("Heun is shown through the velocity; alpha = 1 is not written", () => {
    expect(textOf("heun", { schedule: "edm", grid: "karras", predicts: "x0" })).toEqual([
      "Δ = t_t - t_s",
      "v_s = v(x_s)",
      "x̂_t = x_s + Δ v_s",
      "v_t = v(x̂_t)",
      "x_t = x_s + (Δ/2) v_s + (Δ/2) v_t",
    ]);
  });

  test("an exponential Adams rule in phi functions", () => {
    const [last = ""] = textOf("abnorsett(k: 2)").slice(-1);
    expect(last).toContain("φ_1(-h)");
    expect(last).toContain("φ_2(-h)");
  });
});

describe("sections of a sampler", () => {
  test("guidance and parameterization stand apart from the rule", () => {
    const run = runOf("ddim", { predicts: "v", more: "guidance cfg(scale: 3)" });
    const sections = explainSampler(run, new Writer("unicode"));
    expect(sections.map(({ title }) => title)).toEqual([
      "ddim, steps 0 .. 5",
      "guidance: cfg",
      "network: v",
      "schedule: vp_linear",
      "grid: log_snr",
    ]);
    expect(sections[1]?.equations.at(-1)).toMatchObject({ left: "v\u0303_s", right: "-2 v_s + 3 v′_s" });
    expect(sections[2]?.equations[0]).toMatchObject({ left: "D_s", right: "α_s x_s - σ_s v\u0303_s" });
  });

  test("steps are listed as ranges", () => {
    expect(stepRanges([3])).toBe("step 3");
    expect(stepRanges([0, 1, 2, 5, 7, 8])).toBe("steps 0 .. 2, 5, 7 .. 8");
  });
});

test("names are undone by restore", () => {
  const names = new Coefficients();
  const [s, t] = [gridLevel(0), gridLevel(1)];
  const e = quantity("lambda", t);
  expect(names.restore(names.show(e))).toBe(e);
  const back = names.restore(names.show(binder("integral", sym("u"), sym("u"), quantity("time", s), num(1))));
  expect(evaluate(back, { symbol: () => 0 })).toBeCloseTo(0.5, 12);
});

describe("variables of integrals", () => {
  const formulas = (notation: "unicode" | "latex"): string => {
    const definitions = `schedule wild { time t from 1 to 0.1
      f = -exp(t^2)
      g = 1 + sin(exp(t))/3 }`;
    const text = samplerOf("ddim", { definitions, schedule: "wild" });
    const { run } = compile({ host: memoryHost({}), file: "a.dsamp", text });
    if (!run) throw new Error("does not compile");
    const sections = explainSampler(run, new Writer(notation));
    for (const { equations } of sections)
      if (notation === "latex" && equations.length > 0)
        katex.renderToString(layOut(equations, "latex"), { strict: "error", throwOnError: true });
    return sections.map(({ equations }) => layOut(equations, notation)).join("\n");
  };

  test("are letters, another one inside", () => {
    expect(formulas("unicode")).toContain("∫_{0}^{u} e^{v²} dv");
    expect(formulas("latex")).toContain("\\, dv");
    for (const notation of ["unicode", "latex"] as const)
      expect(formulas(notation)).not.toMatch(/#|mathrm\{u/);
  });
});
