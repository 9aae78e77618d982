// What an importer refuses, and how it says so.

import { describe, expect, test } from "vitest";
import { Failure } from "../../compiler/diagnostics/report.js";
import {
  importComfyUi,
  importDiffusers,
  importKDiffusion,
  readLine,
  type DiffusersRequest,
  type Value,
} from "../../importers/index.js";

function refusal(make: () => unknown): readonly [code: string, message: string, help: string | undefined] {
  try {
    make();
  } catch (error) {
    if (error instanceof Failure)
      return [error.diagnostic.code, error.diagnostic.message, error.diagnostic.help];
    throw error;
  }
  return ["written", "", undefined];
}

const of = (config: Readonly<Record<string, Value>>, request: DiffusersRequest = { steps: 20 }) =>
  refusal(() => importDiffusers(config, request));

type Refused = readonly [string, Readonly<Record<string, Value>>, DiffusersRequest | undefined];

const multistep = { _class_name: "DPMSolverMultistepScheduler" };
const cm = { _class_name: "CMStochasticIterativeScheduler" };
const flowLcm = { _class_name: "FlowMatchLCMScheduler" };
const unclip = { _class_name: "UnCLIPScheduler" };
const ve = { _class_name: "ScoreSdeVeScheduler" };
const cog = { _class_name: "CogVideoXDPMScheduler" };
const scm = { _class_name: "SCMScheduler" };
const inverse = { _class_name: "DPMSolverMultistepInverseScheduler", beta_schedule: "scaled_linear" };

