// Owns: diffusers' DPMSolverSinglestep: calls come in groups of 1, 2, .. network calls that make one step, and the
// stages of a step are the grid points inside the group.

import { noDraw, type State } from "../imported.js";
import { contradiction, notImportable, type Options } from "../options.js";
import { line, list } from "../text.js";
import { type Importer, noVariance, thresholdOf, unitNoise, written } from "./context.js";
import { flowNeedsData, levelsOf } from "./levels.js";

/** Orders of the calls, as the class lists them. */
function callOrders(config: Options, order: number, calls: number, toZero: boolean): readonly number[] {
  const repeat = (group: readonly number[], times: number): number[] =>
    Array.from({ length: Math.max(0, times) }, () => group).flat();
  const rest = calls % order;
  const full = Math.floor(calls / order);
  // The class switches it on by itself where it has to.
  const lower = config.flag("lower_order_final", false) || rest !== 0 || toZero;
  const group = Array.from({ length: order }, (_, i) => i + 1);
  let orders: number[];
  if (order === 1 || !lower) orders = repeat(group, full);
  else if (order === 2)
    orders = rest === 0 ? [...repeat(group, full - 1), 1, 1] : [...repeat(group, full), 1];
  else if (rest === 0) orders = [...repeat(group, full - 1), 1, 2, 1];
  else orders = [...repeat(group, full), ...[1, 2].slice(0, rest)];
  return toZero ? [...orders.slice(0, -1), 1] : orders;
}

const sde = (type: string): string => `      // A draw for every call.
      let centre(q) = sigma[q]/sigma[s]*exp(lambda[s] - lambda[q])*x[s] - alpha[q]*expm1(2*(lambda[s] - lambda[q]))*x0[s]
      let spread(q) = sigma[q]*sqrt(-expm1(2*(lambda[s] - lambda[q])))
      let weight(q) = ${
        type === "heun"
          ? "1 + expm1(2*(lambda[s] - lambda[q]))/(2*(lambda[q] - lambda[s]))"
          : "-expm1(2*(lambda[s] - lambda[q]))/2"
      }`;

const stage = "      point m at lambda = lambda[s] + r1*h";
const sdeMiddle = "      x[m] = centre(m) + spread(m)*u";

const sdeTwo = (type: string): string => `${sde(type)}
${stage}
${sdeMiddle}
      x[t] = centre(t) + alpha[t]*weight(t)/r1*(x0[m] - x0[s]) + spread(t)*v`;

const sdeThree = (type: string): string => `${sde(type)}
${stage}
      point b at lambda = lambda[s] + r2*h
      let Da = (x0[m] - x0[s])/r1
      let Db = (x0[b] - x0[s])/r2
      let e  = expm1(-2*h)
${sdeMiddle}
      x[b] = centre(b) + alpha[b]*weight(b)*r2/r1*(x0[m] - x0[s]) + spread(b)*v
      x[t] = centre(t) ${
        type === "heun"
          ? `+ alpha[t]*(1 + e/(2*h))*(r2*Da - r1*Db)/(r2 - r1)
        + alpha[t]*((-e - 2*h)/(2*h)^2 - 1/2)*2*(Db - Da)/(r2 - r1)`
          : "+ alpha[t]*(1 + e/(2*h))*Db"
      } + spread(t)*w`;

/** The last stage of order 3 starts from a second-order stage. */
const thirdMidpoint = (data: boolean): string =>
  data
    ? `      point b at lambda = lambda[s] + r2*h
      x[b] = dpmpp_2s(s -> b, r: r1/r2)
      x[t] = sigma[t]/sigma[s]*x[s] - alpha[t]*expm1(-h)*x0[s] + alpha[t]/r2*(expm1(-h)/h + 1)*(x0[b] - x0[s])`
    : `      point b at lambda = lambda[s] + r2*h
      x[b] = dpm_solver_2(s -> b, r1: r1/r2)
      x[t] = alpha[t]/alpha[s]*x[s] - sigma[t]*expm1(h)*eps[s] - sigma[t]/r2*(expm1(h)/h - 1)*(eps[b] - eps[s])`;

