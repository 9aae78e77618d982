// Owns: guoqiang-zhang-x/BDIA: DDIM with bidirectional integration approximation, and its way back.

import type { Case, Tensor } from "../format.js";
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
  type Replay,
} from "../spec.js";
import { predicts } from "./paths.js";
import { labelled } from "./training.js";

/** With eta the direction shrinks in every step, but noise enters in the first alone. */
const shrunk = (gamma: number, eta: number): string => `solver shrunk {
  start ddim(eta: ${literal(eta)})
  step {
    let w = ${literal(eta)}*sigma[t]/sigma[s]*sqrt(1 - (alpha[s]/alpha[t])^2)
    x[t] = ${literal(gamma)}*x[s-1] - ${literal(gamma)}*ddim(s -> s - 1) + alpha[t]*x0[s] + sqrt(sigma[t]^2 - w^2)*eps[s]
  }
}`;

/** The first step of a way back: the second of the two states that it starts from. */
const given = `solver given_state {
  input second: tensor
  step { x[t] = relabel(second) }
}`;

export function bdia(entry: Case): Replay {
  const { options, schedule, thresholding } = entry;
  oneOf("solver", entry.solver, ["bdia-ddim"]);
  checkNames(options, ["gamma", "eta", "first_step"]);
  oneOf("first_step", options.text("first_step"), ["ddim"]);
  if (thresholding) unsupported("thresholding, which is refused there");
  const gamma = options.number("gamma");
  const eta = options.number("eta");
  const { guidance, ...models } = guided(entry);
  const { definitions, grid, steps, ...path } = labelled(entry, schedule.text("spacing"));
  const common = { ...path, predicts: predicts(entry.prediction), guidance };
  return {
    text: samplerText({
      ...common,
      definitions: [...definitions, ...(eta === 0 ? [] : [shrunk(gamma, eta)])],
      grid,
      solver: eta === 0 ? call("bdia", { gamma }) : "shrunk",
    }),
    ...models,
    noise: eta === 0 ? noNoise : (_, step) => step,
    trajectory: everyStep(steps),
    calls: { count: entry.fields.number("nfe") },
    further: eta === 0 && gamma !== 0 ? back() : [],
  };

  /** From the last two states to the first one, by the inverse that is derived. */
  function back(): readonly Further[] {
    const states: readonly Tensor[] = [entry.init, ...(entry.trajectory ?? [])].reverse();
    const [final, second, ...older] = states;
    if (!final || !second || older.length === 0 || entry.trajectory?.length !== steps) return [];
    return [
      {
        entry: furtherCase(entry, final, older, entry.init),
        made: {
          text: samplerText({
            ...common,
            definitions: [...definitions, given],
            grid: `reverse(${grid})`,
            solver: `inverse(${call("bdia", { gamma })})`,
            start: "given_state",
          }),
          ...models,
          inputs: { second },
          noise: noNoise,
          trajectory: older.map((_, k) => k + 2),
        },
      },
    ];
  }
}
