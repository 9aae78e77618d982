// Owns: what a schema cannot say about a plan: indices in range, kernels in order, registers defined where they are
// read, on the one path through init, steps and output. Assumes the schema holds; knows no backend.

import { fail } from "../diagnostics/report.js";
import { hashPath } from "./keys.js";
import { arity } from "./arity.js";
import type { CallOp, Kernel, Op, Plan, PlanControl, PlanStep, Register, Slot } from "./schema.js";

/** Operations executed in a whole run. */
const OPERATION_LIMIT = 10_000_000;

const bad = (where: string, problem: string): never => fail("D0503", `${where}: ${problem}`);

function checkUnique(what: string, names: readonly (string | number)[]): void {
  const seen = new Set<string | number>();
  for (const name of names) {
    if (seen.has(name)) bad(what, `'${name}' stands there twice`);
    seen.add(name);
  }
}

function checkKernel(kernel: Kernel, where: string): void {
  kernel.nodes.forEach((node, i) => {
    const here = `${where}, node ${i}`;
    if (node.op === "input") {
      if (node.index >= kernel.inputs) bad(here, `input ${node.index} of ${kernel.inputs}`);
    } else if (node.op === "scalar") {
      if (node.index >= kernel.scalars) bad(here, `scalar ${node.index} of ${kernel.scalars}`);
    } else if (node.op === "const") {
      if (!Number.isFinite(node.value)) bad(here, "the constant is not finite");
    } else {
      const count = arity.get(node.op);
      if (node.args.length !== count) {
        bad(here, `'${node.op}' takes ${count} arguments, not ${node.args.length}`);
      }
      for (const arg of node.args) if (arg >= i) bad(here, `argument ${arg} does not come before it`);
    }
  });
  for (const output of kernel.outputs) {
    if (output >= kernel.nodes.length) bad(where, `output ${output} of ${kernel.nodes.length} nodes`);
  }
  if (kernel.wide === undefined) return;
  const { of, rest } = kernel.wide;
  const [node, other] = [kernel.outputs[of], kernel.outputs[rest]];
  if (of === rest || node === undefined || node !== other) {
    bad(where, `outputs ${of} and ${rest} are not the two parts of one node`);
  }
}

/** Checks what an operation says by itself, once per program. */
function checkOp(plan: Plan, op: Op, where: string): void {
  const index = (what: string, value: number, length: number): void => {
    if (value >= length) bad(where, `${what} ${value} of ${length}`);
  };
  switch (op.op) {
    case "call":
      return checkCall(plan, op, where);
    case "draw":
      return index("draw", op.draw, plan.draws.length);
    case "input": {
      index("input", op.input, plan.inputs.length);
      const { name, kind } = plan.inputs[op.input]!;
      if (kind === "condition") bad(where, `'${name}' is a condition; only calls take it`);
      if ((kind === "trajectory") !== (op.point !== null)) {
        bad(where, kind === "trajectory" ? `'${name}' needs a point` : `'${name}' has no points`);
      }
      return;
    }
    case "kernel": {
      index("kernel", op.kernel, plan.kernels.length);
      const { inputs, scalars, outputs } = plan.kernels[op.kernel]!;
      const compare = (what: string, given: number, wanted: number): void => {
        if (given !== wanted) bad(where, `${given} ${what} for a kernel with ${wanted}`);
      };
      compare("inputs", op.inputs.length, inputs);
      compare("scalars", op.scalars.length, scalars);
      compare("outputs", op.outputs.length, outputs.length);
      checkUnique(`${where}, outputs`, op.outputs);
      return;
    }
    case "reduce": {
      const wanted = op.fn === "dot" ? 2 : 1;
      if (op.inputs.length !== wanted)
        bad(where, `'${op.fn}' takes ${wanted} tensors, not ${op.inputs.length}`);
      if ((op.fn === "quantile") !== (op.parameter !== null)) {
        bad(where, op.fn === "quantile" ? "a quantile needs its p" : `'${op.fn}' takes no parameter`);
      }
      return;
    }
    case "move":
    case "free":
      return;
    default:
      op satisfies never;
  }
}

