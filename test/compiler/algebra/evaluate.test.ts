import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileExprs, evaluate, type Environment } from "../../../compiler/algebra/evaluate.js";
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
  real,
  sub,
  sym,
  zero,
  type Expr,
} from "../../../compiler/algebra/expr.js";
import {
  build,
  D,
  decimalValue,
  ofDouble,
  pointArbitrary,
  relativeError,
  testSymbol,
  treeArbitrary,
} from "./support.js";

const x = sym("x");
const y = sym("y");
const u = sym("u");
const at = (values: Readonly<Record<string, number>>): Environment => ({ symbol: (s) => values[s.key]! });
const exp = (e: Expr): Expr => fn("exp", e);

describe("no cancellation where the structure shows it", () => {
  const h = [1e-12, 1e-8, 1e-3, 0.5, 3, 20];
  const one_ = new D(1);
  const cases: readonly (readonly [string, Expr, (h: InstanceType<typeof D>) => InstanceType<typeof D>])[] = [
    ["exp(x) - 1", sub(exp(x), one), (v) => v.exp().sub(1)],
    ["1 - exp(-x)", sub(one, exp(neg(x))), (v) => one_.sub(v.neg().exp())],
    ["1 - exp(-x)^2", sub(one, pow(exp(neg(x)), num(2))), (v) => one_.sub(v.mul(-2).exp())],
    [
      "7*x - 7*x*exp(-x)",
      sub(mul(num(7), x), mul(num(7), x, exp(neg(x)))),
      (v) => v.mul(7).mul(one_.sub(v.neg().exp())),
    ],
    ["exp(3 + x) - exp(3)", sub(exp(add(num(3), x)), exp(num(3))), (v) => v.add(3).exp().sub(new D(3).exp())],
    ["log(1 + x)", fn("log", add(one, x)), (v) => v.add(1).ln()],
    ["log(1 - exp(-x))", fn("log", sub(one, exp(neg(x)))), (v) => one_.sub(v.neg().exp()).ln()],
    [
      "sqrt(1 - exp(-2x))",
      fn("sqrt", sub(one, exp(mul(num(-2), x)))),
      (v) => one_.sub(v.mul(-2).exp()).sqrt(),
    ],
  ];
  test.each(cases)("%s", (_, e, reference) => {
    for (const value of h)
      expect(relativeError(evaluate(e, at({ x: value })), reference(ofDouble(value)))).toBeLessThan(1e-15);
  });
});

test("sums are compensated", () => {
  const e = add(mul(num(10n ** 17n), x), y, mul(num(-(10n ** 17n)), u));
  expect(evaluate(e, at({ x: 1, y: 0.25, u: 1 }))).toBe(0.25);
});

test("roots and small powers round like the operations they stand for", () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-10, max: 1e10, noNaN: true }), (v) => {
      const env = at({ x: v });
      expect(evaluate(fn("sqrt", x), env)).toBe(Math.sqrt(v));
      expect(evaluate(pow(x, num(-1)), env)).toBe(1 / v);
      expect(evaluate(pow(x, num(3)), env)).toBe(v * (v * v));
      expect(evaluate(mul(num("1/3"), x), env)).toBe(v / 3);
    }),
  );
});

describe("infinities flow through", () => {
  test.each([
    ["exp(-inf)", exp(x), -Infinity, 0],
    ["expm1(-inf)", fn("expm1", x), -Infinity, -1],
    ["exp(-inf) - 1", sub(exp(x), one), -Infinity, -1],
    ["1/inf", div(one, x), Infinity, 0],
    ["1/0", div(one, x), 0, Infinity],
    ["log 0", fn("log", x), 0, -Infinity],
    ["3*exp(-x) + 2", add(mul(num(3), exp(neg(x))), num(2)), Infinity, 2],
    ["phi_2(-inf)", fn("phi", num(2), x), -Infinity, 0],
    ["logistic(-inf)", fn("logistic", x), -Infinity, 0],
    ["x + 1 + 1/x", add(x, one, div(one, x)), Infinity, Infinity],
  ])("%s", (_, e, value, expected) => expect(evaluate(e, at({ x: value }))).toBe(expected));
});

