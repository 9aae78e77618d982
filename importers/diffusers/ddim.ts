// Owns: diffusers' schedulers on whole training steps that step by the DDIM or DDPM rule: DDIM, its inverse, DDPM.

import { drawEachStep, noDraw, type Imported } from "../imported.js";
import { contradiction, notImportable, type Options } from "../options.js";
import { call, line, literal } from "../text.js";
import {
  type Context,
  type Importer,
  predicts,
  predictsVariance,
  stepsOf,
  unitNoise,
  written,
} from "./context.js";
import { listed, outerSpacing, spacings, type Spaced } from "./spacing.js";
import { tableOf, type Table } from "./table.js";

/** How x0 is bounded: definitions and guidance rules. */
export interface Bound {
  readonly definitions: readonly string[];
  readonly guidance: readonly string[];
}

/** Reads clipping and thresholding; thresholding comes first. `split`: eps keeps the value the network gave. */
export function boundOf(config: Options, split: boolean, clipDefault: boolean, thresholds = true): Bound {
  const clip = config.flag("clip_sample", clipDefault);
  const range = config.number("clip_sample_range", 1);
  const thresholding = thresholds && config.flag("thresholding", false);
  const p = thresholds ? config.number("dynamic_thresholding_ratio", 0.995) : 0.995;
  const ceiling = thresholds ? config.number("sample_max_value", 1) : 1;
  if (!thresholding && !clip) return { definitions: [], guidance: [] };
  if (!split)
    return {
      definitions: [],
      guidance: [
        thresholding ? call("dynamic_threshold", { p, floor: 1, ceiling }) : call("clip", { bound: range }),
      ],
    };
  const bound = thresholding
    ? `min(${literal(ceiling)}, max(1, quantile(abs(x0), ${literal(p)})))`
    : literal(range);
  return {
    definitions: [
      [
        `// ${thresholding ? "thresholding" : "clip_sample"} without use_clipped_model_output: x0 is bounded and eps is not, so the two no longer belong to one`,
        "// state; DDIM goes on from alpha*x0 + sigma*eps.",
        "guidance bounded {",
        "  requires unit data",
        `  let k = ${bound}`,
        `  x0  = clamp(x0, -k, k)${thresholding ? "/k" : ""}`,
        "  eps = eps",
        "}",
      ].join("\n"),
    ],
    guidance: ["bounded"],
  };
}

/** What the classes `...Parallel` do besides. */
const parallel = ({ name }: Context): readonly string[] =>
  name.endsWith("Parallel")
    ? [
        "ParaDiGMS runs this rule at many steps at once and corrects them until they agree; this file is the rule.",
      ]
    : [];

const views = ["epsilon", "sample", "v_prediction"] as const;

/** The grid of whole training steps, as a definition or a rule of the library. */
export function indexGrid(
  spaced: Spaced,
  last: string,
  count = "steps",
): { readonly definitions: readonly string[]; readonly grid: ReturnType<typeof line> } {
  if (spaced.std !== undefined && last === "then sigma = 0")
    return { definitions: [], grid: line(spaced.std, ...spaced.why) };
  return {
    definitions: [
      ...spaced.tables,
      [
        ...spaced.why.map((item) => `// ${item}`),
        "grid levels {",
        `  index[i] = ${spaced.index("i")}  for i in 0 .. ${count} - 1`,
        ...(last === "" ? [] : [`  ${last}`]),
        "}",
      ].join("\n"),
    ],
    grid: line("levels"),
  };
}

