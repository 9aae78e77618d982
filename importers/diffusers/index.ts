// Owns: `dsamp import diffusers`: which class a configuration is of, and its importer.

import { fail } from "../../compiler/diagnostics/report.js";
import { didYouMean } from "../../compiler/resolve/suggest.js";
import type { Imported, Request } from "../imported.js";
import { Options, type Value } from "../options.js";
import type { Importer } from "./context.js";
import { ddim, ddimInverse, ddpm } from "./ddim.js";
import { cogVideoXDdim, cogVideoXDpm } from "./cogvideox.js";
import { cmStochasticIterative, scm } from "./consistency.js";
import { cosineDpmSolver, edmDpmSolver, edmEuler } from "./edm.js";
import { flowMatchEuler, flowMatchHeun, flowMatchLcm, ltxEulerAncestral } from "./flow.js";
import { dpmSolverMultistepInverse } from "./inverse.js";
import { ipndm } from "./ipndm.js";
import { lcm, tcd } from "./lcm.js";
import { deisMultistep, dpmSolverMultistep, unipcMultistep } from "./multistep.js";
import { pndm } from "./pndm.js";
import { saSolver } from "./sasolver.js";
import { scoreSdeVe, scoreSdeVp } from "./scoresde.js";
import { sigmaSchedulers } from "./sigma.js";
import { dpmSolverSinglestep } from "./singlestep.js";
import { unclip } from "./unclip.js";

const importers: Readonly<Record<string, Importer>> = {
  ...sigmaSchedulers,
  DDIM: ddim,
  DDIMInverse: ddimInverse,
  DDIMParallel: ddim,
  DDPM: ddpm,
  DDPMParallel: ddpm,
  UnCLIP: unclip,
  ScoreSdeVe: scoreSdeVe,
  ScoreSdeVp: scoreSdeVp,
  CogVideoXDDIM: cogVideoXDdim,
  CogVideoXDPM: cogVideoXDpm,
  IPNDM: ipndm,
  PNDM: pndm,
  LCM: lcm,
  CMStochasticIterative: cmStochasticIterative,
  SCM: scm,
  TCD: tcd,
  DPMSolverMultistep: dpmSolverMultistep,
  DPMSolverMultistepInverse: dpmSolverMultistepInverse,
  DPMSolverSinglestep: dpmSolverSinglestep,
  DEISMultistep: deisMultistep,
  UniPCMultistep: unipcMultistep,
  SASolver: saSolver,
  FlowMatchEulerDiscrete: flowMatchEuler,
  FlowMatchHeunDiscrete: flowMatchHeun,
  FlowMatchLCM: flowMatchLcm,
  LTXEulerAncestralRF: ltxEulerAncestral,
  EDMEuler: edmEuler,
  EDMDPMSolverMultistep: edmDpmSolver,
  CosineDPMSolverMultistep: cosineDpmSolver,
};

/** Options of diffusers' schedulers of images: a file that one class wrote is read by another, which leaves what it lacks unread. */
const everywhere: ReadonlySet<string> = new Set(
  (
    "algorithm_type base_image_seq_len base_shift beta_end beta_max beta_min beta_schedule beta_start clip_denoised clip_sample " +
    "clip_sample_range correct_steps corrector_order disable_corrector dynamic_thresholding_ratio eta euler_at_final " +
    "final_sigmas_type flow_shift interpolation_type invert_sigmas lambda_min_clipped lower_order_final " +
    "max_image_seq_len max_shift noise_sampler_seed num_train_timesteps original_inference_steps predict_x0 " +
    "prediction_type predictor_order rescale_betas_zero_snr rho s_noise sample_max_value sampling_eps scale_factors " +
    "set_alpha_to_one shift shift_terminal sigma_data sigma_max sigma_min sigma_schedule skip_prk_steps snr " +
    "snr_shift_scale solver_order solver_p solver_type steps_offset stochastic_sampling t_max t_min tau_func " +
    "thresholding time_shift_type timestep_scaling timestep_spacing timestep_type trained_betas " +
    "use_beta_sigmas use_dynamic_shifting use_exponential_sigmas use_flow_sigmas use_karras_sigmas " +
    "use_lu_lambdas variance_type upscale_mode"
  ).split(" "),
);

export const diffusersClasses: readonly string[] = Object.keys(importers)
  .map((name) => `${name}Scheduler`)
  .sort();

export interface DiffusersRequest extends Request {
  /** `num_inference_steps`. */
  readonly steps?: number | undefined;
  /** Arguments of `set_timesteps` and `step`, by name. */
  readonly args?: Readonly<Record<string, Value>>;
}

/**
 * The sampler that a scheduler's configuration describes. Throws D0710 (an option nobody has), D0711 (options that
 * contradict each other, or that diffusers refuses), D0712 (something dsamp cannot say).
 */
export function importDiffusers(
  configuration: Readonly<Record<string, Value>>,
  request: DiffusersRequest,
): Imported {
  const { _class_name: given, ...rest } = configuration;
  if (typeof given !== "string")
    return fail("D0711", "the configuration has no `_class_name`", {
      help: "give scheduler/scheduler_config.json of a diffusers model",
    });
  const name = given.replace(/Scheduler$/, "");
  const importer = Object.hasOwn(importers, name) ? importers[name] : undefined;
  if (!importer)
    return fail("D0712", `schedulers of the class ${given} are not imported`, {
      help: didYouMean(given, diffusersClasses) ?? `the classes are ${diffusersClasses.join(", ")}`,
    });
  const options = Object.fromEntries(Object.entries(rest).filter(([key]) => !key.startsWith("_")));
  return importer({
    name,
    config: new Options(options, `${name}Scheduler`),
    args: new Options(request.args ?? {}, `set_timesteps or step of ${name}Scheduler`),
    steps: request.steps,
    request,
    elsewhere: everywhere,
  });
}
