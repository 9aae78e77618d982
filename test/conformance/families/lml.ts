// Owns: zituitui/LML-diffusion-sampler: multistep DPM-Solver whose increments are turned by a damped rank-one inverse. Unlike
// the library's `lml`, which turns the slope, this acts on the slope times the length of the step.

import { Fields, type Case } from "../format.js";
import {
  checkNames,
  everyStep,
  guided,
  literal,
  noNoise,
  oneOf,
  quoted,
  samplerText,
  unsupported,
  type Replay,
} from "../spec.js";
import { byOrder, multistepOrders } from "./dpmsolver.js";
import { predicts, variancePreserving, type TimePath } from "./paths.js";

/** What the state is multiplied with in a step, and the rules of order 1 to 3. */
const algorithms = {
  "lml-dpmsolver": {
    ratio: "alpha[t]/alpha[s]",
    rules: (flavour: string) => ({
      1: "dpm_solver_1(s -> t)",
      2: `dpm_solver_2m(s -> t, flavour: ${quoted(flavour)})`,
      3: "dpm_solver_3m(s -> t)",
    }),
  },
  "lml-dpmsolver++": {
    ratio: "sigma[t]/sigma[s]",
    rules: (flavour: string) => ({
      1: "ddim(s -> t)",
      2: flavour === "taylor" ? "dpmpp_2m_phi(s -> t)" : "dpmpp_2m(s -> t)",
      3: "dpmpp_3m(s -> t)",
    }),
  },
} as const;

/** diffusers' names of the rules of second order. */
const flavours = { midpoint: "dpmsolver", heun: "taylor" } as const;

/**
 * The increment d along q = d - u <d,u>/(damping + <u,u>) with u = d + v, as long as d was. q is written without the
 * difference of nearly equal tensors that it is where v is small; its length does not matter. The increment before, in v,
 * is the one before its correction; what is recorded is the corrected one.
 */
const turned = (ratio: string, kappa: number, damping: number): string => `solver turned {
  start planned
  carry d[start] = planned(s -> t) - ${ratio}*x[s]
  carry corrected[start] = 0
  step {
    d[s] = planned(s -> t) - ${ratio}*x[s]
    let v = ${literal(kappa)}*(d[s-1] - d[s])
    let u = d[s] + v
    let q = d[s]*(${literal(damping)} + dot(u, v)) - v*dot(d[s], u)
    corrected[t] = q*norm(d[s])/norm(q)
    x[t] = ${ratio}*x[s] + q*norm(d[s])/norm(q)
  }
}`;

function pathOf(schedule: Fields, times: readonly number[]): TimePath {
  const [, b0, b1] = /^vp-linear beta0=(\S+) beta1=(\S+)$/.exec(schedule.text("kind")) ?? [];
  if (b0 === undefined || b1 === undefined)
    return unsupported(`the schedule '${schedule.text("kind")}' is not implemented`);
  const kind = { kind: "vp-linear-continuous", beta_0: Number(b0), beta_1: Number(b1) };
  return variancePreserving(new Fields(kind, schedule.where), times);
}

export function lml(entry: Case): Replay {
  const { options, schedule, fields } = entry;
  checkNames(options, ["lamb", "kappa", "order", "solver_type", "lower_order_final"]);
  if (entry.thresholding) unsupported("thresholding");
  const { ratio, rules } = algorithms[oneOf("solver", entry.solver, ["lml-dpmsolver", "lml-dpmsolver++"])];
  const flavour = flavours[oneOf("solver_type", options.text("solver_type"), ["midpoint", "heun"])];
  const order = options.number("order");
  if (![1, 2, 3].includes(order)) unsupported(`order ${order}`);
  const times = entry.grid.numbers("t");
  const path = pathOf(schedule, times);
  const steps = times.length - 1;
  const orders = multistepOrders(order, steps, options.flag("lower_order_final") && steps < 15);
  const { guidance, ...models } = guided(entry);
  const increments = fields.has("increments") ? fields.tensors("increments") : [];
  return {
    text: samplerText({
      definitions: [
        ...path.definitions,
        byOrder(orders, rules(flavour)),
        turned(ratio, options.number("kappa"), options.number("lamb")),
      ],
      schedule: path.schedule,
      predicts: entry.prediction === "x0" ? "x0" : predicts(entry.prediction),
      guidance,
      grid: path.grid(times),
      solver: "turned",
      output: "x[end], corrected[end]",
    }),
    ...models,
    noise: noNoise,
    trajectory: everyStep(steps),
    outputs: increments.slice(-1),
    calls: { count: fields.number("nfe") },
  };
}
