import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  add,
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
import { linearForm, solveLinear } from "../../../compiler/algebra/linear.js";
import { print } from "../../../compiler/algebra/print.js";
import { proveEqual, simplify } from "../../../compiler/algebra/simplify.js";

const x = sym("x");
const y = sym("y");
const a = sym("a");
const alpha = sym("alpha", { positive: true });
const sigma = sym("sigma", { positive: true });
const sq = (e: Expr): Expr => pow(e, num(2));

describe("linearForm", () => {
  test("coefficients and rest", () => {
    const e = add(mul(alpha, x), div(sub(y, mul(a, x)), sigma), num(3));
    const form = linearForm(e, [x, y])!;
    expect(proveEqual(form.coefficients[0]!, sub(alpha, div(a, sigma)))).toBe("equal");
    expect(form.coefficients[1]).toBe(div(one, sigma));
    expect(form.rest).toBe(num(3));
  });

  test("branches", () => {
    const e = fn("where", fn("lt", a, one), x, mul(num(2), x));
    expect(linearForm(e, [x])!.coefficients[0]).toBe(fn("where", fn("lt", a, one), one, num(2)));
    expect(linearForm(fn("where", fn("lt", x, one), x, y), [x, y])).toBeUndefined();
  });

  test("forms that are linear after cancellation", () => {
    const form = linearForm(sub(mul(x, add(y, num(2))), mul(y, x)), [x, y])!;
    expect(form.coefficients).toEqual([num(2), zero]);
    expect(linearForm(div(sub(sq(x), sq(a)), sub(x, a)), [x])).toEqual({ coefficients: [one], rest: a });
  });

  test.each([mul(x, y), sq(x), fn("exp", x), div(one, x), fn("abs", x), fn("f", x)])(
    "%# is not linear",
    (e) => expect(linearForm(e, [x, y])).toBeUndefined(),
  );
});

describe("solveLinear", () => {
  test("x0 and eps from x and v", () => {
    const [x0, eps] = solveLinear(
      [
        [alpha, sigma],
        [neg(sigma), alpha],
      ],
      [x, y],
    )!;
    const size = add(sq(alpha), sq(sigma));
    expect(x0).toBe(div(sub(mul(alpha, x), mul(sigma, y)), size));
    expect(eps).toBe(div(add(mul(sigma, x), mul(alpha, y)), size));
  });

  test("singular as functions, not only as numbers", () => {
    expect(
      solveLinear(
        [
          [alpha, sigma],
          [mul(alpha, a), mul(sigma, a)],
        ],
        [x, y],
      ),
    ).toBeUndefined();
    expect(
      solveLinear(
        [[sub(sq(a), one)]].map((r) => [sub(r[0]!, mul(add(a, one), sub(a, one)))]),
        [x],
      ),
    ).toBeUndefined();
  });

  const entry = fc.constantFrom<Expr>(
    zero,
    one,
    num(2),
    num("-1/3"),
    a,
    alpha,
    neg(sigma),
    add(a, one),
    div(one, alpha),
  );
  const square = fc.array(fc.array(entry, { minLength: 3, maxLength: 3 }), { minLength: 3, maxLength: 3 });

  test("round trip: A * solution is the right side", () => {
    let solved = 0;
    fc.assert(
      fc.property(square, (A) => {
        const b = [x, y, one];
        const solution = solveLinear(A, b);
        if (solution === undefined) return;
        solved++;
        A.forEach((row, i) => {
          const product = add(...row.map((c, j) => mul(c, solution[j]!)));
          expect(proveEqual(product, b[i]!), `${print(simplify(product))} is not ${print(b[i]!)}`).toBe(
            "equal",
          );
        });
      }),
      { numRuns: 80 },
    );
    expect(solved).toBeGreaterThan(20);
  });

  test("interpolation weights", () => {
    // Through nodes 0 and -r: the integral of 1 and of u over the step.
    const r = sym("r", { positive: true });
    const [w0, w1] = solveLinear(
      [
        [one, one],
        [zero, neg(r)],
      ],
      [one, num("1/2")],
    )!;
    expect(proveEqual(w0!, add(one, div(one, mul(num(2), r))))).toBe("equal");
    expect(w1).toBe(div(num(-1), mul(num(2), r)));
  });
});
