// Owns: what the algebra tests share: decimal reference values of expressions, and random expressions that are built
// twice, once as a plain tree for the reference and once through the constructors under test.

import { Decimal } from "decimal.js";
import fc from "fast-check";
import {
  add,
  div,
  fn,
  mul,
  num,
  pow,
  sub,
  sym,
  type Expr,
  type Sym,
} from "../../../compiler/algebra/expr.js";
import { fromDouble, type Rational } from "../../../compiler/algebra/rational.js";

// A fixed seed: a failure is found by everybody or by nobody. Raise numRuns and change it to search for new ones.
fc.configureGlobal({ seed: 1729 });

export const D = Decimal.clone({ precision: 60, defaults: true });

export const exactDecimal = (r: Rational): Decimal => new D(r.n.toString()).div(r.d.toString());
/** `new Decimal(x)` would read the shortest text of x instead of its value. */
export const ofDouble = (x: number): Decimal => exactDecimal(fromDouble(x));

export const relativeError = (value: number, exact: Decimal): number =>
  exact.isZero() ? Math.abs(value) : ofDouble(value).sub(exact).div(exact).abs().toNumber();

export type Point = ReadonlyMap<string, Decimal>;

const truth = (b: boolean): Decimal => new D(b ? 1 : 0);

const decimalFunctions: Readonly<Record<string, (...args: Decimal[]) => Decimal>> = {
  exp: (x) => x.exp(),
  expm1: (x) => x.exp().sub(1),
  log: (x) => x.ln(),
  log1p: (x) => x.add(1).ln(),
  sin: (x) => x.sin(),
  cos: (x) => x.cos(),
  tan: (x) => x.tan(),
  atan: (x) => x.atan(),
  abs: (x) => x.abs(),
  sqrt: (x) => x.sqrt(),
  min: (...args) => D.min(...args),
  max: (...args) => D.max(...args),
  where: (c, a, b) => (c.isZero() ? b : a),
  lt: (a, b) => truth(a.lt(b)),
  le: (a, b) => truth(a.lte(b)),
  logistic: (x) => new D(1).div(x.neg().exp().add(1)),
  hypot: (...args) => D.hypot(...args),
  clamp: (x, low, high) => D.min(D.max(x, low), high),
  atan2: (y, x) => D.atan2(y, x),
};

function decimalFunction(name: string, args: readonly Decimal[]): Decimal {
  const f = decimalFunctions[name];
  if (f === undefined) throw new Error(`no decimal reference for ${name}`);
  return f(...args);
}

/** The value of an expression to about 60 digits. */
export function decimalValue(e: Expr, at: Point): Decimal {
  switch (e.kind) {
    case "num":
      return exactDecimal(e.value);
    case "real":
      return Number.isFinite(e.value) ? ofDouble(e.value) : new D(e.value);
    case "sym":
      return at.get(e.key)!;
    case "sum":
      return e.terms.reduce((sum, t) => sum.add(decimalValue(t, at)), new D(0));
    case "product":
      return e.factors.reduce((p, f) => p.mul(decimalValue(f, at)), new D(1));
    case "power":
      return decimalValue(e.base, at).pow(decimalValue(e.exponent, at));
    case "fn":
      return decimalFunction(
        e.name,
        e.args.map((a) => decimalValue(a, at)),
      );
    case "binder":
      throw new Error("no decimal reference for binders");
  }
}

/** A tree as an author would write it; nothing is simplified. */
export type Tree =
  | { readonly op: "num"; readonly n: number; readonly d: number }
  | { readonly op: "var"; readonly name: string }
  | { readonly op: "add" | "sub" | "mul" | "div"; readonly a: Tree; readonly b: Tree }
  | { readonly op: "pow"; readonly a: Tree; readonly n: number }
  | { readonly op: "fn"; readonly name: string; readonly args: readonly Tree[] };

