// Owns: how an expression is read by people: what stands above and below a fraction bar, which term comes first. Both
// printers use it, so text and LaTeX always agree on the shape.

import { mul, neg, num, one, pow, rationalValue, splitCoefficient, type Expr, type Fn } from "./expr.js";
import * as Q from "./rational.js";

/** A product as +-(numerator/denominator) * above / below. */
export interface Fraction {
  readonly negative: boolean;
  readonly numerator: bigint;
  readonly denominator: bigint;
  readonly above: readonly Expr[];
  readonly below: readonly Expr[];
}

/** A term with its sign apart. */
export interface SignedTerm {
  readonly negative: boolean;
  readonly magnitude: Expr;
}

export function fractionOf(e: Expr): Fraction {
  const [c, rest] = splitCoefficient(e);
  const above: Expr[] = [];
  const below: Expr[] = [];
  for (const f of rest.kind === "product" ? rest.factors : rest === one ? [] : [rest]) {
    if (f.kind === "power" && isNegative(f.exponent)) below.push(pow(f.base, neg(f.exponent)));
    else above.push(f);
  }
  const negative = c.n < 0n;
  return { negative, numerator: negative ? -c.n : c.n, denominator: c.d, above, below };
}

function isNegative(e: Expr): boolean {
  if (e.kind === "real") return e.value < 0;
  if (e.kind === "sum") return false;
  return splitCoefficient(e)[0].n < 0n;
}

export function signed(e: Expr): SignedTerm {
  if (e.kind === "real")
    return e.value < 0 ? { negative: true, magnitude: num(-e.value) } : { negative: false, magnitude: e };
  const [c, rest] = splitCoefficient(e);
  if (c.n >= 0n) return { negative: false, magnitude: e };
  return { negative: true, magnitude: mul(num(Q.neg(c)), rest) };
}

function isConstant(e: Expr): boolean {
  return rationalValue(e) !== undefined || e.kind === "real";
}

/** Arguments in reading order: a symmetric relation has its constant on the right, `x == 0`. */
export function relationSides(e: Fn): readonly Expr[] {
  const [a, b] = e.args;
  const turn = (e.name === "eq" || e.name === "ne") && isConstant(a!) && !isConstant(b!);
  return turn ? [b!, a!] : e.args;
}

/** Terms in reading order: constants last, but a positive term in front where there is one. */
export function termsInOrder(terms: readonly Expr[]): readonly SignedTerm[] {
  const ordered = [...terms.filter((t) => !isConstant(t)), ...terms.filter(isConstant)].map(signed);
  const first = ordered.findIndex((t) => !t.negative);
  if (first <= 0) return ordered;
  return [ordered[first]!, ...ordered.slice(0, first), ...ordered.slice(first + 1)];
}

/** sqrt(x) for x^(1/2), else undefined. */
export function squareRoot(e: Expr): Expr | undefined {
  if (e.kind !== "power") return undefined;
  const exponent = rationalValue(e.exponent);
  return exponent?.n === 1n && exponent.d === 2n ? e.base : undefined;
}

export const infix: ReadonlyMap<string, string> = new Map([
  ["lt", "<"],
  ["le", "<="],
  ["eq", "=="],
  ["ne", "!="],
]);
