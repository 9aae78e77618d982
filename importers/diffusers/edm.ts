// Owns: diffusers' schedulers with EDM preconditioning: EDMEuler, EDMDPMSolverMultistep, CosineDPMSolverMultistep.

import { everyCall } from "../imported.js";
import { contradiction } from "../options.js";
import { call, line, list, literal } from "../text.js";
import { lateChurn, repeatedStates, type Churn } from "./churn.js";
import { stepsOf, thresholdOf, written, type Context, type Importer } from "./context.js";
import { multistepRule } from "./multistep.js";

interface Base {
  readonly low: number;
  readonly high: number;
  readonly definitions: readonly string[];
  readonly steps: number | undefined;
  readonly n: number;
  readonly toZero: boolean;
  /** The list repeats its last level. */
  readonly repeats: boolean;
  readonly data: number;
  readonly model: string;
  readonly negative: boolean;
}

interface Defaults {
  readonly low: number;
  readonly high: number;
  readonly data: number;
  readonly spacing: "karras" | "exponential";
  readonly prediction: "epsilon" | "v_prediction";
  readonly ramp: boolean;
}

function base(context: Context, defaults: Defaults): Base {
  const { config, args } = context;
  const low = config.number("sigma_min", defaults.low);
  const high = config.number("sigma_max", defaults.high);
  const data = config.number("sigma_data", defaults.data);
  const spacing = config.word("sigma_schedule", defaults.spacing, ["karras", "exponential"]);
  const rho = config.number("rho", 7);
  const toZero = config.word("final_sigmas_type", "zero", ["zero", "sigma_min"]) === "zero";
  const prediction = config.word("prediction_type", defaults.prediction, ["epsilon", "v_prediction"]);
  // It only sizes the list of levels before set_timesteps.
  config.ignore("num_train_timesteps");
  if (!(low > 0 && low < high))
    contradiction(
      `${config.who}: sigma_min ${low} and sigma_max ${high}`,
      "sigma_min lies between 0 and sigma_max",
    );
  const ramp = defaults.ramp ? args.numbers("sigmas") : undefined;
  const n = context.steps ?? ramp?.length ?? stepsOf(context);
  const u = ramp && spacing === "karras" ? "ramp[i]" : "i/max(1, steps - 1)";
  const count = ramp ? String(ramp.length) : "steps";
  const fixed = ramp ? u.replace("steps", count) : u;
  const level =
    spacing === "karras"
      ? `lerp(${literal(high)}^(1/${literal(rho)}), ${literal(low)}^(1/${literal(rho)}), ${fixed})^${literal(rho)}`
      : n === 1
        ? literal(low)
        : `exp(lerp(log(${literal(high)}), log(${literal(low)}), ${fixed}))`;
  if (!toZero && n === 1)
    contradiction(
      `${config.who}: final_sigmas_type "sigma_min" makes a run of one step of no length`,
      "take two steps or more",
    );
  const repeats = !toZero;
  const definition = [
    ...(ramp
      ? [
          "// `sigmas` of set_timesteps are no levels: they are taken as the ramp from 0 to 1 between the two ends.",
        ]
      : []),
    ...(repeats
      ? [
          '// final_sigmas_type "sigma_min" repeats the last level: the last call makes a step of no length, left out here.',
        ]
      : []),
    "grid levels {",
    `  rho[i] = ${level}  for i in 0 .. ${count} - 1`,
    ...(toZero ? ["  then sigma = 0"] : []),
    "}",
  ].join("\n");
  return {
    low,
    high,
    data,
    definitions: [...(ramp ? [`table ramp = ${list(ramp)}`] : []), definition],
    steps: ramp ? undefined : n,
    n: ramp?.length ?? n,
    toZero,
    repeats,
    model: "",
    negative: prediction === "v_prediction",
  };
}

const negativeNet = (data: number, time: string): string =>
  [
    '// prediction_type "v_prediction" here: EDM preconditioning with the network\'s sign turned.',
    "parameterization turned {",
    "  requires alpha == 1",
    `  x0    = ${literal(data)}^2/(sigma^2 + ${literal(data)}^2)*x - sigma*${literal(data)}/sqrt(sigma^2 + ${literal(data)}^2)*raw`,
    `  input = x/sqrt(sigma^2 + ${literal(data)}^2)`,
    `  time  = ${time}`,
    "}",
  ].join("\n");

