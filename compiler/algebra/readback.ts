// Owns: the way from normal forms back to expressions.

import { add, mul, neg, num, pow, type Expr } from "./expr.js";
import { isPolynomial, type Fraction } from "./fraction.js";
import { makeNum } from "./node.js";
import {
  monomial,
  onePoly,
  samePoly,
  scalePoly,
  split,
  type Factor,
  type Monomial,
  type Poly,
} from "./polynomial.js";
import * as Q from "./rational.js";
import { rational, type Rational } from "./rational.js";

/** c * m as an expression. Roots of primes with one exponent are joined: sqrt(2)*sqrt(3) becomes sqrt(6). */
export function termExpression(m: Monomial, c: Rational): Expr {
  const roots = new Map<string, { base: Rational; readonly exponent: Rational }>();
  const factors: Expr[] = [makeNum(c)];
  for (const { atom, exponent } of m.factors) {
    if (atom.kind === "num") {
      const key = Q.format(exponent);
      const root = roots.get(key);
      if (root === undefined) roots.set(key, { base: atom.value, exponent });
      else root.base = Q.mul(root.base, atom.value);
    } else factors.push(pow(atom, makeNum(exponent)));
  }
  for (const { base, exponent } of roots.values()) factors.push(pow(makeNum(base), makeNum(exponent)));
  return mul(...factors);
}

/** The sum of the terms, with content and common rational factor in front. */
export function polyExpression(p: Poly): Expr {
  if (p.size === 0) return num(0);
  const { c, content, primitive } = split(p);
  return scaledSum(content, c, primitive);
}

/** c * m * p, where a negative c goes into the sum when that leaves fewer minus signs. */
function scaledSum(m: Monomial, c: Rational, p: Poly): Expr {
  const minuses = [...p.values()].filter((t) => t.c.n < 0n).length;
  if (c.n >= 0n || p.size === 1 || 2 * minuses < p.size) return mul(termExpression(m, c), plainSum(p));
  return mul(termExpression(m, Q.neg(c)), plainSum(scalePoly(p, rational(-1))));
}

/** The quotient as a sum of its terms, each over the whole denominator. */
export function expandedExpressionOf(f: Fraction): Expr {
  if (isPolynomial(f)) return plainSum(f.num);
  const below = pow(plainSum(f.den), num(-1));
  return add(...[...f.num.values()].map((t) => mul(termExpression(t.monomial, t.c), below)));
}

function plainSum(p: Poly): Expr {
  return add(...[...p.values()].map((t) => termExpression(t.monomial, t.c)));
}

/** The quotient as an expression. `normal` gives the normal form of a radicand. */
export function expressionOf(f: Fraction, normal: (radicand: Expr) => Fraction): Expr {
  if (f.num.size === 0) return num(0);
  if (isPolynomial(f)) return polyExpression(f.num);
  const { c, content, primitive } = split(f.num);
  // sqrt(R)/R was made from 1/sqrt(R), and reads better so.
  for (const root of content.factors) {
    const sign = isRoot(root) ? signAgainst(normal(root.atom), f.den) : 0;
    if (sign === 0) continue;
    const factors = content.factors.map((g) =>
      g === root ? { ...g, exponent: Q.sub(g.exponent, rational(1)) } : g,
    );
    const e = scaledSum(monomial(factors), c, primitive);
    return sign > 0 ? e : neg(e);
  }
  return mul(scaledSum(content, c, primitive), pow(plainSum(f.den), num(-1)));
}

const isRoot = (f: Factor): boolean => f.atom.kind === "sum" && f.exponent.d !== 1n;

/** 1 or -1 when the form is plus or minus the polynomial, else 0. */
function signAgainst(form: Fraction, p: Poly): -1 | 0 | 1 {
  if (!samePoly(form.den, onePoly)) return 0;
  if (samePoly(form.num, p)) return 1;
  return samePoly(scalePoly(form.num, rational(-1)), p) ? -1 : 0;
}
