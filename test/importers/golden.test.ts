// Imports as files: read a change before accepting it with `vitest -u`.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { compile } from "../../compiler/compile.js";
import { memoryHost } from "../../compiler/host.js";
import { format } from "../../editor/fmt/format.js";
import {
  importComfyUi,
  importDiffusers,
  importKDiffusion,
  parsePythonJson,
  readLine,
  type Imported,
  type Value,
} from "../../importers/index.js";

/** As models publish it: keys of another class, infinities as Python writes them. */
const published = `{
  "_class_name": "DPMSolverMultistepScheduler", "_diffusers_version": "0.30.0",
  "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "lambda_min_clipped": -Infinity,
  "steps_offset": 1, "timestep_spacing": "leading", "skip_prk_steps": false, "solver_order": 2, "use_karras_sigmas": true
}`;

const sd15: Readonly<Record<string, Value>> = {
  _class_name: "PNDMScheduler",
  _diffusers_version: "0.6.0",
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: "scaled_linear",
  num_train_timesteps: 1000,
  set_alpha_to_one: false,
  skip_prk_steps: true,
  steps_offset: 1,
  trained_betas: null,
  clip_sample: false,
};

const golden: Readonly<Record<string, () => Imported>> = {
  "sd15-pndm": () => importDiffusers(sd15, { steps: 20 }),
  "dpmpp-2m-karras": () =>
    importDiffusers(parsePythonJson(published) as Readonly<Record<string, Value>>, { steps: 12, cfg: 7.5 }),
  "ddim-linspace": () =>
    importDiffusers(
      { _class_name: "DDIMScheduler", timestep_spacing: "linspace", clip_sample: true },
      { steps: 9, args: { eta: 0.5 } },
    ),
  "flux-euler": () =>
    importDiffusers(
      { _class_name: "FlowMatchEulerDiscreteScheduler", use_dynamic_shifting: true },
      { steps: 8, args: { tokens: 1024 } },
    ),
  "dpm-inversion": () =>
    importDiffusers(
      {
        _class_name: "DPMSolverMultistepInverseScheduler",
        use_karras_sigmas: true,
        beta_schedule: "scaled_linear",
      },
      { steps: 12, latents: true },
    ),
  "cm-imagenet": () =>
    importDiffusers(
      { _class_name: "CMStochasticIterativeScheduler", num_train_timesteps: 201 },
      { args: { timesteps: [106, 0] } },
    ),
  "sana-sprint": () => importDiffusers({ _class_name: "SCMScheduler", sigma_data: 0.5 }, { steps: 2 }),
  "k-dpmpp-2m": () => importKDiffusion(readLine("dpmpp_2m karras 20"), {}),
  "comfy-dpm-2": () => importComfyUi(readLine("dpm_2 normal 20 cfg=7"), {}),
};

test.each(Object.entries(golden))("%s", async (name, make) => {
  const made = make();
  const { text = made.text } = format(made.text, `${name}.dsamp`);
  const file = fileURLToPath(new URL(`golden/${name}.dsamp`, import.meta.url));
  await expect(text).toMatchFileSnapshot(file);
  expect(format(text, name).text, "formatted once and for all").toBe(text);
});

interface Row {
  readonly scheduler: string;
  readonly config: Readonly<Record<string, Value>>;
  readonly num_inference_steps: number;
  readonly timesteps: readonly number[];
  readonly sigmas?: readonly number[];
}

const { rows } = JSON.parse(
  readFileSync(new URL("../conformance/cases/diffusers-timesteps.json", import.meta.url), "utf8"),
) as { readonly rows: readonly Row[] };

/** One level a step; a last level that is repeated makes no step. */
function recordedLevels({ scheduler, timesteps, sigmas }: Row): readonly number[] {
  if (!sigmas) return timesteps;
  const twice = ["HeunDiscrete", "KDPM2Discrete"].includes(scheduler);
  const once = twice ? sigmas.filter((sigma, i) => i === 0 || sigma !== sigmas[i - 1]) : sigmas;
  const [before = 0, last = 0] = once.slice(-2);
  return Math.abs(before - last) < 1e-12 * Math.abs(before) ? once.slice(0, -1) : once;
}

test.each(
  rows.filter((row) => row.scheduler !== "PNDM").map((row, i) => [`${i} ${row.scheduler}`, row] as const),
)("the levels of %s", (_, row) => {
  const made = importDiffusers(
    { _class_name: `${row.scheduler}Scheduler`, ...row.config },
    { steps: row.num_inference_steps },
  );
  const { plan } = compile({ host: memoryHost({}), file: "levels.dsamp", text: made.text });
  const flow = row.scheduler.startsWith("Flow") || row.config["use_flow_sigmas"] === true;
  const levels = (plan?.grid ?? []).map((point) =>
    row.sigmas === undefined
      ? (point.index as number)
      : flow
        ? point.sigma
        : (point.sigma as number) / (point.alpha as number),
  );
  const recorded = recordedLevels(row);
  // Steps of singlestep solvers begin at some of the levels.
  const wanted =
    row.scheduler === "DPMSolverSinglestep"
      ? levels.map((level) => recorded.reduce((a, b) => (Math.abs(b - level) < Math.abs(a - level) ? b : a)))
      : recorded;
  expect(levels.length).toBeGreaterThanOrEqual(wanted.length);
  wanted.forEach((value, i) => expect(levels[i]).toBeCloseTo(value, 9));
});
