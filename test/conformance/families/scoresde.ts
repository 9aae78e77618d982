// Owns: yang-song/score_sde_pytorch: predictor and corrector loops whose step length is not the distance between their
// times, so that every step's numbers follow from the options.

import type { Case, Fields } from "../format.js";
import {
  call,
  checkNames,
  list,
  literal,
  noNoise,
  oneOf,
  samplerText,
  unsupported,
  type Recorded,
  type Replay,
} from "../spec.js";
import { roundHalfEven } from "./edm.js";

/** The updates, one entry a step; corrector steps before each. */
interface Steps {
  readonly scale: readonly number[];
  readonly pull: readonly number[];
  readonly spread: readonly number[];
  /** The corrector's factor beside its signal-to-noise ratio. */
  readonly factor: readonly number[];
  /** The corrector's step follows from the level, not from the norms of score and noise. */
  readonly std?: readonly number[] | undefined;
}

interface Loop {
  /** Definition of the schedule `path`. */
  readonly schedule: string;
  /** Calls at entries of a table, not at times. */
  readonly indices?: readonly number[] | undefined;
  readonly predicts: string;
  readonly times: readonly number[];
  readonly steps: Steps;
  readonly snr: number;
  readonly corrections: number;
  readonly predicted: boolean;
  /** The last step returns its mean. */
  readonly denoise: boolean;
}

function loopText(loop: Loop): string {
  const { steps, corrections } = loop;
  const ratio = steps.std
    ? `${literal(loop.snr)}*std[step]`
    : `${literal(loop.snr)}*mean(norm(w), per: batch)/mean(norm(score[c]), per: batch)`;
  const correct = [
    `    repeat ${corrections} {`,
    `      let e = 2*factor[step]*(${ratio})^2`,
    "      x[c] := x[c] + e*score[c] + sqrt(2*e)*w",
    "    }",
  ];
  const noisy = "x[t] = scale[step]*x[c] + pull[step]*score[c] + spread[step]*z";
  const mean = "x[t] = scale[step]*x[c] + pull[step]*score[c]";
  const predict = loop.denoise ? `    when last { ${mean} } else { ${noisy} }` : `    ${noisy}`;
  const tables = { scale: steps.scale, pull: steps.pull, spread: steps.spread, factor: steps.factor };
  const used = Object.entries(steps.std ? { ...tables, std: steps.std } : tables);
  const solver = [
    `solver loop(${used.map(([name, values]) => `${name} = ${list(values)}`).join(", ")}) {`,
    "  noise z, w",
    "  step {",
    "    point c at s",
    "    x[c] = x[s]",
    ...(corrections > 0 ? correct : []),
    loop.predicted ? predict : "    x[t] = 1*x[c]",
    "  }",
    "}",
  ].join("\n");
  // The loop calls the network at every listed time and goes nowhere after the last: half of it stands for "after".
  const last = loop.times[loop.times.length - 1] as number;
  return samplerText({
    definitions: [loop.schedule, solver],
    schedule: "path",
    predicts: loop.predicts,
    grid: loop.indices
      ? `labels(list: ${list(loop.indices)})`
      : `given_times(times: ${list([...loop.times, last / 2])})`,
    solver: "loop",
  });
}

const vpPath = (b0: number, b1: number, end: number, sigma = "sqrt(1 - alpha^2)"): string =>
  `schedule path {\n  time t from 1 to ${literal(end)}\n  log(alpha) = -(${literal(b1)} - ${literal(b0)})/4*t^2 - ${literal(b0)}/2*t\n  sigma = ${sigma}\n}`;

const vePath = (low: number, high: number, end: number): string =>
  `schedule path {\n  time t from 1 to ${literal(end)}\n  alpha = 1\n  sigma = ${literal(low)}*(${literal(high)}/${literal(low)})^t\n}`;

const veTable = (low: number, high: number, N: number): string =>
  `schedule path {\n  index i from ${N - 1} to 0\n  alpha[i] = 1\n  sigma[i] = ${literal(low)}*(${literal(high)}/${literal(low)})^(i/${N - 1})\n}`;

const linspace = (from: number, to: number, n: number): readonly number[] =>
  Array.from({ length: n }, (_, i) => (n === 1 ? from : from + ((to - from) * i) / (n - 1)));

function trajectory(entry: Case, denoise: boolean): readonly Recorded[] {
  const count = entry.trajectory?.length ?? 0;
  // With denoising the last recorded state has the noise that the returned one has not.
  return Array.from({ length: count }, (_, k) => (denoise && k === count - 1 ? null : k + 1));
}

