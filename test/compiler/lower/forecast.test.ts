// Owns: the derived weights of `integrate`: their digits against 120-digit arithmetic, and the rules they must reduce to.

import { Decimal } from "decimal.js";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { add, fn, neg, num, pow } from "../../../compiler/algebra/expr.js";
import { evaluate } from "../../../compiler/algebra/evaluate.js";
import { fromDouble } from "../../../compiler/algebra/rational.js";
import { gridLevel } from "../../../compiler/graph/level.js";
import { quantity } from "../../../compiler/graph/quantity.js";
import {
  alongForecast,
  expandForecasts,
  exponentialForecast,
  NOW,
  type ForecastKernel,
} from "../../../compiler/lower/forecast.js";
import { exponentialWeight, forecastValue } from "../../../compiler/lower/forecastValue.js";
import { noiseRate, signalRate } from "../../../compiler/lower/semilinear.js";
import type { Path } from "../../../compiler/path/path.js";
import { findings, lowered, resultOf, runScalar, samplerText, smoothGrid } from "./scalarRun.js";
import { tryText } from "../check/support.js";

const D = Decimal.clone({ precision: 140, defaults: true });
const exact = (x: number): Decimal => {
  const { n, d } = fromDouble(x);
  return new D(n.toString()).div(d.toString());
};

/** Coefficients of the Lagrange polynomial of node j in powers of u - origin. */
function lagrange(nodes: readonly number[], j: number, origin: number): Decimal[] {
  let coefficients = [new D(1)];
  nodes.forEach((node, k) => {
    if (k === j) return;
    const place = exact(node).sub(exact(origin));
    const width = exact(nodes[j] as number).sub(exact(node));
    const before = coefficients;
    coefficients = Array.from({ length: before.length + 1 }, (_, i) =>
      (before[i - 1] ?? new D(0)).sub((before[i] ?? new D(0)).mul(place)).div(width),
    );
  });
  return coefficients;
}

/** Int_from^to e^(-rate (to - u)) l_j(u) du, through I_n = Int_0^h e^(-rate (h - v)) v^n dv. */
function reference(j: number, rate: number, from: number, to: number, nodes: readonly number[]): Decimal {
  const h = exact(to).sub(exact(from));
  const r = exact(rate);
  const moments: Decimal[] = [];
  const coefficients = lagrange(nodes, j, from);
  coefficients.forEach((_, n) => {
    if (r.isZero()) moments.push(h.pow(n + 1).div(n + 1));
    else if (n === 0) moments.push(new D(1).sub(r.mul(h).neg().exp()).div(r));
    else
      moments.push(
        h
          .pow(n)
          .sub((moments[n - 1] as Decimal).mul(n))
          .div(r),
      );
  });
  return coefficients.reduce((sum, a, n) => sum.add(a.mul(moments[n] as Decimal)), new D(0));
}

const relative = (value: number, true_: Decimal): number =>
  exact(value).sub(true_).div(true_).abs().toNumber();

/** A step of length h (log-uniform from 1e-8 to 20) after steps in ratios from 0.05 to 20, somewhere in lambda. */
const steps = fc.record({
  h: fc.double({ min: Math.log(1e-8), max: Math.log(20), noNaN: true }).map(Math.exp),
  start: fc.double({ min: -6, max: 6, noNaN: true }),
  ratios: fc.array(fc.double({ min: Math.log(0.05), max: Math.log(20), noNaN: true }).map(Math.exp), {
    minLength: 0,
    maxLength: 4,
  }),
  /** -1: eps over lambda; 0: plain quadrature; 1 + tau^2: x0 over lambda. */
  rate: fc.constantFrom(-1, 0, 1, 1.25, 2),
  corrector: fc.boolean(),
});

const nodesOf = (s: {
  h: number;
  start: number;
  ratios: readonly number[];
  corrector: boolean;
}): number[] => {
  const nodes = [s.start];
  let step = s.h;
  let place = s.start;
  for (const ratio of s.ratios) {
    step *= ratio;
    place -= step;
    if (place < (nodes.at(-1) as number)) nodes.push(place);
  }
  return s.corrector ? [...nodes, s.start + s.h] : nodes;
};

