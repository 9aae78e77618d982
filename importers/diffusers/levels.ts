// Owns: the levels of diffusers' DPM-Solver family (DPMSolver multistep and singlestep, DEIS, UniPC, SA): states on the
// training table or, with use_flow_sigmas, on the flow path; spacing, conversions, shifts and the last level.

import { contradiction, notImportable, type Options } from "../options.js";
import { line, list, literal, type Line } from "../text.js";
import { listExcludes, predicts, stepsOf, type Context, type Prediction } from "./context.js";
import {
  conversionNotes,
  conversionOf,
  converted,
  innerSpacing,
  listed,
  spacings,
  type Conversion,
} from "./spacing.js";
import { tableOf, type Table } from "./table.js";

export interface Traits {
  readonly zeroSnr?: boolean;
  readonly lu?: boolean;
  /** Singlestep has no timestep_spacing. */
  readonly spaced?: boolean;
  readonly clipped?: boolean;
  readonly timesteps?: boolean;
  /** `final_sigmas_type`; without it the run stops at training step 0, or repeats a converted last level. */
  readonly final?: boolean;
  readonly dynamic?: boolean;
  /** UniPC: flow levels from 1, sigma_min, sigma_max, shift_terminal, lists of sigmas, karras levels as flow levels. */
  readonly unipc?: boolean;
  /** DPM-Solver multistep truncates the times of karras levels on the cosine table. */
  readonly truncates?: boolean;
}

/** What the rules of the family are written on. */
export interface Run {
  readonly prediction: Prediction;
  readonly definitions: readonly string[];
  readonly schedule: Line;
  readonly predicts: Line;
  readonly grid: Line;
  /** For the `steps` line. */
  readonly steps: number | undefined;
  /** Calls of the scheduler. */
  readonly calls: number;
  /** The last call makes a step of no length, which is left out here. */
  readonly dropped: boolean;
  readonly toZero: boolean;
  /** Definition of the grid. */
  readonly why: readonly string[];
  /** The rule of the library that is the whole grid, where there is one. */
  readonly std?: Line;
  /** The state at the start, where it is not unit noise. */
  readonly init?: Line;
}

export interface Levels extends Run {
  readonly table: Table;
  /** The coordinate in which `level` is. */
  readonly place: "index" | "rho" | "time";
  /** The level of point `i` of the grid, short of the last, where `steps` is the number of calls. */
  readonly level: (i: string) => string;
  /** How the grid ends, after the last of these; undefined when it does not go on. */
  readonly last: string | undefined;
  /** The time that the network is told at point s. */
  readonly timestep: string;
}

/** The number of training steps left by `lambda_min_clipped`. */
export function clippedTable(config: Options, table: Table): number {
  const least = config.number("lambda_min_clipped", -Infinity);
  const noisy = table.abar.filter((a) => 0.5 * (Math.log(a) - Math.log(1 - a)) < least).length;
  if (noisy >= table.N - 1)
    contradiction(`${config.who}: \`lambda_min_clipped\` ${least} leaves no training step`);
  return table.N - noisy;
}

export const shifted = (by: string, u: string): string => `${by}*${u}/(1 + (${by} - 1)*${u})`;

interface Flow {
  readonly level: (i: string) => string;
  readonly why: readonly string[];
  readonly definitions: readonly string[];
  readonly count: number | undefined;
}