export const positiveNames = ["p", "q"];
export const plainNames = ["x", "y"];

export const testSymbol = (name: string): Sym =>
  sym(name, positiveNames.includes(name) ? { positive: true } : {});

const binaries = { add, sub, mul, div };

export function build(t: Tree): Expr {
  switch (t.op) {
    case "num":
      return div(num(t.n), num(t.d));
    case "var":
      return testSymbol(t.name);
    case "pow":
      return pow(build(t.a), num(t.n));
    case "fn":
      return fn(t.name, ...t.args.map(build));
    default:
      return binaries[t.op](build(t.a), build(t.b));
  }
}

/** The value of a tree, and the largest value met on the way (what rounding is measured against). */
export function treeValue(t: Tree, at: Point, seen: { largest: Decimal }): Decimal {
  const inner = (u: Tree): Decimal => treeValue(u, at, seen);
  const value = ((): Decimal => {
    switch (t.op) {
      case "num":
        return new D(t.n).div(t.d);
      case "var":
        return at.get(t.name)!;
      case "add":
        return inner(t.a).add(inner(t.b));
      case "sub":
        return inner(t.a).sub(inner(t.b));
      case "mul":
        return inner(t.a).mul(inner(t.b));
      case "div":
        return inner(t.a).div(inner(t.b));
      case "pow":
        return inner(t.a).pow(t.n);
      case "fn":
        return decimalFunction(t.name, t.args.map(inner));
    }
  })();
  if (!value.isFinite()) throw new RangeError("the tree has no value here");
  if (value.abs().gt(seen.largest)) seen.largest = value.abs();
  return value;
}

const leaf: fc.Arbitrary<Tree> = fc.oneof(
  fc.record({
    op: fc.constant("num" as const),
    n: fc.integer({ min: -4, max: 4 }),
    d: fc.integer({ min: 1, max: 3 }),
  }),
  fc.record({ op: fc.constant("var" as const), name: fc.constantFrom(...positiveNames, ...plainNames) }),
);

const unaryNames = ["exp", "expm1", "log", "sqrt", "sin", "cos", "abs"];
const binaryNames = ["min", "max"];

/** Random expressions over two positive and two plain symbols. */
export const treeArbitrary: fc.Arbitrary<Tree> = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    leaf,
    fc.record({
      op: fc.constantFrom("add" as const, "sub" as const, "mul" as const, "div" as const),
      a: tie("tree"),
      b: tie("tree"),
    }),
    fc.record({
      op: fc.constantFrom("add" as const, "sub" as const, "mul" as const, "div" as const),
      a: tie("tree"),
      b: tie("tree"),
    }),
    fc.record({ op: fc.constant("pow" as const), a: tie("tree"), n: fc.integer({ min: -2, max: 3 }) }),
    fc.record({
      op: fc.constant("fn" as const),
      name: fc.constantFrom(...unaryNames),
      args: fc.tuple(tie("tree")),
    }),
    fc.record({
      op: fc.constant("fn" as const),
      name: fc.constantFrom(...binaryNames),
      args: fc.tuple(tie("tree"), tie("tree")),
    }),
  ),
})).tree;

const coordinate = (positive: boolean): fc.Arbitrary<Decimal> =>
  fc.integer({ min: positive ? 1 : -3000, max: 3000 }).map((n) => new D(n).add("0.123456789").div(1000));

export const pointArbitrary: fc.Arbitrary<Point> = fc
  .tuple(...positiveNames.map(() => coordinate(true)), ...plainNames.map(() => coordinate(false)))
  .map((values) => new Map([...positiveNames, ...plainNames].map((name, i) => [name, values[i]!])));

/** Whether two decimal values agree to about 45 of their 60 digits, with `scale` the largest number on the way. */
export function agree(a: Decimal, b: Decimal, scale: Decimal): boolean {
  return a.sub(b).abs().lte(D.max(scale, 1).pow(2).mul("1e-45"));
}