describe("digits", () => {
  test("closed forms to 1e-13 for steps from 1e-8 to 20 and ratios from 0.05 to 20", () => {
    let worst = 0;
    fc.assert(
      fc.property(steps, (s) => {
        const nodes = nodesOf(s);
        const to = s.start + s.h;
        for (let j = 0; j < nodes.length; j += 1) {
          const error = relative(
            exponentialWeight(j, s.rate, s.start, to, nodes),
            reference(j, s.rate, s.start, to, nodes),
          );
          worst = Math.max(worst, error);
          expect(error).toBeLessThan(1e-13);
        }
      }),
      { numRuns: 400, seed: 7 },
    );
    expect(worst).toBeLessThan(1e-15);
  });

  test("nodes inside the step, where the integrand changes its sign", () => {
    fc.assert(
      fc.property(
        fc.double({ min: Math.log(1e-8), max: Math.log(20), noNaN: true }).map(Math.exp),
        fc.double({ min: 0.05, max: 0.95, noNaN: true }),
        fc.constantFrom(-1, 0, 1, 2),
        (h, r, rate) => {
          const nodes = [0.75, 0.75 + r * h, 0.75 + 1.5 * h];
          for (let j = 0; j < 3; j += 1)
            expect(
              relative(
                exponentialWeight(j, rate, 0.75, 0.75 + h, nodes),
                reference(j, rate, 0.75, 0.75 + h, nodes),
              ),
            ).toBeLessThan(1e-13);
        },
      ),
      { numRuns: 300, seed: 8 },
    );
  });

  test("a step up integrates backwards", () => {
    const nodes = [1, 0.4, 1.7];
    for (let j = 0; j < 3; j += 1)
      expect(relative(exponentialWeight(j, 1, 1, 0.4, nodes), reference(j, 1, 1, 0.4, nodes))).toBeLessThan(
        1e-14,
      );
  });

  test("written in phi functions it is the same number", () => {
    const levels = [0, 1, -1, -2].map(gridLevel);
    const at = new Map(
      levels.map((level, i) => [quantity("lambda", level), [0.3, 1.1, -0.2, -1.3][i] as number]),
    );
    const [from, to, ...past] = levels.map((level) => quantity("lambda", level));
    const e = exponentialForecast(1, num(2), from!, to!, [from!, ...past]);
    const value = evaluate(expandForecasts(e), { symbol: (s) => at.get(s) as number });
    expect(value).toBeCloseTo(exponentialWeight(1, 2, 0.3, 1.1, [0.3, -0.2, -1.3]), 14);
  });
});

