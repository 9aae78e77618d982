// Owns: making a backend compile before a run what its steps will need, by walking the plan with shapes in place of
// tensors. Knows no backend and computes nothing.

import { Failure } from "../compiler/diagnostics/report.js";
import { callsTogether } from "../compiler/plan/branches.js";
import type { Plan, PlanStep, Register } from "../compiler/plan/schema.js";
import type { Backend, Outline, Shape } from "./backend.js";
import type { BoundInputs } from "./inputs.js";
import type { PreparedOp, PreparedPlan } from "./program.js";
import { nodeShapes, reducedShape } from "./shapes.js";

/** How a run is made, as far as shapes depend on it. */
export interface Outlook {
  readonly inputs: BoundInputs;
  /** Of the state. */
  readonly shape: Shape;
  /** By model: whether it answers several branches in one call. */
  readonly batched: readonly boolean[];
}

type Walked = Pick<PlanStep, "program" | "scalars">;

/** Does nothing where a backend compiles without shapes. */
export function warm(
  plan: Plan,
  prepared: PreparedPlan,
  backend: Backend,
  { inputs, shape, batched }: Outlook,
): void {
  if (backend.warm === undefined) return;
  const registers = new Map<Register, Outline>();
  const { init, steps, control, output } = plan;
  // Two attempts, one undone: the second starts from what the first left.
  const attemptOf = (then: number): readonly Walked[] => [...steps, { program: then, scalars: [] }];
  const order: readonly Walked[] = control
    ? [control.enter, ...[control.undo, control.keep].flatMap(attemptOf)]
    : steps;
  try {
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
  } catch (error) {
    // Shapes that do not fit: the run gets there too, and says at which step.
    if (!(error instanceof Failure)) throw error;
  }

  function walk({ op, donated }: PreparedOp, together: boolean): void {
    const get = (register: Register): Outline =>
      registers.get(register) ?? { shape, noise: null, part: false };
    const put = (register: Register, own: Shape, part = false): void =>
      void registers.set(register, { shape: own, noise: null, part });
    /** As a tensor, for those that cannot make noise on the way. */
    const stored = (register: Register): Outline => {
      const outline = get(register);
      if (outline.noise !== null) backend.warm!(null, [outline], [true]);
      registers.set(register, { ...outline, noise: null });
      return get(register);
    };
    switch (op.op) {
      case "draw":
        registers.set(op.out, { shape, noise: plan.draws[op.draw]!.distribution, part: false });
        return;
      case "input": {
        const { name } = plan.inputs[op.input]!;
        return put(op.out, (inputs.tensors.get(name) ?? inputs.trajectories.get(name)?.[0])?.shape ?? shape);
      }
      case "call":
        for (const register of [op.state, ...op.inputs]) stored(register);
        for (const register of [op.raw, ...op.outputs.map(({ out }) => out)]) put(register, shape, together);
        return;
      case "kernel": {
        const given = op.inputs.map((register, i) =>
          donated[i] === true ? get(register) : stored(register),
        );
        const kernel = plan.kernels[op.kernel]!;
        backend.warm!(prepared.executables[op.kernel]!, given, donated);
        const shapes = nodeShapes(
          kernel,
          given.map((each) => each.shape),
        );
        op.outputs.forEach((register, i) => put(register, shapes[kernel.outputs[i]!] ?? []));
        return;
      }
      case "reduce":
        return put(op.out, reducedShape(op.inputs.map(stored)[0]!.shape, op.per));
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
