// Which calls of the network a rule makes: shared, put there by an equation, or not made at all.

import { describe, expect, test } from "vitest";
import { difference, planOf, run, samplerOf } from "./runs.js";

const callsOf = (solver: string, definitions = "", steps = 6): number =>
  planOf(samplerOf(solver, { definitions, steps })).report.calls;

describe("predict and correct", () => {
  test("PEC: the call at the predicted state stands for the one at t", () => {
    // One at the start, then one a step.
    expect(callsOf("exp_adams(k: 2)")).toBe(7);
    expect(callsOf("unipc(p: 2)")).toBe(7);
  });

  test("PECE: the corrected state is called again", () => {
    expect(callsOf("exp_adams(k: 2, again: 1)")).toBe(12);
    expect(callsOf("unipc(p: 2, again: 1)")).toBe(12);
  });

  test("a prediction put at t is that of the next step's s", async () => {
    const keep = "solver mine { step { x[t] = ddim(s -> t)\n x0[t] = x0[s] } }";
    const { value, calls } = await run(samplerOf("mine", { definitions: keep }));
    expect(calls).toBe(1);
    // Data predicted once: every step moves on the same line.
    const { value: once } = await run(samplerOf("ddim", { steps: 1 }));
    expect(value).toBeCloseTo(once, 12);
  });
});

describe("sharing", () => {
  test("two rules at one point read one call", () => {
    const both =
      "solver mine { step { x[t] = (dpm_solver_2(s -> t, r1: 1/3) + dpm_solver_3(s -> t, r1: 1/3))/2 } }";
    expect(callsOf("dpm_solver_2(r1: 1/3)")).toBe(12);
    expect(callsOf("dpm_solver_3(r1: 1/3)")).toBe(18);
    // eps[s], the first stage (the same state in both), the second stage.
    expect(callsOf("mine", both)).toBe(18);
  });

  test("many views of one point are one call", () => {
    const views =
      "solver mine { step { x[t] = alpha[t]*x0[s] + sigma[t]*(2*eps[s] - (x[s] - alpha[s]*x0[s])/sigma[s]) + 0*v[s] } }";
    expect(callsOf("mine", views)).toBe(6);
  });

  test("what is multiplied by zero is not called", () => {
    const none =
      "solver mine(w = 0) { step { point e at t\n x[e] = ddim(s -> t)\n x[t] = x[e] + w*sigma[t]*eps[e] } }";
    expect(callsOf("mine", none)).toBe(6);
    expect(callsOf("mine(w: 1)", none)).toBe(12);
  });

  test("a branch that is not taken makes no calls", () => {
    const branch =
      "solver mine { step { when step < 2 { x[t] = dpm_solver_2(s -> t) } else { x[t] = ddim(s -> t) } } }";
    expect(callsOf("mine", branch)).toBe(8);
  });

  test("guidance of scale 1 makes one call", () => {
    const guided = (scale: number): number =>
      planOf(samplerOf("ddim", { more: `guidance cfg(scale: ${scale})` })).report.calls;
    expect([guided(1), guided(7.5)]).toEqual([6, 12]);
  });
});

test("a stage at the state that x[t] becomes is the next step's first call", async () => {
  const mine =
    "solver mine { step { point e at t\n x[e] = ddim(s -> t)\n let _d = x0[e]\n x[t] = ddim(s -> t) + 0*x0[e] } }";
  expect(await difference(samplerOf("mine", { definitions: mine }), samplerOf("ddim"))).toBeLessThan(1e-12);
});
