// Owns: yang-song/score_sde_pytorch: predictor and corrector loops whose step length is not the distance between their
// times, so that every step's numbers follow from the options; and the one scheduler of diffusers that does the same.

import type { Case } from "../format.js";
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

/** x -> scale*x + pull*score + spread*z, one entry a step; corrector steps before it. */
interface Steps {
  readonly scale: readonly number[];
  readonly pull: readonly number[];
  readonly spread: readonly number[];
  /** The corrector's factor beside its signal-to-noise ratio. */
  readonly factor: readonly number[];
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
  const correct = [
    `    repeat ${corrections} {`,
    `      let e = 2*factor[step]*(${literal(loop.snr)}*mean(norm(w), per: batch)/mean(norm(score[c]), per: batch))^2`,
    "      x[c] := x[c] + e*score[c] + sqrt(2*e)*w",
    "    }",
  ];
  const noisy = "x[t] = scale[step]*x[c] + pull[step]*score[c] + spread[step]*z";
  const mean = "x[t] = scale[step]*x[c] + pull[step]*score[c]";
  const predict = loop.denoise ? `    when last { ${mean} } else { ${noisy} }` : `    ${noisy}`;
  const solver = [
    `solver loop(scale = ${list(steps.scale)}, pull = ${list(steps.pull)}, spread = ${list(steps.spread)}, factor = ${list(steps.factor)}) {`,
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

const vpPath = (b0: number, b1: number, end: number): string =>
  `schedule path {\n  time t from 1 to ${literal(end)}\n  log(alpha) = -(${literal(b1)} - ${literal(b0)})/4*t^2 - ${literal(b0)}/2*t\n  sigma = sqrt(1 - alpha^2)\n}`;

const vePath = (low: number, high: number, end: number): string =>
  `schedule path {\n  time t from 1 to ${literal(end)}\n  alpha = 1\n  sigma = ${literal(low)}*(${literal(high)}/${literal(low)})^t\n}`;

const linspace = (from: number, to: number, n: number): readonly number[] =>
  Array.from({ length: n }, (_, i) => (n === 1 ? from : from + ((to - from) * i) / (n - 1)));

/** Euler-Maruyama on the reverse VP SDE with steps of 1/N. */
const eulerVp = (b0: number, b1: number, times: readonly number[]): Omit<Steps, "factor"> => {
  const beta = times.map((t) => b0 + t * (b1 - b0));
  const n = times.length;
  return {
    scale: beta.map((b) => 1 + b / (2 * n)),
    pull: beta.map((b) => b / n),
    spread: beta.map((b) => Math.sqrt(b / n)),
  };
};

function trajectory(entry: Case, denoise: boolean): readonly Recorded[] {
  const count = entry.trajectory?.length ?? 0;
  // With denoising the last recorded state has the noise that the returned one has not.
  return Array.from({ length: count }, (_, k) => (denoise && k === count - 1 ? null : k + 1));
}

/**
 * `get_ode_sampler`: scipy's RK45 on the probability flow in time, the batch as one system. The rule, its error and its
 * controller are the library's `adaptive_rk`; the first length is guessed otherwise there.
 */
function odeSampler({ options, schedule, model }: Case): Replay {
  checkNames(options, ["rtol", "atol", "method", "eps", "denoise"]);
  if (!options.text("method").startsWith("RK45")) unsupported(`method '${options.text("method")}'`);
  if (options.flag("denoise")) unsupported("a closing denoising step");
  const kind = oneOf("schedule", schedule.text("kind"), ["vpsde", "vesde"]);
  const eps = options.number("eps");
  const tolerances = { rtol: options.number("rtol"), atol: options.number("atol") };
  return {
    text: samplerText({
      definitions: [
        kind === "vpsde"
          ? vpPath(schedule.number("beta_min"), schedule.number("beta_max"), eps)
          : vePath(schedule.number("sigma_min"), schedule.number("sigma_max"), eps),
      ],
      schedule: "path",
      predicts: kind === "vpsde" ? "eps" : "score",
      grid: call("given_times", { times: list([1, eps]) }),
      solver: call("adaptive_rk", tolerances),
    }),
    model,
    conditions: {},
    labels: {},
    noise: noNoise,
    trajectory: [],
  };
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
  const predictor = oneOf("predictor", options.text("predictor"), [
    "euler_maruyama",
    "reverse_diffusion",
    "none",
  ]);
  const corrector = oneOf("corrector", options.text("corrector"), ["langevin", "none"]);
  const kind = oneOf("schedule", schedule.text("kind"), ["vpsde", "vesde"]);
  // continuous=false: the network's label is cut down to an entry of the table, and so is the score's deviation.
  const discrete = !options.flag("continuous");
  if (discrete && kind === "vesde") unsupported("rounded labels on the VE path (continuous=false)");
  const flow = options.flag("probability_flow");
  if (flow && predictor !== "reverse_diffusion") unsupported(`probability flow with '${predictor}'`);
  const N = options.number("N");
  if (schedule.number("N") !== N) unsupported("a table of another length than the run");
  const times = linspace(1, options.number("eps"), N);
  const index = times.map((t) => Math.floor(t * (N - 1)));
  let path: string;
  let steps: Steps;
  if (kind === "vpsde") {
    const [b0, b1] = [schedule.number("beta_min"), schedule.number("beta_max")];
    path = discrete
      ? `schedule path = ${call("ddpm", { beta_start: b0 / N, beta_end: b1 / N, N })}`
      : vpPath(b0, b1, options.number("eps") / 4);
    const table = linspace(b0 / N, b1 / N, N);
    const beta = index.map((i) => table[i] as number);
    if (predictor === "reverse_diffusion" && beta.some((b) => b > 1))
      unsupported("fewer steps than beta_max");
    const factor = beta.map((b) => 1 - b);
    steps =
      predictor === "euler_maruyama"
        ? { ...eulerVp(b0, b1, times), factor }
        : {
            scale: beta.map((b) => 2 - Math.sqrt(1 - b)),
            pull: beta.map((b) => (flow ? b / 2 : b)),
            spread: beta.map((b) => (flow ? 0 : Math.sqrt(b))),
            factor,
          };
  } else {
    const [low, high] = [schedule.number("sigma_min"), schedule.number("sigma_max")];
    path = vePath(low, high, options.number("eps") / 4);
    const table = linspace(Math.log(low), Math.log(high), N).map(Math.exp);
    const squares =
      predictor === "euler_maruyama"
        ? times.map((t) => ((low * (high / low) ** t) ** 2 * 2 * Math.log(high / low)) / N)
        : index.map((i) => (table[i] as number) ** 2 - (i === 0 ? 0 : (table[i - 1] as number) ** 2));
    steps = {
      scale: times.map(() => 1),
      pull: squares.map((g) => (flow ? g / 2 : g)),
      spread: squares.map((g) => (flow ? 0 : Math.sqrt(g))),
      factor: times.map(() => 1),
    };
  }
  const corrections = corrector === "langevin" ? options.number("n_steps_each") : 0;
  const predicted = predictor !== "none";
  const denoise = options.flag("denoise") && predicted;
  const each = corrections + (predicted ? 1 : 0);
  return {
    text: loopText({
      schedule: path,
      indices: discrete ? index : undefined,
      predicts: kind === "vpsde" ? "eps" : "score",
      times,
      steps,
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

/** diffusers `ScoreSdeVpScheduler`. */
export function scoreSdeVp(entry: Case): Replay {
  const config = entry.options.object("config");
  checkNames(config, ["num_train_timesteps", "beta_min", "beta_max", "sampling_eps"]);
  if (entry.prediction !== "epsilon") unsupported(`a model that predicts '${entry.prediction}'`);
  const [b0, b1] = [config.number("beta_min"), config.number("beta_max")];
  const times = entry.grid.numbers("t");
  return {
    text: loopText({
      schedule: vpPath(b0, b1, config.number("sampling_eps") / 4),
      predicts: "eps",
      times,
      steps: { ...eulerVp(b0, b1, times), factor: times.map(() => 1) },
      snr: 0,
      corrections: 0,
      predicted: true,
      denoise: false,
    }),
    model: entry.model,
    conditions: {},
    labels: {},
    noise: (_, step) => step,
    trajectory: trajectory(entry, false),
  };
}
