// Owns: qsh-zh/deis: the exponential integrators tAB, rhoAB and rhoRK and iPNDM on variance-preserving paths. The release
// integrates its weights by a rectangle rule; the library's rules, which integrate exactly, are compared with what was
// recorded with exact integrals.

import type { Case, Fields } from "../format.js";
import {
  call,
  checkNames,
  everyStep,
  furtherCase,
  guided,
  literal,
  noNoise,
  oneOf,
  samplerText,
  unsupported,
  type Further,
  type Numbers,
  type Replay,
} from "../spec.js";
import { weighted } from "./diffsampler.js";
import { predicts } from "./paths.js";

/** A path as the language writes log(alpha), and what the weights need of it. */
interface Path {
  readonly equation: string;
  readonly logAlpha: (t: number) => number;
  /** Derivative of log(alpha). */
  readonly slope: (t: number) => number;
}

function pathOf(schedule: Fields): Path {
  const [kind = ""] = schedule.text("kind").split(" ");
  if (oneOf("schedule", kind, ["vp-linear", "vp-cosine"]) === "vp-cosine") {
    // Not divided by its value at 0.
    const angle = (t: number): number => ((t + 0.008) / 1.008) * (Math.PI / 2);
    return {
      equation: "alpha = cos((t + 0.008)/1.008*pi/2)",
      logAlpha: (t) => Math.log(Math.cos(angle(t))),
      slope: (t) => -Math.tan(angle(t)) * (Math.PI / 2 / 1.008),
    };
  }
  const [b0, b1] = [schedule.number("beta0"), schedule.number("beta1")];
  return {
    equation: `log(alpha) = -(${literal(b1)} - ${literal(b0)})/4*t^2 - ${literal(b0)}/2*t`,
    logAlpha: (t) => (-(b1 - b0) / 4) * t ** 2 - (b0 / 2) * t,
    slope: (t) => (-(b1 - b0) / 2) * t - b0 / 2,
  };
}

const rhoPower = `grid rho_power(power) {
  rho[i] = lerp(rho[start]^(1/power), rho[end]^(1/power), i/steps)^power  for i in 0 .. steps
}`;

/** Where the steps lie: powers of time or rho, or equal steps in log(rho). */
function gridOf(schedule: Fields): string {
  const power = schedule.number("ts_order");
  switch (oneOf("ts_phase", schedule.text("ts_phase"), ["t", "log", "rho"])) {
    case "t":
      return call("time_power", { power });
    case "log":
      return "log_snr";
    case "rho":
      return call("rho_power", { power });
  }
}

/** A variable that eps is a polynomial in, and what the polynomial is multiplied with in the integral. */
interface Variable {
  readonly at: (t: number) => number;
  /** Of the integral that leads from x/alpha to x/alpha. */
  readonly weight: (u: number) => number;
}

const variables: Readonly<Record<"t_ab" | "rho_ab", (path: Path) => Variable>> = {
  t_ab: ({ logAlpha, slope }) => ({
    at: (t) => t,
    weight: (t) => -slope(t) / Math.exp(logAlpha(t)) / Math.sqrt(-Math.expm1(2 * logAlpha(t))),
  }),
  rho_ab: ({ logAlpha }) => ({ at: (t) => Math.sqrt(Math.expm1(-2 * logAlpha(t))), weight: () => 1 }),
};

const panels = 10000;

/** Weights of the newest eps first, by the release's rectangle rule. */
function rectangles(points: readonly number[], weight: (u: number) => number, order: number): number[][] {
  return points.slice(1).map((to, step) => {
    const from = points[step] as number;
    const nodes = points.slice(Math.max(0, step - order), step + 1).reverse();
    const du = (to - from) / panels;
    const sums = nodes.map(() => 0);
    for (let i = 0; i < panels; i += 1) {
      const u = from + i * du;
      const factor = weight(u) * du;
      nodes.forEach((own, j) => {
        const basis = nodes.reduce(
          (value, node, k) => (k === j ? value : (value * (u - node)) / (own - node)),
          1,
        );
        sums[j] = (sums[j] as number) + factor * basis;
      });
    }
    return sums;
  });
}

/** Rules of `rho_rk` that are in the library, and tables of the others. */
const rungeKutta: Readonly<Record<string, string | readonly string[]>> = {
  "1euler": "euler_rho",
  "2heun": "heun_rho",
  "3kutta": "rho_kutta3",
  "3ral": ["0   |", "1/2 | 1/2", "3/4 | 0, 3/4", "    | 2/9, 1/3, 4/9"],
  "3heun": ["0   |", "1/3 | 1/3", "2/3 | 0, 2/3", "    | 1/4, 0, 3/4"],
  "3vdh": ["0    |", "8/15 | 8/15", "2/3  | 1/4, 5/12", "     | 1/4, 0, 3/4"],
  "3ssprk": ["0   |", "1   | 1", "1/2 | 1/4, 1/4", "    | 1/6, 1/6, 2/3"],
  "4rk": ["0   |", "1/2 | 1/2", "1/2 | 0, 1/2", "1   | 0, 0, 1", "    | 1/6, 1/3, 1/3, 1/6"],
};