describe("environment", () => {
  test("unknown functions are asked for by name", () => {
    const env: Environment = {
      symbol: () => 3,
      call: (name, [a]) => (name === "double" ? 2 * a! : undefined),
    };
    expect(evaluate(add(fn("double", x), one), env)).toBe(7);
    expect(() => evaluate(fn("triple", x), env)).toThrow(/'triple'/);
    expect(() => evaluate(fn("triple", x), at({ x: 1 }))).toThrow(/'triple'/);
  });

  test("where touches only the branch it takes", () => {
    const e = fn("where", fn("lt", x, zero), y, num(5));
    const env: Environment = {
      symbol: (s) => {
        if (s === y) throw new Error("must not be read");
        return 1;
      },
    };
    expect(evaluate(e, env)).toBe(5);
  });

  test("a memo saves repeated work", () => {
    let reads = 0;
    const env: Environment = { symbol: () => ++reads };
    const memo = new Map<Expr, number>();
    evaluate(add(x, one), env, memo);
    expect(evaluate(mul(x, num(2)), env, memo)).toBe(2);
    expect(reads).toBe(1);
  });

  test("depth does not use up the stack", () => {
    let e: Expr = x;
    for (let i = 0; i < 30000; i++) e = fn("next", e);
    expect(evaluate(e, { symbol: () => 0, call: (_, [a]) => a! + 1 })).toBe(30000);
  });
});

describe("binders", () => {
  test("integrals over a bound variable, also when the outer scope has one of its name", () => {
    const e = mul(u, binder("integral", u, mul(exp(u), x), zero, u));
    expect(evaluate(e, at({ u: 2, x: 3 }))).toBeCloseTo(2 * 3 * Math.expm1(2), 12);
  });

  test("roots", () => {
    const e = binder("root", u, sub(exp(u), x), num(-50), num(50));
    expect(evaluate(e, at({ x: 7 }))).toBeCloseTo(Math.log(7), 15);
    expect(evaluate(e, at({ x: -1 }))).toBeNaN();
  });

  test("nested, with unknown functions inside", () => {
    const inner = binder("integral", u, fn("f", u), zero, y);
    const e = binder("integral", y, inner, zero, x);
    expect(evaluate(e, { symbol: () => 2, call: (_, [a]) => a! * a! })).toBeCloseTo(4 / 3, 13);
  });
});

describe("compiled expressions", () => {
  test("give the bits evaluation gives", () => {
    const names = ["p", "q", "x", "y"];
    fc.assert(
      fc.property(fc.array(treeArbitrary, { minLength: 1, maxLength: 4 }), pointArbitrary, (trees, point) => {
        const exprs = trees.map(build);
        const values = names.map((n) => point.get(n)!.toNumber());
        const env = at(Object.fromEntries(names.map((n, i) => [n, values[i]!])));
        const compiled = compileExprs(exprs, names.map(testSymbol))(Float64Array.from(values));
        expect([...compiled]).toEqual(exprs.map((e) => evaluate(e, env)));
      }),
      { numRuns: 500 },
    );
  });

  test("share common subexpressions", () => {
    let calls = 0;
    const call = (_: string, [a]: readonly number[]): number => {
      calls++;
      return a!;
    };
    const f = fn("f", x);
    const run = compileExprs([add(f, one), mul(f, y), fn("sin", f)], [x, y], call);
    expect([...run(Float64Array.of(2, 3))]).toEqual([3, 6, Math.sin(2)]);
    expect(calls).toBe(1);
  });

  test("refuse symbols that are not inputs", () => {
    expect(() => compileExprs([add(x, y)], [x])).toThrow(/'y'/);
  });
});

test("evaluation agrees with 60 digits where no cancellation is hidden", () => {
  const positive = treeArbitrary.filter(
    (t) => !JSON.stringify(t).match(/"sub"|"log"|"sin"|"cos"|"expm1"|-|"[xy]"/),
  );
  fc.assert(
    fc.property(positive, pointArbitrary, (tree, point) => {
      const e = build(tree);
      const rounded = new Map([...point].map(([k, v]) => [k, ofDouble(v.toNumber())]));
      const exact = decimalValue(e, rounded);
      fc.pre(exact.isFinite() && exact.abs().lt(1e100));
      const value = evaluate(e, { symbol: (s) => point.get(s.key)!.toNumber() });
      // exp multiplies a relative error by the size of its argument, which is below 230 here.
      expect(relativeError(value, exact)).toBeLessThan(1e-12);
    }),
    { numRuns: 300 },
  );
});

test("a real is its double", () => expect(evaluate(mul(real(0.1), num(3)), at({}))).toBe(0.1 * 3));
