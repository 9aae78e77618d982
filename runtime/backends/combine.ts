// Owns: which nodes of a kernel are weighted sums of others, for backends that pay for every operation: a chain of
// sums and products with numbers is one sum, its weights folded in float64. Knows no tensors.

import type { Kernel, KernelNode } from "../../compiler/plan/schema.js";
import { isOperation } from "./scalarOps.js";

/** A node as weights times other nodes, plus a number. */
export interface Combination {
  /** The nodes that are summed, each once. */
  readonly terms: readonly number[];
  /** Weights of the terms, then the number; `scalars` are the values of the kernel's scalar nodes, by node. */
  weigh(scalars: ArrayLike<number | undefined>): Float64Array;
}

/** How a kernel is computed: `needed` nodes in order, those in `sums` as one sum, the others by their own operation. */
export interface Arrangement {
  readonly sums: ReadonlyMap<number, Combination>;
  readonly needed: readonly boolean[];
  /** What a node is computed from. */
  inputsOf(node: number): readonly number[];
}

/** The arrangement that does every operation of the kernel as it stands. */
export function everyOperation(kernel: Kernel, isScalar: readonly boolean[]): Arrangement {
  const inputsOf = (node: number): readonly number[] => argsOf(kernel.nodes[node]!);
  return { sums: new Map(), needed: reached(kernel, isScalar, inputsOf), inputsOf };
}

/**
 * The arrangement with the fewest operations: whatever is linear is expanded down to tensors that exist anyway. Such
 * are inputs, outputs, and what other operations take.
 */
export function fewestOperations(kernel: Kernel, isScalar: readonly boolean[]): Arrangement {
  const { nodes } = kernel;
  const linear = nodes.map((node, i) => isScalar[i] !== true && isLinear(node, isScalar));
  const kept = new Set(kernel.outputs);
  nodes.forEach((node, i) => {
    if (!linear[i] && !isScalar[i]) for (const arg of argsOf(node)) kept.add(arg);
  });
  const sums = new Map<number, Combination>();
  nodes.forEach((_, i) => {
    if (linear[i] && kept.has(i))
      sums.set(
        i,
        combination(nodes, isScalar, (node) => linear[node]! && (node === i || !kept.has(node)), i),
      );
  });
  const inputsOf = (node: number): readonly number[] => sums.get(node)?.terms ?? argsOf(nodes[node]!);
  return { sums, needed: reached(kernel, isScalar, inputsOf), inputsOf };
}

const argsOf = (node: KernelNode): readonly number[] => (isOperation(node) ? node.args : []);

function isLinear(node: KernelNode, isScalar: readonly boolean[]): boolean {
  if (!isOperation(node)) return false;
  const [a = 0, b = 0] = node.args;
  switch (node.op) {
    case "add":
    case "sub":
    case "neg":
      return true;
    case "mul":
      return isScalar[a] === true || isScalar[b] === true;
    case "div":
      return isScalar[b] === true;
    default:
      return false;
  }
}

/** `expands`: the linear nodes that are not kept as tensors, and `root` itself. */
function combination(
  nodes: readonly KernelNode[],
  isScalar: readonly boolean[],
  expands: (node: number) => boolean,
  root: number,
): Combination {
  const terms: number[] = [];
  const inside = new Set<number>();
  const visit = (node: number): void => {
    if (isScalar[node] || inside.has(node) || terms.includes(node)) return;
    if (!expands(node)) {
      terms.push(node);
      return;
    }
    inside.add(node);
    for (const arg of argsOf(nodes[node]!)) visit(arg);
  };
  visit(root);
  const order = [...inside].sort((a, b) => b - a);
  return {
    terms,
    weigh(scalars) {
      // How often each node is in the root, from the root down: adjoints.
      const weights = new Map<number, number>([[root, 1]]);
      let constant = 0;
      const give = (node: number, weight: number): void => {
        if (isScalar[node]) constant += weight * scalars[node]!;
        else weights.set(node, (weights.get(node) ?? 0) + weight);
      };
      for (const i of order) {
        const node = nodes[i]!;
        const weight = weights.get(i) ?? 0;
        if (!isOperation(node)) continue;
        const [a = 0, b = 0] = node.args;
        if (node.op === "mul") give(isScalar[a] ? b : a, weight * scalars[isScalar[a] ? a : b]!);
        else if (node.op === "div") give(a, weight / scalars[b]!);
        else {
          give(a, node.op === "neg" ? -weight : weight);
          if (node.op === "add") give(b, weight);
          else if (node.op === "sub") give(b, -weight);
        }
      }
      return Float64Array.from([...terms.map((term) => weights.get(term) ?? 0), constant]);
    },
  };
}

/** Nodes that some output is computed from and that a tensor reaches. */
function reached(
  kernel: Kernel,
  isScalar: readonly boolean[],
  inputsOf: (node: number) => readonly number[],
): boolean[] {
  const needed = kernel.nodes.map(() => false);
  for (const output of kernel.outputs) needed[output] = true;
  for (let i = kernel.nodes.length - 1; i >= 0; i--) {
    if (needed[i] && !isScalar[i]) for (const arg of inputsOf(i)) needed[arg] = true;
  }
  return needed;
}
