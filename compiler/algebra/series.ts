// Owns: truncated power series in one variable h. A series is the list of its known coefficients: the missing ones are
// unknown, not zero, so a division by h leaves a series that is one shorter, and no operation invents a coefficient.
// Recurrences for exp, log and powers: Knuth, The Art of Computer Programming 2, section 4.7.

import type { Field } from "./field.js";
import { rational } from "./rational.js";

export { decimalField, numberField, rationalField, type Field } from "./field.js";

/** coefficients[k] belongs to h^k. */
export type Series<T> = readonly T[];

/** Operations on series over a field, computed through h^order. */
export class SeriesRing<T> {
  constructor(
    readonly field: Field<T>,
    readonly order: number,
  ) {}

  get length(): number {
    return this.order + 1;
  }

  constant(value: T): Series<T> {
    return this.from([value]);
  }

  /** The variable h. */
  variable(): Series<T> {
    return this.from([this.field.zero, this.field.one]);
  }

  /** A polynomial: coefficients beyond the list are 0. */
  from(coefficients: readonly T[]): Series<T> {
    const result = coefficients.slice(0, this.length);
    while (result.length < this.length) result.push(this.field.zero);
    return result;
  }

  /** The number of leading coefficients that are 0. */
  valuation(a: Series<T>): number {
    const { isZero } = this.field;
    let first = 0;
    while (first < a.length && isZero(a[first]!)) first += 1;
    return first;
  }

  add(a: Series<T>, b: Series<T>): Series<T> {
    return this.zip(a, b, this.field.add);
  }

  sub(a: Series<T>, b: Series<T>): Series<T> {
    return this.zip(a, b, this.field.sub);
  }

  private zip(a: Series<T>, b: Series<T>, f: (x: T, y: T) => T): Series<T> {
    const result: T[] = [];
    for (let k = 0; k < a.length && k < b.length; k += 1) result.push(f(a[k]!, b[k]!));
    return result;
  }

  neg(a: Series<T>): Series<T> {
    return a.map((c) => this.field.neg(c));
  }

  scale(a: Series<T>, factor: T): Series<T> {
    return a.map((c) => this.field.mul(c, factor));
  }

  mul(a: Series<T>, b: Series<T>): Series<T> {
    // Leading zeros of one factor make more coefficients of the product known.
    const known = Math.min(a.length + this.valuation(b), b.length + this.valuation(a), this.length);
    const result: T[] = [];
    for (let n = 0; n < known; n += 1) result.push(this.convolved(a, b, n));
    return result;
  }

  /** The sum of a[k] b[n - k] over `first` <= k <= n. */
  private convolved(a: Series<T>, b: Series<T>, n: number, first = 0): T {
    const { add, mul, zero, isZero, convolved } = this.field;
    if (convolved) return convolved(a, b, n, first);
    let sum = zero;
    for (let k = Math.max(first, n - b.length + 1); k <= n && k < a.length; k++)
      if (!isZero(a[k]!)) sum = add(sum, mul(a[k]!, b[n - k]!));
    return sum;
  }

  /** a/b. Common leading zeros cancel; throws a RangeError when b has more of them than a. */
  div(a: Series<T>, b: Series<T>): Series<T> {
    const { sub, div } = this.field;
    const shift = this.valuation(b);
    if (shift === b.length) throw new RangeError("division by a series without a known nonzero coefficient");
    if (this.valuation(a) < shift) throw new RangeError("the quotient of the series has a pole at h = 0");
    const top = a.slice(shift);
    const bottom = b.slice(shift);
    const result: T[] = [];
    for (let n = 0; n < Math.min(top.length, bottom.length); n++)
      result.push(div(sub(top[n]!, this.convolved(bottom, result, n, 1)), bottom[0]!));
    return result;
  }

  /** outer(inner(h)) for a polynomial or series `outer` and an inner series that vanishes at h = 0. */
  compose(outer: readonly T[], inner: Series<T>): Series<T> {
    const lead = this.valuation(inner);
    if (lead === 0) throw new RangeError("the inner series must vanish at h = 0");
    let result = this.constant(outer.at(-1) ?? this.field.zero);
    for (let k = outer.length - 2; k >= 0; k--) {
      // What is still to be multiplied by inner^(k + 1) is needed to so many powers less.
      const needed = result.slice(0, Math.max(0, this.length - (k + 1) * lead));
      result = this.addConstant(this.mul(needed, inner), outer[k]!);
    }
    // A truncated outer series knows nothing about the powers inner^outer.length and above.
    return result.slice(0, outer.length * lead);
  }

  private addConstant(a: Series<T>, c: T): Series<T> {
    const result = a.slice();
    if (result.length > 0) result[0] = this.field.add(result[0]!, c);
    return result;
  }

  derivative(a: Series<T>): Series<T> {
    return a.slice(1).map((c, k) => this.field.mul(c, this.integer(k + 1)));
  }

