// Owns: expression nodes and their interning, the canonical order of nodes, and the free symbols of a node. Nodes are
// only made here, one object per structure, so `===` is structural equality. Nothing here applies algebra: the
// constructors with rules are in arithmetic.ts and functions.ts, and expr.ts is the door for other folders.

import { compare as compareRational, format, rational, type Rational } from "./rational.js";

/** Opaque payload of a symbol. The algebra reads two entries: `positive` (a promise) and `latex` (a spelling). */
export interface SymbolData {
  readonly [k: string]: unknown;
}

export interface Num {
  readonly kind: "num";
  readonly id: number;
  readonly value: Rational;
}
/** A double from outside. Its value is taken as exact, but it is never folded with others before evaluation. */
export interface Real {
  readonly kind: "real";
  readonly id: number;
  readonly value: number;
}
export interface Sym {
  readonly kind: "sym";
  readonly id: number;
  readonly key: string;
  readonly data: SymbolData;
}
export interface Sum {
  readonly kind: "sum";
  readonly id: number;
  readonly terms: readonly Expr[];
}
export interface Product {
  readonly kind: "product";
  readonly id: number;
  readonly factors: readonly Expr[];
}
export interface Power {
  readonly kind: "power";
  readonly id: number;
  readonly base: Expr;
  readonly exponent: Expr;
}
export interface Fn {
  readonly kind: "fn";
  readonly id: number;
  readonly name: string;
  readonly args: readonly Expr[];
}
export interface Binder {
  readonly kind: "binder";
  readonly id: number;
  readonly name: "integral" | "root";
  readonly variable: Sym;
  readonly body: Expr;
  readonly from: Expr;
  readonly to: Expr;
}
export type Expr = Num | Real | Sym | Sum | Product | Power | Fn | Binder;

// The table holds weak references: an editor session interns millions of short-lived nodes, and a strong table would
// keep every one of them. Clearing it at set times is no alternative, because a caller that still holds an old node
// would then see two objects for one structure. A child outlives its parents (they hold it), and ids are never used
// twice, so a key made of child ids cannot come to mean something else after a collection.
const table = new Map<string, WeakRef<Expr>>();
const sweeper = new FinalizationRegistry<string>((key) => {
  if (table.get(key)?.deref() === undefined) table.delete(key);
});
let nextId = 0;

/** How many structures the table knows; for the test that it does not grow without bound. */
export function internedCount(): number {
  return table.size;
}

function intern<T extends Expr>(key: string, make: (id: number) => T): T {
  // The key spells kind and content, so what is found has the type that is asked for.
  const known = table.get(key)?.deref() as T | undefined;
  if (known !== undefined) return known;
  const node = make(nextId++);
  table.set(key, new WeakRef<Expr>(node));
  sweeper.register(node, key);
  return node;
}

const ids = (list: readonly Expr[]): string => list.map((e) => e.id).join(",");

export function makeNum(value: Rational): Num {
  return intern(`n${format(value)}`, (id) => ({ kind: "num", id, value }));
}

export function makeReal(value: number): Real {
  return intern(`r${value}`, (id) => ({ kind: "real", id, value }));
}

/**
 * The symbol with this key. Identity is the key alone: a second call with other data returns the first symbol, so
 * a key must determine its data.
 */
export function sym(key: string, data: SymbolData = {}): Sym {
  return intern(`s${key}`, (id) => ({ kind: "sym", id, key, data }));
}

export function makeSum(terms: readonly Expr[]): Sum {
  return intern(`+${ids(terms)}`, (id) => ({ kind: "sum", id, terms }));
}

export function makeProduct(factors: readonly Expr[]): Product {
  return intern(`*${ids(factors)}`, (id) => ({ kind: "product", id, factors }));
}

export function makePower(base: Expr, exponent: Expr): Power {
  return intern(`^${base.id},${exponent.id}`, (id) => ({ kind: "power", id, base, exponent }));
}

export function makeFn(name: string, args: readonly Expr[]): Fn {
  return intern(`f${name}(${ids(args)}`, (id) => ({ kind: "fn", id, name, args }));
}

export function makeBinder(name: Binder["name"], variable: Sym, body: Expr, from: Expr, to: Expr): Binder {
  return intern(`b${name}(${ids([variable, body, from, to])}`, (id) => ({
    kind: "binder",
    id,
    name,
    variable,
    body,
    from,
    to,
  }));
}

