// Owns: diffusers' schedulers of consistency models: CMStochasticIterative (Karras levels, VE) and SCM (TrigFlow).

import { drawEachStep, type State } from "../imported.js";
import { contradiction, notImportable, type Options } from "../options.js";
import { call, line, list, literal } from "../text.js";
import { stepsOf, written, type Context, type Importer } from "./context.js";

/** Training steps of a consistency model, counted from the noisiest level as 0. */
interface Ramp {
  readonly index: (i: string) => string;
  readonly at: (i: number) => number;
  readonly n: number;
  readonly tables: readonly string[];
  readonly why: readonly string[];
  readonly given: boolean;
}

function rampOf(context: Context, N: number): Ramp {
  const { config, args, steps } = context;
  const who = config.who;
  const given = args.numbers("timesteps");
  if (given && steps !== undefined)
    contradiction(
      `${who}: \`timesteps\` and a number of steps, of which diffusers takes one`,
      "leave one of them",
    );
  const n = stepsOf(context, given);
  if (!given) {
    if (n > N) contradiction(`${who}: ${n} steps, and the model has ${N} levels`, `take at most ${N} steps`);
    const stride = Math.floor(N / n);
    return {
      index: (i) => `${i}*floor(${N}/steps)`,
      at: (i) => i * stride,
      n,
      tables: [],
      why: [
        `The model knows ${N} levels. The run takes every ${stride}th from the noisiest on, and ends at sigma_min.`,
      ],
      given: false,
    };
  }
  const wrong = given.findIndex(
    (t, i) => !Number.isInteger(t) || t < 0 || t >= N || (i > 0 && t >= (given[i - 1] as number)),
  );
  if (wrong >= 0)
    contradiction(
      `${who}: timestep ${given[wrong]} at place ${wrong} of \`timesteps\``,
      `they are whole numbers from ${N - 1} to 0, each below the one before`,
    );
  const ramp = given.toReversed();
  return {
    index: (i) => `timesteps[${i}]`,
    at: (i) => ramp[i] as number,
    n,
    tables: [`table timesteps = ${list(ramp)}`],
    why: [
      "The timesteps that are given, the other way round: diffusers reads them as distances from the noisiest level.",
    ],
    given: true,
  };
}

const consistencyNet = (data: number, low: number): string =>
  [
    "// A consistency model: at sigma_min the function is the identity, whatever the network says.",
    "parameterization consistency_net {",
    "  requires alpha == 1",
    `  let d = ${literal(data)}`,
    `  let above = sigma - ${literal(low)}`,
    "  x0    = d^2/(above^2 + d^2)*x + above*d/sqrt(sigma^2 + d^2)*raw",
    "  input = x/sqrt(sigma^2 + d^2)",
    "  time  = 250*log(sigma)",
    "}",
  ].join("\n");

const iterative = (low: number, noise: number): string =>
  [
    "// The network gives the state at sigma_min; fresh noise lifts it to the next level.",
    "solver stochastic_iterative {",
    "  noise z",
    "  step {",
    "    when last { x[t] = relabel(x0[s]) }",
    "    else {",
    `      point d at sigma = ${literal(low)}`,
    "      x[d] = relabel(x0[s])",
    `      x[t] = renoise(d -> t, noise: ${noise === 1 ? "z" : `${literal(noise)}*z`})`,
    "    }",
    "  }",
    "}",
  ].join("\n");

function ends(config: Options): readonly [low: number, high: number] {
  const low = config.number("sigma_min", 0.002);
  const high = config.number("sigma_max", 80);
  if (!(low > 0 && low < high))
    contradiction(
      `${config.who}: sigma_min ${low} and sigma_max ${high}`,
      "sigma_min lies between 0 and sigma_max",
    );
  return [low, high];
}

export const cmStochasticIterative: Importer = (context) => {
  const { config } = context;
  const N = config.whole("num_train_timesteps", 40, 2);
  const [low, high] = ends(config);
  const data = config.number("sigma_data", 0.5);
  const noise = config.number("s_noise", 1);
  const rho = config.number("rho", 7);
  const clips = config.flag("clip_denoised", true);
  const { index, at, n, tables, why, given } = rampOf(context, N);
  // At sigma_min the call changes nothing, and there is no way to go.
  const still = at(n - 1) === N - 1;
  if (still && n === 1)
    contradiction(`${config.who}: the only step begins at sigma_min, where it ends`, "take other timesteps");
  const count = given ? String(n) : "steps";
  const power = `(1/${literal(rho)})`;
  const grid = [
    ...why.map((item) => `// ${item}`),
    ...(still ? ["// Its last call is at sigma_min itself and changes nothing; it is left out here."] : []),
    "grid levels {",
    `  rho[i] = lerp(${literal(high)}^${power}, ${literal(low)}^${power}, ${index("i")}/${N - 1})^${literal(rho)}  for i in 0 .. ${count} - ${still ? 2 : 1}`,
    `  rho    = ${literal(low)}`,
    "}",
  ].join("\n");
  return written(context, {
    definitions: [consistencyNet(data, low), ...tables, grid, iterative(low, noise)],
    schedule: line(call("edm", { sigma_min: low, sigma_max: high })),
    predicts: line(
      "consistency_net",
      `The network sees x/sqrt(sigma^2 + ${data}^2) and is told 250*log(sigma).`,
    ),
    guidance: clips ? ["clip"] : [],
    init:
      at(0) === 0
        ? undefined
        : line(
            `x[start] = ${literal(high)}*z`,
            "init_noise_sigma is sigma_max, whatever the first level is.",
          ),
    grid: line("levels"),
    steps: given ? undefined : n,
    solver: line("stochastic_iterative"),
    states: (calls): readonly State[] =>
      Array.from({ length: calls }, (_, k) => Math.min(k + 1, still ? n - 1 : n)),
    draw: drawEachStep,
  });
};

