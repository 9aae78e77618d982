// Owns: schedules given by drift and diffusion: closed forms of their integrals, quadrature where there is none, known
// endpoints and priors that schedules bring along.

import { describe, expect, test } from "vitest";
import { diff } from "../../../compiler/algebra/diff.js";
import { evaluate } from "../../../compiler/algebra/evaluate.js";
import { add, div, fn, mul, num, pow, sub, sym, type Expr } from "../../../compiler/algebra/expr.js";
import { integrate } from "../../../compiler/algebra/numeric.js";
import { proveEqual } from "../../../compiler/algebra/simplify.js";
import { runningIntegral } from "../../../compiler/path/accumulate.js";
import { antiderivative } from "../../../compiler/path/antiderivative.js";
import type { Path } from "../../../compiler/path/path.js";
import { lowered, mixture, resultOf, runScalar, samplerText } from "./scalarRun.js";

const t = sym("t");
const at = (e: Expr, x: number): number => evaluate(e, { symbol: () => x });

const pathOf = (schedule: string, definitions = "", grid = "uniform_time"): Path =>
  lowered(samplerText("ddim", { definitions, schedule, grid, steps: 4, lines: "final ddim" })).sampler.path;

const two = num(2);

describe("antiderivatives", () => {
  const cases: readonly (readonly [string, Expr])[] = [
    ["polynomial", add(pow(t, num(3)), mul(num(5), t), num(7))],
    ["product of polynomials", mul(add(t, num(1)), pow(sub(t, num(2)), two))],
    ["exponential", fn("exp", sub(mul(num(3), t), num(1)))],
    ["sine and cosine", add(fn("sin", mul(two, t)), mul(num(4), fn("cos", div(t, num(3)))))],
    ["square of a sine", mul(num(6), pow(fn("sin", mul(two, t)), two))],
    ["polynomial times exponential", mul(add(pow(t, two), t), fn("exp", mul(num(-2), t)))],
    ["polynomial times cosine", mul(t, fn("cos", t))],
    ["power of an affine base", pow(add(mul(two, t), num(1)), num("-0.5"))],
    ["reciprocal", div(num(1), add(t, num(2)))],
    ["inner derivative", mul(add(mul(two, t), num(1)), fn("exp", add(pow(t, two), t)))],
    ["square of an exponential", pow(fn("exp", t), two)],
    ["power of a constant", mul(fn("log", num(5)), pow(num(5), mul(num(3), t)))],
    ["tangent", fn("tan", div(t, two))],
    ["tangent over a square", div(fn("tan", div(t, two)), pow(fn("cos", div(t, two)), two))],
    ["partial fractions", div(add(pow(t, num(3)), num(1)), mul(t, add(t, num(2)), pow(add(t, num(3)), two)))],
    ["a quadratic without real roots", div(add(t, num(1)), add(pow(t, two), t, num(1)))],
    ["a quadratic with real roots", div(num(1), sub(pow(t, two), num(5)))],
    [
      "a function of an inner one",
      mul(
        add(num(1), t),
        fn("exp", add(mul(two, t), pow(t, two))),
        sub(num(1), fn("exp", mul(num(-2), add(mul(two, t), pow(t, two))))),
      ),
    ],
    ["square of a sum", pow(add(num(1), mul(num(3), t)), two)],
  ];
  test.each(cases)("%s", (_, e) => {
    const F = antiderivative(e, t) as Expr;
    expect(F).toBeDefined();
    for (const x of [0.2, 0.9, 1.7]) expect(at(sub(diff(F, t), e), x)).toBeCloseTo(0, 11);
  });

  test("none for what has none", () => {
    expect(antiderivative(fn("exp", pow(t, two)), t)).toBeUndefined();
    expect(antiderivative(fn("sin", fn("exp", t)), t)).toBeUndefined();
    expect(antiderivative(div(num(1), add(pow(t, num(3)), t, num(1))), t)).toBeUndefined();
  });
});

