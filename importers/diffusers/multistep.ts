// Owns: diffusers' DPMSolverMultistep, DEISMultistep and UniPCMultistep, and the choice of orders that the first two
// share with the EDM schedulers.

import { drawEachStep, type Imported, type State } from "../imported.js";
import { contradiction, notImportable, type Options } from "../options.js";
import { call, quoted } from "../text.js";
import { type Context, type Importer, noVariance, thresholdOf, unitNoise, written } from "./context.js";
import { flowNeedsData, levelsOf, type Run } from "./levels.js";
import { compose, type Composed } from "./rules.js";

/** SDE rules whose diffusers form differs from the library's, by name. */
const sdeThird = (
  second: string,
): string => `// Order 3 of sde-dpmsolver++ as diffusers writes it: the weight of the second difference lacks a factor 2.
solver sde_dpmpp_third {
  noise z
  start sde_dpmpp_1 then ${second}
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
}`;

const sdeNoise = `// sde-dpmsolver: the reverse SDE with eps held constant, then linear in lambda.
solver sde_eps_1 {
  noise z
  step {
    let h = lambda[t] - lambda[s]
    x[t] = alpha[t]/alpha[s]*x[s] - 2*sigma[t]*expm1(h)*eps[s] + sigma[t]*sqrt(expm1(2*h))*z
  }
}

solver sde_eps_2(flavour = "midpoint") {
  noise z
  start sde_eps_1
  step {
    let h = lambda[t] - lambda[s]
    let d = (eps[s] - eps[s-1])*h/(lambda[s] - lambda[s-1])
    let c = where(flavour == "midpoint", expm1(h), 2*(expm1(h)/h - 1))
    x[t] = alpha[t]/alpha[s]*x[s] - 2*sigma[t]*expm1(h)*eps[s] - sigma[t]*c*d + sigma[t]*sqrt(expm1(2*h))*z
  }
}`;

export type Algorithm = "dpmsolver" | "dpmsolver++" | "sde-dpmsolver" | "sde-dpmsolver++";

/** With the word that the classes take for dpmsolver++. */
export const algorithms = ["dpmsolver", "dpmsolver++", "sde-dpmsolver", "sde-dpmsolver++", "deis"] as const;

/** Types of other solvers are taken as midpoint by the classes themselves. */
export const solverTypes = ["midpoint", "heun", "logrho", "bh1", "bh2"] as const;

export interface Multistep extends Composed {
  readonly definitions: readonly string[];
  readonly draw?: Imported["draw"];
}

interface Family {
  readonly rules: readonly string[];
  readonly definitions: readonly string[];
}

function family(algorithm: Algorithm, type: "midpoint" | "heun"): Family {
  const heun = type === "heun";
  switch (algorithm) {
    case "dpmsolver": {
      const flavour = quoted(heun ? "taylor" : "dpmsolver");
      return {
        rules: ["dpm_solver_1", call("dpm_solver_2m", { flavour }), call("dpm_solver_3m", { flavour })],
        definitions: [],
      };
    }
    case "dpmsolver++":
      return {
        rules: heun
          ? ["ddim", "dpmpp_2m_phi", "dpmpp_3m(second: dpmpp_2m_phi)"]
          : ["ddim", "dpmpp_2m", "dpmpp_3m"],
        definitions: [],
      };
    case "sde-dpmsolver++": {
      const second = call("sde_dpmpp_2m", { flavour: quoted(type) });
      return { rules: ["sde_dpmpp_1", second, "sde_dpmpp_third"], definitions: [sdeThird(second)] };
    }
    case "sde-dpmsolver":
      return {
        rules: ["sde_eps_1", call("sde_eps_2", { flavour: quoted(type) })],
        definitions: [sdeNoise],
      };
  }
}

/** Orders of the calls: rising at the start, lower at the end of short runs and of runs to zero. */
function orders(
  config: Options,
  order: number,
  calls: number,
  toZero: boolean,
  euler: boolean,
): readonly number[] {
  const short = config.flag("lower_order_final", true) && calls < 15;
  return Array.from({ length: calls }, (_, k) => {
    if (k === calls - 1 && (euler || short || toZero)) return 1;
    return Math.min(k === calls - 2 && short ? Math.min(order, 2) : order, k + 1);
  });
}

const lowered = [
  "lower_order_final acts in runs of fewer than 15 steps, euler_at_final and a last level of zero in all.",
];

function composed(plan: readonly number[], rules: readonly string[]): Composed {
  const top = Math.max(...plan);
  return compose(
    plan.map((p) => rules[p - 1] as string),
    rules[top - 1] as string,
    (k) => rules[Math.min(top, k + 1) - 1] as string,
    lowered,
  );
}

/** DPM-Solver multistep of the given algorithm; `dropped`: the last call is left out. */
export function multistepRule(
  config: Options,
  algorithm: Algorithm,
  calls: number,
  toZero: boolean,
  dropped: boolean,
  euler: boolean,
): Multistep {
  const order = config.whole("solver_order", 2);
  if (order > 3) contradiction(`${config.who}: solver_order ${order}, and the highest is 3`);
  const asked = config.word("solver_type", "midpoint", solverTypes);
  const type = asked === "heun" ? "heun" : "midpoint";
  const plan = orders(config, order, calls, toZero, euler).slice(0, dropped ? -1 : undefined);
  const { rules, definitions } = family(algorithm, type);
  if (Math.max(...plan) > rules.length)
    contradiction(
      `${config.who}: ${algorithm} has no order 3, and diffusers fails there`,
      "take solver_order 2",
    );
  const stochastic = algorithm.startsWith("sde");
  const needed = algorithm === "sde-dpmsolver++" && !plan.includes(3) ? [] : definitions;
  return { ...composed(plan, rules), definitions: needed, ...(stochastic ? { draw: drawEachStep } : {}) };
}

