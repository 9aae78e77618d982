// Owns: turning a tape into a WebAssembly function: four elements at a time, in exactly the order of operations of the
// tape, without fused multiply-add. Knows no tensors: only addresses, a count and numbers.

import { invariantValues } from "../blocks.js";
import type { Prim, Tape } from "../tape.js";
import { FunctionBody, I32, V128, type VectorOp } from "./encode.js";

/** Vectors per turn of the main loop, as long as a turn has at most so many operations. */
const UNROLL = 8;
const TURN_LIMIT = 256;
/** Sums that a turn adds its results to. Additions take four cycles: a single sum would wait for itself in short tapes. */
const SUMS = 2;

/** Values beyond which a tape is run by blocks instead: engines bound the size of a function. */
export const TAPE_LIMIT = 4000;
/** Words of a function's parameters beyond which it is not made. */
export const PARAMETER_LIMIT = 400;

/** Primitives that are one instruction on every half of their lane. */
const direct: Partial<Readonly<Record<Prim, VectorOp>>> = {
  add: "f32x4.add",
  sub: "f32x4.sub",
  mul: "f32x4.mul",
  div: "f32x4.div",
  neg: "f32x4.neg",
  abs: "f32x4.abs",
  min: "f32x4.min",
  max: "f32x4.max",
  sqrt: "f32x4.sqrt",
  floor: "f32x4.floor",
  round: "f32x4.nearest",
  lt: "f32x4.lt",
  le: "f32x4.le",
  eq: "f32x4.eq",
  ne: "f32x4.ne",
  and: "v128.and",
  or: "v128.or",
  dadd: "f64x2.add",
  dsub: "f64x2.sub",
  dmul: "f64x2.mul",
  ddiv: "f64x2.div",
  dneg: "f64x2.neg",
  dabs: "f64x2.abs",
  dmin: "f64x2.min",
  dmax: "f64x2.max",
  dfloor: "f64x2.floor",
  dlt: "f64x2.lt",
  deq: "f64x2.eq",
  dand: "v128.and",
};

const HIGH_HALF = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];
const LOW_HALVES = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];

const repeated = (value: number, lane: "f" | "d"): Uint8Array =>
  new Uint8Array((lane === "f" ? new Float32Array(4) : new Float64Array(2)).fill(value).buffer);
/** The same 32-bit word four times. */
export const words = (...values: readonly number[]): Uint8Array =>
  new Uint8Array(Int32Array.from({ length: 4 }, (_, i) => values[i % values.length]!).buffer);
const wide = (low: number, high: number): Uint8Array => words(low, high);

const ONE_WIDE = wide(0, 0x3ff00000);
const FRACTION = wide(0xffffffff | 0, 0x000fffff);
const EXPONENT = wide(0x7ff, 0);
const TWO_52 = wide(0, 0x43300000);
const TWO_52_BIAS = repeated(4503599627370496 + 1023, "d");
const ONE = repeated(1, "f");
const SIZE_BITS = words(0x7fffffff);
const FIRST_LANE = new Uint8Array(Int32Array.of(-1, 0, 0, 0).buffer);
const INFINITE = words(0x7f800000);

/** How inputs are read and results written: whole vectors, or one element in lane 0. */
interface Access {
  readonly load: (address: () => void, offset: number) => void;
  readonly store: (offset: number) => void;
  /** Lanes that count; null: all. */
  readonly mask: Uint8Array | null;
}

/**
 * The function (address of its parameters) -> 0 when all results are finite. Else, or when they are so large that their sum
 * is not finite, 1: a sum is one operation, a test of each is two. Parameters are words: the count, the addresses of inputs
 * and of outputs in bytes, the uniforms; a call with as many arguments takes three times as long. Invariant inputs are read
 * once, at their address.
 */
