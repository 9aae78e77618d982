// Owns: diffusers' schedulers of CogVideoX: DDIM, and SDE-DPM-Solver++ of second order, on whole training steps of a
// table whose signal-to-noise ratio is shifted.

import type { Imported } from "../imported.js";
import { contradiction } from "../options.js";
import { line } from "../text.js";
import { type Context, type Importer, predicts, stepsOf, unitNoise, written } from "./context.js";
import { ddimOn, indexGrid } from "./ddim.js";
import { outerSpacing, spacings } from "./spacing.js";
import { tableOf, type Table } from "./table.js";

interface Read {
  readonly table: Table;
  readonly notes: readonly string[];
}

/** What both have: the table, and options that their steps leave unread. Throws D0711. */
function read({ config, args }: Context): Read {
  const table = tableOf(config, {
    start: 0.00085,
    end: 0.012,
    kind: "scaled_linear",
    zero: "exact",
    snrShift: 3,
  });
  const clip = config.flag("clip_sample", true);
  config.number("clip_sample_range", 1);
  config.number("sample_max_value", 1);
  if (args.number("eta", 0) !== 0)
    contradiction(`${config.who}: \`eta\`, which its step leaves unread`, "leave it out");
  args.flag("use_clipped_model_output", false);
  return { table, notes: clip ? ["clip_sample is true, and the step of this class does not clip."] : [] };
}

export const cogVideoXDdim: Importer = (context) => {
  const { table, notes } = read(context);
  return ddimOn(context, table, 0, { definitions: [], guidance: [] }, notes);
};

/** Each step draws for the rule of first order and, where that is not its own, once more for the second, which it keeps. */
const draws =
  (lowered: number | undefined): Imported["draw"] =>
  (_, step) =>
    step > 0 && step === lowered ? 2 * step - 1 : 2 * step;

/** The step of `stride` training steps, where the next call is elsewhere; `last`: the rule of the last step. */
const strided = (stride: number, last: string | undefined): string =>
  [
    `// A step goes ${stride} training steps down, and the next call is made at the next timestep. With this spacing the two differ:`,
    "// the state is at one level, and the network and the next step take it to be at another.",
    "solver sde_dpmpp_strided {",
    "  step {",
    ...(last === undefined ? [] : [`    when last { x[t] = ${last}(s -> t) }`, "    else {"]),
    `      point d at index = index[s] - ${stride}`,
    "      x[d] = sde_dpmpp_2m(s -> d)",
    "      x[t] = relabel(x[d])",
    ...(last === undefined ? [] : ["    }"]),
    "  }",
    "}",
  ].join("\n");

export const cogVideoXDpm: Importer = (context) => {
  const { config } = context;
  const who = config.who;
  const { table, notes } = read(context);
  const prediction = config.word("prediction_type", "epsilon", ["epsilon", "sample", "v_prediction"]);
  const n = stepsOf(context);
  const spacing = config.word("timestep_spacing", "leading", spacings);
  const offset = config.whole("steps_offset", 0, 0);
  const toOne = config.flag("set_alpha_to_one", true);
  const spaced = outerSpacing(who, spacing, table, n, offset, true);
  const stride = Math.floor(table.N / n);
  const final = spaced.at(n - 1) - stride;
  // From training step 0 to "alpha of training step 0" there is no way to go.
  const still = final < 0 && !toOne && spaced.at(n - 1) === 0;
  if (n > table.N) contradiction(`${who}: ${n} steps of ${table.N} training steps`, "take fewer steps");
  if (still && n === 1) contradiction(`${who}: the only step has no length`, "set set_alpha_to_one to true");
  const matched = Array.from({ length: n - 1 }, (_, i) => spaced.at(i) - stride).every(
    (index, i) => index === spaced.at(i + 1),
  );
  const rest = final >= 0 ? `index = ${final}` : still ? "" : toOne ? "then sigma = 0" : "index = 0";
  const { definitions, grid } = indexGrid(spaced, rest);
  const last = still ? undefined : final < 0 ? "sde_dpmpp_1" : "sde_dpmpp_2m";
  return written(context, {
    notes,
    definitions: [...table.definitions, ...definitions, ...(matched ? [] : [strided(stride, last)])],
    schedule: line("trained"),
    init: unitNoise,
    predicts: predicts(prediction, "index"),
    guidance: [],
    grid: line(
      grid.text,
      ...(grid.why ?? []),
      ...(final >= 0
        ? [
            `The last step ends at training step ${final}, ${stride} below, and is of order 2 like those before.`,
          ]
        : toOne
          ? []
          : ["set_alpha_to_one false: the last step ends at the level of training step 0."]),
    ),
    steps: n,
    solver: line(
      matched ? "sde_dpmpp_2m" : "sde_dpmpp_strided",
      `Steps with a history draw twice and keep the second draw; the first ${last === "sde_dpmpp_1" ? "and the last step are" : "step is"} of order 1.`,
    ),
    ...(matched && last === "sde_dpmpp_1" && !toOne ? { final: line(last) } : {}),
    ...(still
      ? { output: line("x[end]", "The last call, at training step 0, makes a step of no length.") }
      : {}),
    states: (calls) => Array.from({ length: calls }, (_, k) => (still && k === calls - 1 ? "result" : k + 1)),
    draw: draws(last === "sde_dpmpp_1" ? n - 1 : undefined),
  });
};
