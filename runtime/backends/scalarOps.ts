// Owns: what every kernel operation means on float64 numbers. The reference backend loops over it; other backends use
// it for the parts of a kernel that no tensor reaches. Knows no tensors.

import type { Kernel, KernelNode, KernelOp } from "../../compiler/plan/schema.js";

/** Nearest integer, ties to even, as IEEE 754 and every tensor library round. */
export function roundEven(x: number): number {
  const down = Math.floor(x);
  const rest = x - down;
  if (rest < 0.5) return down;
  if (rest > 0.5) return down + 1;
  return down % 2 === 0 ? down : down + 1;
}

const logistic = (x: number): number => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));

/** Unused arguments are passed as 0. */
export const scalarOps: Readonly<Record<KernelOp, (a: number, b: number, c: number) => number>> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  neg: (a) => -a,
  abs: (a) => Math.abs(a),
  min: (a, b) => Math.min(a, b),
  max: (a, b) => Math.max(a, b),
  sqrt: (a) => Math.sqrt(a),
  pow: (a, b) => Math.pow(a, b),
  exp: (a) => Math.exp(a),
  expm1: (a) => Math.expm1(a),
  log: (a) => Math.log(a),
  sin: (a) => Math.sin(a),
  cos: (a) => Math.cos(a),
  tan: (a) => Math.tan(a),
  atan: (a) => Math.atan(a),
  atan2: (a, b) => Math.atan2(a, b),
  floor: (a) => Math.floor(a),
  round: (a) => roundEven(a),
  logistic: (a) => logistic(a),
  lt: (a, b) => (a < b ? 1 : 0),
  le: (a, b) => (a <= b ? 1 : 0),
  eq: (a, b) => (a === b ? 1 : 0),
  ne: (a, b) => (a !== b ? 1 : 0),
  and: (a, b) => (a !== 0 && b !== 0 ? 1 : 0),
  or: (a, b) => (a !== 0 || b !== 0 ? 1 : 0),
  not: (a) => (a === 0 ? 1 : 0),
  where: (a, b, c) => (a !== 0 ? b : c),
};

export const isOperation = (node: KernelNode): node is Extract<KernelNode, { args: readonly number[] }> =>
  "args" in node;

/**
 * Values of the nodes no tensor reaches, in float64; undefined elsewhere. `isScalar[i]` says which those are.
 */
export function scalarValues(
  kernel: Kernel,
  scalars: readonly number[],
  isScalar: readonly boolean[],
): (number | undefined)[] {
  const values: (number | undefined)[] = [];
  kernel.nodes.forEach((node, i) => {
    if (!isScalar[i]) values.push(undefined);
    else if (node.op === "scalar") values.push(scalars[node.index]);
    else if (node.op === "const") values.push(node.value);
    else if (isOperation(node)) {
      const [a = 0, b = 0, c = 0] = node.args.map((arg) => values[arg] ?? 0);
      values.push(scalarOps[node.op](a, b, c));
    } else values.push(undefined);
  });
  return values;
}

/** Which nodes no tensor input reaches. */
export function scalarNodes(kernel: Kernel): boolean[] {
  const result: boolean[] = [];
  for (const node of kernel.nodes) {
    if (node.op === "input") result.push(false);
    else result.push(isOperation(node) ? node.args.every((arg) => result[arg]) : true);
  }
  return result;
}

const structures = new WeakMap<Kernel, string>();

/** Text of a kernel's structure. Caches use it, not `kernel.key`: a plan from a stranger may lie about keys. */
export function kernelStructure(kernel: Kernel): string {
  let text = structures.get(kernel);
  if (text === undefined) {
    text = JSON.stringify([kernel.inputs, kernel.scalars, kernel.nodes, kernel.outputs, kernel.wide]);
    structures.set(kernel, text);
  }
  return text;
}
