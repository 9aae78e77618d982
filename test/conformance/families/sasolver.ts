// Owns: SA-Solver, as scxue/SA-Solver runs it with few steps and as diffusers does: exact weights, with a further term
// of third order in the step where predictor or corrector has order 2.

import type { Case, Fields } from "../format.js";
import { checkNames, everyStep, list, oneOf, samplerText, unsupported, type Replay } from "../spec.js";
import { atIndices, denoised, networks, predicts, variancePreserving } from "./paths.js";

/** How a run of SA-Solver differs from `sa_solver`: numbers of its own for every step, and what the release adds. */
export interface Adams {
  readonly predictor: readonly number[];
  /** 0: no correction. */
  readonly corrector: readonly number[];
  readonly taus: readonly number[];
  /** Of the corrector, if others. */
  readonly correctorTaus?: readonly number[];
  /** PECE: the corrected state is evaluated. */
  readonly again: boolean;
  /** On eps instead of x0. */
  readonly noise?: boolean;
  /** The further terms where an order is 2. */
  readonly rescaled: boolean;
}

/** The exact step of the reverse SDE with noise level tau for a polynomial x0 or eps through the points. */
const exactStep = (to: string, through: string, tau: string, noise: boolean): string =>
  noise
    ? `x[${to}] = (1 + ${tau}^2)*integrate(s -> t, eps, over: lambda, through: ${through}) - ${tau}^2*alpha[t]/alpha[s]*x[s] + ${tau}*sigma[t]*sqrt(expm1(2*h))*z`
    : `x[${to}] = integrate(s -> t, x0, over: lambda, through: ${through}, tau: ${tau}, noise: z)`;

export function stochasticAdams(run: Adams): string {
  const { predictor, corrector, taus, correctorTaus = taus, noise = false } = run;
  const view = noise ? "eps" : "x0";
  const twoPoint = (order: string, to: string, from: string, term: string): readonly string[] =>
    run.rescaled && !noise
      ? [
          `when ${order} == 2 { x[${to}] = x[${from}] + ${term} }`,
          `else                { x[${to}] = x[${from}] }`,
        ]
      : [`x[${to}] = x[${from}]`];
  const body = [
    "let h  = lambda[t] - lambda[s]",
    "let kP = 1 + taus[step]^2",
    "let kC = 1 + later[step]^2",
    "point e at t",
    "point a at t",
    "point b at t",
    exactStep("a", "s-kp[step]+1 .. s", "taus[step]", noise),
    ...twoPoint(
      "kp[step]",
      "e",
      "a",
      "kP*alpha[t]*(h^2/2 - rest(kP, h))/(lambda[s] - lambda[s-1])*(x0[s] - x0[s-1])",
    ),
    "when kc[step] == 0 { x[t] = 1*x[e] }",
    "else {",
    `  ${exactStep("b", "[s-kc[step]+2 .. s, e]", "later[step]", noise)}`,
    ...twoPoint("kc[step]", "t", "b", "kC*alpha[t]*(h/2 - rest(kC, h)/h)*(x0[e] - x0[s])").map(
      (text) => `  ${text}`,
    ),
    // What comes after the last step calls the network on the corrected state.
    ...(run.again ? [] : [`  when step < steps - 1 { ${view}[t] = ${view}[e] }`]),
    "}",
  ];
  return `solver adams(kp = ${list(predictor)}, kc = ${list(corrector)}, taus = ${list(taus)}, later = ${list(correctorTaus)}) {
  noise z
  let rest(k, h) = (h*k - 1 + exp(-k*h))/k^2
  step {
${body.map((line) => `    ${line}`).join("\n")}
  }
}`;
}

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
  // "more_steps" corrects the last step too, denoises at the end, and leaves the further terms out.
  const few = oneOf("mode", options.text("mode"), ["few_steps", "more_steps"]) === "few_steps";
  const noise =
    oneOf("algorithm_type", options.text("algorithm_type"), ["data_prediction", "noise_prediction"]) ===
    "noise_prediction";
  const again = oneOf("pc_mode", options.text("pc_mode"), ["PEC", "PECE"]) === "PECE";
  const times = entry.grid.numbers("t");
  const steps = times.length - 1;
  const path = variancePreserving(entry.schedule, times);
  const { threshold, ...models } = networks(entry);
  const tau = tauOf(options.object("tau"));
  const [p, c] = [options.number("predictor_order"), options.number("corrector_order")];
  const last = (k: number): boolean => k === steps - 1;
  const each = Array.from({ length: steps }, (_, k) => k);
  // The order falls at the end, but not in the steps that fill the history.
  const filling = Math.max(p, c - 1) - 1;
  const predictor = each.map((k) => Math.min(p, k < filling ? k + 1 : steps - k));
  const corrector = each.map((k) => (few && last(k) ? 0 : Math.min(c, k < filling ? k + 2 : steps - k + 1)));
  const taus = each.map((k) => (few && last(k) ? 0 : tau(times[k + 1] as number)));
  if (!few) checkEnd(entry, times[steps] as number);
  return {
    text: samplerText({
      definitions: [
        atIndices,
        ...path.definitions,
        ...models.definitions,
        stochasticAdams({ predictor, corrector, taus, again, noise, rescaled: few }),
      ],
      schedule: path.schedule,
      predicts: predicts(entry.prediction),
      // Only the data form corrects x0 on the way; the closing denoising always does.
      guidance: [...models.guidance, ...(threshold && !noise ? [threshold.rule] : [])],
      grid: path.grid(times),
      solver: "adams",
      output: few ? undefined : denoised(noise ? threshold : undefined),
    }),
    model: models.model,
    conditions: models.conditions,
    labels: models.labels,
    // One draw is made, and not used, before the first step.
    noise: (_, step) => step + 1,
    trajectory: [...everyStep(steps), ...(few ? [] : (["result"] as const))],
  };
}

/** The closing denoising is at t_end, which a grid of karras levels need not reach. */
function checkEnd({ options, schedule }: Case, last: number): void {
  const end = options.number("t_end", 1 / schedule.number("total_N_after_clip", schedule.number("N", 1000)));
  if (Math.abs(last - end) > 1e-9) unsupported(`denoising at t = ${end} after a grid that ends at ${last}`);
}
