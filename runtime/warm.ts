// Owns: making a backend compile before a run what its steps will need, by walking the plan with shapes in place of
// tensors. Knows no backend and computes nothing.

import { Failure } from "../compiler/diagnostics/report.js";
import { callsTogether } from "../compiler/plan/branches.js";
import type { Plan, PlanStep, Register } from "../compiler/plan/schema.js";
import type { Backend, Outline, Shape, Warming } from "./backend.js";
import type { BoundInputs } from "./inputs.js";
import type { PreparedOp, PreparedPlan } from "./program.js";
import { nodeShapes, reducedShape, sameShape } from "./shapes.js";
import { spreading } from "./view.js";

/** How a run is made, as far as shapes depend on it. */
export interface Outlook {
  readonly inputs: BoundInputs;
  /** Of the state. */
  readonly shape: Shape;
  /** By model: whether it answers several branches in one call. */
  readonly batched: readonly boolean[];
  /** Whether there may be recorded noise, which is a tensor at once. */
  readonly recorded: boolean;
}

type Walked = Pick<PlanStep, "program" | "scalars">;

/** Does nothing where a backend compiles without shapes. */
export function warm(plan: Plan, prepared: PreparedPlan, backend: Backend, outlook: Outlook): void {
  const { warm: warming } = backend;
  if (warming === undefined) return;
  warming.looks();
  const outputs = plan.programs.some(({ ops }) =>
    ops.some((op) => op.op === "call" && op.outputs.length > 0),
  );
  // What is known of neither before it is there: all are one way, or all the other.
  const ways = (outlook.recorded ? [false, true] : [false]).flatMap((recorded) =>
    (outputs ? [false, true] : [false]).map((small): Way => ({ recorded, small })),
  );
  try {
    for (const way of ways) walkPlan(plan, prepared, backend, warming, outlook, way);
  } catch (error) {
    // Shapes that do not fit: the run gets there too, and says at which step.
    if (!(error instanceof Failure)) throw error;
  }
}

/** Whether noise is recorded, and whether the further results of networks have one number a sample. */
interface Way {
  readonly recorded: boolean;
  readonly small: boolean;
}

function walkPlan(
  plan: Plan,
  prepared: PreparedPlan,
  backend: Backend,
  warming: Warming,
  { inputs, shape, batched }: Outlook,
  { recorded, small }: Way,
): void {
  const registers = new Map<Register, Outline>();
  const { init, steps, control, output } = plan;
  // Two attempts, one undone: the second starts from what the first left.
  const attemptOf = (then: number): readonly Walked[] => [...steps, { program: then, scalars: [] }];
  const order: readonly Walked[] = control
    ? [control.enter, ...[control.undo, control.keep].flatMap(attemptOf)]
    : steps;
  for (const step of [init, ...order, output]) {
    const { ops } = plan.programs[step.program]!;
    // Where calls that are made as one end.
    let end = 0;
    prepared.programs[step.program]!.forEach((each, i) => {
      const { op } = each;
      if (op.op === "call" && i >= end && batched[op.model] === true) {
        const { length } = callsTogether(ops, i, step);
        if (length > 1) end = i + length;
      }
      walk(each, i < end);
    });
  }

  function walk({ op, donated }: PreparedOp, together: boolean): void {
    const get = (register: Register): Outline =>
      registers.get(register) ?? { shape, noise: null, part: false };
    const put = (register: Register, own: Shape, part = false): void =>
      void registers.set(register, { shape: own, noise: null, part });
    /** As a tensor, for those that cannot make noise on the way. */
    const stored = (register: Register): Outline => {
      const outline = get(register);
      if (outline.noise !== null) warming.store(outline);
      registers.set(register, { ...outline, noise: null });
      return get(register);
    };
    switch (op.op) {
      case "draw":
        return void registers.set(op.out, {
          ...{ shape, part: false },
          noise: recorded ? null : plan.draws[op.draw]!.distribution,
        });
      case "input": {
        const { name } = plan.inputs[op.input]!;
        return put(op.out, (inputs.tensors.get(name) ?? inputs.trajectories.get(name)?.[0])?.shape ?? shape);
      }
      case "call":
        for (const register of [op.state, ...op.inputs]) {
          const given = stored(register);
          // A network gets the shape of the state.
          if (!sameShape(given.shape, shape))
            warming.dispatch(backend.prepare(spreading), [given, { ...given, shape }], [false, false]);
        }
        put(op.raw, shape, together);
        for (const { out } of op.outputs) put(out, small ? reducedShape(shape, "sample") : shape, together);
        return;
      case "kernel": {
        const given = op.inputs.map((register, i) =>
          donated[i] === true ? get(register) : stored(register),
        );
        const kernel = plan.kernels[op.kernel]!;
        warming.dispatch(prepared.executables[op.kernel]!, given, donated);
        const shapes = nodeShapes(
          kernel,
          given.map((each) => each.shape),
        );
        op.outputs.forEach((register, i) => put(register, shapes[kernel.outputs[i]!] ?? []));
        return;
      }
      case "reduce":
        warming.reduce(op.fn, op.per, op.inputs.map(stored));
        return put(op.out, reducedShape(get(op.inputs[0]!).shape, op.per));
      case "move":
        registers.set(op.to, get(op.from));
        return;
      case "free":
        return;
      default:
        op satisfies never;
    }
  }
}
