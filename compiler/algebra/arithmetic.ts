// Owns: sums, products and powers in canonical form: flat, ordered, like terms and like factors collected, rational
// constants folded exactly. Rules here are cheap and keep the value wherever the input has one over the reals.
// Products are not expanded over sums; simplify.ts does that.

import {
  compareExpr,
  half,
  isZero,
  makeFn,
  makeNum,
  makePower,
  makeProduct,
  makeReal,
  makeSum,
  minusOne,
  one,
  smallInteger,
  zero,
  type Expr,
  type Num,
} from "./node.js";
import * as Q from "./rational.js";
import { parseRational, rational, type Rational } from "./rational.js";

const rationalOne = rational(1);

/** A number: integers are exact, other doubles become `real`, strings are read as exact decimals. */
export function num(value: number | bigint | Rational | string): Expr {
  switch (typeof value) {
    case "number":
      return real(value);
    case "bigint":
      return makeNum(rational(value));
    case "string":
      return makeNum(parseRational(value));
    default:
      return makeNum(value);
  }
}

/** A double given from outside. Integers are exact either way and become ordinary numbers. */
export function real(value: number): Expr {
  return Number.isInteger(value) ? makeNum(rational(value)) : makeReal(value);
}

/** Splits `3*x*y` into 3 and `x*y`. */
export function splitCoefficient(e: Expr): readonly [Rational, Expr] {
  if (e.kind === "num") return [e.value, one];
  if (e.kind !== "product") return [rationalOne, e];
  const [first, ...rest] = e.factors;
  if (first?.kind !== "num") return [rationalOne, e];
  return [first.value, rest.length === 1 ? rest[0]! : makeProduct(rest)];
}

function scale(coefficient: Rational, e: Expr): Expr {
  if (Q.sign(coefficient) === 0) return zero;
  if (e === one) return makeNum(coefficient);
  if (Q.equals(coefficient, rationalOne)) return e;
  const c = makeNum(coefficient);
  return makeProduct(e.kind === "product" ? [c, ...e.factors] : [c, e]);
}

const isInfiniteReal = (e: Expr): boolean => e.kind === "real" && !Number.isFinite(e.value);

export function add(...terms: Expr[]): Expr {
  const collected = new Map<Expr, Rational>();
  let special: number | undefined; // the IEEE sum of infinities and NaN, which do not obey x - x = 0
  const visit = (e: Expr, factor: Rational): void => {
    if (isZero(e)) return;
    const [coefficient, rest] = splitCoefficient(e);
    const c = factor === rationalOne ? coefficient : Q.mul(factor, coefficient);
    if (rest.kind === "sum" && (c.n === 1n || c.n === -1n) && c.d === 1n) {
      for (const term of rest.terms) visit(term, c);
    } else if (rest.kind === "real" && !Number.isFinite(rest.value)) {
      special = (special ?? 0) + Q.sign(c) * rest.value;
    } else {
      const before = collected.get(rest);
      collected.set(rest, before === undefined ? c : Q.add(before, c));
    }
  };
  for (const term of terms) visit(term, rationalOne);
  const kept: Expr[] = [];
  for (const [rest, c] of collected) {
    if (Q.sign(c) === 0) continue;
    if (special !== undefined && (rest === one || rest.kind === "real")) continue;
    kept.push(rest);
  }
  kept.sort(compareExpr);
  const result = kept.map((rest) => scale(collected.get(rest)!, rest));
  if (special !== undefined) result.push(makeReal(special));
  if (result.length === 0) return zero;
  return result.length === 1 ? result[0]! : makeSum(result);
}

export function neg(e: Expr): Expr {
  return mul(minusOne, e);
}

export function sub(a: Expr, b: Expr): Expr {
  return add(a, neg(b));
}

export function div(a: Expr, b: Expr): Expr {
  return mul(a, pow(b, minusOne));
}

const isExp = (e: Expr): boolean => e.kind === "fn" && e.name === "exp";

