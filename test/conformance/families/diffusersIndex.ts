// Owns: the samplers of huggingface/diffusers on integer training steps: DDPM, DDIM, PNDM (multistep), LCM.

import type { Case, Fields } from "../format.js";
import {
  call,
  checkNames,
  guided,
  list,
  noNoise,
  oneOf,
  samplerText,
  unsupported,
  type Recorded,
  type Replay,
} from "../spec.js";
import { gridOptions } from "./diffusersSigma.js";

const common = [
  ...gridOptions,
  "prediction_type",
  "clip_sample",
  "clip_sample_range",
  "thresholding",
  "dynamic_thresholding_ratio",
  "sample_max_value",
  "set_alpha_to_one",
];

const views: Readonly<Record<string, string>> = { epsilon: "eps", sample: "x0", v_prediction: "v" };

function tableOf(config: Fields): string {
  if (config.has("trained_betas")) return unsupported("betas given as a list");
  const N = config.number("num_train_timesteps");
  const ends = { beta_start: config.number("beta_start"), beta_end: config.number("beta_end"), N };
  const kind = oneOf("beta_schedule", config.text("beta_schedule"), [
    "linear",
    "scaled_linear",
    "squaredcos_cap_v2",
  ]);
  const table = {
    linear: call("ddpm", ends),
    scaled_linear: call("stable_diffusion", ends),
    squaredcos_cap_v2: call("vp_cosine_discrete", { N }),
  }[kind];
  return config.flag("rescale_betas_zero_snr") ? call("zero_terminal_snr", { base: table }) : table;
}

/** A bound on x0 that leaves eps as the network gave it, so that the two no longer belong to one state. */
const dataOnly = (bound: string): string => `guidance data_only {
  requires unit data
  let k = ${bound}
  x0  = clamp(x0, -k, k)${bound.startsWith("min") ? "/k" : ""}
  eps = eps
}`;

/** PLMS as diffusers runs it on v: the outputs are combined as they are and converted with the newest state. */
const plmsOnV = `solver plms_on_v {
  step {
    let transfer(D) = alpha[t]*(x[s]/alpha[s] + (rho[t] - rho[s])*(alpha[s]*D + sigma[s]*x[s]))
    point p at t
    x[p] = transfer(v[s])
    when step == 0      { x[t] = transfer((v[s] + v[p])/2) }
    else when step == 1 { x[t] = transfer((3*v[s] - v[s-1])/2) }
    else when step == 2 { x[t] = transfer((23*v[s] - 16*v[s-1] + 5*v[s-2])/12) }
    else                { x[t] = transfer((55*v[s] - 59*v[s-1] + 37*v[s-2] - 9*v[s-3])/24) }
  }
}`;

interface Bound {
  readonly definitions: readonly string[];
  readonly guidance: readonly string[];
}

/** Thresholding comes before clipping; `split`: eps keeps its value. */
function boundOf(config: Fields, split: boolean): Bound {
  const range = config.number("clip_sample_range", 1);
  const thresholding = config.flag("thresholding");
  if (!thresholding && !config.flag("clip_sample")) return { definitions: [], guidance: [] };
  const p = config.number("dynamic_thresholding_ratio", 0.995);
  const ceiling = config.number("sample_max_value", 1);
  if (split) {
    const bound = thresholding ? `min(${ceiling}, max(1, quantile(abs(x0), ${p})))` : String(range);
    return { definitions: [dataOnly(bound)], guidance: ["data_only"] };
  }
  const rule = thresholding
    ? call("dynamic_threshold", { p, floor: 1, ceiling })
    : call("clip", { bound: range });
  return { definitions: [], guidance: [rule] };
}

interface Rule {
  readonly solver: string;
  readonly indices: readonly number[];
  /** The last step goes to the clean end. */
  readonly toZero: boolean;
  readonly split: boolean;
  readonly noise?: Replay["noise"];
  readonly after?: string;
  readonly definition?: string;
  readonly trajectory?: (k: number) => Recorded;
}

const perStep = (_: string, step: number): number => step;