export const zero: Expr = makeNum(rational(0));
export const one: Expr = makeNum(rational(1));
export const minusOne: Expr = makeNum(rational(-1));
export const half: Expr = makeNum(rational(1, 2));

export function isZero(e: Expr): boolean {
  return e === zero;
}

export function isOne(e: Expr): boolean {
  return e === one;
}

export function rationalValue(e: Expr): Rational | undefined {
  return e.kind === "num" ? e.value : undefined;
}

/** The integer an exponent or argument is, when it is one of a size that loops may count to. */
export function smallInteger(e: Expr): number | undefined {
  if (e.kind !== "num" || e.value.d !== 1n) return undefined;
  const n = e.value.n;
  return n >= -4096n && n <= 4096n ? Number(n) : undefined;
}

/** The nodes directly below, in a fixed order. */
export function children(e: Expr): readonly Expr[] {
  switch (e.kind) {
    case "num":
    case "real":
    case "sym":
      return [];
    case "sum":
      return e.terms;
    case "product":
      return e.factors;
    case "power":
      return [e.base, e.exponent];
    case "fn":
      return e.args;
    case "binder":
      return [e.variable, e.body, e.from, e.to];
    default:
      return e satisfies never;
  }
}

const noSymbols: ReadonlySet<Sym> = new Set();
const symbolsOf = new WeakMap<Expr, ReadonlySet<Sym>>();

/** The free symbols. */
export function symbols(e: Expr): ReadonlySet<Sym> {
  const known = symbolsOf.get(e);
  if (known !== undefined) return known;
  const found = collectSymbols(e);
  symbolsOf.set(e, found);
  return found;
}

function collectSymbols(e: Expr): ReadonlySet<Sym> {
  if (e.kind === "sym") return new Set([e]);
  if (e.kind === "binder") {
    const inBody = [...symbols(e.body)].filter((s) => s !== e.variable);
    return new Set([...inBody, ...symbols(e.from), ...symbols(e.to)]);
  }
  let all = noSymbols;
  for (const child of children(e)) {
    const more = symbols(child);
    if (more.size === 0 || more === all) continue;
    all = all.size === 0 ? more : new Set([...all, ...more]);
  }
  return all;
}

export function dependsOn(e: Expr, s: Sym): boolean {
  return symbols(e).has(s);
}

// Order: numbers, doubles, then single factors by base and exponent (so x and x^2 are neighbours), products, sums.
// It looks at structure only, never at ids, so printed forms do not depend on what was built before.

function rank(e: Expr): number {
  switch (e.kind) {
    case "num":
      return 0;
    case "real":
      return 1;
    case "product":
      return 3;
    case "sum":
      return 4;
    default:
      return 2;
  }
}

const atomRank = { sym: 0, fn: 1, binder: 2 } as const;

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function compareLists(a: readonly Expr[], b: readonly Expr[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const c = compareExpr(a[i]!, b[i]!);
    if (c !== 0) return c;
  }
  return a.length - b.length;
}

/** Negative, zero or positive; zero only for the same node. */
export function compareExpr(a: Expr, b: Expr): number {
  if (a === b) return 0;
  const byRank = rank(a) - rank(b);
  if (byRank !== 0) return byRank;
  if (a.kind === "power" || b.kind === "power") {
    const byBase = compareExpr(a.kind === "power" ? a.base : a, b.kind === "power" ? b.base : b);
    if (byBase !== 0) return byBase;
    return compareExpr(a.kind === "power" ? a.exponent : one, b.kind === "power" ? b.exponent : one);
  }
  if (a.kind === "num" && b.kind === "num") return compareRational(a.value, b.value);
  if (a.kind === "real" && b.kind === "real") {
    return a.value < b.value ? -1 : a.value > b.value ? 1 : Number.isNaN(a.value) ? 1 : -1;
  }
  if (a.kind === "product" && b.kind === "product") return compareLists(a.factors, b.factors);
  if (a.kind === "sum" && b.kind === "sum") return compareLists(a.terms, b.terms);
  if (a.kind === "sym" && b.kind === "sym") return compareText(a.key, b.key);
  if (a.kind === "fn" && b.kind === "fn") return compareText(a.name, b.name) || compareLists(a.args, b.args);
  if (a.kind === "binder" && b.kind === "binder") {
    return compareText(a.name, b.name) || compareLists(children(a), children(b));
  }
  return atomRank[a.kind as keyof typeof atomRank] - atomRank[b.kind as keyof typeof atomRank];
}
