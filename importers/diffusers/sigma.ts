// Owns: the diffusers schedulers whose state has alpha = 1 and whose levels are sigmas of the training table: Euler,
// Euler ancestral, Heun, LMS, KDPM2, KDPM2 ancestral, DPMSolverSDE.

import { drawEachStep, everyCall, type Imported, type State } from "../imported.js";
import { contradiction, notImportable } from "../options.js";
import { call, line, list, literal, type Line } from "../text.js";
import { lateChurn, repeatedStates, type Churn } from "./churn.js";
import { listExcludes, stepsOf, written, type Context, type Importer } from "./context.js";
import {
  conversionNotes,
  conversionOf,
  converted,
  listed,
  outerSpacing,
  spacings,
  type Conversion,
} from "./spacing.js";
import { tableOf, type Table } from "./table.js";

/** What a class has. */
interface Traits {
  readonly table: Parameters<typeof tableOf>[1];
  readonly predictions: readonly ("epsilon" | "v_prediction" | "sample")[];
  readonly conversions: boolean;
  /** Euler: interpolation_type, timestep_type, final_sigmas_type, sigma_min, sigma_max, lists of sigmas. */
  readonly euler?: boolean;
  readonly clip?: boolean;
  /** Lists of timesteps. */
  readonly timesteps?: boolean;
  /** Two network calls a step, but one in the last. */
  readonly twice?: boolean;
  readonly roundsKarras?: boolean;
}

interface Rule {
  readonly solver: Line;
  readonly definitions?: readonly string[];
  readonly draw?: Imported["draw"];
}

type RuleOf = (context: Context, prediction: string, levels: Levels) => Rule;

interface Levels {
  readonly definitions: readonly string[];
  readonly grid: Line;
  readonly steps: number | undefined;
  readonly count: number;
  /** Entries of the tool's list of sigmas, less one. */
  readonly intervals: number;
  /** Ends of the schedule. */
  readonly low: string;
  readonly high: string;
  readonly leading: boolean;
  readonly conversion: Conversion;
  /** The last call makes a step of no length. */
  readonly repeats?: boolean;
}

const rho = (index: string): string => `trained.rho(index: ${index})`;

/** Configured ends of converted levels that lie outside the table. Throws D0711 and D0712. */
function inTable(
  who: string,
  conversion: NonNullable<Conversion>,
  { abar }: Table,
  { low, high }: { readonly low: number | undefined; readonly high: number | undefined },
  n: number,
  toZero: boolean,
  continuous: boolean,
): void {
  const level = (index: number): number => Math.sqrt(1 / (abar.at(index) as number) - 1);
  if (low !== undefined && low < level(0) && !toZero)
    notImportable(
      `${who}: final_sigmas_type "sigma_min" goes up to training step 0 from \`sigma_min\` ${low}`,
      'set final_sigmas_type to "zero"',
    );
  if (high === undefined || high <= level(-1) || n < 2 || continuous) return;
  const bottom = low ?? level(0);
  const u = 1 / (n - 1);
  const second =
    conversion === "karras"
      ? ((1 - u) * high ** (1 / 7) + u * bottom ** (1 / 7)) ** 7
      : conversion === "beta"
        ? high
        : Math.exp((1 - u) * Math.log(high) + u * Math.log(bottom));
  if (second >= level(-1))
    contradiction(
      `${who}: \`sigma_max\` ${high} puts two levels or more above the table, which have one timestep in diffusers, so it skips the first and fails at the end`,
      `take \`sigma_max\` at most ${level(-1).toPrecision(4)}`,
    );
}

