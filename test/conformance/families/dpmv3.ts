// Owns: thu-ml/DPM-Solver-v3: multistep predictor and corrector on a prediction that statistics of the network define. The
// tables of statistics are inputs of a run; their integrals by the trapezoid rule are taken here, as the source does when
// it is set up, and the rule itself is in the spec.

import type { Case, Tensor } from "../format.js";
import {
  call,
  checkNames,
  guided,
  list,
  noNoise,
  oneOf,
  samplerText,
  unsupported,
  type Replay,
} from "../spec.js";
import { atIndices, exploding, variancePreserving, type TimePath } from "./paths.js";

/** Row by row of the table, the statistics and their running integrals, for one dimension or all of them. */
interface Statistics {
  readonly lambda: readonly number[];
  readonly width: number;
  readonly l: readonly (readonly number[])[];
  readonly L: readonly (readonly number[])[];
  readonly S: readonly (readonly number[])[];
  readonly I: readonly (readonly number[])[];
  readonly B: readonly (readonly number[])[];
  readonly C: readonly (readonly number[])[];
}

type Rows = readonly (readonly number[])[];

const at = (rows: Rows, row: number, i: number): number => rows[row]?.[i] as number;

/** The running integral over lambda by the trapezoid rule, from the first row. */
function cumulative(
  lambda: readonly number[],
  width: number,
  value: (row: number, i: number) => number,
): Rows {
  const sums = [Array<number>(width).fill(0)];
  for (let row = 1; row < lambda.length; row++) {
    const half = ((lambda[row] as number) - (lambda[row - 1] as number)) / 2;
    const before = sums[row - 1] as readonly number[];
    sums.push(before.map((sum, i) => sum + half * (value(row, i) + value(row - 1, i))));
  }
  return sums;
}

function statisticsOf({ fields, options }: Case): Statistics {
  const given = fields.object("statistics");
  checkNames(given, ["steps", "lambda_grid", "l", "s", "b", "per_dimension", "axis", "integration"]);
  const lambda = given.numbers("lambda_grid");
  const rows = (name: string): Rows => {
    const { data, shape } = given.tensor(name);
    const size = data.length / (shape[0] as number);
    return lambda.map((_, row) => Array.from(data.subarray(row * size, (row + 1) * size)));
  };
  // Degenerated: the statistics of DPM-Solver on eps.
  const constant = (name: string, value: number): Rows =>
    options.flag("degenerated") ? rows(name).map((row) => row.map(() => value)) : rows(name);
  const [l, s, b] = [constant("l", 1), constant("s", 0), constant("b", 0)];
  const width = (l[0] as readonly number[]).length;
  const integral = (value: (row: number, i: number) => number): Rows => cumulative(lambda, width, value);
  const L = integral((row, i) => at(l, row, i));
  const S = integral((row, i) => at(s, row, i));
  const E = (row: number, i: number): number => Math.exp(at(L, row, i) + at(S, row, i));
  const I = integral(E);
  const B = integral((row, i) => Math.exp(-at(S, row, i)) * at(b, row, i));
  const C = integral((row, i) => E(row, i) * at(B, row, i));
  return { lambda, width, l, L, S, I, B, C };
}

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

/** The weight of the derivative of order q in the step between two rows. */
function weight({ lambda, L, S, width }: Statistics, from: number, to: number, q: number): readonly number[] {
  const slice = lambda.slice(from, to + 1);
  const start = slice[0] as number;
  const sums = cumulative(slice, width, (row, i) => {
    const exponent = at(L, from + row, i) + at(S, from + row, i) - at(L, from, i) - at(S, from, i);
    return (Math.exp(exponent) * ((slice[row] as number) - start) ** q) / factorial(q);
  });
  return sums[sums.length - 1] as readonly number[];
}

/** Derivatives of g at the first node, of order 1 and up, from its values at all nodes. */
function derivatives(nodes: readonly string[], pseudo: boolean): readonly string[] {
  const [first = "s", ...rest] = nodes;
  const orders = rest.map((_, i) => i + 1);
  const distance = (a: string, b: string): string => `(lambda[${a}] - lambda[${b}])`;
  if (pseudo) {
    const divided = (order: number, j: number): string =>
      order === 0
        ? `v(${nodes[j] as string})`
        : `(${divided(order - 1, j)} - ${divided(order - 1, j + 1)})/${distance(nodes[j] as string, nodes[order + j] as string)}`;
    return orders.map((q) => `${factorial(q)}*(${divided(q, 0)})`);
  }
  const rows = orders.map((q) => `[${rest.map((node) => `${distance(node, first)}^${q}`).join(", ")}]`);
  return orders.map((q) => {
    const row = `solve([${rows.join(", ")}], [${orders.map((k) => (k === q ? 1 : 0)).join(", ")}])`;
    const terms = rest.map((node, j) => `${row}[${j}]*(v(${node}) - v(${first}))`);
    return `${factorial(q)}*(${terms.join(" + ")})`;
  });
}

/** The step with the nodes given, its first node the start. */
const update = (nodes: readonly string[], pseudo: boolean): string =>
  [
    "base",
    ...derivatives(nodes, pseudo).map((term, i) => `alpha[t]*exp(L[s] - L[t])*w${i + 1}[t]*(${term})`),
  ].join(" - ");

const earlier = (n: number): readonly string[] => Array.from({ length: n }, (_, i) => `s-${i + 1}`);

interface Orders {
  readonly predictor: readonly number[];
  /** 1 and less: no correction. */
  readonly corrector: readonly number[];
}

