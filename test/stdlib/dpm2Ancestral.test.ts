// `dpm_2_ancestral` against k-diffusion's rule, written out once more: with eta above 1 the lower point is the clean end
// before the grid is, and there the published rule takes Euler and no noise.

import { describe, expect, test } from "vitest";
import { functionModel, openBackend, sample } from "../../runtime/index.js";
import { compiled } from "./harness.js";

const sigmas = [12, 7, 4, 1.5, 0.4, 0];
/** Posterior mean for data of unit Gaussians in each element; smooth, and nothing to do with our own models. */
const denoise = (x: number, sigma: number): number => (x + 0.3 * Math.sin(x)) / (1 + sigma ** 2);
const draw = (step: number, i: number): number => Math.cos(3 * step + 7 * i);

function published(x: number, i: number, eta: number): number {
  sigmas.slice(0, -1).forEach((from, step) => {
    const to = sigmas[step + 1]!;
    const up = Math.min(to, eta * Math.sqrt((to ** 2 * (from ** 2 - to ** 2)) / from ** 2));
    const down = Math.sqrt(to ** 2 - up ** 2);
    const d = (x - denoise(x, from)) / from;
    if (down === 0) x += d * (down - from);
    else {
      const middle = Math.sqrt(from * down);
      const inner = x + d * (middle - from);
      x += ((inner - denoise(inner, middle)) / middle) * (down - from) + draw(step, i) * up;
    }
  });
  return x;
}

const network = functionModel((input, _, call) =>
  Float64Array.from(input, (value) => denoise(value, call.sigma)),
);

describe("dpm_2_ancestral", () => {
  test.each([0, 0.5, 1, 1.3, 1.8])("eta %d is the published rule", async (eta) => {
    const { plan, reports } = compiled(`sampler s {
  schedule edm(sigma_min: 0.001, sigma_max: 40)
  model    predicts x0
  input    x_init: tensor
  init     x[start] = x_init
  grid     given(rhos: [${sigmas.join(", ")}])
  solver   dpm_2_ancestral(eta: ${eta})
}`);
    if (!plan) throw new Error(reports.join("\n"));
    const start = Float64Array.of(9, -14, 3, 0.5);
    const { results } = await sample(plan, {
      models: network,
      backend: await openBackend("reference"),
      shape: [4],
      count: 1,
      inputs: { x_init: start },
      noise: (_, step) => Float64Array.from(start, (__, i) => draw(step, i)),
    });
    results[0]!.data.forEach((value, i) => expect(value).toBeCloseTo(published(start[i]!, i, eta), 10));
  });
});
