// Owns: which calls of a program differ in nothing but their conditions, so that a network may answer them in one. Knows
// plans, no network.

import type { CallOp, Op, PlanStep, Slot } from "./schema.js";

/** The call at `index` and those right behind it that ask the same network about the same state at the same numbers. */
export function callsTogether(
  ops: readonly Op[],
  index: number,
  step: Pick<PlanStep, "scalars">,
): readonly CallOp[] {
  const calls: CallOp[] = [];
  for (let i = index; i < ops.length; i++) {
    const op = ops[i]!;
    if (op.op !== "call" || (calls[0] !== undefined && !isBranch(calls[0], op, step))) break;
    calls.push(op);
  }
  return calls;
}

function isBranch(first: CallOp, other: CallOp, { scalars }: Pick<PlanStep, "scalars">): boolean {
  const number = (slot: Slot | null): number | null => (slot === null ? null : scalars[slot]!);
  const numbers = (op: CallOp): unknown => [
    [op.model, op.state, op.inputs, op.variant, op.outputs.map(({ name }) => name)],
    [number(op.scale), number(op.time), number(op.alpha), number(op.sigma)],
    [number(op.form?.x ?? null), number(op.form?.x0 ?? null)],
    Object.entries(op.extras).map(([name, slot]) => [name, number(slot)]),
  ];
  return JSON.stringify(numbers(first)) === JSON.stringify(numbers(other));
}