function levels(context: Context, traits: Traits, table: Table, continuous: boolean): Levels {
  const { config, args } = context;
  const who = config.who;
  const spacing = config.word("timestep_spacing", "linspace", spacings);
  const offset = config.whole("steps_offset", 0, 0);
  const conversion = traits.conversions ? conversionOf(config) : undefined;
  const interpolation = traits.euler
    ? config.word("interpolation_type", "linear", ["linear", "log_linear"])
    : "linear";
  const low = traits.euler ? config.optional("sigma_min") : undefined;
  const high = traits.euler ? config.optional("sigma_max") : undefined;
  const toZero = !traits.euler || config.word("final_sigmas_type", "zero", ["zero", "sigma_min"]) === "zero";
  const timesteps = traits.timesteps ? args.numbers("timesteps") : undefined;
  const sigmas = traits.euler ? args.numbers("sigmas") : undefined;
  const ends = {
    low: low === undefined ? rho("0") : `min(${literal(low)}, ${rho("0")})`,
    high:
      high === undefined ? rho(String(table.N - 1)) : `max(${literal(high)}, ${rho(String(table.N - 1))})`,
    leading: spacing === "leading",
    conversion,
  };
  if (sigmas) {
    if (timesteps) contradiction(`${who}: \`timesteps\` and \`sigmas\` are both given`);
    if (sigmas.length < 2)
      contradiction(`${who}: \`sigmas\` lists ${sigmas.length} levels, and a step needs two`);
    stepsOf(context, sigmas.slice(1));
    const positive = sigmas.filter((sigma) => sigma > 0);
    return {
      ...ends,
      definitions: [],
      grid: line(
        call("given", { rhos: list(sigmas) }),
        "The levels are given one by one, the last one included.",
      ),
      steps: undefined,
      count: sigmas.length - 1,
      intervals: sigmas.length - 1,
      low: `min(${literal(Math.min(...positive))}, ${rho("0")})`,
      high: `max(${literal(Math.max(...positive))}, ${rho(String(table.N - 1))})`,
    };
  }
  if (timesteps) {
    listExcludes(who, "timesteps", conversion);
    if (continuous)
      contradiction(`${who}: \`timesteps\` cannot be given together with timestep_type "continuous"`);
  }
  const n = stepsOf(context, timesteps);
  const spaced = timesteps ? listed(timesteps) : outerSpacing(who, spacing, table, n, offset, false);
  const lowest = interpolation === "log_linear" ? 0 : spaced.at(n - 1);
  const converts = conversion !== undefined;
  const repeats = !toZero && !(converts && low !== undefined) && lowest === 0 && n > 1;
  if (converts) inTable(who, conversion, table, { low, high }, n, toZero, continuous);
  const last = toZero ? "then sigma = 0" : repeats ? "" : `then rho = ${rho("0")}`;
  const finalNote = toZero
    ? []
    : repeats
      ? [
          'final_sigmas_type "sigma_min" repeats the last level: the last call makes a step of no length, left out here.',
        ]
      : ['final_sigmas_type "sigma_min": one more step, to the level of training step 0.'];
  const steps = timesteps ? undefined : n;
  const byIndex = interpolation === "linear";
  const reaches = continuous && toZero && interpolation === "log_linear" && conversion === undefined;
  const count = timesteps || reaches ? String(n) : "steps";
  if (interpolation === "log_linear" && conversion === undefined) {
    return {
      ...ends,
      definitions: [
        [
          `// interpolation_type "log_linear": ${n} + 1 levels, equal in log sigma, and then ${toZero ? "zero" : "the last one again"}.`,
          continuous
            ? `// timestep_type "continuous" makes a timestep of each of them: ${n} + 1 calls${toZero ? "" : ", the last of no length and left out"}.`
            : `// The timesteps are ${n}, so the end of the list is never reached.`,
          "grid levels {",
          `  rho[i] = exp(lerp(log(${rho(String(table.N - 1))}), log(${rho("0")}), i/${count}))  for i in 0 .. ${count}`,
          ...(reaches ? ["  then sigma = 0"] : []),
          "}",
        ].join("\n"),
      ],
      grid: line("levels"),
      steps: reaches ? undefined : steps,
      count: continuous ? n + 1 : n,
      intervals: n + 1,
      repeats: continuous && !toZero,
    };
  }
  const between = [
    `  let k(i) = ${spaced.index("i")}`,
    ...(Array.from({ length: spaced.count }, (_, i) => spaced.at(i)).every(Number.isInteger) &&
    (timesteps !== undefined || spacing !== "linspace")
      ? [`  let level(i) = ${rho("k(i)")}`]
      : [
          "  // Between training steps, sigma is interpolated linearly.",
          `  let level(i) = lerp(${rho("floor(k(i))")}, ${rho(`min(${table.N - 1}, floor(k(i)) + 1)`)}, k(i) - floor(k(i)))`,
        ]),
  ];
  const converting =
    conversion === undefined
      ? undefined
      : converted(
          conversion,
          high === undefined ? "high" : literal(high),
          low === undefined ? "low" : literal(low),
          "i",
        );
  const fromSpaced = converting === undefined || (byIndex && (high === undefined || low === undefined));
  const given = [
    ...(high === undefined ? [`  let high = ${byIndex ? "level(0)" : rho(String(table.N - 1))}`] : []),
    ...(low === undefined ? [`  let low = ${byIndex ? "level(steps - 1)" : rho("0")}`] : []),
  ];
  const why = [
    ...spaced.why,
    ...(conversion === undefined
      ? []
      : [
          conversionNotes[conversion],
          ...(low === undefined || high === undefined
            ? [
                "Its ends are the first and last of the spaced levels, so they depend on timestep_spacing and steps.",
              ]
            : []),
        ]),
    ...finalNote,
  ];
  return {
    ...ends,
    definitions: [
      ...(fromSpaced ? spaced.tables : []),
      [
        ...why.map((item) => `// ${item}`),
        "grid levels {",
        ...(fromSpaced ? between : []),
        ...(converting === undefined ? [] : given),
        `  rho[i] = ${converting ?? "level(i)"}  for i in 0 .. ${count} - 1`,
        ...(last === "" ? [] : [`  ${last}`]),
        "}",
      ].join("\n"),
    ],
    grid: line("levels"),
    steps,
    count: n,
    intervals: n,
    repeats,
  };
}