function checkCall(plan: Plan, op: CallOp, where: string): void {
  const model = plan.models[op.model] ?? bad(where, `model ${op.model} of ${plan.models.length}`);
  if (model.time !== (op.time !== null)) {
    bad(where, `model '${model.name}' takes ${model.time ? "a time argument" : "no time argument"}`);
  }
  if (op.scale !== null && op.inputs.length !== 1) bad(where, "a scale goes with exactly one input");
  for (const index of op.conditions) {
    const input = plan.inputs[index] ?? bad(where, `input ${index} of ${plan.inputs.length}`);
    if (input.kind !== "condition") bad(where, `'${input.name}' is a ${input.kind}, not a condition`);
  }
  for (const { name } of op.outputs) {
    if (!model.outputs.includes(name)) bad(where, `model '${model.name}' has no output '${name}'`);
  }
  checkUnique(`${where}, results`, [op.raw, ...op.outputs.map((output) => output.out)]);
}

/** Registers read, written and emptied, and slots used, by one operation. */
interface Effects {
  readonly reads: readonly Register[];
  readonly writes: readonly Register[];
  readonly empties: readonly Register[];
  readonly slots: readonly Slot[];
}

function effectsOf(op: Op): Effects {
  const none = { reads: [], writes: [], empties: [], slots: [] };
  const some = (slot: Slot | null): Slot[] => (slot === null ? [] : [slot]);
  switch (op.op) {
    case "call": {
      const form = op.form === null ? [] : [op.form.x, op.form.x0];
      return {
        reads: [op.state, ...op.inputs],
        writes: [op.raw, ...op.outputs.map((output) => output.out)],
        empties: [],
        slots: [
          ...some(op.scale),
          ...some(op.time),
          op.alpha,
          op.sigma,
          ...form,
          ...Object.values(op.extras),
        ],
      };
    }
    case "draw":
      return { ...none, writes: [op.out] };
    case "input":
      return { ...none, writes: [op.out], slots: some(op.point) };
    case "kernel":
      return { ...none, reads: op.inputs, writes: op.outputs, slots: op.scalars };
    case "reduce":
      return { ...none, reads: op.inputs, writes: [op.out], slots: some(op.parameter) };
    case "move":
      return { ...none, reads: [op.from], empties: [op.from], writes: [op.to] };
    case "free":
      return { ...none, reads: op.registers, empties: op.registers };
    default:
      return op satisfies never;
  }
}

/** Points of trajectories are grid indices. */
function checkPoints(plan: Plan, ops: readonly Op[], step: PlanStep, where: string): void {
  ops.forEach((op, i) => {
    if (op.op !== "input" || op.point === null) return;
    const point = step.scalars[op.point]!;
    if (!Number.isInteger(point) || point < 0 || point >= plan.grid.length) {
      bad(`${where}, operation ${i}`, `${point} is not a point of the grid`);
    }
  });
}

/**
 * Walks the path of the run. `full` are the registers that hold a tensor. Effects are computed once per program, since
 * thousands of steps share it.
 */
function walk(plan: Plan, effects: readonly (readonly Effects[])[]): void {
  const full = new Set<Register>();
  let operations = 0;
  let calls = 0;
  const read = (register: Register, where: string): void => {
    if (!full.has(register)) bad(where, `register ${register} is empty`);
  };
  const visit = (step: PlanStep, where: string): void => {
    const program = effects[step.program] ?? bad(where, `program ${step.program} of ${effects.length}`);
    const { ops } = plan.programs[step.program]!;
    step.scalars.forEach((value, slot) => {
      if (!Number.isFinite(value)) bad(where, `the number in slot ${slot} is ${value}`);
    });
    operations += program.length;
    if (operations > OPERATION_LIMIT) {
      fail("D0805", `the plan executes more than ${OPERATION_LIMIT} operations`);
    }
    program.forEach((effect, i) => {
      const here = (): string => `${where}, operation ${i} (${ops[i]!.op})`;
      for (const slot of effect.slots) {
        if (slot >= step.scalars.length) bad(here(), `slot ${slot} of ${step.scalars.length}`);
      }
      for (const register of effect.reads) if (!full.has(register)) read(register, here());
      for (const register of effect.empties) {
        if (!full.delete(register)) bad(here(), `register ${register} is freed twice`);
      }
      for (const register of effect.writes) {
        if (register >= plan.registers) bad(here(), `register ${register} of ${plan.registers}`);
        full.add(register);
      }
      if (ops[i]!.op === "call") calls += 1;
    });
    checkPoints(plan, ops, step, where);
    if (step.state !== null) read(step.state, `${where}, state`);
  };
  visit(plan.init, "init");
  if (plan.control) walkAttempt(plan, plan.control, full, visit);
  else plan.steps.forEach((step, i) => visit(step, `step ${i}`));
  visit(plan.output, "output");
  for (const register of plan.results) read(register, "results");
  if (plan.report.calls !== calls)
    bad("report", `it counts ${plan.report.calls} calls, the run makes ${calls}`);
}