describe("quadrature along the path", () => {
  const pathOf = (schedule: string, name: string): Path =>
    lowered(samplerText("ddim", { definitions: schedule, schedule: name, grid: "uniform_time", steps: 4 }))
      .sampler.path;
  const ve = pathOf("schedule plain_ve { time t from 50 to 0.01; alpha = 1; sigma = t }", "plain_ve");
  const square = pathOf("schedule square_ve { time t from 8 to 0.1; alpha = 1; sigma = t^2 }", "square_ve");
  const levels = [0, 1, -1, -2].map(gridLevel);
  const weightOf = (
    path: Path,
    B: typeof noiseRate,
    u: "rho" | "time",
    j: number,
    from: number,
    to: number,
    nodes: readonly number[],
  ): number => {
    const e = alongForecast(
      j,
      { base: "time", A: num(0), B, u: quantity(u, NOW) },
      levels[0]!,
      levels[1]!,
      nodes.map((_, i) => levels[i % 4]!),
    );
    if (e.kind !== "fn") throw new Error("a weight is a function");
    return forecastValue(e.name, [j, 0, from, to, ...nodes], path) as number;
  };

  /** Int c u^n (u-powers of the coefficients) with the antiderivative given for each power. */
  const integral = (
    coefficients: readonly Decimal[],
    anti: (n: number, u: Decimal) => Decimal,
    from: number,
    to: number,
  ): Decimal =>
    coefficients.reduce(
      (sum, a, n) => sum.add(a.mul(anti(n, exact(to)).sub(anti(n, exact(from))))),
      new D(0),
    );

  test("x0 over rho: Int -l_j(r)/r^2 dr, from tiny steps to a ratio of 5,000", () => {
    for (const [from, to, nodes] of [
      [10, 10 * (1 - 1e-8), [10, 10 * (1 + 1e-8), 10 * (1 + 3e-8)]],
      [1, 0.9, [1, 1.2, 1.7]],
      [40, 0.02, [40, 45, 49]],
      [3, 2, [3, 4, 2]],
    ] as const)
      for (let j = 0; j < 3; j += 1) {
        const value = weightOf(ve, signalRate, "rho", j, from, to, nodes);
        const anti = (n: number, u: Decimal): Decimal => (n === 1 ? u.ln().neg() : u.pow(n - 1).div(1 - n));
        expect(relative(value, integral(lagrange(nodes, j, 0), anti, from, to))).toBeLessThan(1e-13);
      }
  });

  test("eps over time: Int rho'(t) l_j(t) dt", () => {
    for (const [from, to, nodes] of [
      [5, 5 * (1 - 1e-8), [5, 5 * (1 + 2e-8)]],
      [5, 4, [5, 5.5, 7]],
      [7, 0.2, [7, 7.5, 8]],
    ] as const)
      for (let j = 0; j < nodes.length; j += 1) {
        const value = weightOf(square, noiseRate, "time", j, from, to, nodes);
        const anti = (n: number, u: Decimal): Decimal =>
          u
            .pow(n + 2)
            .mul(2)
            .div(n + 2);
        expect(relative(value, integral(lagrange(nodes, j, 0), anti, from, to))).toBeLessThan(1e-13);
      }
  });

  test("quadrature to 1e-13 for steps from 1e-8 to 20 in lambda and ratios from 0.05 to 20", () => {
    // rho = t^2: h in lambda is a factor e^(-h/2) in time. Steps of 20 and their history span e^60 in rho.
    fc.assert(
      fc.property(steps, (s) => {
        const nodes = nodesOf({ ...s, start: 0, ratios: s.ratios.slice(0, 3) })
          .filter((lambda) => lambda > -40)
          .map((lambda) => Math.exp(-lambda / 2));
        const from = nodes[0] as number;
        const to = Math.exp(-s.h / 2);
        fc.pre(to !== from && new Set(nodes).size === nodes.length);
        for (let j = 0; j < nodes.length; j += 1) {
          const value = weightOf(square, noiseRate, "time", j, from, to, nodes);
          const anti = (n: number, u: Decimal): Decimal =>
            u
              .pow(n + 2)
              .mul(2)
              .div(n + 2);
          expect(relative(value, integral(lagrange(nodes, j, 0), anti, from, to))).toBeLessThan(1e-13);
        }
      }),
      { numRuns: 150, seed: 9 },
    );
  });

  describe("evaluations of the path", () => {
    const counted = (path: Path): { readonly path: Path; count: number } => {
      const result = {
        path: {
          ...path,
          numbers: {
            relation: path.numbers.relation,
            at: (...given: Parameters<Path["numbers"]["at"]>) => {
              result.count += 1;
              return path.numbers.at(...given);
            },
            derived: (...given: Parameters<Path["numbers"]["derived"]>) => path.numbers.derived(...given),
          },
        },
        count: 0,
      };
      return result;
    };
    /** All weights of an interpolant in u over one step along the base. */
    const weights = (
      path: Path,
      kernel: ForecastKernel,
      from: number,
      to: number,
      nodes: readonly number[],
    ) =>
      nodes.map((_, j) => {
        const e = alongForecast(
          j,
          kernel,
          levels[0]!,
          levels[1]!,
          nodes.map((_, i) => levels[i % 4]!),
        );
        if (e.kind !== "fn") throw new Error("a weight is a function");
        return forecastValue(e.name, [j, 0, from, to, ...nodes], path) as number;
      });

    test("integrals inside an integral add to it and do not multiply", () => {
      const curve = counted(
        pathOf("schedule curve { time t from 8 to 0.1; alpha = 1; sigma = t^2 }", "curve"),
      );
      const spread = add(num(1), pow(fn("sin", quantity("lambda", NOW)), num(2)));
      const kernel = { base: "lambda", A: neg(spread), B: spread, u: quantity("time", NOW) } as const;
      const found = weights(curve.path, kernel, 0.5, 0.6, [0.5, 0.4, 0.3]);
      expect(found.every(Number.isFinite)).toBe(true);
      expect(curve.count).toBeLessThan(250);
    });

    test("nor do they over a training table", () => {
      const table = counted(pathOf("", "stable_diffusion"));
      const kernel = { base: "time", A: num(0), B: noiseRate, u: quantity("sigma", NOW) } as const;
      const found = weights(table.path, kernel, 0.2001, 0.1, [0.2001, 0.3, 0.4]);
      expect(found.every(Number.isFinite)).toBe(true);
      expect(table.count).toBeLessThan(10_000);
    });

    test("a node close to an entry of the table", () => {
      const value = run("tried", inline("x[t] = integrate(s -> t, eps, over: sigma, through: s-2 .. s)"), {
        schedule: "stable_diffusion",
        grid: "log_snr",
      });
      expect(Number.isFinite(value)).toBe(true);
    });
  });

  test("eps over rho by quadrature agrees with the closed form", () => {
    const nodes = [5, 5.5, 7];
    const rho = nodes.map((t) => t * t);
    for (let j = 0; j < 3; j += 1)
      expect(weightOf(square, noiseRate, "rho", j, 5, 4.5, nodes)).toBeCloseTo(
        exponentialWeight(j, 0, 25, 20.25, rho),
        13,
      );
  });
});

