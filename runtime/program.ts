// Owns: preparing a plan's programs for execution: which inputs of a kernel die in it, so that the backend may reuse
// their memory, and the backend's executables. Knows registers, no tensors.

import type { Op, Plan, Program, Register } from "../compiler/plan/schema.js";
import type { Backend, Executable } from "./backend.js";

/** An operation with what the executor needs beside it. */
export interface PreparedOp {
  readonly op: Op;
  /** For kernels: marks the inputs that are given up. Empty otherwise. */
  readonly donated: readonly boolean[];
  /** For `free`: registers still to be freed, those given up before left out. */
  readonly registers: readonly Register[];
}

export interface PreparedPlan {
  readonly programs: readonly (readonly PreparedOp[])[];
  readonly executables: readonly Executable[];
}

/** Registers freed by the run of `free` operations that starts at `index`. */
function freedAt(ops: readonly Op[], index: number): Set<Register> {
  const freed = new Set<Register>();
  for (let i = index; ops[i]?.op === "free"; i++) {
    const op = ops[i];
    if (op?.op === "free") for (const register of op.registers) freed.add(register);
  }
  return freed;
}

function prepareProgram({ ops }: Program): PreparedOp[] {
  const given = new Set<Register>();
  return ops.map((op, i): PreparedOp => {
    if (op.op === "free") {
      return { op, donated: [], registers: op.registers.filter((register) => !given.has(register)) };
    }
    given.clear();
    if (op.op !== "kernel") return { op, donated: [], registers: [] };
    const freed = freedAt(ops, i + 1);
    const donated = op.inputs.map((register) => {
      const once = op.inputs.filter((other) => other === register).length === 1;
      const overwritten = op.outputs.includes(register);
      if (!once || !(overwritten || freed.has(register))) return false;
      if (!overwritten) given.add(register);
      return true;
    });
    return { op, donated, registers: [] };
  });
}

/** Throws what the backend throws for a kernel it cannot build. */
export function preparePlan(plan: Plan, backend: Backend): PreparedPlan {
  return {
    programs: plan.programs.map(prepareProgram),
    executables: plan.kernels.map((kernel) => backend.prepare(kernel)),
  };
}
