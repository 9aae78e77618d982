// Owns: SA-Solver, as scxue/SA-Solver runs it with few steps and as diffusers does: exact weights, with a further term
// of third order in the step where predictor or corrector has order 2.

import type { Case, Fields } from "../format.js";
import { checkNames, everyStep, list, oneOf, samplerText, unsupported, type Replay } from "../spec.js";
import { atIndices, networks, predicts, variancePreserving } from "./paths.js";

/** `sa_solver` with numbers of its own for every step: orders, noise level, whether to correct. */
export const stochasticAdams = (
  predictor: readonly number[],
  corrector: readonly number[],
  taus: readonly number[],
  again: boolean,
  correctorTaus: readonly number[] = taus,
): string => `solver adams(kp = ${list(predictor)}, kc = ${list(corrector)}, taus = ${list(taus)}, later = ${list(correctorTaus)}) {
  noise z
  let rest(k, h) = (h*k - 1 + exp(-k*h))/k^2
  step {
    let h  = lambda[t] - lambda[s]
    let kP = 1 + taus[step]^2
    let kC = 1 + later[step]^2
    point e at t
    point a at t
    point b at t
    x[a] = integrate(s -> t, x0, over: lambda, through: s-kp[step]+1 .. s, tau: taus[step], noise: z)
    when kp[step] == 2 {
      x[e] = x[a] + kP*alpha[t]*(h^2/2 - rest(kP, h))/(lambda[s] - lambda[s-1])*(x0[s] - x0[s-1])
    }
    else { x[e] = x[a] }
    when kc[step] == 0 { x[t] = x[e] }
    else {
      x[b] = integrate(s -> t, x0, over: lambda, through: [s-kc[step]+2 .. s, e], tau: later[step], noise: z)
      when kc[step] == 2 { x[t] = x[b] + kC*alpha[t]*(h/2 - rest(kC, h)/h)*(x0[e] - x0[s]) }
      else               { x[t] = x[b] }
      ${again ? "" : "x0[t] = x0[e]"}
    }
  }
}`;

/** The noise level as a function of t. */
function tauOf(fields: Fields): (t: number) => number {
  const args = fields.numbers("args");
  const [level = 0, low = 0, high = 0] = args;
  switch (oneOf("tau", fields.text("kind"), ["const", "window"])) {
    case "const":
      return () => level;
    case "window":
      return (t) => (low <= t && t <= high ? level : 0);
  }
}

export function saSolver(entry: Case): Replay {
  const { options } = entry;
  checkNames(options, [
    "mode",
    "tau",
    "steps",
    "skip_type",
    "skip_order",
    "predictor_order",
    "corrector_order",
    "pc_mode",
    "algorithm_type",
    "t_start",
    "t_end",
  ]);
  oneOf("mode", options.text("mode"), ["few_steps"]);
  oneOf("algorithm_type", options.text("algorithm_type"), ["data_prediction"]);
  const again = oneOf("pc_mode", options.text("pc_mode"), ["PEC", "PECE"]) === "PECE";
  const times = entry.grid.numbers("t");
  const steps = times.length - 1;
  const path = variancePreserving(entry.schedule, times);
  const { threshold, ...models } = networks(entry);
  if (threshold) unsupported("thresholding");
  const tau = tauOf(options.object("tau"));
  const [p, c] = [options.number("predictor_order"), options.number("corrector_order")];
  const last = (k: number): boolean => k === steps - 1;
  const each = Array.from({ length: steps }, (_, k) => k);
  const predictor = each.map((k) => Math.min(p, k + 1, steps - k));
  const corrector = each.map((k) => (last(k) ? 0 : Math.min(c, k + 2, steps - k + 1)));
  const taus = each.map((k) => (last(k) ? 0 : tau(times[k + 1] as number)));
  return {
    text: samplerText({
      definitions: [
        atIndices,
        ...path.definitions,
        ...models.definitions,
        stochasticAdams(predictor, corrector, taus, again),
      ],
      schedule: path.schedule,
      predicts: predicts(entry.prediction),
      guidance: models.guidance,
      grid: path.grid(times),
      solver: "adams",
    }),
    model: models.model,
    conditions: models.conditions,
    labels: models.labels,
    // One draw is made, and not used, before the first step.
    noise: (_, step) => step + 1,
    trajectory: everyStep(entry.trajectory?.length ?? 0),
  };
}
