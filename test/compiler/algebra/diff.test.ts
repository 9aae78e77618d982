import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diff } from "../../../compiler/algebra/diff.js";
import { evaluate } from "../../../compiler/algebra/evaluate.js";
import {
  add,
  binder,
  div,
  fn,
  mul,
  neg,
  num,
  one,
  pow,
  sub,
  sym,
  zero,
  type Expr,
} from "../../../compiler/algebra/expr.js";
import { print } from "../../../compiler/algebra/print.js";
import { proveEqual } from "../../../compiler/algebra/simplify.js";
import { build, D, decimalValue, pointArbitrary, testSymbol, treeArbitrary, type Point } from "./support.js";

const x = sym("x");
const y = sym("y");
const u = sym("u");
const exp = (e: Expr): Expr => fn("exp", e);

describe("known forms", () => {
  test.each<readonly [string, Expr, Expr]>([
    ["x^3", pow(x, num(3)), mul(num(3), pow(x, num(2)))],
    ["x^y by x", pow(x, y), mul(y, pow(x, sub(y, one)))],
    ["y^x by x", pow(y, x), mul(pow(y, x), fn("log", y))],
    ["exp(x*y)", exp(mul(x, y)), mul(y, exp(mul(x, y)))],
    ["log(sin x)", fn("log", fn("sin", x)), div(fn("cos", x), fn("sin", x))],
    ["x/(x + y)", div(x, add(x, y)), div(y, pow(add(x, y), num(2)))],
    ["atan2(x, y)", fn("atan2", x, y), div(y, add(pow(x, num(2)), pow(y, num(2))))],
    ["phi(1, x)", fn("phi", one, x), sub(fn("phi", one, x), fn("phi", num(2), x))],
    ["logistic", fn("logistic", x), mul(fn("logistic", x), sub(one, fn("logistic", x)))],
    ["floor", fn("floor", mul(num(3), x)), zero],
    ["max", fn("max", x, y), fn("where", fn("le", y, x), one, zero)],
    ["abs", fn("abs", x), fn("where", fn("lt", x, zero), num(-1), one)],
    ["where", fn("where", fn("lt", x, y), mul(x, y), num(3)), fn("where", fn("lt", x, y), y, zero)],
    ["a constant", exp(y), zero],
  ])("%s", (_, e, expected) => {
    const d = diff(e, x);
    expect(proveEqual(d, expected), print(d)).toBe("equal");
  });

  test("functions without a rule get opaque partial derivatives", () => {
    expect(print(diff(fn("f", mul(num(2), x), y), x))).toBe("2*f'0(2*x, y)");
  });
});

test("known symbols carry their own derivatives", () => {
  const d = diff(mul(x, y), x, (s) => (s === y ? mul(num(2), x) : undefined));
  expect(d).toBe(add(y, mul(num(2), pow(x, num(2)))));
});

describe("binders", () => {
  test("Leibniz' rule", () => {
    const e = binder("integral", u, exp(mul(u, x)), x, pow(x, num(2)));
    const d = diff(e, x);
    const at = (v: number, f: Expr): number => evaluate(f, { symbol: () => v });
    const h = 1e-5;
    expect(at(0.8, d)).toBeCloseTo((at(0.8 + h, e) - at(0.8 - h, e)) / (2 * h), 8);
  });

  test("the bound variable may have the name of the differentiation variable", () => {
    const e = binder("integral", x, mul(x, y), zero, x);
    expect(diff(e, x)).toBe(mul(x, y));
    expect(diff(binder("integral", x, fn("sin", x), zero, y), x)).toBe(zero);
  });

  test("roots by the implicit function theorem", () => {
    const e = binder("root", u, sub(exp(u), x), num(-9), num(9));
    expect(evaluate(diff(e, x), { symbol: () => 4 })).toBeCloseTo(0.25, 13);
  });
});

test("against differences of 60-digit values", () => {
  const s = testSymbol("p");
  const step = new D("1e-15");
  fc.assert(
    fc.property(treeArbitrary, pointArbitrary, (tree, point) => {
      const e = build(tree);
      // 1/0 was written: what comes of it has no slope.
      fc.pre(!print(e).includes("inf"));
      const shifted = (by: InstanceType<typeof D>): Point =>
        new Map([...point, ["p", point.get("p")!.add(by)]]);
      // Fourth-order central difference: the truncation error is about h^4.
      const f = (k: number): InstanceType<typeof D> => decimalValue(e, shifted(step.mul(k)));
      const slope = f(1)
        .sub(f(-1))
        .mul(8)
        .sub(f(2).sub(f(-2)))
        .div(step.mul(12));
      fc.pre(slope.isFinite() && f(0).abs().lt(1e6) && slope.abs().lt(1e6));
      const second = f(1).add(f(-1)).sub(f(0).mul(2)).div(step.pow(2)).abs();
      // At a seam of a piecewise function, or next to a singularity, a difference says nothing.
      fc.pre(second.lt(1e8));
      const d = decimalValue(diff(e, s), point);
      expect(
        d.sub(slope).abs().lt(slope.abs().add(1).mul("1e-20")),
        `${print(e)}: ${d} against ${slope}`,
      ).toBe(true);
    }),
    { numRuns: 700 },
  );
});

test("the derivative is linear", () => {
  const e = add(mul(num(3), fn("sin", x)), neg(pow(x, num(2))));
  expect(diff(e, x)).toBe(sub(mul(num(3), fn("cos", x)), mul(num(2), x)));
});
