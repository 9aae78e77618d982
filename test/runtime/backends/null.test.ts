// Fusion and memory, guarded by counting: one dispatch a step, in place, noise never stored.

import { describe, expect, test } from "vitest";
import { compile } from "../../../compiler/compile.js";
import { memoryHost } from "../../../compiler/host.js";
import type { Plan } from "../../../compiler/plan/schema.js";
import { openBackend, sample, type Model } from "../../../runtime/index.js";

const STEPS = 20;

function planOf(solver: string): Plan {
  const text = `
sampler s {
  schedule cosine
  model    predicts eps
  guidance cfg(scale: 7.5)
  grid     log_snr
  steps    ${STEPS}
  solver   ${solver}
}
schedule cosine {
  time t from 0.995 to 0.005
  alpha = cos(pi/2*t)
  sigma = sin(pi/2*t)
}`;
  const { plan, diagnostics } = compile({ host: memoryHost({}), file: "test.dsamp", text });
  if (plan === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
  return plan;
}

/** Returns a fresh tensor without a transfer. */
const silent: Model = {
  capabilities: { name: "silent", sampleShape: null, conditions: "any", outputs: null, time: null },
  evaluate: ({ state, shape }) =>
    Promise.resolve({
      raw: state.backend.draw({
        distribution: "normal",
        seed: { low: 0, high: 0 },
        key: 0,
        step: 0,
        pass: 0,
        firstSample: 0,
        shape,
      }),
    }),
};

describe.each([
  // Peak: the state, the history it needs, the two branches of the guided prediction; results are written in place.
  { solver: "dpmpp_2m", calls: 40, dispatches: STEPS, draws: 0, peak: 4 },
  { solver: "ddim", calls: 40, dispatches: STEPS, draws: 0, peak: 3 },
  // Noise is made in the kernel.
  { solver: "euler_ancestral", calls: 40, dispatches: STEPS, draws: STEPS, peak: 3 },
  { solver: "heun", calls: 80, dispatches: 2 * STEPS, draws: 0, peak: 6 },
])("$solver with guidance", ({ solver, calls, dispatches, draws, peak }) => {
  test("is one dispatch between calls, in no more memory than predicted", async () => {
    const plan = planOf(solver);
    for (const name of ["null", "wasm"]) {
      const backend = await openBackend(name);
      const shape = [4, 8, 8];
      const model: Model = {
        ...silent,
        // The tensors of a network exist.
        async evaluate(call) {
          const result = await silent.evaluate(call);
          await backend.download(result.raw as never);
          return result;
        },
      };
      await sample(plan, { models: model, backend, shape, count: 2 });
      const { meter } = backend;
      expect(meter.calls).toBe(calls);
      // One more makes the initial state.
      expect(meter.dispatches).toBe(dispatches + 1);
      expect(meter.reductions).toBe(0);
      expect(meter.uploads).toBe(0);
      expect(meter.draws - meter.calls).toBe(draws + 1);
      expect(meter.peakOfSize(512)).toBe(peak);
      expect(plan.report.peakTensors).toBe(peak);
      expect([backend.liveTensors(), meter.liveBytes]).toEqual([0, 0]);
    }
  });
});
