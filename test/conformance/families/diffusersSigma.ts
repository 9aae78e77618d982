// Owns: the samplers of huggingface/diffusers whose state has alpha = 1: Euler, Heun, LMS, KDPM2, DPMSolverSDE. Their
// levels are taken as recorded; spacing, training table and the like are in them.

import type { Case, Fields } from "../format.js";
import {
  call,
  checkNames,
  guided,
  list,
  noNoise,
  samplerText,
  unsupported,
  type Recorded,
  type Replay,
} from "../spec.js";
import { exploding } from "./paths.js";

/** What only chooses the levels. */
export const gridOptions = [
  "num_train_timesteps",
  "beta_start",
  "beta_end",
  "beta_schedule",
  "trained_betas",
  "use_karras_sigmas",
  "use_exponential_sigmas",
  "use_beta_sigmas",
  "timestep_spacing",
  "steps_offset",
  "rescale_betas_zero_snr",
  "final_sigmas_type",
  "sigma_min",
  "sigma_max",
];

const views: Readonly<Record<string, string>> = {
  epsilon: "eps",
  sample: "x0",
  v_prediction: "v_on_ve with time: none",
};

/** Euler with churn as diffusers has it: the network is called before the noise is added. */
const lateChurn = `solver late_churn(S_churn, S_min, S_max, S_noise) {
  noise z
  step {
    let gamma = where(S_min <= rho[s] <= S_max, min(S_churn/steps, sqrt(2) - 1), 0)
    point hat at rho = (1 + gamma)*rho[s]
    x[hat] = renoise(s -> hat, noise: S_noise*z)
    x[t] = x[hat] + (rho[t] - rho[hat])*eps[s]
  }
}`;

interface Rule {
  readonly solver: string;
  readonly noise?: Replay["noise"];
  /** Calls a step, the last of which gives the state. */
  readonly calls: 1 | 2;
  readonly definitions?: readonly string[];
}

const perStep = (_: string, step: number): number => step;

function euler(step: Fields, sigmas: readonly number[], entry: Case, intervals: number): Rule {
  checkNames(step, ["s_churn", "s_tmin", "s_tmax", "s_noise"]);
  const [amount, low, high] = [
    step.number("s_churn", 0),
    step.number("s_tmin", 0),
    step.number("s_tmax", Infinity),
  ];
  if (amount === 0) return { solver: "euler", calls: 1 };
  if (entry.prediction !== "epsilon") unsupported(`churn with a model that predicts '${entry.prediction}'`);
  const steps = sigmas.length - 1;
  // A draw is recorded only where noise is added.
  const drawn = sigmas.slice(0, -1).map((sigma) => low <= sigma && sigma <= high);
  return {
    definitions: [lateChurn],
    solver: call("late_churn", {
      S_churn: (amount * steps) / intervals,
      S_min: low,
      S_max: high,
      S_noise: step.number("s_noise", 1),
    }),
    noise: (_, index) => drawn.slice(0, index).filter(Boolean).length,
    calls: 1,
  };
}

function rule(entry: Case, sigmas: readonly number[], intervals: number): Rule {
  const step = entry.options.object("step");
  switch (entry.solver) {
    case "EulerDiscrete":
      return euler(step, sigmas, entry, intervals);
    case "EulerAncestralDiscrete":
      checkNames(step, []);
      return { solver: "euler_ancestral", noise: perStep, calls: 1 };
    case "HeunDiscrete":
      checkNames(step, []);
      return { solver: "heun", calls: 2 };
    case "LMSDiscrete":
      checkNames(step, ["order"]);
      return { solver: call("lms", { k: step.number("order", 4) }), calls: 1 };
    case "KDPM2Discrete":
      checkNames(step, []);
      return { solver: "dpm_2", calls: 2 };
    case "DPMSolverSDE":
      checkNames(step, ["s_noise"]);
      return {
        solver: call("dpmpp_sde_independent", { s_noise: step.number("s_noise", 1) }),
        noise: (path, index) => 2 * index + (path === "z" ? 0 : 1),
        calls: 2,
      };
    default:
      return unsupported(`the scheduler '${entry.solver}' is not mapped to a solver`);
  }
}

export function diffusersSigma(entry: Case): Replay {
  const config = entry.options.object("config");
  checkNames(entry.options, ["num_inference_steps", "config", "set_timesteps", "step"]);
  checkNames(config, [
    ...gridOptions,
    "prediction_type",
    "interpolation_type",
    "timestep_type",
    "clip_sample",
    "clip_sample_range",
    "noise_sampler_seed",
  ]);
  const recorded = entry.grid.numbers("sigma");
  const calls = entry.grid.numbers("t").length;
  const twice = !["EulerDiscrete", "EulerAncestralDiscrete", "LMSDiscrete"].includes(entry.solver);
  const steps = twice ? (calls + 1) / 2 : calls;
  const sigmas = (twice ? [...new Set(recorded)] : recorded).slice(0, steps + 1);
  if (sigmas.length !== steps + 1) unsupported("levels that repeat");
  const { solver, noise, calls: each, definitions } = rule(entry, sigmas, recorded.length - 1);
  const { guidance, ...models } = guided(entry);
  const clip = config.flag("clip_sample")
    ? [call("clip", { bound: config.number("clip_sample_range") })]
    : [];
  const trajectory = Array.from({ length: entry.trajectory?.length ?? 0 }, (_, k): Recorded => {
    if (each === 1) return k + 1;
    return k === 2 * steps - 2 ? steps : k % 2 === 1 ? (k + 1) / 2 : null;
  });
  return {
    text: samplerText({
      definitions: definitions ?? [],
      schedule: exploding(sigmas),
      predicts: views[entry.prediction] ?? unsupported(`a model that predicts '${entry.prediction}'`),
      guidance: [...guidance, ...clip],
      grid: `given(rhos: ${list(sigmas)})`,
      solver,
    }),
    ...models,
    noise: noise ?? noNoise,
    trajectory,
  };
}
