// Owns: compensated updates: a plan whose state is kept as two float32 tensors, its value and what rounding took from
// it, and whose updates are computed in float64. Rewrites a finished plan; knows no rules and no backend.
//
// A float32 state loses up to half a unit in the last place a step, and the coefficients of a step are rounded too;
// over n steps the errors grow like sqrt(n) to n. Kept as an unevaluated sum of two floats (Dekker, "A floating-point
// technique for extending the available precision", Numer. Math. 18, 1971) the state has 48 bits between steps.

import { fail } from "../diagnostics/report.js";
import type { Kernel, KernelNode, Op, Plan, PlanStep, Program, Register } from "../plan/schema.js";
import { peakTensors } from "../plan/lifetimes.js";
import { uses } from "./registers.js";

type KernelCall = Extract<Op, { op: "kernel" }>;

/**
 * The same plan with compensated updates. It costs one more tensor of the size of the state, read and written once a
 * step. Networks are still fed float32; steps whose state is not made by a kernel are as before. Throws D0990 for
 * error-controlled runs, whose attempts are undone.
 */
export function compensate(plan: Plan): Plan {
  if (plan.control)
    fail(
      "D0990",
      `compensated updates of \`${plan.sampler}\`, whose solver places its own points, are not yet supported`,
      {
        help: "run it with `--backend reference`, which computes in float64",
      },
    );
  const rest: Register = plan.registers;
  const kernels = [...plan.kernels];
  const kernelOf = new Map<string, number>();
  const programs: Program[] = [];
  const programOf = new Map<string, number>();
  /** The register of the state before the step, and whether `rest` is full. */
  let state: Register | null = null;
  let isSplit = false;

  const widened = (call: KernelCall, of: number, input: number): number => {
    const kernel = widen(kernels[call.kernel]!, of, input);
    let index = kernelOf.get(kernel.key);
    if (index === undefined) kernelOf.set(kernel.key, (index = kernels.push(kernel) - 1));
    return index;
  };
  const rewrite = (step: PlanStep): PlanStep => {
    const { ops } = plan.programs[step.program]!;
    const found = step.state === null ? null : origin(ops, step.state);
    const before = { state, isSplit };
    state = step.state;
    const made = found === null ? undefined : ops[found.op];
    // Numbers that no tensor reaches take no part in a tensor's rounding.
    const isUpdate = made?.op === "kernel" && reachesTensor(kernels[made.kernel]!, found!.output);
    const stays = found !== null && found.op < 0 && found.register === before.state;
    isSplit = isUpdate || (stays && before.isSplit);
    let changed: readonly Op[] = ops;
    if (isUpdate) {
      const at = before.isSplit ? carried(ops, found!.op, before.state!) : null;
      const input = at === null ? -1 : made.inputs.indexOf(at);
      const inputs = input < 0 ? made.inputs : [...made.inputs, rest];
      const kernel = widened(made, found!.output, input);
      changed = ops.with(found!.op, { ...made, kernel, inputs, outputs: [...made.outputs, rest] });
    } else if (before.isSplit && !isSplit) changed = [...ops, { op: "free", registers: [rest] }];
    const text = JSON.stringify(changed);
    let program = programOf.get(text);
    if (program === undefined) programOf.set(text, (program = programs.push({ ops: changed }) - 1));
    return { ...step, program };
  };

  const init = rewrite(plan.init);
  const steps = plan.steps.map(rewrite);
  const { program: last } = plan.output;
  const text = JSON.stringify(plan.programs[last]!.ops);
  const output = { ...plan.output, program: programOf.get(text) ?? programs.push(plan.programs[last]!) - 1 };
  const result = { ...plan, ...compact(kernels, programs), registers: rest + 1, init, steps, output };
  return { ...result, report: { ...plan.report, peakTensors: peakTensors(result) } };
}

/** The operation that makes what `register` holds at the end, or -1 and the register it was in at the start. */
function origin(
  ops: readonly Op[],
  register: Register,
): { readonly op: number; readonly output: number; readonly register: Register } {
  let at = register;
  for (let i = ops.length - 1; i >= 0; i--) {
    const op = ops[i]!;
    const output = uses(op).writes.indexOf(at);
    if (output < 0) continue;
    if (op.op !== "move") return { op: i, output, register: at };
    at = op.from;
  }
  return { op: -1, output: -1, register: at };
}

/** Where the value that `register` holds at the start is when operation `end` begins; null: gone. */
function carried(ops: readonly Op[], end: number, register: Register): Register | null {
  let at = register;
  for (const op of ops.slice(0, end)) {
    if (op.op === "move" && op.from === at) at = op.to;
    else if (uses(op).writes.includes(at) || (op.op === "free" && op.registers.includes(at))) return null;
  }
  return at;
}

function reachesTensor({ nodes, outputs }: Kernel, output: number): boolean {
  const reached: boolean[] = [];
  for (const node of nodes)
    reached.push(node.op === "input" || ("args" in node && node.args.some((arg) => reached[arg])));
  return reached[outputs[output]!] === true;
}

/** `input`, if not -1, is read together with one more input, its rest; output `of` gets a rest behind the others. */
function widen(kernel: Kernel, of: number, input: number): Kernel {
  const nodes: KernelNode[] = [];
  const place: number[] = [];
  for (const node of kernel.nodes) {
    const copy = "args" in node ? { ...node, args: node.args.map((arg) => place[arg]!) } : node;
    const index = nodes.push(copy) - 1;
    if (node.op === "input" && node.index === input) {
      nodes.push({ op: "input", index: kernel.inputs });
      nodes.push({ op: "add", args: [index, index + 1] });
      place.push(index + 2);
    } else place.push(index);
  }
  const own = kernel.outputs.map((output) => place[output]!);
  return {
    key: `wide(${of},${input}) ${kernel.key}`,
    inputs: kernel.inputs + (input < 0 ? 0 : 1),
    scalars: kernel.scalars,
    nodes,
    outputs: [...own, own[of]!],
    wide: { of, rest: own.length },
  };
}

/** Without the kernels nobody runs any more. */
function compact(
  kernels: readonly Kernel[],
  programs: readonly Program[],
): Pick<Plan, "kernels" | "programs"> {
  const calls = programs.flatMap(({ ops }) => ops.flatMap((op) => (op.op === "kernel" ? [op.kernel] : [])));
  const used = [...new Set(calls)].sort((a, b) => a - b);
  const place = new Map(used.map((kernel, i) => [kernel, i]));
  return {
    kernels: used.map((kernel) => kernels[kernel]!),
    programs: programs.map(({ ops }) => ({
      ops: ops.map((op) => (op.op === "kernel" ? { ...op, kernel: place.get(op.kernel)! } : op)),
    })),
  };
}
