// Owns: diffusers' DPMSolverMultistepInverse: the rules of DPM-Solver multistep on levels that rise, from data to noise.

import { betaQuantile } from "../../compiler/algebra/beta.js";
import { contradiction, notImportable } from "../options.js";
import { line } from "../text.js";
import { noVariance, predicts, stepsOf, thresholdOf, type Context, type Importer } from "./context.js";
import { clippedTable, flowNeedsData, levelsOf, predictions, type Levels, type Run } from "./levels.js";
import { algorithms, familyText, multistepRule, solverTypes, type Algorithm } from "./multistep.js";
import { linspace, roundEven } from "./numpy.js";
import {
  conversionNotes,
  conversionOf,
  converted,
  innerSpacing,
  rounded,
  spacings,
  type Conversion,
} from "./spacing.js";
import { tableOf, type Table } from "./table.js";

const start = line(
  "x[start] = z",
  "The start is the data to be inverted: import with --latents, and give it as `--input x_init=...`.",
);

interface Rising {
  /** The coordinate of the levels, and a level as an expression of `i`. */
  readonly place: "index" | "rho";
  readonly level: string;
  /** The last i, and a level after it. */
  readonly to: string;
  readonly then?: string;
  readonly tables: readonly string[];
  readonly why: readonly string[];
  /** Calls of the scheduler. */
  readonly calls: number;
  /** The list repeats its noisiest level. */
  readonly repeats: boolean;
  readonly time: "index" | "round(index)" | "floor(index)";
}

/** Whole training steps, from the cleanest on, and the noisiest at the end. */
function spaced(context: Context, table: Table, n: number, noisiest: number): Rising {
  const { config } = context;
  const who = config.who;
  const spacing = config.word("timestep_spacing", "linspace", spacings);
  const offset = config.whole("steps_offset", 0, 0);
  const shared = { place: "index", time: "index", calls: n, repeats: false } as const;
  const once = (indices: readonly number[]): void => {
    if (indices.some((index, i) => i > 0 && index <= (indices[i - 1] as number)))
      contradiction(
        `${who}: ${n} steps of ${noisiest + 1} training steps, some of which come twice`,
        "take fewer steps",
      );
  };
  switch (spacing) {
    case "linspace": {
      const indices = linspace(noisiest, n + 1).map(roundEven);
      once(indices);
      const { index, tables, why } = rounded({
        exact: (i) => `${noisiest}*${i}/steps`,
        values: indices.map((_, i) => [noisiest * i, n]),
        indices,
        why: `timestep_spacing "linspace": ${n} + 1 points from 0 to ${noisiest}, rounded.`,
      });
      return { ...shared, level: index("i"), to: "steps", tables, why };
    }
    case "leading": {
      const stride = Math.floor((noisiest + 1) / (n + 1));
      const indices = Array.from({ length: n }, (_, i) => stride * i + offset);
      once(indices);
      if ((indices.at(-1) as number) >= noisiest)
        contradiction(
          `${who}: steps_offset ${offset} moves the last call to training step ${indices.at(-1)}, and the run ends at ${noisiest}`,
          "take a smaller steps_offset",
        );
      return {
        ...shared,
        level: `floor(${noisiest + 1}/(steps + 1))*i${offset === 0 ? "" : ` + ${offset}`}`,
        to: "steps - 1",
        then: `index = ${noisiest}`,
        tables: [],
        why: [
          `timestep_spacing "leading": equal strides, and the last step goes on to training step ${noisiest}.`,
        ],
      };
    }
    case "trailing": {
      const { at, count, index, tables } = innerSpacing(who, spacing, table, n, offset, noisiest + 1);
      once(Array.from({ length: count }, (_, i) => at(count - 1 - i)));
      const size = count === n ? "steps" : String(count);
      return {
        ...shared,
        level: index(`(${size} - 1 - i)`),
        to: `${size} - 1`,
        tables,
        why: ['timestep_spacing "trailing": counted from the noisiest step; steps_offset is not used.'],
        calls: count,
        repeats: true,
      };
    }
  }
}

