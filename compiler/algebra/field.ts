// Owns: the number systems series are computed over: exact rationals, 50-digit decimals, doubles. Functions that would leave
// a field exactly (exp of a nonzero rational) throw a RangeError there instead of rounding quietly.

import { Decimal } from "decimal.js";
import * as Q from "./rational.js";
import { rational, type Rational } from "./rational.js";

export interface Field<T> {
  readonly zero: T;
  readonly one: T;
  fromRational(r: Rational): T;
  /** The value of a double, exactly where the field can hold it. */
  fromNumber(x: number): T;
  toNumber(x: T): number;
  isZero(x: T): boolean;
  add(a: T, b: T): T;
  sub(a: T, b: T): T;
  mul(a: T, b: T): T;
  /**
   * The sum of a[k] b[n - k] over `first` <= k <= n, where both lists have an element; for fields that are quicker at it
   * than term by term.
   */
  convolved?(a: readonly T[], b: readonly T[], n: number, first: number): T;
  div(a: T, b: T): T;
  neg(a: T): T;
  exp(a: T): T;
  log(a: T): T;
  sqrt(a: T): T;
  sin(a: T): T;
  cos(a: T): T;
  /** a^b for a > 0, and for any a when b is an integer. */
  pow(a: T, b: T): T;
  /** A term below this size relative to 1 is lost in rounding; 0 for exact fields. */
  readonly epsilon: number;
}

function onlyAt(name: string, point: Rational, value: Rational): (x: Rational) => Rational {
  return (x) => {
    if (Q.equals(x, point)) return value;
    throw new RangeError(`${name}(${Q.format(x)}) is not a rational number`);
  };
}

function integerRoot(x: bigint): bigint | undefined {
  if (x < 0n) return undefined;
  if (x < 2n) return x;
  // Newton's iteration from above, in integers.
  let r = 1n << BigInt(Math.ceil(x.toString(2).length / 2));
  for (;;) {
    const next = (r + x / r) / 2n;
    if (next >= r) break;
    r = next;
  }
  return r * r === x ? r : undefined;
}

const zero = rational(0);
const one = rational(1);

export const rationalField: Field<Rational> = {
  zero,
  one,
  fromRational: (r) => r,
  fromNumber: Q.fromDouble,
  toNumber: Q.toNumber,
  isZero: (x) => Q.sign(x) === 0,
  add: Q.add,
  sub: Q.sub,
  mul: Q.mul,
  div: Q.div,
  neg: Q.neg,
  exp: onlyAt("exp", zero, one),
  log: onlyAt("log", one, zero),
  sin: onlyAt("sin", zero, zero),
  cos: onlyAt("cos", zero, one),
  sqrt: (x) => {
    const n = integerRoot(x.n);
    const d = integerRoot(x.d);
    if (n === undefined || d === undefined)
      throw new RangeError(`sqrt(${Q.format(x)}) is not a rational number`);
    return rational(n, d);
  },
  pow: (a, b) => {
    if (Q.isInteger(b)) return Q.pow(a, b.n);
    if (b.d === 2n) return Q.pow(rationalField.sqrt(a), b.n);
    throw new RangeError(`(${Q.format(a)})^(${Q.format(b)}) is not known to be rational`);
  },
  epsilon: 0,
};

const digits = 50;

/** A private copy of the constructor: its settings cannot be changed by other users of the library. */
const Digits = Decimal.clone({ precision: digits, rounding: Decimal.ROUND_HALF_EVEN, defaults: true });

export type { Decimal };

export const decimalField: Field<Decimal> = {
  zero: new Digits(0),
  one: new Digits(1),
  fromRational: (r) => new Digits(r.n.toString()).div(r.d.toString()),
  // `new Decimal(x)` reads the shortest decimal text of a double, which is not its value.
  fromNumber: (x) => decimalField.fromRational(Q.fromDouble(x)),
  toNumber: (x) => x.toNumber(),
  isZero: (x) => x.isZero(),
  add: (a, b) => a.add(b),
  sub: (a, b) => a.sub(b),
  mul: (a, b) => a.mul(b),
  div: (a, b) => a.div(b),
  neg: (a) => a.neg(),
  exp: (a) => a.exp(),
  log: (a) => a.ln(),
  sqrt: (a) => a.sqrt(),
  sin: (a) => a.sin(),
  cos: (a) => a.cos(),
  pow: (a, b) => a.pow(b),
  epsilon: 10 ** -digits,
};

export const numberField: Field<number> = {
  zero: 0,
  one: 1,
  fromRational: Q.toNumber,
  fromNumber: (x) => x,
  toNumber: (x) => x,
  isZero: (x) => x === 0,
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  neg: (a) => -a,
  exp: Math.exp,
  log: Math.log,
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
  pow: Math.pow,
  epsilon: Number.EPSILON / 4,
};
