// Owns: which levels a diffusers scheduler visits: `timestep_spacing` in its two readings, and the conversions to
// karras, exponential, beta and lu levels. A level is written as an expression of the step i, of `steps` and of the
// training table, so that `--steps` still means what it means in diffusers.

import { contradiction, notImportable, type Options } from "../options.js";
import { list, literal } from "../text.js";
import { arangeDown, linspace, roundEven, roundingOf, toEven, type Ratio } from "./numpy.js";
import type { Table } from "./table.js";

export type Spacing = "linspace" | "leading" | "trailing";
export const spacings: readonly Spacing[] = ["linspace", "leading", "trailing"];

export type Conversion = "karras" | "exponential" | "beta" | "lu" | undefined;

/** Reads the `use_..._sigmas` flags, of which one at most may be on. Throws D0711. */
export function conversionOf(config: Options, lu = false): Conversion {
  const on: Conversion[] = [];
  if (config.flag("use_karras_sigmas", false)) on.push("karras");
  if (config.flag("use_exponential_sigmas", false)) on.push("exponential");
  if (config.flag("use_beta_sigmas", false)) on.push("beta");
  if (on.length > 1)
    contradiction(
      `${config.who}: use_${on[0]}_sigmas and use_${on[1]}_sigmas are both true, and each is a grid of its own`,
      "leave one of them",
    );
  if (lu && config.flag("use_lu_lambdas", false)) {
    // Where both are on, diffusers looks at karras first.
    if (on[0] === "karras") return "karras";
    return "lu";
  }
  return on[0];
}

export interface Spaced {
  /** Training step of step `i`, as an expression with `steps` in it. */
  readonly index: (i: string) => string;
  /** The same as a number. */
  readonly at: (i: number) => number;
  /** Steps that are made, where not `steps`. */
  readonly count: number;
  /** The rule of the library that gives these indices, followed by zero. */
  readonly std?: string;
  /** Definitions that `index` needs. */
  readonly tables: readonly string[];
  readonly why: readonly string[];
}

interface Rounded {
  /** The steps before rounding: an expression, and its exact values. */
  readonly exact: (i: string) => string;
  readonly values: readonly Ratio[];
  /** What numpy rounds them to. */
  readonly indices: readonly number[];
  /** Subtracted after rounding. */
  readonly less?: number;
  readonly std?: string;
  readonly why: string;
}

/** Steps that numpy rounds: by the rounding that gives its numbers or, where it decides half-way cases both ways, as a list. */
export function rounded({ exact, values, indices, less = 0, std, why }: Rounded): Spaced {
  const rounding = roundingOf(
    values,
    indices.map((index) => index + less),
  );
  if (!rounding)
    return {
      ...listed(indices),
      why: [
        why,
        "They are a list, since numpy's arithmetic takes some of the half-way cases up and others down.",
      ],
    };
  const usual = rounding === toEven;
  return {
    index: (i) => `${rounding.write(exact(i))}${less === 0 ? "" : ` - ${less}`}`,
    at: (i) => indices[i] as number,
    count: indices.length,
    ...(usual && std !== undefined ? { std } : {}),
    tables: [],
    why: [
      why,
      ...(usual
        ? []
        : [
            "In numpy's arithmetic the half-way cases of this number of steps lie on the other side, and are rounded to there.",
          ]),
    ],
  };
}

function trailing(who: string, top: number, N: number, n: number): Spaced {
  const points = arangeDown(top, N / n);
  if (points.length !== Math.ceil((top * n) / N - 1e-9))
    notImportable(
      `${who}: with ${n} steps of ${N}, rounding makes numpy's arange give ${points.length} timesteps, the last of them -1`,
      "take another number of steps",
    );
  return rounded({
    exact: (i) => `${top} - ${i}*${N}/steps`,
    values: points.map((_, i) => [top * n - i * N, n]),
    indices: points.map((point) => roundEven(point) - 1),
    less: 1,
    std: "trailing",
    why: 'timestep_spacing "trailing": counted from the noisiest step; steps_offset is not used.',
  });
}

