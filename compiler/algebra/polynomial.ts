// Owns: polynomials with rational coefficients over expression atoms. Exponents are rational and may be negative, so
// sqrt(x) and 1/x are powers of x like any other. Sizes are bounded: work that would blow up throws TooLarge, and the
// caller keeps the expression as it was.

import { compareExpr, type Expr } from "./node.js";
import * as Q from "./rational.js";
import { rational, type Rational } from "./rational.js";

export class TooLarge extends Error {
  override readonly name = "TooLarge";
}

/** Beyond this number of terms a normal form helps nobody. */
const maxTerms = 600;

export interface Factor {
  readonly atom: Expr;
  readonly exponent: Rational;
}
/** Factors in canonical order of their atoms, no exponent 0. */
export interface Monomial {
  readonly key: string;
  readonly factors: readonly Factor[];
}
export interface Term {
  readonly monomial: Monomial;
  readonly c: Rational;
}
/** Terms by monomial key; no coefficient 0. */
export type Poly = ReadonlyMap<string, Term>;

const zeroQ = rational(0);
const oneQ = rational(1);

export function monomial(factors: readonly Factor[]): Monomial {
  const key = factors.map((f) => `${f.atom.id}^${Q.format(f.exponent)}`).join("*");
  return { key, factors };
}

export const unit: Monomial = monomial([]);

export function atomPower(atom: Expr, exponent: Rational = oneQ): Monomial {
  return Q.sign(exponent) === 0 ? unit : monomial([{ atom, exponent }]);
}

export function timesMonomial(a: Monomial, b: Monomial): Monomial {
  if (a.factors.length === 0) return b;
  if (b.factors.length === 0) return a;
  const factors: Factor[] = [];
  let i = 0;
  let j = 0;
  while (i < a.factors.length || j < b.factors.length) {
    const f = a.factors[i];
    const g = b.factors[j];
    const order = f === undefined ? 1 : g === undefined ? -1 : compareExpr(f.atom, g.atom);
    if (order < 0) {
      factors.push(f!);
      i++;
    } else if (order > 0) {
      factors.push(g!);
      j++;
    } else {
      const exponent = Q.add(f!.exponent, g!.exponent);
      if (Q.sign(exponent) !== 0) factors.push({ atom: f!.atom, exponent });
      i++;
      j++;
    }
  }
  return monomial(factors);
}

export function powerMonomial(a: Monomial, exponent: Rational): Monomial {
  if (Q.sign(exponent) === 0) return unit;
  return monomial(a.factors.map((f) => ({ atom: f.atom, exponent: Q.mul(f.exponent, exponent) })));
}

/** Lexicographic: the first atom with different exponents decides. A group order, so division terminates. */
export function compareMonomials(a: Monomial, b: Monomial): number {
  for (let i = 0; ; i++) {
    const f = a.factors[i];
    const g = b.factors[i];
    if (f === undefined && g === undefined) return 0;
    const order = f === undefined ? 1 : g === undefined ? -1 : compareExpr(f.atom, g.atom);
    if (order < 0) return Q.sign(f!.exponent);
    if (order > 0) return -Q.sign(g!.exponent);
    const byExponent = Q.compare(f!.exponent, g!.exponent);
    if (byExponent !== 0) return byExponent;
  }
}

export function fromTerms(terms: Iterable<Term>): Poly {
  const result = new Map<string, Term>();
  for (const t of terms) accumulate(result, t.monomial, t.c);
  return result;
}

function accumulate(into: Map<string, Term>, m: Monomial, c: Rational): void {
  const before = into.get(m.key);
  const sum = before === undefined ? c : Q.add(before.c, c);
  if (Q.sign(sum) === 0) into.delete(m.key);
  else into.set(m.key, { monomial: m, c: sum });
  if (into.size > maxTerms) throw new TooLarge();
}

export function constantPoly(c: Rational): Poly {
  return fromTerms([{ monomial: unit, c }]);
}

export const zeroPoly: Poly = new Map();
export const onePoly: Poly = constantPoly(oneQ);

export function monomialPoly(m: Monomial, c: Rational = oneQ): Poly {
  return fromTerms([{ monomial: m, c }]);
}

export function addPoly(a: Poly, b: Poly): Poly {
  const result = new Map(a);
  for (const t of b.values()) accumulate(result, t.monomial, t.c);
  return result;
}

export function scalePoly(a: Poly, c: Rational, m: Monomial = unit): Poly {
  if (Q.sign(c) === 0) return zeroPoly;
  const result = new Map<string, Term>();
  for (const t of a.values()) accumulate(result, timesMonomial(t.monomial, m), Q.mul(t.c, c));
  return result;
}

export function subPoly(a: Poly, b: Poly): Poly {
  return addPoly(a, scalePoly(b, rational(-1)));
}

