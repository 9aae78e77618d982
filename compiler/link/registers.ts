// Owns: giving the virtual registers of a step physical ones. Values that outlive a step stand in the order of their
// role at the start of every step, so that steps of one structure are the same program.

import type { Op } from "../plan/schema.js";
import type { EmittedStep } from "./emit.js";

export interface Allocated {
  readonly ops: readonly Op[];
  /** Physical register of each root. */
  readonly roots: readonly number[];
  readonly highest: number;
}

/** Registers an operation reads and writes. */
export function uses(op: Op): { readonly reads: readonly number[]; readonly writes: readonly number[] } {
  switch (op.op) {
    case "call":
      return { reads: [op.state, ...op.inputs], writes: [op.raw, ...op.outputs.map((output) => output.out)] };
    case "draw":
    case "input":
      return { reads: [], writes: [op.out] };
    case "kernel":
      return { reads: op.inputs, writes: op.outputs };
    case "reduce":
      return { reads: op.inputs, writes: [op.out] };
    case "move":
      return { reads: [op.from], writes: [op.to] };
    case "free":
      return { reads: op.registers, writes: [] };
  }
}

function rename(op: Op, to: (register: number) => number): Op {
  switch (op.op) {
    case "call":
      return {
        ...op,
        state: to(op.state),
        inputs: op.inputs.map(to),
        raw: to(op.raw),
        outputs: op.outputs.map(({ name, out }) => ({ name, out: to(out) })),
      };
    case "draw":
    case "input":
      return { ...op, out: to(op.out) };
    case "kernel":
      return { ...op, inputs: op.inputs.map(to), outputs: op.outputs.map(to) };
    case "reduce":
      return { ...op, inputs: op.inputs.map(to), out: to(op.out) };
    case "move":
      return { ...op, from: to(op.from), to: to(op.to) };
    case "free":
      return { ...op, registers: op.registers.map(to) };
  }
}

/**
 * `entering`: virtual to physical registers at the start. `leaving`: for every virtual register that must survive, its
 * physical register at the end. Everything else is freed after its last use.
 */
export function allocate(
  step: EmittedStep,
  entering: ReadonlyMap<number, number>,
  leaving: ReadonlyMap<number, number>,
): Allocated {
  const lastUse = new Map<number, number>();
  step.ops.forEach((op, i) => {
    const { reads, writes } = uses(op);
    for (const register of [...reads, ...writes]) lastUse.set(register, i);
  });
  const where = new Map(entering);
  const taken = new Set(entering.values());
  const ops: Op[] = [];
  let highest = Math.max(-1, ...taken);
  const take = (): number => {
    let free = 0;
    while (taken.has(free)) free += 1;
    taken.add(free);
    highest = Math.max(highest, free);
    return free;
  };
  const release = (virtual: readonly number[]): void => {
    if (virtual.length === 0) return;
    const registers = virtual.map((register) => where.get(register) as number);
    for (const register of registers) taken.delete(register);
    for (const register of virtual) where.delete(register);
    ops.push({ op: "free", registers: registers.sort((a, b) => a - b) });
  };
  release([...entering.keys()].filter((register) => !lastUse.has(register) && !leaving.has(register)));
  step.ops.forEach((op, i) => {
    const { reads, writes } = uses(op);
    for (const register of writes) where.set(register, take());
    ops.push(rename(op, (register) => where.get(register) as number));
    const done = [...new Set([...reads, ...writes])].filter(
      (register) => lastUse.get(register) === i && !leaving.has(register),
    );
    release(done);
  });
  ops.push(...moves(where, leaving, take, taken));
  for (const [virtual, target] of leaving) where.set(virtual, target);
  highest = Math.max(highest, ...leaving.values());
  return { ops, roots: step.roots.map((register) => where.get(register) ?? -1), highest };
}

/** Brings every surviving value to its place; a cycle goes through a spare register. */
function moves(
  where: Map<number, number>,
  leaving: ReadonlyMap<number, number>,
  take: () => number,
  taken: Set<number>,
): Op[] {
  const ops: Op[] = [];
  const pending = new Map([...leaving].filter(([virtual, target]) => where.get(virtual) !== target));
  while (pending.size > 0) {
    const occupied = new Map([...pending.keys()].map((virtual) => [where.get(virtual) as number, virtual]));
    const ready = [...pending].find(([, target]) => !occupied.has(target));
    if (ready) {
      const [virtual, target] = ready;
      ops.push({ op: "move", from: where.get(virtual) as number, to: target });
      taken.delete(where.get(virtual) as number);
      taken.add(target);
      where.set(virtual, target);
      pending.delete(virtual);
      continue;
    }
    const [virtual] = [...pending.keys()] as [number];
    const spare = take();
    ops.push({ op: "move", from: where.get(virtual) as number, to: spare });
    taken.delete(where.get(virtual) as number);
    where.set(virtual, spare);
  }
  return ops;
}
