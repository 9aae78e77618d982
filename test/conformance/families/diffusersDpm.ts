// Owns: the samplers of huggingface/diffusers on variance-preserving or flow states whose levels are sigmas: DPMSolver
// multistep, UniPC, DEIS. Levels are taken as recorded; the order of each step follows from the options.

import type { Case, Fields } from "../format.js";
import {
  call,
  checkNames,
  guided,
  list,
  noNoise,
  oneOf,
  quoted,
  samplerText,
  unsupported,
  type Recorded,
  type Replay,
} from "../spec.js";
import { gridOptions } from "./diffusersSigma.js";
import { adams, singlestep } from "./diffusersSinglestep.js";
import { byOrder } from "./dpmsolver.js";

const pathOptions = [
  ...gridOptions,
  "use_lu_lambdas",
  "use_flow_sigmas",
  "flow_shift",
  "use_dynamic_shifting",
  "time_shift_type",
  "shift_terminal",
  "lambda_min_clipped",
  "prediction_type",
  "thresholding",
  "dynamic_thresholding_ratio",
  "sample_max_value",
  "variance_type",
  "solver_order",
  "solver_type",
  "lower_order_final",
];

export interface Rule {
  readonly definitions?: readonly string[];
  readonly solver: string;
  readonly final?: string | undefined;
  readonly noise?: Replay["noise"];
  /** False where the recorded states are not the states after each step. */
  readonly everyState?: boolean;
  /** Levels of the steps and what the recorded states are, where steps are groups of calls. */
  readonly sigmas?: readonly number[];
  readonly trajectory?: readonly Recorded[];
}

/** A last step of no length leaves the state as it is. */
const ofNoLength = (from: number, to: number): boolean => Math.abs(to - from) <= 1e-12 * Math.abs(from);

/** Orders of the steps: rising at the start, lower at the end of short runs and of runs to zero. */
function orders(config: Fields, steps: number, toZero: boolean): readonly number[] {
  const order = config.number("solver_order");
  const short = config.flag("lower_order_final") && steps < 15;
  return Array.from({ length: steps }, (_, k) => {
    const last = k === steps - 1 && (config.flag("euler_at_final") || short || toZero);
    if (last) return 1;
    const highest = k === steps - 2 && short ? Math.min(order, 2) : order;
    return Math.min(highest, k + 1);
  });
}

/** Stochastic rules whose diffusers form differs from the library's. */
const sdeRules = {
  third: `solver sde_third {
  noise z
  step {
    let h  = lambda[t] - lambda[s]
    let r0 = (lambda[s] - lambda[s-1])/h
    let r1 = (lambda[s-1] - lambda[s-2])/h
    let d0 = (x0[s] - x0[s-1])/r0
    let d1 = (x0[s-1] - x0[s-2])/r1
    let D1 = d0 + (d0 - d1)*r0/(r0 + r1)
    let D2 = (d0 - d1)/(r0 + r1)
    let e  = expm1(-2*h)
    x[t] = sigma[t]/sigma[s]*exp(-h)*x[s] - alpha[t]*e*x0[s] + alpha[t]*(e/(2*h) + 1)*D1
         + alpha[t]*((-e - 2*h)/(2*h)^2 - 1/2)*D2 + sigma[t]*sqrt(-e)*z
  }
}`,
  noiseFirst: `solver sde_eps_1 {
  noise z
  step {
    let h = lambda[t] - lambda[s]
    x[t] = alpha[t]/alpha[s]*x[s] - 2*sigma[t]*expm1(h)*eps[s] + sigma[t]*sqrt(expm1(2*h))*z
  }
}`,
  noiseSecond: `solver sde_eps_2(flavour = "midpoint") {
  noise z
  step {
    let h = lambda[t] - lambda[s]
    let d = (eps[s] - eps[s-1])*h/(lambda[s] - lambda[s-1])
    let c = where(flavour == "midpoint", expm1(h), 2*(expm1(h)/h - 1))
    x[t] = alpha[t]/alpha[s]*x[s] - 2*sigma[t]*expm1(h)*eps[s] - sigma[t]*c*d + sigma[t]*sqrt(expm1(2*h))*z
  }
}`,
};