function flowLevels(context: Context, traits: Traits, N: number): Flow {
  const { config, args } = context;
  const shift = config.number("flow_shift", 1);
  const dynamic = traits.dynamic === true && config.flag("use_dynamic_shifting", false);
  const kind = traits.dynamic
    ? config.word(
        "time_shift_type",
        "exponential",
        traits.unipc ? ["exponential", "linear"] : ["exponential"],
      )
    : "exponential";
  const mu = dynamic ? args.optional("mu") : undefined;
  if (traits.unipc && dynamic && mu === undefined)
    contradiction(`${config.who}: use_dynamic_shifting needs \`mu\``, "give it: `--set mu=0.8`");
  const by =
    mu === undefined || (traits.unipc && !dynamic)
      ? literal(shift)
      : kind === "linear"
        ? literal(mu)
        : `exp(${literal(mu)})`;
  const why =
    mu === undefined
      ? [`use_flow_sigmas with flow_shift ${shift}: levels of the flow path, equal in time, then shifted.`]
      : [`use_dynamic_shifting with mu ${mu}: shifted by ${kind === "linear" ? "mu" : "exp(mu)"}.`];
  if (!traits.unipc)
    return {
      definitions: [],
      count: undefined,
      level: (i) => shifted(by, `(${1 - 1 / N}*(steps - ${i})/steps)`),
      why: [...why, `They begin at a shifted 1 - 1/${N}, not at 1.`],
    };
  const sigmas = args.numbers("sigmas");
  const terminal = config.optional("shift_terminal");
  const raw = (i: string): string => shifted(by, sigmas ? `sigmas[${i}]` : `(1 - ${1 - 1 / N}*${i}/steps)`);
  const stretched = (i: string): string =>
    terminal === undefined || terminal === 0
      ? raw(i)
      : `(1 - (1 - ${raw(i)})*(1 - ${literal(terminal)})/(1 - ${raw(sigmas ? String(sigmas.length - 1) : "(steps - 1)")}))`;
  return {
    definitions: sigmas ? [`table sigmas = ${list(sigmas)}`] : [],
    count: sigmas?.length,
    level: (i) => `min(1 - 1e-6, ${stretched(i)})`,
    why: [
      ...why,
      ...(terminal ? [`shift_terminal: 1 - sigma is stretched so that the last level is ${terminal}.`] : []),
      "A first level of 1 is lowered by 1e-6, where log(alpha) is finite.",
    ],
  };
}

/** Rules on the noise prediction have no branch for flow models. Throws D0711. */
export function flowNeedsData(config: Options, { prediction }: Run, noise: string | undefined): void {
  if (prediction === "flow_prediction" && noise !== undefined)
    contradiction(
      `${config.who}: prediction_type "flow_prediction" with ${noise}, which diffusers refuses`,
      "take the rule on the data prediction",
    );
}

export const predictions = ["epsilon", "sample", "v_prediction", "flow_prediction"] as const;

