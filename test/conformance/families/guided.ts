// Owns: openai/guided-diffusion: DDPM and DDIM on training tables, respaced.

import type { Case } from "../format.js";
import {
  call,
  checkNames,
  everyStep,
  guided,
  list,
  oneOf,
  quoted,
  samplerText,
  unsupported,
  type Replay,
} from "../spec.js";

const perStep = (_: string, step: number): number => step;

/** `ddpm_variance(kind: "learned")` with a network whose second output is constant. */
const learned = `solver learned(v = 0) {
  noise z
  step {
    let a     = alpha[s]/alpha[t]
    let beta  = 1 - a^2
    let small = beta*sigma[t]^2/sigma[s]^2
    let m     = a*sigma[t]^2/sigma[s]^2*x[s] + alpha[t]*beta/sigma[s]^2*x0[s]
    let w     = (v + 1)/2
    when last { x[t] = m } else { x[t] = m + exp((w*log(beta) + (1 - w)*log(small))/2)*z }
  }
}`;

function schedule(entry: Case): string {
  const { schedule: fields } = entry;
  oneOf("schedule", fields.text("kind"), ["ddpm-discrete"]);
  const N = fields.number("T");
  return oneOf("beta_schedule", fields.text("beta_schedule"), ["linear", "cosine"]) === "linear"
    ? call("ddpm", { beta_start: (1000 / N) * 0.0001, beta_end: (1000 / N) * 0.02, N })
    : call("vp_cosine_discrete", { N });
}

function solver(entry: Case): string {
  const { options } = entry;
  if (oneOf("solver", entry.solver, ["p_sample", "ddim"]) === "ddim")
    return call("ddim", { eta: options.number("eta") });
  switch (oneOf("var_type", options.text("var_type"), ["fixed_small", "fixed_large", "learned_range"])) {
    case "fixed_small":
      return "ddpm";
    case "fixed_large":
      return call("ddpm_variance", { kind: quoted("large") });
    case "learned_range":
      return call("learned", { v: options.number("learned_range_v") });
  }
}

export function guidedDiffusion(entry: Case): Replay {
  const { options } = entry;
  checkNames(options, [
    "timestep_respacing",
    "mean_type",
    "var_type",
    "eta",
    "clip_denoised",
    "learned_range_v",
  ]);
  if (entry.guidance) unsupported(`guidance '${entry.guidance.kind}' is not implemented`);
  const kept = [...entry.grid.numbers("t")].reverse();
  const predicts = { eps: "eps", x0: "x0" }[oneOf("mean_type", options.text("mean_type"), ["eps", "x0"])];
  const { guidance, ...models } = guided(entry);
  return {
    text: samplerText({
      definitions: [learned],
      schedule: schedule(entry),
      predicts,
      guidance: [...guidance, ...(options.flag("clip_denoised") ? ["clip"] : [])],
      grid: `labels(list: ${list(kept)})`,
      solver: solver(entry),
    }),
    ...models,
    noise: perStep,
    trajectory: everyStep(kept.length),
  };
}