export function emitTape(tape: Tape, invariant: readonly boolean[]): FunctionBody {
  const { values, inputs, outputs } = tape;
  const pointers = inputs.length + outputs.length;
  const code = new FunctionBody([I32], [I32]);
  const [count = 0, ...addresses] = Array.from({ length: 1 + pointers }, (_, word) => {
    const local = code.local(I32);
    code.op("local.get", 0);
    code.loadWord(4 * word);
    code.op("local.set", local);
    return local;
  });
  const fixed = invariantValues(tape, invariant);
  /** One local per value; two for 64-bit lanes. */
  const locals = values.map(({ lane }) =>
    lane === "d" || lane === "q" ? [code.local(V128), code.local(V128)] : [code.local(V128)],
  );
  const sums = Array.from({ length: SUMS }, () => code.local(V128));
  const at = code.local(I32);
  const end = code.local(I32);

  const operation = (prim: Prim, args: readonly number[], to: readonly number[]): void => {
    const push = (index: number, half: number): void => code.op("local.get", locals[args[index]!]![half]!);
    const simple = direct[prim];
    to.forEach((local, half) => {
      if (simple !== undefined) {
        args.forEach((_, index) => push(index, half));
        code.vector(simple);
      } else special(code, prim, half, push);
      code.op("local.set", local);
    });
  };

  values.forEach((value, i) => {
    if (!fixed[i]) return;
    const [local = 0, second] = locals[i]!;
    if (value.kind === "op") return operation(value.prim, value.args, locals[i]!);
    if (value.kind === "constant") code.v128(repeated(value.value, value.lane));
    else {
      const isUniform = value.kind === "uniform";
      code.op("local.get", isUniform ? 0 : addresses[value.index]!);
      code.access("v128.load32_splat", isUniform ? 4 * (1 + pointers + value.index) : 0);
    }
    code.op("local.set", local);
    if (second !== undefined) {
      code.op("local.get", local);
      code.op("local.set", second);
    }
  });

  const address = (pointer: number) => (): void => {
    code.op("local.get", addresses[pointer]!);
    code.op("local.get", at);
    code.op("i32.add");
  };
  /** All inputs are read before any result is written, so a result may lie over an input. */
  const body = (access: Access, vector: number): void => {
    const offset = 16 * vector;
    values.forEach((value, i) => {
      if (fixed[i] || value.kind !== "input") return;
      access.load(address(value.index), offset);
      code.op("local.set", locals[i]![0]!);
    });
    values.forEach((value, i) => {
      if (!fixed[i] && value.kind === "op") operation(value.prim, value.args, locals[i]!);
    });
    outputs.forEach((value, output) => {
      const local = locals[value]![0]!;
      address(inputs.length + output)();
      code.op("local.get", local);
      access.store(offset);
      const sum = sums[(vector * outputs.length + output) % SUMS]!;
      code.op("local.get", sum);
      code.op("local.get", local);
      if (access.mask !== null) {
        code.v128(access.mask);
        code.vector("v128.and");
      }
      code.vector("f32x4.add");
      code.op("local.set", sum);
    });
  };
  const vectors: Access = {
    load: (from, offset) => {
      from();
      code.access("v128.load", offset);
    },
    store: (offset) => code.access("v128.store", offset),
    mask: null,
  };
  const single: Access = {
    load: (from, offset) => {
      from();
      code.access("v128.load32_zero", offset);
    },
    store: (offset) => code.storeLane(offset),
    mask: FIRST_LANE,
  };
  /** Walks `at` up to the largest multiple of `stride` bytes within the count. */
  const walk = (stride: number, turn: () => void): void => {
    code.op("local.get", count);
    code.i32(2);
    code.op("i32.shl");
    code.i32(-stride);
    code.op("i32.and");
    code.op("local.set", end);
    code.loop(() => {
      code.op("local.get", at);
      code.op("local.get", end);
      code.op("i32.ge_u");
      code.op("br_if", 1);
      turn();
      code.op("local.get", at);
      code.i32(stride);
      code.op("i32.add");
      code.op("local.set", at);
      code.op("br", 0);
    });
  };
  const size = values.filter((value, i) => value.kind === "op" && !fixed[i]).length;
  let turn = UNROLL;
  while (turn > 1 && turn * size > TURN_LIMIT) turn /= 2;
  if (turn > 1) {
    walk(16 * turn, () => {
      for (let u = 0; u < turn; u++) body(vectors, u);
    });
  }
  walk(16, () => body(vectors, 0));
  walk(4, () => body(single, 0));
  sums.forEach((sum, i) => {
    code.op("local.get", sum);
    if (i > 0) code.vector("f32x4.add");
  });
  code.v128(SIZE_BITS);
  code.vector("v128.and");
  code.v128(INFINITE);
  code.vector("i32x4.ge_s");
  code.vector("v128.any_true");
  return code;
}

/** Primitives of several instructions; `push(i, half)` pushes argument i. Leaves one vector. */
function special(
  code: FunctionBody,
  prim: Prim,
  half: number,
  push: (index: number, half: number) => void,
): void {
  const constant = (bytes: Uint8Array, op: VectorOp): void => {
    code.v128(bytes);
    code.vector(op);
  };
  const shift = (op: "i64x2.shl" | "i64x2.shr_s" | "i64x2.shr_u", by: number): void => {
    code.i32(by);
    code.vector(op);
  };
  switch (prim) {
    case "truth":
      push(0, half);
      return constant(ONE, "v128.and");
    case "select":
    case "dselect":
      push(1, half);
      push(2, half);
      push(0, half);
      return code.vector("v128.bitselect");
    case "widen":
      push(0, 0);
      if (half === 1) {
        push(0, 0);
        code.vector("i8x16.shuffle", HIGH_HALF);
      }
      return code.vector("f64x2.promote_low_f32x4");
    case "narrow":
      push(0, 0);
      code.vector("f32x4.demote_f64x2_zero");
      push(0, 1);
      code.vector("f32x4.demote_f64x2_zero");
      return code.vector("i8x16.shuffle", LOW_HALVES);
    case "dscale":
      push(0, half);
      shift("i64x2.shl", 52);
      return constant(ONE_WIDE, "i64x2.add");
    case "dexponent":
      push(0, half);
      shift("i64x2.shr_u", 52);
      constant(EXPONENT, "v128.and");
      constant(TWO_52, "v128.or");
      return constant(TWO_52_BIAS, "f64x2.sub");
    case "dmantissa":
      push(0, half);
      constant(FRACTION, "v128.and");
      return constant(ONE_WIDE, "v128.or");
    case "dbit0":
    case "dbit1":
      push(0, half);
      shift("i64x2.shl", prim === "dbit0" ? 63 : 62);
      return shift("i64x2.shr_s", 63);
    case "dsign":
      push(0, half);
      return shift("i64x2.shr_s", 63);
    default:
      throw new Error(`no instruction for '${prim}'`);
  }
}
