// Owns: diffusers' flow-matching schedulers, Euler, Heun, LCM and LTX: levels on the straight path, shifted, and their rules.

import { drawEachStep, noDraw, type State } from "../imported.js";
import { contradiction, notImportable } from "../options.js";
import { call, line, list, literal } from "../text.js";
import { type Context, type Importer, stepsOf, unitNoise, written } from "./context.js";
import { conversionNotes, conversionOf, converted } from "./spacing.js";

const shifted = (by: string, u: string): string => `${by}*${u}/(1 + (${by} - 1)*${u})`;

interface Levels {
  readonly definition: string;
  readonly tables: readonly string[];
  readonly steps: number | undefined;
  readonly n: number;
  readonly N: number;
  readonly inverted: boolean;
  /** What levels are shifted by, and whether they are changed once more after that. */
  readonly by: string;
  readonly bent: boolean;
}

/** The levels; `simple`: Heun has only `shift`. */
function levels(context: Context, simple: boolean): Levels {
  const { config, args } = context;
  const who = config.who;
  const N = config.whole("num_train_timesteps", 1000, 2);
  const shift = config.number("shift", 1);
  const dynamic = !simple && config.flag("use_dynamic_shifting", false);
  const kind = simple
    ? "exponential"
    : config.word("time_shift_type", "exponential", ["exponential", "linear"]);
  const terminal = simple ? undefined : config.optional("shift_terminal");
  const conversion = simple ? undefined : conversionOf(config);
  // Only the pipelines use these four, to find mu from the number of tokens.
  const base = simple ? 0 : config.number("base_shift", 0.5);
  const max = simple ? 0 : config.number("max_shift", 1.15);
  const from = simple ? 0 : config.number("base_image_seq_len", 256);
  const to = simple ? 0 : config.number("max_image_seq_len", 4096);
  const inverted = !simple && config.flag("invert_sigmas", false);
  const mu = simple ? undefined : args.optional("mu");
  const tokens = simple ? undefined : args.optional("tokens");
  if (!dynamic && (mu !== undefined || tokens !== undefined))
    contradiction(`${who}: \`mu\` is given, and use_dynamic_shifting is false`, "leave `mu` out");
  if (mu !== undefined && tokens !== undefined) contradiction(`${who}: both \`mu\` and \`tokens\` are given`);
  const amount =
    mu ?? (tokens === undefined ? undefined : base + ((max - base) * (tokens - from)) / (to - from));
  if (dynamic && amount === undefined)
    contradiction(
      `${who}: use_dynamic_shifting needs \`mu\``,
      "give it, or the number of image tokens: `--set mu=0.8`, `--set tokens=4096`",
    );
  const sigmas = simple ? undefined : args.numbers("sigmas");
  const timesteps = simple ? undefined : args.numbers("timesteps");
  if (sigmas && timesteps && sigmas.length !== timesteps.length)
    contradiction(`${who}: ${sigmas.length} \`sigmas\` and ${timesteps.length} \`timesteps\``);
  const given = sigmas ?? timesteps?.map((t) => t / N);
  const n = stepsOf(context, given);
  const by =
    amount === undefined ? literal(shift) : kind === "linear" ? literal(amount) : `exp(${literal(amount)})`;
  const smallest = dynamic ? 1 / N : shift / N / (1 + (shift - 1) / N);
  const twice = !dynamic && shift !== 1 && !given;
  const count = given ? String(n) : "steps";
  const lines = [
    given
      ? "  let u(i) = sigmas[i]"
      : `  let u(i) = lerp(1, ${dynamic || shift === 1 ? `1/${N}` : shifted(by, `1/${N}`)}, i/max(1, steps - 1))`,
    `  let moved(i) = ${by === "1" ? "u(i)" : shifted(by, "u(i)")}`,
  ];
  let level = "moved";
  if (terminal !== undefined && terminal !== 0) {
    lines.push(
      `  let stretched(i) = 1 - (1 - moved(i))*(1 - ${literal(terminal)})/(1 - moved(${count} - 1))`,
    );
    level = "stretched";
  }
  const value =
    conversion === undefined
      ? `${level}(i)`
      : converted(conversion, `${level}(0)`, `${level}(${count} - 1)`, "i", count);
  const why = [
    ...(amount === undefined
      ? []
      : [
          `use_dynamic_shifting with mu ${amount}: shifted by ${kind === "linear" ? "mu" : "exp(mu)"}; the pipelines find mu from the number of tokens.`,
        ]),
    ...(twice
      ? [
          `The smallest level is shifted twice, once in the constructor and once here: it is ${literal((shift * smallest) / (1 + (shift - 1) * smallest))}.`,
        ]
      : []),
    ...(given ? ["Levels that are given are shifted once."] : []),
    ...(sigmas && timesteps ? ["diffusers reads `sigmas` and leaves `timesteps` unread."] : []),
    ...(terminal ? [`shift_terminal: 1 - sigma is stretched so that the last level is ${terminal}.`] : []),
    ...(conversion === undefined
      ? []
      : [conversionNotes[conversion], "Its ends are the first and last of the levels above."]),
  ];
  return {
    tables: given ? [`table sigmas = ${list(given)}`] : [],
    definition: [
      ...why.map((item) => `// ${item}`),
      "grid levels {",
      ...lines,
      `  time[i] = ${value}  for i in 0 .. ${count} - 1`,
      "  then sigma = 0",
      "}",
    ].join("\n"),
    steps: given ? undefined : n,
    n,
    N,
    inverted,
    by,
    bent: level !== "moved" || conversion !== undefined,
  };
}

