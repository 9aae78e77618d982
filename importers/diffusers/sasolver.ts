// Owns: diffusers' SASolver: stochastic Adams with noise between training steps 200 and 800, in data or noise
// prediction, with the extra term of its second order.

import { drawEachStep } from "../imported.js";
import { contradiction } from "../options.js";
import { line } from "../text.js";
import { noVariance, thresholdOf, type Importer } from "./context.js";
import { flowNeedsData, levelsOf } from "./levels.js";
import { familyText } from "./multistep.js";

/** The update on x0. Order 2 has a further term, of third order in the step. */
const onData = (p: number): string => {
  const predictor = "integrate(s -> t, x0, over: lambda, through: s-kp+1 .. s, tau: tau, noise: z)";
  const corrector = "integrate(s -> t, x0, over: lambda, through: [s-kc+2 .. s, e], tau: tau, noise: z)";
  return `    let K = 1 + tau^2
    let rest = (h*K - 1 + exp(-K*h))/K^2
    point e at t
${
  p >= 2
    ? `    point a at t
    x[a] = ${predictor}
    when kp == 2 { x[e] = x[a] + K*alpha[t]*(h^2/2 - rest)/(lambda[s] - lambda[s-1])*(x0[s] - x0[s-1]) }
    else         { x[e] = x[a] }`
    : `    x[e] = ${predictor}`
}
    when kc == 0 { x[t] = x[e] }
    else {
      point b at t
      x[b] = ${corrector}
      when kc == 2 { x[t] = x[b] + K*alpha[t]*(h/2 - rest/h)*(x0[e] - x0[s]) }
      else         { x[t] = x[b] }
      x0[t] = x0[e]
    }`;
};

/** The update on eps: the noise-free rule, whose change is scaled by 1 + tau^2. */
const onNoise = `    let K = 1 + tau^2
    let kept = alpha[t]/alpha[s]
    point e at t
    point a at t
    x[a] = integrate(s -> t, eps, over: lambda, through: s-kp+1 .. s)
    x[e] = kept*x[s] + K*(x[a] - kept*x[s]) + tau*sigma[t]*sqrt(expm1(2*h))*z
    when kc == 0 { x[t] = x[e] }
    else {
      point b at t
      x[b] = integrate(s -> t, eps, over: lambda, through: [s-kc+2 .. s, e])
      x[t] = kept*x[s] + K*(x[b] - kept*x[s]) + tau*sigma[t]*sqrt(expm1(2*h))*z
      eps[t] = eps[e]
    }`;

export const saSolver: Importer = (context) => {
  const { config } = context;
  const levels = levelsOf(context, { spaced: true, clipped: true });
  noVariance(config);
  config.off(
    "tau_func",
    "a function cannot be read from a configuration; the default is the window of 200 to 800",
  );
  const algorithm = config.word("algorithm_type", "data_prediction", ["data_prediction", "noise_prediction"]);
  flowNeedsData(
    config,
    levels,
    algorithm === "noise_prediction" ? `algorithm_type "${algorithm}"` : undefined,
  );
  const p = config.whole("predictor_order", 2);
  const c = config.whole("corrector_order", 2, 0);
  if (p > 4 || c > 4)
    contradiction(`${config.who}: predictor_order ${p} and corrector_order ${c}, and the highest is 4`);
  const lower = config.flag("lower_order_final", true);
  const n = levels.dropped ? "(steps + 1)" : "steps";
  const predictor = `min(${p}, step + 1${lower ? `, ${n} - step` : ""})`;
  const corrector = `min(${c}, step + 2${lower ? `, ${n} - step + 1` : ""})`;
  const solver = [
    `// Stochastic Adams, predictor of ${p} and corrector of ${c} points; one draw serves both. tau is 1 where the timestep is`,
    "// in 200 .. 800, and 0 elsewhere. The corrected state keeps the call of the predicted one.",
    ...(algorithm === "data_prediction"
      ? ["// At order 2 the release adds a term of third order in the step to the exact weights."]
      : []),
    "solver adams {",
    "  noise z",
    "  step {",
    "    let h   = lambda[t] - lambda[s]",
    `    let tau = where(200 <= ${levels.timestep} <= 800, 1, 0)`,
    `    let kp  = ${predictor}`,
    levels.dropped ? `    let kc  = ${corrector}` : `    let kc  = where(last, 0, ${corrector})`,
    algorithm === "data_prediction" ? onData(p) : onNoise,
    "  }",
    "}",
  ].join("\n");
  return familyText(
    context,
    levels,
    { solver: line("adams"), definitions: [solver], draw: drawEachStep },
    thresholdOf(config),
    false,
    ["diffusers returns predicted states and corrects them at the next call; the states here are corrected."],
  );
};
