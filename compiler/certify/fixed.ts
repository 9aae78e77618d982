// Owns: the numbers of certificates: fixed-point numbers with 200 bits (60 digits) behind the point. Sums are exact,
// so what cancels cancels; a product costs a tenth of what a decimal of that length does.

import type { Field } from "../algebra/field.js";
import * as Q from "../algebra/rational.js";
import type { Rational } from "../algebra/rational.js";

const bits = 200n;
const one = 1n << bits;
/** Below this a number is rounding: 2^-150, about 1e-45. */
const noise = 1n << (bits - 150n);

const mul = (a: bigint, b: bigint): bigint => (a * b) >> bits;

/** Products are summed with all their bits and rounded once. */
export function convolved(a: readonly bigint[], b: readonly bigint[], n: number, first: number): bigint {
  let sum = 0n;
  for (let k = Math.max(first, n - b.length + 1); k <= n && k < a.length; k += 1) {
    const x = a[k] as bigint;
    const y = b[n - k] as bigint;
    if (x !== 0n && y !== 0n) sum += x * y;
  }
  return sum >> bits;
}

function div(a: bigint, b: bigint): bigint {
  if (b === 0n) throw new RangeError("division by zero");
  return (a << bits) / b;
}

const fromRational = (r: Rational): bigint => (r.n << bits) / r.d;
const fromNumber = (x: number): bigint => {
  if (!Number.isFinite(x)) throw new RangeError(`${x} is not a number of a certificate`);
  return fromRational(Q.fromDouble(x));
};

/** The double nearest to x (to a few units of its last place). */
function toNumber(x: bigint): number {
  const size = (x < 0n ? -x : x).toString(2).length;
  const drop = BigInt(Math.max(0, size - 64));
  return Number(x >> drop) * 2 ** (Number(drop) - Number(bits));
}

// Functions work with 64 more bits and round once.
const guard = 64n;
const wide = bits + guard;
const wideOne = 1n << wide;
const wideMul = (a: bigint, b: bigint): bigint => (a * b) >> wide;

/** artanh(1/n) by its series. */
function inverseArtanh(n: bigint): bigint {
  let power = wideOne / n;
  let sum = power;
  for (let k = 3n; power !== 0n; k += 2n) {
    power /= n * n;
    sum += power / k;
  }
  return sum;
}

const ln2 = 2n * inverseArtanh(3n);

function exp(x: bigint): bigint {
  const wideX = x << guard;
  const count = wideX / ln2;
  if (count > 4000n) throw new RangeError("the exponential of a large number");
  // e^x = 2^count (e^(rest/256))^256
  const rest = (wideX - count * ln2) >> 8n;
  let term = wideOne;
  let sum = wideOne;
  for (let k = 1n; term !== 0n && term !== -1n; k += 1n) {
    term = wideMul(term, rest) / k;
    sum += term;
  }
  for (let k = 0; k < 8; k += 1) sum = wideMul(sum, sum);
  return count >= 0n ? (sum << count) >> guard : sum >> (guard - count);
}

/** Newton's method for e^y = x from the double logarithm: each pass doubles the digits. */
function log(x: bigint): bigint {
  if (x <= 0n) throw new RangeError("the logarithm of a number that is not positive");
  const size = x.toString(2).length;
  const drop = BigInt(Math.max(0, size - 60));
  let y = fromNumber(Math.log(Number(x >> drop))) + (((drop - bits) * ln2) >> guard);
  for (let pass = 0; pass < 3; pass += 1) {
    const ratio = mul(x, exp(-y)) - one;
    y += ratio - mul(ratio, ratio) / 2n;
  }
  return y;
}

function sqrt(x: bigint): bigint {
  if (x < 0n) throw new RangeError("the square root of a negative number");
  if (x === 0n) return 0n;
  const target = x << bits;
  let root = 1n << BigInt(Math.ceil(target.toString(2).length / 2));
  for (;;) {
    const next = (root + target / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** sin and cos by their series at x/2^12, doubled back. */
function sineAndCosine(x: bigint): readonly [bigint, bigint] {
  const small = (x << guard) >> 12n;
  const square = wideMul(small, small);
  let s = 0n;
  let c = 0n;
  let term = wideOne;
  for (let k = 0n; term !== 0n && term !== -1n; k += 2n) {
    c += term;
    const odd = wideMul(term, small) / (k + 1n);
    s += odd;
    term = -wideMul(term, square) / ((k + 1n) * (k + 2n));
  }
  for (let k = 0; k < 12; k += 1) [s, c] = [2n * wideMul(s, c), wideMul(c, c) - wideMul(s, s)];
  return [s >> guard, c >> guard];
}

function pow(a: bigint, b: bigint): bigint {
  if (b % one === 0n) {
    let count = b / one;
    const negative = count < 0n;
    if (negative) count = -count;
    let result = one;
    let base = a;
    for (; count > 0n; count >>= 1n) {
      if (count & 1n) result = mul(result, base);
      base = mul(base, base);
    }
    return negative ? div(one, result) : result;
  }
  if (b * 2n === one) return sqrt(a);
  return exp(mul(b, log(a)));
}

export const fixedField: Field<bigint> = {
  zero: 0n,
  one,
  fromRational,
  fromNumber,
  toNumber,
  isZero: (x) => x < noise && x > -noise,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul,
  convolved,
  div,
  neg: (a) => -a,
  exp,
  log,
  sqrt,
  sin: (x) => sineAndCosine(x)[0],
  cos: (x) => sineAndCosine(x)[1],
  pow,
  epsilon: 2 ** -Number(bits),
};

/** arctan by Newton's method for sin(y) = x cos(y). */
export function arctan(x: bigint): bigint {
  let y = fromNumber(Math.atan(toNumber(x)));
  for (let pass = 0; pass < 3; pass += 1) {
    const [s, c] = sineAndCosine(y);
    y -= mul(s - mul(x, c), div(c, mul(c, c) + mul(s, s)));
  }
  return y;
}

export const pi = 4n * arctan(one);

/** Reproducible numbers in [-1, 1], multiples of 1/128, never close to 0. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 0x9e3779b9) >>> 0;
  }

  /** mulberry32 (T. Ettinger, public domain). */
  #next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  }

  /** A number of random sign, its size between 1/8 and 1. */
  value(): bigint {
    const size = 16 + Math.floor(this.#next() * 112);
    return (one / 128n) * BigInt(this.#next() < 0.5 ? -size : size);
  }

  /** A number between `low` and `high`, given in 128ths. */
  between(low: number, high: number): bigint {
    return (one / 128n) * BigInt(low + Math.floor(this.#next() * (high - low + 1)));
  }
}
