// Owns: exact moments of the reverse SDE, from its generator. With y = x/alpha and noise level tau(lambda),
// dy = (1 + tau^2)(x0 - y) dlambda + sqrt(2) tau e^-lambda dW (mathematics.md, section 1), so
// E[f(y')] = sum over k of d^k/k! L^k f, L = d/dlambda + (1 + tau^2)(x0 - y) d/dy + tau^2 e^(-2 lambda) d^2/dy^2.

import type { Series } from "../algebra/series.js";
import { fixedField } from "./fixed.js";
import type { Model } from "./model.js";

const { one, mul } = fixedField;

/** Coefficients of u^i v^j, u = y - y at the point of expansion, v = lambda - lambda there; key i + 64 j. */
export type Bivariate = ReadonlyMap<number, bigint>;

const base = 64;
export const degreeU = (key: number): number => key % base;
export const degreeV = (key: number): number => Math.floor(key / base);
const keyOf = (i: number, j: number): number => i + base * j;

export class Generator {
  readonly #drift: Bivariate;
  readonly #diffusion: Bivariate;
  readonly #moments = new Map<number, readonly Bivariate[]>();

  /** `tauSquare` holds the Taylor coefficients of tau^2 in v. Terms with i + 2 (j + k) > weight are dropped. */
  constructor(
    model: Model,
    tauSquare: Series<bigint>,
    readonly weight: number,
  ) {
    const tau: Bivariate = new Map(tauSquare.map((c, j) => [keyOf(0, j), c] as const));
    const x0 = new Map(
      model.monomials.map(({ powers, c }) => [keyOf(powers[0] ?? 0, powers[1] ?? 0), c[0] ?? 0n] as const),
    );
    const pull = new Map([
      [keyOf(0, 0), -(model.y[0] ?? 0n)],
      [keyOf(1, 0), -one],
    ]);
    this.#drift = this.#mul(add(x0, pull), add(tau, new Map([[keyOf(0, 0), one]])));
    let term = fixedField.exp(-2n * model.lambda);
    const exponential = new Map<number, bigint>();
    for (let j = 0; 2 * j <= weight; j += 1) {
      exponential.set(keyOf(0, j), term);
      term = (-2n * term) / BigInt(j + 1);
    }
    this.#diffusion = this.#mul(tau, exponential);
  }

  #mul(a: Bivariate, b: Bivariate): Map<number, bigint> {
    const result = new Map<number, bigint>();
    for (const [ka, ca] of a)
      for (const [kb, cb] of b) {
        const key = ka + kb;
        // Every application of L takes two from the weight, which the powers of the step give back.
        if (degreeU(key) + 2 * degreeV(key) > this.weight + 2) continue;
        result.set(key, (result.get(key) ?? 0n) + mul(ca, cb));
      }
    return result;
  }

  #apply(f: Bivariate): Bivariate {
    const first = new Map<number, bigint>();
    const second = new Map<number, bigint>();
    const result = new Map<number, bigint>();
    for (const [key, c] of f) {
      const [i, j] = [degreeU(key), degreeV(key)];
      if (j > 0) result.set(keyOf(i, j - 1), (result.get(keyOf(i, j - 1)) ?? 0n) + BigInt(j) * c);
      if (i > 0) first.set(keyOf(i - 1, j), BigInt(i) * c);
      if (i > 1) second.set(keyOf(i - 2, j), BigInt(i * (i - 1)) * c);
    }
    return add(add(result, this.#mul(this.#drift, first)), this.#mul(this.#diffusion, second));
  }

  /** Coefficients of d^k in E[u'^power | u, v] after a step d in lambda. */
  moment(power: number): readonly Bivariate[] {
    const known = this.#moments.get(power);
    if (known) return known;
    const list: Bivariate[] = [];
    let f: Bivariate = new Map([[keyOf(power, 0), one]]);
    let factorial = 1n;
    for (let k = 0; 2 * k <= this.weight; k += 1) {
      if (k > 0) factorial *= BigInt(k);
      const divisor = factorial;
      list.push(new Map([...f].map(([key, c]) => [key, c / divisor])));
      f = this.#apply(f);
    }
    this.#moments.set(power, list);
    return list;
  }
}

function add(a: Bivariate, b: Bivariate): Map<number, bigint> {
  const result = new Map(a);
  for (const [key, c] of b) result.set(key, (result.get(key) ?? 0n) + c);
  return result;
}