/** What the state after each call is, when each call makes one step. */
export const callStates =
  (levels: Run, each: boolean): Imported["states"] =>
  (calls): readonly State[] => {
    const steps = levels.dropped ? levels.calls - 1 : levels.calls;
    return Array.from({ length: calls }, (_, k) =>
      k === calls - 1 ? steps : each ? Math.min(k + 1, steps) : null,
    );
  };

/** The part that all classes of the family write alike. */
export function familyText(
  context: Context,
  levels: Run,
  rule: Multistep,
  guidance: readonly string[],
  each = true,
  notes: readonly string[] = [],
): Imported {
  // A run that leaves out a last step of no length has one step less than diffusers is asked for.
  return written(context, {
    definitions: [...levels.definitions, ...(levels.std ? [] : levels.why), ...rule.definitions],
    schedule: levels.schedule,
    init: levels.init ?? unitNoise,
    predicts: levels.predicts,
    guidance,
    grid: levels.std ?? levels.grid,
    steps: levels.steps,
    solver: rule.solver,
    final: rule.final,
    notes,
    states: callStates(levels, each),
    ...(rule.draw ? { draw: rule.draw } : {}),
  });
}

export const dpmSolverMultistep: Importer = (context) => {
  const { config } = context;
  const levels = levelsOf(context, {
    zeroSnr: true,
    lu: true,
    spaced: true,
    clipped: true,
    timesteps: true,
    final: true,
    dynamic: true,
    truncates: true,
  });
  noVariance(config);
  const asked = config.word("algorithm_type", "dpmsolver++", algorithms);
  const algorithm = asked === "deis" ? "dpmsolver++" : asked;
  if (!asked.endsWith("++") && levels.toZero)
    contradiction(
      `${config.who}: algorithm_type "${asked}" with final_sigmas_type "zero", which diffusers refuses`,
      'set final_sigmas_type to "sigma_min"',
    );
  flowNeedsData(config, levels, algorithm.endsWith("++") ? undefined : `algorithm_type "${algorithm}"`);
  const euler = config.flag("euler_at_final", false);
  const rule = multistepRule(config, algorithm, levels.calls, levels.toZero, levels.dropped, euler);
  return familyText(context, levels, rule, thresholdOf(config));
};

export const deisMultistep: Importer = (context) => {
  const { config } = context;
  const levels = levelsOf(context, { spaced: true, dynamic: true });
  config.word("algorithm_type", "deis", ["deis", "dpmsolver", "dpmsolver++"]);
  config.word("solver_type", "logrho", ["logrho", "midpoint", "heun", "bh1", "bh2"]);
  const order = config.whole("solver_order", 2);
  if (order > 3) contradiction(`${config.who}: solver_order ${order}, and the highest is 3`);
  const plan = orders(config, order, levels.calls, false, false).slice(0, levels.dropped ? -1 : undefined);
  const rules = ["dpm_solver_1", "deis_log_rho(k: 2)", "deis_log_rho(k: 3)"];
  const rule = { ...composed(plan, rules), definitions: [] };
  return familyText(context, levels, rule, thresholdOf(config));
};

export const unipcMultistep: Importer = (context) => {
  const { config } = context;
  const levels = levelsOf(context, {
    zeroSnr: true,
    spaced: true,
    final: true,
    dynamic: true,
    unipc: true,
  });
  config.off("solver_p", "another scheduler as predictor");
  const asked = config.word("solver_type", "bh2", ["bh1", "bh2", "midpoint", "heun", "logrho"]);
  const variant = quoted(asked === "bh1" ? "bh1" : "bh2");
  if (asked === "bh1" && levels.toZero)
    contradiction(
      `${config.who}: solver_type "bh1" with final_sigmas_type "zero" gives NaN in diffusers, since its B(h) is infinite`,
      'set final_sigmas_type to "sigma_min", or solver_type to "bh2"',
    );
  const order = config.whole("solver_order", 2);
  const lower = config.flag("lower_order_final", true);
  const data = config.flag("predict_x0", true);
  const off = new Set(config.numbers("disable_corrector") ?? []);
  if (!lower && levels.toZero && order > 1)
    contradiction(
      `${config.who}: lower_order_final false with final_sigmas_type "zero" makes a singular system in the last step`,
      "set lower_order_final to true",
    );
  flowNeedsData(config, levels, data ? undefined : "predict_x0 false");
  const name = data ? "unipc" : "unipc_eps";
  const { calls } = levels;
  if (!data && levels.toZero)
    notImportable(
      `${config.who}: predict_x0 false with final_sigmas_type "zero" multiplies an infinite weight with zero`,
      'set final_sigmas_type to "sigma_min"',
    );
  const at = (p: number, corrected: boolean): string => call(corrected ? name : `${name}_p`, { p, variant });
  const rules = Array.from({ length: calls }, (_, k) => {
    const p = Math.min(order, k + 1, lower ? calls - k : order);
    // The corrector of a step is made at the beginning of the next call; the last step has none.
    return at(p, k < calls - 1 && !off.has(k));
  }).slice(0, levels.dropped ? -1 : undefined);
  const top = Math.min(order, lower ? Math.ceil(calls / 2) : calls);
  const rule = compose(rules, at(top, true), (k) => at(Math.min(top, k + 1), true), [
    "The last step is not corrected; lower_order_final lowers the order in runs of any length.",
  ]);
  const bound = thresholdOf(config);
  return familyText(context, levels, { ...rule, definitions: [] }, data ? bound : [], false, [
    ...(data || bound.length === 0 ? [] : ["thresholding acts with predict_x0 only, and is left out here."]),
    "diffusers returns predicted states and corrects them at the next call; the states here are corrected.",
  ]);
};
