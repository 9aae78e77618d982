// Owns: grrrute/mr-sampler: multistep rules on mean-reverting paths. The release's rules are written out, because between
// training steps its alpha, sigma and lambda do not belong together; on training steps the library's rule is the same.

import type { Case, Fields } from "../format.js";
import {
  checkNames,
  everyStep,
  list,
  literal,
  noNoise,
  oneOf,
  samplerText,
  unsupported,
  type Replay,
} from "../spec.js";
import { byOrder } from "./dpmsolver.js";
import { atIndices } from "./paths.js";

/** The speed of the pull at a training step j of 0 .. T. */
function speed(schedule: Fields): string {
  const T = schedule.number("T");
  switch (oneOf("theta", schedule.text("theta"), ["cosine", "linear", "constant"])) {
    case "cosine":
      return `1 - (cos(pi/2*((j + 1)/${T + 2} + 0.008)/1.008)/cos(pi/2*0.008/1.008))^2`;
    case "linear":
      return `lerp(0.1, 20, j/${T})/${T + 1}`;
    case "constant":
      return "1";
  }
}

/** alpha falls to eps; between training steps alpha, sigma and lambda are interpolated each on its own. */
function pathOf(schedule: Fields): string {
  oneOf("schedule", schedule.text("kind"), ["mean-reverting"]);
  const T = schedule.number("T");
  return `schedule path {
  input mu: tensor
  index i from ${T} to 0
  let theta(j) = ${speed(schedule)}
  let total    = sum(theta(j), j in 0 .. ${T})
  alpha[i] = exp(log(${literal(schedule.number("eps"))})*sum(theta(j), j in 0 .. i)/total)
  sigma[i] = ${literal(schedule.number("sigma_inf"))}*sqrt(1 - alpha[i]^2)
  between linear in alpha, sigma, lambda
  x = alpha*x0 + (1 - alpha)*mu + sigma*eps
}`;
}

type Kind = "ode" | "sde";
type View = "data" | "noise";

/** The factor of x[s], the weights of the newest prediction and of its differences, the mean's factor and the noise. */
const weights: Readonly<Record<`${Kind} ${View}`, readonly string[]>> = {
  "ode data": [
    "let a  = sigma[t]/sigma[s]",
    "let w1 = -alpha[t]*expm1(-h)",
    "let w2 = alpha[t]*(expm1(-h)/h + 1)",
    "let w3 = -alpha[t]*((expm1(-h)/h + 1)/h - 1/2)",
    "let m  = 1 - a + a*alpha[s] - alpha[t]",
  ],
  "ode noise": [
    "let a  = alpha[t]/alpha[s]",
    "let w1 = -sigma[t]*expm1(h)",
    "let w2 = -sigma[t]*(expm1(h)/h - 1)",
    "let w3 = -sigma[t]*((expm1(h)/h - 1)/h - 1/2)",
    "let m  = 1 - a",
  ],
  "sde data": [
    "let a  = sigma[t]/sigma[s]*exp(-h)",
    "let w1 = -alpha[t]*expm1(-2*h)",
    "let w2 = alpha[t]*(1 + expm1(-2*h)/(2*h))",
    "let m  = 1 - alpha[t]/alpha[s]*exp(-2*h) + alpha[t]*expm1(-2*h)",
    "let n  = sigma[t]*sqrt(-expm1(-2*h))",
  ],
  "sde noise": [
    "let a  = alpha[t]/alpha[s]",
    "let w1 = -2*sigma[t]*expm1(h)",
    "let w2 = -2*sigma[t]*(expm1(h)/h - 1)",
    "let m  = 1 - a",
    "let n  = sigma[t]*sqrt(expm1(2*h))",
  ],
};