const run = (solver: string, definitions = "", more: Parameters<typeof samplerText>[1] = {}): number =>
  resultOf(solver, { definitions: smoothGrid + definitions, grid: "smooth_grid", steps: 8, ...more });
const inline = (body: string, extra = ""): string => `solver tried { ${extra}
  step { ${body} }
}`;

describe("rules it reduces to", () => {
  test("one point is DDIM, whatever the variable", () => {
    const ddim = run("ddim");
    for (const rule of ["abnorsett(k: 1)", "deis_rhoab(k: 1)", "deis_tab(k: 1)", "lms(k: 1)"])
      expect(run(rule)).toBeCloseTo(ddim, 14);
    for (const view of ["v", "score", "flow"])
      expect(Number.isFinite(run("tried", inline(`x[t] = integrate(s -> t, ${view}[s])`)))).toBe(true);
  });

  test("deis_rhoab has the Adams-Bashforth weights on a grid uniform in rho", () => {
    const result = lowered(
      samplerText("deis_rhoab(k: 4)", {
        definitions: "grid even { rho[i] = lerp(8, 1, i/steps)  for i in 0 .. steps }",
        grid: "even",
        steps: 7,
      }),
    );
    const step = result.steps[5];
    const weights = [...(step?.graph.next?.terms.values() ?? [])].map(
      (e) => step?.numbers.value(e) as number,
    );
    const alpha = step?.numbers.value(quantity("alpha", gridLevel(1))) as number;
    const found = weights.map((w) => -w / alpha).sort((a, b) => a - b);
    for (const expected of [55 / 24, -59 / 24, 37 / 24, -9 / 24])
      expect(found.some((w) => Math.abs(w - expected) < 1e-12)).toBe(true);
  });

  test("lms has the weights of the integrated Lagrange polynomials on an uneven grid", () => {
    const result = lowered(
      samplerText("lms(k: 3)", {
        definitions: "grid uneven { rho[i] = lerp(9, 1/2, (i/steps)^0.4)  for i in 0 .. steps }",
        grid: "uneven",
        schedule: "ve",
        steps: 6,
      }),
    );
    const step = result.steps[4];
    const at = (offset: number): number => step?.numbers.value(quantity("rho", gridLevel(offset))) as number;
    const nodes = [at(-2), at(-1), at(0)];
    const found = [...(step?.graph.next?.terms.values() ?? [])].map((e) => step?.numbers.value(e) as number);
    for (let j = 0; j < 3; j += 1) {
      const expected = reference(j, 0, at(0), at(1), nodes);
      expect(found.some((w) => relative(w, expected) < 1e-14)).toBe(true);
    }
  });

  test("v on a variance preserving path is plain quadrature in the angle", () => {
    const byView = run("tried", inline("x[t] = integrate(s -> t, v[s])"));
    const byAngle = run("tried", inline("let turn = atan(rho[t]) - atan(rho[s]); x[t] = x[s] + turn*v[s]"));
    expect(byView).toBeCloseTo(byAngle, 14);
  });

  test("flow over time is plain Adams-Bashforth in time", () => {
    const derived = run("tried", inline("x[t] = integrate(s -> t, flow, over: time, through: s-1 .. s)"));
    const typed = run(
      "tried",
      inline(
        `let h = time[t] - time[s]
    let r = (time[s] - time[s-1])/h
    x[t] = x[s] + h*((1 + 1/(2*r))*flow[s] - flow[s-1]/(2*r))`,
        "start first",
      ) + "\nsolver first { step { x[t] = x[s] + (time[t] - time[s])*flow[s] } }",
    );
    expect(derived).toBeCloseTo(typed, 14);
  });

  test("a variable and a monotone function of it that is affine give the same", () => {
    const one = run("tried", inline("x[t] = integrate(s -> t, x0, over: lambda, through: s-2 .. s)"));
    const other = run(
      "tried",
      inline("x[t] = integrate(s -> t, x0, over: 3 - log(rho)/2, through: s-2 .. s)"),
    );
    expect(other).toBeCloseTo(one, 13);
  });

  test("over time on a training table", () => {
    const value = run("deis_tab(k: 2)", "", { schedule: "stable_diffusion" });
    expect(value).toBeCloseTo(run("deis_tab(k: 2)", "", { schedule: "stable_diffusion", steps: 9 }), 2);
  });
});

