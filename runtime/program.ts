// Owns: preparing a plan's programs for execution: which inputs of a kernel die in it, so that the backend may reuse
// their memory, and the backend's executables. Knows registers, no tensors.

import { fail } from "../compiler/diagnostics/report.js";
import { donatedInputs } from "../compiler/plan/lifetimes.js";
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

function prepareProgram({ ops }: Program): PreparedOp[] {
  const given = new Set<Register>();
  return ops.map((op, i): PreparedOp => {
    if (op.op === "free") {
      return { op, donated: [], registers: op.registers.filter((register) => !given.has(register)) };
    }
    given.clear();
    if (op.op !== "kernel") return { op, donated: [], registers: [] };
    const donated = donatedInputs(ops, i);
    op.inputs.forEach((register, k) => {
      if (donated[k] === true && !op.outputs.includes(register)) given.add(register);
    });
    return { op, donated, registers: [] };
  });
}

/** Throws what the backend throws for a kernel it cannot build, D0702 when it has no float64 and the plan needs it. */
export function preparePlan(plan: Plan, backend: Backend): PreparedPlan {
  if (backend.isWide !== true && plan.kernels.some((kernel) => kernel.wide !== undefined)) {
    fail("D0702", `the backend '${backend.name}' cannot run a plan with compensated updates`, {
      why: "they are computed in float64, which it does not have",
      help: "use wasm, cpu or reference, or leave out --precision",
    });
  }
  return {
    programs: plan.programs.map(prepareProgram),
    executables: plan.kernels.map((kernel) => backend.prepare(kernel)),
  };
}