export function levelsOf(context: Context, traits: Traits): Levels {
  const { config, args } = context;
  const who = config.who;
  const table = tableOf(config, traits.zeroSnr ? { zero: "finite" } : {});
  const prediction: Prediction = config.word("prediction_type", "epsilon", predictions);
  const conversion: Conversion = conversionOf(config, traits.lu === true);
  const flow = config.flag("use_flow_sigmas", false);
  const spacing = traits.spaced ? config.word("timestep_spacing", "linspace", spacings) : "linspace";
  const offset = traits.spaced ? config.whole("steps_offset", 0, 0) : 0;
  const last = traits.clipped ? clippedTable(config, table) : table.N;
  const option = traits.final ? config.word("final_sigmas_type", "zero", ["zero", "sigma_min"]) : "repeat";
  const low = traits.unipc ? config.optional("sigma_min") : undefined;
  const high = traits.unipc ? config.optional("sigma_max") : undefined;
  const timesteps = traits.timesteps ? args.numbers("timesteps") : undefined;
  if (flow && conversion !== undefined && !(traits.unipc && conversion === "karras"))
    contradiction(
      `${who}: use_flow_sigmas together with ${conversion} levels, which exceed 1 and make alpha negative`,
      "leave one of them",
    );
  if (prediction === "flow_prediction" && !flow)
    contradiction(
      `${who}: prediction_type "flow_prediction" without use_flow_sigmas`,
      "flow models run on flow levels: set use_flow_sigmas to true",
    );
  if (timesteps) {
    listExcludes(who, "timesteps", conversion);
    if (flow) notImportable(`${who}: \`timesteps\` together with use_flow_sigmas`);
  }
  const flowing = flow ? flowLevels(context, traits, table.N) : undefined;
  if (!flow) {
    const unused = [
      ["flow_shift", 1],
      ["use_dynamic_shifting", false],
      ["time_shift_type", "exponential"],
    ] as const;
    // They act on flow levels only; on others diffusers leaves them unread.
    for (const [name] of unused) if (name === "flow_shift" || traits.dynamic) config.ignore(name);
    if (traits.unipc && config.optional("shift_terminal") !== undefined)
      contradiction(`${who}: \`shift_terminal\` without use_flow_sigmas`);
    args.off("sigmas", "lists of sigmas need use_flow_sigmas");
    args.off("mu", "it shifts flow levels only");
  }
  const calls = flowing?.count ?? stepsOf(context, timesteps);
  const toZero = option === "zero";
  const ends = {
    high: high === undefined ? `trained.rho(index: ${table.N - 1})` : literal(high),
    low: low === undefined ? "trained.rho(index: 0)" : literal(low),
  };
  const spaced =
    timesteps !== undefined ? listed(timesteps) : innerSpacing(who, spacing, table, calls, offset, last);
  const indexed = !flow && conversion === undefined;
  const made = indexed ? spaced.count : calls;
  const asFlow = flow && conversion === "karras";
  const place = indexed ? "index" : flow ? "time" : "rho";
  const level = (i: string): string => {
    if (conversion !== undefined) {
      const value = converted(conversion, ends.high, ends.low, i);
      return asFlow ? `1 - 1/(1 + ${value})` : value;
    }
    return flowing ? flowing.level(i) : spaced.index(i);
  };
  const repeats =
    (option === "repeat" && !indexed) ||
    (option === "sigma_min" &&
      !indexed &&
      (traits.unipc === true || (conversion !== undefined && calls > 1)));
  if (repeats && made < 2) contradiction(`${who}: one step of no length`, "take two steps or more");
  const end =
    repeats || made === 0
      ? undefined
      : toZero
        ? "then sigma = 0"
        : indexed
          ? "index = 0"
          : `${flow ? "time" : "rho"} = trained.rho(index: 0)`;
  const count = timesteps ? String(calls) : made === calls ? "steps" : String(made);
  const fixed = timesteps !== undefined || flowing?.count !== undefined;
  const truncated =
    conversion === "exponential" ||
    conversion === "beta" ||
    (traits.truncates === true &&
      config.word("beta_schedule", "linear", ["squaredcos_cap_v2", "linear", "scaled_linear"]) ===
        "squaredcos_cap_v2");
  const time = flow
    ? `floor(${table.N}*time)`
    : indexed
      ? "index"
      : truncated
        ? "floor(index)"
        : "round(index)";
  const why = [
    ...(flow && !asFlow ? (flowing as Flow).why : conversion === undefined ? spaced.why : []),
    ...(conversion === undefined ? [] : [conversionNotes[conversion]]),
    ...(asFlow ? ["Karras levels of the training table, read as sigma/alpha of the flow path."] : []),
    ...(repeats
      ? [
          "The tool's list repeats its last level: its last call makes a step of no length, which is left out here.",
        ]
      : []),
    ...(option === "sigma_min" && !repeats
      ? [
          flow
            ? 'final_sigmas_type "sigma_min": the last level is sigma/alpha of training step 0, taken as a level of the flow path.'
            : 'final_sigmas_type "sigma_min": the last step ends at training step 0.',
        ]
      : []),
    ...(option === "repeat" && indexed
      ? ["This class has no final_sigmas_type: it stops at training step 0, not at zero."]
      : []),
    ...(last < table.N
      ? [`lambda_min_clipped leaves out the ${table.N - last} noisiest training steps.`]
      : []),
  ];
  const definition = [
    ...why.map((item) => `// ${item}`),
    "grid levels {",
    `  ${place}[i] = ${level("i")}  for i in 0 .. ${count} - 1`,
    ...(end === undefined ? [] : [`  ${end}`]),
    "}",
  ].join("\n");
  const named =
    place === "rho" && toZero && low === undefined && high === undefined
      ? conversion === "karras"
        ? "karras"
        : conversion === "beta"
          ? undefined
          : "exponential"
      : undefined;
  return {
    prediction,
    table,
    ...(named === undefined ? {} : { std: line(named, ...why) }),
    definitions: [...table.definitions, ...(indexed ? spaced.tables : []), ...(flowing?.definitions ?? [])],
    schedule: flow
      ? line("flow", "use_flow_sigmas: alpha = 1 - sigma.")
      : line(
          "trained",
          "The state has alpha^2 + sigma^2 = 1; sigma in the configuration's names means sigma/alpha.",
        ),
    predicts: predicts(
      prediction,
      time,
      ...(indexed
        ? []
        : [
            time.startsWith("round")
              ? "The network is told the time rounded to a whole training step."
              : "The network is told the time cut down to a whole training step.",
          ]),
    ),
    grid: line("levels"),
    steps: fixed ? undefined : calls,
    calls: made,
    dropped: repeats,
    toZero,
    place,
    level,
    last: end,
    why: [definition],
    timestep: flow
      ? `floor(${table.N}*time[s])`
      : indexed
        ? "index[s]"
        : truncated
          ? "floor(index[s])"
          : "round(index[s])",
  };
}
