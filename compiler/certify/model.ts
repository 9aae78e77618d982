// Owns: the generic model of certificates, x0 as a random polynomial in y = x/alpha and lambda, and the exact solution
// of dy/dlambda = x0 - y through a point, by its Taylor series (mathematics.md, section 4).

import { remembered } from "../algebra/remembered.js";
import type { Series, SeriesRing } from "../algebra/series.js";
import { convolved, fixedField, Random } from "./fixed.js";

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

/** How the monomials of a model are multiplied together: factors come before what is made of them. */
interface Products {
  /** After the variables: the numbers of two factors each. */
  readonly factors: readonly (readonly [number, number])[];
  /** For every monomial that is not 1. */
  readonly terms: readonly { readonly product: number; readonly c: readonly bigint[] }[];
  /** x0 where all variables are 0. */
  readonly constant: readonly bigint[];
}

/** Powers and products of powers are shared; those that no monomial needs are not made. */
function makeProducts({ dimension, monomials }: Model): Products {
  const factors: (readonly [number, number])[] = [];
  const times = remembered((_key: string, a: number, b: number) => dimension + factors.push([a, b]));
  const product = (a: number, b: number): number => times(`${a} ${b}`, a, b);
  const constant = new Array<bigint>(dimension).fill(0n);
  const terms: Products["terms"][number][] = [];
  for (const { powers, c } of monomials) {
    let made: number | undefined;
    powers.forEach((power, variable) => {
      if (power === 0) return;
      let own = variable;
      for (let k = 1; k < power; k += 1) own = product(own, variable);
      made = made === undefined ? own : product(made, own);
    });
    if (made === undefined) c.forEach((value, d) => (constant[d] = (constant[d] as bigint) + value));
    else terms.push({ product: made, c });
  }
  return { factors, terms, constant };
}

const products = new WeakMap<Model, Products>();

function productsOf(model: Model): Products {
  const known = products.get(model);
  if (known) return known;
  const made = makeProducts(model);
  products.set(model, made);
  return made;
}

/** x0 at y and lambda. */
export function evaluateModel(
  model: Model,
  y: readonly Series<bigint>[],
  lambda: Series<bigint>,
  ring: SeriesRing<bigint>,
): Series<bigint>[] {
  const { factors, terms, constant } = productsOf(model);
  const values = [
    ...y.map((v, i) => ring.sub(v, ring.constant(model.y[i] as bigint))),
    ring.sub(lambda, ring.constant(model.lambda)),
  ];
  const length = Math.min(...values.map((v) => v.length));
  for (const [a, b] of factors)
    values.push(ring.mul(values[a] as Series<bigint>, values[b] as Series<bigint>));
  return constant.map((start, d) => {
    const sum = new Array<bigint>(length).fill(0n);
    if (length > 0) sum[0] = start;
    for (const { product, c } of terms) {
      const factor = c[d] as bigint;
      if (factor === 0n) continue;
      const value = values[product] as Series<bigint>;
      for (let n = 0; n < length && n < value.length; n += 1) {
        const coefficient = value[n] as bigint;
        if (coefficient !== 0n) sum[n] = (sum[n] as bigint) + mul(factor, coefficient);
      }
    }
    return sum;
  });
}

/**
 * y along the exact solution, as Taylor coefficients in lambda - model.lambda: coefficient n of x0 needs no more of y than
 * its own n, and gives coefficient n + 1.
 */
export function trajectory(model: Model, ring: SeriesRing<bigint>): Series<bigint>[] {
  const { factors, terms, constant } = productsOf(model);
  const y = model.y.map((v) => [v]);
  const values: bigint[][] = Array.from({ length: model.dimension + 1 + factors.length }, () => []);
  for (let n = 0; n < ring.order; n += 1) {
    y.forEach((v, d) => values[d]?.push(n === 0 ? 0n : (v[n] as bigint)));
    values[model.dimension]?.push(n === 1 ? one : 0n);
    factors.forEach(([a, b], k) =>
      values[model.dimension + 1 + k]?.push(convolved(values[a] as bigint[], values[b] as bigint[], n, 0)),
    );
    y.forEach((v, d) => {
      let x0 = n === 0 ? (constant[d] as bigint) : 0n;
      for (const { product, c } of terms) {
        const coefficient = values[product]?.[n] as bigint;
        if (coefficient !== 0n) x0 += mul(c[d] as bigint, coefficient);
      }
      v.push((x0 - (v[n] as bigint)) / BigInt(n + 1));
    });
  }
  return y;
}
