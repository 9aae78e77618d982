// Owns: the face of the expression core for other folders: nodes, canonicalizing constructors, binders, substitution.
// Expressions are immutable and hash-consed: the same structure is the same object, so `===` compares structure.

import { add, isPositive, mul, pow, real, sub } from "./arithmetic.js";
import { constant } from "./evaluate.js";
import { fn } from "./functions.js";
import {
  children,
  dependsOn,
  isZero,
  makeBinder,
  symbols,
  sym,
  zero,
  type Binder,
  type Expr,
  type Sym,
} from "./node.js";

export { div, neg, num, splitCoefficient } from "./arithmetic.js";
export {
  children,
  compareExpr,
  dependsOn,
  isOne,
  isZero,
  one,
  rationalValue,
  sym,
  symbols,
  zero,
} from "./node.js";
export type { Binder, Expr, Fn, Num, Power, Product, Real, Sum, Sym, SymbolData } from "./node.js";
export { add, constant, fn, isPositive, mul, pow, real, sub };

/** `integral` of body over the variable, or the `root` of body = 0 between from and to. */
export function binder(name: Binder["name"], variable: Sym, body: Expr, from: Expr, to: Expr): Expr {
  if (name === "integral") {
    if (from === to || isZero(body)) return zero;
    if (!dependsOn(body, variable)) return mul(body, sub(to, from));
  }
  return makeBinder(name, variable, body, from, to);
}

/** The node with its children replaced and its constructor rules applied anew. */
export function rebuild(e: Expr, parts: readonly Expr[]): Expr {
  switch (e.kind) {
    case "num":
    case "real":
    case "sym":
      return e;
    case "sum":
      return add(...parts);
    case "product":
      return mul(...parts);
    case "power":
      return pow(parts[0]!, parts[1]!);
    case "fn":
      return fn(e.name, ...parts);
    case "binder":
      return binder(e.name, parts[0] as Sym, parts[1]!, parts[2]!, parts[3]!);
    default:
      return e satisfies never;
  }
}

/**
 * `e` with free symbols replaced, all at once. Bound variables are renamed when a replacement mentions them, so
 * nothing is captured.
 */
export function substitute(e: Expr, map: (s: Sym) => Expr | undefined): Expr {
  const replacements = new Map<Sym, Expr>();
  for (const s of symbols(e)) {
    const by = map(s);
    if (by !== undefined && by !== s) replacements.set(s, by);
  }
  return replacements.size === 0 ? e : replaceAll(e, replacements, new Map());
}

function replaceAll(e: Expr, replacements: ReadonlyMap<Sym, Expr>, done: Map<Expr, Expr>): Expr {
  if (e.kind === "sym") return replacements.get(e) ?? e;
  const known = done.get(e);
  if (known !== undefined) return known;
  let result: Expr = e;
  if ([...symbols(e)].some((s) => replacements.has(s))) {
    result =
      e.kind === "binder"
        ? replaceInBinder(e, replacements, done)
        : rebuild(
            e,
            children(e).map((child) => replaceAll(child, replacements, done)),
          );
  }
  done.set(e, result);
  return result;
}

function replaceInBinder(e: Binder, replacements: ReadonlyMap<Sym, Expr>, done: Map<Expr, Expr>): Expr {
  const from = replaceAll(e.from, replacements, done);
  const to = replaceAll(e.to, replacements, done);
  const inner = new Map([...replacements].filter(([s]) => s !== e.variable && dependsOn(e.body, s)));
  const mentioned = new Set([...inner.values()].flatMap((by) => [...symbols(by)]));
  let variable = e.variable;
  if (mentioned.has(variable)) {
    const taken = new Set([...mentioned, ...symbols(e.body)]);
    while (taken.has(variable)) variable = sym(`${variable.key}'`, variable.data);
    inner.set(e.variable, variable);
  }
  const body = inner.size === 0 ? e.body : replaceAll(e.body, inner, new Map());
  return binder(e.name, variable, body, from, to);
}