export function multistep(config: Fields, steps: number, toZero: boolean): Rule {
  const algorithm = oneOf("algorithm_type", config.text("algorithm_type", "sde-dpmsolver++"), [
    "dpmsolver",
    "dpmsolver++",
    "sde-dpmsolver",
    "sde-dpmsolver++",
  ]);
  const type = oneOf("solver_type", config.text("solver_type"), ["midpoint", "heun"]);
  const plan = orders(config, steps, toZero);
  const flavour = quoted(type);
  const noise = (_: string, step: number): number => step;
  switch (algorithm) {
    case "dpmsolver": {
      const second = `dpm_solver_2m(s -> t, flavour: ${quoted(type === "heun" ? "taylor" : "dpmsolver")})`;
      return planned(plan, { 1: "dpm_solver_1(s -> t)", 2: second, 3: "dpm_solver_3m(s -> t)" });
    }
    case "dpmsolver++":
      return planned(plan, {
        1: "ddim(s -> t)",
        2: type === "heun" ? "dpmpp_2m_phi(s -> t)" : "dpmpp_2m(s -> t)",
        3: "dpmpp_3m(s -> t)",
      });
    case "sde-dpmsolver++": {
      const rules = {
        1: "sde_dpmpp_1(s -> t)",
        2: `sde_dpmpp_2m(s -> t, flavour: ${flavour})`,
        3: "sde_third(s -> t)",
      };
      return { ...planned(plan, rules, [sdeRules.third]), noise };
    }
    case "sde-dpmsolver": {
      if (plan.includes(3)) unsupported("sde-dpmsolver of order 3, which the reference has not");
      const rules = { 1: "sde_eps_1(s -> t)", 2: `sde_eps_2(s -> t, flavour: ${flavour})` };
      return { ...planned(plan, rules, [sdeRules.noiseFirst, sdeRules.noiseSecond]), noise };
    }
  }
}

const planned = (
  plan: readonly number[],
  rules: Readonly<Record<number, string>>,
  definitions: readonly string[] = [],
): Rule => ({ definitions: [...definitions, byOrder(plan, rules)], solver: "planned" });

function deis(config: Fields, steps: number): Rule {
  checkNames(config, [...pathOptions, "algorithm_type"]);
  oneOf("solver_type", config.text("solver_type"), ["logrho"]);
  return planned(orders(config, steps, false), {
    1: "dpm_solver_1(s -> t)",
    2: "deis_log_rho(s -> t, k: 2)",
    3: "deis_log_rho(s -> t, k: 3)",
  });
}

/** `dropped`: the recorded run ends with a step of no length, at which the state before it is still corrected. */
function unipc(config: Fields, steps: number, dropped: boolean): Rule {
  checkNames(config, [...pathOptions, "predict_x0", "disable_corrector", "solver_p"]);
  if (config.has("solver_p")) unsupported("another solver as predictor (solver_p)");
  const variant = quoted(oneOf("solver_type", config.text("solver_type"), ["bh1", "bh2"]));
  const order = config.number("solver_order");
  const name = config.flag("predict_x0") ? "unipc" : "unipc_eps";
  const rule = (p: number): string => call(name, { p, variant });
  const predictor = (p: number): string => call(`${name}_p`, { p, variant });
  const total = dropped ? steps + 1 : steps;
  const lower = config.flag("lower_order_final");
  const top = lower ? Math.min(order, total) : 1;
  // The last steps of the recorded run have falling orders; the very last is not corrected.
  const ending = Array.from({ length: top - 1 }, (_, k) => rule(top - k));
  const final = dropped ? ending : [...ending, predictor(lower ? 1 : order)];
  const off = config.numbers("disable_corrector");
  if (off.some((k, i) => k !== i)) unsupported("a corrector that is disabled in the middle of the run");
  return {
    solver:
      off.length > 0 ? `${predictor(order)} while step < ${off.length} then ${rule(order)}` : rule(order),
    final: final.length > 0 ? final.join(" then ") : undefined,
    everyState: false,
  };
}