describe("drift and diffusion", () => {
  const byDrift = `schedule vp_by_drift(beta_min = 0.1, beta_max = 20) {
  time t from 1 to 0.001
  let beta = lerp(beta_min, beta_max, t)
  f = -beta/2
  g = sqrt(beta)
}
`;

  test("VP by its drift has the formulas of vp_linear, by proof", () => {
    const [a, b] = [pathOf("vp_by_drift", byDrift), pathOf("vp_linear")];
    for (const name of ["logAlpha", "alpha", "sigma", "lambda"] as const)
      expect(proveEqual(a.formulas.get(name) as Expr, b.formulas.get(name) as Expr)).toBe("equal");
    expect(a.numbers.relation).toBe("vp");
  });

  test.each([
    ["VE-SDE", "f = 0; g = 0.01*5000^t*sqrt(2*log(5000))", "alpha = 1; sigma = 0.01*sqrt(5000^(2*t) - 1)"],
    [
      "sub-VP",
      "let B = 0.1*t + 9.95*t^2; f = -(0.1 + 19.9*t)/2; g = sqrt((0.1 + 19.9*t)*(1 - exp(-2*B)))",
      "log(alpha) = -(0.1*t + 9.95*t^2)/2; sigma = 1 - alpha^2",
    ],
    ["straight", "f = -1/(1 - t); g = sqrt(2*t/(1 - t))", "alpha = 1 - t; sigma = t"],
    [
      "a quarter turn",
      "f = -pi/2*tan(pi/2*t); g = sqrt(pi*tan(pi/2*t))",
      "alpha = cos(pi/2*t); sigma = sin(pi/2*t)",
    ],
  ])("%s by drift and diffusion has closed forms", (_, sde, formulas) => {
    const schedule = (body: string): Path =>
      pathOf("tried", `schedule tried { time t from 0.99 to 0.00001; ${body} }\n`);
    const [a, b] = [schedule(sde), schedule(formulas)];
    for (const name of ["alpha", "sigma"] as const)
      expect(proveEqual(a.formulas.get(name) as Expr, b.formulas.get(name) as Expr)).toBe("equal");
    for (const time of [1e-5, 0.3, 0.99])
      expect(Math.abs(a.numbers.at("time", time).sigma / b.numbers.at("time", time).sigma - 1)).toBeLessThan(
        1e-12,
      );
  });

  test("VE by its diffusion: geometric sigma", () => {
    const ve = pathOf(
      "geometric",
      `schedule geometric(k = 3) { time t from 1 to 0.001
  f = 0
  g = exp(k*t) }
`,
    );
    const point = ve.numbers.at("time", 0.4);
    expect(point.alpha).toBe(1);
    expect(point.sigma).toBeCloseTo(Math.sqrt(Math.expm1(2.4) / 6), 15);
  });

  test("the library's linear_sde takes both as functions", () => {
    const path = pathOf(
      "linear_sde(f_of: down, g_of: up)",
      "let down(t) = -(1 + t)\nlet up(t) = sqrt(2*(1 + t))\ngrid inner { time[i] = lerp(1, 0.1, i/steps)  for i in 0 .. steps }\n",
      "inner",
    ).numbers;
    const exact = Math.exp(-(0.5 + 0.125));
    expect(path.at("time", 0.5).alpha).toBeCloseTo(exact, 15);
    expect(path.at("time", 0.5).sigma).toBeCloseTo(Math.sqrt(1 - exact * exact), 15);
    expect(path.derived("f", path.at("time", 0.5))).toBeCloseTo(-1.5, 14);
    expect(path.derived("g", path.at("time", 0.5))).toBeCloseTo(Math.sqrt(3), 12);
  });

  const wild = `schedule wild { time t from 1 to 0.001
  f = -exp(t^2)
  g = 1 + sin(exp(t))/3 }
`;

  test("no closed form: quadrature to 1e-13, and fast enough for grids", () => {
    const started = performance.now();
    const path = pathOf("wild", wild);
    for (const time of [1e-3, 0.01, 0.3, 0.77, 1]) {
      const drift = (u: number): number => integrate((v) => Math.exp(v * v), 0, u) as number;
      const grown = integrate(
        (u) => ((1 + Math.sin(Math.exp(u)) / 3) * Math.exp(drift(u))) ** 2,
        0,
        time,
      ) as number;
      const alpha = Math.exp(-drift(time));
      const sigma = alpha * Math.sqrt(grown);
      const point = path.numbers.at("time", time);
      expect(Math.abs(point.alpha / alpha - 1)).toBeLessThan(1e-14);
      expect(Math.abs(point.sigma / sigma - 1)).toBeLessThan(1e-13);
      expect(Math.abs(path.numbers.at("lambda", point.lambda).time / time - 1)).toBeLessThan(1e-12);
    }
    expect(performance.now() - started).toBeLessThan(5000);
    expect(Number.isFinite(resultOf("dpmpp_2m", { definitions: wild, schedule: "wild", steps: 200 }))).toBe(
      true,
    );
  });

  test("a running integral on both sides of its start and beyond its range", () => {
    const F = runningIntegral((x) => Math.exp(-x * x), 0, -1, 2) as (x: number) => number;
    for (const x of [-1.5, -1, -1e-6, 0, 1e-8, 0.4, 2, 2.5])
      expect(F(x)).toBeCloseTo(integrate((u) => Math.exp(-u * u), 0, x) as number, 15);
    expect(runningIntegral((x) => 1 / x, 0, 0, 1)).toBeUndefined();
  });
});

