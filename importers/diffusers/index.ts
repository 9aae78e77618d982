// Owns: `dsamp import diffusers`: which class a configuration is of, and its importer.

import { fail } from "../../compiler/diagnostics/report.js";
import { didYouMean } from "../../compiler/resolve/suggest.js";
import type { Imported, Request } from "../imported.js";
import { Options, type Value } from "../options.js";
import type { Importer } from "./context.js";
import { ddim, ddimInverse, ddpm } from "./ddim.js";
import { cosineDpmSolver, edmDpmSolver, edmEuler } from "./edm.js";
import { flowMatchEuler, flowMatchHeun } from "./flow.js";
import { lcm, tcd } from "./lcm.js";
import { deisMultistep, dpmSolverMultistep, unipcMultistep } from "./multistep.js";
import { pndm } from "./pndm.js";
import { saSolver } from "./sasolver.js";
import { sigmaSchedulers } from "./sigma.js";
import { dpmSolverSinglestep } from "./singlestep.js";

const importers: Readonly<Record<string, Importer>> = {
  ...sigmaSchedulers,
  DDIM: ddim,
  DDIMInverse: ddimInverse,
  DDPM: ddpm,
  PNDM: pndm,
  LCM: lcm,
  TCD: tcd,
  DPMSolverMultistep: dpmSolverMultistep,
  DPMSolverSinglestep: dpmSolverSinglestep,
  DEISMultistep: deisMultistep,
  UniPCMultistep: unipcMultistep,
  SASolver: saSolver,
  FlowMatchEulerDiscrete: flowMatchEuler,
  FlowMatchHeunDiscrete: flowMatchHeun,
  EDMEuler: edmEuler,
  EDMDPMSolverMultistep: edmDpmSolver,
  CosineDPMSolverMultistep: cosineDpmSolver,
};

/** Options of the classes above: a file that one class wrote is read by another, which leaves what it lacks unread. */
const everywhere: ReadonlySet<string> = new Set(
  (
    "num_train_timesteps beta_start beta_end beta_schedule trained_betas solver_order prediction_type thresholding " +
    "dynamic_thresholding_ratio sample_max_value algorithm_type solver_type lower_order_final euler_at_final " +
    "use_karras_sigmas use_exponential_sigmas use_beta_sigmas use_lu_lambdas use_flow_sigmas flow_shift " +
    "final_sigmas_type lambda_min_clipped variance_type timestep_spacing steps_offset rescale_betas_zero_snr " +
    "use_dynamic_shifting time_shift_type predict_x0 disable_corrector solver_p sigma_min sigma_max shift_terminal " +
    "clip_sample clip_sample_range set_alpha_to_one skip_prk_steps interpolation_type timestep_type noise_sampler_seed " +
    "original_inference_steps timestep_scaling predictor_order corrector_order tau_func shift base_shift max_shift " +
    "base_image_seq_len max_image_seq_len invert_sigmas stochastic_sampling sigma_data sigma_schedule rho"
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