/** Times of SCM, and the lines of its grid. */
interface Times {
  readonly first: number;
  readonly second: number;
  readonly lines: readonly string[];
  readonly tables: readonly string[];
  readonly why: readonly string[];
  readonly n: number;
  readonly given: boolean;
}

function timesOf(context: Context): Times {
  const { config, args, steps } = context;
  const who = config.who;
  const given = args.numbers("timesteps");
  const most = args.optional("max_timesteps");
  const middle = args.optional("intermediate_timesteps");
  if (given) {
    if (most !== undefined)
      contradiction(`${who}: \`timesteps\` together with \`max_timesteps\``, "leave one of them");
    if (steps !== undefined && given.length !== steps + 1)
      contradiction(
        `${who}: ${given.length} \`timesteps\` and ${steps} steps`,
        "give one timestep more than steps, the last of them 0",
      );
    if (given.length < 2 || given.some((t, i) => t < 0 || (i > 0 && t >= (given[i - 1] as number))))
      notImportable(
        `${who}: \`timesteps\` that do not fall all the way to 0 or above it`,
        "give two or more, each below the one before",
      );
    return {
      first: given[0] as number,
      second: given[1] as number,
      lines: [`time[i] = timesteps[i]  for i in 0 .. ${given.length - 1}`],
      tables: [`table timesteps = ${list(given)}`],
      why: ["The timesteps that are given."],
      n: given.length - 1,
      given: true,
    };
  }
  const n = stepsOf(context);
  const first = most ?? 1.5708;
  if (!(first > 0)) contradiction(`${who}: max_timesteps ${first}, from which there is no way down to 0`);
  if (middle !== undefined && n !== 2)
    contradiction(
      `${who}: \`intermediate_timesteps\` is for runs of 2 steps, and ${n} are asked for`,
      "leave it out",
    );
  const between = middle ?? (n === 2 && !args.isNone("intermediate_timesteps") ? 1.3 : undefined);
  if (between === undefined)
    return {
      first,
      second: first * (1 - 1 / n),
      lines: [`time[i] = ${literal(first)}*(1 - i/steps)  for i in 0 .. steps`],
      tables: [],
      why: ["Equal steps in time."],
      n,
      given: false,
    };
  if (!(between > 0 && between < first))
    contradiction(
      `${who}: intermediate_timesteps ${between}`,
      `it lies between 0 and max_timesteps, ${first}`,
    );
  return {
    first,
    second: between,
    lines: [`time = ${literal(first)}`, `time = ${literal(between)}`, "time = 0"],
    tables: [],
    why: ["max_timesteps, intermediate_timesteps and 0."],
    n,
    given: true,
  };
}

export const scm: Importer = (context) => {
  const { config } = context;
  const who = config.who;
  const N = config.whole("num_train_timesteps", 1000, 1);
  config.word("prediction_type", "trigflow", ["trigflow"]);
  const data = config.number("sigma_data", 0.5);
  const { first, second, lines, tables, why, n, given } = timesOf(context);
  if (n > N) contradiction(`${who}: ${n} steps of ${N} training steps`, `take at most ${N} steps`);
  const beyond = first > Math.PI / 2;
  if (second > Math.PI / 2 || first >= Math.PI)
    notImportable(
      `${who}: times ${first} and ${second}, where only the first may lie beyond pi/2: there the state has a negative share of data`,
      "begin at 1.5708 or below: `--set max_timesteps=1.5708`",
    );
  return written(context, {
    definitions: [
      [
        ...(beyond ? ["// The first time lies beyond pi/2, where cos is below 0 and no data are left."] : []),
        "schedule circle {",
        `  time t from ${literal(first)} to 0`,
        `  alpha = ${beyond ? "max(0, cos(t))" : "cos(t)"}`,
        `  sigma = ${literal(data)}*sin(t)`,
        "}",
      ].join("\n"),
      ...tables,
      [...why.map((item) => `// ${item}`), "grid levels {", ...lines.map((item) => `  ${item}`), "}"].join(
        "\n",
      ),
    ],
    schedule: line("circle"),
    predicts: line(
      call("trigflow_net", { sigma_data: data }),
      "A TrigFlow network, of whose output diffusers is handed sigma_data times. The pipeline of Sana-Sprint makes one of its transformer, whose own time, input and output are others.",
    ),
    guidance: [],
    grid: line("levels"),
    steps: given ? undefined : n,
    solver: line("consistency"),
    draw: drawEachStep,
  });
};
