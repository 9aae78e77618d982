// Owns: recorded runs of huggingface/diffusers, which go through `dsamp import diffusers`. What is left to the runner is
// what the recording decides: the model, the given first state, and the noise in place of a Brownian path.

import { importDiffusers } from "../../../importers/diffusers/index.js";
import type { JsonObject, Case } from "../format.js";
import { checkNames, guided, replayOf, type Replay } from "../spec.js";

/** Schedulers whose noise comes from a Brownian path, replaced by independent tensors in the recording. */
const brownian: ReadonlySet<string> = new Set(["DPMSolverSDE"]);

export function diffusers(entry: Case): Replay {
  checkNames(entry.options, ["num_inference_steps", "config", "set_timesteps", "step"]);
  const { options } = entry;
  const args: JsonObject = {
    ...options.object("set_timesteps").values,
    ...options.object("step").values,
    ...(brownian.has(entry.solver) ? { noise_sampler: "independent" } : {}),
  };
  const imported = importDiffusers(
    { _class_name: `${entry.solver}Scheduler`, ...options.object("config").values },
    {
      steps: options.has("num_inference_steps") ? options.number("num_inference_steps") : undefined,
      args,
      latents: true,
      cfg: entry.guidance?.scale,
    },
  );
  return replayOf(entry, imported, guided(entry), entry.grid.has("sigma") ? entry.grid.numbers("sigma") : []);
}
