// Owns: diffusers' schedulers of CogVideoX: DDIM, and SDE-DPM-Solver++ of second order, on whole training steps of a
// table whose signal-to-noise ratio is shifted.

import type { Imported } from "../imported.js";
import { contradiction, notImportable } from "../options.js";
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

/** Each step draws for the rule of first order and, where it has a history, once more for the second, which it keeps. */
const draws =
  (n: number): Imported["draw"] =>
  (_, step) =>
    step > 0 && step === n - 1 ? 2 * step - 1 : 2 * step;

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
  const strided = Array.from({ length: n - 1 }, (_, i) => spaced.at(i) - stride !== spaced.at(i + 1));
  if (strided.includes(true))
    notImportable(
      `${who}: ${n} steps with timestep_spacing "${spacing}", whose next timestep is not floor(${table.N}/${n}) below: the state and the next call are at different levels`,
      'take a number of steps that divides the training steps, or "leading"',
    );
  if (!toOne || spaced.at(n - 1) - stride >= 0)
    notImportable(
      `${who}: a run that does not end at alpha = 1`,
      "set set_alpha_to_one to true, and steps_offset to 0",
    );
  const { definitions, grid } = indexGrid(spaced, "then sigma = 0");
  return written(context, {
    notes,
    definitions: [...table.definitions, ...definitions],
    schedule: line("trained"),
    init: unitNoise,
    predicts: predicts(prediction, "index"),
    guidance: [],
    grid,
    steps: n,
    solver: line(
      "sde_dpmpp_2m",
      "Steps with a history draw twice and keep the second draw; the first and the last step are of order 1.",
    ),
    draw: draws(n),
  });
};
