// Owns: small plans written by hand for the tests of the runtime. A builder fills in what a test does not care about;
// nothing here knows the compiler.

import { hashPath } from "../../compiler/plan/keys.js";
import type {
  CallOp,
  Distribution,
  Kernel,
  KernelNode,
  KernelOp,
  Op,
  Plan,
  PlanDraw,
  PlanInput,
  PlanModel,
  PlanStep,
} from "../../compiler/plan/schema.js";

/** A kernel from nodes: numbers are constants, "x0" inputs, "s0" scalars, arrays [op, ...indices of earlier nodes]. */
export function kernel(
  nodes: readonly (number | string | readonly [KernelOp, ...number[]])[],
  outputs: readonly number[] = [nodes.length - 1],
): Kernel {
  const count = (letter: string): number =>
    1 +
    Math.max(
      -1,
      ...nodes.flatMap((node) =>
        typeof node === "string" && node.startsWith(letter) ? [Number(node.slice(1))] : [],
      ),
    );
  return {
    key: JSON.stringify([nodes, outputs]),
    inputs: count("x"),
    scalars: count("s"),
    nodes: nodes.map((node): KernelNode => {
      if (typeof node === "number") return { op: "const", value: node };
      if (typeof node === "string") {
        return { op: node.startsWith("x") ? "input" : "scalar", index: Number(node.slice(1)) };
      }
      const [op, ...args] = node as readonly [KernelOp, ...number[]];
      return { op, args };
    }),
    outputs,
  };
}

/** s0 * x0 */
export const scaled = kernel(["x0", "s0", ["mul", 0, 1]]);
/** s0 * x0 + s1 * x1 */
export const combined = kernel(["x0", "s0", "x1", "s1", ["mul", 0, 1], ["mul", 2, 3], ["add", 4, 5]]);

export const draw = (path: string, distribution: Distribution = "normal", fixed = false): PlanDraw => ({
  path,
  key: hashPath(path),
  distribution,
  fixed,
});

export const model = (name = "model", outputs: readonly string[] = []): PlanModel => ({
  name,
  predicts: "eps",
  file: null,
  time: true,
  outputs,
  convention: {},
});

/** A call of model 0 at register `state`, with slots 0: time, 1: alpha, 2: sigma, 3 and 4: form. */
export const call = (state: number, raw: number, rest: Partial<CallOp> = {}): CallOp => ({
  op: "call",
  model: 0,
  state,
  inputs: [state],
  scale: null,
  time: 0,
  alpha: 1,
  sigma: 2,
  form: { x: 3, x0: 4 },
  conditions: [],
  variant: null,
  extras: {},
  raw,
  outputs: [],
  ...rest,
});

export interface PlanParts {
  readonly inputs?: readonly PlanInput[];
  readonly models?: readonly PlanModel[];
  readonly draws?: readonly PlanDraw[];
  readonly kernels?: readonly Kernel[];
  readonly registers?: number;
  readonly programs: readonly (readonly Op[])[];
  readonly init: PlanStep;
  readonly steps: readonly PlanStep[];
  readonly output: PlanStep;
  readonly results?: readonly number[];
}

/** Fills in a plan; the grid is sigma = number of steps .. 0 at alpha = 1. */
export function plan(parts: PlanParts): Plan {
  const count = parts.steps.length;
  const programs = parts.programs.map((ops) => ({ ops }));
  const calls = [parts.init, ...parts.steps, parts.output]
    .flatMap((step) => programs[step.program]?.ops ?? [])
    .filter((op) => op.op === "call").length;
  return {
    format: "dsamp-plan",
    version: 1,
    compiler: "test",
    source: { name: "test.dsamp", sha256: "0".repeat(64) },
    sampler: "test",
    grid: Array.from({ length: count + 1 }, (_, i) => ({
      time: count - i,
      alpha: 1,
      sigma: count - i,
      lambda: i === count ? "inf" : 0 - Math.log(count - i),
    })),
    inputs: parts.inputs ?? [],
    models: parts.models ?? [],
    draws: parts.draws ?? [],
    kernels: parts.kernels ?? [],
    programs,
    registers: parts.registers ?? 8,
    init: parts.init,
    steps: parts.steps,
    output: parts.output,
    results: parts.results ?? [0],
    report: { calls, nfe: calls, peakTensors: 0, rules: parts.steps.map(() => "euler"), notes: [] },
  };
}

/**
 * Euler on the probability flow at alpha = 1 with an eps network: x' = x + (sigma' - sigma) eps, from sigmas[0] to the
 * last. Noise `churn` times a draw is added after every step but the last.
 */
export function eulerPlan(sigmas: readonly number[], churn = 0): Plan {
  const steps = sigmas.slice(0, -1).map((sigma, i): PlanStep => {
    const next = sigmas[i + 1]!;
    const last = i === sigmas.length - 2;
    return {
      program: churn === 0 || last ? 1 : 2,
      scalars: [sigma, 1, sigma, 1 / sigma, -1 / sigma, next - sigma, 1, churn],
      step: i,
      state: 0,
    };
  });
  const euler: Op[] = [
    call(0, 1),
    { op: "kernel", kernel: 1, inputs: [0, 1], scalars: [6, 5], outputs: [2] },
    { op: "free", registers: [0, 1] },
    { op: "move", from: 2, to: 0 },
  ];
  return plan({
    models: [model()],
    draws: [draw("initial"), draw("z")],
    kernels: [scaled, combined],
    registers: 4,
    programs: [
      [
        { op: "draw", draw: 0, pass: 0, out: 1 },
        { op: "kernel", kernel: 0, inputs: [1], scalars: [0], outputs: [0] },
        { op: "free", registers: [1] },
      ],
      euler,
      [
        ...euler,
        { op: "draw", draw: 1, pass: 0, out: 3 },
        { op: "kernel", kernel: 1, inputs: [0, 3], scalars: [6, 7], outputs: [0] },
        { op: "free", registers: [3] },
      ],
      [],
    ],
    init: { program: 0, scalars: [sigmas[0]!], step: 0, state: 0 },
    steps,
    output: { program: 3, scalars: [], step: 0, state: 0 },
  });
}
