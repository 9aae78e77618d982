// Owns: the generic model of certificates, x0 as a random polynomial in y = x/alpha and lambda, and the exact solution
// of dy/dlambda = x0 - y through a point, by its Taylor series (mathematics.md, section 4).

import { SeriesRing, type Series } from "../algebra/series.js";
import { fixedField, Random } from "./fixed.js";

const { one, mul } = fixedField;

/** Exponents of the state's dimensions and, last, of lambda. */
export interface Monomial {
  readonly powers: readonly number[];
  /** Coefficient in every dimension of x0. */
  readonly c: readonly bigint[];
}

export interface Model {
  readonly dimension: number;
  readonly degree: number;
  /** y and lambda at the point of expansion. */
  readonly y: readonly bigint[];
  readonly lambda: bigint;
  readonly monomials: readonly Monomial[];
}

/** All exponents of `count` variables with sum at most `degree`. */
export function exponents(count: number, degree: number): number[][] {
  if (count === 0) return [[]];
  return Array.from({ length: degree + 1 }, (_, k) =>
    exponents(count - 1, degree - k).map((rest) => [k, ...rest]),
  ).flat();
}

export interface ModelOptions {
  readonly dimension?: number;
  readonly degree: number;
  readonly seed: number;
  readonly lambda: bigint;
  /** Makes the model fast: x0 = scale * P(y, scale * lambda). What is left of a rule is its classical limit. */
  readonly scale?: bigint;
}

export function genericModel(options: ModelOptions): Model {
  const { degree, seed, lambda, dimension = 2, scale = one } = options;
  const random = new Random(9000 + seed);
  const y = Array.from({ length: dimension }, () => random.value());
  const monomials = exponents(dimension + 1, degree).map((powers) => {
    const fast = fixedField.pow(scale, one * BigInt(1 + (powers.at(-1) ?? 0)));
    return { powers, c: y.map(() => mul(random.value(), fast)) };
  });
  return { dimension, degree, y, lambda, monomials };
}

/** The model that knows only lambda: x0 = (lambda - c)^k/k! in dimension k = 0 .. degree, all from the same state. */
export function clockModel(degree: number, lambda: bigint, y: bigint): Model {
  const none = Array.from({ length: degree + 1 }, () => 0);
  let factorial = 1n;
  const monomials = none.map((_, k): Monomial => {
    if (k > 1) factorial *= BigInt(k);
    return { powers: [...none, k], c: none.map((__, d) => (d === k ? one / factorial : 0n)) };
  });
  return { dimension: degree + 1, degree, y: none.map(() => y), lambda, monomials };
}

/** x0 at y and lambda. */
export function evaluateModel(
  model: Model,
  y: readonly Series<bigint>[],
  lambda: Series<bigint>,
  ring: SeriesRing<bigint>,
): Series<bigint>[] {
  const shifted = [
    ...y.map((v, i) => ring.sub(v, ring.constant(model.y[i] as bigint))),
    ring.sub(lambda, ring.constant(model.lambda)),
  ];
  const powers = shifted.map((v) => {
    const list: Series<bigint>[] = [ring.constant(one), v];
    for (let k = 2; k <= model.degree; k += 1) list.push(ring.mul(list[k - 1] as Series<bigint>, v));
    return list;
  });
  const product = new Map<string, Series<bigint>>();
  /** Products of powers, shared by prefix. */
  const productOf = (exponent: readonly number[]): Series<bigint> => {
    const key = exponent.join();
    const known = product.get(key);
    if (known) return known;
    const last = exponent.length - 1;
    const rest = exponent.slice(0, -1);
    const own = powers[last]?.[exponent[last] as number] as Series<bigint>;
    const made = rest.every((k) => k === 0)
      ? own
      : exponent[last] === 0
        ? productOf(rest)
        : ring.mul(productOf(rest), own);
    product.set(key, made);
    return made;
  };
  const length = Math.min(...shifted.map((v) => v.length));
  const sums = model.y.map(() => new Array<bigint>(length).fill(0n));
  for (const { powers: exponent, c } of model.monomials) {
    const value = productOf(exponent);
    sums.forEach((sum, d) => {
      const factor = c[d] as bigint;
      for (let n = 0; n < length && n < value.length; n += 1) {
        const coefficient = value[n] as bigint;
        if (coefficient !== 0n) sum[n] = (sum[n] as bigint) + mul(factor, coefficient);
      }
    });
  }
  return sums;
}

/** y along the exact solution, as Taylor coefficients in lambda - model.lambda. */
export function trajectory(model: Model, ring: SeriesRing<bigint>): Series<bigint>[] {
  let y: Series<bigint>[] = model.y.map((v) => [v]);
  for (let n = 1; n <= ring.order; n += 1) {
    const short = new SeriesRing(fixedField, n);
    const padded = y.map((v) => [...v, 0n]);
    const x0 = evaluateModel(model, padded, short.from([model.lambda, one]), short);
    y = y.map((v, d) => [...v, ((x0[d]?.[n - 1] ?? 0n) - (v[n - 1] as bigint)) / BigInt(n)]);
  }
  return y;
}