export function mul(...factors: Expr[]): Expr {
  let coefficient = rationalOne;
  let special: number | undefined;
  const exponents = new Map<Expr, Expr[]>();
  const exponential: Expr[] = []; // exp(a)*exp(b) = exp(a + b): one factor, so that exp(u)/exp(u) cancels
  const visit = (e: Expr): void => {
    if (e.kind === "num") coefficient = Q.mul(coefficient, e.value);
    else if (e.kind === "product") e.factors.forEach(visit);
    else if (e.kind === "fn" && e.name === "exp") exponential.push(e.args[0]!);
    else if (e.kind === "real" && !Number.isFinite(e.value)) special = (special ?? 1) * e.value;
    else {
      const base = e.kind === "power" ? e.base : e;
      const exponent = e.kind === "power" ? e.exponent : one;
      const list = exponents.get(base);
      if (list === undefined) exponents.set(base, [exponent]);
      else list.push(exponent);
    }
  };
  factors.forEach(visit);
  if (Q.sign(coefficient) === 0) return zero;
  let kept: Expr[] = [];
  let again = false;
  const keep = (e: Expr): void => {
    if (e.kind === "num") coefficient = Q.mul(coefficient, e.value);
    else {
      // A merged factor may come back as a product (sqrt(8) is 2*sqrt(2)) or as a base that was already seen.
      if (e.kind === "product") again = true;
      kept.push(e);
    }
  };
  for (const [base, list] of exponents) {
    if (list.length === 1) kept.push(list[0] === one ? base : makePower(base, list[0]!));
    else {
      const merged = pow(base, add(...list));
      const plain = merged.kind === "power" ? merged.base : merged;
      if (plain !== base) again = true;
      keep(merged);
    }
  }
  if (exponential.length > 0) {
    const merged = exponential.length === 1 ? makeFn("exp", exponential) : expOf(add(...exponential));
    if (!isExp(merged)) again = true;
    keep(merged);
  }
  if (again) return mul(makeNum(coefficient), ...kept, ...(special === undefined ? [] : [makeReal(special)]));
  if (special !== undefined) {
    kept = [...kept.filter((e) => e.kind !== "real"), makeReal(special * Q.sign(coefficient))];
    coefficient = rationalOne;
  }
  if (kept.length === 0) return makeNum(coefficient);
  kept.sort(compareExpr);
  const rest = kept.length === 1 ? kept[0]! : makeProduct(kept);
  // -(a - b) is b - a: one form for both, and double negation disappears.
  if (rest.kind === "sum" && coefficient.n === -1n && coefficient.d === 1n) {
    return add(...rest.terms.map((t) => scale(Q.neg(splitCoefficient(t)[0]), splitCoefficient(t)[1])));
  }
  return scale(coefficient, rest);
}

const positives = new WeakMap<Expr, boolean>();

/** True only when the value is greater than 0 for all values of the symbols (those with data.positive being so). */
export function isPositive(e: Expr): boolean {
  let known = positives.get(e);
  if (known === undefined) positives.set(e, (known = findPositive(e)));
  return known;
}

function findPositive(e: Expr): boolean {
  switch (e.kind) {
    case "num":
      return e.value.n > 0n;
    case "real":
      return e.value > 0;
    case "sym":
      return e.data["positive"] === true;
    case "sum":
      return e.terms.every(isPositive);
    case "product":
      return e.factors.every(isPositive);
    case "power":
      return isPositive(e.base);
    case "fn":
      if (e.name === "exp" || e.name === "logistic" || e.name === "phi") return true;
      if (e.name === "min") return e.args.every(isPositive);
      if (e.name === "max") return e.args.some(isPositive);
      if (e.name === "where") return isPositive(e.args[1]!) && isPositive(e.args[2]!);
      return false;
    case "binder":
      return false;
    default:
      return e satisfies never;
  }
}

/** Bits a folded rational power may have; larger ones stay symbolic so that `2^(10^9)` costs nothing. */
const maxFoldedBits = 4096;

const bits = (r: Rational): number => Math.max(r.n.toString(2).length, r.d.toString(2).length);

export function pow(base: Expr, exponent: Expr): Expr {
  if (isZero(exponent)) return one;
  if (exponent === one) return base;
  if (base === one) return one;
  if (exponent.kind === "num") {
    if (base.kind === "num") return numPower(base, exponent);
    const n = smallInteger(exponent);
    if (isInfiniteReal(base))
      return real(Math.pow(base.kind === "real" ? base.value : 0, Q.toNumber(exponent.value)));
    if (base.kind === "product") return productPower(base.factors, exponent, n !== undefined);
  } else if (isZero(base)) {
    return isPositive(exponent) ? zero : makePower(base, exponent);
  }
  if (base.kind === "power" && powersMerge(base.base, base.exponent, exponent)) {
    return pow(base.base, mul(base.exponent, exponent));
  }
  if (base.kind === "fn" && base.name === "exp") return expOf(mul(base.args[0]!, exponent));
  return makePower(base, exponent);
}

