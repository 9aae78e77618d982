// Owns: the samplers of huggingface/diffusers in continuous levels: flow matching, EDM preconditioning, the VP SDE.

import type { Case, Fields } from "../format.js";
import {
  call,
  checkNames,
  everyStep,
  guided,
  list,
  literal,
  noNoise,
  oneOf,
  samplerText,
  unsupported,
  type Replay,
} from "../spec.js";
import { multistep, type Rule } from "./diffusersDpm.js";
import { exploding } from "./paths.js";
import { scoreSdeVp } from "./scoresde.js";

const perStep = (_: string, step: number): number => step;

/** What only chooses the levels of the flow scheduler. */
const flowOptions = [
  "num_train_timesteps",
  "shift",
  "use_dynamic_shifting",
  "base_shift",
  "max_shift",
  "base_image_seq_len",
  "max_image_seq_len",
  "shift_terminal",
  "use_karras_sigmas",
  "use_exponential_sigmas",
  "use_beta_sigmas",
  "time_shift_type",
];

function flowMatch(entry: Case): Replay {
  const config = entry.options.object("config");
  checkNames(config, [...flowOptions, "invert_sigmas", "stochastic_sampling"]);
  checkNames(entry.options.object("step"), []);
  if (config.flag("invert_sigmas")) unsupported("levels that run from data to noise");
  if (!entry.prediction.startsWith("flow velocity"))
    unsupported(`a model that predicts '${entry.prediction}'`);
  const sigmas = entry.grid.numbers("sigma");
  const stochastic = config.flag("stochastic_sampling");
  const { guidance, ...models } = guided(entry);
  return {
    text: samplerText({
      schedule: "flow",
      predicts: "flow",
      guidance,
      grid: `given_times(times: ${list(sigmas)})`,
      solver: stochastic ? "consistency" : "euler",
    }),
    ...models,
    noise: stochastic ? perStep : noNoise,
    trajectory: everyStep(sigmas.length - 1),
  };
}

/** The preconditioned network; for v_prediction its output has the other sign. */
const preconditioned = (
  data: number,
  sign: string,
): string => `let skip(r) = ${literal(data)}^2/(r^2 + ${literal(data)}^2)
let gain(r) = ${sign}r*${literal(data)}/sqrt(r^2 + ${literal(data)}^2)

parameterization precond {
  requires alpha == 1
  x0 = skip(sigma)*x + gain(sigma)*raw
}`;

/** Euler with churn as this scheduler has it: the network sees the state without the noise. */
const lateChurn = `solver late_churn(S_churn, S_min, S_max, S_noise) {
  noise z
  step {
    let gamma = where(S_min <= rho[s] <= S_max, min(S_churn/steps, sqrt(2) - 1), 0)
    point hat at rho = (1 + gamma)*rho[s]
    x[hat] = renoise(s -> hat, noise: S_noise*z)
    let D = skip(rho[hat])*x[hat] + gain(rho[hat])*raw[s]
    x[t] = x[hat] + (rho[t] - rho[hat])*(x[hat] - D)/rho[hat]
  }
}`;

const edmOptions = [
  "sigma_min",
  "sigma_max",
  "sigma_schedule",
  "num_train_timesteps",
  "rho",
  "final_sigmas_type",
];

function edmEuler(config: Fields, step: Fields, sigmas: readonly number[]): Rule {
  checkNames(config, [...edmOptions, "sigma_data", "prediction_type"]);
  checkNames(step, ["s_churn", "s_tmin", "s_tmax", "s_noise"]);
  const [amount, low, high] = [
    step.number("s_churn", 0),
    step.number("s_tmin", 0),
    step.number("s_tmax", Infinity),
  ];
  if (amount === 0) return { solver: "euler" };
  const drawn = sigmas.slice(0, -1).map((sigma) => low <= sigma && sigma <= high);
  return {
    definitions: [lateChurn],
    solver: call("late_churn", {
      S_churn: amount,
      S_min: low,
      S_max: high,
      S_noise: step.number("s_noise", 1),
    }),
    noise: (_, index) => drawn.slice(0, index).filter(Boolean).length,
  };
}

function edmMultistep(entry: Case, config: Fields, sigmas: readonly number[]): Rule {
  checkNames(config, [
    ...edmOptions,
    "sigma_data",
    "prediction_type",
    "solver_order",
    "solver_type",
    "thresholding",
    "dynamic_thresholding_ratio",
    "sample_max_value",
    "algorithm_type",
    "lower_order_final",
    "euler_at_final",
  ]);
  if (config.flag("thresholding")) unsupported("thresholding");
  const toZero = sigmas[sigmas.length - 1] === 0;
  const made = multistep(config, sigmas.length - 1, toZero);
  if (entry.solver === "CosineDPMSolverMultistep" && config.number("solver_order") > 2)
    unsupported("order 3");
  return made;
}

function preconditionedRun(entry: Case): Replay {
  const config = entry.options.object("config");
  const step = entry.options.object("step");
  const recorded = entry.grid.numbers("sigma");
  const [before, last] = recorded.slice(-2) as [number, number];
  const dropped = Math.abs(before - last) <= 1e-12 * before;
  const sigmas = dropped ? recorded.slice(0, -1) : recorded;
  const rule =
    entry.solver === "EDMEuler" ? edmEuler(config, step, sigmas) : edmMultistep(entry, config, recorded);
  if (entry.solver !== "EDMEuler") checkNames(step, []);
  if (entry.prediction !== "edm preconditioned F") unsupported(`a model that predicts '${entry.prediction}'`);
  const sign =
    oneOf("prediction_type", config.text("prediction_type"), ["epsilon", "v_prediction"]) === "epsilon"
      ? ""
      : "-";
  const { guidance, ...models } = guided(entry);
  return {
    text: samplerText({
      definitions: [preconditioned(config.number("sigma_data"), sign), ...(rule.definitions ?? [])],
      schedule: exploding(sigmas),
      predicts: "precond",
      guidance,
      grid: `given(rhos: ${list(sigmas)})`,
      solver: rule.solver,
    }),
    ...models,
    noise: rule.noise ?? noNoise,
    trajectory: everyStep(recorded.length - 1).map((k) => Math.min(k as number, sigmas.length - 1)),
  };
}

export function diffusersContinuous(entry: Case): Replay {
  checkNames(entry.options, ["num_inference_steps", "config", "set_timesteps", "step"]);
  switch (entry.solver) {
    case "FlowMatchEulerDiscrete":
      return flowMatch(entry);
    case "EDMEuler":
    case "EDMDPMSolverMultistep":
    case "CosineDPMSolverMultistep":
      return preconditionedRun(entry);
    case "ScoreSdeVp":
      return scoreSdeVp(entry);
    default:
      return unsupported(`the scheduler '${entry.solver}' is not mapped to a solver`);
  }
}
