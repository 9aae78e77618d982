// Owns: closed forms of integrals that schedules need: polynomials, exp, sin, cos and tan of affine arguments, powers of
// affine bases and of constants, rational functions (rationalFunction.ts), products of a polynomial with these (by parts),
// and f(u) u' (the substitution rule). What is found is checked by its derivative; undefined means that no closed form was
// found.

import { diff } from "../algebra/diff.js";
import { evaluate } from "../algebra/evaluate.js";
import {
  add,
  binder,
  children,
  constant,
  dependsOn,
  div,
  fn,
  isZero,
  mul,
  neg,
  num,
  one,
  pow,
  rationalValue,
  rebuild,
  sub,
  substitute,
  sym,
  symbols,
  type Expr,
  type Sym,
} from "../algebra/expr.js";
import { normalForm, proveEqual, simplify } from "../algebra/simplify.js";
import { ofQuadratic, partialFractions } from "./rationalFunction.js";

/** An F with F' = e, or undefined. */
export function antiderivative(e: Expr, t: Sym): Expr | undefined {
  const found = search(prepared(e, t), t, 0);
  return found && holds(found, e, t) ? found : undefined;
}

const deepest = 12;
const half = num("0.5");

/**
 * tan(u) as sin(u)/cos(u), which cancels against the powers of both, and a^u as exp(u log(a)), of which small differences keep
 * their digits.
 */
function prepared(e: Expr, t: Sym): Expr {
  const parts = children(e);
  if (parts.length === 0) return e;
  if (e.kind === "power" && !dependsOn(e.base, t) && dependsOn(e.exponent, t))
    return fn("exp", mul(prepared(e.exponent, t), fn("log", e.base)));
  const ready = parts.map((part, i) => (e.kind === "binder" && i === 0 ? part : prepared(part, t)));
  const [u] = ready;
  if (e.kind === "fn" && e.name === "tan" && u) return div(fn("sin", u), fn("cos", u));
  return ready.every((part, i) => part === parts[i]) ? e : rebuild(e, ready);
}

function search(e: Expr, t: Sym, depth: number): Expr | undefined {
  if (depth > deepest) return undefined;
  if (!dependsOn(e, t)) return mul(e, t);
  if (e === t) return div(pow(t, num(2)), num(2));
  switch (e.kind) {
    case "sum": {
      const parts = e.terms.map((term) => search(term, t, depth + 1));
      if (parts.every((part) => part !== undefined)) return add(...parts);
      return expanded(e, t, depth);
    }
    case "product":
      return ofProduct(e.factors, e, t, depth);
    default:
      return (
        ofFactor(e, t) ??
        substitution([e], t) ??
        rational([e], t, depth) ??
        inner(e, t, depth) ??
        expanded(e, t, depth)
      );
  }
}

/** The same written out as a sum of powers, tried once. */
function expanded(e: Expr, t: Sym, depth: number): Expr | undefined {
  const form = normalForm(e, "exponential");
  return form === undefined || form === e || depth > 2 ? undefined : search(form, t, depth + 3);
}

/** a in u = a t + b, when u is affine. */
function slopeOf(u: Expr, t: Sym): Expr | undefined {
  const slope = simplify(diff(u, t));
  return dependsOn(slope, t) || isZero(slope) ? undefined : slope;
}

/** Antiderivative by the outer function's own argument: F(u) with F' = the function. */
function outer(e: Expr): { readonly u: Expr; readonly F: Expr } | undefined {
  if (e.kind === "power") {
    const exponent = rationalValue(e.exponent);
    if (!exponent) return undefined;
    const next = add(e.exponent, one);
    return { u: e.base, F: isZero(next) ? fn("log", fn("abs", e.base)) : div(pow(e.base, next), next) };
  }
  if (e.kind !== "fn" || e.args.length !== 1) return undefined;
  const u = e.args[0] as Expr;
  switch (e.name) {
    case "exp":
      return { u, F: e };
    case "expm1":
      return { u, F: sub(e, u) };
    case "sin":
      return { u, F: neg(fn("cos", u)) };
    case "cos":
      return { u, F: fn("sin", u) };
    case "log":
      return { u, F: sub(mul(u, e), u) };
    default:
      return undefined;
  }
}

/** One factor with an affine argument; squares of sine and cosine through the double angle. */
function ofFactor(e: Expr, t: Sym): Expr | undefined {
  if (e.kind === "power" && rationalValue(e.exponent)?.n === 2n && rationalValue(e.exponent)?.d === 1n) {
    const { base } = e;
    if (base.kind === "fn" && (base.name === "sin" || base.name === "cos")) {
      const u = base.args[0] as Expr;
      const slope = slopeOf(u, t);
      const turn = slope && div(fn("sin", mul(num(2), u)), mul(num(4), slope));
      if (turn) return base.name === "sin" ? sub(div(t, num(2)), turn) : add(div(t, num(2)), turn);
    }
  }
  const known = outer(e);
  const slope = known && slopeOf(known.u, t);
  return known && slope && div(known.F, slope);
}