/** Whether (x^a)^b = x^(a*b) wherever the left side has a value. Only an even a hides the sign of x: sqrt(x^2) = |x|. */
function powersMerge(x: Expr, a: Expr, b: Expr): boolean {
  if (isPositive(x)) return true;
  if (b.kind === "num" && b.value.d === 1n) return true;
  return a.kind === "num" && (a.value.d !== 1n || a.value.n % 2n !== 0n);
}

/** Integer powers go to every factor; others only to the factors known to be positive. */
function productPower(factors: readonly Expr[], exponent: Num, integer: boolean): Expr {
  if (integer) return mul(...factors.map((f) => pow(f, exponent)));
  const outside: Expr[] = [];
  const inside: Expr[] = [];
  for (const f of factors) {
    if (isPositive(f)) outside.push(pow(f, exponent));
    else if (f.kind === "num" && f.value.n !== -1n) {
      outside.push(pow(makeNum(Q.neg(f.value)), exponent));
      inside.push(minusOne);
    } else inside.push(f);
  }
  if (outside.length === 0) return makePower(makeProduct(inside), exponent);
  return mul(...outside, pow(mul(...inside), exponent));
}

function numPower(base: Num, exponent: Num): Expr {
  if (isZero(base)) return exponent.value.n > 0n ? zero : makeReal(Infinity);
  if (exponent.value.d === 1n) {
    const n = exponent.value.n;
    const size = n < 0n ? -n : n;
    if (size > BigInt(maxFoldedBits) || bits(base.value) * Number(size) > maxFoldedBits)
      return makePower(base, exponent);
    return makeNum(Q.pow(base.value, n));
  }
  if (base.value.n < 0n) return makePower(base, exponent);
  return rootOf(base.value, exponent.value);
}

/** b^(p/q) with the integer part of p/q and all q-th powers of small primes taken out: sqrt(8/3) = 2/3*sqrt(6). */
function rootOf(base: Rational, exponent: Rational): Expr {
  const whole = Q.floor(exponent);
  const part = Q.sub(exponent, rational(whole));
  if (part.d > 64n || bits(base) > 256) return makePower(makeNum(base), makeNum(exponent));
  const q = Number(part.d);
  const outside = Q.pow(base, whole);
  // (n/d)^(p/q) = (n^p * d^(q-p))^(1/q) / d, which leaves a root of an integer.
  const p = part.n;
  let radicand = base.n ** p * base.d ** (part.d - p);
  let taken = 1n;
  for (let prime = 2n; prime <= 1000n && prime ** part.d <= radicand; prime++) {
    const block = prime ** part.d;
    while (radicand % block === 0n) {
      radicand /= block;
      taken *= prime;
    }
  }
  const exact = exactRoot(radicand, q);
  const coefficient = Q.mul(outside, rational(taken * (exact ?? 1n), base.d));
  if (exact !== undefined) return makeNum(coefficient);
  const root = reducedRoot(radicand, q);
  return scale(coefficient, root);
}

/** radicand^(1/q), written with the smallest index: 4^(1/4) is 2^(1/2). */
function reducedRoot(radicand: bigint, q: number): Expr {
  for (let k = q - 1; k > 1; k--) {
    if (q % k !== 0) continue;
    const inner = exactRoot(radicand, k);
    if (inner !== undefined) return makePower(makeNum(rational(inner)), makeNum(rational(1, q / k)));
  }
  return makePower(makeNum(rational(radicand)), q === 2 ? half : makeNum(rational(1, q)));
}

function exactRoot(value: bigint, q: number): bigint | undefined {
  if (value === 1n) return 1n;
  const guess = Math.round(Math.pow(Number(value), 1 / q));
  if (!Number.isSafeInteger(guess)) return undefined;
  for (const candidate of [BigInt(guess), BigInt(guess) - 1n, BigInt(guess) + 1n]) {
    if (candidate > 0n && candidate ** BigInt(q) === value) return candidate;
  }
  return undefined;
}

/** exp with its rules: exp(0) = 1 and exp(c*log(x)) = x^c for rational c. It lives here because `pow` needs it. */
export function expOf(argument: Expr): Expr {
  if (isZero(argument)) return one;
  const [coefficient, rest] = splitCoefficient(argument);
  if (rest.kind === "fn" && rest.name === "log") return pow(rest.args[0]!, makeNum(coefficient));
  if (rest.kind === "real" && !Number.isFinite(rest.value)) {
    return real(Math.exp(rest.value * Q.sign(coefficient)));
  }
  return makeFn("exp", [argument]);
}
