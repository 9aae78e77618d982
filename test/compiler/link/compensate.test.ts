// Compensated updates: many steps in float32 with the error of one rounding.

import { describe, expect, test } from "vitest";
import { compensate } from "../../../compiler/link/compensate.js";
import { checkPlan, readPlan } from "../../../compiler/plan/validate.js";
import type { Plan } from "../../../compiler/plan/schema.js";
import { functionModel, openBackend, sample } from "../../../runtime/index.js";
import { TfBackend } from "../../../runtime/backends/tfjs.js";
import { cosinePlan } from "../../stdlib/harness.js";

const planOf = (solver: string, steps: number): Plan => cosinePlan(solver, { steps });

/** Data with a standard deviation of 1/2, in float64. */
const model = functionModel((x, _, { alpha, sigma }) =>
  Float64Array.from(x, (value) => (sigma * value) / (sigma ** 2 + alpha ** 2 / 4)),
);

async function run(plan: Plan, name: string): Promise<Float64Array> {
  const backend = await openBackend(name);
  const { results } = await sample(plan, { models: model, backend, shape: [64], count: 4, seed: 3 });
  expect(backend.liveTensors()).toBe(0);
  return Float64Array.from(results[0]!.data);
}

const distance = (a: Float64Array, b: Float64Array): number =>
  Math.sqrt(a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length);

describe.each(["ddim", "dpmpp_2m", "euler_ancestral", "unipc"])("%s, 1000 steps", (solver) => {
  const plan = planOf(solver, 1000);
  const wide = checkPlan(compensate(plan));

  test.each(["cpu", "wasm"])("on %s the error falls to that of one rounding", async (name) => {
    const exact = await run(plan, "reference");
    const before = distance(await run(plan, name), exact);
    const after = distance(await run(wide, name), exact);
    expect(before).toBeGreaterThan(3e-7);
    // Values are below 4 and mostly below 1: half a unit in the last place is 3e-8 there.
    expect(after).toBeLessThan(2e-8);
  });

  test("on reference nothing changes, for nothing was rounded", async () => {
    expect(await run(wide, "reference")).toEqual(await run(plan, "reference"));
  });
});

test("cpu and wasm give the same bits", async () => {
  const wide = compensate(planOf("dpmpp_2m", 30));
  expect(await run(wide, "cpu")).toEqual(await run(wide, "wasm"));
});

test("it costs one tensor, and no dispatch", async () => {
  const plan = planOf("dpmpp_2m", 10);
  const wide = compensate(plan);
  expect(wide.report.peakTensors).toBe(plan.report.peakTensors + 1);
  const count = async (own: Plan): Promise<number> => {
    const backend = await openBackend("null");
    await sample(own, { models: model, backend, shape: [64] });
    return backend.meter.dispatches;
  };
  expect(await count(wide)).toBe(await count(plan));
});

test("the plan is data: it survives JSON, and a wrong pair of outputs is refused", () => {
  const wide = compensate(planOf("ddim", 3));
  expect(readPlan(JSON.stringify(wide))).toEqual(wide);
  const broken = {
    ...wide,
    kernels: wide.kernels.map((kernel) => (kernel.wide ? { ...kernel, wide: { of: 0, rest: 0 } } : kernel)),
  };
  expect(() => checkPlan(broken)).toThrow("D0503");
});

test("a backend without float64 says so before it starts", async () => {
  const core = await import("@tensorflow/tfjs-core");
  await openBackend("cpu");
  const backend = new TfBackend(core, "cpu");
  const options = { models: model, backend, shape: [64] };
  await expect(sample(compensate(planOf("ddim", 3)), options)).rejects.toThrow(
    "D0702: the backend 'cpu' cannot run a plan with compensated updates",
  );
});
