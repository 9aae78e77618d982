// Owns: tensors that are only a number, where they are computed inside a kernel.

import { expect, test } from "vitest";
import { compile } from "../../../compiler/compile.js";
import { memoryHost } from "../../../compiler/host.js";
import { gmmModel, openBackend, sample } from "../../../runtime/index.js";

async function run(factor: string): Promise<readonly number[]> {
  const text = `solver s { step { x[t] = jump(s -> t)*(${factor}) } }
sampler a {
  schedule vp_linear
  model    predicts eps
  grid     log_snr
  steps    3
  solver   s
}`;
  const { plan, diagnostics } = compile({ host: memoryHost({}), file: "a.dsamp", text });
  if (!plan) throw new Error(diagnostics.map(({ message }) => message).join("\n"));
  const { results } = await sample(plan, {
    models: gmmModel({ weights: [1], means: [[1, -1, 0.5, 0]], stds: [0.5] }),
    backend: await openBackend("reference"),
    shape: [4],
    seed: 3,
  });
  return [...(results[0]?.data ?? [])];
}

test.each([
  ["norm(0*x0[s] + 1)/2", "1"],
  ["1 + dot(x[s], 0*x0[s])", "1"],
  ["max(abs(0*x[s] - 2))/2", "1"],
])("a reduction of %s has the shape of the state", async (factor, plain) => {
  const [actual, wanted] = [await run(factor), await run(plain)];
  wanted.forEach((value, i) => expect(actual[i]).toBeCloseTo(value, 13));
});