/** Schedulers that step by a fixed stride must find the next entry of the list there. */
function strided(
  times: readonly number[],
  config: Fields,
  count: number,
): { indices: readonly number[]; toZero: boolean } {
  const stride = Math.floor(config.number("num_train_timesteps") / count);
  times.forEach((t, i) => {
    const next = times[i + 1];
    if (next !== undefined && next !== t - stride)
      unsupported(`the state goes to level ${t - stride} and the next call is made at ${next}`);
  });
  const last = (times[times.length - 1] as number) - stride;
  if (last >= 0) return { indices: [...times, last], toZero: false };
  if (config.flag("set_alpha_to_one")) return { indices: times, toZero: true };
  // The level after the last is that of training step 0; from there to there is no step.
  return { indices: times[times.length - 1] === 0 ? times : [...times, 0], toZero: false };
}

function rule(entry: Case, config: Fields, times: readonly number[]): Rule {
  const step = entry.options.object("step");
  switch (entry.solver) {
    case "DDPM": {
      checkNames(config, [...common, "variance_type"]);
      checkNames(step, []);
      const variance = oneOf("variance_type", config.text("variance_type"), [
        "fixed_small",
        "fixed_small_log",
        "fixed_large",
      ]);
      if (variance === "fixed_large" && times[times.length - 1] !== 0)
        unsupported("noise after the last step");
      const solver = variance === "fixed_large" ? 'ddpm_variance(kind: "large")' : "ddpm";
      return { solver, indices: times, toZero: true, split: false, noise: perStep };
    }
    case "DDIM": {
      checkNames(config, common);
      checkNames(step, ["eta", "use_clipped_model_output"]);
      const eta = step.number("eta", 0);
      return {
        solver: call("ddim", { eta }),
        ...strided(times, config, times.length),
        split: !step.flag("use_clipped_model_output"),
        noise: perStep,
      };
    }
    case "LCM":
      checkNames(config, [...common, "original_inference_steps", "timestep_scaling"]);
      checkNames(step, []);
      return {
        solver: "consistency",
        indices: times,
        toZero: true,
        split: false,
        noise: perStep,
        after: call("boundary", { scaling: config.number("timestep_scaling") }),
      };
    case "PNDM": {
      checkNames(config, [...common, "skip_prk_steps"]);
      checkNames(step, []);
      if (!config.flag("skip_prk_steps"))
        unsupported("Runge-Kutta steps at the start (skip_prk_steps=false)");
      const { indices, toZero } = strided([...new Set(times)], config, times.length - 1);
      const steps = toZero ? indices.length : indices.length - 1;
      return {
        ...(entry.prediction === "v_prediction"
          ? { solver: "plms_on_v", definition: plmsOnV }
          : { solver: "plms" }),
        indices,
        toZero,
        split: false,
        trajectory: (k) => (k === 0 ? null : Math.min(k, steps)),
      };
    }
    default:
      return unsupported(`the scheduler '${entry.solver}' is not mapped to a solver`);
  }
}

export function diffusersIndex(entry: Case): Replay {
  const config = entry.options.object("config");
  checkNames(entry.options, ["num_inference_steps", "config", "set_timesteps", "step"]);
  const made = rule(entry, config, entry.grid.numbers("t"));
  const bound = boundOf(config, made.split);
  const { guidance, ...models } = guided(entry);
  const grid = made.toZero
    ? `labels(list: ${list(made.indices)})`
    : `at_indices(points: ${list(made.indices)})`;
  return {
    text: samplerText({
      definitions: [
        "grid at_indices(points: table) { index[i] = points[i]  for i in 0 .. length(points)-1 }",
        ...bound.definitions,
        ...(made.definition === undefined ? [] : [made.definition]),
      ],
      schedule: tableOf(config),
      predicts: views[entry.prediction] ?? unsupported(`a model that predicts '${entry.prediction}'`),
      guidance: [...guidance, ...bound.guidance, ...(made.after === undefined ? [] : [made.after])],
      grid,
      solver: made.solver,
    }),
    ...models,
    noise: made.noise ?? noNoise,
    trajectory: Array.from({ length: entry.trajectory?.length ?? 0 }, (_, k) =>
      made.trajectory ? made.trajectory(k) : k + 1,
    ),
  };
}
