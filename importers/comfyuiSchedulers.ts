// Owns: the schedulers of ComfyUI's KSampler, on the table of Stable Diffusion.

import { betaQuantile } from "../compiler/algebra/beta.js";
import { contradiction } from "./options.js";
import { line, list, literal, type Line } from "./text.js";

/** A grid and its definitions. */
interface Grid {
  readonly definitions: readonly string[];
  readonly grid: Line;
}

export interface Levels {
  /** Levels before zero. */
  readonly count: number;
  /** The grid; `end`: its last level, where it is not zero. */
  readonly written: (end: number | undefined) => Grid;
  /** The first and the last level before zero, as expressions. */
  readonly first: string;
  readonly last: string;
  /** It begins at the noisiest level of the table. */
  readonly full: boolean;
}

/** How many levels are asked for; `discard`: the last of them is made and left out. */
export interface Asked {
  readonly total: number;
  readonly discard: boolean;
}

const N = 1000;
const rho = (index: number | string): string => `stable_diffusion.rho(index: ${index})`;

export const low = rho(0);
export const high = rho(N - 1);

/** A level between two training steps: ComfyUI interpolates log sigma. */
const level = (floor: string, above: string, k: string): string =>
  `exp(lerp(log(${rho(floor)}), log(${rho(above)}), ${k}))`;

const between =
  "  // Between training steps, log sigma is interpolated.\n" +
  `  let level(k) = ${level("floor(k)", "min(999, floor(k) + 1)", "k - floor(k)")}`;

const levelAt = (k: number): string =>
  Number.isInteger(k)
    ? rho(k)
    : level(String(Math.floor(k)), String(Math.floor(k) + 1), literal(k - Math.floor(k)));

const gridOf =
  (
    why: readonly string[],
    lets: readonly string[],
    value: string,
    count: string,
    tables: readonly string[] = [],
  ): Levels["written"] =>
  (end) => ({
    definitions: [
      ...tables,
      [
        ...why.map((item) => `// ${item}`),
        "grid levels {",
        ...lets,
        `  rho[i] = ${value}  for i in 0 .. ${count} - 1`,
        `  then sigma = ${end === undefined ? "0" : literal(end)}`,
        "}",
      ].join("\n"),
    ],
    grid: line("levels"),
  });

/** The number of levels that are kept, and of those that are made, as the text says it. */
const kept = ({ total, discard }: Asked): number => (discard ? total - 1 : total);
const made = ({ discard }: Asked): string => (discard ? "(steps + 1)" : "steps");

/** A rule of the library between the ends of the table; with one level more, its formula. */
const overTable =
  (name: string, why: string, formula: string) =>
  (asked: Asked): Levels => ({
    count: kept(asked),
    written: asked.discard
      ? gridOf([why], [], formula, "steps")
      : () => ({ definitions: [], grid: line(name, why) }),
    first: high,
    last: low,
    full: true,
  });

/** Whole training steps: by a formula where the tool's arithmetic agrees with it, one by one where it does not. */
function indexed(asked: Asked, why: string, indices: readonly number[], formula: string | undefined): Levels {
  const used = asked.discard ? indices.slice(0, -1) : indices;
  const ends = {
    count: used.length,
    first: rho(used[0] as number),
    last: rho(used.at(-1) as number),
    full: used[0] === N - 1,
  };
  return formula === undefined
    ? {
        ...ends,
        written: gridOf([why], [], rho("timesteps[i]"), String(used.length), [
          `table timesteps = ${list(used)}`,
        ]),
      }
    : {
        ...ends,
        written: gridOf([why], [], rho(formula), used.length === kept(asked) ? "steps" : String(used.length)),
      };
}

const range = (n: number): readonly number[] => Array.from({ length: n }, (_, i) => i);

/** numpy.rint, short of half-way cases, which a quantile does not meet. */
const nearest = Math.round;

