// Owns: `lml` in float32: where the correction is a difference of nearly equal tensors, its direction is not left to rounding.

import { expect, test } from "vitest";
import { compile } from "../../compiler/compile.js";
import { memoryHost } from "../../compiler/host.js";
import { gmmModel, openBackend, sample, type backendNames } from "../../runtime/index.js";

async function run(solver: string, backend: (typeof backendNames)[number]): Promise<readonly number[]> {
  const text = `sampler a {
  schedule vp_linear
  model    predicts eps
  grid     log_snr
  steps    6
  solver   ${solver}
}`;
  const { plan, diagnostics } = compile({ host: memoryHost({}), file: "a.dsamp", text });
  if (!plan) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  const { results } = await sample(plan, {
    models: gmmModel({
      weights: [0.6, 0.4],
      means: [
        [1, -1, 0.5, 0],
        [-1, 0.5, 0, 1],
      ],
      stds: [0.5, 0.4],
    }),
    backend: await openBackend(backend),
    shape: [4],
    seed: 3,
  });
  return [...(results[0]?.data ?? [])];
}

const apart = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number))));

test.each([1e-3, 1e-6])(
  "without the slope before, in float32, damping %f: the length that is kept makes it ddim",
  async (damping) => {
    const solver = `lml(kappa: 0, damping: ${damping})`;
    expect(apart(await run(solver, "cpu"), await run("ddim", "reference"))).toBeLessThan(1e-4);
  },
);

test("with it the slope turns", async () => {
  const turned = await run("lml(kappa: 0.5)", "reference");
  expect(apart(turned, await run("ddim", "reference"))).toBeGreaterThan(0.01);
  expect(apart(turned, await run("lml(kappa: 0.5)", "cpu"))).toBeLessThan(0.01);
});