describe("noise", () => {
  const maps = (
    solver: string,
    definitions: string,
    steps: number,
  ): { x0: number; x: number; noise: number } => {
    const text = samplerText(solver, {
      definitions: smoothGrid + definitions,
      grid: "smooth_grid",
      steps,
      predicts: "x0",
    });
    const value = (model: number, initial: number, draws: (step: number) => number): number =>
      runScalar(
        lowered(text),
        () => model,
        initial,
        (_, step) => draws(step),
      ).value;
    const noises = Array.from({ length: steps }, (_, i) => value(0, 0, (step) => (step === i ? 1 : 0)));
    return { x0: value(1, 0, () => 0), x: value(0, 1, () => 0), noise: Math.hypot(...noises) };
  };

  test("a window of noise inside one step is the composition of its parts", () => {
    const window = `solver windowed { noise z
  let tau(l) = where(l < 1/2, 7/10, 0)
  step { x[t] = integrate(s -> t, x0[s], tau: tau, noise: z) } }
`;
    const parts = `solver parts { noise z
  step { x[t] = integrate(s -> t, x0[s], tau: where(lambda[s] < 0, 7/10, 0), noise: z) } }
`;
    // [-1, 2] in one step against two steps that meet at 1/2.
    const one = maps("windowed", window, 1);
    const two = maps("parts", parts, 2);
    expect(one.x0).toBeCloseTo(two.x0, 13);
    expect(one.x).toBeCloseTo(two.x, 13);
    expect(one.noise).toBeCloseTo(two.noise, 13);
  });

  test("a constant function is the constant, for x0 and eps, through points", () => {
    for (const view of ["x0", "eps"]) {
      const rule = (tau: string): string => `solver tried { noise z
  let level(l) = 0.8
  step { x[t] = integrate(s -> t, ${view}, over: lambda, through: s-1 .. s, tau: ${tau}, noise: z) } }
`;
      expect(run("tried", rule("level"))).toBeCloseTo(run("tried", rule("0.8")), 13);
    }
  });

  test("another view with noise is converted to x0 first", () => {
    const rule = (view: string): string => `solver tried { noise z
  step { x[t] = integrate(s -> t, ${view}, over: lambda, through: s-1 .. s, tau: 1, noise: z) } }
`;
    expect(run("tried", rule("v"))).toBeCloseTo(run("tried", rule("x0")), 14);
    expect(run("tried", rule("x0[s]").replace(", over: lambda, through: s-1 .. s", ""))).toBeCloseTo(
      run("tried", rule("flow[s]").replace(", over: lambda, through: s-1 .. s", "")),
      13,
    );
  });
});

