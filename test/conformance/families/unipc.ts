// Owns: wl-zhao/UniPC: predictor-corrector of order p on x0 or eps over variance-preserving paths.

import type { Case, Fields } from "../format.js";
import {
  call,
  checkNames,
  everyStep,
  noNoise,
  oneOf,
  quoted,
  samplerText,
  unsupported,
  type Recorded,
  type Replay,
} from "../spec.js";
import {
  atIndices,
  denoised,
  networks,
  predicts,
  thresholdRule,
  variancePreserving,
  type Threshold,
} from "./paths.js";

const known = [
  "variant",
  "algorithm_type",
  "order",
  "steps",
  "skip_type",
  "t_start",
  "t_end",
  "method",
  "lower_order_final",
  "denoise_to_zero",
  "correcting_x0_fn",
  "thresholding_max_val",
  "dynamic_thresholding_ratio",
];

/**
 * The variant "vary_coeff" as published. Its weights come from the inverse of C, C[i][j] = r_i^j/(j+1)!; in the corrector
 * the new difference enters once, with the row that the loop left behind, so the order is 1.
 */
const varyRule = (data: boolean, corrected: boolean): string => {
  const name = `vary${data ? "" : "_eps"}${corrected ? "" : "_p"}`;
  const view = data ? "x0" : "eps";
  const base = data
    ? "sigma[t]/sigma[s]*x[s] - alpha[t]*expm1(h)*x0[s]"
    : "alpha[t]/alpha[s]*x[s] - sigma[t]*expm1(h)*eps[s]";
  const scale = data ? "alpha[t]" : "sigma[t]";
  return `solver ${name}(p = 3) {
  start ${name}(p: p - 1)
  step {
    let d = lambda[t] - lambda[s]
    let h = ${data ? "-d" : "d"}
    let r = [where(k == p, 1, (lambda[s-k] - lambda[s])/d) for k in 1 .. p]
    let weights(n, b) = solve([[r[i]^j/factorial(j + 1) for i in 0 .. n-1] for j in 0 .. n-1], b)
    let a    = weights(p - 1, [h*phi(k + 1, h) for k in 1 .. p-1])
    let base = ${base}
    let past(w) = sum(w[k-1]*(${view}[s-k] - ${view}[s])/r[k-1], k in 1 .. p-1)
${
  corrected
    ? `    let c = weights(p, [where(k == p, 0, h*phi(k + 1, h)) for k in 1 .. p])
    let l = weights(p, [where(k == max(1, p - 1), h*phi(p + 1, h), 0) for k in 1 .. p])
    point e at t
    x[e] = base - ${scale}*past(a)
    x[t] = base - ${scale}*(past(c) + l[p-1]*(${view}[e] - ${view}[s]))
    ${view}[t] = ${view}[e]`
    : `    x[t] = base - ${scale}*past(a)`
}
  }
}`;
};

/** The order falls to 1 at the end of the run, and the last step is not corrected. */
export function unipcEnd(
  steps: number,
  order: number,
  lowerFinal: boolean,
  rule: (p: number) => string,
  predictor: (p: number) => string,
): string {
  if (!lowerFinal) return predictor(order);
  const top = Math.min(order, steps);
  // Orders of the last `top` steps: top, ..., 2, 1.
  const corrected = Array.from({ length: top - 1 }, (_, k) => rule(top - k));
  return [...corrected, predictor(1)].join(" then ");
}

function correction(options: Fields): Threshold | undefined {
  if (!options.has("correcting_x0_fn")) return undefined;
  oneOf("correcting_x0_fn", options.text("correcting_x0_fn"), ["dynamic_thresholding"]);
  return thresholdRule(options.number("dynamic_thresholding_ratio"), options.number("thresholding_max_val"));
}

export function unipc(entry: Case): Replay {
  const { options } = entry;
  checkNames(options, known);
  oneOf("method", options.text("method"), ["multistep"]);
  const variant = quoted(oneOf("variant", options.text("variant"), ["bh1", "bh2", "vary_coeff"]));
  const vary = variant === quoted("vary_coeff");
  const kind = oneOf("algorithm_type", options.text("algorithm_type"), [
    "data_prediction",
    "noise_prediction",
  ]);
  const times = entry.grid.numbers("t");
  const steps = times.length - 1;
  const order = options.number("order");
  if (order < 1 || order > 8) unsupported(`order ${order}`);
  const data = kind === "data_prediction";
  const rule = (p: number): string =>
    vary ? call(data ? "vary" : "vary_eps", { p }) : call(data ? "unipc" : "unipc_eps", { p, variant });
  const predictor = (p: number): string =>
    vary
      ? call(data ? "vary_p" : "vary_eps_p", { p })
      : call(data ? "unipc_p" : "unipc_eps_p", { p, variant });
  const path = variancePreserving(entry.schedule, times);
  const { threshold: given, ...models } = networks(entry);
  const threshold = given ?? correction(options);
  const toZero = options.flag("denoise_to_zero");
  const trajectory: Recorded[] = [...everyStep(steps), ...(toZero ? (["result"] as const) : [])];
  return {
    text: samplerText({
      definitions: [
        atIndices,
        ...path.definitions,
        ...models.definitions,
        ...(vary ? [varyRule(data, true), varyRule(data, false)] : []),
      ],
      schedule: path.schedule,
      predicts: predicts(entry.prediction),
      guidance: [...models.guidance, ...(threshold && data ? [threshold.rule] : [])],
      grid: path.grid(times),
      solver: rule(order),
      final: unipcEnd(steps, order, options.flag("lower_order_final"), rule, predictor),
      output: toZero ? denoised(data ? undefined : threshold) : undefined,
    }),
    model: models.model,
    conditions: models.conditions,
    labels: models.labels,
    noise: noNoise,
    trajectory,
  };
}
