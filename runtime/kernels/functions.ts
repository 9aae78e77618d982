// Owns: the functions no processor has an instruction for, as primitive operations in float64 on float32 arguments. The
// result is rounded to float32 once, so it is the nearest float32 but for about one argument in a thousand, and every
// backend gives the same bits. Reductions are fdlibm's (Sun Microsystems 1993: e_exp.c, e_log.c, s_sin.c), the
// polynomials Taylor's, whose remainders on the reduced ranges are below 2^-36 of the value.

import type { TapeBuilder } from "./tape.js";

/** Adding it rounds to an integer, ties to even, and leaves that integer in the low bits. */
const MAGIC = 6755399441055744; // 1.5 * 2^52
const LN2_HIGH = 6.9314718036912381649e-1; // 33 bits, so small multiples are exact
const LN2_LOW = 1.90821492927058770002e-10;
const HALF_PI_HIGH = 1.57079632673412561417; // 33 bits
const HALF_PI_LOW = 6.07710050650619224932e-11;
const TAN_EIGHTH = Math.SQRT2 - 1;

/** Formulas over one builder; all arguments and results of `Wide` are float64 values of the tape. */
class Wide {
  constructor(readonly tape: TapeBuilder) {}

  num(value: number): number {
    return this.tape.constant("d", value);
  }
  add(a: number, b: number): number {
    return this.tape.op("dadd", a, b);
  }
  sub(a: number, b: number): number {
    return this.tape.op("dsub", a, b);
  }
  mul(a: number, b: number): number {
    return this.tape.op("dmul", a, b);
  }
  div(a: number, b: number): number {
    return this.tape.op("ddiv", a, b);
  }
  neg(a: number): number {
    return this.tape.op("dneg", a);
  }
  select(q: number, a: number, b: number): number {
    return this.tape.op("dselect", q, a, b);
  }
  lt(a: number, b: number): number {
    return this.tape.op("dlt", a, b);
  }
  eq(a: number, b: number): number {
    return this.tape.op("deq", a, b);
  }
  clamp(a: number, low: number, high: number): number {
    return this.tape.op("dmin", this.tape.op("dmax", a, this.num(low)), this.num(high));
  }

  /** c[0] + z * (c[1] + z * ...) */
  polynomial(z: number, coefficients: readonly number[]): number {
    const [last = 0, ...rest] = coefficients.toReversed();
    return rest.reduce((sum, c) => this.add(this.mul(sum, z), this.num(c)), this.num(last));
  }

