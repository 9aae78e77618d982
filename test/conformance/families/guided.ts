// Owns: openai/guided-diffusion: DDPM and DDIM on training tables, respaced.

import type { Case } from "../format.js";
import {
  call,
  checkNames,
  everyStep,
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

/** cond_fn in p_sample: the mean is shifted by the step's variance times the gradient (Sohl-Dickstein et al. 2015). */
const shiftedMean = `solver shifted_mean(scale) {
  input likely, unlikely: condition
  noise z
  step {
    let a     = alpha[s]/alpha[t]
    let beta  = 1 - a^2
    let var   = beta*sigma[t]^2/sigma[s]^2
    let m     = a*sigma[t]^2/sigma[s]^2*x[s] + alpha[t]*beta/sigma[s]^2*x0[s]
    call p = network(x[s], at: s, cond: likely)
    call q = network(x[s], at: s, cond: unlikely)
    let shifted = m + var*scale*(p.score - q.score)
    when last { x[t] = m } else { x[t] = shifted + sqrt(var)*z }
  }
}`;

/** cond_fn in ddim: the score itself is shifted (Song et al. 2020). */
const ratio = `guidance ratio(scale) {
  input likely, unlikely: condition
  call a = model(cond: likely)
  call b = model(cond: unlikely)
  eps = eps + scale*(a.eps - b.eps)
}`;

/** The small variance is 0 at the last step, so the gradient has no effect there; other variances are not. */
function conditionedSolver(entry: Case, scale: number): string {
  oneOf("var_type with cond_fn", entry.options.text("var_type"), ["fixed_small"]);
  return call("shifted_mean", { scale });
}

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
  const conditioned =
    entry.guidance?.kind.startsWith("cond_fn gradient") === true ? entry.guidance : undefined;
  if (entry.guidance && !conditioned) unsupported(`guidance '${entry.guidance.kind}' is not implemented`);
  const kept = [...entry.grid.numbers("t")].reverse();
  const predicts = { eps: "eps", x0: "x0" }[oneOf("mean_type", options.text("mean_type"), ["eps", "x0"])];
  const models = conditioned
    ? {
        model: entry.model,
        conditions: { a: conditioned.cond, b: conditioned.uncond },
        labels: { likely: "a", unlikely: "b" },
      }
    : { model: entry.model, conditions: {}, labels: {} };
  const ddim = entry.solver === "ddim";
  return {
    text: samplerText({
      definitions: [learned, shiftedMean, ratio],
      schedule: schedule(entry),
      predicts,
      guidance: [
        ...(options.flag("clip_denoised") ? ["clip"] : []),
        ...(conditioned && ddim ? [call("ratio", { scale: conditioned.scale })] : []),
      ],
      grid: `labels(list: ${list(kept)})`,
      solver: conditioned && !ddim ? conditionedSolver(entry, conditioned.scale) : solver(entry),
    }),
    ...models,
    noise: perStep,
    trajectory: everyStep(kept.length),
  };
}