export const schedulers: Readonly<Record<string, (asked: Asked) => Levels>> = {
  karras: overTable(
    "karras",
    "Karras levels of power 7 over the range of the table.",
    `lerp(${high}^(1/7), ${low}^(1/7), i/steps)^7`,
  ),
  exponential: overTable(
    "exponential",
    "Equal steps in log sigma over the range of the table.",
    `exp(lerp(log(${high}), log(${low}), i/steps))`,
  ),
  kl_optimal: (asked) => {
    if (asked.total === 1) contradiction("kl_optimal: its only level is 0/0", "take two steps");
    return overTable(
      "kl_optimal",
      "kl_optimal: equal steps in the angle whose tangent is sigma, over the range of the table.",
      `tan(lerp(atan(${high}), atan(${low}), i/steps))`,
    )(asked);
  },
  normal: (asked) => ({
    count: kept(asked),
    written: gridOf(
      ["normal: equal distances in the training index, both ends included."],
      [between],
      `level(${N - 1}*(1 - i/${asked.discard ? "steps" : "max(1, steps - 1)"}))`,
      "steps",
    ),
    first: high,
    last: asked.total === 1 ? high : low,
    full: true,
  }),
  sgm_uniform: (asked) => ({
    count: kept(asked),
    written: gridOf(
      ["sgm_uniform: equal distances in the training index, the end left out."],
      [between],
      `level(${N - 1}*(1 - i/${made(asked)}))`,
      "steps",
    ),
    first: high,
    last: levelAt((N - 1) / asked.total),
    full: true,
  }),
  simple: (asked) => {
    const { total } = asked;
    // `int(x*len/steps)` with the quotient rounded first: a whole product may come out below itself.
    const cut = range(total).map((i) => Math.floor(i * (N / total)));
    const exact = cut.every((value, i) => value === Math.floor((i * N) / total));
    return indexed(
      asked,
      `simple: whole training steps, counted from the noisiest one and cut off.${exact ? "" : " Some of the whole ones come out one lower in floating point."}`,
      cut.map((value) => N - 1 - value),
      exact ? `${N - 1} - floor(i*${N}/${made(asked)})` : undefined,
    );
  },
  ddim_uniform: (asked) => {
    const stride = Math.floor(N / asked.total);
    if (stride < 1) contradiction(`ddim_uniform: ${asked.total} steps of ${N}`);
    const count = Math.floor((N - 2) / stride) + 1;
    const indices = range(count).map((i) => 1 + stride * (count - 1 - i));
    return indexed(
      asked,
      `ddim_uniform: training steps 1, ${1 + stride}, .. up to the end; the number of levels follows from the stride of ${stride}.`,
      indices,
      `1 + ${stride}*(${count} - 1 - i)`,
    );
  },
  beta: (asked) => {
    const { total } = asked;
    const all = range(total).map((i) => nearest((N - 1) * betaQuantile(1 - i / total, 0.6, 0.6)));
    const indices = all.filter((index, i) => index !== all[i - 1]);
    const dropped = all.length - indices.length;
    return indexed(
      asked,
      `beta: quantiles of Beta(0.6, 0.6), rounded to training steps${dropped === 0 ? "" : `, of which ${dropped} would be there twice and are left out`}.`,
      indices,
      dropped === 0 ? `round(${N - 1}*beta_quantile(1 - i/${made(asked)}, 0.6, 0.6))` : undefined,
    );
  },
  linear_quadratic: (asked) => {
    const { total } = asked;
    const linear = Math.floor(total / 2);
    const rest = total - linear;
    const d = linear - 0.025 * total;
    const i = total - 1;
    const fall =
      total === 1
        ? 0
        : (d / (linear * rest ** 2)) * i ** 2 +
          (0.025 / linear - (2 * d) / rest ** 2) * i +
          (d / (linear * rest ** 2)) * linear ** 2;
    return {
      count: kept(asked),
      written: gridOf(
        [
          "linear_quadratic: the levels of Mochi's flow, times the largest sigma of the table: sigma falls by a 40th over the first half.",
        ],
        total === 1
          ? []
          : [
              `  let n = ${made(asked)}`,
              `  let d = ${linear} - 0.025*n`,
              `  let q = n - ${linear}`,
              `  let fall(k) = where(k < ${linear}, 0.025*k/${linear}, d/(${linear}*q^2)*k^2 + (0.025/${linear} - 2*d/q^2)*k + d/(${linear}*q^2)*${linear}^2)`,
            ],
        total === 1 ? high : `${high}*(1 - fall(i))`,
        "steps",
      ),
      first: high,
      last: `${high}*${literal(1 - fall)}`,
      full: true,
    };
  },
};