  /** exp(x) = scale + scale * part; part = expm1 of the rest. */
  #exponential(x: number): { scale: number; part: number } {
    // exp(+-200) is beyond float32 and well within float64.
    const bounded = this.clamp(x, -200, 200);
    const biased = this.add(this.mul(bounded, this.num(Math.LOG2E)), this.num(MAGIC));
    const n = this.sub(biased, this.num(MAGIC));
    const high = this.sub(bounded, this.mul(n, this.num(LN2_HIGH)));
    const rest = this.sub(high, this.mul(n, this.num(LN2_LOW)));
    const series = this.polynomial(rest, reciprocalFactorials(1, 1, 10));
    return { scale: this.tape.op("dscale", biased), part: this.mul(rest, series) };
  }

  exp(x: number): number {
    const { scale, part } = this.#exponential(x);
    return this.add(scale, this.mul(scale, part));
  }

  expm1(x: number): number {
    const { scale, part } = this.#exponential(x);
    return this.add(this.mul(scale, part), this.sub(scale, this.num(1)));
  }

  /** log |m| as 2 artanh((m - 1) / (m + 1)), m between sqrt(1/2) and sqrt(2). */
  log(x: number): number {
    const e = this.tape.op("dexponent", x);
    const m = this.tape.op("dmantissa", x);
    const big = this.lt(this.num(Math.SQRT2), m);
    const mantissa = this.select(big, this.mul(m, this.num(0.5)), m);
    const exponent = this.select(big, this.add(e, this.num(1)), e);
    const s = this.div(this.sub(mantissa, this.num(1)), this.add(mantissa, this.num(1)));
    const z = this.mul(s, s);
    const series = this.polynomial(
      z,
      [1, 3, 5, 7, 9, 11, 13, 15].map((k) => 2 / k),
    );
    const low = this.add(this.mul(s, series), this.mul(exponent, this.num(LN2_LOW)));
    const finite = this.add(this.mul(exponent, this.num(LN2_HIGH)), low);
    const upper = this.select(this.lt(x, this.num(Infinity)), finite, x);
    const inside = this.select(this.lt(x, this.num(0)), this.num(NaN), upper);
    return this.select(this.eq(x, this.num(0)), this.num(-Infinity), inside);
  }

  /** Quarter turns (biased by MAGIC), sine and cosine of the rest. Beyond 2^31 the rest means nothing; it stays bounded. */
  #turns(x: number): { biased: number; sin: number; cos: number } {
    const biased = this.add(this.mul(x, this.num(2 / Math.PI)), this.num(MAGIC));
    const n = this.sub(biased, this.num(MAGIC));
    const high = this.sub(x, this.mul(n, this.num(HALF_PI_HIGH)));
    const rest = this.clamp(this.sub(high, this.mul(n, this.num(HALF_PI_LOW))), -0.8, 0.8);
    const z = this.mul(rest, rest);
    return {
      biased,
      sin: this.mul(rest, this.polynomial(z, alternating(reciprocalFactorials(1, 2, 13)))),
      cos: this.polynomial(z, alternating(reciprocalFactorials(0, 2, 14))),
    };
  }

  sin(x: number): number {
    const { biased, sin, cos } = this.#turns(x);
    const value = this.select(this.tape.op("dbit0", biased), cos, sin);
    return this.select(this.tape.op("dbit1", biased), this.neg(value), value);
  }

  cos(x: number): number {
    const { biased, sin, cos } = this.#turns(x);
    const value = this.select(this.tape.op("dbit0", biased), sin, cos);
    const next = this.add(biased, this.num(1));
    return this.select(this.tape.op("dbit1", next), this.neg(value), value);
  }

  tan(x: number): number {
    const { biased, sin, cos } = this.#turns(x);
    return this.select(this.tape.op("dbit0", biased), this.neg(this.div(cos, sin)), this.div(sin, cos));
  }

  /** Angle of (x, y) from the axis of x. */
  atan2(y: number, x: number): number {
    const zero = this.num(0);
    const up = this.tape.op("dabs", y);
    const along = this.tape.op("dabs", x);
    const large = this.tape.op("dmax", up, along);
    const quotient = this.div(this.tape.op("dmin", up, along), large);
    const diagonal = this.select(this.eq(up, along), this.num(1), quotient);
    const ratio = this.select(this.eq(large, zero), zero, diagonal);
    const steep = this.lt(this.num(TAN_EIGHTH), ratio);
    const turned = this.div(this.sub(ratio, this.num(1)), this.add(ratio, this.num(1)));
    const t = this.select(steep, turned, ratio);
    const series = this.polynomial(
      this.mul(t, t),
      alternating(Array.from({ length: 15 }, (_, k) => 1 / (2 * k + 1))),
    );
    const small = this.mul(t, series);
    const eighth = this.select(steep, this.add(small, this.num(Math.PI / 4)), small);
    const first = this.select(this.lt(along, up), this.sub(this.num(Math.PI / 2), eighth), eighth);
    const half = this.select(this.tape.op("dsign", x), this.sub(this.num(Math.PI), first), first);
    return this.select(this.tape.op("dsign", y), this.neg(half), half);
  }

  /** As Math.pow: NaN for a finite negative base with a broken exponent, 1 for the exponent 0. */
  pow(base: number, exponent: number): number {
    const zero = this.num(0);
    const isWhole = this.eq(this.tape.op("dfloor", exponent), exponent);
    const half = this.mul(exponent, this.num(0.5));
    const isEven = this.eq(this.tape.op("dfloor", half), half);
    const size = this.exp(this.mul(exponent, this.log(this.tape.op("dabs", base))));
    const odd = this.select(isEven, size, this.neg(size));
    const ofSign = this.select(this.tape.op("dsign", base), odd, size);
    const finite = this.lt(this.num(-Infinity), base);
    const below = this.tape.op("dand", this.lt(base, zero), finite);
    const broken = this.select(below, this.num(NaN), size);
    const value = this.select(isWhole, ofSign, broken);
    return this.select(this.eq(exponent, zero), this.num(1), value);
  }
}

/** 1/first!, 1/(first + step)!, ... up to 1/last! */
function reciprocalFactorials(first: number, step: number, last: number): number[] {
  const result: number[] = [];
  let factorial = 1;
  for (let k = 0; k <= last; k++) {
    if (k > 0) factorial *= k;
    if (k >= first && (k - first) % step === 0) result.push(1 / factorial);
  }
  return result;
}

const alternating = (values: readonly number[]): number[] =>
  values.map((value, i) => (i % 2 === 0 ? value : -value));

export type WideFunction =
  "exp" | "expm1" | "log" | "sin" | "cos" | "tan" | "atan" | "atan2" | "pow" | "logistic";

/** The function of float32 values, as a float32 value. */
export function wideFunction(tape: TapeBuilder, fn: WideFunction, a: number, b: number): number {
  const wide = new Wide(tape);
  const x = tape.op("widen", a);
  const second = (): number => tape.op("widen", b);
  const result = (): number => {
    switch (fn) {
      case "atan":
        return wide.atan2(x, wide.num(1));
      case "atan2":
        return wide.atan2(x, second());
      case "pow":
        return wide.pow(x, second());
      case "logistic":
        return wide.div(wide.num(1), wide.add(wide.num(1), wide.exp(wide.neg(x))));
      default:
        return wide[fn](x);
    }
  };
  return tape.op("narrow", result());
}