  /** The antiderivative with value `start` at h = 0. */
  integral(a: Series<T>, start: T = this.field.zero): Series<T> {
    return [start, ...a.map((c, k) => this.field.div(c, this.integer(k + 1)))].slice(0, this.length);
  }

  readonly #integers: T[] = [];

  private integer(k: number): T {
    return (this.#integers[k] ??= this.field.fromRational(rational(k)));
  }

  exp(a: Series<T>): Series<T> {
    return this.exponential(a, this.field.exp(a[0]!));
  }

  expm1(a: Series<T>): Series<T> {
    const e = this.exp(a);
    return this.addConstant(e, this.field.neg(this.field.one));
  }

  /** From e' = a' e. */
  private exponential(a: Series<T>, start: T): Series<T> {
    const { mul, div } = this.field;
    const slope = a.map((c, k) => mul(this.integer(k), c));
    const result = [start];
    for (let n = 1; n < a.length; n++) result.push(div(this.convolved(slope, result, n, 1), this.integer(n)));
    return result;
  }

  log(a: Series<T>): Series<T> {
    if (a.length === 1) return [this.field.log(a[0]!)];
    return this.integral(this.div(this.derivative(a), a.slice(0, -1)), this.field.log(a[0]!));
  }

  sqrt(a: Series<T>): Series<T> {
    return this.pow(a, this.field.fromRational(rational(1, 2)));
  }

  /** a^p, from a y' = p a' y. Leading zeros of `a` are allowed when h^(p*valuation) is a whole power of h. */
  pow(a: Series<T>, p: T): Series<T> {
    const { add, sub, mul, div, zero } = this.field;
    const shift = this.valuation(a);
    const power = shift === 0 ? 0 : shift * this.field.toNumber(p);
    if (shift === a.length || !Number.isInteger(power) || power < 0) {
      throw new RangeError("the power of the series is not a power series");
    }
    const base = a.slice(shift);
    const result = [this.field.pow(base[0]!, p)];
    for (let n = 1; n < base.length; n++) {
      let sum = zero;
      for (let k = 1; k <= n; k++) {
        const weight = sub(mul(p, this.integer(k)), this.integer(n - k));
        sum = add(sum, mul(mul(weight, base[k]!), result[n - k]!));
      }
      result.push(div(sum, mul(this.integer(n), base[0]!)));
    }
    return [...new Array<T>(power).fill(zero), ...result].slice(0, this.length);
  }

  sin(a: Series<T>): Series<T> {
    return this.sineAndCosine(a)[0];
  }

  cos(a: Series<T>): Series<T> {
    return this.sineAndCosine(a)[1];
  }

  /** From s' = a' c and c' = -a' s. */
  private sineAndCosine(a: Series<T>): readonly [Series<T>, Series<T>] {
    const { add, sub, mul, div, zero } = this.field;
    const s = [this.field.sin(a[0]!)];
    const c = [this.field.cos(a[0]!)];
    for (let n = 1; n < a.length; n++) {
      let sumS = zero;
      let sumC = zero;
      for (let k = 1; k <= n; k++) {
        const slope = mul(this.integer(k), a[k]!);
        sumS = add(sumS, mul(slope, c[n - k]!));
        sumC = sub(sumC, mul(slope, s[n - k]!));
      }
      s.push(div(sumS, this.integer(n)));
      c.push(div(sumC, this.integer(n)));
    }
    return [s, c];
  }

  /** phi_k(a); see phi.ts. Near 0 by the defining series, elsewhere by the recurrence, where it does not cancel. */
  phi(k: number, a: Series<T>): Series<T> {
    const { one, div } = this.field;
    const start = this.field.isZero(a[0]!) ? 0 : Math.abs(this.field.toNumber(a[0]!));
    if (start > 2) {
      let value = this.exp(a);
      let inverse = one;
      for (let j = 0; j < k; j++) {
        if (j > 0) inverse = div(inverse, this.integer(j));
        value = this.div(this.addConstant(value, this.field.neg(inverse)), a);
      }
      return value;
    }
    if (start > 0 && this.field.epsilon === 0)
      throw new RangeError("phi of a nonzero rational is not a rational number");
    // sum_j a^j/(j + k)!, until what is left is below rounding.
    let terms = this.order;
    for (let size = start ** terms; size > this.field.epsilon && start > 0; terms++)
      size *= start / (terms + 1);
    let coefficient = one;
    for (let j = 2; j <= k; j++) coefficient = div(coefficient, this.integer(j));
    const coefficients = [coefficient];
    for (let j = 1; j <= terms; j++) coefficients.push((coefficient = div(coefficient, this.integer(j + k))));
    let result = this.constant(coefficients.at(-1)!);
    for (let j = terms - 1; j >= 0; j--) result = this.addConstant(this.mul(result, a), coefficients[j]!);
    return result.slice(0, a.length);
  }

  /** The value of the known part at a point. */
  at(a: Series<T>, h: T): T {
    return a.reduceRight((sum, c) => this.field.add(this.field.mul(sum, h), c), this.field.zero);
  }
}
