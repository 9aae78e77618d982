// Owns: slopes of solvers and rules that replace them: the normal form read off a lowered rule, momentum around solvers.

import { describe, expect, test } from "vitest";
import { findings, resultOf, samplerText, smoothGrid } from "./scalarRun.js";

const run = (solver: string, definitions = "", steps = 7): number =>
  resultOf(solver, { definitions: smoothGrid + definitions, grid: "smooth_grid", steps });
const wrong = (solver: string, definitions: string): string =>
  findings(samplerText(solver, { definitions: smoothGrid + definitions, grid: "smooth_grid" })).join("\n");

const again = "solver again(base: solver) { step { x[t] = base(s -> t, slope: base.slope(s -> t)) } }\n";

describe("slope", () => {
  test("a rule with its own slope is the rule", () => {
    for (const base of [
      "ddim",
      "euler",
      "heun",
      "dpmpp_2m",
      "dpmpp_2s",
      "dpm_solver_2",
      "dpm_solver_3",
      "abnorsett",
      "krogstad",
      "rk4",
      "deis_tab",
    ])
      expect(run(`again(base: ${base})`, again)).toBeCloseTo(run(base), 13);
  });

  test("of DPM-Solver++ 2M it is x0[s] + (x0[s] - x0[s-1])/(2r)", () => {
    const typed = `solver typed { start ddim
  step {
    let r = (lambda[s] - lambda[s-1])/(lambda[t] - lambda[s])
    x[t] = dpmpp_2m(s -> t, slope: x0[s] + (x0[s] - x0[s-1])/(2*r))
  } }
solver difference { start ddim
  step {
    let r = (lambda[s] - lambda[s-1])/(lambda[t] - lambda[s])
    x[t] = ddim(s -> t) + 1000*(dpmpp_2m.slope(s -> t) - x0[s] - (x0[s] - x0[s-1])/(2*r))
  } }
`;
    expect(run("typed", typed)).toBeCloseTo(run("dpmpp_2m"), 13);
    expect(run("difference", typed)).toBeCloseTo(run("ddim"), 10);
  });

  test("several views of one call count as eps", () => {
    const jump = `solver jumps { step { x[t] = alpha[t]*x0[s] + sigma[t]*eps[s] } }
solver kept { step { x[t] = jumps(s -> t, slope: eps[s]) } }
solver moved { step { x[t] = ddim(s -> t) + jumps.slope(s -> t) - eps[s] } }
`;
    expect(run("kept", jump)).toBeCloseTo(run("ddim"), 13);
    expect(run("moved", jump)).toBeCloseTo(run("ddim"), 13);
  });

  test("between other points, and of a rule with noise", () => {
    const definitions = `solver halves { step {
    point m at lambda = (lambda[s] + lambda[t])/2
    x[m] = ddim(s -> m, slope: ddim.slope(s -> m))
    x[t] = ddim(m -> t, slope: ddim.slope(m -> t))
  } }
solver plain { step {
    point m at lambda = (lambda[s] + lambda[t])/2
    x[m] = ddim(s -> m)
    x[t] = ddim(m -> t)
  } }
`;
    expect(run("halves", definitions)).toBeCloseTo(run("plain", definitions), 13);
    expect(run("again(base: sde_dpmpp_2m)", again)).toBeCloseTo(run("sde_dpmpp_2m"), 13);
  });

  test("a solver may have a parameter called slope", () => {
    const definitions =
      "solver steep(slope = 1) { step { x[t] = ddim(s -> t, slope: slope*x0[s]) } }\nsolver uses { step { x[t] = steep(s -> t, slope: 1) } }\n";
    // ddim is stated in x0 or eps by the library; one of the two is what its slope replaces.
    expect(Number.isFinite(run("uses", definitions))).toBe(true);
  });
});

describe("momentum", () => {
  test("heavy ball and Nesterov with beta = 1 are the base", () => {
    for (const base of ["ddim", "dpmpp_2m"]) {
      expect(run(`heavy_ball(base: ${base}, beta: 1)`)).toBeCloseTo(run(base), 13);
      expect(run(`nesterov(base: ${base}, beta: 1)`)).toBeCloseTo(run(base), 13);
    }
    expect(Math.abs(run("heavy_ball(base: ddim)") - run("ddim"))).toBeGreaterThan(1e-4);
  });

  test("heavy ball with beta = 0 keeps the first prediction; written by hand", () => {
    const typed = `solver typed { carry v[start] = x0[s]
  step { v[s] = v[s-1]*0.2 + 0.8*x0[s]
    x[t] = sigma[t]/sigma[s]*x[s] - alpha[t]*expm1(lambda[s] - lambda[t])*v[s] } }
solver first { step { x[t] = integrate(s -> t, x0[s]) } }
`;
    expect(run("heavy_ball(base: first, beta: 0.8)", typed)).toBeCloseTo(run("typed", typed), 13);
  });

  test("LML with kappa = 0 and no damping does nothing", () => {
    expect(run("lml(base: dpmpp_2m, kappa: 0, freeze: 0)")).toBeCloseTo(run("dpmpp_2m"), 13);
    expect(run("lml(base: ddim, kappa: 0)")).toBeCloseTo(run("ddim"), 12);
  });
});

describe("rules without a slope", () => {
  test.each([
    ["again(base: bdia)", "older state"],
    ["again(base: heavy_ball(base: ddim))", "carried value"],
    ["again(base: still)", "uses no prediction"],
    ["again(base: curved)", "not linear"],
    ["again(base: empty)", "sum to zero"],
  ])("%s: %s", (solver, reason) => {
    const definitions = `${again}solver still { step { x[t] = sigma[t]/sigma[s]*x[s] } }
solver curved { step { x[t] = x[s] + min(x0[s], 1)*eps[s] } }
solver empty { start ddim; step { x[t] = x[s] + eps[s] - eps[s-1] } }
`;
    const text = wrong(solver, definitions);
    expect(text).toContain("D0306");
    expect(text).toContain(reason);
  });
});
