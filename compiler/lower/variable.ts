// Owns: the variable after `over`: reading it, where it has a given value, and its derivative along the path.

import { diff } from "../algebra/diff.js";
import {
  add,
  constant,
  dependsOn,
  div,
  fn,
  isPositive,
  mul,
  neg,
  num,
  one,
  pow,
  rationalValue,
  sub,
  symbols,
  type Expr,
  type Sym,
} from "../algebra/expr.js";
import { fail } from "../diagnostics/report.js";
import { isCoordinate, locatedLevel, type Level } from "../graph/level.js";
import { quantity, quantityData, type Quantity } from "../graph/quantity.js";
import type { Expression } from "../syntax/ast.js";
import { evaluate, type Lowering } from "./expression.js";
import { NOW, type Base } from "./forecast.js";
import { quantityPlace } from "./prediction.js";
import { Scope } from "./scope.js";

const now = (name: Quantity): Expr => quantity(name, NOW);

/** The variable at NOW. A position in a table is time up to a scale, which changes nothing. */
export function variableOf(e: Expression, scope: Scope, seq: number, cx: Lowering): Expr {
  if (e.kind === "Name" && e.text === "index") return now("time");
  const value = evaluate(e, new Scope(scope, quantityPlace(NOW)), seq, cx);
  if (value.kind !== "number")
    return fail(
      "D0302",
      "after `over` stands a coordinate: lambda, rho, time, or a monotone function of path quantities",
      { at: e.span },
    );
  if (quantitiesIn(value.expr).length === 0)
    return fail("D0220", "the variable after `over` is the same number at every point", {
      at: e.span,
      why: "it cannot tell one point from another",
      help: "name the variable: `lambda`, `rho`, `time`, or a monotone function of them",
    });
  return value.expr;
}

/** Path quantities at NOW that an expression is made of. */
const quantitiesIn = (e: Expr): readonly Sym[] =>
  [...symbols(e)].filter((s) => quantityData(s)?.level === NOW);

const dots: Readonly<Partial<Record<Quantity, Expr>>> = {
  time: one,
  alpha: now("alphaDot"),
  sigma: now("sigmaDot"),
  lambda: now("lambdaDot"),
  rho: now("rhoDot"),
};

/** Of lambda and rho, which are functions of one another on every path. */
const perLambda: Readonly<Partial<Record<Quantity, Expr>>> = { lambda: one, rho: neg(now("rho")) };

/** The variable's derivative by `base`: lambda where it is a function of lambda and rho alone. */
export function variableSlope(variable: Expr, at: Expression): { readonly base: Base; readonly slope: Expr } {
  const names = quantitiesIn(variable).map((s) => ({ s, name: quantityData(s)?.quantity as Quantity }));
  const unknown = names.find(({ name }) => !dots[name]);
  if (unknown)
    return fail("D0307", `the derivative of \`${unknown.name}\` along the path is not known`, {
      at: at.span,
      help: "write the variable in time, lambda, rho, alpha or sigma",
    });
  const base = names.every(({ name }) => perLambda[name]) ? "lambda" : "time";
  const table = base === "lambda" ? perLambda : dots;
  const slope = add(...names.map(({ s, name }) => mul(diff(variable, s), table[name] as Expr)), num(0));
  return { base, slope };
}

/** The level at which the variable has a value; undefined when no formula says where. */
export function levelWhere(variable: Expr, value: Expr): Level | undefined {
  const [only, ...others] = quantitiesIn(variable);
  const name = only && quantityData(only)?.quantity;
  if (!only || others.length > 0 || name === undefined || !isCoordinate(name)) return undefined;
  const place = solvedFor(variable, only, value);
  return place && locatedLevel(name, place);
}

/** What s is where u = value, by undoing functions that take each value once. */
function solvedFor(u: Expr, s: Sym, value: Expr): Expr | undefined {
  if (u === s) return value;
  switch (u.kind) {
    case "sum": {
      const [inner, ...more] = u.terms.filter((term) => dependsOn(term, s));
      const rest = add(...u.terms.filter((term) => !dependsOn(term, s)), num(0));
      return inner && more.length === 0 ? solvedFor(inner, s, sub(value, rest)) : undefined;
    }
    case "product": {
      const [inner, ...more] = u.factors.filter((factor) => dependsOn(factor, s));
      const rest = mul(...u.factors.filter((factor) => !dependsOn(factor, s)), one);
      return inner && more.length === 0 ? solvedFor(inner, s, div(value, rest)) : undefined;
    }
    case "power": {
      const exponent = rationalValue(u.exponent);
      if (exponent)
        return isPositive(u.base) ? solvedFor(u.base, s, pow(value, div(one, u.exponent))) : undefined;
      const base = constant(u.base);
      if (base === undefined || base <= 0 || base === 1) return undefined;
      return solvedFor(u.exponent, s, div(fn("log", value), fn("log", u.base)));
    }
    case "fn": {
      const undo = inverses[u.name];
      const [inner] = u.args;
      return undo && inner && u.args.length === 1 ? solvedFor(inner, s, undo(value)) : undefined;
    }
    default:
      return undefined;
  }
}

const inverses: Readonly<Record<string, (value: Expr) => Expr>> = {
  exp: (v) => fn("log", v),
  expm1: (v) => fn("log1p", v),
  log: (v) => fn("exp", v),
  log1p: (v) => fn("expm1", v),
  atan: (v) => fn("tan", v),
  logistic: (v) => neg(fn("log", sub(div(one, v), one))),
};
