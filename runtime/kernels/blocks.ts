// Owns: running a tape over ordinary arrays, block by block: every primitive is one tight loop over a block that stays in
// the first-level cache. No code is generated. Also runs over views of a WebAssembly heap.

import { fillNoise } from "../noise/noise.js";
import type { Code, Engine } from "./engine.js";
import { linearForms, type LinearForm, type LinearLoop } from "./linear.js";
import { loops, type Block, type Loop } from "./loops.js";
import type { Lane, Tape, TapeValue } from "./tape.js";

/** Elements of a block: 8 KiB of float32. */
export const BLOCK = 2048;

type Operation = Extract<TapeValue, { kind: "op" }>;

/** Where a step finds its data: inputs and outputs of the tape first, then scratch blocks. */
type Slot = number;

interface Step {
  readonly out: Slot;
  readonly a: Slot;
  readonly b: Slot;
  readonly c: Slot;
  /** The second number of a linear loop, whose first is c. */
  readonly d: Slot;
  readonly loop: Loop;
  /** In place of `loop`. */
  readonly linear: LinearLoop | null;
}

/** A number that fills a scratch block before the blocks are walked. */
interface Fill {
  readonly slot: Slot;
  readonly source: Exclude<TapeValue, { kind: "op" }>;
}

interface Schedule {
  readonly fills: readonly Fill[];
  /** Once per run, over whole blocks: what does not change along the run. */
  readonly before: readonly Step[];
  readonly body: readonly Step[];
  readonly scratch: readonly Lane[];
}

const copy: Loop = (o, oi, a, ai, _b, _bi, _c, _ci, n) => {
  for (let k = 0; k < n; k++) o[oi + k] = a[ai + k]!;
};

/** Hands out scratch slots of each lane, the freed ones first. */
class Slots {
  readonly lanes: Lane[] = [];
  readonly #free: Record<Lane, Slot[]> = { f: [], d: [], p: [], q: [] };

  constructor(readonly first: Slot) {}

  take(lane: Lane): Slot {
    return this.#free[lane].pop() ?? this.first + this.lanes.push(lane) - 1;
  }

  give(lane: Lane, slot: Slot): void {
    this.#free[lane].push(slot);
  }
}

/** Which values are the same for all elements of a run. */
export function invariantValues(tape: Tape, invariant: readonly boolean[]): boolean[] {
  const result: boolean[] = [];
  for (const value of tape.values) {
    if (value.kind === "input") result.push(invariant[value.index] === true);
    else result.push(value.kind !== "op" || value.args.every((arg) => result[arg]));
  }
  return result;
}

/**
 * `aliased`: an output may lie in the memory of an input, so nothing is written to an output before all of the block has
 * been read, but for the last step.
 */
function schedule(tape: Tape, invariant: readonly boolean[], aliased: boolean): Schedule {
  const { values, outputs } = tape;
  const fixed = invariantValues(tape, invariant);
  const slots = new Slots(tape.inputs.length + outputs.length);
  const users = values.map(() => 0);
  for (const value of values) if (value.kind === "op") for (const arg of value.args) users[arg]! += 1;
  for (const output of outputs) users[output] = Infinity;
  const { forms, inner } = linearForms(tape, fixed, users);
  const argsOf = (value: Operation, i: number): readonly number[] =>
    forms.get(i)?.terms.map((term) => term.value) ?? value.args;
  const lastUse = values.map(() => -1);
  values.forEach((value, i) => {
    if (value.kind === "op" && !inner.has(i)) for (const arg of argsOf(value, i)) lastUse[arg] = i;
  });
  for (const output of outputs) lastUse[output] = Infinity;
  const where: Slot[] = [];
  const step = (value: Operation, out: Slot): Step => {
    const [a = 0, b = a, c = a] = value.args.map((arg) => where[arg]!);
    return { loop: loops[value.prim], linear: null, out, a, b, c, d: a };
  };
  const linearStep = ({ terms, loop }: LinearForm, out: Slot): Step => {
    const [first = { value: 0, factor: null }, second = first] = terms;
    const number = ({ factor, value }: typeof first): Slot => where[factor ?? value]!;
    const [a, b] = [where[first.value]!, where[second.value]!];
    return { loop: copy, linear: loop, out, a, b, c: number(first), d: number(second) };
  };
  const copyStep = (from: Slot, out: Slot): Step => ({
    loop: copy,
    linear: null,
    out,
    a: from,
    b: from,
    c: from,
    d: from,
  });
  // What stands still is made first and keeps its place.
  const fills: Fill[] = [];
  const before: Step[] = [];
  values.forEach((value, i) => {
    if (!fixed[i]) return;
    where[i] = slots.take(value.lane);
    if (value.kind === "op") before.push(step(value, where[i]));
    else fills.push({ slot: where[i], source: value });
  });
  const body: Step[] = [];
  const placed = new Set<number>();
  const mayDie = new Set<number>();
  const last = values.findLastIndex((value, i) => value.kind === "op" && !fixed[i]);
  values.forEach((value, i) => {
    if (fixed[i] || inner.has(i)) return;
    if (value.kind !== "op") {
      if (value.kind !== "input") return;
      where[i] = value.index;
      if (aliased && outputs.includes(i)) {
        where[i] = slots.take("f");
        body.push(copyStep(value.index, where[i]));
      }
      return;
    }
    const form = forms.get(i);
    const made = form === undefined ? step(value, 0) : linearStep(form, 0);
    // Loops go upward and read an element before they write it, so a result may replace a dying argument.
    for (const arg of argsOf(value, i)) {
      if (lastUse[arg] === i && mayDie.delete(arg)) slots.give(values[arg]!.lane, where[arg]!);
    }
    const output = outputs.indexOf(i);
    if (output >= 0 && (!aliased || i === last)) {
      placed.add(output);
      where[i] = tape.inputs.length + output;
    } else {
      mayDie.add(i);
      where[i] = slots.take(value.lane);
    }
    body.push({ ...made, out: where[i] });
  });
  outputs.forEach((value, output) => {
    if (placed.has(output)) return;
    body.push(copyStep(where[value]!, tape.inputs.length + output));
  });
  return { fills, before, body, scratch: slots.lanes };
}