describe("a noise level that is a function", () => {
  // sigma = t^2 and alpha = 1: rho = e^-lambda, time = e^(-lambda/2). The noise level is time/2 = e^(-lambda/2)/2, so
  // that the integral of its square over lambda is the fall of rho, over 4.
  const P = Decimal.clone({ precision: 60, defaults: true });
  const rhoAt = (lambda: Decimal): Decimal => lambda.neg().exp();
  const squareAt = (lambda: Decimal): Decimal => rhoAt(lambda).div(4);
  const grown = (lambda: Decimal, to: Decimal): Decimal => rhoAt(lambda).sub(rhoAt(to)).div(4);

  /** Int_from^to f by the tanh-sinh rule. */
  const quadrature = (f: (x: Decimal) => Decimal, from: Decimal, to: Decimal): Decimal => {
    const half = to.sub(from).div(2);
    let sum = new P(0);
    for (let k = -150; k <= 150; k += 1) {
      const t = new P(k).div(32);
      const u = P.acos(-1).div(2).mul(t.sinh());
      const weight = P.acos(-1).div(2).mul(t.cosh()).div(u.cosh().pow(2));
      sum = sum.add(f(from.add(half.mul(u.tanh().add(1)))).mul(weight));
    }
    return sum.mul(half).div(32);
  };

  const definitions = (view: string, over: string): string => `
schedule square_ve { time t from 8 to 0.1; alpha = 1; sigma = t^2 }
solver tried { noise z
  let tau(l) = exp(-l/2)/2
  step { x[t] = integrate(s -> t, ${view}, over: ${over}, through: s-2 .. s, tau: tau, noise: z) } }
`;
  /** What a step in the middle of a run multiplies its draw and all else by, and its levels. */
  const stepOf = (view: string, over: string): { noise: number; others: number[]; at: Decimal[] } => {
    const { steps } = lowered(
      samplerText("tried", {
        definitions: definitions(view, over),
        schedule: "square_ve",
        predicts: view,
        steps: 9,
      }),
    );
    const step = steps[4]!;
    const terms = [...(step.graph.next?.terms ?? [])].map(([node, e]) => ({
      drawn: node.kind === "leaf" && node.leaf.kind === "draw",
      value: step.numbers.value(e),
    }));
    return {
      noise: terms.find((term) => term.drawn)!.value,
      others: terms.filter((term) => !term.drawn).map((term) => term.value),
      at: [1, 0, -1, -2].map((k) => new P(exact(step.numbers.value(quantity("lambda", gridLevel(k)))))),
    };
  };
  const closest = (values: readonly number[], true_: Decimal): number =>
    Math.min(...values.map((value) => relative(value, true_)));

  test.each(["time", "rho"] as const)("weights and noise over %s to 1e-13", (over) => {
    const place = (lambda: Decimal): Decimal => (over === "time" ? rhoAt(lambda).sqrt() : rhoAt(lambda));
    for (const view of ["x0", "eps"] as const) {
      const { noise, others, at } = stepOf(view, over);
      const [to, from, ...past] = at as [Decimal, Decimal, Decimal, Decimal];
      const nodes = [from, ...past].map(place);
      nodes.forEach((node, j) => {
        const weight = quadrature(
          (lambda) => {
            const spread = squareAt(lambda).add(1);
            const decay =
              view === "x0" ? to.sub(lambda).add(grown(lambda, to)).neg().exp() : to.sub(lambda).exp();
            const basis = nodes.reduce(
              (product, other, k) =>
                k === j ? product : product.mul(place(lambda).sub(other)).div(node.sub(other)),
              new P(1),
            );
            return spread.mul(decay).mul(basis);
          },
          from,
          to,
        );
        const expected = view === "x0" ? weight : weight.mul(rhoAt(to)).neg();
        expect(closest(others, expected)).toBeLessThan(1e-13);
      });
      const kept = view === "x0" ? rhoAt(to).div(rhoAt(from)).mul(grown(from, to).neg().exp()) : new P(1);
      expect(closest(others, kept)).toBeLessThan(1e-13);
      const variance =
        view === "x0"
          ? new P(1).sub(grown(from, to).mul(-2).exp())
          : quadrature((lambda) => squareAt(lambda).mul(to.sub(lambda).mul(2).exp()).mul(2), from, to);
      expect(relative(noise, variance.sqrt().mul(rhoAt(to)))).toBeLessThan(1e-13);
    }
  });
});

