// Every class of diffusers, every sampler of k-diffusion and ComfyUI, over their options one and two at a time: what an
// importer writes compiles, and what it refuses it refuses with one of its three codes.

import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.js";
import { Failure } from "../../compiler/diagnostics/report.js";
import { memoryHost } from "../../compiler/host.js";
import { format } from "../../editor/fmt/format.js";
import { comfySamplers } from "../../importers/comfyuiSamplers.js";
import { schedulers } from "../../importers/comfyuiSchedulers.js";
import {
  diffusersClasses,
  importComfyUi,
  importDiffusers,
  importKDiffusion,
  readLine,
  type Imported,
  type Value,
} from "../../importers/index.js";

type Config = Readonly<Record<string, Value>>;

/** Errors of a file, or the code with which the importer refused. */
function outcome(make: () => Imported): string {
  let made: Imported;
  try {
    made = make();
  } catch (error) {
    if (error instanceof Failure) return error.diagnostic.code;
    throw error;
  }
  const { text, diagnostics } = format(made.text, "imported.dsamp");
  if (text === undefined)
    return `not formatted: ${diagnostics.map((item) => item.message).join("; ")}\n${made.text}`;
  const compiled = compile({ host: memoryHost({}), file: "imported.dsamp", text });
  // Published variances mix units (D0308), and rules of mixed order have no order to be decided.
  const found = compiled.diagnostics.filter((item) => item.severity === "error" || item.code === "D0202");
  return compiled.plan && found.length === 0
    ? "ok"
    : `${found.map((item) => `${item.code}: ${item.message}`).join("; ")}\n${text}`;
}

const refusals = new Set(["ok", "D0710", "D0711", "D0712"]);

/** Values of options that several classes share; a class without one is not asked. */
const settings: readonly Config[] = [
  {},
  { prediction_type: "v_prediction" },
  { prediction_type: "sample" },
  { beta_schedule: "scaled_linear", beta_start: 0.00085, beta_end: 0.012 },
  { beta_schedule: "squaredcos_cap_v2", prediction_type: "v_prediction", timestep_spacing: "leading" },
  { timestep_spacing: "leading", steps_offset: 1 },
  { timestep_spacing: "trailing" },
  { timestep_spacing: "linspace" },
  { use_karras_sigmas: true },
  { use_exponential_sigmas: true },
  { use_beta_sigmas: true },
  { use_karras_sigmas: true, final_sigmas_type: "sigma_min" },
  { final_sigmas_type: "sigma_min" },
  { rescale_betas_zero_snr: true, prediction_type: "v_prediction", timestep_spacing: "trailing" },
  { set_alpha_to_one: false },
  { set_alpha_to_one: false, clip_sample: false },
  { clip_sample: false },
  { thresholding: true, sample_max_value: 1.5 },
  { use_flow_sigmas: true, flow_shift: 3, prediction_type: "flow_prediction" },
  { solver_order: 1 },
  { solver_order: 3 },
  { solver_type: "heun", solver_order: 3 },
  { algorithm_type: "dpmsolver", final_sigmas_type: "sigma_min" },
  { algorithm_type: "sde-dpmsolver++" },
  { algorithm_type: "sde-dpmsolver++", solver_order: 3, solver_type: "heun" },
  { algorithm_type: "sde-dpmsolver", final_sigmas_type: "sigma_min" },
  { algorithm_type: "noise_prediction" },
  { lower_order_final: false },
  { skip_prk_steps: true },
  { shift: 3 },
  { variance_type: "fixed_large" },
  { variance_type: "learned_range" },
  { interpolation_type: "log_linear" },
  { predict_x0: false, final_sigmas_type: "sigma_min" },
  { sigma_schedule: "exponential" },
  { predictor_order: 3, corrector_order: 4 },
  { snr_shift_scale: 1, prediction_type: "v_prediction", rescale_betas_zero_snr: true },
  { eta: 0.5, shift: 3 },
];

describe("diffusers", () => {
  test.each(diffusersClasses)("%s", (name) => {
    let written = 0;
    for (const options of settings)
      for (const steps of Object.keys(options).length === 0 ? [1, 2, 5, 20] : [5]) {
        const found = outcome(() => importDiffusers({ _class_name: name, ...options }, { steps }));
        // A run of one or two steps may have no rule of its order, or no distance to go.
        if (!refusals.has(found) && steps > 2)
          expect(found, JSON.stringify({ name, options, steps })).toBe("ok");
        if (found === "ok") written += 1;
      }
    expect(written).toBeGreaterThan(3);
  });
});

const solvers =
  "euler heun dpm_2 lms dpmpp_2m euler_ancestral dpm_2_ancestral dpmpp_2s_ancestral dpmpp_sde dpmpp_2m_sde dpmpp_3m_sde";

test.each(solvers.split(" "))("k-diffusion %s", (name) => {
  for (const levels of ["karras", "exponential", "polyexponential rho=0.8", "vp", "karras append_zero=false"])
    for (const more of ["", " model=v", " model=denoiser sigma_min=0.01 sigma_max=50"]) {
      const line = `${name} ${levels} 6${levels === "vp" ? more.replace(/ sigma_m\w+=\S+/g, "") : more}`;
      expect(
        outcome(() => importKDiffusion(readLine(line), {})),
        line,
      ).toBe("ok");
    }
});

test("k-diffusion dpm_fast", () => {
  for (const line of ["dpm_fast 20", "dpm_fast 7 eta=0.5 sigma_min=0.03 sigma_max=10"])
    expect(outcome(() => importKDiffusion(readLine(line), {}))).toBe("ok");
});

const schedules = Object.keys(schedulers);

test.each(Object.keys(comfySamplers).map((name, i) => [name, i] as const))("ComfyUI %s", (name, i) => {
  for (const k of [0, 1, 2]) {
    const levels = schedules[(i + 3 * k) % schedules.length] ?? "";
    const more = /cfg_pp/.test(name) ? " cfg=1.5" : ["", " cfg=7", " model=v"][k];
    const line = `${name} ${levels} 9${more}`;
    expect(
      outcome(() => importComfyUi(readLine(line), {})),
      line,
    ).toBe(name === "dpm_adaptive" ? "D0711" : "ok");
  }
});

test.each(schedules)("ComfyUI's scheduler %s", (levels) => {
  for (const name of ["euler", "dpm_2", "dpm_fast"])
    for (const steps of [2, 38, 150]) {
      const line = `${name} ${levels} ${steps}`;
      expect(
        outcome(() => importComfyUi(readLine(line), {})),
        line,
      ).toBe("ok");
    }
});
