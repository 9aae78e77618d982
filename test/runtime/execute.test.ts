// What `sample` promises: the loop, batches, conditions, trajectories, failures and what they leave behind.

import { describe, expect, test } from "vitest";
import { functionModel, gmmModel, openBackend, sample } from "../../runtime/index.js";
import { eulerPlan } from "../support/plans.js";

const gmm = gmmModel({ weights: [1], means: [[0.5, -1]], stds: [0.5] });
const sigmas = [4, 2, 1, 0.5, 0];

describe("sample", () => {
  test("runs Euler on a Gaussian exactly as the recurrence says", async () => {
    const backend = await openBackend("reference");
    const noise = Float64Array.of(0.3, -0.7);
    const result = await sample(eulerPlan(sigmas), {
      models: gmm,
      backend,
      shape: [2],
      noise: () => noise,
    });
    const expected = [0.5, -1].map((mean, i) => {
      let x = 4 * noise[i]!;
      for (let k = 0; k < 4; k++) {
        const eps = (sigmas[k]! / (0.25 + sigmas[k]! ** 2)) * (x - mean);
        x += (sigmas[k + 1]! - sigmas[k]!) * eps;
      }
      return x;
    });
    expect(result.results[0]!.shape).toEqual([1, 2]);
    result.results[0]!.data.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 13));
    expect(result.calls).toBe(4);
    expect(backend.liveTensors()).toBe(0);
  });

  test("does not depend on the batch size", async () => {
    const backend = await openBackend("reference");
    const options = { models: gmm, backend, shape: [2], count: 7, seed: 11 };
    const whole = await sample(eulerPlan(sigmas, 0.1), options);
    const split = await sample(eulerPlan(sigmas, 0.1), { ...options, batch: 3 });
    expect(split.results).toEqual(whole.results);
    const tail = await sample(eulerPlan(sigmas, 0.1), { ...options, count: 2, firstSample: 5 });
    expect([...tail.results[0]!.data]).toEqual([...whole.results[0]!.data.slice(10)]);
  });

  test("frees everything after a failure in the middle", async () => {
    const backend = await openBackend("reference");
    const broken = functionModel((input, time) => (time < 1 ? input.map(() => NaN) : input));
    await expect(
      sample(eulerPlan(sigmas, 0.1), { models: broken, backend, shape: [2] }),
    ).rejects.toMatchObject({ diagnostic: { code: "D0701" } });
    expect(backend.liveTensors()).toBe(0);
  });
});