/** Levels given as they are. */
function givenLevels(context: Context, sigmas: readonly number[]): Levels {
  const N = context.config.whole("num_train_timesteps", 1000, 2);
  return {
    tables: [`table sigmas = ${list(sigmas)}`],
    definition: `grid levels {\n  time[i] = sigmas[i]  for i in 0 .. ${sigmas.length - 1}\n  then sigma = 0\n}`,
    steps: undefined,
    n: stepsOf(context, sigmas),
    N,
    inverted: false,
    by: "1",
    bent: false,
  };
}

/** Arguments of `step` that the Euler class takes and does not use. */
const noChurn = (context: Context): void => {
  const amount = context.args.number("s_churn", 0);
  context.args.number("s_tmin", 0);
  context.args.number("s_tmax", Infinity);
  context.args.number("s_noise", 1);
  if (amount !== 0)
    contradiction(`${context.config.who}: \`s_churn\`, which its step leaves unread`, "leave it out");
};

const towardData = `// invert_sigmas: the tool's levels run from 0 at the noise to 1 at the data. Its network is told those, and predicts the
// velocity in that direction.
parameterization toward_data = x0 - eps`;

const parts = (made: Levels) => ({
  definitions: [...made.tables, made.definition, ...(made.inverted ? [towardData] : [])],
  schedule: line("flow", "The state is (1 - sigma)*x0 + sigma*noise."),
  init: unitNoise,
  predicts: line(made.inverted ? `toward_data with time: ${made.N}*alpha` : `flow with time: ${made.N}*time`),
  guidance: [],
  grid: line("levels"),
  steps: made.steps,
});

export const flowMatchEuler: Importer = (context) => {
  const made = levels(context, false);
  const stochastic = context.config.flag("stochastic_sampling", false);
  noChurn(context);
  if (stochastic && made.inverted)
    notImportable(
      `${context.config.who}: stochastic_sampling with invert_sigmas, where diffusers adds noise at the levels of the other direction`,
    );
  return written(context, {
    ...parts(made),
    solver: stochastic
      ? line("consistency", "stochastic_sampling: each step predicts x0 and adds fresh noise.")
      : line("euler"),
    draw: stochastic ? drawEachStep : noDraw,
  });
};

/**
 * The time that FlowMatchLCM tells at the level `time`: timesteps that are given stay as they are, and their levels are
 * shifted.
 */
function lcmTime(context: Context, { N, by, bent }: Levels): string {
  const { config, args } = context;
  if (!args.has("timesteps")) return `${N}*time`;
  const beside = args.has("sigmas") ? "`sigmas`" : bent ? "shift_terminal or converted levels" : undefined;
  if (beside !== undefined)
    notImportable(
      `${config.who}: \`timesteps\` together with ${beside}: the network is told the timesteps as they are given, which are no function of its level then`,
      "give `sigmas` alone",
    );
  if (by === "1") return `${N}*time`;
  return `${N}*time/(${by} - (${by} - 1)*time)`;
}

export const flowMatchLcm: Importer = (context) => {
  const { config } = context;
  const who = config.who;
  const made = levels(context, false);
  if (made.inverted)
    notImportable(
      `${who}: \`invert_sigmas\`, with which its last step ends at noise: its list then rises to 1, and the step takes 1 for noise`,
      "set invert_sigmas to false",
    );
  if ((config.numbers("scale_factors") ?? []).length > 0)
    notImportable(
      `${who}: \`scale_factors\`, by which x0 is resized between the steps; the states of a run have one size`,
      "leave scale_factors out: every step then has the size of the latents",
    );
  // It says how to resize, which nothing does without scale_factors.
  config.ignore("upscale_mode");
  const told = lcmTime(context, made);
  return written(context, {
    ...parts(made),
    predicts: line(
      `flow with time: ${told}`,
      ...(told.includes("/")
        ? ["The network is told the timesteps as they are given, before the shift of their levels."]
        : []),
    ),
    solver: line("consistency", "The step predicts x0 and adds fresh noise; the last one returns x0."),
    draw: drawEachStep,
  });
};

