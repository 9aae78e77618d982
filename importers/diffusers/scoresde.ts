// Owns: diffusers' ScoreSdeVe and ScoreSdeVp: reverse SDEs whose steps have other lengths than the distances between the
// times that the network is told.

import { drawEachStep } from "../imported.js";
import { contradiction, notImportable } from "../options.js";
import { call, line, literal } from "../text.js";
import { stepsOf, written, type Context, type Importer } from "./context.js";

/** Times from 1 to `eps`, then the end. */
const times = (eps: number, why: string): string =>
  [
    `// ${why}`,
    "grid levels {",
    `  time[i] = lerp(1, ${literal(eps)}, i/max(1, steps - 1))  for i in 0 .. steps - 1`,
    "  then sigma = 0",
    "}",
  ].join("\n");

/** Throws D0711. */
function timeOf({ config }: Context, eps: number): number {
  return eps > 0 && eps < 1
    ? eps
    : contradiction(`${config.who}: sampling_eps ${eps}`, "it lies between 0 and 1, where the run begins");
}

/** The library's path ends at `end`; one that goes on further is written out. */
const path = (library: string, end: number, eps: number, lines: readonly string[]) =>
  eps >= end
    ? { schedule: library, definitions: [] }
    : {
        schedule: "path",
        definitions: [
          [
            "schedule path {",
            `  time t from 1 to ${literal(eps)}`,
            ...lines.map((item) => `  ${item}`),
            "}",
          ].join("\n"),
        ],
      };

const veRule = (low: number, high: number, corrects: boolean): string => {
  const from = corrects ? "c" : "s";
  return [
    "// From an entry of a table of levels to the one below. The network is told the level at time[s], which lies a little above",
    "// the entry, so the state is at neither level for sure: hence `relabel`. The last step returns its mean.",
    `solver reverse_ve${corrects ? "(corrector: solver = langevin_corrector)" : ""} {`,
    "  noise z",
    "  step {",
    `    let entry(k) = ${literal(low)}*(${literal(high)}/${literal(low)})^(k/(steps - 1))`,
    "    let k        = floor((steps - 1)*time[s])",
    "    let square   = entry(k)^2 - where(k == 0, 0, entry(k - 1))^2",
    ...(corrects ? ["    point c at s", "    x[c] = corrector(s -> c)"] : []),
    `    when last { x[t] = relabel(x[${from}]) + square*score[${from}] }`,
    `    else      { x[t] = relabel(x[${from}]) + square*score[${from}] + sqrt(square)*z }`,
    "  }",
    "}",
  ].join("\n");
};

export const scoreSdeVe: Importer = (context) => {
  const { config, args } = context;
  const who = config.who;
  // Only the length of the scheduler before set_timesteps.
  config.whole("num_train_timesteps", 2000, 1);
  const snr = config.number("snr", 0.15);
  const low = config.number("sigma_min", 0.01);
  const high = config.number("sigma_max", 1348);
  if (!(low > 0 && low < high))
    contradiction(`${who}: sigma_min ${low} and sigma_max ${high}`, "sigma_min lies between 0 and sigma_max");
  const own = config.number("sampling_eps", 1e-5);
  const eps = timeOf(context, args.optional("sampling_eps") ?? own);
  const corrections = config.whole("correct_steps", 1, 0);
  const n = stepsOf(context);
  if (n === 1)
    notImportable(
      `${who}: one step, for which the table of levels has sigma_min alone while the network is told sigma_max`,
      "take two steps or more",
    );
  if (eps * (n - 1) >= 1)
    notImportable(
      `${who}: sampling_eps ${eps} with ${n} steps, where the last step begins above the lowest entry of the table and ends at no level of the path`,
      `take fewer steps, or a sampling_eps below 1/${n - 1}`,
    );
  const corrects = corrections > 0;
  const { schedule, definitions } = path(call("ve", { sigma_min: low, sigma_max: high }), 1e-5, eps, [
    "alpha = 1",
    `sigma = ${literal(low)}*(${literal(high)}/${literal(low)})^t`,
  ]);
  return written(context, {
    notes: [
      "The loop is that of ScoreSdeVePipeline: at each level the corrector, if there is one, then the predictor. The pipeline clips the result to 0 to 1.",
    ],
    definitions: [
      ...definitions,
      times(eps, "The times at whose levels the network is called."),
      veRule(low, high, corrects),
    ],
    schedule: line(schedule),
    predicts: line("score with time: sigma", "The network is told sigma."),
    guidance: [],
    grid: line("levels"),
    steps: n,
    solver: corrects
      ? line(
          call("reverse_ve", { corrector: call("langevin_corrector", { snr, count: corrections }) }),
          "The corrector averages the norms of score and noise over the batch.",
        )
      : line("reverse_ve", "correct_steps is 0: no corrector."),
    draw: (path, step, _, pass) =>
      step * (corrections + 1) + (path.startsWith("corrector") ? pass : corrections),
  });
};

const vpRule = `// Euler-Maruyama with steps of 1/steps, whatever the distance of the times. The last step adds noise as well.
solver reverse_vp {
  noise z
  step { x[t] = x[s] - (f[s]*x[s] - g[s]^2*score[s])/steps + g[s]/sqrt(steps)*z }
}`;

export const scoreSdeVp: Importer = (context) => {
  const { config } = context;
  config.whole("num_train_timesteps", 2000, 1);
  const low = config.number("beta_min", 0.1);
  const high = config.number("beta_max", 20);
  if (!(low > 0 && high > 0))
    contradiction(`${config.who}: beta_min ${low} and beta_max ${high}`, "both are above 0");
  const eps = timeOf(context, config.number("sampling_eps", 1e-3));
  const { schedule, definitions } = path(call("vp_linear", { beta_min: low, beta_max: high }), 1e-3, eps, [
    `log(alpha) = -(${literal(high)} - ${literal(low)})/4*t^2 - ${literal(low)}/2*t`,
    "sigma = sqrt(1 - alpha^2)",
  ]);
  return written(context, {
    definitions: [
      ...definitions,
      times(
        eps,
        "The last step begins at sampling_eps and goes to no time of its own; it is taken to end at the data.",
      ),
      vpRule,
    ],
    schedule: line(schedule),
    predicts: line("eps", "step_pred divides the network's output by -sigma."),
    guidance: [],
    grid: line("levels"),
    steps: stepsOf(context),
    solver: line("reverse_vp"),
    draw: drawEachStep,
  });
};