const dataOnTable = [
  "// A network that predicts x0 on the training table, run with alpha = 1.",
  "parameterization x0_on_ve {",
  "  requires alpha == 1",
  "  raw   = x0",
  "  input = x/sqrt(sigma^2 + 1)",
  "  time  = trained.index(rho: sigma)",
  "}",
].join("\n");

const scheduler =
  (traits: Traits, rule: RuleOf): Importer =>
  (context) => {
    const { config } = context;
    const table = tableOf(config, traits.table);
    const prediction = config.word("prediction_type", "epsilon", traits.predictions);
    const timing = traits.euler
      ? config.word("timestep_type", "discrete", ["discrete", "continuous"])
      : "discrete";
    const continuous = timing === "continuous" && prediction === "v_prediction";
    const made = levels(context, traits, table, continuous);
    const clip = traits.clip === true && config.flag("clip_sample", false);
    const range = traits.clip === true ? config.number("clip_sample_range", 1) : 1;
    const { solver, definitions = [], draw } = rule(context, prediction, made);
    const view = { epsilon: "eps_on_ve", v_prediction: "v_on_ve", sample: "x0_on_ve" }[prediction];
    const model = prediction === "sample" ? view : call(view, { trained_on: "trained" });
    const n = made.count;
    return written(context, {
      definitions: [
        ...table.definitions,
        ...(prediction === "sample" ? [dataOnTable] : []),
        ...made.definitions,
        ...definitions,
      ],
      schedule: line(
        call("edm", { sigma_min: made.low, sigma_max: made.high }),
        "The state has alpha = 1: x0 + sigma*noise. The network is fed x/sqrt(sigma^2 + 1).",
      ),
      predicts: line(
        continuous ? `${model} with time: log(sigma)/4` : model,
        ...(continuous ? ['timestep_type "continuous" with v_prediction: the time is log(sigma)/4.'] : []),
        ...(!continuous && (made.conversion !== undefined || !made.leading)
          ? ["A time between training steps is interpolated in log(alpha) here, in log(sigma) there."]
          : []),
        ...(traits.roundsKarras && made.conversion === "karras"
          ? ["diffusers rounds the time at the points of the grid, not at the stages between them."]
          : []),
      ),
      guidance: clip ? [call("clip", { bound: range })] : [],
      init: made.leading
        ? line(
            "x[start] = sqrt(sigma[start]^2 + 1)*z",
            'init_noise_sigma is sqrt(sigma^2 + 1) with timestep_spacing "leading", and sigma otherwise.',
          )
        : undefined,
      grid: made.grid,
      steps: made.steps,
      solver,
      states: traits.twice
        ? (calls): readonly State[] =>
            Array.from({ length: calls }, (_, k) => (k === 2 * n - 2 ? n : k % 2 === 1 ? (k + 1) / 2 : null))
        : made.repeats
          ? repeatedStates(n, solver.text.startsWith("late_churn"))
          : everyCall,
      ...(draw ? { draw } : {}),
    });
  };