/** The rule of DDIM on a table; `bound` reads how x0 is bounded, where the class bounds it. */
export function ddimOn(
  context: Context,
  table: Table,
  eta: number,
  bound: Bound,
  notes: readonly string[] = [],
): Imported {
  const { config } = context;
  const who = config.who;
  const prediction = config.word("prediction_type", "epsilon", views);
  const n = stepsOf(context);
  const spacing = config.word("timestep_spacing", "leading", spacings);
  const offset = config.whole("steps_offset", 0, 0);
  const spaced = outerSpacing(who, spacing, table, n, offset, true);
  const toOne = config.flag("set_alpha_to_one", true);
  const stride = Math.floor(table.N / n);
  const final = spaced.at(n - 1) - stride;
  // Where the next timestep is not one stride below, the state is at one level and the next call at another.
  const matched = Array.from({ length: n - 1 }, (_, i) => i).every(
    (i) => spaced.at(i + 1) === spaced.at(i) - stride,
  );
  // From training step 0 to "alpha of training step 0" there is no way to go.
  const still = final < 0 && !toOne && spaced.at(n - 1) === 0;
  const last = final >= 0 ? `index = ${final}` : toOne ? "then sigma = 0" : still ? "" : "index = 0";
  const { definitions, grid } = indexGrid(spaced, last);
  const finalWhy =
    final >= 0
      ? [
          `The last step ends at training step ${final}: DDIM goes one stride of floor(${table.N}/steps) down, whatever the spacing.`,
        ]
      : toOne
        ? []
        : ["set_alpha_to_one false: the last step ends at the level of training step 0."];
  const strided = [
    `// DDIM steps down by floor(${table.N}/steps) training steps, and the next call is made at the next timestep. With this`,
    `// spacing the two differ: the state is at one level, and the network and the next step take it to be at another.`,
    "solver ddim_strided(stride, eta = 0) {",
    "  noise z",
    "  step {",
    ...(still ? [] : ["    when last { x[t] = jump(s -> t, eta: eta, noise: z) }", "    else {"]),
    "      point d at index = index[s] - stride",
    "      x[d] = jump(s -> d, eta: eta, noise: z)",
    "      x[t] = relabel(x[d])",
    ...(still ? [] : ["    }"]),
    "  }",
    "}",
  ].join("\n");
  const etaArgument = eta === 0 ? {} : { eta };
  if (still && n === 1) contradiction(`${who}: the only step has no length`, "set set_alpha_to_one to true");
  return written(context, {
    notes,
    definitions: [...table.definitions, ...definitions, ...(matched ? [] : [strided]), ...bound.definitions],
    schedule: line("trained"),
    init: unitNoise,
    predicts: predicts(prediction, "index"),
    guidance: bound.guidance,
    grid: line(grid.text, ...(grid.why ?? []), ...finalWhy),
    steps: n,
    solver: line(matched ? call("ddim", etaArgument) : call("ddim_strided", { stride, ...etaArgument })),
    output: still
      ? line(
          bound.guidance.length > 0 ? "alpha[end]*x0[end] + sigma[end]*eps[end]" : "x[end]",
          "The last call, at training step 0, makes a step of no length.",
        )
      : undefined,
    states: (calls) => Array.from({ length: calls }, (_, k) => (still && k === calls - 1 ? "result" : k + 1)),
    draw: eta === 0 ? noDraw : drawEachStep,
  });
}

export const ddim: Importer = (context) => {
  const { config, args } = context;
  const eta = args.number("eta", 0);
  const clipped = args.flag("use_clipped_model_output", false);
  return ddimOn(
    context,
    tableOf(config, { zero: "exact" }),
    eta,
    boundOf(config, !clipped, true),
    parallel(context),
  );
};

const largeVariance = [
  '// variance_type "fixed_large": the variance is beta_t. Noise is left out at training step 0 only, so a run that ends',
  "// above it has noise after its last step.",
  "solver ddpm_large {",
  "  noise z",
  "  step {",
  "    let a    = alpha[s]/alpha[t]",
  "    let beta = 1 - a^2",
  "    let m    = a*sigma[t]^2/sigma[s]^2*x[s] + alpha[t]*beta/sigma[s]^2*x0[s]",
  "    when index[s] == 0 { x[t] = m }",
  "    else               { x[t] = m + sqrt(beta)*z }",
  "  }",
  "}",
].join("\n");

export const ddpm: Importer = (context) => {
  const { config, args } = context;
  const who = config.who;
  const table = tableOf(config, { zero: "exact", more: ["sigmoid", "laplace"] });
  const prediction = config.word("prediction_type", "epsilon", views);
  const spacing = config.word("timestep_spacing", "leading", spacings);
  const offset = config.whole("steps_offset", 0, 0);
  const timesteps = args.numbers("timesteps");
  const n = stepsOf(context, timesteps);
  const spaced = timesteps ? listed(timesteps) : outerSpacing(who, spacing, table, n, offset, true);
  const bound = boundOf(config, false, true);
  const variance = config.word("variance_type", "fixed_small", [
    "fixed_small",
    "fixed_small_log",
    "fixed_large",
    "fixed_large_log",
    "learned",
    "learned_range",
  ]);
  if (variance === "fixed_large_log")
    contradiction(
      `${who}: variance_type "fixed_large_log" takes the square root of a negative logarithm in diffusers`,
      'the standard deviation is NaN there; "fixed_large" is what was meant',
    );
  if (variance === "learned" || (variance === "learned_range" && spaced.at(n - 1) !== 0))
    notImportable(`${who}: variance_type "${variance}" with these timesteps`);
  const large = variance === "fixed_large";
  const learned = variance === "learned_range";
  const { definitions, grid } = indexGrid(spaced, "then sigma = 0", timesteps ? String(n) : "steps");
  return written(context, {
    notes: parallel(context),
    definitions: [
      ...table.definitions,
      ...definitions,
      ...(large ? [largeVariance] : []),
      ...bound.definitions,
    ],
    schedule: line("trained"),
    init: unitNoise,
    predicts: predictsVariance(prediction, learned),
    guidance: bound.guidance,
    grid: line(
      grid.text,
      ...(grid.why ?? []),
      "DDPM goes to the next timestep and, after the last, to alpha = 1.",
    ),
    steps: timesteps ? undefined : n,
    solver: line(
      large ? "ddpm_large" : learned ? 'ddpm_variance(kind: "learned")' : "ddpm",
      ...(large || learned
        ? []
        : ["diffusers keeps this variance above 1e-20, which adds noise of 1e-10 where it is 0 here."]),
    ),
    draw: drawEachStep,
  });
};

