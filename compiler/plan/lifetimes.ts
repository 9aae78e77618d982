// Owns: how long the tensors of a plan live: which inputs of a kernel die in it, and how many of the size of the state
// are alive at once when a backend reuses those. Knows plans, no backend.

import type { Kernel, Op, Plan, Register } from "./schema.js";

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

/** Of a tensor: `small` has fewer elements than the state, `drawn` is noise that nobody has needed as a tensor yet. */
type Size = "full" | "small" | "drawn";

const whole = new Set<Size>(["full", "drawn"]);

/**
 * The largest number of tensors of the size of the state that are alive at once, what networks return included: noise
 * that dies in the kernel that uses it is never stored, and a kernel writes its results over inputs that die in it.
 * Inputs of the run count as of that size. `inPlace`: false for backends that write results beside inputs.
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
  inPlace = true,
): number {
  const registers = new Map<Register, Size>();
  let live = 0;
  let peak = 0;
  const put = (register: Register, size: Size | undefined): void => {
    if (registers.get(register) === "full") live -= 1;
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
  const run = (ops: readonly Op[]): void => {
    ops.forEach((op, i) => {
      switch (op.op) {
        case "call":
          for (const register of [op.state, ...op.inputs]) store(register);
          for (const register of [op.raw, ...op.outputs.map(({ out }) => out)]) replace(register, "full");
          return;
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
          registers.delete(op.from);
          if (size === "full") live -= 1;
          return put(op.to, size);
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
          const dying = given.filter((register) => registers.get(register) === "full").length;
          const reused = inPlace && made === sizes.length ? Math.min(made, dying) : 0;
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
  const tried = control ? [control.enter.program, ...attemptOf(steps, control.undo)] : [];
  const order = control
    ? [...tried, ...attemptOf(steps, control.keep), ...attemptOf(steps, control.keep)]
    : steps.map((step) => step.program);
  for (const program of [init.program, ...order, output.program]) run(programs[program]!.ops);
  return peak;
}

const attemptOf = (steps: readonly { readonly program: number }[], then: number): readonly number[] => [
  ...steps.map((step) => step.program),
  then,
];

/** An output is as large as the largest input that reaches it. */
function outputSizes({ nodes, outputs }: Kernel, inputs: readonly Size[]): Size[] {
  const isFull: boolean[] = [];
  for (const node of nodes) {
    if (node.op === "input") isFull.push(whole.has(inputs[node.index]!));
    else isFull.push("args" in node && node.args.some((arg) => isFull[arg]));
  }
  return outputs.map((output) => (isFull[output] ? "full" : "small"));
}