/** The lines that the three classes share. */
function frame(made: Base, time: "log(sigma)/4" | "2*atan(sigma)/pi", churns = false) {
  const custom = made.negative || time !== "log(sigma)/4";
  const net = call("edm", { sigma_data: made.data });
  return {
    definitions: [...(made.negative ? [negativeNet(made.data, time)] : []), ...made.definitions],
    schedule: line(call("edm", { sigma_min: made.low, sigma_max: made.high })),
    predicts: line(
      made.negative ? "turned" : custom ? `${net} with time: ${time}` : net,
      `The network sees x/sqrt(sigma^2 + ${made.data}^2) and is told ${time}.`,
    ),
    init: line("x[start] = sqrt(sigma[start]^2 + 1)*z", "init_noise_sigma is sqrt(sigma_max^2 + 1)."),
    grid: line("levels"),
    steps: made.steps,
    states: made.repeats ? repeatedStates(made.n, churns) : everyCall,
  };
}

/** The network's output at one level, put together with the state and the level after the noise. */
const churned = (data: number): Pick<Churn, "why" | "lets" | "mean"> => ({
  why: `// Churn as EDMEulerScheduler has it: the network is called before the noise is added; its output is combined with the
// state and the level after it.`,
  lets: [
    `let skip(r) = ${literal(data)}^2/(r^2 + ${literal(data)}^2)`,
    `let gain(r) = r*${literal(data)}/sqrt(r^2 + ${literal(data)}^2)`,
  ],
  mean: (from, hat, to) =>
    `x[${hat}] + (rho[${to}] - rho[${hat}])*((1 - skip(rho[${hat}]))*x[${hat}] - gain(rho[${hat}])/gain(rho[${from}])*(x0[${from}] - skip(rho[${from}])*x[${from}]))/rho[${hat}]`,
});

export const edmEuler: Importer = (context) => {
  const { args } = context;
  const made = base(context, {
    low: 0.002,
    high: 80,
    data: 0.5,
    spacing: "karras",
    prediction: "epsilon",
    ramp: true,
  });
  const churn = lateChurn(args, () => ({
    ...churned(made.data),
    intervals: made.n,
    repeats: made.repeats,
  }));
  const shared = frame(made, "log(sigma)/4", churn !== undefined);
  return written(context, {
    ...shared,
    definitions: [...shared.definitions, ...(churn?.definitions ?? [])],
    guidance: [],
    solver: churn?.solver ?? line("euler"),
    ...(churn ? { draw: churn.draw } : {}),
  });
};

export const edmDpmSolver: Importer = (context) => {
  const { config } = context;
  const made = base(context, {
    low: 0.002,
    high: 80,
    data: 0.5,
    spacing: "karras",
    prediction: "epsilon",
    ramp: false,
  });
  const guidance = thresholdOf(config);
  const asked = config.word("algorithm_type", "dpmsolver++", ["dpmsolver++", "sde-dpmsolver++", "deis"]);
  const algorithm = asked === "sde-dpmsolver++" ? asked : "dpmsolver++";
  if (asked === "deis" && made.toZero)
    contradiction(
      `${config.who}: algorithm_type "deis" with final_sigmas_type "zero", which diffusers refuses`,
      'set final_sigmas_type to "sigma_min"',
    );
  const order = config.whole("solver_order", 2);
  if (order === 3 && algorithm === "sde-dpmsolver++")
    contradiction(
      `${config.who}: sde-dpmsolver++ has no order 3, and diffusers fails there`,
      "take solver_order 2",
    );
  const euler = config.flag("euler_at_final", false);
  const rule = multistepRule(config, algorithm, made.n, made.toZero, made.repeats, euler);
  const shared = frame(made, "log(sigma)/4");
  return written(context, {
    ...shared,
    definitions: [...shared.definitions, ...rule.definitions],
    guidance,
    solver: rule.solver,
    final: rule.final,
    ...(rule.draw ? { draw: rule.draw } : {}),
  });
};

export const cosineDpmSolver: Importer = (context) => {
  const { config } = context;
  const made = base(context, {
    low: 0.3,
    high: 500,
    data: 1,
    spacing: "exponential",
    prediction: "v_prediction",
    ramp: false,
  });
  const order = config.whole("solver_order", 2);
  if (order > 2) contradiction(`${config.who}: solver_order ${order}, and the highest is 2`);
  const euler = config.flag("euler_at_final", false);
  const rule = multistepRule(config, "sde-dpmsolver++", made.n, made.toZero, made.repeats, euler);
  const shared = frame(made, "2*atan(sigma)/pi");
  return written(context, {
    ...shared,
    definitions: [...shared.definitions, ...rule.definitions],
    guidance: [],
    solver: {
      ...rule.solver,
      why: [
        "Always stochastic; diffusers takes its noise from a Brownian path over sigma, whose increments over the steps are independent.",
      ],
    },
    final: rule.final,
    ...(rule.draw ? { draw: rule.draw } : {}),
  });
};
