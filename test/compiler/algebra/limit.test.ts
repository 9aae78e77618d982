import { describe, expect, test } from "vitest";
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
import { evaluate } from "../../../compiler/algebra/evaluate.js";
import { limitAt } from "../../../compiler/algebra/limit.js";
import { print } from "../../../compiler/algebra/print.js";

const s = sym("s", { positive: true });
const c = sym("c");
const alpha = sym("alpha");
const t = sym("t");
const values: Readonly<Record<string, number>> = { c: 0.7, alpha: 0.9, t: 2 };
const env = { symbol: (x: { key: string }): number => values[x.key]! };
const L = fn("log", div(one, s));
const h = add(L, c); // the length of a last step to sigma = s
const exp = (e: Expr): Expr => fn("exp", e);
const expm1 = (e: Expr): Expr => fn("expm1", e);
const two = num(2);
const ec = Math.exp(0.7);

const cases: readonly (readonly [Expr, number | undefined])[] = [
  [mul(s, expm1(h)), ec],
  [expm1(neg(h)), -1],
  [mul(L, num(3)), Infinity],
  [mul(L, num(-3)), -Infinity],
  [mul(s, L), 0],
  [mul(sq(s), pow(L, num(5))), 0],
  [div(expm1(h), h), Infinity],
  [mul(s, div(expm1(h), h)), 0],
  [mul(s, h, fn("phi", one, h)), ec],
  [fn("phi", two, neg(h)), 0],
  [mul(h, fn("phi", one, neg(h))), 1],
  [mul(h, fn("phi", two, neg(h))), 1],
  [fn("phi", two, s), 0.5],
  [sub(div(expm1(h), h), div(exp(h), h)), 0],
  [fn("sqrt", sub(one, exp(mul(num(-2), h)))), 1],
  [mul(s, fn("sqrt", expm1(mul(two, h)))), ec],
  [mul(pow(h, two), sub(div(one, h), div(one, add(h, one)))), 1],
  [sub(fn("sqrt", add(pow(L, two), L)), L), 0.5],
  [sub(fn("log", add(exp(h), one)), h), 0],
  [sub(fn("log", add(div(two, s), one)), L), Math.LN2],
  [div(L, fn("log", h)), Infinity],
  [pow(s, s), 1],
  [pow(h, div(one, h)), 1],
  [div(sub(one, fn("cos", s)), pow(s, two)), 0.5],
  [div(sub(fn("tan", s), s), pow(s, num(3))), 1 / 3],
  [div(fn("log", add(one, s)), s), 1],
  [div(sub(fn("sqrt", add(one, s)), one), s), 0.5],
  [div(sub(sub(exp(s), one), s), pow(s, two)), 0.5],
  [exp(neg(pow(h, two))), 0],
  [exp(neg(div(one, s))), 0],
  [mul(div(s, alpha), add(c, mul(div(alpha, s), t))), 2],
  [fn("where", fn("lt", s, real(0.001)), alpha, t), 0.9],
  [fn("where", fn("eq", s, zero), alpha, t), 2],
  [fn("min", h, num(5)), 5],
  [fn("max", h, num(5)), Infinity],
  [fn("clamp", neg(L), num(-3), zero), -3],
  [fn("min", s, mul(two, s)), 0],
  [fn("abs", sub(s, one)), 1],
  [fn("floor", neg(s)), -1],
  [fn("floor", s), 0],
  [fn("floor", add(c, s)), 0],
  [fn("round", add(num("1/2"), s)), 1],
  [fn("round", sub(num("1/2"), s)), 0],
  [fn("round", sub(num("3/2"), s)), 1],
  [fn("mod", neg(s), one), 1],
  [fn("atan", div(one, s)), Math.PI / 2],
  [fn("atan", neg(L)), -Math.PI / 2],
  [fn("atan2", s, num(-1)), Math.PI],
  [fn("atan2", neg(s), num(-1)), -Math.PI],
  [fn("logistic", h), 1],
  [mul(fn("logistic", neg(h)), div(one, s)), Math.exp(-0.7)],
  [fn("hypot", s, num(3)), 3],
  [fn("log2", mul(num(8), add(one, s))), 3],
  [fn("log1p", s), 0],
  [fn("beta_quantile", sub(num("1/2"), s), two, two), 0.5],
  [binder("integral", t, exp(t), s, one), Math.E - 1],
  [add(alpha, t), 2.9],
  // Undecided: oscillation, unknown functions, divergence outside the scale, values that are not finite.
  [fn("sin", div(one, s)), undefined],
  [fn("f", s), undefined],
  [binder("integral", t, div(one, t), s, one), undefined],
  [fn("sqrt", neg(s)), undefined],
  [mul(s, real(Infinity)), undefined],
];

function sq(e: Expr): Expr {
  return pow(e, two);
}

describe("limits for s -> 0+", () => {
  test.each(cases.map(([e, expected]) => [print(e), e, expected] as const))("%s", (_, e, expected) => {
    const found = limitAt(e, s, env);
    if (expected === undefined || !Number.isFinite(expected)) expect(found).toBe(expected);
    else expect(Math.abs(found! - expected)).toBeLessThanOrEqual(1e-13 * Math.max(1, Math.abs(expected)));
  });
});

test("a limit is what values at small s approach", () => {
  const e = mul(s, sub(exp(h), fn("phi", two, h)), add(one, div(one, h)));
  const limit = limitAt(e, s, env)!;
  const at = (v: number): number => evaluate(e, { symbol: (x) => (x === s ? v : env.symbol(x)) });
  // The error decays like 1/log(1/s).
  expect(Math.abs(at(1e-280) - limit)).toBeLessThan(Math.abs(at(1e-30) - limit) / 5);
  expect(limit).toBeCloseTo(ec, 12);
});

test("terms beyond the depth of an expansion make a limit undecided, not wrong", () => {
  const factorial = (k: number): Expr => fn("factorial", num(k));
  const partial = Array.from({ length: 8 }, (_, j) =>
    div(pow(s, num(2 * j)), mul(num((-1) ** j), factorial(2 * j))),
  );
  const e = div(sub(fn("cos", s), add(...partial)), pow(s, num(16)));
  expect([undefined, 1 / 20922789888000]).toContain(limitAt(e, s, env));
});

test("rounding errors of a sum that is zero do not diverge", () => {
  const [a, b] = [sym("a"), sym("b")];
  const e = div(sub(add(fn("log", div(a, s)), fn("log", mul(b, s))), fn("log", mul(a, b))), s);
  for (const [x, y] of [
    [0.3, 0.7],
    [0.1, 0.9],
    [0.123, 4.56],
    [1.7, 3.3],
  ] as const) {
    expect(limitAt(e, s, { symbol: (v) => (v === a ? x : y) })).toBe(0);
  }
});
