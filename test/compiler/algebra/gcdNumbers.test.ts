// Owns: the size of the numbers met on the way to a greatest common divisor.

import { expect, test, vi } from "vitest";
import { sym } from "../../../compiler/algebra/expr.js";
import {
  addPoly,
  atomPower,
  constantPoly,
  gcdPoly,
  monomialPoly,
  mulPoly,
  onePoly,
  samePoly,
  type Poly,
} from "../../../compiler/algebra/polynomial.js";
import { rational, type Rational } from "../../../compiler/algebra/rational.js";

const met = vi.hoisted(() => ({ digits: 0 }));

vi.mock("../../../compiler/algebra/rational.js", async (original) => {
  const actual = await original<typeof import("../../../compiler/algebra/rational.js")>();
  return {
    ...actual,
    mul(a: Rational, b: Rational): Rational {
      const product = actual.mul(a, b);
      met.digits = Math.max(met.digits, product.n.toString().length, product.d.toString().length);
      return product;
    },
  };
});

const [x, y] = [sym("x", {}), sym("y", {})];

/** A polynomial with the coefficients of the powers of x, the lowest first, and y added to the constant. */
const dense = (coefficients: readonly number[]): Poly =>
  coefficients.reduce(
    (sum, c, k) => (c === 0 ? sum : addPoly(sum, monomialPoly(atomPower(x, rational(k)), rational(c)))),
    monomialPoly(atomPower(y)),
  );

test("remainders lose the factor that their numbers share", () => {
  const a = dense([7, -3, 5, 2, -9, 4, 1, -8, 3]);
  const b = dense([2, 9, -4, 1, 6, -5, 8, 3]);
  met.digits = 0;
  expect(samePoly(gcdPoly(a, b), onePoly)).toBe(true);
  expect(met.digits).toBeLessThan(500);
});

test("a common factor is found through long remainders", () => {
  const factor = addPoly(dense([3, 0, 1]), constantPoly(rational(5)));
  const [a, b] = [dense([7, -3, 5, 2, -9]), dense([2, 9, -4, 1])].map((p) => mulPoly(p, factor)) as [
    Poly,
    Poly,
  ];
  expect(samePoly(gcdPoly(a, b), factor)).toBe(true);
});