/** The rule of LTX: ComfyUI's ancestral Euler step for flows, with s_noise. */
const ancestral = (eta: number, s_noise: number): string =>
  `// An Euler step to a lower level, then fresh noise and a scale that lift the state to the next one.
solver ancestral_flow {
  noise z
  step {
    point d at sigma = sigma[t]*(1 + (sigma[t]/sigma[s] - 1)*${literal(eta)})
    x[d] = ddim(s -> d)
    x[t] = ${
      s_noise > 0
        ? `renoise(d -> t, noise: ${s_noise === 1 ? "z" : `${literal(s_noise)}*z`})`
        : "relabel(x[d])  // s_noise 0: the state stays at the lower level."
    }
  }
}`;

export const ltxEulerAncestral: Importer = (context) => {
  const { config, args } = context;
  const eta = config.number("eta", 1);
  const s_noise = config.number("s_noise", 1);
  const given = args.numbers("sigmas") ?? args.numbers("timesteps");
  if (given && (given.length < 2 || given.at(-1) !== 0))
    notImportable(`${config.who}: levels that are given without the 0 at their end`, "append 0");
  if (eta < 0 || eta > 1) notImportable(`${config.who}: \`eta\` ${eta}, which leads out of the path`);
  const made = given ? givenLevels(context, given.slice(0, -1)) : levels(context, false);
  const noisy = eta > 0;
  return written(context, {
    ...parts(made),
    ...(given ? { notes: ["The levels that are given include the last, and are not shifted."] } : {}),
    definitions: [...parts(made).definitions, ...(noisy ? [ancestral(eta, s_noise)] : [])],
    solver: line(noisy ? "ancestral_flow" : "euler"),
    // Where levels are given, the list of timesteps has the last one too, and its call changes nothing.
    states: (calls): readonly State[] => Array.from({ length: calls }, (_, k) => Math.min(k + 1, made.n)),
    draw: noisy && s_noise > 0 ? drawEachStep : noDraw,
  });
};

const churnedHeun = `// Churn as FlowMatchHeunDiscreteScheduler has it: sigma grows and alpha does not, so the state leaves the path; the network
// is called before the noise is added. It draws at its second call too, and drops that draw.
solver flow_churn(S_churn, S_min, S_max, S_noise) {
  noise z
  step {
    let gamma = where(S_min <= sigma[s] <= S_max, min(S_churn, sqrt(2) - 1), 0)
    let hat   = (1 + gamma)*sigma[s]
    let y     = x[s] + S_noise*sqrt(hat^2 - sigma[s]^2)*z
    let slope = sigma[s]/hat*flow[s]
    when last { x[t] = y + (sigma[t] - hat)*slope }
    else {
      point p at t
      x[p] = y + (sigma[t] - hat)*slope
      x[t] = y + (sigma[t] - hat)*(slope + flow[p])/2
    }
  }
}`;

export const flowMatchHeun: Importer = (context) => {
  const { args } = context;
  const made = levels(context, true);
  const amount = args.number("s_churn", 0);
  const low = args.number("s_tmin", 0);
  const high = args.number("s_tmax", Infinity);
  const noise = args.number("s_noise", 1);
  const shared = parts(made);
  return written(context, {
    ...shared,
    definitions: [...shared.definitions, ...(amount === 0 ? [] : [churnedHeun])],
    solver:
      amount === 0
        ? line("heun", "Two network calls a step and one in the last, which is Euler.")
        : line(
            call("flow_churn", {
              S_churn: `${literal(amount)}/${2 * made.n - 1}`,
              S_min: low,
              S_max: high,
              S_noise: noise,
            }),
            `s_churn is divided by the length of the list of sigmas less one, ${2 * made.n - 1}: inner levels are there twice.`,
          ),
    states: (calls): readonly State[] =>
      Array.from({ length: calls }, (_, k) =>
        k === 2 * made.n - 2 ? made.n : k % 2 === 1 ? (k + 1) / 2 : null,
      ),
    draw:
      amount === 0
        ? noDraw
        : (_, step, sigmas) =>
            2 *
            Array.from({ length: step }, (_unused, k) => sigmas[2 * k] as number).filter(
              (sigma) => low <= sigma && sigma <= high,
            ).length,
  });
};
