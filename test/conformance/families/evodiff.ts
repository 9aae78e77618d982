// Owns: ShiguiLi/EVODiff: its probe and correction on x0 in EDM coordinates, with coefficients per sample and channel.

import type { Case } from "../format.js";
import {
  call,
  checkNames,
  everyStep,
  guided,
  list,
  noNoise,
  oneOf,
  samplerText,
  unsupported,
  type Replay,
} from "../spec.js";
import { exploding } from "./paths.js";

/** The rule of order 2. Its only call is made on the probe x[p]; the corrected state keeps that call's prediction. */
const rule = `solver evodiff {
  start ddim
  step {
    let c(u)     = clamp(u, -2, 2)
    let ip(a, b) = dot(a, b, per: channel)
    let h    = 1/rho[t] - 1/rho[s]
    let R    = log(rho[s-1]/rho[s])/log(rho[s]/rho[t])
    let u    = (time[t] + time[end])/(time[start] + time[end])
    let w    = (1 - u^2)/2
    let q    = sigma[t]/sigma[s]
    let beta = sqrt(q*sigma[s-1]/sigma[s])
    let m0   = x0[s]
    let m1   = x0[s-1]
    point e, p at t
    x[e] = ddim(s -> t)
    let r1 = (1 - w)*beta + w*c(ip(m0, m1)/ip(m1, m1))
    let D1 = m0 - r1*m1
    let ri = clamp(logistic(abs(r1)/4)*R, R/4, 3*R/2)
    x[p] = x[e] + sigma[t]*h/(2*ri)*D1
    let r2 = (1 - w)*beta + w*c(ip(x0[p], m0)/ip(m0, m0))
    let D2 = x0[p] - r2*m0
    let B1 = D1/(R*h)
    let B2 = R/h*D2
    let k  = logistic(abs(c(ip(B2 + B1, B2 - B1)/ip(B2 - B1, B2 - B1)))/2)/2
    let B  = R*(1 - k)*D2 - k/R*D1
    let P  = x[p] - x[e] - sigma[t]*h/(2*ri)*B
    let z  = abs(c(ip(P, D1)/ip(D1, D1))/(h*sigma[t])) - 1/2
    when steps > 20 {
      let G = (m0 - m1)/h
      x[t] = x[e] + sigma[t]*h/(2*logistic(-z*logistic(c(ip(m0, G)/ip(G, G))*(2 - q^2))))*B
    }
    else { x[t] = x[e] + sigma[t]*h/(2*logistic(z))*B }
    when step < steps - 1 { x0[t] = x0[p] }
  }
}`;

/** The last step where the order falls. It scales the DDIM step by a number of its own, so it is of no order. */
const lastRule = `solver evodiff_last {
  step {
    let q = sigma[t]/sigma[s]
    let r = 1 - sqrt(where(q < 1/2, q, q - 1/2))/2
    point e at t
    x[e] = ddim(s -> t)
    x[t] = (1 - sqrt(sigma[t]*sigma[s]))*x[e] + sigma[t]*(1/rho[t] - 1/rho[s])/2*(x0[s] - r*x0[s-1])
  }
}`;

export function evodiff(entry: Case): Replay {
  const { options, schedule } = entry;
  oneOf("solver", entry.solver, ["evodiff"]);
  checkNames(options, ["order", "lower_order_final", "denoise_to_zero", "steps", "tensor_shape"]);
  checkNames(schedule, ["kind", "alpha", "sigma", "skip_type", "t_start", "t_end"]);
  oneOf("schedule", schedule.text("kind"), ["edm"]);
  oneOf("skip_type", schedule.text("skip_type"), ["logSNR", "time_uniform", "time_quadratic", "edm"]);
  if (!entry.prediction.startsWith("model returns eps"))
    unsupported(`a model that predicts '${entry.prediction}'`);
  const order = options.number("order");
  if (order !== 2) unsupported(`order ${order}, for which the release has no rule`);
  const times = entry.grid.numbers("t");
  const steps = times.length - 1;
  if (steps !== options.number("steps")) unsupported("a grid of another number of steps");
  // Inner products are taken channel by channel, so the shape counts.
  const shape = options.numbers("tensor_shape");
  const { guidance, ...models } = guided(entry);
  const toZero = options.flag("denoise_to_zero");
  return {
    text: samplerText({
      definitions: [rule, lastRule],
      schedule: exploding(times),
      predicts: "eps",
      guidance,
      grid: call("given_times", { times: list(times) }),
      solver: "evodiff",
      final: options.flag("lower_order_final") ? "evodiff_last" : undefined,
      output: toZero ? "x0[end]" : undefined,
    }),
    ...models,
    noise: noNoise,
    trajectory: everyStep(entry.trajectory?.length ?? 0),
    packed: {
      ...entry,
      init: { data: entry.init.data, shape },
      final: { data: entry.final.data, shape },
    },
    calls: {
      count: entry.fields.number("nfe"),
      levels: entry.fields.has("eval_sigma") ? entry.fields.numbers("eval_sigma") : undefined,
      states: entry.fields.has("eval_x") ? entry.fields.tensors("eval_x") : undefined,
    },
  };
}
