// Owns: turning the nodes of a kernel that lead to some of its outputs into a tape. Knows what each kernel operation is
// made of; not what runs it.

import type { Kernel, KernelOp } from "../../compiler/plan/schema.js";
import { wideFunction } from "./functions.js";
import { TapeBuilder, type Lane, type Prim, type Tape, type TapeValue } from "./tape.js";

const isOperation = (
  node: Kernel["nodes"][number],
): node is Extract<Kernel["nodes"][number], { args: readonly number[] }> => "args" in node;

/** A condition: the value is not 0. Comparisons are not turned into numbers and back. */
function nonZero(tape: TapeBuilder, value: number): number {
  const known = tape.values[value];
  if (known?.kind === "op" && known.prim === "truth") return known.args[0]!;
  return tape.op("ne", value, tape.constant("f", 0));
}

function operation(tape: TapeBuilder, op: KernelOp, a: number, b: number, c: number): number {
  switch (op) {
    case "add":
    case "sub":
    case "mul":
    case "div":
    case "min":
    case "max":
      return tape.op(op, a, b);
    case "neg":
    case "abs":
    case "sqrt":
    case "floor":
    case "round":
      return tape.op(op, a);
    case "lt":
    case "le":
    case "eq":
    case "ne":
      return tape.op("truth", tape.op(op, a, b));
    case "and":
    case "or":
      return tape.op("truth", tape.op(op, nonZero(tape, a), nonZero(tape, b)));
    case "not":
      return tape.op("truth", tape.op("eq", a, tape.constant("f", 0)));
    case "where":
      return tape.op("select", nonZero(tape, a), b, c);
    default:
      return wideFunction(tape, op, a, b);
  }
}

/** The float64 primitive of an operation, where a wide kernel has one; the others take float32. */
const wider: Partial<Readonly<Record<KernelOp, Prim>>> = {
  add: "dadd",
  sub: "dsub",
  mul: "dmul",
  div: "ddiv",
  neg: "dneg",
};

/**
 * `outputs` are nodes of `kernel` that a tensor reaches; `isScalar` says which nodes none reaches. `wide`: sums and
 * products are float64, and the output at `rest` is what rounding takes from its node.
 */
export function lower(
  kernel: Kernel,
  isScalar: readonly boolean[],
  outputs: readonly number[],
  wide?: { readonly rest: number },
): Tape {
  const needed = new Set(outputs);
  for (let i = kernel.nodes.length - 1; i >= 0; i--) {
    const node = kernel.nodes[i]!;
    if (needed.has(i) && isOperation(node) && !isScalar[i]) for (const arg of node.args) needed.add(arg);
  }
  const tape = new TapeBuilder();
  const inputs: number[] = [];
  const uniforms = [...needed]
    .filter((i) => isScalar[i] && kernel.nodes[i]!.op !== "const")
    .sort((a, b) => a - b);
  const values = new Map<number, number>();
  const laneOf = (value: number): Lane => tape.values[value]!.lane;
  const narrow = (value: number): number => (laneOf(value) === "d" ? tape.op("narrow", value) : value);
  const widen = (value: number): number => (laneOf(value) === "f" ? tape.op("widen", value) : value);
  kernel.nodes.forEach((node, i) => {
    if (!needed.has(i)) return;
    if (node.op === "const") values.set(i, tape.constant(wide ? "d" : "f", node.value));
    else if (isScalar[i]) {
      const at = uniforms.indexOf(i);
      const number = tape.uniform(at);
      const rest = (): number => tape.op("widen", tape.uniform(uniforms.length + at));
      values.set(i, wide ? tape.op("dadd", tape.op("widen", number), rest()) : number);
    } else if (node.op === "input") {
      let index = inputs.indexOf(node.index);
      if (index < 0) index = inputs.push(node.index) - 1;
      values.set(i, tape.input(index));
    } else if (isOperation(node)) {
      const prim = wide && wider[node.op];
      const [a = 0, b = a, c = a] = node.args.map((arg) => (prim ? widen : narrow)(values.get(arg)!));
      values.set(
        i,
        prim ? tape.op(prim, ...[a, b].slice(0, node.args.length)) : operation(tape, node.op, a, b, c),
      );
    }
  });
  const results = outputs.map((node, position) => {
    const value = values.get(node)!;
    if (position !== wide?.rest) return narrow(value);
    return narrow(tape.op("dsub", widen(value), widen(narrow(value))));
  });
  const numbers = wide ? { uniforms: [...uniforms, ...uniforms], firstRest: uniforms.length } : { uniforms };
  return pruned({ values: tape.values, outputs: results, inputs, ...numbers });
}

/** Without the values no output needs. */
function pruned(tape: Tape): Tape {
  const needed = new Set(tape.outputs);
  for (let i = tape.values.length - 1; i >= 0; i--) {
    const value = tape.values[i]!;
    if (needed.has(i) && value.kind === "op") for (const arg of value.args) needed.add(arg);
  }
  const place = new Map<number, number>();
  const values: TapeValue[] = [];
  tape.values.forEach((value, i) => {
    if (!needed.has(i)) return;
    place.set(i, values.length);
    values.push(value.kind === "op" ? { ...value, args: value.args.map((arg) => place.get(arg)!) } : value);
  });
  return { ...tape, values, outputs: tape.outputs.map((output) => place.get(output)!) };
}
