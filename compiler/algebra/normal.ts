// Owns: the normal form of an expression as a quotient of polynomials over atoms. Exponentials and powers split over
// sums in their exponents (exp(a + b) = exp(a)*exp(b)), logarithms over positive factors, roots over positive factors;
// all other functions are atoms with normalized arguments. Radicands are atoms too, with exponents kept in [0, 1).

import { binder, fn, isPositive, mul, neg, num, one, pow, type Binder, type Expr, type Fn } from "./expr.js";
import {
  addFractions,
  atomFraction,
  constantFraction,
  constantOf,
  integerPower,
  invert,
  isPolynomial,
  monomialFraction,
  multiply,
  oneFraction,
  type Fraction,
} from "./fraction.js";
import { dependsOn, makeFn, makeNum, makePower } from "./node.js";
import {
  atomPower,
  monomial,
  split,
  TooLarge,
  unit,
  type Factor,
  type Monomial,
  type Poly,
} from "./polynomial.js";
import * as Q from "./rational.js";
import { fromDouble, rational, type Rational } from "./rational.js";
import { expandedExpressionOf, expressionOf, polyExpression, termExpression } from "./readback.js";
import { applyDefinition, powerRuleFor, type Mode } from "./rules.js";

const zeroQ = rational(0);
const oneQ = rational(1);

/** Computes normal forms in one mode and remembers them as long as the expressions live. */
export class Normalizer {
  private readonly known = new WeakMap<Expr, Fraction>();

  constructor(private readonly mode: Mode) {}

  /** Throws TooLarge when the form would be too big, or when the expression contains NaN, infinities or 1/0. */
  of(e: Expr): Fraction {
    let f = this.known.get(e);
    if (f === undefined) this.known.set(e, (f = this.compute(e)));
    return f;
  }

  expression(e: Expr): Expr {
    return expressionOf(this.of(e), (radicand) => this.of(radicand));
  }

  /** The form term by term, `sigma/alpha - 1` rather than `(sigma - alpha)/alpha`. */
  expandedExpression(e: Expr): Expr {
    return expandedExpressionOf(this.of(e));
  }

  private compute(e: Expr): Fraction {
    switch (e.kind) {
      case "num":
        return constantFraction(e.value);
      case "real":
        if (!Number.isFinite(e.value)) throw new TooLarge();
        return this.mode === "proof" ? constantFraction(fromDouble(e.value)) : atomFraction(e);
      case "sym":
        return atomFraction(e);
      case "sum":
        return this.reduce(addFractions(e.terms.map((t) => this.of(t))));
      case "product":
        return e.factors.map((f) => this.of(f)).reduce((f, g) => this.reduce(multiply(f, g)));
      case "power":
        return this.power(this.of(e.base), this.of(e.exponent));
      case "fn":
        return this.fn(e);
      case "binder":
        return this.binder(e);
      default:
        return e satisfies never;
    }
  }

  private fn(e: Fn): Fraction {
    const definition = applyDefinition(e, this.mode);
    if (definition !== undefined) return this.of(definition);
    if (e.name === "exp") return this.exponential(this.of(e.args[0]!));
    if (e.name === "log") return this.logarithm(this.of(e.args[0]!));
    const rebuilt = fn(e.name, ...e.args.map((a) => this.expression(a)));
    if (rebuilt === e || (rebuilt.kind === "fn" && rebuilt.name === e.name)) return atomFraction(rebuilt);
    return this.of(rebuilt);
  }

  /** Factors of an integrand that do not depend on the variable move out. */
  private binder(e: Binder): Fraction {
    const from = this.expression(e.from);
    const to = this.expression(e.to);
    const body = this.of(e.body);
    const rebuild = (inside: Expr): Fraction => {
      const made = binder(e.name, e.variable, inside, from, to);
      return made.kind === "binder" ? atomFraction(made) : this.of(made);
    };
    if (e.name === "root" || body.num.size === 0) return rebuild(this.expression(e.body));
    const { c, content, primitive } = split(body.num);
    const outside = monomial(content.factors.filter((f) => !dependsOn(f.atom, e.variable)));
    const inside = monomial(content.factors.filter((f) => dependsOn(f.atom, e.variable)));
    const integrand = mul(
      termExpression(inside, oneQ),
      polyExpression(primitive),
      pow(polyExpression(body.den), num(-1)),
    );
    return this.reduce(multiply(monomialFraction(outside, c), rebuild(integrand)));
  }

  /** Terms c*m of an exponent, with m as an expression. */
  private exponentTerms(
    exponent: Fraction,
  ): { readonly c: Rational; readonly m: Monomial; readonly den: Poly }[] {
    return [...exponent.num.values()].map((t) => ({ c: t.c, m: t.monomial, den: exponent.den }));
  }

