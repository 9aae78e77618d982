// Owns: quotients of polynomials in lowest terms, the values normal forms are computed in. The denominator is
// primitive with a positive leading coefficient; monomials and rational factors live in the numerator.

import {
  addPoly,
  atomPower,
  constantPoly,
  divideExactly,
  gcdPoly,
  monomialPoly,
  mulPoly,
  onePoly,
  powerMonomial,
  samePoly,
  scalePoly,
  split,
  timesMonomial,
  TooLarge,
  unit,
  zeroPoly,
  type Monomial,
  type Poly,
} from "./polynomial.js";
import type { Expr } from "./node.js";
import * as Q from "./rational.js";
import { rational, type Rational } from "./rational.js";

export interface Fraction {
  readonly num: Poly;
  readonly den: Poly;
}

export const zeroFraction: Fraction = { num: zeroPoly, den: onePoly };
export const oneFraction: Fraction = { num: onePoly, den: onePoly };

export function constantFraction(c: Rational): Fraction {
  return { num: constantPoly(c), den: onePoly };
}

export function atomFraction(atom: Expr, exponent: Rational = rational(1)): Fraction {
  return { num: monomialPoly(atomPower(atom, exponent)), den: onePoly };
}

export function monomialFraction(m: Monomial, c: Rational = rational(1)): Fraction {
  return { num: monomialPoly(m, c), den: onePoly };
}

const isOnePoly = (p: Poly): boolean => samePoly(p, onePoly);

export function isPolynomial(f: Fraction): boolean {
  return isOnePoly(f.den);
}

/** The rational number a fraction is, if it is one. */
export function constantOf(f: Fraction): Rational | undefined {
  if (f.num.size === 0) return rational(0);
  if (!isOnePoly(f.den) || f.num.size !== 1) return undefined;
  return f.num.get(unit.key)?.c;
}

/** num/den in lowest terms. Throws TooLarge on a zero denominator: such an expression stays as it was written. */
export function quotient(num: Poly, den: Poly): Fraction {
  if (den.size === 0) throw new TooLarge();
  if (num.size === 0) return zeroFraction;
  if (isOnePoly(den)) return { num, den };
  const above = split(num);
  const below = split(den);
  const c = Q.div(above.c, below.c);
  const content = timesMonomial(above.content, powerMonomial(below.content, rational(-1)));
  let p = above.primitive;
  let q = below.primitive;
  if (p.size > 1 && q.size > 1) {
    const g = gcdPoly(p, q);
    const reducedP = divideExactly(p, g);
    const reducedQ = divideExactly(q, g);
    if (reducedP !== undefined && reducedQ !== undefined) [p, q] = [reducedP, reducedQ];
  }
  // Dividing by the common factor may leave a denominator with a negative leading coefficient or with content.
  const rest = split(q);
  const factor = Q.div(c, rest.c);
  return {
    num: scalePoly(p, factor, timesMonomial(content, powerMonomial(rest.content, rational(-1)))),
    den: rest.primitive,
  };
}

export function addFractions(list: readonly Fraction[]): Fraction {
  const byDenominator: { num: Poly; readonly den: Poly }[] = [];
  for (const f of list) {
    const same = byDenominator.find((g) => samePoly(g.den, f.den));
    if (same === undefined) byDenominator.push({ ...f });
    else same.num = addPoly(same.num, f.num);
  }
  let sum = zeroFraction;
  for (const f of byDenominator) {
    if (sum.num.size === 0) sum = quotient(f.num, f.den);
    else {
      const g = isOnePoly(sum.den) || isOnePoly(f.den) ? onePoly : gcdPoly(sum.den, f.den);
      const left = divideExactly(sum.den, g) ?? sum.den;
      const right = divideExactly(f.den, g) ?? f.den;
      const num = addPoly(mulPoly(sum.num, right), mulPoly(f.num, left));
      sum = quotient(num, mulPoly(sum.den, right));
    }
  }
  return sum;
}

export function multiply(f: Fraction, g: Fraction): Fraction {
  return quotient(mulPoly(f.num, g.num), mulPoly(f.den, g.den));
}

export function invert(f: Fraction): Fraction {
  return quotient(f.den, f.num);
}

/** Powers of sums beyond this stay unexpanded. */
const maxExpandedPower = 16;

export function integerPower(f: Fraction, n: bigint): Fraction {
  if (n < 0n) return integerPower(invert(f), -n);
  if (n === 0n) return oneFraction;
  if (f.num.size <= 1 && isPolynomial(f)) {
    const [term] = f.num.values();
    if (term === undefined) return zeroFraction;
    if (n > 4096n && !Q.equals(term.c, rational(1))) throw new TooLarge();
    return monomialFraction(powerMonomial(term.monomial, rational(n)), Q.pow(term.c, n));
  }
  if (n > BigInt(maxExpandedPower)) throw new TooLarge();
  let result = f;
  for (let i = 1n; i < n; i++) result = { num: mulPoly(result.num, f.num), den: mulPoly(result.den, f.den) };
  return quotient(result.num, result.den);
}