/** What the three SDEs of the source say at a time t. */
interface Sde {
  /** The path with the time running to `end`. */
  readonly path: (end: number) => string;
  /** The path of a network trained on a table of N levels, and its entry at a time; none: continuous time only. */
  readonly table?: { readonly path: string; readonly entry: (t: number) => number };
  readonly predicts: string;
  readonly std: (t: number) => number;
  /** Euler-Maruyama with steps of 1/N, and the discretization of "reverse diffusion". */
  readonly euler: (t: number) => Update;
  readonly reverse: (t: number) => Update;
  readonly ancestral?: (t: number) => Update;
  /** The corrector's factor beside its signal-to-noise ratio; none: the source has none either. */
  readonly factor?: (t: number) => number;
}

/** x -> scale*x + pull*score + spread*z. */
interface Update {
  readonly scale: number;
  readonly pull: number;
  readonly spread: number;
}

/** Of x + score*square + sqrt(square)*z. */
const scaled = (scale: number, square: number): Update => ({
  scale,
  pull: square,
  spread: Math.sqrt(square),
});

function vp(schedule: Fields): Sde {
  const [b0, b1, N] = [schedule.number("beta_min"), schedule.number("beta_max"), schedule.number("N")];
  const table = linspace(b0 / N, b1 / N, N);
  const at = (t: number): number => Math.floor(t * (N - 1));
  const beta = (t: number): number => table[at(t)] as number;
  return {
    path: (end) => vpPath(b0, b1, end),
    table: {
      path: `schedule path = ${call("ddpm", { beta_start: b0 / N, beta_end: b1 / N, N })}`,
      entry: at,
    },
    predicts: "eps",
    std: (t) => Math.sqrt(-Math.expm1(-0.5 * t ** 2 * (b1 - b0) - t * b0)),
    euler: (t) => scaled(1 + (b0 + t * (b1 - b0)) / (2 * N), (b0 + t * (b1 - b0)) / N),
    reverse: (t) => scaled(2 - Math.sqrt(1 - beta(t)), beta(t)),
    ancestral: (t) => {
      const root = Math.sqrt(1 - beta(t));
      return { scale: 1 / root, pull: beta(t) / root, spread: Math.sqrt(beta(t)) };
    },
    factor: (t) => 1 - beta(t),
  };
}

function subVp(schedule: Fields): Sde {
  const [b0, b1, N] = [schedule.number("beta_min"), schedule.number("beta_max"), schedule.number("N")];
  const grown = (t: number): number => -Math.expm1(-2 * b0 * t - (b1 - b0) * t ** 2);
  const euler = (t: number): Update => {
    const beta = (b0 + t * (b1 - b0)) / N;
    return scaled(1 + beta / 2, beta * grown(t));
  };
  return {
    path: (end) => vpPath(b0, b1, end, "1 - alpha^2"),
    predicts: "eps",
    std: (t) => -Math.expm1(-0.5 * t ** 2 * (b1 - b0) - t * b0),
    euler,
    // It inherits the discretization, which is Euler-Maruyama's.
    reverse: euler,
  };
}

function ve(schedule: Fields): Sde {
  const [low, high] = [schedule.number("sigma_min"), schedule.number("sigma_max")];
  const N = schedule.number("N");
  const table = linspace(Math.log(low), Math.log(high), N).map(Math.exp);
  const std = (t: number): number => low * (high / low) ** t;
  const levels = (t: number): readonly [number, number] => {
    const i = Math.floor(t * (N - 1));
    return [table[i] as number, i === 0 ? 0 : (table[i - 1] as number)];
  };
  return {
    path: (end) => vePath(low, high, end),
    // The label counts from the noisiest entry and is rounded, where the steps' index is cut down.
    table: { path: veTable(low, high, N), entry: (t) => N - 1 - roundHalfEven((1 - t) * (N - 1)) },
    predicts: "score",
    std,
    euler: (t) => scaled(1, (std(t) ** 2 * 2 * Math.log(high / low)) / N),
    reverse: (t) => {
      const [sigma, next] = levels(t);
      return scaled(1, sigma ** 2 - next ** 2);
    },
    ancestral: (t) => {
      const [sigma, next] = levels(t);
      const square = sigma ** 2 - next ** 2;
      return { scale: 1, pull: square, spread: (next * Math.sqrt(square)) / sigma };
    },
    factor: () => 1,
  };
}

function sdeOf(schedule: Fields): Sde {
  const kinds = { vpsde: vp, subvpsde: subVp, vesde: ve };
  return kinds[oneOf("schedule", schedule.text("kind"), ["vpsde", "subvpsde", "vesde"])](schedule);
}