function released(kind: Kind, view: View, orders: readonly number[]): string {
  const P = view === "data" ? "x0" : "eps";
  const sum = (differences: string): string =>
    `x[t] = a*x[s] + w1*${P}[s]${differences} + m*mu${kind === "sde" ? " + n*z" : ""}`;
  const branches: Readonly<Record<number, readonly string[]>> = {
    1: [sum("")],
    2: ["let r = (lambda[s] - lambda[s-1])/h", sum(` + w2*(${P}[s] - ${P}[s-1])/r`)],
    3: [
      "let r = (lambda[s] - lambda[s-1])/h",
      "let q = (lambda[s-1] - lambda[s-2])/h",
      `let d = (${P}[s] - ${P}[s-1])/r`,
      `let c = (d - (${P}[s-1] - ${P}[s-2])/q)/(r + q)`,
      sum(" + w2*(d + r*c) + w3*c"),
    ],
  };
  const used = [...new Set(orders)].sort();
  const cases = used.map(
    (order) =>
      `when orders[step] == ${order} {\n${(branches[order] ?? []).map((text) => `      ${text}\n`).join("")}    }`,
  );
  return `solver released(orders = ${list(orders)}) {
  input mu: tensor
${kind === "sde" ? "  noise z\n" : ""}  step {
    let h = lambda[t] - lambda[s]
${weights[`${kind} ${view}`].map((text) => `    ${text}`).join("\n")}
    ${cases.join("\n    else ")}
  }
}`;
}

/** Rising; in short runs falling towards the end, but for the last step. */
function ordersOf(top: number, steps: number): readonly number[] {
  if (steps < top)
    return unsupported(`order ${top} in ${steps} steps, which goes on with points that are not there`);
  return Array.from({ length: steps }, (_, k) => {
    const i = k + 1;
    if (i < top) return i;
    return i < steps && steps < 10 ? Math.min(top, steps - i) : top;
  });
}

export function mrs(entry: Case): Replay {
  const { options, schedule, fields } = entry;
  checkNames(options, ["order", "solver_type", "parameterization", "orders_used", "sigma_inf", "final_clip"]);
  if (entry.thresholding) unsupported("thresholding");
  if (entry.guidance) unsupported("guidance, which is not there");
  if (options.number("sigma_inf", schedule.number("sigma_inf")) !== schedule.number("sigma_inf"))
    unsupported("a sampler with another sigma_inf than its path");
  if (!options.text("final_clip").startsWith("[0,1] "))
    unsupported(`final_clip ${options.text("final_clip")}`);
  const kind = oneOf("solver_type", options.text("solver_type"), ["ode", "sde"]);
  const view = oneOf("parameterization", options.text("parameterization"), ["data", "noise"]);
  const order = options.number("order");
  if (!(kind === "ode" ? [1, 2, 3] : [1, 2]).includes(order))
    unsupported(`order ${order}, which is refused there`);
  const points = entry.grid.numbers("t");
  const steps = points.length - 1;
  const orders = ordersOf(order, steps);
  if (options.has("orders_used") && options.numbers("orders_used").some((used, k) => used !== orders[k]))
    unsupported(`steps of other orders than ${orders.join(", ")}`);
  const mu = fields.tensor("condition_mu");
  const made = (solver: string, definition: string): Replay => ({
    text: samplerText({
      definitions: [pathOf(schedule), atIndices, definition],
      schedule: "path",
      predicts: oneOf("prediction", entry.prediction, ["epsilon"]) && "eps",
      grid: `at_indices(points: ${list(points)})`,
      solver,
      output: "x[end], clamp(x[end], 0, 1)",
    }),
    model: entry.model,
    conditions: {},
    labels: {},
    mean: mu,
    inputs: { mu },
    noise: kind === "ode" ? noNoise : (_, step) => step,
    trajectory: everyStep(steps),
    outputs: fields.has("x_final_clipped") ? [fields.tensor("x_final_clipped")] : [],
    calls: { count: fields.number("nfe") },
  });
  // The library's rule is on x0; with eps it is another one.
  const inLibrary = view === "data" && points.every(Number.isInteger);
  return {
    ...made("released", released(kind, view, orders)),
    further: inLibrary ? [{ entry, made: made("planned", byOrder(orders, libraryRules(kind))) }] : [],
  };
}

const libraryRules = (kind: Kind): Readonly<Record<number, string>> =>
  Object.fromEntries([1, 2, 3].map((k) => [k, `mrs(s -> t, k: ${k}, tau: ${kind === "ode" ? 0 : 1})`]));