export const dpmSolverSinglestep: Importer = (context) => {
  const { config } = context;
  const levels = levelsOf(context, { clipped: true, timesteps: true, final: true, dynamic: true });
  noVariance(config);
  const asked = config.word("algorithm_type", "dpmsolver++", [
    "dpmsolver",
    "dpmsolver++",
    "sde-dpmsolver++",
    "deis",
  ]);
  const algorithm = asked === "deis" ? "dpmsolver++" : asked;
  flowNeedsData(config, levels, algorithm === "dpmsolver" ? `algorithm_type "dpmsolver"` : undefined);
  if (!asked.endsWith("++") && levels.toZero)
    contradiction(
      `${config.who}: algorithm_type "${asked}" with final_sigmas_type "zero", which diffusers refuses`,
      'set final_sigmas_type to "sigma_min"',
    );
  const given = config.word("solver_type", "midpoint", ["midpoint", "heun", "logrho", "bh1", "bh2"]);
  const type = given === "heun" ? "heun" : "midpoint";
  const order = config.whole("solver_order", 2);
  if (order > 3) contradiction(`${config.who}: solver_order ${order}, and the highest is 3`);
  const { calls } = levels;
  const orders = callOrders(config, order, calls, levels.toZero);
  // A group ends where the next begins.
  const ends = orders.flatMap((_, k) => (k === calls - 1 || orders[k + 1] === 1 ? [k] : []));
  const starts = ends.map((_, i) => (i === 0 ? 0 : (ends[i - 1] as number) + 1));
  const groups = ends.map((end) => orders[end] as number);
  const lastGroup = groups[groups.length - 1] as number;
  if (levels.dropped && lastGroup !== 1)
    notImportable(
      `${config.who}: the last group of calls ends with a call at which the level does not change`,
      'set final_sigmas_type to "zero"',
    );
  const stochastic = algorithm === "sde-dpmsolver++";
  const data = algorithm !== "dpmsolver";
  const flavour = type === "heun" ? '"taylor"' : '"dpmsolver"';
  const kept = levels.dropped ? groups.slice(0, -1) : groups;
  const used = [...new Set(kept)].sort();
  const body: Readonly<Record<number, string>> = {
    1: `      x[t] = ${data ? "ddim(s -> t)" : "dpm_solver_1(s -> t)"}`,
    2: data
      ? `      x[t] = dpmpp_2s(s -> t, r: r1, flavour: ${flavour})`
      : `      x[t] = dpm_solver_2(s -> t, r1: r1, flavour: ${flavour})`,
    3:
      type === "heun"
        ? `      x[t] = ${data ? "dpmpp_3s" : "dpm_solver_3"}(s -> t, r1: r1, r2: r2, flavour: "taylor")`
        : thirdMidpoint(data),
  };
  const sdeBody: Readonly<Record<number, string>> = {
    1: `${sde(type).split("\n").slice(0, 3).join("\n")}\n      x[t] = centre(t) + spread(t)*u`,
    2: sdeTwo(type),
    3: sdeThree(type),
  };
  const branches = used.map(
    (p) => `when calls[step] == ${p} {\n${(stochastic ? sdeBody : body)[p] as string}\n    }`,
  );
  // Inside the text the number of calls stands for `steps`, which is the number of groups there.
  const place = levels.place;
  const at = (i: string): string => levels.level(i).replaceAll(/\bsteps\b/g, String(calls));
  const node = `let node(j) = ${at("j")}`;
  const end =
    levels.last === undefined ? `${place} = node(${starts[starts.length - 1] as number})` : levels.last;
  const gridWhy = (levels.why[0] as string).split("grid levels")[0] as string;
  const top = Math.max(...used);
  const solver = [
    `// Singlestep: ${calls} network calls in groups of ${list(kept)}; a group makes one step, its stages are the grid points inside it.`,
    "solver grouped {",
    `  let calls = ${list(kept)}`,
    `  let from  = ${list(starts.slice(0, kept.length))}`,
    ...(stochastic ? [`  noise ${["u", "v", "w"].slice(0, top).join(", ")}`] : []),
    "  step {",
    "    let h = lambda[t] - lambda[s]",
    ...(top >= 2 ? [`    let r1 = (lambda(${place}: node(from[step] + 1)) - lambda[s])/h`] : []),
    ...(top >= 3 ? [`    let r2 = (lambda(${place}: node(from[step] + 2)) - lambda[s])/h`] : []),
    `    ${branches.join("\n    else ")}`,
    "  }",
    "}",
  ].join("\n");
  const kinds: Readonly<Record<string, number>> = { u: 0, v: 1, w: 2 };
  const states = orders.map((_, k): State => {
    const group = ends.indexOf(k);
    return group < 0 ? null : Math.min(group + 1, kept.length);
  });
  const points = levels.dropped ? starts.slice(0, -1) : starts;
  return written(context, {
    definitions: [
      ...levels.definitions,
      `${gridWhy}// Level of network call j.\n${node}`,
      `grid groups {\n  let from = ${list(points)}\n  ${place}[i] = node(from[i])  for i in 0 .. ${points.length - 1}\n  ${end}\n}`,
      solver,
    ],
    schedule: levels.schedule,
    init: unitNoise,
    predicts: levels.predicts,
    guidance: thresholdOf(config),
    grid: line("groups"),
    steps: undefined,
    solver: line("grouped"),
    states: () => states,
    draw: stochastic ? (path, step) => (starts[step] as number) + (kinds[path] ?? 0) : noDraw,
  });
};
