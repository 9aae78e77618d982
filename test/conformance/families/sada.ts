// Owns: Ting-Justin-Jiang/sada-icml on flow models, its skipping of whole steps. The language has no call that a run
// decides to leave out, so the network is called at every step and the value of a skipped call not used: the states are
// the source's, the number of calls is not.

import type { Case, Fields, Json, Tensor } from "../format.js";
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

/** Steps after which the source may skip the next one: by its criterion, or by the step's number alone. */
interface Windows {
  readonly watched: readonly number[];
  readonly forced: readonly number[];
}

function windows(options: Fields, steps: number): Windows {
  const [from = 0, to = 0] = options.numbers("acc_range");
  const lagrange = options.number("lagrange_term", 0) !== 0;
  const turn = lagrange ? options.number("lagrange_step") : to;
  const interval = lagrange ? options.number("lagrange_int") : 1;
  const flags = (holds: (step: number) => boolean): readonly number[] =>
    Array.from({ length: steps }, (_, step) => (holds(step) ? 1 : 0));
  return {
    watched: flags((step) => step >= from && step < turn),
    forced: flags((step) => lagrange && step >= turn && step < to && step % interval !== 0),
  };
}

/**
 * p and q are the last two slopes in the history, which a skipped step lengthens by a copy of its newest entry; k is 1
 * where this step is skipped, n counts the skipped ones in a row and `skipped` has a binary digit for each. On a skipped
 * step the criterion is zero, which the source leaves to rounding.
 */
const rule = ({ watched, forced }: Windows, most: number): string => `solver sada(
  watched = ${list(watched)},
  forced = ${list(forced)}
) {
  carry p[start] = flow[start]
  carry q[start] = flow[start]
  carry k[start] = 0*mean(x[start], per: batch)
  carry n[start] = 0*mean(x[start], per: batch)
  carry skipped[start] = 0
  step {
    let v = flow[s]
    let u = where(k[s] > 0, 2*p[s] - q[s], v)
    x[t] = x[s] + (time[t] - time[s])*u
    p[t] = where(k[s] > 0, p[s], v)
    q[t] = 1*p[s]
    skipped[t] = skipped[s] + where(k[s] > 0, 2^step, 0)
    when step < 2 {
      k[t] = 0*k[s]
      n[t] = 0*n[s]
    }
    else {
      let c = where(k[s] > 0, 0, mean(mean(2*p[s] - q[s] - u), per: batch))
      let w = where(n[s] >= ${most}, 0, max(forced[step], watched[step]*where(c <= 0, 1, 0)))
      k[t] = w
      n[t] = w*(n[s] + 1)
    }
  }
}`;

/** A set of steps as the number whose binary digits they are, everywhere in a tensor like the state. */
const bits = (steps: readonly number[], { data, shape }: Tensor): Tensor => ({
  data: new Float64Array(data.length).fill(steps.reduce((sum, step) => sum + 2 ** step, 0)),
  shape,
});

/** "mean over ..." is what the criterion is taken over. */
function checkCriterion(text: Json | undefined): void {
  if (text !== undefined && text !== "mean over the WHOLE tensor including batch")
    unsupported("another criterion for skipping");
}

export function sada(entry: Case): Replay {
  const { options, schedule } = entry;
  oneOf("solver", entry.solver, ["sada-flow-euler"]);
  checkNames(options, [
    "acc_range",
    "max_interval",
    "lagrange_term",
    "lagrange_int",
    "lagrange_step",
    "criterion",
  ]);
  checkCriterion(options.get("criterion"));
  checkNames(schedule, ["kind", "alpha", "shift", "sigmas"]);
  oneOf("schedule", schedule.text("kind"), ["flow"]);
  if (!entry.prediction.startsWith("flow")) unsupported(`a model that predicts '${entry.prediction}'`);
  const sigmas = entry.grid.numbers("sigma");
  const steps = sigmas.length - 1;
  const { guidance, ...models } = guided(entry);
  const recorded = entry.fields.has("skipped_steps");
  return {
    text: samplerText({
      definitions: [rule(windows(options, steps), options.number("max_interval"))],
      schedule: "flow",
      predicts: "flow",
      guidance,
      grid: call("given_times", { times: list(sigmas) }),
      solver: "sada",
      output: recorded ? "x[end], skipped[end]" : undefined,
    }),
    ...models,
    ...(recorded ? { outputs: [bits(entry.fields.numbers("skipped_steps"), entry.init)] } : {}),
    noise: noNoise,
    trajectory: everyStep(entry.trajectory?.length ?? 0),
  };
}
