// Owns: `quantity g = e`: reading it at points and integrating it.

import { describe, expect, test } from "vitest";
import { convergence, findings, resultOf, samplerText, smoothGrid } from "./scalarRun.js";

const run = (definitions: string, solver = "tried", steps = 7): number =>
  resultOf(solver, { definitions: smoothGrid + definitions, grid: "smooth_grid", steps });
const wrong = (definitions: string): string =>
  findings(samplerText("tried", { definitions: smoothGrid + definitions, grid: "smooth_grid" })).join("\n");

describe("reading", () => {
  test("a quantity at a point, now and before", () => {
    const named = `solver tried { start ddim
  quantity g = (sigma*eps - x/2)/alpha
  step { x[t] = ddim(s -> t) + (g[s] - g[s-1])/10 } }`;
    const typed = `solver tried { start ddim
  step { x[t] = ddim(s -> t) + ((sigma[s]*eps[s] - x[s]/2)/alpha[s] - (sigma[s-1]*eps[s-1] - x[s-1]/2)/alpha[s-1])/10 } }`;
    expect(run(named)).toBeCloseTo(run(typed), 14);
  });

  test("quantities of quantities, of other views, in a step, with functions", () => {
    const named = `solver tried {
  let c(l) = 1/(1 + exp(l))
  quantity a = c(lambda)*v
  step { quantity b = 2*a - x0
    point e at t
    x[e] = ddim(s -> t)
    x[t] = ddim(s -> t) + b[e]/100 } }`;
    const typed = `solver tried { step {
    point e at t
    x[e] = ddim(s -> t)
    x[t] = ddim(s -> t) + (2*v[e]/(1 + exp(lambda[t])) - x0[e])/100 } }`;
    expect(run(named)).toBeCloseTo(run(typed), 14);
  });
});

describe("integrating", () => {
  test("multiples of x0, eps and the velocity reduce to them", () => {
    const rule = (quantity: string, name: string, over: string): string =>
      `solver tried { ${quantity}
  step { x[t] = integrate(s -> t, ${name}, over: ${over}, through: s-1 .. s) } }`;
    expect(run(rule("quantity g = 3*x0", "g", "rho"))).toBeCloseTo(run(rule("", "x0", "rho")), 13);
    expect(run(rule("quantity g = -eps/2", "g", "time"))).toBeCloseTo(run(rule("", "eps", "time")), 13);
    expect(run(rule("quantity g = alpha'*x0 + sigma'*eps", "g", "time"))).toBeCloseTo(
      run(rule("", "flow", "time")),
      13,
    );
    expect(run(rule("quantity g = -eps/sigma", "g", "lambda"))).toBeCloseTo(
      run(rule("", "score", "lambda")),
      13,
    );
  });

  test("a general form with its own linear part converges with the order of its interpolant", () => {
    const rule = `solver tried { quantity g = (sigma*eps - (1/3 + alpha/5)*x)/alpha
  start krogstad
  step { x[t] = integrate(s -> t, g, over: lambda, through: [s-1, s])*(1 + 0*lambda[s-1]) } }`;
    const slope = convergence("tried", [20, 40], rule);
    expect(slope).toBeGreaterThan(1.7);
    expect(slope).toBeLessThan(2.8);
  });

  test("a cycle is found", () => {
    expect(
      wrong(`solver tried { quantity a = 2*b
  quantity b = a - x0
  step { x[t] = ddim(s -> t) + a[s]/100 } }`),
    ).toContain("D0305");
  });

  test("what is not a linear form has no integral", () => {
    const rule = (value: string): string => `solver tried { quantity g = ${value}
  step { x[t] = integrate(s -> t, g, over: lambda, through: s-1 .. s) } }`;
    expect(wrong(rule("min(x0, 1)"))).toContain("D0306");
    expect(wrong(rule("x/2"))).toContain("D0306");
    expect(wrong(rule("x0 + 1"))).toContain("D0306");
  });
});