describe("bad input", () => {
  test("equal nodes", () => {
    const text = samplerText("tried", {
      definitions: inline("x[t] = integrate(s -> t, x0, over: lambda, through: [s, s])"),
    });
    expect(findings(text).join()).toContain("D0402");
  });

  describe("a variable that is not monotone", () => {
    const found = (over: string, more: Parameters<typeof samplerText>[1] = {}): string =>
      findings(
        samplerText("tried", {
          definitions: inline(
            `x[t] = integrate(s -> t, eps, over: ${over}, through: s-1 .. s)`,
            "start ddim",
          ),
          steps: 8,
          ...more,
        }),
      ).join();

    test("constants", () => {
      expect(found("3")).toContain("D0220 the variable after `over` is the same number at every point");
      expect(found("lambda[start]")).toContain("D0220");
      expect(found("alpha^2 + sigma^2")).toContain(
        "D0403 the variable after `over` is the same number all along `vp_linear`",
      );
      expect(found("alpha^2 + sigma^2", { schedule: "flow", grid: "uniform_time" })).toContain(
        "it falls, then rises, turning near lambda = 0 (time 0.5)",
      );
    });

    test("it turns inside a step", () => {
      expect(found("lambda^2")).toMatch(
        /D0403 .*in step \d it falls, then rises, turning near lambda = -?0\.0/,
      );
      expect(found("sin(10*lambda)")).toContain("D0403");
      const upper = "grid upper { lambda[i] = lerp(1/4, 3, i/steps)  for i in 0 .. steps }\n";
      const rule = inline("x[t] = integrate(s -> t, eps, over: lambda^2, through: s-1 .. s)", "start ddim");
      expect(found("", { definitions: upper + rule, grid: "upper" })).toBe("");
    });

    test("functions of a coordinate that rise or fall are taken", () => {
      for (const over of [
        "-lambda",
        "atan(rho)",
        "sigma",
        "alpha",
        "log(alpha)",
        "lambda^3 + lambda",
        "1/rho",
      ])
        expect(found(over)).toBe("");
    });
  });

  test("x0 over lambda to sigma = 0 diverges", () => {
    const text = samplerText("abnorsett(k: 2)", {
      definitions: "grid ends { rho[i] = lerp(5, 1, i/(steps-1))  for i in 0 .. steps-1; then rho = 0 }",
      grid: "ends",
      schedule: "ve",
    });
    expect(findings(text).join()).toContain("D0420");
  });

  test("a noise level that cannot be integrated over a step", () => {
    const rule = `solver tried { noise z
  let level(l) = 1/abs(l)
  step { x[t] = integrate(s -> t, x0[s], tau: level, noise: z) } }
`;
    expect(findings(samplerText("tried", { definitions: rule, steps: 3 })).join()).toMatch(
      /D0420 .*the integral of a weight of `integrate` does not converge there/,
    );
  });

  test("numbers that do not exist on any schedule stand at their own term", () => {
    const found = (w: string): readonly string[] =>
      tryText(`solver tried { step { let w = ${w}; x[t] = jump(s -> t) + w*(x0[s] - x0[s]) } }`).marks;
    expect(found("solve([[1, 1], [1, 1]], [1, 2])[0]")).toEqual(["D0423 [[1, 1], [1, 1]]"]);
    expect(found("integral(1/u, u in 0 .. 1)")).toEqual(["D0423 integral(1/u, u in 0 .. 1)"]);
    expect(found("integral(1/(u - 1/2), u in 0 .. 1)")).toEqual(["D0423 integral(1/(u - 1/2), u in 0 .. 1)"]);
    for (const fine of ["integral(1/sqrt(u), u in 0 .. 1)", "integral(exp(-1/u)/u^2, u in 0 .. 1)"])
      expect(found(fine).filter((mark) => mark.startsWith("D0423"))).toEqual([]);
    expect(found("solve([[1, 1], [1, 2]], [1, 2])[0]")).toEqual([]);
  });

  test("no variable, no prediction", () => {
    const wrong = (body: string): string =>
      findings(samplerText("tried", { definitions: inline(body) })).join();
    expect(wrong("x[t] = integrate(s -> t, x0, through: s-1 .. s)")).toContain("D0220");
    expect(wrong("x[t] = integrate(s -> t, x[s])")).toContain("D0306");
    expect(wrong("x[t] = integrate(s -> t, x0[s] + eps[s])")).toContain("D0306");
    expect(wrong("x[t] = integrate(s -> t, x0, over: dot(x[s], x[s]), through: s-1 .. s)")).toContain("D0");
  });
});