/** c F'(u) u' for one of the factors. */
function substitution(factors: readonly Expr[], t: Sym): Expr | undefined {
  for (const factor of factors) {
    const known = outer(factor);
    if (!known || !dependsOn(known.u, t)) continue;
    const rest = mul(...factors.filter((other) => other !== factor), one);
    const ratio = simplify(div(rest, diff(known.u, t)));
    if (!dependsOn(ratio, t)) return mul(ratio, known.F);
  }
  return undefined;
}

function ofProduct(factors: readonly Expr[], e: Expr, t: Sym, depth: number): Expr | undefined {
  const free = factors.filter((factor) => !dependsOn(factor, t));
  const bound = factors.filter((factor) => dependsOn(factor, t));
  const [only] = bound;
  const within = (found: Expr | undefined): Expr | undefined => found && mul(...free, found);
  if (bound.length === 1 && only) return within(search(only, t, depth + 1));
  const direct = substitution(bound, t);
  if (direct) return within(direct);
  // By parts: the polynomial factors are differentiated away.
  const polynomial = bound.filter((factor) => degree(factor, t) !== undefined);
  const rest = bound.filter((factor) => degree(factor, t) === undefined);
  if (polynomial.length > 0 && rest.length > 0) {
    const F = search(mul(...rest), t, depth + 1);
    if (F) {
      const p = mul(...polynomial);
      const slope = simplify(diff(p, t));
      const correction = isZero(slope) ? num(0) : search(simplify(mul(slope, F)), t, depth + 1);
      if (correction) return within(sub(mul(p, F), correction));
    }
  }
  return (
    rational(bound, t, depth, within) ??
    inner(e, t, depth) ??
    within(distributed(bound, t, depth)) ??
    expanded(e, t, depth)
  );
}

/** The first sum among the factors multiplied out. */
function distributed(factors: readonly Expr[], t: Sym, depth: number): Expr | undefined {
  const total = factors.find((factor) => factor.kind === "sum");
  if (total?.kind !== "sum" || depth > 4) return undefined;
  const rest = factors.filter((factor) => factor !== total);
  const parts = total.terms.map((term) => search(mul(term, ...rest), t, depth + 1));
  return parts.every((part) => part !== undefined) ? add(...parts) : undefined;
}

/** A quotient of polynomials, by its partial fractions. */
function rational(
  factors: readonly Expr[],
  t: Sym,
  depth: number,
  within = (found: Expr | undefined): Expr | undefined => found,
): Expr | undefined {
  const whole = ofQuadratic(mul(...factors), t);
  if (whole) return within(whole);
  const found = partialFractions(factors, t)?.map((part) => search(part, t, depth + 3));
  return found?.every((part) => part !== undefined) ? within(add(...found)) : undefined;
}

/** Arguments, bases and exponents inside e that depend on t and are not affine in it. */
function innerFunctions(e: Expr, t: Sym, found: Set<Expr>): void {
  if (!dependsOn(e, t) || e.kind === "binder") return;
  const candidates =
    e.kind === "fn" ? e.args : e.kind === "power" ? [e.base, e.exponent] : ([] as readonly Expr[]);
  for (const u of candidates) if (u !== t && dependsOn(u, t) && (degree(u, t) ?? 2) > 1) found.add(u);
  for (const child of children(e)) innerFunctions(child, t, found);
}

/** f(u) u', f any function that has a closed form: everything in e/u' must be a function of one u. */
function inner(e: Expr, t: Sym, depth: number): Expr | undefined {
  if (depth > 2) return undefined;
  const candidates = new Set<Expr>();
  innerFunctions(e, t, candidates);
  const v = sym(`v of depth ${depth}`, { positive: false });
  for (const u of [...candidates].slice(0, 4)) {
    const slope = simplify(diff(u, t));
    if (isZero(slope)) continue;
    const f = inTermsOf(simplify(div(e, slope)), { u, slope, v, t });
    const found = f && search(f, v, depth + 1);
    if (found) return substitute(found, (s) => (s === v ? u : undefined));
  }
  return undefined;
}

interface Substitution {
  readonly u: Expr;
  readonly slope: Expr;
  readonly v: Sym;
  readonly t: Sym;
}

/** The expression with t only inside u, and u as v. */
function inTermsOf(e: Expr, by: Substitution): Expr | undefined {
  const { u, slope, v, t } = by;
  if (!dependsOn(e, t)) return e;
  const rate = simplify(div(diff(e, t), slope));
  if (!dependsOn(rate, t)) {
    const rest = simplify(sub(e, mul(rate, u)));
    if (!dependsOn(rest, t)) return add(mul(rate, v), rest);
  }
  if (e.kind === "sym" || e.kind === "binder") return undefined;
  const parts = children(e).map((part) => inTermsOf(part, by));
  return parts.every((part) => part !== undefined) ? rebuild(e, parts) : undefined;
}

