// Owns: recorded runs of crowsonkb/k-diffusion, which go through `dsamp import k-diffusion`. The recordings call a
// denoiser, and draw independent noise where the release has a Brownian path.

import { importKDiffusion } from "../../../importers/kdiffusion.js";
import type { JsonObject, Case } from "../format.js";
import { guided, replayOf, unsupported, type Replay } from "../spec.js";

export function kdiffusion(entry: Case): Replay {
  if (!entry.prediction.startsWith("denoiser")) unsupported(`a model that predicts '${entry.prediction}'`);
  const { kind, n, ...levels } = entry.schedule.values;
  const own = kind === "log_sigma_range";
  const options: JsonObject = {
    ...levels,
    ...entry.options.values,
    model: "denoiser",
    ...(entry.solver === "dpmpp_sde" ? { noise_sampler: "independent" } : {}),
  };
  const imported = importKDiffusion(
    {
      sampler: entry.solver,
      schedule: own || typeof kind !== "string" ? undefined : kind,
      steps: typeof n === "number" ? n : undefined,
      options,
    },
    { latents: true, cfg: entry.guidance?.scale },
  );
  const replay = replayOf(
    entry,
    imported,
    guided(entry),
    entry.grid.has("sigma") ? entry.grid.numbers("sigma") : [],
  );
  if (!entry.accepted) return replay;
  // The state is recorded after every attempt, whether it counted or not.
  let point = 0;
  return { ...replay, trajectory: entry.accepted.map((accepted) => (point += accepted ? 1 : 0)) };
}
