// Owns: `dsamp import k-diffusion`: a sampler, a rule for the sigmas, and the model's wrapper.

import { fail } from "../compiler/diagnostics/report.js";
import { didYouMean } from "../compiler/resolve/suggest.js";
import { everyCall, type Imported, type Request } from "./imported.js";
import { samplers } from "./karras.js";
import type { SamplerLine } from "./line.js";
import { contradiction, Options } from "./options.js";
import { call, line, list, literal, samplerText, type Line } from "./text.js";

export const kDiffusionSchedules = ["karras", "exponential", "polyexponential", "vp"] as const;

interface Levels {
  readonly low: string;
  readonly high: string;
  readonly grid: Line | undefined;
  readonly definitions: readonly string[];
  readonly steps: number | undefined;
  readonly toZero: boolean;
}

/** The end of the model's own range, where it has one. */
function range(options: Options, model: string): { readonly low: string; readonly high: string } {
  const low = options.optional("sigma_min");
  const high = options.optional("sigma_max");
  if (model === "denoiser" && (low === undefined || high === undefined))
    contradiction(
      `${options.who}: \`sigma_min\` and \`sigma_max\` are missing, and a denoiser of its own has no range`,
      "give them: `sigma_min=0.002 sigma_max=80`",
    );
  if (low !== undefined && high !== undefined && !(low > 0 && low < high))
    contradiction(`${options.who}: sigma_min ${low} and sigma_max ${high}`);
  return {
    low: low === undefined ? "stable_diffusion.rho(index: 0)" : literal(low),
    high: high === undefined ? "stable_diffusion.rho(index: 999)" : literal(high),
  };
}

function vpLevels(options: Options, n: number, toZero: boolean): Levels {
  const d = literal(options.number("beta_d", 19.9));
  const m = literal(options.number("beta_min", 0.1));
  const e = literal(options.number("eps_s", 0.001));
  const at = (t: string): string => `sqrt(exp(${d}*${t}^2/2 + ${m}*${t}) - 1)`;
  return {
    low: at(e),
    high: at("1"),
    definitions: [
      [
        `// get_sigmas_vp: t from 1 to ${e} at equal distances.`,
        "grid levels {",
        `  let t(i) = lerp(1, ${e}, i/max(1, steps - 1))`,
        `  rho[i] = ${at("t(i)")}  for i in 0 .. steps - 1`,
        ...(toZero ? ["  then sigma = 0"] : []),
        "}",
      ].join("\n"),
    ],
    grid: line("levels"),
    steps: n,
    toZero,
  };
}

function levels(
  options: Options,
  name: string | undefined,
  steps: number | undefined,
  model: string,
): Levels {
  const given = options.numbers("sigmas");
  if (given) {
    if (name !== undefined) contradiction(`${options.who}: both \`${name}\` and \`sigmas\` are given`);
    const positive = given.filter((sigma) => sigma > 0);
    if (given.length < 2 || positive.length === 0)
      contradiction(`${options.who}: \`sigmas\` lists ${given.length} levels`);
    return {
      low: literal(Math.min(...positive)),
      high: literal(Math.max(...positive)),
      definitions: [],
      grid: line(call("given", { rhos: list(given) })),
      steps: undefined,
      toZero: given[given.length - 1] === 0,
    };
  }
  const n = steps ?? contradiction(`${options.who}: the number of steps is missing`, '"dpmpp_2m karras 20"');
  if (n < 1) contradiction(`${options.who}: no steps`);
  const toZero = options.flag("append_zero", true);
  const kind =
    kDiffusionSchedules.find((known) => known === name) ??
    fail("D0710", `k-diffusion has no rule \`${name ?? ""}\` for the sigmas`, {
      help: didYouMean(name ?? "", kDiffusionSchedules) ?? `the rules are ${kDiffusionSchedules.join(", ")}`,
    });
  if (kind === "vp") return vpLevels(options, n, toZero);
  const { low, high } = range(options, model);
  const rho = kind === "exponential" ? 1 : options.number("rho", kind === "karras" ? 7 : 1);
  const usual = kind === "karras" ? 7 : 1;
  const std = kind === "exponential" ? "exponential" : call(kind, { power: rho === usual ? undefined : rho });
  if (toZero)
    return {
      low,
      high,
      definitions: [],
      grid: line(std, `get_sigmas_${kind}, which appends a zero: as many steps as levels.`),
      steps: n,
      toZero,
    };
  const p = literal(rho);
  const u = "i/max(1, steps - 1)";
  const formula =
    kind === "karras"
      ? `rho[i] = lerp(rho[start]^(1/${p}), rho[end]^(1/${p}), ${u})^${p}`
      : `log(rho[i]) = lerp(log(rho[end]), log(rho[start]), (1 - ${u})^${p})`;
  return {
    low,
    high,
    definitions: [
      `// get_sigmas_${kind} without the appended zero: ${n} levels, and one step less.\ngrid levels {\n  ${formula}  for i in 0 .. steps - 1\n}`,
    ],
    grid: line("levels"),
    steps: n,
    toZero,
  };
}

