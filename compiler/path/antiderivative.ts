// Owns: closed forms of integrals that schedules need: polynomials, exp, sin and cos of affine arguments, powers of affine
// bases, products of a polynomial with these (by parts), and c F'(u) u' (the substitution rule). What is found is checked
// by its derivative; undefined means that no closed form was found.

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
  symbols,
  type Expr,
  type Sym,
} from "../algebra/expr.js";
import { normalForm, proveEqual, simplify } from "../algebra/simplify.js";

/** An F with F' = e, or undefined. */
export function antiderivative(e: Expr, t: Sym): Expr | undefined {
  const found = search(e, t, 0);
  return found && holds(found, e, t) ? found : undefined;
}

const deepest = 12;

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
      return ofFactor(e, t) ?? substitution([e], t) ?? expanded(e, t, depth);
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
  const within = (inner: Expr | undefined): Expr | undefined => inner && mul(...free, inner);
  if (bound.length === 1 && only) return within(search(only, t, depth + 1));
  const direct = substitution(bound, t);
  if (direct) return within(direct);
  // By parts: the polynomial factors are differentiated away.
  const polynomial = bound.filter((factor) => degree(factor, t) !== undefined);
  const rest = bound.filter((factor) => degree(factor, t) === undefined);
  if (polynomial.length > 0 && rest.length > 0) {
    const inner = search(mul(...rest), t, depth + 1);
    if (inner) {
      const p = mul(...polynomial);
      const slope = simplify(diff(p, t));
      const correction = isZero(slope) ? num(0) : search(simplify(mul(slope, inner)), t, depth + 1);
      if (correction) return within(sub(mul(p, inner), correction));
    }
  }
  return expanded(e, t, depth);
}

/** Degree of a polynomial in t; undefined for other expressions. */
function degree(e: Expr, t: Sym): number | undefined {
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
  const inner = degree(e.base, t);
  return inner === undefined || inner * exponent > 8 ? undefined : inner * exponent;
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
    const inner = parts.map(closeIntegrals);
    return inner.every((part, i) => part === parts[i]) ? e : rebuild(e, inner);
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
