// Owns: zituitui/BELM: the exactly invertible O-BELM and EDICT, from noise to data and, where recorded, from data to noise.

import type { Case, Fields, Tensor } from "../format.js";
import {
  call,
  checkNames,
  everyStep,
  furtherCase,
  guided,
  literal,
  noNoise,
  oneOf,
  samplerText,
  unsupported,
  type Further,
  type Parts,
  type Replay,
} from "../spec.js";
import { predicts } from "./paths.js";
import { labelled, type Labelled } from "./training.js";

/** The first step from data: DDIM upwards, with the network called on the data at training step 1. */
const fromData = `solver from_data {
  step {
    point p at index = 1
    x[p]          = relabel(x[s])
    x[t]/alpha[t] = x[s]/alpha[s] + (rho[t] - rho[s])*eps[p]
  }
}`;

/** EDICT whose second state does not begin where the first does. */
const edictFrom = (p: number): string => `solver edict_from {
  input y_init: tensor
  state y[start] = relabel(y_init)
  step {
    let p = ${literal(p)}
    let A = alpha[t]/alpha[s]
    let B = sigma[t] - sigma[s]*A
    point a at t
    x[a] = A*x[s] + B*y.eps[s]
    call e = model(relabel(x[a]), at: s)
    y[a] = A*y[s] + B*e.eps
    x[t] = p*x[a] + (1 - p)*y[a]
    y[t] = p*y[a] + (1 - p)*x[t]
  }
}`;

const same = (a: Tensor, b: Tensor): boolean => a.data.every((value, i) => value === b.data[i]);

interface Rules {
  readonly there: Pick<Parts, "definitions" | "solver" | "output">;
  readonly back: Pick<Parts, "definitions" | "solver" | "start" | "output">;
  readonly inputs?: Readonly<Record<string, Tensor>>;
  /** What the second output is, on the way there. */
  readonly outputs: readonly Tensor[];
  /** States and further outputs of the way back. */
  readonly recorded: (inversion: Fields) => Pick<Replay, "trajectory" | "outputs"> & {
    readonly states: readonly Tensor[] | null;
  };
}

function oBelm({ options, grid }: Case, { steps }: Labelled): Rules {
  checkNames(options, ["first_step"]);
  oneOf("first_step", options.text("first_step"), ["ddim"]);
  return {
    there: { solver: "o_belm" },
    back: { definitions: [fromData], solver: "inverse(o_belm)", start: "from_data" },
    outputs: [],
    recorded: (inversion) => {
      const labels = (grid.get("t") as readonly number[]).slice(1, -1).reverse();
      const called = [1, ...labels];
      if (inversion.has("model_t") && inversion.numbers("model_t").some((t, k) => t !== called[k]))
        unsupported(`a way back that does not call the network at ${called.join(", ")}`);
      return { states: [inversion.tensor("x_T_prev")], trajectory: [steps - 1] };
    },
  };
}

function edict({ options, fields, init }: Case): Rules {
  checkNames(options, ["p", "leapfrog_alternation"]);
  if (options.flag("leapfrog_alternation")) unsupported("leapfrog_alternation, which is not there");
  const p = options.number("p");
  const second = fields.tensor("y_init");
  const output = "x[end], y[end]";
  return {
    there: same(second, init)
      ? { solver: call("edict", { p }), output }
      : { definitions: [edictFrom(p)], solver: "edict_from", output },
    back: { solver: `inverse(${call("edict", { p })})`, output },
    ...(same(second, init) ? {} : { inputs: { y_init: second } }),
    outputs: [fields.tensor("y_final")],
    recorded: (inversion) => ({ states: null, trajectory: [], outputs: [inversion.tensor("y_T")] }),
  };
}

export function belm(entry: Case): Replay {
  const { schedule, fields, trajectory } = entry;
  if (entry.thresholding) unsupported("thresholding, which is not there");
  const labels = labelled(entry, schedule.text("spacing"));
  const solver = oneOf("solver", entry.solver, ["o-belm", "edict"]);
  const rules = solver === "edict" ? edict(entry) : oBelm(entry, labels);
  const { guidance, ...models } = guided(entry);
  const calls = { count: fields.number("nfe") };
  const text = (grid: string, { definitions = [], ...rule }: Rules["back"]): string =>
    samplerText({
      schedule: labels.schedule,
      predicts: predicts(entry.prediction),
      guidance,
      definitions: [...labels.definitions, ...definitions],
      grid,
      ...rule,
    });
  return {
    text: text(labels.grid, rules.there),
    ...models,
    ...(rules.inputs ? { inputs: rules.inputs } : {}),
    noise: noNoise,
    trajectory: everyStep(trajectory?.length ?? 0),
    outputs: rules.outputs,
    calls,
    further: fields.has("inversion") ? [back(fields.object("inversion"))] : [],
  };

  function back(inversion: Fields): Further {
    const { states, ...recorded } = rules.recorded(inversion);
    return {
      entry: furtherCase(entry, inversion.tensor("start"), states, inversion.tensor("x_T")),
      made: {
        text: text(`reverse(${labels.grid})`, rules.back),
        ...models,
        ...recorded,
        noise: noNoise,
        calls,
      },
    };
  }
}