const models = ["eps", "v", "denoiser"] as const;

/** The sampler that a line describes. Throws D0710, D0711. */
export function importKDiffusion(given: SamplerLine, request: Request): Imported {
  const name = given.sampler.replace(/^sample_/, "");
  const reader = Object.hasOwn(samplers, name) ? samplers[name] : undefined;
  if (!reader)
    return fail("D0710", `k-diffusion has no sampler \`${name}\``, {
      help: didYouMean(name, Object.keys(samplers)) ?? `the samplers are ${Object.keys(samplers).join(", ")}`,
    });
  const options = new Options(given.options, name);
  const model = options.word("model", "eps", models);
  const adaptive = name === "dpm_adaptive";
  const own = name === "dpm_fast" || adaptive;
  const example = adaptive ? '"dpm_adaptive"' : '"dpm_fast 20"';
  if (own && given.schedule !== undefined)
    contradiction(
      `${name} makes its own levels, and \`${given.schedule}\` is given`,
      `${example}, with sigma_min and sigma_max as options`,
    );
  if (adaptive && given.steps !== undefined)
    contradiction(
      `dpm_adaptive chooses its steps by their error, and ${given.steps} are asked for`,
      `${example}; rtol and atol say how exact it is`,
    );
  const steps =
    own && !adaptive && given.steps === undefined
      ? contradiction("dpm_fast: the number of network calls is missing", '"dpm_fast 20"')
      : given.steps;
  const made: Levels = own
    ? {
        ...range(options, model),
        definitions: [],
        grid: adaptive ? undefined : line("log_snr", "Equal steps in log sigma."),
        steps: undefined,
        toZero: false,
      }
    : levels(options, given.schedule, steps, model);
  const rule = reader(options, { steps: steps ?? 0, toZero: made.toZero });
  options.finish();
  const wrapper = {
    eps: line(
      "eps_on_ve",
      "DiscreteEpsDDPMDenoiser on the table of Stable Diffusion. A time between training steps is interpolated in",
      "log(alpha) here, in log(sigma) there.",
    ),
    v: line("v_on_ve", "DiscreteVDDPMDenoiser on the table of Stable Diffusion."),
    denoiser: line("x0", "The model returns the denoised state and is told sigma."),
  }[model];
  const text = samplerText({
    name,
    head: [
      `k-diffusion sample_${name}${given.schedule === undefined ? "" : `, ${given.schedule} sigmas`}${steps === undefined ? "" : `, ${steps} steps`}; written by \`dsamp import k-diffusion\`.`,
      ...(options.defaults.length === 0
        ? []
        : [`Not given, so as the function has it: ${options.defaults.join(", ")}.`]),
    ],
    definitions: made.definitions,
    schedule: line(
      call("edm", { sigma_min: made.low, sigma_max: made.high }),
      "The state is x0 + sigma*noise.",
    ),
    predicts: wrapper,
    guidance: request.cfg === undefined ? [] : [call("cfg", { scale: request.cfg })],
    guidanceWhy: ["On the denoised states: unconditional + scale*(conditional - unconditional)."],
    latents: request.latents === true,
    grid: made.grid,
    steps: made.steps,
    solver: rule.solver,
    final: rule.final,
  });
  return { text, sampler: name, states: everyCall, draw: rule.draw };
}
