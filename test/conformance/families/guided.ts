// Owns: openai/guided-diffusion: DDPM and DDIM on training tables, respaced.

import type { Case } from "../format.js";
import {
  call,
  checkNames,
  everyStep,
  list,
  literal,
  oneOf,
  quoted,
  samplerText,
  unsupported,
  type Replay,
} from "../spec.js";

const perStep = (_: string, step: number): number => step;

/** A variance of p_sample: at a step, and at the last one, which adds no noise but may shift its mean by a gradient. */
interface Variance {
  readonly each: string;
  /** Where it would be 0 or has no logarithm, that of the step before stands in; none: 0. */
  readonly last?: string;
}

const before = "(1 - (alpha[s-1]/alpha[s])^2)*sigma[s]^2/sigma[s-1]^2";

function varianceOf({ options }: Case): Variance {
  const known = ["fixed_small", "fixed_large", "learned", "learned_range"] as const;
  const second = (name: string): string =>
    literal(
      options.number(name, options.has("learned_range_v") ? options.number("learned_range_v") : undefined),
    );
  switch (oneOf("var_type", options.text("var_type"), known)) {
    case "fixed_small":
      return { each: "small" };
    case "fixed_large":
      return { each: "beta", last: before };
    case "learned": {
      const variance = `exp(${second("learned_v")})`;
      return { each: variance, last: variance };
    }
    case "learned_range": {
      const between = (small: string): string => {
        const w = `(${second("learned_range_v")} + 1)/2`;
        return `exp(${w}*log(beta) + (1 - ${w})*log(${small}))`;
      };
      return { each: between("small"), last: between(before) };
    }
  }
}

/**
 * p_sample with a network whose second output is constant. cond_fn shifts the mean by the step's variance times the
 * gradient (Sohl-Dickstein et al. 2015).
 */
function pSample({ each, last }: Variance, scale: number | undefined): string {
  const conditioned = scale !== undefined;
  const shifted = (variance: string): string =>
    conditioned ? `m + ${variance}*${literal(scale)}*(p.score - q.score)` : "m";
  return `solver p_sample {
${conditioned ? "  input likely, unlikely: condition\n" : ""}  noise z
  step {
    let a     = alpha[s]/alpha[t]
    let beta  = 1 - a^2
    let small = beta*sigma[t]^2/sigma[s]^2
    let m     = a*sigma[t]^2/sigma[s]^2*x[s] + alpha[t]*beta/sigma[s]^2*x0[s]
${
  conditioned
    ? "    call p = network(x[s], at: s, cond: likely)\n    call q = network(x[s], at: s, cond: unlikely)\n"
    : ""
}    when last { x[t] = ${last ? shifted(last) : "m"} }
    else { x[t] = ${shifted(each)} + sqrt(${each})*z }
  }
}`;
}

/** cond_fn in ddim: the score itself is shifted (Song et al. 2020). */
const ratio = `guidance ratio(scale) {
  input likely, unlikely: condition
  call a = model(cond: likely)
  call b = model(cond: unlikely)
  eps = eps + scale*(a.eps - b.eps)
}`;

function schedule(entry: Case): string {
  const { schedule: fields } = entry;
  oneOf("schedule", fields.text("kind"), ["ddpm-discrete"]);
  const N = fields.number("T");
  return oneOf("beta_schedule", fields.text("beta_schedule"), ["linear", "cosine"]) === "linear"
    ? call("ddpm", { beta_start: (1000 / N) * 0.0001, beta_end: (1000 / N) * 0.02, N })
    : call("vp_cosine_discrete", { N });
}

/** The library's solver where there is one. */
function solver(
  entry: Case,
  scale: number | undefined,
): { readonly solver: string; readonly definition?: string } {
  const { options } = entry;
  if (oneOf("solver", entry.solver, ["p_sample", "ddim"]) === "ddim")
    return { solver: call("ddim", { eta: options.number("eta") }) };
  const kind = options.text("var_type");
  if (scale === undefined && kind === "fixed_small") return { solver: "ddpm" };
  if (scale === undefined && kind === "fixed_large")
    return { solver: call("ddpm_variance", { kind: quoted("large") }) };
  return { solver: "p_sample", definition: pSample(varianceOf(entry), scale) };
}

export function guidedDiffusion(entry: Case): Replay {
  const { options } = entry;
  checkNames(options, [
    "timestep_respacing",
    "mean_type",
    "var_type",
    "eta",
    "clip_denoised",
    "learned_v",
    "learned_range_v",
  ]);
  const conditioned = entry.guidance?.kind.startsWith("cond_fn ") === true ? entry.guidance : undefined;
  if (entry.guidance && !conditioned) unsupported(`guidance '${entry.guidance.kind}' is not implemented`);
  const kept = [...entry.grid.numbers("t")].reverse();
  const ddim = entry.solver === "ddim";
  const mean = oneOf("mean_type", options.text("mean_type"), ["eps", "x0", "prev_x"]);
  // A network that returns the mean of the step is used as it is; only DDIM goes back to x0, and clips that.
  const clipped = options.flag("clip_denoised") && (ddim || mean !== "prev_x");
  const models = conditioned
    ? {
        model: entry.model,
        conditions: { a: conditioned.cond, b: conditioned.uncond },
        labels: { likely: "a", unlikely: "b" },
      }
    : { model: entry.model, conditions: {}, labels: {} };
  const rule = solver(entry, conditioned?.scale);
  return {
    text: samplerText({
      definitions: [ratio, ...(rule.definition === undefined ? [] : [rule.definition])],
      schedule: schedule(entry),
      predicts: mean === "prev_x" ? "x0" : mean,
      guidance: [
        ...(clipped ? ["clip"] : []),
        ...(conditioned && ddim ? [call("ratio", { scale: conditioned.scale })] : []),
      ],
      grid: `labels(list: ${list(kept)})`,
      solver: rule.solver,
    }),
    ...models,
    noise: perStep,
    trajectory: everyStep(kept.length),
  };
}