describe("diffusers", () => {
  test("an option nobody has, with a suggestion", () => {
    const [code, message, help] = of({ ...multistep, use_karas_sigmas: true });
    expect([code, message]).toEqual([
      "D0710",
      "DPMSolverMultistepScheduler has no option `use_karas_sigmas`",
    ]);
    expect(help).toContain("use_karras_sigmas");
  });

  test("options of other classes are named while they are on", () => {
    // stable-diffusion-xl-base-1.0/scheduler/scheduler_config.json
    const sdxl = {
      _class_name: "EulerDiscreteScheduler",
      _diffusers_version: "0.19.0.dev0",
      beta_end: 0.012,
      beta_schedule: "scaled_linear",
      beta_start: 0.00085,
      clip_sample: false,
      interpolation_type: "linear",
      num_train_timesteps: 1000,
      prediction_type: "epsilon",
      sample_max_value: 1.0,
      set_alpha_to_one: false,
      skip_prk_steps: true,
      steps_offset: 1,
      timestep_spacing: "leading",
      trained_betas: null,
      use_karras_sigmas: false,
    };
    const { warnings = [], text } = importDiffusers(sdxl, { steps: 20 });
    expect(warnings.map(({ code, severity, message }) => [code, severity, message])).toEqual([
      ["D0713", "warning", "EulerDiscreteScheduler has no options `sample_max_value`, `skip_prk_steps`"],
    ]);
    expect(text).toContain(
      "// Options of other classes, which this one leaves unread: sample_max_value, skip_prk_steps.",
    );
    expect(importDiffusers({ ...multistep, skip_prk_steps: false }, { steps: 20 }).warnings).toEqual([]);
  });

  test("an argument nobody has", () => {
    expect(of(multistep, { steps: 20, args: { eta: 1 } })[0]).toBe("D0710");
  });

  test.each([
    ["two grids", { ...multistep, use_karras_sigmas: true, use_beta_sigmas: true }],
    ["no class", {}],
    ["no steps", multistep, {}],
    ["steps and timesteps", multistep, { steps: 3, args: { timesteps: [999, 500] } }],
    ["timesteps and karras", { ...multistep, use_karras_sigmas: true }, { args: { timesteps: [999, 500] } }],
    ["what diffusers refuses", { ...multistep, algorithm_type: "dpmsolver" }],
    ["what diffusers refuses, under its old name", { ...multistep, algorithm_type: "deis" }],
    [
      "flow models have no noise prediction",
      {
        ...multistep,
        algorithm_type: "dpmsolver",
        final_sigmas_type: "sigma_min",
        use_flow_sigmas: true,
        prediction_type: "flow_prediction",
      },
    ],
    [
      "two levels above the table",
      { _class_name: "EulerDiscreteScheduler", use_karras_sigmas: true, sigma_max: 700 },
    ],
    [
      "one step of no length",
      { _class_name: "EDMEulerScheduler", final_sigmas_type: "sigma_min" },
      { steps: 1 },
    ],
    [
      "timesteps of continuous time",
      {
        _class_name: "EulerDiscreteScheduler",
        timestep_type: "continuous",
        prediction_type: "v_prediction",
      },
      { args: { timesteps: [999, 500] } },
    ],
    ["NaN in diffusers", { _class_name: "UniPCMultistepScheduler", solver_type: "bh1" }],
    ["NaN in diffusers", { _class_name: "DDPMScheduler", variance_type: "fixed_large_log" }],
    [
      "order 3 of the SDE",
      { ...multistep, algorithm_type: "sde-dpmsolver", final_sigmas_type: "sigma_min", solver_order: 3 },
    ],
    ["a word it does not know", { ...multistep, timestep_spacing: "leeding" }],
    ["a text for a number", { ...multistep, solver_order: "two" }],
    ["a shift without mu", { _class_name: "FlowMatchEulerDiscreteScheduler", use_dynamic_shifting: true }],
    ["mu without a shift", { _class_name: "FlowMatchEulerDiscreteScheduler" }, { steps: 4, args: { mu: 1 } }],
    ["more steps than the model has", { _class_name: "LCMScheduler" }, { steps: 51 }],
    ["betas of another length", { ...multistep, trained_betas: [0.1, 0.2] }],
    ["noise on levels that rise", { ...inverse, algorithm_type: "sde-dpmsolver++" }],
    ["NaN in the last step", { ...inverse, timestep_spacing: "trailing", solver_order: 3 }],
    ["NaN in the last step", { ...inverse, use_karras_sigmas: true, solver_type: "heun" }, { steps: 15 }],
    ["the first timestep twice", { ...inverse, use_exponential_sigmas: true }, { steps: 30 }],
    ["the first timestep twice", { ...inverse, use_flow_sigmas: true, flow_shift: 12 }, { steps: 100 }],
    ["more steps than training steps", inverse, { steps: 1001 }],
    ["an offset beyond the end", { ...inverse, timestep_spacing: "leading", steps_offset: 200 }],
    ["flow predictions without flow levels", { ...inverse, prediction_type: "flow_prediction" }],
    [
      "order 3 with noise",
      { ...inverse, use_flow_sigmas: true, algorithm_type: "sde-dpmsolver++", solver_order: 3 },
    ],
    ["more steps than levels", cm, { steps: 41 }],
    ["timesteps that rise", cm, { args: { timesteps: [0, 22] } }],
    ["a timestep beyond the levels", cm, { args: { timesteps: [40, 22] } }],
    ["steps and timesteps", cm, { steps: 2, args: { timesteps: [22, 0] } }],
    ["a step that ends where it begins", cm, { args: { timesteps: [39] } }],
    ["no lowest level", { ...cm, sigma_min: 0 }],
    ["another prediction than trigflow", { ...scm, prediction_type: "epsilon" }],
    ["more steps than training steps", { ...scm, num_train_timesteps: 10 }],
    ["a middle of more steps than two", scm, { steps: 3, args: { intermediate_timesteps: 1 } }],
    ["a middle above the start", scm, { steps: 2, args: { intermediate_timesteps: 1.6 } }],
    ["times and a start", scm, { args: { timesteps: [1.5, 0], max_timesteps: 1.5 } }],
    ["as many times as steps", scm, { steps: 2, args: { timesteps: [1.5, 0] } }],
    ["one step, which divides by 0", unclip, { steps: 1 }],
    ["a velocity", { ...unclip, prediction_type: "v_prediction" }],
    ["another table", { ...unclip, beta_schedule: "linear" }],
    ["a variance of DDPM", { ...unclip, variance_type: "fixed_large" }],
    ["more steps than training steps", { ...cog, timestep_spacing: "linspace" }, { steps: 1001 }],
    ["the only step has no length", { ...cog, set_alpha_to_one: false }, { steps: 1 }],
    ["no range of levels", { ...ve, sigma_min: 2000 }],
    ["an end at time 0", { ...ve, sampling_eps: 0 }],
    ["an end at time 0", { _class_name: "ScoreSdeVpScheduler", sampling_eps: 0 }],
    ["no rate", { _class_name: "ScoreSdeVpScheduler", beta_min: 0 }],
    ["flow levels and karras levels", { ...multistep, use_flow_sigmas: true, use_karras_sigmas: true }],
  ] as readonly Refused[])("contradiction: %s", (_, config, request) => {
    expect(of(config, request)[0]).toBe("D0711");
  });

  test.each([
    ["a class", { _class_name: "KarrasVeScheduler" }],
    [
      "fresh noise at levels of the other direction",
      { _class_name: "FlowMatchEulerDiscreteScheduler", invert_sigmas: true, stochastic_sampling: true },
    ],
    [
      "a last step up",
      {
        _class_name: "EulerDiscreteScheduler",
        use_karras_sigmas: true,
        sigma_min: 0.001,
        final_sigmas_type: "sigma_min",
      },
    ],
    ["a function", { _class_name: "SASolverScheduler", tau_func: "f" }],
    ["a learned variance", { ...multistep, variance_type: "learned" }],
    ["a learned variance", { ...inverse, variance_type: "learned" }],
    ["times beyond pi/2", scm, { steps: 8, args: { max_timesteps: 2 } }],
    ["a run that ends at noise", { ...flowLcm, invert_sigmas: true }],
    ["states of several sizes", { ...flowLcm, scale_factors: [0.5, 1] }],
    ["timesteps beside levels", flowLcm, { args: { timesteps: [999, 500], sigmas: [1, 0.5] } }],
    [
      "timesteps of stretched levels",
      { ...flowLcm, shift_terminal: 0.1 },
      { args: { timesteps: [999, 500] } },
    ],
    ["one step of a table of levels", ve, { steps: 1 }],
    ["an end above the lowest level", { ...ve, sampling_eps: 0.1 }],
    ["times that rise", scm, { args: { timesteps: [1, 1.5, 0] } }],
    [
      "timesteps that diffusers drops",
      { ...inverse, use_karras_sigmas: true, beta_schedule: "squaredcos_cap_v2" },
    ],
  ] as readonly Refused[])("no counterpart: %s", (_, config, request) => {
    expect(of(config, request)[0]).toBe("D0712");
  });
});

