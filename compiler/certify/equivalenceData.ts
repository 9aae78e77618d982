// Owns: values of runs on random data, for rules that are not linear (thresholds, norms, projections): every symbol is a
// random vector, every pointwise function and reduction is worked out. Rules that agree there on two sets of data are
// called equal; their formulas may differ.

import { builtin } from "../algebra/builtins.js";
import { Symbols, unit, type Form } from "./equivalenceForms.js";

/** Elements of a vector. More than the number of sums a rule makes of one. */
const size = 7;

/**
 * Between -4 and 4, from a hash of two numbers (murmur3's finalizer): wide enough that thresholds at the range of
 * images act on some elements and not on others.
 */
function noise(id: number, element: number, seed: number): number {
  let h =
    Math.imul(id + 1, 0x9e3779b1) ^ Math.imul(element + 1, 0x85ebca6b) ^ Math.imul(seed + 1, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 2 ** 29 - 4;
}

const filled = (value: number): Form<number> => new Map(Array.from({ length: size }, (_, k) => [k, value]));

const valuesOf = (form: Form<number>): number[] => Array.from({ length: size }, (_, k) => form.get(k) ?? 0);

const fromValues = (values: readonly number[]): Form<number> =>
  new Map(values.map((value, k): [number, number] => [k, value]));

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
const mean = (values: readonly number[]): number => sum(values) / values.length;

/** Reductions per sample that are worked out; others stay free symbols of their arguments. */
const reductions: Readonly<Record<string, (...args: readonly (readonly number[])[]) => number>> = {
  dot: (a = [], b = []) => sum(a.map((x, k) => x * (b[k] ?? 0))),
  norm: (a = []) => Math.hypot(...a),
  mean: (a = []) => mean(a),
  sum: (a = []) => sum(a),
  max: (a = []) => Math.max(...a),
  min: (a = []) => Math.min(...a),
  std: (a = []) => Math.sqrt(sum(a.map((x) => (x - mean(a)) ** 2)) / (a.length - 1)),
};

/** Forms here are vectors: element k is the weight of k. */
export class RandomData extends Symbols<number> {
  constructor(
    weights: Symbols<number>["weights"],
    readonly seed: number,
  ) {
    super(weights);
  }

  override single(id: number): Form<number> {
    if (id === unit) return filled(1);
    return fromValues(Array.from({ length: size }, (_, k) => noise(id, k, this.seed)));
  }

  override number(value: number): Form<number> {
    return filled(value);
  }

  override map(fn: string, args: readonly Form<number>[]): Form<number> {
    const compute = builtin(fn) ?? arithmetic[fn];
    if (!compute) return super.map(fn, args);
    const vectors = args.map(valuesOf);
    return fromValues(Array.from({ length: size }, (_, k) => compute(...vectors.map((v) => v[k] as number))));
  }

  override reduce(fn: string, args: readonly Form<number>[]): Form<number> {
    const compute = fn.endsWith(" per sample") ? reductions[fn.slice(0, fn.indexOf(" "))] : undefined;
    return compute ? filled(compute(...args.map(valuesOf))) : super.reduce(fn, args);
  }
}

type Compute = (...args: number[]) => number;
const arithmetic: Readonly<Record<string, Compute>> = {
  add: (a = 0, b = 0) => a + b,
  sub: (a = 0, b = 0) => a - b,
  mul: (a = 0, b = 0) => a * b,
  div: (a = 0, b = 0) => a / b,
  neg: (a = 0) => -a,
  pow: (a = 0, b = 0) => a ** b,
};
