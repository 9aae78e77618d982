// Owns: NVlabs/edm: `edm_sampler` and the samplers of its ablation, whose paths and levels follow from the options.

import type { Case, Fields } from "../format.js";
import {
  call,
  checkNames,
  everyStep,
  guided,
  list,
  literal,
  noNoise,
  oneOf,
  samplerText,
  unsupported,
  type Parts,
  type Replay,
} from "../spec.js";
import { exploding } from "./paths.js";

const perStep = (_: string, step: number): number => step;

/** What a network says of the levels it knows (`net.sigma_min`, `net.sigma_max`, `net.round_sigma`). */
interface Network {
  readonly low: number;
  readonly high: number;
  readonly round: (sigma: number) => number;
  readonly rounds: boolean;
}

function networkOf({ schedule }: Case): Network {
  const low = schedule.number("net_sigma_min", 0);
  const high = schedule.number("net_sigma_max", Infinity);
  const known = ["identity", "iddpm"] as const;
  if (oneOf("round_sigma", schedule.text("round_sigma", "identity"), known) === "identity")
    return { low, high, round: (sigma) => sigma, rounds: false };
  const M = schedule.number("M", 1000);
  const table = iddpmLevels(M, schedule.number("C_1", 0.001), schedule.number("C_2", 0.008));
  const nearest = (sigma: number): number =>
    table.reduce((best, level) => (Math.abs(level - sigma) < Math.abs(best - sigma) ? level : best));
  return { low, high, round: nearest, rounds: true };
}

/** Levels u_0 > ... > u_M = 0 of a network trained on M steps of iDDPM (Karras et al. 2022, table 1). */
function iddpmLevels(M: number, C1: number, C2: number): readonly number[] {
  const bar = (j: number): number => Math.sin((0.5 * Math.PI * j) / M / (C2 + 1)) ** 2;
  const u = Array<number>(M + 1).fill(0);
  for (let j = M; j >= 1; j -= 1)
    u[j - 1] = Math.sqrt(((u[j] as number) ** 2 + 1) / Math.max(bar(j - 1) / bar(j), C1) - 1);
  return u;
}

/** Churn to a level the network knows: `churned` with a table of the levels in place of its formula. */
const roundedChurn = (base: string, noise: number, hats: readonly number[]): string =>
  `solver rounded_churn(hats = ${list(hats)}) {
  noise z
  step {
    point hat at rho = hats[step]
    x[hat] = renoise(s -> hat, noise: ${literal(noise)}*z)
    when sigma[t] == 0 { x[t] = euler(hat -> t) } else { x[t] = ${base} }
  }
}`;

interface Solver {
  readonly solver: string;
  readonly definitions: readonly string[];
  readonly noise: Replay["noise"];
}

/** `rule` and its arguments, after churn if there is any; `levels`: where the steps begin. */
function solverOf(
  { options }: Case,
  network: Network,
  levels: readonly number[],
  rule: string,
  args: Readonly<Record<string, number>> = {},
): Solver {
  const base = call(rule, args);
  const churn = options.number("S_churn");
  if (churn === 0) return { solver: base, definitions: [], noise: noNoise };
  const [S_min, S_max] = [options.number("S_min"), options.number("S_max")];
  const S_noise = options.number("S_noise");
  if (!network.rounds)
    return {
      solver: call("churned", { base, S_churn: churn, S_min, S_max, S_noise, last: "euler" }),
      definitions: [],
      noise: perStep,
    };
  const gamma = Math.min(churn / options.number("num_steps"), Math.SQRT2 - 1);
  const hats = levels.map((sigma) =>
    S_min <= sigma && sigma <= S_max ? network.round((1 + gamma) * sigma) : sigma,
  );
  const inner = Object.entries(args).map(([name, value]) => `, ${name}: ${literal(value)}`);
  return {
    solver: "rounded_churn",
    definitions: [roundedChurn(`${rule}(hat -> t${inner.join("")})`, S_noise, hats)],
    noise: perStep,
  };
}

/** `edm_sampler`; `start`: the first state and its inputs, if it is not `x_init`. */
export function edmSampler(entry: Case, start: Pick<Parts, "init" | "inputs"> = {}): Replay {
  const { options } = entry;
  checkNames(options, ["num_steps", "sigma_min", "sigma_max", "rho", "S_churn", "S_min", "S_max", "S_noise"]);
  const network = networkOf(entry);
  const high = Math.min(options.number("sigma_max"), network.high);
  const low = Math.max(options.number("sigma_min"), network.low);
  const steps = options.number("num_steps");
  if (steps < 2) unsupported("one step, which the reference divides by zero for");
  const levels = fractions(steps).map((u) => network.round(karrasLevel(u, low, high, options.number("rho"))));
  const { solver, definitions, noise } = solverOf(entry, network, levels, "heun");
  const { guidance, ...models } = guided(entry);
  return {
    text: samplerText({
      definitions,
      schedule: exploding([high, low]),
      predicts: "x0",
      guidance,
      // A level on the edge of the churned window is inside or not by its rounding: the source's own numbers then.
      ...(network.rounds || options.number("S_churn") > 0
        ? { grid: call("given", { rhos: list([...levels, 0]) }) }
        : {
            grid: call("karras", { power: options.number("rho"), rho_max: high, rho_min: low }),
            steps,
          }),
      solver,
      ...start,
    }),
    ...models,
    noise,
    trajectory: everyStep(entry.trajectory?.length ?? 0),
  };
}