/** The training step, not whole, at which the table has this sigma/alpha; between entries by its logarithm. */
function stepAt(rhos: readonly number[], rho: number): number {
  const above = rhos.findIndex((entry) => entry > rho);
  if (above < 0) return rhos.length - 1;
  if (above === 0) return 0;
  const [low, high] = [rhos[above - 1] as number, rhos[above] as number];
  return above - 1 + Math.log(rho / low) / Math.log(high / low);
}

/** The same levels as numbers. */
function numeric(conversion: NonNullable<Conversion>, low: number, high: number, u: number): number {
  const lerp = (a: number, b: number): number => a + (b - a) * u;
  switch (conversion) {
    case "karras":
      return lerp(low ** (1 / 7), high ** (1 / 7)) ** 7;
    case "exponential":
    case "lu":
      return Math.exp(lerp(Math.log(low), Math.log(high)));
    case "beta":
      return high + (low - high) * betaQuantile(1 - u, 0.6, 0.6);
  }
}

/** Levels from the cleanest of the table to its noisiest. */
function convertedUp(
  context: Context,
  { N, abar }: Table,
  conversion: NonNullable<Conversion>,
  n: number,
): Rising {
  const { config } = context;
  const who = config.who;
  // Only levels at training steps have a spacing.
  config.word("timestep_spacing", "linspace", spacings);
  config.whole("steps_offset", 0, 0);
  if (n < 2) contradiction(`${who}: one step of no length`, "take two steps or more");
  const rhos = abar.map((a) => Math.sqrt(1 / a - 1));
  const [low, high] = [rhos[0] as number, rhos[N - 1] as number];
  const told = Array.from({ length: n }, (_, i) => stepAt(rhos, numeric(conversion, low, high, i / (n - 1))));
  if (conversion === "karras" && new Set(told.map(roundEven)).size < n)
    notImportable(
      `${who}: ${n} steps with use_karras_sigmas, where some levels round to one timestep: diffusers then drops the timestep and keeps the level, so that the network is told the time of another level and the run ends early`,
      "take fewer steps, or set use_karras_sigmas to false",
    );
  if (conversion !== "karras" && (told[1] as number) < 1)
    contradiction(
      `${who}: ${n} steps with ${conversion} levels, the first two of which are cut down to timestep 0: diffusers begins at the second and fails at the end`,
      `take fewer steps, or set use_${conversion}_sigmas to false`,
    );
  return {
    place: "rho",
    level: converted(conversion, "trained.rho(index: 0)", `trained.rho(index: ${N - 1})`, "i"),
    to: "steps - 1",
    tables: [],
    why: [conversionNotes[conversion]],
    calls: n,
    repeats: true,
    time: conversion === "karras" ? "round(index)" : "floor(index)",
  };
}

const repeated =
  "The tool's list repeats its last level: its last call makes a step of no length, which is left out here.";

function rising(context: Context, conversion: Conversion): Run {
  const { config } = context;
  const table = tableOf(config);
  const prediction = config.word("prediction_type", "epsilon", predictions);
  if (prediction === "flow_prediction")
    contradiction(
      `${config.who}: prediction_type "flow_prediction" without use_flow_sigmas`,
      "flow models run on flow levels: set use_flow_sigmas to true",
    );
  config.number("flow_shift", 1);
  const n = stepsOf(context);
  const noisiest = clippedTable(config, table) - 1;
  const made =
    conversion === undefined
      ? spaced(context, table, n, noisiest)
      : convertedUp(context, table, conversion, n);
  if (made.repeats && made.calls < 2)
    contradiction(`${config.who}: one step of no length`, "take two steps or more");
  const why = [
    ...made.why,
    ...(made.repeats ? [repeated] : []),
    ...(noisiest < table.N - 1 && conversion === undefined
      ? [`lambda_min_clipped leaves out the ${table.N - 1 - noisiest} noisiest training steps.`]
      : []),
  ];
  const definition = [
    ...why.map((item) => `// ${item}`),
    "grid levels {",
    `  ${made.place}[i] = ${made.level}  for i in 0 .. ${made.to}`,
    ...(made.then === undefined ? [] : [`  ${made.then}`]),
    "}",
  ].join("\n");
  return {
    prediction,
    definitions: [...table.definitions, ...made.tables],
    schedule: line(
      "trained",
      "The state has alpha^2 + sigma^2 = 1; sigma in the configuration's names means sigma/alpha.",
    ),
    predicts: predicts(prediction, made.time),
    grid: line("levels", "From data to noise."),
    steps: n,
    calls: made.calls,
    dropped: made.repeats,
    toZero: false,
    why: [definition],
    init: start,
  };
}