function guidanceOf(config: Fields): readonly string[] {
  if (!config.flag("thresholding")) return [];
  return [
    call("dynamic_threshold", {
      p: config.number("dynamic_thresholding_ratio"),
      floor: 1,
      ceiling: config.number("sample_max_value"),
    }),
  ];
}

const views: Readonly<Record<string, string>> = {
  epsilon: "eps",
  sample: "x0",
  v_prediction: "v",
  flow_prediction: "flow",
};

export function diffusersDpm(entry: Case): Replay {
  const config = entry.options.object("config");
  checkNames(entry.options, ["num_inference_steps", "config", "set_timesteps", "step"]);
  checkNames(entry.options.object("step"), []);
  if (config.has("variance_type")) unsupported("a model that also predicts a variance");
  const recorded = entry.grid.numbers("sigma");
  const [before, last] = recorded.slice(-2) as [number, number];
  const dropped = ofNoLength(before, last);
  const sigmas = dropped ? recorded.slice(0, -1) : recorded;
  if (sigmas.some((sigma, i) => i > 0 && ofNoLength(sigmas[i - 1] as number, sigma)))
    unsupported("levels that repeat in the middle of the run");
  const steps = sigmas.length - 1;
  const total = recorded.length - 1;
  const flow = config.flag("use_flow_sigmas");
  const times = entry.grid.numbers("t");
  const rule = ruleOf(entry.solver, config, total, last === 0, dropped, sigmas, times);
  const points = rule.sigmas ?? sigmas;
  const { guidance, ...models } = guided(entry);
  const positive = sigmas.filter((sigma) => sigma > 0);
  const path = flow
    ? []
    : [
        [
          "schedule path {",
          `  time t from ${Math.max(...positive) * 2} to ${Math.min(...positive) / 2}`,
          "  alpha = 1/sqrt(1 + t^2)",
          "  sigma = t/sqrt(1 + t^2)",
          "}",
        ].join("\n"),
      ];
  const trajectory = Array.from({ length: entry.trajectory?.length ?? 0 }, (_, k): Recorded => {
    if (rule.trajectory) return rule.trajectory[k] ?? null;
    if (k === total - 1) return steps;
    return rule.everyState === false ? null : Math.min(k + 1, steps);
  });
  return {
    text: samplerText({
      definitions: [...path, ...(rule.definitions ?? [])],
      schedule: flow ? "flow" : "path",
      predicts: views[entry.prediction] ?? unsupported(`a model that predicts '${entry.prediction}'`),
      guidance: [...guidance, ...guidanceOf(config)],
      grid: flow ? `given_times(times: ${list(points)})` : `given(rhos: ${list(points)})`,
      solver: rule.solver,
      final: rule.final,
    }),
    ...models,
    noise: rule.noise ?? noNoise,
    trajectory,
  };
}

function ruleOf(
  solver: string,
  config: Fields,
  total: number,
  toZero: boolean,
  dropped: boolean,
  sigmas: readonly number[],
  times: readonly number[],
): Rule {
  switch (solver) {
    case "DPMSolverMultistep":
      checkNames(config, [...pathOptions, "algorithm_type", "euler_at_final"]);
      return multistep(config, total, toZero);
    case "DEISMultistep":
      return deis(config, total);
    case "DPMSolverSinglestep":
      checkNames(config, [...pathOptions, "algorithm_type"]);
      if (dropped) unsupported("a last step of no length");
      if (config.flag("use_flow_sigmas")) unsupported("flow levels");
      return singlestep(config, sigmas);
    case "SASolver":
      checkNames(config, [
        ...pathOptions,
        "algorithm_type",
        "predictor_order",
        "corrector_order",
        "tau_func",
      ]);
      return {
        definitions: adams(config, times, sigmas.length - 1),
        solver: "adams",
        noise: (_, step) => step,
        everyState: false,
      };
    case "UniPCMultistep":
      return unipc(config, dropped ? total - 1 : total, dropped);
    default:
      return unsupported(`the scheduler '${solver}' is not mapped to a solver`);
  }
}
