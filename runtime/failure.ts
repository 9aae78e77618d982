// Owns: how a run ends badly: the error that carries what was finished, and the words for a place in a run.

import { diagnostic, Failure } from "../compiler/diagnostics/report.js";
import type { Code } from "../compiler/diagnostics/codes.js";
import type { Diagnostic, Finding } from "../compiler/diagnostics/diagnostic.js";
import type { Plan } from "../compiler/plan/schema.js";
import type { SampleResult } from "./execute.js";

/** A failed run. `partial` holds finished batches and the trajectory reached; its `count` is the finished samples. */
export class RunFailure extends Failure {
  constructor(
    found: Diagnostic,
    readonly partial: SampleResult,
    cause?: unknown,
  ) {
    super(found);
    this.name = "RunFailure";
    if (cause !== undefined) this.cause = cause;
  }
}

/** An aborted run; `name` is "AbortError" as everywhere on the web. */
export class RunAborted extends Error {
  override readonly name = "AbortError";
  constructor(
    readonly partial: SampleResult,
    reason: unknown,
  ) {
    super("the run was aborted", { cause: reason });
  }
}

/** The number that stands for the output: beyond all steps, or all attempts of an error-controlled run. */
export const outputIndex = (plan: Plan): number => plan.control?.attempts ?? plan.steps.length;

/** `step 3 of 20 (ddim)`, `attempt 7 (rule)`, `the start`, `the output`. `step` is -1 for init, `outputIndex` for the output. */
export function place(plan: Plan, step: number): string {
  if (step < 0) return "the start";
  if (step >= outputIndex(plan)) return "the output";
  if (plan.control) return `attempt ${step} (${plan.report.rules[0] ?? ""})`;
  const rule = plan.report.rules[step];
  return `step ${step} of ${plan.steps.length}${rule === undefined ? "" : ` (${rule})`}`;
}

/** A failure of the model, of memory or of the device with the place in front, unless it has one; any other error as it is. */
export function located(error: unknown, plan: Plan, step: number, calls: number): unknown {
  if (!(error instanceof Failure) || !["D0705", "D0707", "D0709"].includes(error.diagnostic.code))
    return error;
  const where = place(plan, step);
  const { message } = error.diagnostic;
  if (message.startsWith(where)) return error;
  const after = calls === 0 ? "" : `, after call ${calls - 1}`;
  const failure = new Failure({ ...error.diagnostic, message: `${where}${after}: ${message}` });
  failure.cause = error.cause ?? error;
  return failure;
}

/** A failure with the original error kept as its cause. */
export function failureFrom(code: Code, message: string, cause: unknown, finding: Finding = {}): Failure {
  const failure = new Failure(diagnostic(code, message, finding));
  failure.cause = cause;
  return failure;
}
