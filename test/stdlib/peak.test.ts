// The predicted peak of live tensors is the measured one, for every solver of the library, with and without guidance,
// with compensated updates, and with both branches of a guided prediction in one call.

import { expect, test } from "vitest";
import { compensate } from "../../compiler/link/compensate.js";
import { peakTensors } from "../../compiler/plan/lifetimes.js";
import { gmmModel, openBackend, sample, type Model } from "../../runtime/index.js";
import { sizeOf } from "../../runtime/shapes.js";
import { library } from "../../stdlib/index.js";
import { compiled, mixture } from "./harness.js";

/** Rules that need another network, another path, or leave of the author. */
const elsewhere = new Set(["ddpm_variance", "interpolant_em", "langevin_corrector"]);
const solvers = Object.values(library)
  .flatMap(({ names }) => names)
  .flatMap((name) => (name.startsWith("solver ") ? [name.slice("solver ".length)] : []))
  .filter((name) => !elsewhere.has(name));

/** Rules that place their own points by what they compute, so that no numbers may be left out. */
const adaptive = new Set(["dpm_adaptive", "dpm_adaptive_pid", "adaptive_rk"]);

const textOf = (solver: string, guidance: string): string => `sampler s {
  schedule cosine
  model    predicts eps
  ${guidance}
  ${adaptive.has(solver) ? "" : "grid log_snr\n  steps 7"}
  solver   ${solver}
}
schedule cosine {
  time t from 0.99 to 0.01
  alpha = cos(pi/2*t)
  sigma = sin(pi/2*t)
}`;

/** Of a sample and of two samples: no reduction gives a tensor of this size. */
const shape = [4, 8, 8];
const size = 512;

test.each([...adaptive])("%s", async (solver) => {
  const { plan, reports } = compiled(textOf(solver, ""));
  if (plan === undefined) throw new Error(reports.join("\n"));
  const backend = await openBackend("reference");
  const { control } = await sample(plan, { models: gmmModel(mixture), backend, shape: [4], count: 5 });
  expect(control[0]?.attempts).toBeGreaterThan((control[0]?.lambdas.length ?? 0) - 1);
  expect(plan.report.peakTensors).toBe(backend.meter.peakOfSize(20));
});

test.each(solvers.filter((solver) => !adaptive.has(solver)))("%s", async (solver) => {
  for (const guidance of ["", "guidance cfg(scale: 3)"]) {
    const { plan, reports } = compiled(textOf(solver, guidance));
    if (plan === undefined) throw new Error(reports.join("\n"));
    for (const own of [plan, compensate(plan)])
      for (const batched of [false, true]) {
        const backend = await openBackend("null");
        const model: Model = {
          capabilities: {
            name: "zeros",
            sampleShape: null,
            conditions: "any",
            outputs: null,
            time: null,
            batched,
          },
          async evaluate(call) {
            await call.state.read();
            return { raw: backend.upload(new Float32Array(sizeOf(call.shape)), call.shape) };
          },
        };
        await sample(own, { models: model, backend, shape, count: 2 });
        expect(peakTensors(own, { batched })).toBe(backend.meter.peakOfSize(size));
        if (!batched) expect(own.report.peakTensors).toBe(backend.meter.peakOfSize(size));
      }
  }
});