/** The reading of DDIM, DDPM and the Euler family: n points, the first included. `whole`: rounded to training steps. */
export function outerSpacing(
  who: string,
  spacing: Spacing,
  table: Table,
  n: number,
  offset: number,
  whole: boolean,
): Spaced {
  const { N } = table;
  switch (spacing) {
    case "linspace": {
      const exact = (i: string): string => `${N - 1}*(steps - 1 - ${i})/max(1, steps - 1)`;
      const points = linspace(N - 1, n).toReversed();
      if (whole)
        return rounded({
          exact,
          values: points.map((_, i) => [(N - 1) * (n - 1 - i), Math.max(1, n - 1)]),
          indices: points.map(roundEven),
          why: `timestep_spacing "linspace": from ${N - 1} to 0, rounded to training steps.`,
        });
      return {
        index: exact,
        at: (i) => points[i] as number,
        count: n,
        tables: [],
        why: [`timestep_spacing "linspace": from ${N - 1} to 0, not rounded to training steps.`],
      };
    }
    case "leading": {
      if (Math.floor(N / n) < 1) contradiction(`${who}: ${n} steps of ${N} training steps`);
      return {
        index: (i) => `floor(${N}/steps)*(steps - 1 - ${i}) + ${literal(offset)}`,
        at: (i) => Math.floor(N / n) * (n - 1 - i) + offset,
        count: n,
        std: `leading(offset: ${literal(offset)})`,
        tables: [],
        why: [
          `timestep_spacing "leading": the first step is ${Math.floor(N / n) * (n - 1) + offset}, not ${N - 1}: the run does not begin at the noisiest level.`,
        ],
      };
    }
    case "trailing":
      return trailing(who, N, N, n);
  }
}

/** The reading of the DPM-Solver family: n + 1 points, of which the one at the data end is left out. */
export function innerSpacing(
  who: string,
  spacing: Spacing,
  table: Table,
  n: number,
  offset: number,
  last: number,
): Spaced {
  switch (spacing) {
    case "linspace": {
      const points = linspace(last - 1, n + 1)
        .toReversed()
        .slice(0, -1);
      return rounded({
        exact: (i) => `${last - 1}*(steps - ${i})/steps`,
        values: points.map((_, i) => [(last - 1) * (n - i), n]),
        indices: points.map(roundEven),
        why: `timestep_spacing "linspace": ${n} + 1 points from ${last - 1} to 0, rounded, and the last left out.`,
      });
    }
    case "leading":
      return {
        index: (i) => `floor(${last}/(steps + 1))*(steps - ${i}) + ${literal(offset)}`,
        at: (i) => Math.floor(last / (n + 1)) * (n - i) + offset,
        count: n,
        tables: [],
        why: [
          `timestep_spacing "leading" in this class divides by steps + 1 and leaves index 0 out, unlike DDIM and Euler.`,
        ],
      };
    case "trailing":
      return trailing(who, last, table.N, n);
  }
}

/** Training steps given one by one. */
export function listed(indices: readonly number[]): Spaced {
  return {
    index: (i) => `timesteps[${i}]`,
    at: (i) => indices[i] as number,
    count: indices.length,
    tables: [`table timesteps = ${list(indices)}`],
    why: ["The timesteps are given one by one."],
  };
}

/** Levels between two values of rho, as an expression of i. */
export function converted(
  conversion: NonNullable<Conversion>,
  high: string,
  low: string,
  i: string,
  count = "steps",
): string {
  const u = `${i}/max(1, ${count} - 1)`;
  // A call binds more strongly than ^; a bare expression does not.
  const base = (text: string): string => (/^[\w.]+(\(.*\))?$/.test(text) ? text : `(${text})`);
  switch (conversion) {
    case "karras":
      return `lerp(${base(high)}^(1/7), ${base(low)}^(1/7), ${u})^7`;
    case "exponential":
    case "lu":
      return `exp(lerp(log(${high}), log(${low}), ${u}))`;
    case "beta":
      return `lerp(${low}, ${high}, beta_quantile(1 - ${u}, 0.6, 0.6))`;
  }
}

export const conversionNotes: Readonly<Record<NonNullable<Conversion>, string>> = {
  karras: "use_karras_sigmas: Karras et al. 2022, eq. 5; its power is fixed at 7 here.",
  exponential: "use_exponential_sigmas: equal steps in log sigma.",
  beta: "use_beta_sigmas: quantiles of Beta(0.6, 0.6) between the two ends.",
  lu: "use_lu_lambdas has power 1, so it is use_exponential_sigmas; only the rounding of the time differs.",
};
