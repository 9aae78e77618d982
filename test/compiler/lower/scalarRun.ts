// Owns: running a lowered sampler on single numbers, straight from its step graphs, for tests of lowering: no plan, no
// tensors. The model is a function of the state and the point it is called at.

import { compile } from "../../../compiler/compile.js";
import { memoryHost } from "../../../compiler/host.js";
import type { Leaf, Linear, Node, Operand } from "../../../compiler/graph/node.js";
import type { PathPoint } from "../../../compiler/path/path.js";
import type { LoweredRun, RunStep } from "../../../compiler/sampler/run.js";
import { source, stepAt, type Request } from "../../../compiler/link/demand.js";
import { exported, requestKey } from "../../../compiler/link/demand.js";
import { pruned } from "../../../compiler/link/prune.js";

export interface Compiled {
  readonly run: LoweredRun;
  readonly errors: readonly string[];
}

/** Codes of what the compiler says about a text. */
export function findings(text: string): readonly string[] {
  const { diagnostics } = compile({ host: memoryHost({ "t.dsamp": text }), file: "t.dsamp" });
  return diagnostics.map((d) => `${d.code} ${d.message}`);
}

export function lowered(text: string): LoweredRun {
  const result = compile({ host: memoryHost({ "t.dsamp": text }), file: "t.dsamp" });
  const errors = result.diagnostics.filter((d) => d.severity === "error");
  if (errors.length > 0 || !result.run)
    throw new Error(errors.map((d) => `${d.code} ${d.message} ${d.why ?? ""} ${d.help ?? ""}`).join("\n"));
  return result.run;
}

/** A file with one sampler that uses `solver`; `definitions` are put in front. */
export function samplerText(
  solver: string,
  options: {
    readonly definitions?: string;
    readonly schedule?: string;
    readonly grid?: string;
    readonly predicts?: string;
    readonly steps?: number;
    readonly lines?: string;
  } = {},
): string {
  const { definitions = "", schedule = "vp_linear", grid = "log_snr", predicts = "eps", steps = 6 } = options;
  return `${definitions}
sampler test {
  schedule ${schedule}
  model predicts ${predicts}
  grid ${grid}
  steps ${steps}
  solver ${solver}
  ${options.lines ?? ""}
}
`;
}

export type ScalarModel = (x: number, point: PathPoint) => number;

/** eps of the equal mixture of N(1, 0.3^2) and N(-0.7, 0.5^2). */
export const mixture: ScalarModel = (x, { alpha, sigma }) => {
  const parts = [
    { mean: 1, deviation: 0.3 },
    { mean: -0.7, deviation: 0.5 },
  ].map(({ mean, deviation }) => {
    const variance = (alpha * deviation) ** 2 + sigma ** 2;
    const distance = x - alpha * mean;
    return {
      weight: Math.exp(-(distance ** 2) / (2 * variance)) / Math.sqrt(variance),
      rate: distance / variance,
    };
  });
  const total = parts.reduce((sum, part) => sum + part.weight, 0);
  return (sigma * parts.reduce((sum, part) => sum + part.weight * part.rate, 0)) / total;
};

export interface Draws {
  (leaf: Extract<Leaf, { kind: "draw" }>, step: number): number;
}

/** The result of a run that starts from `initial` as its initial noise. */
export function runScalar(
  run: LoweredRun,
  model: ScalarModel,
  initial = 0.8,
  draws: Draws = () => 0.3,
): { readonly value: number; readonly states: readonly number[]; readonly calls: number } {
  const exports = new Map<string, number>();
  const memos = new Map<RunStep, Map<Node, number>>();
  let calls = 0;
  const request = (what: Request): number => {
    const key = requestKey(what);
    const known = exports.get(key);
    if (known !== undefined) return known;
    const value = linear(exported(run, what), stepAt(run, what.step), what.step);
    exports.set(key, value);
    return value;
  };
  const linear = (value: Linear, step: RunStep, index: number): number => {
    const { terms, constant } = pruned(value, step);
    return terms.reduce(
      (sum, { node, coefficient }) => sum + step.numbers.value(coefficient) * nodeValue(node, step, index),
      step.numbers.value(constant),
    );
  };
  const operand = (arg: Operand, step: RunStep, index: number): number =>
    arg.kind === "number" ? step.numbers.value(arg.value) : nodeValue(arg, step, index);
  const nodeValue = (node: Node, step: RunStep, index: number): number => {
    let memo = memos.get(step);
    if (!memo) memos.set(step, (memo = new Map()));
    const known = memo.get(node);
    if (known !== undefined) return known;
    const value = compute(node, step, index);
    memo.set(node, value);
    return value;
  };
  const compute = (node: Node, step: RunStep, index: number): number => {
    switch (node.kind) {
      case "leaf": {
        const what = source(run, index, node.leaf);
        if (what) return request(what);
        if (node.leaf.kind === "draw")
          return node.leaf.path === "initial" ? initial : draws(node.leaf, index);
        if (node.leaf.kind === "input") return 0.25;
        throw new Error(`leaf ${node.leaf.kind}`);
      }
      case "linear":
        return linear(node.value, step, index);
      case "call":
        calls += 1;
        return model(linear(node.site.state, step, index), step.numbers.point(node.site.level));
      case "map": {
        const args = node.args.map((arg) => operand(arg, step, index));
        const [a, b] = args as [number, number];
        if (node.fn === "mul") return a * b;
        if (node.fn === "div") return a / b;
        if (node.fn === "sqrt") return Math.sqrt(a);
        if (node.fn === "max") return Math.max(a, b);
        throw new Error(`map ${node.fn}`);
      }
      case "reduce": {
        const args = node.args.map((arg) => nodeValue(arg, step, index)) as [number, number];
        if (node.fn === "dot") return args[0] * args[1];
        if (node.fn === "norm") return Math.abs(args[0]);
        throw new Error(`reduce ${node.fn}`);
      }
      case "output":
        throw new Error("outputs are not run here");
    }
  };
  const states = run.steps.map((_, index) => request({ step: index, what: { kind: "next" } }));
  run.results.forEach((_, position) =>
    request({ step: run.steps.length, what: { kind: "result", position } }),
  );
  return { value: states.at(-1) as number, states, calls };
}

/** Runs `solver` on the mixture over [lambda -1, 2]. */
export function resultOf(solver: string, options: Parameters<typeof samplerText>[1] = {}): number {
  return runScalar(lowered(samplerText(solver, options)), mixture).value;
}

/** Grid uniform in lambda between two levels where everything is smooth. */
export const smoothGrid = `grid smooth_grid {
  lambda[i] = lerp(-1, 2, i/steps)  for i in 0 .. steps
}
`;

let reference: number | undefined;

/** The slope of the error in the number of steps on the smooth grid, against 300 steps of Dormand & Prince's rule. */
export function convergence(solver: string, counts: readonly [number, number], definitions = ""): number {
  const run = (rule: string, steps: number): number =>
    resultOf(rule, { definitions: smoothGrid + definitions, grid: "smooth_grid", steps });
  const exact = (reference ??= run("dormand_prince", 300));
  const [coarse, fine] = counts.map((steps) => Math.abs(run(solver, steps) - exact)) as [number, number];
  return Math.log(coarse / fine) / Math.log(counts[1] / counts[0]);
}