const arrays = { f: Float32Array, d: Float64Array, p: Int32Array, q: Int32Array };

/** Scratch blocks by lane, shared by all tapes: nothing in them outlives a run. */
class Scratch {
  readonly #blocks: Record<Lane, Block[]> = { f: [], d: [], p: [], q: [] };

  take(lanes: readonly Lane[]): Block[] {
    const used: Record<Lane, number> = { f: 0, d: 0, p: 0, q: 0 };
    return lanes.map((lane) => {
      const index = used[lane]++;
      return (this.#blocks[lane][index] ??= new arrays[lane](BLOCK));
    });
  }
}

function perform(steps: readonly Step[], blocks: readonly Block[], at: readonly number[], n: number): void {
  for (const { loop, linear, out, a, b, c, d } of steps) {
    if (linear === null) {
      loop(blocks[out]!, at[out]!, blocks[a]!, at[a]!, blocks[b]!, at[b]!, blocks[c]!, at[c]!, n);
      continue;
    }
    // Linear loops are made of float32 lanes only; a block of a number is filled with it.
    const floats = blocks as readonly Float32Array[];
    linear(floats[out]!, at[out]!, floats[a]!, at[a]!, floats[b]!, at[b]!, floats[c]!, floats[d]!, n);
  }
}

class BlockCode implements Code<Float32Array> {
  #direct: Schedule | undefined;
  #aliased: Schedule | undefined;

  constructor(
    readonly tape: Tape,
    readonly invariant: readonly boolean[],
    readonly scratch: Scratch,
  ) {}

  run(
    count: number,
    memories: readonly Float32Array[],
    offsets: readonly number[],
    uniforms: Float32Array,
  ): boolean {
    const inputs = this.tape.inputs.length;
    const starts = memories.map((memory, i) => memory.byteOffset + 4 * offsets[i]!);
    const shared = memories
      .slice(inputs)
      .some((output, o) =>
        memories
          .slice(0, inputs)
          .some((input, i) => input.buffer === output.buffer && starts[i] === starts[inputs + o]),
      );
    const { fills, before, body, scratch } = shared
      ? (this.#aliased ??= schedule(this.tape, this.invariant, true))
      : (this.#direct ??= schedule(this.tape, this.invariant, false));
    const blocks: Block[] = [...memories, ...this.scratch.take(scratch)];
    const at = blocks.map(() => 0);
    const width = Math.min(BLOCK, count);
    for (const { slot, source } of fills) {
      const value =
        source.kind === "constant"
          ? source.value
          : source.kind === "uniform"
            ? uniforms[source.index]!
            : memories[source.index]![offsets[source.index]!]!;
      blocks[slot]!.fill(value, 0, width);
    }
    perform(before, blocks, at, width);
    for (let start = 0; start < count; start += BLOCK) {
      for (let i = 0; i < memories.length; i++) at[i] = offsets[i]! + start;
      perform(body, blocks, at, Math.min(BLOCK, count - start));
    }
    return false;
  }
}

/** Whether `count` elements from the first are finite. */
export function allFinite(memory: Float32Array, count: number): boolean {
  const bits = new Int32Array(memory.buffer, memory.byteOffset, count);
  // The exponent of infinities and NaN is all ones: below, the difference is negative.
  let sign = -1;
  for (let k = 0; k < count; k++) sign &= ((bits[k]! & 0x7fffffff) - 0x7f800000) | 0;
  return sign < 0;
}

export class BlockEngine implements Engine<Float32Array> {
  readonly #scratch = new Scratch();

  compile(tape: Tape, invariant: readonly boolean[]): Code<Float32Array> {
    return new BlockCode(tape, invariant, this.#scratch);
  }

  noise = fillNoise;
  finite = (memory: Float32Array, count: number): boolean => allFinite(memory, count);
}
