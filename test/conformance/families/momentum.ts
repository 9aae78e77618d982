// Owns: sWizad/momentum-diffusion: heavy-ball, Nesterov's and generalised heavy-ball momentum on Adams-Bashforth steps.

import type { Case } from "../format.js";
import {
  call,
  checkNames,
  everyStep,
  guided,
  literal,
  noNoise,
  oneOf,
  samplerText,
  unsupported,
  type Replay,
} from "../spec.js";
import { predicts } from "./paths.js";
import { labelled } from "./training.js";

const kinds = ["GHVBScheduler", "PLMSWithHBScheduler", "PLMSWithNTScheduler"] as const;
type Kind = (typeof kinds)[number];

/** Order 2.5 stands for two numbers: 3 terms, and half of the new slope in every velocity. */
interface Order {
  readonly k: number;
  readonly b: number;
}

function orderOf({ options }: Case): Order {
  const order = options.number("order");
  const k = Math.ceil(order);
  if (!(k >= 1 && k <= 5)) unsupported(`order ${order}, which is refused there`);
  const b = order % 1 > 0 ? order % 1 : 1;
  const given = { buffer: k, beta: b };
  for (const [name, value] of Object.entries(given))
    if (Math.abs(options.number(name, value) - value) > 1e-12)
      unsupported(`${name} ${options.number(name)}, which does not follow from order ${order}`);
  return { k, b };
}

const library: Readonly<Record<Kind, (order: Order) => string>> = {
  GHVBScheduler: ({ k, b }) => call("ghvb", { k, b }),
  PLMSWithHBScheduler: ({ k, b }) => call("heavy_ball", { base: call("ipndm", { k }), beta: b }),
  PLMSWithNTScheduler: ({ k, b }) => call("nesterov", { base: call("ipndm", { k }), beta: b }),
};

/** Weights of 1 to 5 terms, before the division by b; those of b = 1 are Adams and Bashforth's. */
const mixed = `let AB(b) = [[b], [(2 + b)/2, -(2 - b)/2], [(18 + 5*b)/12, -(24 - 8*b)/12, (6 - b)/12],
    [(46 + 9*b)/24, -(78 - 19*b)/24, (42 - 5*b)/24, -(10 - b)/24],
    [(1650 + 251*b)/720, -(3420 - 646*b)/720, (2880 - 264*b)/720, -(1380 - 106*b)/720, (270 - 19*b)/720]]`;

const updates = {
  scale: "x[t]/alpha[t] = x[s]/alpha[s] + (rho[t] - rho[s])",
  back: "x[t] = x[s] + alpha[t]*(rho[t] - rho[s])",
  front: "x[t] = x[s] + alpha[s]*(rho[t] - rho[s])",
} as const;

/** The same velocities from another first one (a view of the first prediction), or in steps that do not rescale the state. */
function spelledOut(kind: Kind, { k, b }: Order, first: string, update: string): string {
  const slope = "sum(AB(1)[k-1][j]*eps[s-j], j in 0 .. k-1)";
  const beta = literal(b);
  const lines: Readonly<Record<Kind, readonly [velocity: string, used: string]>> = {
    GHVBScheduler: ["eps[s]", `sum(AB(${beta})[k-1][j]*w[s-j], j in 0 .. k-1)/${beta}`],
    PLMSWithHBScheduler: [slope, "w[s]"],
    PLMSWithNTScheduler: [slope, `(1 - ${beta})*w[s] + ${beta}*${slope}`],
  };
  const [velocity, used] = lines[kind];
  return `solver spelled_out(k = ${k}) {
  carry w[start] = (1 - ${beta})*${first}[start] + ${beta}*eps[start]
  start spelled_out(k: k - 1)
  ${mixed}
  step {
    w[s] = (1 - ${beta})*w[s-1] + ${beta}*${velocity}
    ${update}*(${used})
  }
}`;
}

export function momentum(entry: Case): Replay {
  const { options, schedule, fields } = entry;
  const kind = oneOf("solver", entry.solver, kinds);
  checkNames(options, ["order", "beta", "buffer", "output_mode"]);
  if (entry.thresholding) unsupported("thresholding, which is not there");
  const order = orderOf(entry);
  const mode = oneOf("output_mode", options.text("output_mode"), ["scale", "back", "front"]);
  const { guidance, ...models } = guided(entry);
  const { definitions, grid, schedule: path, steps } = labelled(entry, schedule.text("final_alpha_cumprod"));
  // The first velocity is what the network returned, before it is converted to eps.
  const first = predicts(entry.prediction);
  const inLibrary = mode === "scale" && (first === "eps" || order.b === 1);
  const velocities = fields.has("velocity") ? fields.tensors("velocity") : [];
  return {
    text: samplerText({
      definitions: inLibrary ? definitions : [...definitions, spelledOut(kind, order, first, updates[mode])],
      schedule: path,
      predicts: first,
      guidance,
      grid,
      solver: inLibrary ? library[kind](order) : "spelled_out",
      // The library names the velocity of its two wrappers v.
      output: `x[end], ${inLibrary && kind !== "GHVBScheduler" ? "v" : "w"}[end]`,
    }),
    ...models,
    noise: noNoise,
    trajectory: everyStep(steps),
    outputs: velocities.slice(-1),
    calls: { count: fields.number("nfe") },
  };
}