/** The tables of scipy's methods, and the order of their error estimates plus one. */
const embedded = {
  RK45: { base: "dormand_prince", k: 5 },
  RK23: { base: "bogacki_shampine", k: 3 },
};

/**
 * `get_ode_sampler`: scipy's RK45 or RK23 on the probability flow in time, the batch as one system. Rule, error and
 * controller are the library's `adaptive_rk`; the first length is guessed otherwise there.
 */
function odeSampler({ options, schedule, model }: Case): Replay {
  checkNames(options, ["rtol", "atol", "method", "eps", "denoise"]);
  const [name = ""] = options.text("method").split(" ");
  const method = embedded[oneOf("method", name, ["RK45", "RK23"])];
  const sde = sdeOf(schedule);
  const eps = options.number("eps");
  // One noise-free step of "reverse diffusion" at the end.
  const { scale, pull } = sde.reverse(eps);
  return {
    text: samplerText({
      definitions: [sde.path(eps)],
      schedule: "path",
      predicts: sde.predicts,
      grid: call("given_times", { times: list([1, eps]) }),
      solver: call("adaptive_rk", {
        ...method,
        rtol: options.number("rtol"),
        atol: options.number("atol"),
      }),
      output: options.flag("denoise") ? `${literal(scale)}*x[end] + ${literal(pull)}*score[end]` : undefined,
    }),
    model,
    conditions: {},
    labels: {},
    noise: noNoise,
    trajectory: [],
  };
}

/** The predictor's update at each time; `flow`: of the probability flow. */
function predictorOf(name: string, sde: Sde, flow: boolean): (t: number) => Update {
  switch (oneOf("predictor", name, ["euler_maruyama", "reverse_diffusion", "ancestral_sampling", "none"])) {
    case "euler_maruyama":
      return flow ? unsupported("probability flow with 'euler_maruyama', which stops there") : sde.euler;
    case "reverse_diffusion":
      return flow ? (t) => ({ ...sde.reverse(t), pull: sde.reverse(t).pull / 2, spread: 0 }) : sde.reverse;
    case "ancestral_sampling":
      if (flow) unsupported("probability flow with 'ancestral_sampling', which is refused there");
      return sde.ancestral ?? unsupported("'ancestral_sampling' on this path, which is refused there");
    case "none":
      return () => ({ scale: 1, pull: 0, spread: 0 });
  }
}

export function scoreSde(entry: Case): Replay {
  if (entry.solver === "get_ode_sampler") return odeSampler(entry);
  const { options, schedule } = entry;
  checkNames(options, [
    "predictor",
    "corrector",
    "snr",
    "n_steps_each",
    "probability_flow",
    "continuous",
    "denoise",
    "eps",
    "N",
  ]);
  const N = options.number("N");
  if (schedule.number("N") !== N) unsupported("a table of another length than the run");
  const sde = sdeOf(schedule);
  const times = linspace(1, options.number("eps"), N);
  const flow = options.flag("probability_flow");
  const updates = times.map(predictorOf(options.text("predictor"), sde, flow));
  if (updates.some(({ scale }) => Number.isNaN(scale))) unsupported("fewer steps than beta_max");
  const corrector = oneOf("corrector", options.text("corrector"), ["langevin", "ald", "none"]);
  const factor =
    corrector === "none"
      ? times.map(() => 1)
      : times.map(sde.factor ?? (() => unsupported("a corrector on this path, which stops there")));
  // continuous=false: the network is called at an entry of its table.
  const table = options.flag("continuous") ? undefined : sde.table;
  const corrections = corrector === "none" ? 0 : options.number("n_steps_each");
  const predicted = options.text("predictor") !== "none";
  const denoise = options.flag("denoise") && predicted;
  const each = corrections + (predicted ? 1 : 0);
  return {
    text: loopText({
      schedule: table?.path ?? sde.path(options.number("eps") / 4),
      indices: table && times.map(table.entry),
      predicts: sde.predicts,
      times,
      steps: {
        scale: updates.map(({ scale }) => scale),
        pull: updates.map(({ pull }) => pull),
        spread: updates.map(({ spread }) => spread),
        factor,
        std: corrector === "ald" ? times.map(sde.std) : undefined,
      },
      snr: options.number("snr"),
      corrections,
      predicted,
      denoise,
    }),
    model: entry.model,
    conditions: {},
    labels: {},
    noise: (name, step, pass) => step * each + (name === "w" ? pass : corrections),
    trajectory: trajectory(entry, denoise && !flow),
  };
}