  private exponential(exponent: Fraction): Fraction {
    let result = oneFraction;
    for (const { c, m, den } of this.exponentTerms(exponent)) {
      const log = m.factors.find(
        (f) => f.atom.kind === "fn" && f.atom.name === "log" && Q.equals(f.exponent, oneQ),
      );
      let factor: Fraction;
      if (log?.atom.kind === "fn") {
        const rest = monomial(m.factors.filter((f) => f !== log));
        const power = multiply(monomialFraction(rest, c), invert({ num: den, den: oneFraction.den }));
        factor = this.power(this.of(log.atom.args[0]!), power);
      } else {
        const argument = mul(termExpression(m, oneQ), pow(polyExpression(den), num(-1)));
        factor = atomFraction(makeFn("exp", [argument]), c);
      }
      result = this.reduce(multiply(result, factor));
    }
    return result;
  }

  private power(base: Fraction, exponent: Fraction): Fraction {
    const constant = constantOf(exponent);
    if (constant === undefined) return this.symbolicPower(base, exponent);
    if (constant.d === 1n) return this.reduce(integerPower(base, constant.n));
    if (base.num.size === 0) {
      if (Q.sign(constant) > 0) return base;
      throw new TooLarge();
    }
    const { outside, inside } = this.pieces(base);
    let result = outside.reduce((f, p) => multiply(f, this.pieceToRational(p, constant)), oneFraction);
    if (inside !== undefined) result = multiply(result, atomFraction(inside, constant));
    return this.reduce(result);
  }

  /** piece^r for a piece that is positive. */
  private pieceToRational(p: Factor, r: Rational): Fraction {
    return monomialFraction(atomPower(p.atom, Q.mul(p.exponent, r)));
  }

  /**
   * The factors of a quotient that are known to be positive (given that the whole is not negative), and the product
   * of the others, if any. Numbers come as powers of primes, even powers of unknown atoms as powers of |atom|.
   */
  private pieces(f: Fraction): { readonly outside: Factor[]; readonly inside: Expr | undefined } {
    const { c, content, primitive } = split(f.num);
    const outside: Factor[] = [...primePowers(c.n < 0n ? Q.neg(c) : c)];
    const unknown: Factor[] = [];
    for (const factor of content.factors) {
      const even = factor.exponent.d === 1n && factor.exponent.n % 2n === 0n;
      if (factor.exponent.d !== 1n || isPositive(factor.atom)) outside.push(factor);
      else if (even) outside.push({ atom: fn("abs", factor.atom), exponent: factor.exponent });
      else unknown.push(factor);
    }
    for (const [poly, exponent] of [
      [primitive, oneQ],
      [f.den, rational(-1)],
    ] as const) {
      if (poly.size === 1) continue;
      const atom = polyExpression(poly);
      (isPositive(atom) ? outside : unknown).push({ atom, exponent });
    }
    const [only] = unknown;
    if (only !== undefined && unknown.length === 1 && c.n > 0n)
      return { outside: [...outside, only], inside: undefined };
    if (only === undefined && c.n > 0n) return { outside, inside: undefined };
    const product = mul(...unknown.map((u) => pow(u.atom, makeNum(u.exponent))));
    return { outside, inside: c.n < 0n ? neg(product) : product };
  }

  /** base^exponent for an exponent with symbols: one atom per base factor and exponent term. */
  private symbolicPower(base: Fraction, exponent: Fraction): Fraction {
    if (base.num.size === 0) throw new TooLarge();
    const { c, content, primitive } = split(base.num);
    const allPositive =
      c.n > 0n &&
      content.factors.every((f) => isPositive(f.atom)) &&
      isPositive(polyExpression(primitive)) &&
      isPositive(polyExpression(base.den));
    const bases = allPositive
      ? this.pieces(base).outside
      : [{ atom: expressionOf(base, (r) => this.of(r)), exponent: oneQ }];
    let result = oneFraction;
    for (const b of bases) {
      for (const { c: coefficient, m, den } of this.exponentTerms(exponent)) {
        const total = Q.mul(coefficient, b.exponent);
        const constantTerm = m === unit || m.factors.length === 0;
        let factor: Fraction;
        if (constantTerm && isOne(den)) factor = this.power(this.of(b.atom), constantFraction(total));
        else {
          // (x^n)^(1/2) is not x^(n/2) for an x of unknown sign, so a fraction stays inside the exponent there.
          const stays = allPositive ? oneQ : rational(1n, total.d);
          const inner = mul(termExpression(m, stays), pow(polyExpression(den), num(-1)));
          const made = pow(b.atom, inner);
          const by = Q.div(total, stays);
          factor =
            made.kind === "power"
              ? atomFraction(makePower(made.base, made.exponent), by)
              : this.power(this.of(made), constantFraction(by));
        }
        result = this.reduce(multiply(result, factor));
      }
    }
    return result;
  }

