// Owns: Laurent series in h, h^shift times a truncated power series. Coefficients of a step may have poles that only
// cancel in the sum (a divided difference), so poles are values like others until a power series is asked for.

import { SeriesRing, type Series } from "../algebra/series.js";
import { fixedField } from "./fixed.js";

export interface Laurent {
  readonly shift: number;
  readonly c: Series<bigint>;
}

/** Thrown where an expression has no series at h = 0: a pole, a kink, a function that is not smooth there. */
export class NoSeries extends Error {}

export class LaurentRing {
  readonly series: SeriesRing<bigint>;

  /** Computed through the power `order` of the variable. */
  constructor(readonly order: number) {
    this.series = new SeriesRing(fixedField, order);
  }

  readonly zero: Laurent = { shift: 0, c: [] };

  constant(value: bigint): Laurent {
    return this.of(this.series.constant(value));
  }

  of(c: Series<bigint>): Laurent {
    return { shift: 0, c };
  }

  isZero(a: Laurent): boolean {
    return a.c.every((x) => fixedField.isZero(x));
  }

  /** 0 that is known to all orders is the empty list; every other list is known as far as it goes. */
  #exactZero(a: Laurent): boolean {
    return a.c.length === 0 && a === this.zero;
  }

  #padded(a: Laurent, shift: number): Series<bigint> {
    const lead = a.shift - shift;
    return lead === 0 ? a.c : [...new Array<bigint>(lead).fill(0n), ...a.c].slice(0, this.series.length);
  }

  add(a: Laurent, b: Laurent): Laurent {
    if (this.#exactZero(a)) return b;
    if (this.#exactZero(b)) return a;
    const shift = Math.min(a.shift, b.shift);
    return { shift, c: this.series.add(this.#padded(a, shift), this.#padded(b, shift)) };
  }

  neg(a: Laurent): Laurent {
    return this.#exactZero(a) ? a : { shift: a.shift, c: this.series.neg(a.c) };
  }

  sub(a: Laurent, b: Laurent): Laurent {
    return this.add(a, this.neg(b));
  }

  mul(a: Laurent, b: Laurent): Laurent {
    if (this.#exactZero(a) || this.#exactZero(b)) return this.zero;
    return { shift: a.shift + b.shift, c: this.series.mul(a.c, b.c) };
  }

  scale(a: Laurent, factor: bigint): Laurent {
    return this.#exactZero(a) ? a : { shift: a.shift, c: this.series.scale(a.c, factor) };
  }

  div(a: Laurent, b: Laurent): Laurent {
    if (this.#exactZero(b)) throw new NoSeries("division by zero");
    const lead = this.series.valuation(b.c);
    if (lead === b.c.length) throw new NoSeries("division by a number that vanishes for every h");
    if (this.#exactZero(a)) return a;
    // Leading zeros are kept out of the quotient, or every division would cost known coefficients.
    const own = Math.min(this.series.valuation(a.c), a.c.length - 1);
    return {
      shift: a.shift + own - b.shift - lead,
      c: this.series.div(a.c.slice(own), b.c.slice(lead)),
    };
  }

  integerPower(a: Laurent, n: number): Laurent {
    if (n < 0) return this.div(this.constant(fixedField.one), this.integerPower(a, -n));
    let result = this.constant(fixedField.one);
    for (let base = a, count = n; count > 0; count >>= 1, base = count > 0 ? this.mul(base, base) : base)
      if (count & 1) result = this.mul(result, base);
    return result;
  }

  /** The value as a power series; throws when it has a pole. */
  power(a: Laurent): Series<bigint> {
    if (this.#exactZero(a)) return this.series.from([]);
    if (a.shift >= 0) return this.#padded(a, 0);
    const lead = a.c.slice(0, -a.shift);
    if (!lead.every((x) => fixedField.isZero(x))) throw new NoSeries("a pole at h = 0");
    return a.c.slice(-a.shift);
  }

  /** Coefficient of h^n; undefined where it is not known. */
  coefficient(a: Laurent, n: number): bigint | undefined {
    if (this.#exactZero(a) || n < a.shift) return 0n;
    return a.c[n - a.shift];
  }

  /** The number of powers of h, from h^0 on, whose coefficients are known. */
  known(a: Laurent): number {
    return this.#exactZero(a) ? this.series.length : a.shift + a.c.length;
  }

  /** The constant term of a power series. */
  start(a: Laurent): bigint {
    return this.power(a)[0] ?? 0n;
  }

  /** The sign for small h > 0; 0 when every known coefficient vanishes. */
  sign(a: Laurent): -1 | 0 | 1 {
    const first = a.c.find((x) => !fixedField.isZero(x));
    return first === undefined ? 0 : first > 0n ? 1 : -1;
  }
}