const restoration = `schedule restoring(sigma_inf = 0.2, end_time = 0.05, strength = 6) {
  input mu: tensor
  time t from 1 to end_time
  let theta(u) = strength * sin(pi/2 * u)^2
  alpha = exp(-integral(theta(u), u in 0 .. t))
  sigma = sigma_inf * sqrt(1 - alpha^2)
  x     = alpha*x0 + (1 - alpha)*mu + sigma*eps

  noise z
  init x[start] = mu + sigma_inf*z
}
`;

describe("known endpoints", () => {
  const options = { definitions: restoration, schedule: "restoring", grid: "uniform_time", steps: 5 };

  test("the integral of a square of a sine has a closed form, and the path its own start", () => {
    const run = lowered(samplerText("ddim", options));
    const alpha = run.sampler.path.numbers.at("time", 0.5).alpha;
    expect(alpha).toBeCloseTo(Math.exp(-3 * (0.5 - Math.sin(Math.PI * 0.5) / Math.PI)), 14);
    const terms = [...(run.init.graph.next?.terms ?? [])].map(([node, coefficient]) => [
      node.kind === "leaf" ? node.leaf.kind : node.kind,
      run.init.numbers.value(coefficient),
    ]);
    expect(terms).toContainEqual(["input", 1]);
    expect(terms).toContainEqual(["draw", 0.2]);
  });

  test("integrate knows the mean: the rule typed around mu is the principle", () => {
    const typed = `solver typed { start mrs
  step {
    let h = lambda[t] - lambda[s]
    let d = (x0[s] - x0[s-1])/((lambda[s] - lambda[s-1])/h)
    x[t] = mu + sigma[t]/sigma[s]*(x[s] - mu) - alpha[t]*expm1(-h)*(x0[s] - mu) + alpha[t]*(expm1(-h)/h + 1)*d
  } }
solver mrs(k = 1) { step { x[t] = integrate(s -> t, x0, over: lambda, through: s-k+1 .. s) } }
`;
    const value = (solver: string): number =>
      runScalar(lowered(samplerText(solver, { ...options, definitions: restoration + typed })), mixture)
        .value;
    expect(value("mrs(k: 2)")).toBeCloseTo(value("typed"), 13);
    expect(value("ddim")).toBeCloseTo(value("mrs"), 13);
  });
});
