// Owns: making a backend compile before a run what its steps will need, by walking the plan with shapes in place of
// tensors. Knows no backend and computes nothing.

import { Failure } from "../compiler/diagnostics/report.js";
import type { Plan, Register } from "../compiler/plan/schema.js";
import type { Backend, Outline, Shape } from "./backend.js";
import type { BoundInputs } from "./inputs.js";
import type { PreparedOp, PreparedPlan } from "./program.js";
import { nodeShapes, reducedShape } from "./shapes.js";

/** Does nothing where a backend compiles without shapes. `shape` is that of the state. */
export function warm(
  plan: Plan,
  prepared: PreparedPlan,
  backend: Backend,
  inputs: BoundInputs,
  shape: Shape,
): void {
  if (backend.warm === undefined) return;
  const registers = new Map<Register, Outline>();
  const { init, steps, control, output } = plan;
  const looped = control ? [control.enter.program, control.undo, control.keep] : [];
  const order = [init.program, ...looped, ...steps.map(({ program }) => program), output.program];
  try {
    for (const program of order) for (const each of prepared.programs[program]!) walk(each);
  } catch (error) {
    // Shapes that do not fit: the run gets there too, and says at which step.
    if (!(error instanceof Failure)) throw error;
  }

  function walk({ op, donated }: PreparedOp): void {
    const get = (register: Register): Outline => registers.get(register) ?? { shape, noise: null };
    const put = (register: Register, own: Shape): void =>
      void registers.set(register, { shape: own, noise: null });
    /** As a tensor, for those that cannot make noise on the way. */
    const stored = (register: Register): Outline => {
      const { noise, shape: own } = get(register);
      if (noise !== null) backend.warm!(null, [{ shape: own, noise }], [true]);
      put(register, own);
      return get(register);
    };
    switch (op.op) {
      case "draw":
        registers.set(op.out, { shape, noise: plan.draws[op.draw]!.distribution });
        return;
      case "input": {
        const { name } = plan.inputs[op.input]!;
        return put(op.out, (inputs.tensors.get(name) ?? inputs.trajectories.get(name)?.[0])?.shape ?? shape);
      }
      case "call":
        for (const register of [op.state, ...op.inputs]) stored(register);
        for (const register of [op.raw, ...op.outputs.map(({ out }) => out)]) put(register, shape);
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