interface Level {
  /** sigma(t) as text of the language, and its inverse. */
  readonly text: string;
  readonly inverse: (sigma: number) => number;
}

const fractions = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i / (n - 1));

const karrasLevel = (u: number, low: number, high: number, rho: number): number =>
  (high ** (1 / rho) + u * (low ** (1 / rho) - high ** (1 / rho))) ** rho;

/** Levels of the steps, noisiest first. */
function levels(
  options: Fields,
  low: number,
  high: number,
  vp: { d: number; min: number },
): readonly number[] {
  const n = options.number("num_steps");
  if (n < 2) unsupported("one step, which the reference divides by zero for");
  switch (options.text("discretization")) {
    case "vp": {
      const end = options.number("epsilon_s");
      return fractions(n).map((u) => {
        const t = 1 + u * (end - 1);
        return Math.sqrt(Math.expm1(0.5 * vp.d * t * t + vp.min * t));
      });
    }
    case "ve":
      return fractions(n).map((u) => Math.sqrt(high ** 2 * (low ** 2 / high ** 2) ** u));
    case "iddpm": {
      const u = iddpmLevels(options.number("M"), options.number("C_1"), options.number("C_2"));
      const kept = u.filter((level) => level >= low && level <= high);
      return fractions(n).map((f) => kept[roundHalfEven((kept.length - 1) * f)] as number);
    }
    case "edm":
      return fractions(n).map((u) => karrasLevel(u, low, high, options.number("rho")));
    default:
      return unsupported(`discretization '${options.text("discretization")}' is not implemented`);
  }
}

/** As torch rounds. */
export function roundHalfEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest !== 0.5) return Math.round(x);
  return down % 2 === 0 ? down : down + 1;
}

function ablation(entry: Case): Replay {
  const { options } = entry;
  checkNames(options, [
    "num_steps",
    "sigma_min",
    "sigma_max",
    "rho",
    "solver",
    "discretization",
    "schedule",
    "scaling",
    "epsilon_s",
    "C_1",
    "C_2",
    "M",
    "alpha",
    "S_churn",
    "S_min",
    "S_max",
    "S_noise",
  ]);
  const eps = options.number("epsilon_s");
  const plain = (t: number): number => Math.sqrt(Math.expm1(0.5 * 19.9 * t * t + 0.1 * t));
  const kind = oneOf("discretization", options.text("discretization"), ["vp", "ve", "iddpm", "edm"]);
  const network = networkOf(entry);
  const least = options.number("sigma_min", { vp: plain(eps), ve: 0.02, iddpm: 0.002, edm: 0.002 }[kind]);
  const most = options.number("sigma_max", { vp: plain(1), ve: 100, iddpm: 81, edm: 80 }[kind]);
  const [low, high] = [Math.max(least, network.low), Math.min(most, network.high)];
  const d = (2 * (Math.log(low ** 2 + 1) / eps - Math.log(high ** 2 + 1))) / (eps - 1);
  const vp = { d, min: Math.log(high ** 2 + 1) - 0.5 * d };
  const schedules: Readonly<Record<string, Level>> = {
    vp: {
      text: `sqrt(expm1(${literal(0.5 * vp.d)}*t^2 + ${literal(vp.min)}*t))`,
      inverse: (sigma) => (Math.sqrt(vp.min ** 2 + 2 * vp.d * Math.log1p(sigma ** 2)) - vp.min) / vp.d,
    },
    ve: { text: "sqrt(t)", inverse: (sigma) => sigma ** 2 },
    linear: { text: "t", inverse: (sigma) => sigma },
  };
  const level = schedules[options.text("schedule")] ?? unsupported("this schedule is not implemented");
  const scaled = oneOf("scaling", options.text("scaling"), ["vp", "none"]) === "vp";
  const sigmas = levels(options, low, high, vp).map(network.round);
  const times = sigmas.map(level.inverse);
  const second = oneOf("solver", options.text("solver"), ["heun", "euler"]) === "heun";
  const { solver, definitions, noise } = second
    ? solverOf(entry, network, sigmas, "second_order", { c: options.number("alpha") })
    : solverOf(entry, network, sigmas, "euler");
  const { guidance, ...models } = guided(entry);
  const path = [
    "schedule path {",
    `  time t from ${literal(2 * Math.max(...times))} to 0`,
    `  let S = ${level.text}`,
    `  alpha = ${scaled ? "1/sqrt(1 + S^2)" : "1"}`,
    `  sigma = ${scaled ? "S/sqrt(1 + S^2)" : "S"}`,
    "}",
  ].join("\n");
  return {
    text: samplerText({
      definitions: [path, ...definitions],
      schedule: "path",
      predicts: "x0",
      guidance,
      grid: `given_times(times: ${list([...times, 0])})`,
      solver,
    }),
    ...models,
    noise,
    trajectory: everyStep(entry.trajectory?.length ?? 0),
  };
}

export function edm(entry: Case): Replay {
  if (!entry.prediction.startsWith("denoiser")) unsupported(`a model that predicts '${entry.prediction}'`);
  if (entry.solver === "edm_sampler") return edmSampler(entry);
  if (entry.solver === "ablation_sampler") return ablation(entry);
  return unsupported(`the sampler '${entry.solver}'`);
}
