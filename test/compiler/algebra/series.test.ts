import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { format, rational, type Rational } from "../../../compiler/algebra/rational.js";
import {
  decimalField,
  numberField,
  rationalField,
  SeriesRing,
  type Series,
} from "../../../compiler/algebra/series.js";

const order = 7;
const Q = new SeriesRing(rationalField, order);
const D = new SeriesRing(decimalField, order);
const show = (a: Series<Rational>): string => a.map(format).join(" ");
const q = (...texts: (number | readonly [number, number])[]): Series<Rational> =>
  Q.from(texts.map((t) => (typeof t === "number" ? rational(t) : rational(t[0], t[1]))));
const h = Q.variable();

const coefficient = fc
  .tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: 1, max: 5 }))
  .map(([n, d]) => rational(n, d));
const series = fc.array(coefficient, { minLength: order + 1, maxLength: order + 1 });
const small = series.map((a) => [rational(0), ...a.slice(1)]);
const unit = series.map((a) => [rational(1), ...a.slice(1)]);

describe("exact identities", () => {
  test("ring laws and division", () => {
    fc.assert(
      fc.property(series, series, unit, (a, b, c) => {
        expect(show(Q.mul(a, b))).toBe(show(Q.mul(b, a)));
        expect(show(Q.mul(a, Q.add(b, c)))).toBe(show(Q.add(Q.mul(a, b), Q.mul(a, c))));
        expect(show(Q.mul(Q.div(a, c), c))).toBe(show(a));
      }),
    );
  });

  test("exp is a homomorphism and log its inverse", () => {
    fc.assert(
      fc.property(small, small, unit, (a, b, c) => {
        expect(show(Q.exp(Q.add(a, b)))).toBe(show(Q.mul(Q.exp(a), Q.exp(b))));
        expect(show(Q.log(Q.exp(a)))).toBe(show(a));
        expect(show(Q.exp(Q.log(c)))).toBe(show(c));
        expect(show(Q.expm1(a))).toBe(show(Q.sub(Q.exp(a), Q.constant(rational(1)))));
      }),
    );
  });

  test("powers", () => {
    fc.assert(
      fc.property(unit, coefficient, (a, p) => {
        const root = Q.sqrt(a);
        expect(show(Q.mul(root, root))).toBe(show(a));
        expect(show(Q.pow(a, rational(3)))).toBe(show(Q.mul(a, Q.mul(a, a))));
        if (p.d === 1n) expect(show(Q.mul(Q.pow(a, p), Q.pow(a, rational(-p.n))))).toBe(show(q(1)));
      }),
    );
  });

  test("sin^2 + cos^2 = 1, and sin is the integral of cos", () => {
    fc.assert(
      fc.property(small, (a) => {
        const [s, c] = [Q.sin(a), Q.cos(a)];
        expect(show(Q.add(Q.mul(s, s), Q.mul(c, c)))).toBe(show(q(1)));
        expect(show(Q.integral(Q.mul(c, Q.derivative(a))))).toBe(show(s));
      }),
    );
  });

  test("phi_{k+1}(a) a = phi_k(a) - 1/k!", () => {
    fc.assert(
      fc.property(small, (a) => {
        let factorial = 1;
        for (let k = 0; k < 5; k++) {
          const left = Q.mul(Q.phi(k + 1, a), a);
          expect(show(left)).toBe(show(Q.sub(Q.phi(k, a), Q.constant(rational(1, factorial)))));
          factorial *= k + 1;
        }
      }),
    );
  });

  test("composition is substitution", () => {
    fc.assert(
      fc.property(small, (a) => {
        expect(show(Q.compose(Q.exp(h), a))).toBe(show(Q.exp(a)));
        expect(show(Q.compose(Q.log(Q.add(q(1), h)), a))).toBe(show(Q.log(Q.add(q(1), a))));
      }),
    );
  });
});

describe("known coefficients", () => {
  test("exp(h), sqrt(1 + h), 1/(1 - h)", () => {
    expect(show(Q.exp(h)).startsWith("1 1 1/2 1/6 1/24 1/120")).toBe(true);
    expect(show(Q.sqrt(q(1, 1))).startsWith("1 1/2 -1/8 1/16 -5/128")).toBe(true);
    expect(show(Q.div(q(1), q(1, -1)))).toBe("1 1 1 1 1 1 1 1");
  });

  test("division by h gives one coefficient less, never an invented one", () => {
    const quotient = Q.div(Q.expm1(h), h);
    expect(quotient).toHaveLength(order);
    expect(show(quotient)).toBe(show(Q.phi(1, h).slice(0, order)));
    expect(Q.mul(quotient, h)).toHaveLength(order + 1);
    expect(Q.add(quotient, h)).toHaveLength(order);
  });

  test("powers with leading zeros", () => {
    expect(show(Q.sqrt(q(0, 0, 4, 4)))).toBe("0 2 1 -1/4 1/8 -5/64 7/128");
    expect(() => Q.sqrt(h)).toThrow(RangeError);
    expect(() => Q.pow(h, rational(-1))).toThrow(RangeError);
  });
});

describe("fields", () => {
  test("rationals refuse to round", () => {
    expect(() => Q.exp(q(1))).toThrow(RangeError);
    expect(() => Q.sqrt(q(2))).toThrow(RangeError);
    expect(() => Q.phi(1, q(1))).toThrow(RangeError);
    expect(show(Q.sqrt(q(9))).startsWith("3 0")).toBe(true);
  });

  test("decimals hold 50 digits", () => {
    const e = D.exp(D.from([decimalField.one, decimalField.one]));
    expect(e[0]!.toFixed(45)).toBe("2.718281828459045235360287471352662497757247094");
    expect(decimalField.fromNumber(0.1).toFixed(40)).toBe("0.1000000000000000055511151231257827021182");
  });

  test.each([-7, -1.5, -1e-6, 1e-9, 0.3, 1.9, 2.1, 9])(
    "phi around %f, against the difference quotient in 50 digits",
    (z) => {
      const at = decimalField.fromNumber(z);
      for (let k = 0; k < 6; k++) {
        const a = D.phi(k, D.from([at, decimalField.one]));
        const next = D.phi(k + 1, D.from([at, decimalField.one]));
        // phi_k' = phi_k - k phi_{k+1}
        const slope = a[0]!.sub(next[0]!.mul(k));
        expect(a[1]!.sub(slope).abs().lt(slope.abs().mul("1e-38")), `k = ${k}`).toBe(true);
      }
    },
  );

  test("doubles", () => {
    const ring = new SeriesRing(numberField, 3);
    expect(ring.exp(ring.variable())).toEqual([1, 1, 0.5, 1 / 6]);
  });

  test("evaluation of the known part", () => {
    expect(format(Q.at(q(1, 2, 3), rational(1, 2)))).toBe("11/4");
  });
});

test("a composition multiplies only what the result shows", () => {
  let products = 0;
  const counted = {
    ...rationalField,
    mul: (a: Rational, b: Rational): Rational => {
      products += 1;
      return rationalField.mul(a, b);
    },
  };
  const order = 12;
  const ring = new SeriesRing(counted, order);
  const outer = Array.from({ length: order + 1 }, (_, k) => rational(1, k + 1));
  const inner = [rational(0), ...Array.from({ length: order }, (_, k) => rational(k + 1, 3))];
  const composed = ring.compose(outer, inner);
  expect(composed.length).toBe(order + 1);
  // Horner's rule with full products takes 1014.
  expect(products).toBeLessThan(500);
});
