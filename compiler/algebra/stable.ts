// Owns: the forms in which nodes are evaluated when their own form would cancel. Only what is structurally visible is
// rewritten: differences of exponentials with the same cofactor become expm1, log(1 + x) becomes log1p. One node is
// rewritten at a time; its children are looked at when they are evaluated themselves.

import { add, mul, splitCoefficient, sub } from "./arithmetic.js";
import {
  isZero,
  makeFn,
  makeNum,
  makeProduct,
  makeSum,
  one,
  rationalValue,
  symbols,
  zero,
  type Expr,
  type Sum,
} from "./node.js";
import * as Q from "./rational.js";
import type { Rational } from "./rational.js";

/** A term c * rest * exp(exponent). */
interface Exponential {
  readonly term: Expr;
  readonly c: Rational;
  readonly exponent: Expr;
}

const cache = new WeakMap<Expr, Expr>();

/** An expression of the same value that loses fewer digits; the node itself when it is fine. */
export function stableForm(e: Expr): Expr {
  if (e.kind !== "sum" && !(e.kind === "fn" && e.name === "log")) return e;
  let found = cache.get(e);
  if (found === undefined) cache.set(e, (found = e.kind === "sum" ? stableSum(e) : stableLog(e.args[0]!, e)));
  return found;
}

/** u of exp(u), and u log(a) of a^u. */
function exponentOf(e: Expr): Expr | undefined {
  if (e.kind === "fn" && e.name === "exp") return e.args[0];
  if (e.kind !== "power" || symbols(e.exponent).size === 0) return undefined;
  const base = rationalValue(e.base);
  return base && Q.sign(base) > 0 ? mul(e.exponent, makeFn("log", [e.base])) : undefined;
}

function splitExponential(term: Expr): readonly [Rational, Expr, Expr] {
  const [c, rest] = splitCoefficient(term);
  const factors = rest.kind === "product" ? rest.factors : [rest];
  const exponents = factors.flatMap((f) => exponentOf(f) ?? []);
  if (exponents.length === 0) return [c, rest, zero];
  const others = factors.filter((f) => exponentOf(f) === undefined);
  const [only] = others;
  const cofactor = only === undefined ? one : others.length === 1 ? only : makeProduct(others);
  return [c, cofactor, exponents.length === 1 ? exponents[0]! : add(...exponents)];
}

function stableSum(e: Sum): Expr {
  const groups = new Map<Expr, Exponential[]>();
  for (const term of e.terms) {
    const [c, rest, exponent] = splitExponential(term);
    const group = groups.get(rest);
    if (group === undefined) groups.set(rest, [{ term, c, exponent }]);
    else group.push({ term, c, exponent });
  }
  const terms: Expr[] = [];
  let changed = false;
  for (const [rest, group] of groups) {
    const open = [...group];
    while (open.length > 0) {
      const first = open.shift()!;
      const partner = open.findIndex((other) => Q.equals(other.c, Q.neg(first.c)));
      if (partner < 0) {
        terms.push(first.term);
        continue;
      }
      const second = open.splice(partner, 1)[0]!;
      changed = true;
      terms.push(mul(makeNum(first.c), rest, expDifference(first.exponent, second.exponent)));
    }
  }
  if (!changed) return e;
  // makeSum, not add: collecting would be free to undo the pairing.
  return terms.length === 1 ? terms[0]! : makeSum(terms);
}

function expDifference(u: Expr, v: Expr): Expr {
  if (isZero(v)) return makeFn("expm1", [u]);
  if (isZero(u)) return mul(makeNum(Q.rational(-1)), makeFn("expm1", [v]));
  return makeFn("exp_difference", [u, v, sub(u, v)]);
}

function stableLog(argument: Expr, e: Expr): Expr {
  if (argument.kind !== "sum") return e;
  const rest = add(...argument.terms.filter((t) => t !== one));
  if (!argument.terms.includes(one)) return e;
  const [c, cofactor, exponent] = splitExponential(rest);
  if (cofactor === one && !isZero(exponent) && Q.equals(c, Q.rational(-1)))
    return makeFn("log1mexp", [exponent]);
  // When the sum itself has a stable form, its 1 is already spent on an expm1.
  if (stableForm(argument) !== argument || rationalValue(rest) !== undefined) return e;
  return makeFn("log1p", [rest]);
}
