// Owns: how long the tensors of a plan live: which inputs of a kernel die in it, and how many of the size of the state
// are alive at once when a backend reuses those. Knows plans, no backend.

import { callsTogether } from "./branches.js";
import type { Kernel, Op, Plan, PlanStep, Register } from "./schema.js";

/** Registers freed by the run of `free` operations that starts at `index`. */
function freedAt(ops: readonly Op[], index: number): Set<Register> {
  const freed = new Set<Register>();
  for (let i = index; ops[i]?.op === "free"; i++) {
    const op = ops[i];
    if (op?.op === "free") for (const register of op.registers) freed.add(register);
  }
  return freed;
}

/** For the kernel operation at `index`: which inputs are given up to it. A register that is read twice never is. */
export function donatedInputs(ops: readonly Op[], index: number): boolean[] {
  const op = ops[index];
  if (op?.op !== "kernel") return [];
  const freed = freedAt(ops, index + 1);
  return op.inputs.map((register) => {
    const once = op.inputs.filter((other) => other === register).length === 1;
    return once && (op.outputs.includes(register) || freed.has(register));
  });
}

/** What is known of the networks when memory is counted. */
export interface MemoryUse {
  /** Whether networks answer the branches of a guided prediction in one call; default: they do not. */
  readonly batched?: boolean;
}

/** Of a tensor: `small` has fewer elements than the state, `drawn` is noise that nobody has needed as a tensor yet. */
type Size = "full" | "small" | "drawn";

type Counted = Pick<PlanStep, "program" | "scalars">;

const whole = new Set<Size>(["full", "drawn"]);

/**
 * The largest number of tensors of the size of the state that are alive at once, what networks return included: noise
 * that dies in the kernel that uses it is never stored, and a kernel writes its results over inputs that die in it.
 * Inputs of the run count as of that size. Results of branches in one call lie in one memory, which goes with the last
 * of them and is not written over; what a network repeats the state into for such a call is not counted.
 */
export function peakTensors(
  {
    programs,
    kernels,
    init,
    steps,
    control,
    output,
  }: Pick<Plan, "programs" | "kernels" | "init" | "steps" | "control" | "output">,
  { batched = false }: MemoryUse = {},
): number {
  const registers = new Map<Register, Size>();
  /** Tensors that lie in one memory, by register. */
  const groups = new Map<Register, { readonly size: number; left: number }>();
  let live = 0;
  let peak = 0;
  /** How much goes with the tensor of `register`: nothing while one that lies in the same memory lives. */
  const leave = (register: Register): number => {
    const group = groups.get(register);
    groups.delete(register);
    if (group === undefined) return 1;
    group.left -= 1;
    return group.left === 0 ? group.size : 0;
  };
  const put = (register: Register, size: Size | undefined): void => {
    if (registers.get(register) === "full") live -= leave(register);
    registers.delete(register);
    if (size === undefined) return;
    registers.set(register, size);
    if (size === "full") live += 1;
    peak = Math.max(peak, live);
  };
  const store = (register: Register): void => {
    if (registers.get(register) === "drawn") put(register, "full");
  };
  /** A new value is there before the old one of its register is gone. */
  const replace = (register: Register, size: Size): void => {
    if (size === "full") peak = Math.max(peak, live + 1);
    put(register, size);
  };
  /** Results of one call, a part for each register. */
  const split = (parts: readonly Register[]): void => {
    peak = Math.max(peak, live + parts.length);
    const group = { size: parts.length, left: parts.length };
    live += parts.length;
    for (const register of parts) {
      put(register, undefined);
      registers.set(register, "full");
      groups.set(register, group);
    }
  };
  const run = (ops: readonly Op[], step: Counted): void => {
    let answered = 0;
    ops.forEach((op, i) => {
      switch (op.op) {
        case "call": {
          for (const register of [op.state, ...op.inputs]) store(register);
          if (i < answered) return;
          const calls = batched ? callsTogether(ops, i, step) : [op];
          answered = i + calls.length;
          const results = [op.raw, ...op.outputs.map(({ out }) => out)];
          if (calls.length === 1) for (const register of results) replace(register, "full");
          else
            results.forEach((_, k) =>
              split(calls.map((call) => (k === 0 ? call.raw : call.outputs[k - 1]!.out))),
            );
          return;
        }
        case "draw":
          return replace(op.out, "drawn");
        case "input":
          return replace(op.out, "full");
        case "reduce":
          for (const register of op.inputs) store(register);
          return replace(op.out, "small");
        case "move": {
          const size = registers.get(op.from);
          if (op.from === op.to) return;
          const group = groups.get(op.from);
          groups.delete(op.from);
          registers.delete(op.from);
          if (size === "full" && group === undefined) live -= 1;
          put(op.to, group === undefined ? size : undefined);
          if (group === undefined) return;
          registers.set(op.to, "full");
          groups.set(op.to, group);
          return;
        }
        case "free":
          for (const register of op.registers) put(register, undefined);
          return;
        case "kernel": {
          const donated = donatedInputs(ops, i);
          op.inputs.forEach((register, k) => {
            if (donated[k] !== true) store(register);
          });
          const sizes = outputSizes(
            kernels[op.kernel]!,
            op.inputs.map((register) => registers.get(register) ?? "full"),
          );
          const made = sizes.filter((size) => size === "full").length;
          const given = op.inputs.filter((_, k) => donated[k] === true);
          const dying = given.filter(
            (register) => registers.get(register) === "full" && !groups.has(register),
          ).length;
          const reused = made === sizes.length ? Math.min(made, dying) : 0;
          peak = Math.max(peak, live + made - reused);
          for (const register of given) put(register, undefined);
          op.outputs.forEach((register, k) => put(register, sizes[k]));
          return;
        }
        default:
          op satisfies never;
      }
    });
  };
  // Two attempts, one undone: the second starts from what the first left.
  const attemptOf = (then: number): readonly Counted[] => [...steps, { program: then, scalars: [] }];
  const order = control
    ? [control.enter, ...[control.undo, control.keep, control.keep].flatMap(attemptOf)]
    : steps;
  for (const step of [init, ...order, output]) run(programs[step.program]!.ops, step);
  return peak;
}

/** An output is as large as the largest input that reaches it. */
function outputSizes({ nodes, outputs }: Kernel, inputs: readonly Size[]): Size[] {
  const isFull: boolean[] = [];
  for (const node of nodes) {
    if (node.op === "input") isFull.push(whole.has(inputs[node.index]!));
    else isFull.push("args" in node && node.args.some((arg) => isFull[arg]));
  }
  return outputs.map((output) => (isFull[output] ? "full" : "small"));
}