  private logarithm(argument: Fraction): Fraction {
    if (argument.num.size === 0) throw new TooLarge();
    const { outside, inside } = this.pieces(argument);
    const terms = outside.map((p) => multiply(constantFraction(p.exponent), this.logOfAtom(p.atom)));
    if (inside !== undefined) terms.push(atomFraction(makeFn("log", [inside])));
    return this.reduce(addFractions(terms));
  }

  private logOfAtom(atom: Expr): Fraction {
    if (atom.kind === "fn" && atom.name === "exp") return this.of(atom.args[0]!);
    if (atom.kind === "power") return multiply(this.of(atom.exponent), this.of(fn("log", atom.base)));
    // A radicand that is itself a product (its factors have unknown signs) stays whole.
    return atom === one ? constantFraction(rational(0)) : atomFraction(makeFn("log", [atom]));
  }

  /** Brings radicand exponents into [0, 1) and applies the power rules. */
  private reduce(f: Fraction): Fraction {
    let current = f;
    for (let round = 0; round < 12; round++) {
      const num = this.reducePoly(current.num);
      const den = this.reducePoly(current.den);
      if (num === undefined && den === undefined) return current;
      const above = num ?? { num: current.num, den: oneFraction.den };
      const below = den ?? { num: current.den, den: oneFraction.den };
      current = multiply(above, invert(below));
    }
    throw new TooLarge();
  }

  private reducePoly(p: Poly): Fraction | undefined {
    const { content } = split(p);
    const shared = new Map(content.factors.map((f) => [f.atom, f.exponent]));
    const terms: Fraction[] = [];
    let changed = false;
    for (const t of p.values()) {
      let rest = monomialFraction(unit, t.c);
      const kept: Factor[] = [];
      for (const f of t.monomial.factors) {
        const replaced = this.reducePower(f, p.size > 1 ? (shared.get(f.atom) ?? zeroQ) : f.exponent);
        if (replaced === undefined) kept.push(f);
        else {
          changed = true;
          rest = multiply(rest, replaced);
        }
      }
      terms.push(multiply(rest, monomialFraction(monomial(kept))));
    }
    return changed ? addFractions(terms) : undefined;
  }

  /** The replacement of one power, or undefined when it is reduced. `shared` is its part in the content of the sum. */
  private reducePower({ atom, exponent }: Factor, shared: Rational): Fraction | undefined {
    if (isRadicand(atom)) {
      const whole = Q.floor(exponent);
      if (whole === 0n) return undefined;
      const value = atom.kind === "num" ? constantFraction(atom.value) : this.of(atom);
      return multiply(integerPower(value, whole), atomFraction(atom, Q.sub(exponent, rational(whole))));
    }
    const rule = powerRuleFor(atom);
    if (rule === undefined || atom.kind !== "fn" || exponent.d !== 1n) return undefined;
    const degree = BigInt(rule.degree);
    const kept = rule.onlyInSums ? shared : zeroQ;
    const free = Q.sub(exponent, kept).n;
    if (kept.d !== 1n || free < degree) return undefined;
    const times = free / degree;
    return multiply(
      integerPower(this.of(rule.rewrite(atom)), times),
      atomFraction(atom, Q.sub(exponent, rational(times * degree))),
    );
  }
}

/** Sums, products and numbers are never atoms by themselves, only as what a root is taken of. */
function isRadicand(atom: Expr): boolean {
  return atom.kind === "sum" || atom.kind === "product" || atom.kind === "num";
}

const isOne = (p: Poly): boolean => isPolynomial({ num: p, den: p });

/** A positive rational as powers of primes; what has no small prime factor stays whole. */
function primePowers(c: Rational): Factor[] {
  const exponents = new Map<bigint, bigint>();
  for (const [part, sign] of [
    [c.n, 1n],
    [c.d, -1n],
  ] as const) {
    let left = part;
    for (let p = 2n; p <= 1000n && p * p <= left; p++) {
      for (; left % p === 0n; left /= p) exponents.set(p, (exponents.get(p) ?? 0n) + sign);
    }
    if (left > 1n) exponents.set(left, (exponents.get(left) ?? 0n) + sign);
  }
  return [...exponents].map(([p, e]) => ({ atom: makeNum(rational(p)), exponent: rational(e) }));
}
