// Owns: crowsonkb/k-diffusion: alpha = 1, levels given as sigmas, the denoiser as prediction.

import type { Case } from "../format.js";
import {
  call,
  checkNames,
  everyStep,
  guided,
  list,
  noNoise,
  quoted,
  samplerText,
  unsupported,
  type Replay,
} from "../spec.js";
import { exploding } from "./paths.js";

interface Rule {
  readonly solver: string;
  readonly final?: string;
  readonly noise?: Replay["noise"];
}

/** The one draw of a step, whatever the path of names it has. */
const perStep = (_: string, step: number): number => step;

function churned(entry: Case, base: string): Rule {
  const { options } = entry;
  checkNames(options, ["s_churn", "s_tmin", "s_tmax", "s_noise"]);
  if (options.number("s_churn") === 0) return { solver: base };
  const solver = call("churned", {
    base,
    S_churn: options.number("s_churn"),
    S_min: options.number("s_tmin"),
    S_max: options.number("s_tmax"),
    S_noise: options.number("s_noise"),
  });
  return { solver, noise: perStep };
}

function stochastic(
  entry: Case,
  solver: string,
  more: readonly string[] = [],
): Readonly<Record<string, number>> {
  const { options } = entry;
  checkNames(options, ["eta", "s_noise", ...more]);
  if (options.number("eta") < 0) unsupported(`${solver} with a negative eta`);
  return { eta: options.number("eta"), s_noise: options.number("s_noise") };
}

function rule(entry: Case, toZero: boolean): Rule {
  const { options, solver } = entry;
  switch (solver) {
    case "euler":
    case "heun":
    case "dpm_2":
      return churned(entry, solver);
    case "lms":
      checkNames(options, ["order"]);
      return { solver: call("lms", { k: options.number("order") }) };
    case "dpmpp_2m":
      checkNames(options, []);
      return { solver, ...(toZero ? { final: "ddim" } : {}) };
    case "euler_ancestral":
    case "dpm_2_ancestral":
    case "dpmpp_2s_ancestral":
      return { solver: call(solver, stochastic(entry, solver)), noise: perStep };
    case "dpmpp_sde":
      return {
        solver: call("dpmpp_sde_independent", {
          ...stochastic(entry, solver, ["r"]),
          r: options.number("r"),
        }),
        noise: (path, step) => 2 * step + (path === "z" ? 0 : 1),
      };
    case "dpmpp_2m_sde": {
      const flavour = quoted(options.text("solver_type"));
      if (!['"midpoint"', '"heun"'].includes(flavour))
        unsupported(`solver_type ${flavour} is not implemented`);
      return {
        solver: call("sde_dpmpp_2m", { flavour, ...stochastic(entry, solver, ["solver_type"]) }),
        noise: perStep,
      };
    }
    case "dpmpp_3m_sde":
      return { solver: call("sde_dpmpp_3m", stochastic(entry, solver)), noise: perStep };
    case "dpm_fast":
      return {
        solver: call("dpm_fast", { budget: entry.schedule.number("n"), ...stochastic(entry, solver) }),
        noise: perStep,
      };
    default:
      return unsupported(
        `the sampler '${solver}' chooses its steps during the run, or is not in the library`,
      );
  }
}

export function kdiffusion(entry: Case): Replay {
  if (!entry.prediction.startsWith("denoiser")) unsupported(`a model that predicts '${entry.prediction}'`);
  if (!entry.grid.has("sigma")) unsupported("the grid of this run is found during the run");
  const sigmas = entry.grid.numbers("sigma");
  const toZero = sigmas[sigmas.length - 1] === 0;
  const { solver, final, noise } = rule(entry, toZero);
  const { guidance, ...models } = guided(entry);
  return {
    text: samplerText({
      schedule: exploding(sigmas),
      predicts: "x0",
      guidance,
      grid: `given(rhos: ${list(sigmas)})`,
      solver,
      final,
    }),
    ...models,
    noise: noise ?? noNoise,
    trajectory: everyStep(entry.trajectory?.length ?? 0),
  };
}
