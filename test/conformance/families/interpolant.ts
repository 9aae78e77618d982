// Owns: malbergo/stochastic-interpolants: the SDE of a one-sided interpolant with a diffusion of its own, time running
// towards the data. Velocity and score are views of one network here.

import type { Case } from "../format.js";
import {
  call,
  checkNames,
  everyStep,
  guided,
  list,
  oneOf,
  samplerText,
  unsupported,
  type Replay,
} from "../spec.js";

/** Heun as released: the noise comes first, and both slopes are taken at t. */
const heun = `solver interpolant_heun(e = 0.5) {
  noise z
  step {
    let dt   = time[t] - time[s]
    let F(p) = flow[p] + e*score[p]
    point a, b at t
    x[a] = relabel(x[s]) + sqrt(2*e*dt)*z
    x[b] = x[a] + dt*F(a)
    x[t] = x[a] + dt/2*(F(a) + F(b))
  }
}`;

interface Path {
  readonly alpha: string;
  readonly sigma: string;
  /** sigma as a number. */
  readonly level: (t: number) => number;
}

const paths: Readonly<Record<"one-sided-linear" | "one-sided-trig", Path>> = {
  "one-sided-linear": { alpha: "t", sigma: "1 - t", level: (t) => 1 - t },
  "one-sided-trig": {
    alpha: "sin(pi/2*t)",
    sigma: "cos(pi/2*t)",
    level: (t) => Math.cos((Math.PI / 2) * t),
  },
};

/** Two-sided paths have a third endpoint, and the mirror's level rises before it falls. */
const pathNames = ["one-sided-linear", "one-sided-trig"] as const;

export function interpolant(entry: Case): Replay {
  const { options, schedule } = entry;
  oneOf("solver", entry.solver, ["interpolant-sde-heun", "interpolant-sde-em"]);
  checkNames(options, ["eps", "n_step", "method"]);
  checkNames(schedule, ["kind", "path", "convention"]);
  oneOf("schedule", schedule.text("kind"), ["interpolant"]);
  if (!entry.prediction.startsWith("velocity b and score s"))
    unsupported(`a model that predicts '${entry.prediction}'`);
  const { alpha, sigma, level } = paths[oneOf("path", schedule.text("path"), pathNames)];
  const method = oneOf("method", options.text("method"), ["heun", "em"]);
  const times = entry.grid.numbers("t");
  if (times.length !== options.number("n_step")) unsupported("a grid of another number of points");
  if (times.some((t, i) => i > 0 && t <= (times[i - 1] as number)))
    unsupported("a run from the data to the noise");
  const { guidance, ...models } = guided(entry);
  return {
    text: samplerText({
      definitions: [
        `schedule path {\n  time t from 0 to 1\n  alpha = ${alpha}\n  sigma = ${sigma}\n}`,
        ...(method === "heun" ? [heun] : []),
      ],
      schedule: "path",
      predicts: "flow",
      guidance,
      grid: call("given_times", { times: list(times) }),
      solver: call(method === "heun" ? "interpolant_heun" : "interpolant_em", { e: options.number("eps") }),
    }),
    ...models,
    noise: (_, step) => step,
    trajectory: everyStep(entry.trajectory?.length ?? 0),
    calls: {
      count: entry.fields.number("nfe"),
      levels: entry.fields.has("eval_t") ? entry.fields.numbers("eval_t").map(level) : undefined,
    },
  };
}