/** One attempt, kept and undone: either way the same registers are full as before it. */
function walkAttempt(
  plan: Plan,
  control: PlanControl,
  full: Set<Register>,
  visit: (step: PlanStep, where: string) => void,
): void {
  const [attempt] = plan.steps;
  if (!attempt || plan.steps.length !== 1)
    return bad("control", `${plan.steps.length} steps; one attempt is needed`);
  const program = (index: number, where: string): void =>
    visit({ program: index, scalars: [], step: 0, state: null }, where);
  visit(control.enter, "enter");
  const before = [...full].sort().join();
  visit(attempt, "attempt");
  for (const register of control.reads)
    if (!full.has(register)) bad("control", `register ${register} is read while it is empty`);
  const after = [...full];
  for (const [index, where] of [
    [control.undo, "undo"],
    [control.keep, "keep"],
  ] as const) {
    full.clear();
    for (const register of after) full.add(register);
    program(index, where);
    if ([...full].sort().join() !== before)
      bad(where, "the registers in use are not those from before the attempt");
  }
  checkHost(control, attempt.scalars.length);
}

function checkHost(control: PlanControl, slots: number): void {
  const { nodes, variables, tables } = control;
  const late: boolean[] = [];
  nodes.forEach((node, i) => {
    const here = `host node ${i}`;
    const within = (what: string, index: number, length: number): void => {
      if (index >= length) bad(here, `${what} ${index} of ${length}`);
    };
    if (node.op === "variable") within("variable", node.index, variables.length);
    if (node.op === "read") within("read", node.index, control.reads.length);
    if (node.op === "table") within("table", node.table, tables.length);
    const args = "args" in node ? node.args : [];
    for (const arg of args) if (arg >= i) bad(here, `argument ${arg} does not come before it`);
    late.push(node.op === "read" || args.some((arg) => late[arg]));
  });
  tables.forEach(({ ends, pieces }, i) => {
    if (ends.length !== pieces.length + 1)
      bad(`table ${i}`, `${ends.length} ends for ${pieces.length} pieces`);
    if (ends.some((end, k) => k > 0 && !(end > (ends[k - 1] as number))))
      bad(`table ${i}`, "its ends do not rise");
  });
  const node = (index: number, where: string): void => {
    if (index >= nodes.length) bad(where, `node ${index} of ${nodes.length}`);
  };
  if (control.scalars.length !== slots)
    bad("control", `${control.scalars.length} numbers for ${slots} slots`);
  for (const [i, index] of [...control.scalars, control.next].entries()) {
    node(index, "control");
    if (late[index]) bad("control", `number ${i} is needed before what it reads is there`);
  }
  for (const list of [control.accepted, control.refused]) {
    if (list.length !== variables.length - 2)
      bad("control", `${list.length} next values for ${variables.length - 2} variables`);
    for (const index of list) node(index, "control");
  }
  if (control.accept !== null) node(control.accept, "control");
}

/** Throws D0503 with the place, or D0805 for too much work, unless the plan can be run as it stands. */
export function verifyPlan(plan: Plan): void {
  if (plan.grid.length !== plan.steps.length + 1) {
    bad("grid", `${plan.grid.length} points for ${plan.steps.length} steps; one more than steps is needed`);
  }
  if (plan.report.rules.length !== plan.steps.length) {
    bad("report", `${plan.report.rules.length} rules for ${plan.steps.length} steps`);
  }
  checkUnique(
    "inputs",
    plan.inputs.map((input) => input.name),
  );
  checkUnique(
    "models",
    plan.models.map((model) => model.name),
  );
  checkUnique(
    "draws, keys",
    plan.draws.map((draw) => draw.key),
  );
  plan.draws.forEach((draw, i) => {
    if (draw.key !== hashPath(draw.path)) bad(`draw ${i}`, `its key is not the hash of '${draw.path}'`);
  });
  plan.kernels.forEach((kernel, i) => checkKernel(kernel, `kernel ${i}`));
  plan.programs.forEach(({ ops }, i) =>
    ops.forEach((op, j) => checkOp(plan, op, `program ${i}, operation ${j} (${op.op})`)),
  );
  walk(
    plan,
    plan.programs.map(({ ops }) => ops.map(effectsOf)),
  );
}
