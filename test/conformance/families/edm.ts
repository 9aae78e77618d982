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
  type Replay,
} from "../spec.js";
import { exploding } from "./paths.js";

const perStep = (_: string, step: number): number => step;

function churn(options: Fields, base: string, last: string): { solver: string; noise: Replay["noise"] } {
  if (options.number("S_churn") === 0) return { solver: base, noise: noNoise };
  const solver = call("churned", {
    base,
    S_churn: options.number("S_churn"),
    S_min: options.number("S_min"),
    S_max: options.number("S_max"),
    S_noise: options.number("S_noise"),
    last,
  });
  return { solver, noise: perStep };
}

/** The network's own range must not bind. */
function checkNetwork(schedule: Fields): void {
  if (schedule.number("net_sigma_min", 0) !== 0 || schedule.number("net_sigma_max", Infinity) !== Infinity)
    unsupported("a network with a range of levels of its own");
  if (schedule.text("round_sigma", "identity") !== "identity") unsupported("a network that rounds levels");
}

function edmSampler(entry: Case): Replay {
  const { options } = entry;
  checkNames(options, ["num_steps", "sigma_min", "sigma_max", "rho", "S_churn", "S_min", "S_max", "S_noise"]);
  const [high, low] = [options.number("sigma_max"), options.number("sigma_min")];
  const { solver, noise } = churn(options, "heun", "euler");
  const { guidance, ...models } = guided(entry);
  return {
    text: samplerText({
      schedule: exploding([high, low]),
      predicts: "x0",
      guidance,
      grid: call("karras", { power: options.number("rho"), rho_max: high, rho_min: low }),
      steps: options.number("num_steps"),
      solver,
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

/** Levels of the steps, noisiest first. */
function levels(
  options: Fields,
  low: number,
  high: number,
  vp: { d: number; min: number },
): readonly number[] {
  const n = options.number("num_steps");
  if (n < 2) unsupported("one step, which the reference divides by zero for");
  const fractions = Array.from({ length: n }, (_, i) => i / (n - 1));
  switch (options.text("discretization")) {
    case "vp": {
      const end = options.number("epsilon_s");
      return fractions.map((u) => {
        const t = 1 + u * (end - 1);
        return Math.sqrt(Math.expm1(0.5 * vp.d * t * t + vp.min * t));
      });
    }
    case "ve":
      return fractions.map((u) => Math.sqrt(high ** 2 * (low ** 2 / high ** 2) ** u));
    case "iddpm": {
      const M = options.number("M");
      const bar = (j: number): number => Math.sin((0.5 * Math.PI * j) / M / (options.number("C_2") + 1)) ** 2;
      const u = Array<number>(M + 1).fill(0);
      for (let j = M; j >= 1; j -= 1)
        u[j - 1] = Math.sqrt(
          ((u[j] as number) ** 2 + 1) / Math.max(bar(j - 1) / bar(j), options.number("C_1")) - 1,
        );
      const kept = u.filter((level) => level >= low && level <= high);
      return fractions.map((f) => kept[roundHalfEven((kept.length - 1) * f)] as number);
    }
    case "edm": {
      const rho = options.number("rho");
      return fractions.map((u) => (high ** (1 / rho) + u * (low ** (1 / rho) - high ** (1 / rho))) ** rho);
    }
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
  const low = options.number("sigma_min", { vp: plain(eps), ve: 0.02, iddpm: 0.002, edm: 0.002 }[kind]);
  const high = options.number("sigma_max", { vp: plain(1), ve: 100, iddpm: 81, edm: 80 }[kind]);
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
  const times = levels(options, low, high, vp).map(level.inverse);
  const second = oneOf("solver", options.text("solver"), ["heun", "euler"]) === "heun";
  const base = second ? call("second_order", { c: options.number("alpha") }) : "euler";
  const { solver, noise } = churn(options, base, "euler");
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
      definitions: [path],
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
  checkNetwork(entry.schedule);
  if (!entry.prediction.startsWith("denoiser")) unsupported(`a model that predicts '${entry.prediction}'`);
  if (entry.solver === "edm_sampler") return edmSampler(entry);
  if (entry.solver === "ablation_sampler") return ablation(entry);
  return unsupported(`the sampler '${entry.solver}'`);
}