/** Degree of a polynomial in t; undefined for other expressions. */
export function degree(e: Expr, t: Sym): number | undefined {
  if (!dependsOn(e, t)) return 0;
  if (e === t) return 1;
  if (e.kind === "sum" || e.kind === "product") {
    const parts = (e.kind === "sum" ? e.terms : e.factors).map((part) => degree(part, t));
    if (parts.some((part) => part === undefined)) return undefined;
    const degrees = parts as number[];
    return e.kind === "sum" ? Math.max(...degrees) : degrees.reduce((a, b) => a + b, 0);
  }
  const exponent = e.kind === "power" ? constant(e.exponent) : undefined;
  if (e.kind !== "power" || exponent === undefined || !Number.isInteger(exponent) || exponent < 0)
    return undefined;
  const below = degree(e.base, t);
  return below === undefined || below * exponent > 8 ? undefined : below * exponent;
}

/** F' = e, by proof or at sample places of t. */
function holds(found: Expr, e: Expr, t: Sym): boolean {
  const slope = diff(found, t);
  if (proveEqual(slope, e) === "equal") return true;
  if ([...symbols(e)].some((s) => s !== t)) return false;
  return [0.13, 0.37, 0.71, 0.93].every((place) => {
    const environment = { symbol: () => place };
    const [a, b] = [evaluate(slope, environment), evaluate(e, environment)];
    return Math.abs(a - b) <= 1e-11 * (Math.abs(a) + Math.abs(b));
  });
}

/** The expression with every integral that has a closed form written out. */
export function closeIntegrals(e: Expr): Expr {
  const parts = children(e);
  if (parts.length === 0) return e;
  if (e.kind !== "binder") {
    const closed = parts.map(closeIntegrals);
    return closed.every((part, i) => part === parts[i]) ? e : rebuild(e, closed);
  }
  const [body, from, to] = [e.body, e.from, e.to].map(closeIntegrals) as [Expr, Expr, Expr];
  if (e.name === "integral") {
    const primitive = antiderivative(body, e.variable);
    const at = (end: Expr): Expr | undefined =>
      primitive && substitute(primitive, (s) => (s === e.variable ? end : undefined));
    const [low, high] = [at(from), at(to)];
    // A primitive that has no value at the lower end does not give the integral from there.
    const start = low && constant(low);
    if (low && high && (start === undefined || Number.isFinite(start))) return simplify(sub(high, low));
  }
  return binder(e.name, e.variable, body, from, to);
}

/**
 * The expression with |u| and (u^2)^(1/2) as u or -u where u has one sign between two times. Closed forms have log|u| where the integrand has
 * 1/u, and an integrand with a zero of u inside has no integral (convergence.ts).
 */
export function resolveSigns(e: Expr, t: Sym, from: number, to: number): Expr {
  const parts = children(e);
  if (parts.length === 0) return e;
  const inner = parts.map((part, i) =>
    e.kind === "binder" && i === 0 ? part : resolveSigns(part, t, from, to),
  );
  const [u] = inner;
  const size = e.kind === "fn" && e.name === "abs" ? u : rootOfSquare(e.kind === "power" ? inner : []);
  if (size && dependsOn(size, t) && symbols(size).size === 1) {
    const signs = new Set(
      Array.from({ length: 64 }, (_, i) =>
        Math.sign(evaluate(size, { symbol: () => from + ((to - from) * (i + 0.5)) / 64 })),
      ),
    );
    if (signs.size === 1 && signs.has(1)) return size;
    if (signs.size === 1 && signs.has(-1)) return neg(size);
  }
  return inner.every((part, i) => part === parts[i]) ? e : rebuild(e, inner);
}

/** u of (u^2)^(1/2), from base and exponent; the square may be written out, a^2 + 2ab + b^2. */
function rootOfSquare([base, exponent]: readonly Expr[]): Expr | undefined {
  if (!base || !exponent || exponent !== half) return undefined;
  if (base.kind === "power" && base.exponent === num(2)) return base.base;
  if (base.kind !== "sum" || base.terms.length !== 3) return undefined;
  for (const mixed of base.terms) {
    const [a, b] = base.terms.filter((term) => term !== mixed).map((term) => simplify(pow(term, half))) as [
      Expr,
      Expr,
    ];
    for (const sign of [num(1), num(-1)])
      if (proveEqual(mul(num(2), sign, a, b), mixed) === "equal") return add(a, mul(sign, b));
  }
  return undefined;
}