export function mulPoly(a: Poly, b: Poly): Poly {
  if (a.size * b.size > maxTerms * 40) throw new TooLarge();
  const result = new Map<string, Term>();
  for (const s of a.values()) {
    for (const t of b.values()) accumulate(result, timesMonomial(s.monomial, t.monomial), Q.mul(s.c, t.c));
  }
  return result;
}

export function samePoly(a: Poly, b: Poly): boolean {
  if (a.size !== b.size) return false;
  for (const [key, t] of a) {
    const other = b.get(key);
    if (other === undefined || !Q.equals(other.c, t.c)) return false;
  }
  return true;
}

export function leading(a: Poly): Term {
  let best: Term | undefined;
  for (const t of a.values()) {
    if (best === undefined || compareMonomials(t.monomial, best.monomial) > 0) best = t;
  }
  if (best === undefined) throw new Error("the zero polynomial has no leading term");
  return best;
}

export interface Split {
  readonly c: Rational;
  readonly content: Monomial;
  readonly primitive: Poly;
}

/**
 * a = c * content * primitive, where the primitive part has coprime integer coefficients, a positive leading one, and
 * exponents whose smallest is 0 for every atom.
 */
export function split(a: Poly): Split {
  const terms = [...a.values()];
  if (terms.length === 0) return { c: zeroQ, content: unit, primitive: zeroPoly };
  const lowest = new Map<Expr, { exponent: Rational; count: number }>();
  let n = 0n;
  let d = 1n;
  for (const t of terms) {
    n = Q.gcdBigint(n, t.c.n);
    d = (d / Q.gcdBigint(d, t.c.d)) * t.c.d;
    for (const f of t.monomial.factors) {
      const known = lowest.get(f.atom);
      if (known === undefined) lowest.set(f.atom, { exponent: f.exponent, count: 1 });
      else {
        known.count++;
        if (Q.compare(f.exponent, known.exponent) < 0) known.exponent = f.exponent;
      }
    }
  }
  const factors: Factor[] = [];
  for (const [atom, { exponent, count }] of lowest) {
    // An atom that is missing from a term has exponent 0 there.
    const least = count < terms.length && Q.sign(exponent) > 0 ? zeroQ : exponent;
    if (Q.sign(least) !== 0) factors.push({ atom, exponent: least });
  }
  factors.sort((f, g) => compareExpr(f.atom, g.atom));
  const content = monomial(factors);
  let c = rational(n, d);
  if (Q.sign(leading(a).c) < 0) c = Q.neg(c);
  const primitive = scalePoly(a, Q.div(oneQ, c), powerMonomial(content, rational(-1)));
  return { c, content, primitive };
}

/** a/b when the division is exact, for polynomials without negative exponents. */
export function divideExactly(a: Poly, b: Poly): Poly | undefined {
  const lead = leading(b);
  const inverse = powerMonomial(lead.monomial, rational(-1));
  let rest = a;
  const quotient = new Map<string, Term>();
  for (let steps = 0; rest.size > 0; steps++) {
    if (steps > maxTerms) return undefined;
    const top = leading(rest);
    const m = timesMonomial(top.monomial, inverse);
    if (m.factors.some((f) => Q.sign(f.exponent) < 0)) return undefined;
    const c = Q.div(top.c, lead.c);
    accumulate(quotient, m, c);
    rest = subPoly(rest, scalePoly(b, c, m));
  }
  return quotient;
}

export function atomsOf(a: Poly): ReadonlySet<Expr> {
  const atoms = new Set<Expr>();
  for (const t of a.values()) for (const f of t.monomial.factors) atoms.add(f.atom);
  return atoms;
}

/** Coefficients by exponent of one atom; the coefficients are free of it. Keys are exponents in units of 1/scale. */
type Univariate = Map<number, Poly>;

function exponentScale(polys: readonly Poly[], atom: Expr): bigint {
  let scale = 1n;
  for (const p of polys) {
    for (const t of p.values()) {
      const d = t.monomial.factors.find((f) => f.atom === atom)?.exponent.d ?? 1n;
      scale = (scale / Q.gcdBigint(scale, d)) * d;
    }
  }
  return scale;
}

function inOneAtom(a: Poly, atom: Expr, scale: bigint): Univariate {
  const result: Univariate = new Map();
  for (const t of a.values()) {
    const f = t.monomial.factors.find((g) => g.atom === atom);
    const degree = f === undefined ? 0 : Number((f.exponent.n * scale) / f.exponent.d);
    const rest = monomial(t.monomial.factors.filter((g) => g !== f));
    result.set(degree, addPoly(result.get(degree) ?? zeroPoly, monomialPoly(rest, t.c)));
  }
  for (const [degree, c] of result) if (c.size === 0) result.delete(degree);
  return result;
}

