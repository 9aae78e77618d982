// Owns: one tight loop per primitive operation over blocks of memory. Every loop sees arrays of one element type only,
// so the engine compiles each to straight machine code. Storing to a Float32Array rounds to float32, once per operation.
// The commonest are unrolled: V8 moves nothing out of loops, so every turn costs as much as its operation.

import type { Prim } from "./tape.js";

/** A stretch of memory: float32, float64, or conditions as int32 0 and 1. */
export type Block = Float32Array | Float64Array | Int32Array;

/** o[oi + k] = f(a[ai + k], b[bi + k], c[ci + k]) for k < n. Absent arguments repeat another. */
export type Loop = (
  o: Block,
  oi: number,
  a: Block,
  ai: number,
  b: Block,
  bi: number,
  c: Block,
  ci: number,
  n: number,
) => void;

type F = Float32Array;
type D = Float64Array;
type P = Int32Array;

const f = Math.fround;

/** The low and high words of a float64 in memory; all machines WebAssembly runs on are little endian. */
const words = (block: D): Int32Array => new Int32Array(block.buffer, block.byteOffset, 2 * block.length);

const table = {
  add(o: F, oi: number, a: F, ai: number, b: F, bi: number, _c: F, _ci: number, n: number) {
    let k = 0;
    for (; k < n - 7; k += 8) {
      const p = oi + k;
      const q = ai + k;
      const r = bi + k;
      o[p] = a[q]! + b[r]!;
      o[p + 1] = a[q + 1]! + b[r + 1]!;
      o[p + 2] = a[q + 2]! + b[r + 2]!;
      o[p + 3] = a[q + 3]! + b[r + 3]!;
      o[p + 4] = a[q + 4]! + b[r + 4]!;
      o[p + 5] = a[q + 5]! + b[r + 5]!;
      o[p + 6] = a[q + 6]! + b[r + 6]!;
      o[p + 7] = a[q + 7]! + b[r + 7]!;
    }
    for (; k < n; k++) o[oi + k] = a[ai + k]! + b[bi + k]!;
  },
  sub(o: F, oi: number, a: F, ai: number, b: F, bi: number, _c: F, _ci: number, n: number) {
    let k = 0;
    for (; k < n - 7; k += 8) {
      const p = oi + k;
      const q = ai + k;
      const r = bi + k;
      o[p] = a[q]! - b[r]!;
      o[p + 1] = a[q + 1]! - b[r + 1]!;
      o[p + 2] = a[q + 2]! - b[r + 2]!;
      o[p + 3] = a[q + 3]! - b[r + 3]!;
      o[p + 4] = a[q + 4]! - b[r + 4]!;
      o[p + 5] = a[q + 5]! - b[r + 5]!;
      o[p + 6] = a[q + 6]! - b[r + 6]!;
      o[p + 7] = a[q + 7]! - b[r + 7]!;
    }
    for (; k < n; k++) o[oi + k] = a[ai + k]! - b[bi + k]!;
  },
  mul(o: F, oi: number, a: F, ai: number, b: F, bi: number, _c: F, _ci: number, n: number) {
    let k = 0;
    for (; k < n - 7; k += 8) {
      const p = oi + k;
      const q = ai + k;
      const r = bi + k;
      o[p] = a[q]! * b[r]!;
      o[p + 1] = a[q + 1]! * b[r + 1]!;
      o[p + 2] = a[q + 2]! * b[r + 2]!;
      o[p + 3] = a[q + 3]! * b[r + 3]!;
      o[p + 4] = a[q + 4]! * b[r + 4]!;
      o[p + 5] = a[q + 5]! * b[r + 5]!;
      o[p + 6] = a[q + 6]! * b[r + 6]!;
      o[p + 7] = a[q + 7]! * b[r + 7]!;
    }
    for (; k < n; k++) o[oi + k] = a[ai + k]! * b[bi + k]!;
  },
  div(o: F, oi: number, a: F, ai: number, b: F, bi: number, _c: F, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = a[ai + k]! / b[bi + k]!;
  },
  neg(o: F, oi: number, a: F, ai: number, _b: F, _bi: number, _c: F, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = -a[ai + k]!;
  },
  abs(o: F, oi: number, a: F, ai: number, _b: F, _bi: number, _c: F, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = Math.abs(a[ai + k]!);
  },
  min(o: F, oi: number, a: F, ai: number, b: F, bi: number, _c: F, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = Math.min(a[ai + k]!, b[bi + k]!);
  },
  max(o: F, oi: number, a: F, ai: number, b: F, bi: number, _c: F, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = Math.max(a[ai + k]!, b[bi + k]!);
  },
  sqrt(o: F, oi: number, a: F, ai: number, _b: F, _bi: number, _c: F, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = Math.sqrt(a[ai + k]!);
  },
  floor(o: F, oi: number, a: F, ai: number, _b: F, _bi: number, _c: F, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = Math.floor(a[ai + k]!);
  },
  // Adding 2^23 leaves no bits for a fraction, and rounds ties to even; larger numbers are integers already.
  round(o: F, oi: number, a: F, ai: number, _b: F, _bi: number, _c: F, _ci: number, n: number) {
    for (let k = 0; k < n; k++) {
      const x = a[ai + k]!;
      const size = Math.abs(x);
      const whole = size < 8388608 ? f(size + 8388608) - 8388608 : size;
      o[oi + k] = x < 0 || Object.is(x, -0) ? -whole : whole;
    }
  },
  lt(o: P, oi: number, a: F, ai: number, b: F, bi: number, _c: F, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = a[ai + k]! < b[bi + k]! ? 1 : 0;
  },
  le(o: P, oi: number, a: F, ai: number, b: F, bi: number, _c: F, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = a[ai + k]! <= b[bi + k]! ? 1 : 0;
  },
  eq(o: P, oi: number, a: F, ai: number, b: F, bi: number, _c: F, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = a[ai + k]! === b[bi + k]! ? 1 : 0;
  },
  ne(o: P, oi: number, a: F, ai: number, b: F, bi: number, _c: F, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = a[ai + k]! !== b[bi + k]! ? 1 : 0;
  },
  and(o: P, oi: number, a: P, ai: number, b: P, bi: number, _c: P, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = a[ai + k]! & b[bi + k]!;
  },
  or(o: P, oi: number, a: P, ai: number, b: P, bi: number, _c: P, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = a[ai + k]! | b[bi + k]!;
  },
  truth(o: F, oi: number, a: P, ai: number, _b: P, _bi: number, _c: P, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = a[ai + k]!;
  },
  select(o: F, oi: number, a: P, ai: number, b: F, bi: number, c: F, ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = a[ai + k] !== 0 ? b[bi + k]! : c[ci + k]!;
  },
  widen(o: D, oi: number, a: F, ai: number, _b: F, _bi: number, _c: F, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = a[ai + k]!;
  },
  narrow(o: F, oi: number, a: D, ai: number, _b: D, _bi: number, _c: D, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = a[ai + k]!;
  },
  dadd(o: D, oi: number, a: D, ai: number, b: D, bi: number, _c: D, _ci: number, n: number) {
    let k = 0;
    for (; k < n - 7; k += 8) {
      const p = oi + k;
      const q = ai + k;
      const r = bi + k;
      o[p] = a[q]! + b[r]!;
      o[p + 1] = a[q + 1]! + b[r + 1]!;
      o[p + 2] = a[q + 2]! + b[r + 2]!;
      o[p + 3] = a[q + 3]! + b[r + 3]!;
      o[p + 4] = a[q + 4]! + b[r + 4]!;
      o[p + 5] = a[q + 5]! + b[r + 5]!;
      o[p + 6] = a[q + 6]! + b[r + 6]!;
      o[p + 7] = a[q + 7]! + b[r + 7]!;
    }
    for (; k < n; k++) o[oi + k] = a[ai + k]! + b[bi + k]!;
  },
  dsub(o: D, oi: number, a: D, ai: number, b: D, bi: number, _c: D, _ci: number, n: number) {
    let k = 0;
    for (; k < n - 7; k += 8) {
      const p = oi + k;
      const q = ai + k;
      const r = bi + k;
      o[p] = a[q]! - b[r]!;
      o[p + 1] = a[q + 1]! - b[r + 1]!;
      o[p + 2] = a[q + 2]! - b[r + 2]!;
      o[p + 3] = a[q + 3]! - b[r + 3]!;
      o[p + 4] = a[q + 4]! - b[r + 4]!;
      o[p + 5] = a[q + 5]! - b[r + 5]!;
      o[p + 6] = a[q + 6]! - b[r + 6]!;
      o[p + 7] = a[q + 7]! - b[r + 7]!;
    }
    for (; k < n; k++) o[oi + k] = a[ai + k]! - b[bi + k]!;
  },
  dmul(o: D, oi: number, a: D, ai: number, b: D, bi: number, _c: D, _ci: number, n: number) {
    let k = 0;
    for (; k < n - 7; k += 8) {
      const p = oi + k;
      const q = ai + k;
      const r = bi + k;
      o[p] = a[q]! * b[r]!;
      o[p + 1] = a[q + 1]! * b[r + 1]!;
      o[p + 2] = a[q + 2]! * b[r + 2]!;
      o[p + 3] = a[q + 3]! * b[r + 3]!;
      o[p + 4] = a[q + 4]! * b[r + 4]!;
      o[p + 5] = a[q + 5]! * b[r + 5]!;
      o[p + 6] = a[q + 6]! * b[r + 6]!;
      o[p + 7] = a[q + 7]! * b[r + 7]!;
    }
    for (; k < n; k++) o[oi + k] = a[ai + k]! * b[bi + k]!;
  },
  ddiv(o: D, oi: number, a: D, ai: number, b: D, bi: number, _c: D, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = a[ai + k]! / b[bi + k]!;
  },
  dneg(o: D, oi: number, a: D, ai: number, _b: D, _bi: number, _c: D, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = -a[ai + k]!;
  },
  dabs(o: D, oi: number, a: D, ai: number, _b: D, _bi: number, _c: D, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = Math.abs(a[ai + k]!);
  },
  dmin(o: D, oi: number, a: D, ai: number, b: D, bi: number, _c: D, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = Math.min(a[ai + k]!, b[bi + k]!);
  },
  dmax(o: D, oi: number, a: D, ai: number, b: D, bi: number, _c: D, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = Math.max(a[ai + k]!, b[bi + k]!);
  },
  dfloor(o: D, oi: number, a: D, ai: number, _b: D, _bi: number, _c: D, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = Math.floor(a[ai + k]!);
  },
  dlt(o: P, oi: number, a: D, ai: number, b: D, bi: number, _c: D, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = a[ai + k]! < b[bi + k]! ? 1 : 0;
  },
  deq(o: P, oi: number, a: D, ai: number, b: D, bi: number, _c: D, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = a[ai + k]! === b[bi + k]! ? 1 : 0;
  },
  dand(o: P, oi: number, a: P, ai: number, b: P, bi: number, _c: P, _ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = a[ai + k]! & b[bi + k]!;
  },
  dselect(o: D, oi: number, a: P, ai: number, b: D, bi: number, c: D, ci: number, n: number) {
    for (let k = 0; k < n; k++) o[oi + k] = a[ai + k] !== 0 ? b[bi + k]! : c[ci + k]!;
  },
  dscale(o: D, oi: number, a: D, ai: number, _b: D, _bi: number, _c: D, _ci: number, n: number) {
    const from = words(a);
    const to = words(o);
    for (let k = 0; k < n; k++) {
      const low = from[2 * (ai + k)]!;
      to[2 * (oi + k)] = 0;
      to[2 * (oi + k) + 1] = (low << 20) + 0x3ff00000;
    }
  },
  dexponent(o: D, oi: number, a: D, ai: number, _b: D, _bi: number, _c: D, _ci: number, n: number) {
    const from = words(a);
    for (let k = 0; k < n; k++) o[oi + k] = ((from[2 * (ai + k) + 1]! >>> 20) & 0x7ff) - 1023;
  },
  dmantissa(o: D, oi: number, a: D, ai: number, _b: D, _bi: number, _c: D, _ci: number, n: number) {
    const from = words(a);
    const to = words(o);
    for (let k = 0; k < n; k++) {
      const low = from[2 * (ai + k)]!;
      to[2 * (oi + k) + 1] = (from[2 * (ai + k) + 1]! & 0x000fffff) | 0x3ff00000;
      to[2 * (oi + k)] = low;
    }
  },
  dbit0(o: P, oi: number, a: D, ai: number, _b: D, _bi: number, _c: D, _ci: number, n: number) {
    const from = words(a);
    for (let k = 0; k < n; k++) o[oi + k] = from[2 * (ai + k)]! & 1;
  },
  dbit1(o: P, oi: number, a: D, ai: number, _b: D, _bi: number, _c: D, _ci: number, n: number) {
    const from = words(a);
    for (let k = 0; k < n; k++) o[oi + k] = (from[2 * (ai + k)]! >> 1) & 1;
  },
  dsign(o: P, oi: number, a: D, ai: number, _b: D, _bi: number, _c: D, _ci: number, n: number) {
    const from = words(a);
    for (let k = 0; k < n; k++) o[oi + k] = from[2 * (ai + k) + 1]! >>> 31;
  },
};

/** The lanes of the arguments are those of `prims`; the caller keeps to them. */
export const loops = table as unknown as Readonly<Record<Prim, Loop>>;
