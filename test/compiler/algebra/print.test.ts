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
import { latex, print } from "../../../compiler/algebra/print.js";

const x = sym("x");
const y = sym("y");
const n = sym("n");
const h = sym("h");
const u = sym("u");
const st = sym("sigma[t]");
const ss = sym("sigma[s]");
const at = sym("alpha[t]");
const sq = (e: Expr): Expr => pow(e, num(2));

test.each<readonly [Expr, string]>([
  [sub(mul(div(st, ss), x), mul(at, fn("expm1", neg(h)))), "sigma[t]/sigma[s]*x - alpha[t]*expm1(-h)"],
  [sub(one, x), "1 - x"],
  [sub(neg(x), y), "-x - y"],
  [sub(x, sub(y, one)), "x - y + 1"],
  [mul(add(x, y), sub(x, y)), "(x + y)*(x - y)"],
  [mul(num("3/2"), x), "3/2*x"],
  [div(x, num(2)), "x/2"],
  [div(one, mul(num(2), x)), "1/(2*x)"],
  [div(x, mul(y, n)), "x/(n*y)"],
  [div(one, add(x, y)), "1/(x + y)"],
  [sq(add(x, y)), "(x + y)^2"],
  [pow(x, neg(n)), "1/x^n"],
  [pow(num("3/4"), n), "(3/4)^n"],
  [pow(num(-2), n), "(-2)^n"],
  [pow(pow(x, n), y), "(x^n)^y"],
  [pow(x, sub(n, one)), "x^(n - 1)"],
  [fn("sqrt", add(x, one)), "sqrt(x + 1)"],
  [div(one, fn("sqrt", x)), "1/sqrt(x)"],
  [pow(x, num("3/2")), "x^(3/2)"],
  [mul(num(-2), x), "-2*x"],
  [real(-0.5), "-0.5"],
  [mul(real(-0.5), x), "(-0.5)*x"],
  [real(Infinity), "inf"],
  [fn("where", fn("and", fn("lt", x, one), fn("eq", y, zero)), x, y), "where(y == 0 and x < 1, x, y)"],
  [fn("and", fn("or", fn("lt", x, y), fn("lt", y, n)), fn("le", n, x)), "n <= x and (x < y or y < n)"],
  [binder("integral", u, fn("exp", u), zero, x), "integral(exp(u), u in 0 .. x)"],
  [binder("root", u, sub(sq(u), x), zero, x), "root(u^2 - x == 0, u in 0 .. x)"],
  [fn("pi"), "pi"],
])("form %#", (e, expected) => expect(print(e)).toBe(expected));

describe("latex", () => {
  test.each<readonly [Expr, string]>([
    [div(mul(st, x), ss), "\\frac{\\sigma_{t} x}{\\sigma_{s}}"],
    [sub(one, fn("exp", mul(num(-2), h))), "1 - e^{-2 h}"],
    [mul(x, add(y, one)), "x \\left(y + 1\\right)"],
    [div(add(x, one), num(2)), "\\frac{x + 1}{2}"],
    [fn("sqrt", x), "\\sqrt{x}"],
    [fn("phi", num(2), neg(h)), "\\varphi_{2}\\left(-h\\right)"],
    [sym("w", { latex: "\\hat w" }), "\\hat w"],
    [sym("x0"), "x_{0}"],
    [binder("integral", u, fn("exp", u), zero, x), "\\int_{0}^{x} e^{u} \\, du"],
  ])("form %#", (e, expected) => expect(latex(e)).toBe(expected));
});

test("what is printed does not depend on the order of construction", () => {
  const late = sym("created_last_but_sorts_first");
  expect(print(add(x, late))).toBe(print(add(late, x)));
  expect(print(add(x, late))).toBe("created_last_but_sorts_first + x");
});
