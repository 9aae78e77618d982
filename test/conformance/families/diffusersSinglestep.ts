// Owns: diffusers' DPMSolverSinglestep and SASolver: runs whose steps are groups of recorded levels, or whose recorded
// states are predictions that are corrected later.

import type { Fields } from "../format.js";
import { list, noNoise, oneOf, unsupported, type Recorded, type Replay } from "../spec.js";
import { stochasticAdams } from "./sasolver.js";

/** Orders of the calls; a group of calls 1, 2, .. makes one step from the group's first level. */
function callOrders(config: Fields, calls: number, toZero: boolean): readonly number[] {
  const order = config.number("solver_order");
  const repeat = (group: readonly number[], times: number): number[] =>
    Array.from({ length: times }, () => group).flat();
  const rest = calls % order;
  const full = Math.floor(calls / order);
  let orders: number[];
  if (order === 1) orders = repeat([1], calls);
  else if (order === 2) {
    if (!config.flag("lower_order_final")) orders = repeat([1, 2], full);
    else orders = rest === 0 ? [...repeat([1, 2], full - 1), 1, 1] : [...repeat([1, 2], full), 1];
  } else if (order === 3) {
    if (!config.flag("lower_order_final")) orders = repeat([1, 2, 3], full);
    else if (rest === 0) orders = [...repeat([1, 2, 3], full - 1), 1, 2, 1];
    else orders = [...repeat([1, 2, 3], full), ...[1, 2].slice(0, rest)];
  } else return unsupported(`order ${order}`);
  if (orders.length !== calls)
    unsupported(`${calls} calls of order ${order} without a lower order at the end`);
  return toZero ? [...orders.slice(0, -1), 1] : orders;
}

export interface Grouped {
  readonly definitions: readonly string[];
  readonly solver: string;
  readonly sigmas: readonly number[];
  readonly trajectory: readonly Recorded[];
  readonly noise: Replay["noise"];
}

/** The last stage of order 3 starts from a second-order stage of the same flavour. */
const thirdMidpoint = (data: boolean): string =>
  data
    ? `      x[b] = dpmpp_2s(s -> b, r: first/second)
      x[t] = sigma[t]/sigma[s]*x[s] - alpha[t]*expm1(-h)*x0[s] + alpha[t]/second*(expm1(-h)/h + 1)*(x0[b] - x0[s])`
    : `      x[b] = dpm_solver_2(s -> b, r1: first/second)
      x[t] = alpha[t]/alpha[s]*x[s] - sigma[t]*expm1(h)*eps[s] - sigma[t]/second*(expm1(h)/h - 1)*(eps[b] - eps[s])`;

const sdeStep = `      let c = where(flavour == "midpoint", -expm1(-2*h)/2, 1 + expm1(-2*h)/(2*h))/first
      point m at lambda = lambda[s] + first*h
      x[m] = sde_dpmpp_1(s -> m)
      x[t] = sigma[t]/sigma[s]*exp(-h)*x[s] - alpha[t]*expm1(-2*h)*x0[s] + alpha[t]*c*(x0[m] - x0[s])
           + sigma[t]*sqrt(-expm1(-2*h))*w`;

export function singlestep(config: Fields, sigmas: readonly number[]): Grouped {
  const algorithm = oneOf("algorithm_type", config.text("algorithm_type"), [
    "dpmsolver",
    "dpmsolver++",
    "sde-dpmsolver++",
  ]);
  const type = oneOf("solver_type", config.text("solver_type"), ["midpoint", "heun"]);
  const calls = sigmas.length - 1;
  const orders = callOrders(config, calls, sigmas[calls] === 0);
  // A group ends where the next begins.
  const ends = orders.flatMap((_, k) => (k === calls - 1 || orders[k + 1] === 1 ? [k] : []));
  const starts = ends.map((_, i) => (i === 0 ? 0 : (ends[i - 1] as number) + 1));
  const steps = ends.map((end) => orders[end] as number);
  const stochastic = algorithm === "sde-dpmsolver++";
  if (stochastic && steps.includes(3)) unsupported("sde-dpmsolver++ of order 3");
  // Stages lie at the recorded levels inside the group.
  const inner = (offset: number): readonly number[] =>
    starts.map((start, i) => sigmas[Math.min(start + offset, ends[i] as number)] as number);
  const data = algorithm !== "dpmsolver";
  const flavour = type === "heun" ? '"taylor"' : '"dpmsolver"';
  const two = data
    ? `dpmpp_2s(s -> t, r: first, flavour: ${flavour})`
    : `dpm_solver_2(s -> t, r1: first, flavour: ${flavour})`;
  const three = `${data ? "dpmpp_3s" : "dpm_solver_3"}(s -> t, r1: first, r2: second, flavour: "taylor")`;
  const one = stochastic ? "sde_dpmpp_1(s -> t)" : data ? "ddim(s -> t)" : "dpm_solver_1(s -> t)";
  const solver = `solver grouped(orders = ${list(steps)}, near = ${list(inner(1))}, far = ${list(inner(2))}, flavour = "${type}") {
  noise w
  step {
    let h      = lambda[t] - lambda[s]
    let first  = (lambda(rho: near[step]) - lambda[s])/h
    let second = (lambda(rho: far[step]) - lambda[s])/h
    when orders[step] == 1 { x[t] = ${one} }
    else when orders[step] == 2 {
${stochastic ? sdeStep : `      x[t] = ${two}`}
    }
    else {
      point b at lambda = lambda[s] + second*h
${type === "heun" ? `      x[t] = ${three}` : thirdMidpoint(data)}
    }
  }
}`;
  return {
    definitions: [solver],
    solver: "grouped",
    sigmas: [...starts.map((start) => sigmas[start] as number), sigmas[calls] as number],
    trajectory: orders.map((_, k): Recorded => {
      const group = ends.indexOf(k);
      return group < 0 ? null : group + 1;
    }),
    noise: stochastic ? (path, step) => (starts[step] as number) + (path === "w" ? 1 : 0) : noNoise,
  };
}

/** diffusers' SASolver: noise between training steps 200 and 800; states are recorded before they are corrected. */
export function adams(config: Fields, times: readonly number[], steps: number): Grouped["definitions"] {
  if (config.has("tau_func")) unsupported("a noise level given as a function");
  oneOf("algorithm_type", config.text("algorithm_type"), ["data_prediction"]);
  const [p, c] = [config.number("predictor_order"), config.number("corrector_order")];
  const total = times.length;
  const lower = config.flag("lower_order_final");
  const each = Array.from({ length: steps }, (_, k) => k);
  const predictor = each.map((k) => Math.min(p, k + 1, lower ? total - k : p));
  const corrector = each.map((k) => (k === total - 1 ? 0 : Math.min(c, k + 2, lower ? total - k + 1 : c)));
  const taus = each.map((k) => ((times[k] as number) >= 200 && (times[k] as number) <= 800 ? 1 : 0));
  return [stochasticAdams(predictor, corrector, taus, false)];
}