function backFromAtom(u: Univariate, atom: Expr, scale: bigint): Poly {
  let result: Poly = zeroPoly;
  for (const [degree, c] of u) {
    result = addPoly(result, scalePoly(c, oneQ, atomPower(atom, rational(BigInt(degree), scale))));
  }
  return result;
}

const degreeOf = (u: Univariate): number => Math.max(-1, ...u.keys());

const maxGcdTerms = 120;
const maxGcdDegree = 24;

/**
 * The greatest common divisor of two primitive polynomials, by the primitive remainder sequence (Knuth, The Art of
 * Computer Programming 2, section 4.6.1). Where that would be too much work the answer is 1, which is always a common
 * divisor.
 */
export function gcdPoly(a: Poly, b: Poly): Poly {
  try {
    return gcdRecursive(a, b);
  } catch (error) {
    if (error instanceof TooLarge) return onePoly;
    throw error;
  }
}

function gcdRecursive(a: Poly, b: Poly): Poly {
  if (a.size === 0) return b;
  if (b.size === 0) return a;
  const inA = atomsOf(a);
  const inB = atomsOf(b);
  const shared = [...inA].filter((x) => inB.has(x));
  if (shared.length === 0) return onePoly;
  if (a.size > maxGcdTerms || b.size > maxGcdTerms) throw new TooLarge();
  // An atom that only one of them has cannot be in the divisor: only that one's coefficients matter.
  for (const [p, q, atoms, others] of [
    [a, b, inA, inB],
    [b, a, inB, inA],
  ] as const) {
    const lonely = [...atoms].find((x) => !others.has(x));
    if (lonely === undefined) continue;
    return contentOf(inOneAtom(p, lonely, exponentScale([p], lonely)), q);
  }
  const main = shared.sort(compareExpr)[0]!;
  const scale = exponentScale([a, b], main);
  let u = inOneAtom(a, main, scale);
  let v = inOneAtom(b, main, scale);
  if (degreeOf(u) > maxGcdDegree || degreeOf(v) > maxGcdDegree) throw new TooLarge();
  const contentU = contentOf(u);
  const contentV = contentOf(v);
  const content = gcdRecursive(contentU, contentV);
  u = divideAll(u, contentU);
  v = divideAll(v, contentV);
  if (degreeOf(u) < degreeOf(v)) [u, v] = [v, u];
  while (degreeOf(v) > 0) {
    const r = pseudoRemainder(u, v);
    if (r.size === 0) break;
    u = v;
    v = coprimeNumbers(divideAll(r, contentOf(r)));
  }
  const divisor = degreeOf(v) > 0 ? backFromAtom(v, main, scale) : onePoly;
  const whole = split(mulPoly(content, divisor));
  return scalePoly(whole.primitive, oneQ, whole.content);
}

function contentOf(u: Univariate, start: Poly = zeroPoly): Poly {
  let g = start;
  for (const c of u.values()) {
    const part = split(c);
    const poly = scalePoly(part.primitive, oneQ, part.content);
    g = gcdRecursive(g, poly);
    if (g.size === 1 && g.has(unit.key)) return onePoly;
  }
  return g;
}

function divideAll(u: Univariate, by: Poly): Univariate {
  if (by.size === 1 && by.has(unit.key)) return u;
  return new Map(
    [...u].map(([degree, c]) => {
      const quotient = divideExactly(c, by);
      if (quotient === undefined) throw new TooLarge();
      return [degree, quotient];
    }),
  );
}

/**
 * The same without the rational factor that all coefficients share. Contents are primitive polynomials, so dividing by them
 * leaves it, and from remainder to remainder its digits would double.
 */
function coprimeNumbers(u: Univariate): Univariate {
  let n = 0n;
  let d = 1n;
  for (const poly of u.values())
    for (const { c } of poly.values()) {
      n = Q.gcdBigint(n, c.n);
      d = (d / Q.gcdBigint(d, c.d)) * c.d;
    }
  const factor = rational(d, n);
  return new Map([...u].map(([degree, c]) => [degree, scalePoly(c, factor)]));
}

function pseudoRemainder(u: Univariate, v: Univariate): Univariate {
  const degree = degreeOf(v);
  const lead = v.get(degree)!;
  let rest = u;
  while (degreeOf(rest) >= degree) {
    const top = degreeOf(rest);
    const factor = rest.get(top)!;
    const next: Univariate = new Map();
    for (const [k, c] of rest) if (k !== top) next.set(k, mulPoly(c, lead));
    for (const [k, c] of v) {
      if (k === degree) continue;
      const shifted = k + top - degree;
      const value = subPoly(next.get(shifted) ?? zeroPoly, mulPoly(c, factor));
      if (value.size === 0) next.delete(shifted);
      else next.set(shifted, value);
    }
    rest = next;
    for (const c of rest.values()) if (c.size > maxGcdTerms * 4) throw new TooLarge();
  }
  return rest;
}
