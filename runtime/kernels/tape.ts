// Owns: the form of a kernel that device code is made from: a list of primitive operations in order of computation,
// each of which IEEE 754 fixes to the last bit. Knows neither blocks of memory nor WebAssembly.

/**
 * What a value is: `f` float32, `d` float64 (inside functions only), `p` a condition beside float32 values, `q` a
 * condition beside float64 values.
 */
export type Lane = "f" | "d" | "p" | "q";

/**
 * Lanes of the arguments, then of the result. `min` and `max` give NaN when an argument is NaN and hold -0 below 0;
 * `round` ties to even; `truth` is 1 or 0; `select(p, a, b)` is a where p holds.
 * `dscale` is 2^n of a number n + 1.5 * 2^52; `dbit0` and `dbit1` are the two lowest bits of such an n;
 * `dexponent` and `dmantissa` split |x| = m * 2^e with 1 <= m < 2, x normal; `dsign` is the sign bit.
 */
export const prims = {
  add: "fff",
  sub: "fff",
  mul: "fff",
  div: "fff",
  neg: "ff",
  abs: "ff",
  min: "fff",
  max: "fff",
  sqrt: "ff",
  floor: "ff",
  round: "ff",
  lt: "ffp",
  le: "ffp",
  eq: "ffp",
  ne: "ffp",
  and: "ppp",
  or: "ppp",
  truth: "pf",
  select: "pfff",
  widen: "fd",
  narrow: "df",
  dadd: "ddd",
  dsub: "ddd",
  dmul: "ddd",
  ddiv: "ddd",
  dneg: "dd",
  dabs: "dd",
  dmin: "ddd",
  dmax: "ddd",
  dfloor: "dd",
  dlt: "ddq",
  deq: "ddq",
  dand: "qqq",
  dselect: "qddd",
  dscale: "dd",
  dexponent: "dd",
  dmantissa: "dd",
  dbit0: "dq",
  dbit1: "dq",
  dsign: "dq",
} as const satisfies Record<string, string>;

export type Prim = keyof typeof prims;

export const resultLane = (prim: Prim): Lane => prims[prim].at(-1) as Lane;

/** `args` are indices of earlier values. */
export type TapeValue =
  | { readonly kind: "input"; readonly lane: "f"; readonly index: number }
  | { readonly kind: "uniform"; readonly lane: "f"; readonly index: number }
  | { readonly kind: "constant"; readonly lane: "f" | "d"; readonly value: number }
  | { readonly kind: "op"; readonly lane: Lane; readonly prim: Prim; readonly args: readonly number[] };

export interface Tape {
  readonly values: readonly TapeValue[];
  /** Values that are results. */
  readonly outputs: readonly number[];
  /** Kernel inputs read, in the order of `TapeValue.index`. */
  readonly inputs: readonly number[];
  /** Nodes of the kernel that are plain numbers, computed on the host, in the order of `TapeValue.index`. */
  readonly uniforms: readonly number[];
  /** Uniforms from here on hold what rounding to float32 takes from the same number. Absent: none does. */
  readonly firstRest?: number;
}

/** Builds a tape; equal operations are one value. */
export class TapeBuilder {
  readonly values: TapeValue[] = [];
  readonly #known = new Map<string, number>();

  #add(key: string, value: TapeValue): number {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const index = this.values.push(value) - 1;
    this.#known.set(key, index);
    return index;
  }

  input(index: number): number {
    return this.#add(`i${index}`, { kind: "input", lane: "f", index });
  }

  uniform(index: number): number {
    return this.#add(`u${index}`, { kind: "uniform", lane: "f", index });
  }

  /** A number; lane `f` rounds it to float32. */
  constant(lane: "f" | "d", value: number): number {
    const rounded = lane === "f" ? Math.fround(value) : value;
    const text = Object.is(rounded, -0) ? "-0" : String(rounded);
    return this.#add(`${lane}${text}`, { kind: "constant", lane, value: rounded });
  }

  op(prim: Prim, ...args: readonly number[]): number {
    return this.#add(`${prim}(${args.join()})`, { kind: "op", lane: resultLane(prim), prim, args });
  }
}
