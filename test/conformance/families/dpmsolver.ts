// Owns: LuChengTHU/dpm-solver: variance-preserving paths in t, single- and multistep rules of order 1 to 3 on eps or x0.
// Grids are taken as recorded; the positions of inner stages and the order of each step follow from the options.

import type { Case } from "../format.js";
import {
  call,
  checkNames,
  everyStep,
  list,
  noNoise,
  oneOf,
  quoted,
  samplerText,
  unsupported,
  type Recorded,
  type Replay,
} from "../spec.js";
import { atIndices, denoised, networks, predicts, variancePreserving, type TimePath } from "./paths.js";

const known = [
  "algorithm_type",
  "steps",
  "t_start",
  "t_end",
  "order",
  "skip_type",
  "method",
  "lower_order_final",
  "denoise_to_zero",
  "solver_type",
  "atol",
  "rtol",
];

/** Orders of the steps of `singlestep`, which spends `calls` network calls. */
function singlestepOrders(order: number, calls: number): readonly number[] {
  if (order === 1) return Array<number>(calls).fill(1);
  if (order === 2) {
    const pairs = Array<number>(Math.floor(calls / 2)).fill(2);
    return calls % 2 === 0 ? pairs : [...pairs, 1];
  }
  const full = Math.floor(calls / 3) + 1;
  const rest = calls % 3;
  if (rest === 0) return [...Array<number>(full - 2).fill(3), 2, 1];
  return [...Array<number>(full - 1).fill(3), rest];
}

/** Orders of the steps of `multistep`: rising at the start and, on request, falling at the end of short runs. */
export function multistepOrders(order: number, steps: number, lowerFinal: boolean): readonly number[] {
  return Array.from({ length: steps }, (_, k) =>
    Math.min(k + 1, lowerFinal ? Math.min(order, steps - k) : order),
  );
}

const ruleNames = {
  dpmsolver: { single: ["dpm_solver_1", "dpm_solver_2", "dpm_solver_3"], r: "r1" },
  "dpmsolver++": { single: ["ddim", "dpmpp_2s", "dpmpp_3s"], r: "r" },
} as const;

type Algorithm = keyof typeof ruleNames;

/** One rule a step, by its order. */
export function byOrder(
  orders: readonly number[],
  rules: Readonly<Record<number, string>>,
  lets = "",
): string {
  const used = [...new Set(orders)].sort();
  const branches = used.map((order) => `when orders[step] == ${order} { x[t] = ${rules[order] as string} }`);
  return `solver planned(orders = ${list(orders)}) {\n  step {\n${lets}    ${branches.join("\n    else ")}\n  }\n}`;
}

/** Where the stages of a single step lie, as fractions of its length in lambda: the grid's rule again, inside the step. */
function singlestep(
  orders: readonly number[],
  algorithm: Algorithm,
  skip: string,
  flavour: string,
  path: TimePath,
): string {
  const inner = path.between(skip);
  const lets = ["    let h = lambda[t] - lambda[s]", `    let inner(u) = (${inner} - lambda[s])/h`, ""].join(
    "\n",
  );
  const { single, r } = ruleNames[algorithm];
  return byOrder(
    orders,
    {
      1: `${single[0]}(s -> t)`,
      2: `${single[1]}(s -> t, ${r}: inner(1/2), flavour: ${quoted(flavour)})`,
      3: `${single[2]}(s -> t, r1: inner(1/3), r2: inner(2/3), flavour: ${quoted(flavour)})`,
    },
    lets,
  );
}

function multistep(orders: readonly number[], algorithm: Algorithm, flavour: string): string {
  const taylor = flavour === "taylor";
  const rules =
    algorithm === "dpmsolver"
      ? {
          1: "dpm_solver_1(s -> t)",
          2: `dpm_solver_2m(s -> t, flavour: ${quoted(flavour)})`,
          3: "dpm_solver_3m(s -> t)",
        }
      : {
          1: "ddim(s -> t)",
          2: taylor ? "dpmpp_2m_phi(s -> t)" : "dpmpp_2m(s -> t)",
          3: "dpmpp_3m(s -> t)",
        };
  return byOrder(orders, rules);
}

/** The ends of a run that chooses its own steps. */
function ends({ options, schedule }: Case): readonly number[] {
  const total = schedule.number("total_N_after_clip", schedule.number("N", 1000));
  const number = (name: string, usual: number): number => {
    const value = options.values[name];
    return typeof value === "number" ? value : usual;
  };
  return [number("t_start", schedule.number("T", 1)), number("t_end", 1 / total)];
}

export function dpmsolver(entry: Case): Replay {
  const { options } = entry;
  checkNames(options, known);
  const algorithm = oneOf("algorithm_type", options.text("algorithm_type"), ["dpmsolver", "dpmsolver++"]);
  const method = oneOf("method", options.text("method"), [
    "singlestep",
    "singlestep_fixed",
    "multistep",
    "adaptive",
  ]);
  const flavour = oneOf("solver_type", options.text("solver_type"), ["dpmsolver", "taylor"]);
  const skip = options.text("skip_type");
  const order = options.number("order");
  const calls = options.number("steps");
  if (![1, 2, 3].includes(order)) unsupported(`order ${order}`);
  const times = method === "adaptive" ? ends(entry) : entry.grid.numbers("t");
  const path = variancePreserving(entry.schedule, times);
  const { threshold, ...models } = networks(entry);
  const toZero = options.flag("denoise_to_zero");
  const steps = times.length - 1;
  let solver: string;
  if (method === "adaptive")
    solver = call("dpm_adaptive", {
      k: order,
      prediction: quoted(algorithm === "dpmsolver" ? "eps" : "x0"),
      flavour: quoted(flavour),
      rtol: options.number("rtol"),
      atol: options.number("atol"),
    });
  else if (method === "multistep")
    solver = multistep(
      multistepOrders(order, steps, options.flag("lower_order_final") && steps < 10),
      algorithm,
      flavour,
    );
  else {
    const orders =
      method === "singlestep"
        ? singlestepOrders(order, calls)
        : Array<number>(Math.floor(calls / order)).fill(order);
    if (orders.length !== steps) unsupported(`a grid of ${steps} steps for ${orders.length} orders`);
    solver = singlestep(orders, algorithm, skip, flavour, path);
  }
  const trajectory: Recorded[] = [...everyStep(steps), ...(toZero ? (["result"] as const) : [])];
  return {
    text: samplerText({
      definitions: [
        atIndices,
        ...path.definitions,
        ...models.definitions,
        ...(method === "adaptive" ? [] : [solver]),
      ],
      schedule: path.schedule,
      predicts: predicts(entry.prediction),
      // Only the data form of the solver corrects x0 on the way; the closing denoising always does.
      guidance: [...models.guidance, ...(threshold && algorithm === "dpmsolver++" ? [threshold.rule] : [])],
      grid: path.grid(times),
      solver: method === "adaptive" ? solver : "planned",
      output: toZero ? denoised(algorithm === "dpmsolver" ? threshold : undefined) : undefined,
    }),
    model: models.model,
    conditions: models.conditions,
    labels: models.labels,
    noise: noNoise,
    trajectory,
  };
}