const churnWhy = `// Churn as EulerDiscreteScheduler has it: the network is called before the noise is added, so its prediction
// belongs to the state without the noise. In Karras et al. 2022, algorithm 2, and in k-diffusion it is called after.`;

const churnOf = (prediction: string): Pick<Churn, "why" | "mean"> => {
  const toward =
    (data: (from: string, hat: string) => string) =>
    (from: string, hat: string, to: string): string =>
      `x[${hat}] + (rho[${to}] - rho[${hat}])*(x[${hat}] - ${data(from, hat)})/rho[${hat}]`;
  switch (prediction) {
    case "epsilon":
      return {
        why: churnWhy,
        mean: (from, hat, to) => `x[${hat}] + (rho[${to}] - rho[${hat}])*eps[${from}]`,
      };
    case "sample":
      return { why: churnWhy, mean: toward((from) => `x0[${from}]`) };
    default:
      return {
        why: `${churnWhy}\n// v_prediction: x0 is formed from the state with the noise and the level without it.`,
        mean: toward((from, hat) => `(x0[${from}] + (x[${hat}] - x[${from}])/(rho[${from}]^2 + 1))`),
      };
  }
};

const euler: RuleOf = ({ args }, prediction, { intervals, repeats = false }) =>
  lateChurn(args, () => ({ ...churnOf(prediction), intervals, repeats })) ?? { solver: line("euler") };

const standard = { start: 0.00085, end: 0.012 } as const;
const both = ["epsilon", "v_prediction"] as const;

export const sigmaSchedulers: Readonly<Record<string, Importer>> = {
  EulerDiscrete: scheduler(
    {
      table: { zero: "finite" },
      predictions: ["epsilon", "v_prediction", "sample"],
      conversions: true,
      euler: true,
      timesteps: true,
    },
    euler,
  ),
  EulerAncestralDiscrete: scheduler(
    { table: { zero: "finite" }, predictions: both, conversions: false },
    () => ({ solver: line("euler_ancestral"), draw: drawEachStep }),
  ),
  HeunDiscrete: scheduler(
    {
      table: { ...standard, more: ["exp"] },
      predictions: ["epsilon", "v_prediction", "sample"],
      conversions: true,
      clip: true,
      timesteps: true,
      twice: true,
    },
    () => ({
      solver: line("heun", "Two network calls a step and one in the last, which is Euler: 2*steps - 1."),
    }),
  ),
  LMSDiscrete: scheduler(
    { table: {}, predictions: ["epsilon", "v_prediction", "sample"], conversions: true },
    ({ args }) => {
      const order = args.whole("order", 4);
      return {
        solver: line(
          call("lms", { k: order }),
          "diffusers integrates the weights numerically; they are exact here. The last interval, to zero, has full order.",
        ),
      };
    },
  ),
  KDPM2Discrete: scheduler(
    { table: standard, predictions: both, conversions: true, twice: true, roundsKarras: true },
    () => ({ solver: line("dpm_2", "The last step is Euler: 2*steps - 1 network calls.") }),
  ),
  KDPM2AncestralDiscrete: scheduler(
    { table: standard, predictions: both, conversions: true, twice: true, roundsKarras: true },
    () => ({ solver: line("dpm_2_ancestral", "The last step is Euler."), draw: drawEachStep }),
  ),
  DPMSolverSDE: scheduler(
    { table: standard, predictions: ["epsilon", "v_prediction", "sample"], conversions: true, twice: true },
    ({ config, args }) => {
      config.ignore("noise_sampler_seed");
      const s_noise = args.number("s_noise", 1);
      const source = args.word("noise_sampler", "brownian", ["brownian", "independent"]);
      const independent = source === "independent";
      return {
        solver: line(
          call(independent ? "dpmpp_sde_independent" : "dpmpp_sde", { s_noise }),
          independent
            ? "Two independent draws a step, in place of the scheduler's Brownian path."
            : "Both draws of a step come from one Brownian path over sigma, which starts from noise_sampler_seed there and from --seed here.",
        ),
        draw: (path, step) => 2 * step + (path === "z" ? 0 : 1),
      };
    },
  ),
};