interface Rule {
  readonly solver: string;
  readonly definitions: readonly string[];
  readonly grid: string;
  /** The library's rule with exact integrals. */
  readonly exact?: string;
  /** Weights of eps in x/alpha, newest first. */
  readonly weights?: readonly (readonly number[])[];
}

function ruleOf({ options, schedule, grid }: Case, path: Path): Rule {
  const method = options.text("method").toLowerCase();
  switch (oneOf("method", method, ["t_ab", "rho_ab", "rho_rk", "ipndm"])) {
    case "ipndm":
      // Always in equal steps of time.
      return { solver: call("ipndm", { k: 4 }), definitions: [], grid: "uniform_time" };
    case "rho_rk": {
      const name = options.text("rk_method");
      const rule = rungeKutta[name] ?? unsupported(`rk_method '${name}', which is refused there`);
      const placed = { grid: gridOf(schedule) };
      if (typeof rule === "string") return { ...placed, solver: rule, definitions: [] };
      const rows = rule.map((row) => `    ${row}`).join("\n");
      return {
        ...placed,
        solver: "rho_rk",
        definitions: [`solver rho_rk {\n  tableau eps over rho {\n${rows}\n  }\n}`],
      };
    }
    case "t_ab":
    case "rho_ab": {
      const order = options.number("ab_order");
      if (!Number.isInteger(order) || order < 1)
        unsupported(`ab_order ${order}, which stops with an error there`);
      const { at, weight } = variables[method as "t_ab" | "rho_ab"](path);
      const rows = rectangles(grid.numbers("t").map(at), weight, order);
      return {
        solver: "weighted",
        definitions: [weighted(rows)],
        weights: rows,
        grid: gridOf(schedule),
        exact: call(method === "t_ab" ? "deis_tab" : "deis_rhoab", { k: order + 1 }),
      };
    }
  }
}

export function deis(entry: Case): Replay {
  const { options, schedule, fields } = entry;
  checkNames(options, ["method", "ab_order", "rk_method", "num_step"]);
  if (entry.thresholding) unsupported("thresholding, which is not there");
  const path = pathOf(schedule);
  const { solver, definitions, grid, exact, weights } = ruleOf(entry, path);
  const { guidance, ...models } = guided(entry);
  const [T, t0] = [schedule.number("T"), schedule.number("t0")];
  const common = {
    schedule: "path",
    predicts: predicts(entry.prediction),
    guidance,
    grid,
    steps: options.number("num_step"),
  };
  const shared = [
    `schedule path {\n  time t from ${literal(T)} to ${literal(t0)}\n  ${path.equation}\n  sigma = sqrt(1 - alpha^2)\n}`,
    rhoPower,
  ];
  const calls = { count: fields.number("nfe") };
  return {
    text: samplerText({ ...common, definitions: [...shared, ...definitions], solver }),
    ...models,
    noise: noNoise,
    trajectory: everyStep(entry.trajectory?.length ?? 0),
    numbers: weights && fields.has("coefficients") ? coefficients(entry, path, weights) : [],
    calls,
    further: exact === undefined ? [] : exactly(exact),
  };

  /** The same run with exact integrals, by the rule of the library. */
  function exactly(rule: string): readonly Further[] {
    if (!fields.has("x_final_exact_integral")) return [];
    return [
      {
        entry: furtherCase(entry, entry.init, null, fields.tensor("x_final_exact_integral")),
        made: {
          text: samplerText({ ...common, definitions: shared, solver: rule }),
          ...models,
          noise: noNoise,
          trajectory: [],
          calls,
        },
      },
    ];
  }
}

/** The release's weights of x and eps, which for rhoAB are those of x/alpha; missing history has the weight 0. */
function coefficients(
  { options, grid, fields }: Case,
  { logAlpha }: Path,
  weights: readonly (readonly number[])[],
): readonly Numbers[] {
  const recorded = fields.object("coefficients");
  const times = grid.numbers("t");
  const scaled = options.text("method").toLowerCase() === "t_ab";
  const alphas = times.map((t) => (scaled ? Math.exp(logAlpha(t)) : 1));
  const eps = recorded.tensor("eps");
  const width = eps.shape[1] ?? 0;
  return [
    {
      name: "coefficients of x",
      actual: weights.map((_, k) => (alphas[k + 1] as number) / (alphas[k] as number)),
      recorded: recorded.numbers("x"),
    },
    {
      name: "coefficients of eps",
      actual: weights.flatMap((row, k) =>
        Array.from({ length: width }, (_, j) => (alphas[k + 1] as number) * (row[j] ?? 0)),
      ),
      recorded: Array.from(eps.data),
    },
  ];
}