function solverText({ predictor, corrector }: Orders, pPseudo: boolean, cPseudo: boolean): string {
  const inputs = ["l", "L", "S", "I", "B", "C", ...weightNames({ predictor, corrector })];
  const branches = (
    orders: readonly number[],
    table: string,
    rule: (n: number) => readonly string[],
  ): readonly string[] =>
    [...new Set(orders)]
      .sort((a, b) => a - b)
      .flatMap((n, i) => {
        const [first = "", ...more] = rule(n);
        return [
          `    ${i > 0 ? "else " : ""}when ${table}[step] == ${n} {`,
          ...[first, ...more].map((line) => `      ${line}`),
          "    }",
        ];
      });
  return [
    `solver v3(kp = ${list(predictor)}, kc = ${list(corrector)}) {`,
    ...inputs.map((name) => `  input ${name}: trajectory`),
    "  step {",
    // What the statistics leave to be integrated: smooth where they are good.
    "    let u(p) = (sigma[p]*eps[p] - l[p]*x[p])/alpha[p]",
    "    let v(p) = exp(S[s] - S[p])*u(p) - exp(S[s])*(B[p] - B[s])",
    "    let base = alpha[t]/alpha[s]*exp(L[s] - L[t])*x[s] - alpha[t]*exp(-L[t] - S[s])*(I[t] - I[s])*u(s) - alpha[t]*exp(-L[t])*(C[t] - C[s] - B[s]*(I[t] - I[s]))",
    "    point e at t",
    ...branches(predictor, "kp", (n) => [`x[e] = ${update(["s", ...earlier(n - 1)], pPseudo)}`]),
    ...branches(corrector, "kc", (n) =>
      n > 1
        ? [
            `x[t] = ${update(["s", "e", ...earlier(n - 2)], cPseudo)}`,
            // The corrected state is not evaluated: sigma eps - l x stays what it was.
            "eps[t] = eps[e] + l[t]/sigma[t]*(x[t] - x[e])",
          ]
        : ["x[t] = 1*x[e]"],
    ),
    "  }",
    "}",
  ].join("\n");
}

const weightNames = ({ predictor, corrector }: Orders): readonly string[] =>
  Array.from({ length: Math.max(...predictor, ...corrector) - 1 }, (_, i) => `w${i + 1}`);

function pathOf({ schedule }: Case, times: readonly number[]): TimePath {
  const kind = schedule.text("kind");
  if (!kind.startsWith("edm")) return variancePreserving(schedule, times);
  return {
    definitions: [],
    schedule: exploding(times),
    grid: (points) => call("given_times", { times: list(points) }),
    between: () => unsupported("points inside a step"),
  };
}

export function dpmSolverV3(entry: Case): Replay {
  const { options } = entry;
  oneOf("solver", entry.solver, ["dpm-solver-v3"]);
  checkNames(options, [
    "order",
    "p_pseudo",
    "use_corrector",
    "c_pseudo",
    "lower_order_final",
    "steps",
    "degenerated",
  ]);
  oneOf("prediction", entry.prediction, ["epsilon"]);
  oneOf("skip_type", entry.schedule.text("skip_type"), ["logSNR", "time_uniform", "time_quadratic", "edm"]);
  const order = options.number("order");
  if (order < 1) unsupported(`order ${order}`);
  const times = entry.grid.numbers("t");
  const steps = times.length - 1;
  if (steps !== options.number("steps")) unsupported("a grid of another number of steps");
  const table = statisticsOf(entry);
  // Every point of the grid is a row of the table.
  const last = table.lambda.length - 1;
  const [noisy, clean] = [table.lambda[0] as number, table.lambda[last] as number];
  const rows = entry.grid
    .numbers("lambda")
    .map((lambda) => Math.round((last * (lambda - noisy)) / (clean - noisy)));
  const [pPseudo, cPseudo] = [options.flag("p_pseudo"), options.flag("c_pseudo")];
  const predictor = Array.from({ length: steps }, (_, k) =>
    Math.min(k + 1, order, options.flag("lower_order_final") ? steps - k : order),
  );
  // The state after the last step is not evaluated, so it cannot be corrected.
  const corrector = predictor.map((k, step) =>
    options.flag("use_corrector") && step < steps - 1 ? k + (cPseudo ? 1 : 0) : 0,
  );
  const orders = { predictor, corrector };
  const shape = [1, table.width];
  const each = (of: (row: number, point: number) => readonly number[]): readonly Tensor[] =>
    rows.map((row, point) => ({ data: Float64Array.from(of(row, point)), shape }));
  const weights = weightNames(orders).map((name, i): [string, readonly Tensor[]] => [
    name,
    each((row, point) =>
      point === 0 ? Array<number>(table.width).fill(0) : weight(table, rows[point - 1] as number, row, i + 1),
    ),
  ]);
  const plain = (["l", "L", "S", "I", "B", "C"] as const).map((name): [string, readonly Tensor[]] => [
    name,
    each((row) => table[name][row] as readonly number[]),
  ]);
  const path = pathOf(entry, times);
  const { guidance, ...models } = guided(entry);
  return {
    text: samplerText({
      definitions: [atIndices, ...path.definitions, solverText(orders, pPseudo, cPseudo)],
      schedule: path.schedule,
      predicts: "eps",
      guidance,
      grid: path.grid(times),
      solver: "v3",
    }),
    ...models,
    noise: noNoise,
    inputs: Object.fromEntries([...plain, ...weights]),
    trajectory: (entry.trajectory ?? []).map((_, k) => k),
    calls: {
      count: entry.fields.number("nfe"),
      states: entry.fields.has("eval_x") ? entry.fields.tensors("eval_x") : undefined,
    },
  };
}