test.each([
  ["dpmpp_2m karas 20", "D0710"],
  ["dpmpp_2n karras 20", "D0710"],
  ["dpmpp_2m karras 20 eta=1", "D0710"],
  ["dpmpp_2m karras", "D0711"],
  ["dpmpp_2m karras 20 30", "D0711"],
  ["dpmpp_2m karras vp 20", "D0711"],
  ["dpm_fast karras 20", "D0711"],
  ["euler karras 20 model=denoiser", "D0711"],
  ["dpmpp_2m_sde karras 1", "D0711"],
  ["euler_ancestral karras 20 eta=-1", "D0711"],
  ["euler karras 20 sigma_min=0.03 sigma_min=1", "D0711"],
  ["dpm_adaptive 20", "D0711"],
])("k-diffusion %s: %s", (line, code) => {
  expect(refusal(() => importKDiffusion(readLine(line), {}))[0]).toBe(code);
});

test.each([
  ["dpmpp_2m karras", "D0711"],
  ["dpmpp_2m 20", "D0711"],
  ["dpmpp_2m kl_optimum 20", "D0710"],
  ["dpmpp_2m karras 20 cgf=7", "D0710"],
  ["euler_of_mars karras 20", "D0712"],
])("ComfyUI %s: %s", (line, code) => {
  expect(refusal(() => importComfyUi(readLine(line), {}))[0]).toBe(code);
});