/** The class does not turn its flow levels around. Throws D0711. */
function flowing(context: Context): Levels {
  const { config } = context;
  const levels = levelsOf(context, { spaced: true, clipped: true });
  const { calls, table } = levels;
  const shift = config.number("flow_shift", 1);
  const told = [1, 1 - 1 / calls].map((u) => {
    const level = u * (1 - 1 / table.N);
    return Math.floor((table.N * shift * level) / (1 + (shift - 1) * level));
  });
  if (told[0] === told[1])
    contradiction(
      `${config.who}: ${calls} steps with use_flow_sigmas and flow_shift ${shift}, the first two of which are cut down to timestep ${told[0]}: diffusers begins at the second and fails at the end`,
      "take fewer steps",
    );
  return levels;
}

/** What diffusers computes as NaN, or stops at. Throws D0711. */
function refused(context: Context, algorithm: Algorithm, levels: Run, down: boolean): void {
  const { config } = context;
  const who = config.who;
  const order = Math.min(config.whole("solver_order", 2), levels.calls);
  if (algorithm.startsWith("sde") && !down)
    contradiction(
      `${who}: algorithm_type "${algorithm}" gives NaN in diffusers, since its noise is the root of a negative number on levels that rise`,
      'set algorithm_type to "dpmsolver++"',
    );
  if (algorithm === "sde-dpmsolver++" && order > 2)
    contradiction(
      `${who}: ${algorithm} has no order 3 in this class, and diffusers fails there`,
      "take solver_order 2",
    );
  const lowered =
    config.flag("euler_at_final", false) || (config.flag("lower_order_final", true) && levels.calls < 15);
  const divides =
    order === 3 || (order === 2 && config.word("solver_type", "midpoint", solverTypes) === "heun");
  if (levels.dropped && !lowered && divides)
    contradiction(
      `${who}: the list of levels repeats its last one, and the weights of the last call, of solver_order ${order}${order === 3 ? "" : ' with solver_type "heun"'}, are 0/0 there: the run ends with NaN in diffusers`,
      "set euler_at_final to true",
    );
}

export const dpmSolverMultistepInverse: Importer = (context) => {
  const { config } = context;
  const down = config.flag("use_flow_sigmas", false);
  const conversion = conversionOf(config);
  const levels: Run = down ? flowing(context) : rising(context, conversion);
  noVariance(config);
  const asked = config.word("algorithm_type", "dpmsolver++", algorithms);
  const algorithm = asked === "deis" ? "dpmsolver++" : asked;
  flowNeedsData(config, levels, algorithm.endsWith("++") ? undefined : `algorithm_type "${algorithm}"`);
  refused(context, algorithm, levels, down);
  const rule = multistepRule(
    config,
    algorithm,
    levels.calls,
    false,
    levels.dropped,
    config.flag("euler_at_final", false),
  );
  return familyText(context, levels, rule, thresholdOf(config), true, [
    ...(down
      ? [
          "use_flow_sigmas: this class does not turn its flow levels around, so that it runs from noise to data like DPMSolverMultistep.",
        ]
      : []),
  ]);
};
