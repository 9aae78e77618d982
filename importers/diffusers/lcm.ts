// Owns: diffusers' LCM and TCD: a distilled model's own list of training steps, of which the run takes some.

import { drawEachStep, noDraw } from "../imported.js";
import { contradiction, type Options } from "../options.js";
import { call, line, literal } from "../text.js";
import { type Context, type Importer, predicts, stepsOf, unitNoise, written } from "./context.js";
import { boundOf, indexGrid } from "./ddim.js";
import { listed, type Spaced } from "./spacing.js";
import { tableOf, type Table } from "./table.js";

interface Distilled {
  readonly spaced: Spaced;
  readonly count: string;
  readonly steps: number | undefined;
}

function distilled(context: Context, table: Table): Distilled {
  const { config, args } = context;
  const who = config.who;
  const strength = args.number("strength", 1);
  const original = config.whole("original_inference_steps", 50);
  const steps = args.optional("original_inference_steps") ?? original;
  if (steps > table.N)
    contradiction(`${who}: original_inference_steps ${steps} exceeds the ${table.N} training steps`);
  const k = Math.floor(table.N / steps);
  const kept = Math.floor(steps * strength);
  const given = args.numbers("timesteps");
  const n = stepsOf(context, given);
  if (given) {
    const begin = Math.max(n - Math.min(Math.floor(n * strength), n), 0);
    const list = given.slice(begin);
    return {
      spaced: listed(list),
      count: String(list.length),
      steps: undefined,
    };
  }
  if (n > kept)
    contradiction(
      `${who}: ${n} steps, and the distilled model has ${kept} timesteps (original_inference_steps times strength)`,
      `take at most ${kept} steps`,
    );
  return {
    spaced: {
      index: (i) => `(${kept} - floor(${i}*${kept}/steps))*${k} - 1`,
      at: (i) => (kept - Math.floor((i * kept) / n)) * k - 1,
      count: n,
      tables: [],
      why: [
        `The distilled model knows ${steps} timesteps, every ${k}th of ${table.N} less one${kept === steps ? "" : `; strength ${strength} leaves ${kept}`}. The run takes some of them, from the noisiest on.`,
      ],
    },
    count: "steps",
    steps: n,
  };
}

const standard = { start: 0.00085, end: 0.012, kind: "scaled_linear", zero: "exact" } as const;

/** Options that both classes take and do not use. */
function unused(config: Options): void {
  config.word("timestep_spacing", "leading", ["leading", "linspace", "trailing"]);
  config.whole("steps_offset", 0, 0);
}

const views = ["epsilon", "sample", "v_prediction"] as const;

export const lcm: Importer = (context) => {
  const { config } = context;
  const table = tableOf(config, standard);
  const prediction = config.word("prediction_type", "epsilon", views);
  const { spaced, count, steps } = distilled(context, table);
  unused(config);
  config.flag("set_alpha_to_one", true);
  const bound = boundOf(config, false, false);
  const scaling = config.number("timestep_scaling", 10);
  const made = indexGrid(spaced, "then sigma = 0", count);
  return written(context, {
    definitions: [...table.definitions, ...made.definitions],
    schedule: line("trained"),
    init: unitNoise,
    predicts: predicts(prediction, "index"),
    guidance: [...bound.guidance, call("boundary", { scaling })],
    grid: made.grid,
    steps,
    solver: line(
      "consistency",
      "The step predicts x0 and adds fresh noise; the last one returns x0. timestep_spacing and steps_offset are not used.",
    ),
    draw: drawEachStep,
  });
};

export const tcd: Importer = (context) => {
  const { config, args } = context;
  const table = tableOf(config, standard);
  const prediction = config.word("prediction_type", "epsilon", views);
  const { spaced, count, steps } = distilled(context, table);
  unused(config);
  for (const name of ["set_alpha_to_one", "clip_sample", "thresholding"] as const)
    config.flag(name, name === "set_alpha_to_one");
  for (const name of [
    "clip_sample_range",
    "dynamic_thresholding_ratio",
    "sample_max_value",
    "timestep_scaling",
  ])
    config.ignore(name);
  const eta = args.number("eta", 0.3);
  if (!(eta >= 0 && eta <= 1)) contradiction(`${config.who}: eta ${eta}, and it lies between 0 and 1`);
  const made = indexGrid(spaced, "index = 0", count);
  const solver = [
    "// TCD: down to floor((1 - eta) t) of the next timestep t, and up again to t with fresh noise; the last step ends at",
    "// training step 0, not at zero. The class does not clip, whatever clip_sample and thresholding say.",
    "solver tcd_steps(eta = 0.3) {",
    "  noise z",
    "  step {",
    "    when last { x[t] = jump(s -> t) }",
    "    else {",
    "      point d at index = floor((1 - eta)*index[t])",
    "      x[d] = jump(s -> d)",
    "      x[t] = renoise(d -> t, noise: z)",
    "    }",
    "  }",
    "}",
  ].join("\n");
  return written(context, {
    definitions: [...table.definitions, ...made.definitions, ...(eta === 0 ? [] : [solver])],
    schedule: line("trained"),
    init: unitNoise,
    predicts: predicts(prediction, "index"),
    guidance: [],
    grid: made.grid,
    steps,
    solver: line(eta === 0 ? "ddim" : `tcd_steps(eta: ${literal(eta)})`),
    draw: eta === 0 ? noDraw : drawEachStep,
  });
};