export const ddimInverse: Importer = (context) => {
  const { config } = context;
  const who = config.who;
  const table = tableOf(config, { zero: "exact" });
  const prediction = config.word("prediction_type", "epsilon", views);
  const n = stepsOf(context);
  const spacing = config.word("timestep_spacing", "leading", ["leading", "trailing"]);
  const offset = config.whole("steps_offset", 0, 0);
  const spaced = outerSpacing(who, spacing, table, n, offset, true);
  const toOne = config.flag("set_alpha_to_one", true);
  const clip = config.flag("clip_sample", true);
  const range = config.number("clip_sample_range", 1);
  const stride = Math.floor(table.N / n);
  // Ascending: call k is at timestep n - 1 - k of the descending list.
  const at = (k: number): number => spaced.at(n - 1 - k);
  const from = Array.from({ length: n }, (_, k) => Math.min(at(k) - stride, table.N - 1));
  const matched = from.every((index, k) => k === 0 || index === at(k - 1));
  const first = from[0] as number;
  const start = first >= 0 ? `index = ${first}` : toOne ? "sigma = 0" : "index = 0";
  if (first < 0 && !toOne && at(0) === 0)
    notImportable(
      `${who}: the first step, from training step 0 to itself, has no length`,
      "set set_alpha_to_one to true",
    );
  if (first < 0 && toOne && prediction === "sample")
    contradiction(
      `${who}: prediction_type "sample" divides by a sigma of 0 in the first step`,
      "set set_alpha_to_one to false",
    );
  const D = {
    epsilon: ["(x[b] - sigma[b]*eps[p])/alpha[b]", "eps[p]"],
    sample: ["x0[p]", "(x[b] - alpha[b]*x0[p])/sigma[b]"],
    v_prediction: ["alpha[b]*x[b] - sigma[b]*v[p]", "alpha[b]*v[p] + sigma[b]*x[b]"],
  }[prediction] as [string, string];
  const base = matched ? "s" : "b";
  const use = (text: string): string => text.replaceAll("[b]", `[${base}]`);
  const data = clip ? `clamp(${D[0]}, -${literal(range)}, ${literal(range)})` : D[0];
  const solver = [
    "// DDIM upwards. The network is called with the timestep that the step goes to, on the state that is still at the",
    "// level below; its output is read at the level below.",
    "solver ddim_inverse_published {",
    "  step {",
    "    point p at t",
    "    x[p] = relabel(x[s])",
    ...(matched
      ? []
      : [
          "    // With this spacing the level below is one stride down, and not the one the last step went to.",
          `    point b at index = max(0, index[t] - ${stride})`,
          "    x[b] = relabel(x[s])",
        ]),
    `    x[t] = jump(${base} -> t, x0: ${use(data)}, eps: ${use(D[1])})`,
    "  }",
    "}",
  ].join("\n");
  return written(context, {
    definitions: [
      ...table.definitions,
      ...spaced.tables,
      [
        `// timestep_spacing "${spacing}", ascending.`,
        "grid levels {",
        `  ${start}`,
        `  index[i] = ${spaced.index("(steps - 1 - i)")}  for i in 0 .. steps - 1`,
        "}",
      ].join("\n"),
      solver,
    ],
    schedule: line("trained"),
    predicts: predicts(prediction, "index"),
    guidance: [],
    init: line(
      "x[start] = z",
      "The start is the data to be inverted: import with --latents, and give it as `--input x_init=...`.",
    ),
    grid: line("levels"),
    steps: n,
    solver: line("ddim_inverse_published"),
  });
};
