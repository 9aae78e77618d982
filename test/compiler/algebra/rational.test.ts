import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as Q from "../../../compiler/algebra/rational.js";
import { fromDouble, parseRational, rational, type Rational } from "../../../compiler/algebra/rational.js";

const arbitrary = fc
  .tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.bigInt({ min: 1n, max: 10n ** 20n }))
  .map(([n, d]) => rational(n, d));

const same = (a: Rational, b: Rational): boolean => a.n === b.n && a.d === b.d;
const zero = rational(0);
const one = rational(1);

describe("field laws", () => {
  test("addition and multiplication are associative and commutative, and distribute", () => {
    fc.assert(
      fc.property(arbitrary, arbitrary, arbitrary, (a, b, c) => {
        expect(same(Q.add(a, Q.add(b, c)), Q.add(Q.add(a, b), c))).toBe(true);
        expect(same(Q.mul(a, Q.mul(b, c)), Q.mul(Q.mul(a, b), c))).toBe(true);
        expect(same(Q.add(a, b), Q.add(b, a))).toBe(true);
        expect(same(Q.mul(a, b), Q.mul(b, a))).toBe(true);
        expect(same(Q.mul(a, Q.add(b, c)), Q.add(Q.mul(a, b), Q.mul(a, c)))).toBe(true);
      }),
    );
  });

  test("inverses", () => {
    fc.assert(
      fc.property(arbitrary, (a) => {
        expect(same(Q.add(a, Q.neg(a)), zero)).toBe(true);
        expect(same(Q.sub(a, a), zero)).toBe(true);
        if (a.n !== 0n) expect(same(Q.mul(a, Q.div(one, a)), one)).toBe(true);
        if (a.n !== 0n) expect(same(Q.mul(Q.pow(a, -3), Q.pow(a, 3)), one)).toBe(true);
      }),
    );
  });

  test("comparison is the sign of the difference", () => {
    fc.assert(fc.property(arbitrary, arbitrary, (a, b) => Q.compare(a, b) === Q.sign(Q.sub(a, b))));
  });

  test("values are reduced with a positive denominator", () => {
    expect(rational(6, -4)).toEqual({ n: -3n, d: 2n });
    expect(rational(0, -7)).toEqual({ n: 0n, d: 1n });
    expect(() => rational(1, 0)).toThrow(RangeError);
  });
});

describe("reading", () => {
  test.each([
    ["12", 12n, 1n],
    ["0.7", 7n, 10n],
    ["1e-3", 1n, 1000n],
    ["-2.50e+1", -25n, 1n],
    ["3/4", 3n, 4n],
    [".5", 1n, 2n],
  ])("%s", (text, n, d) => expect(parseRational(text)).toEqual({ n, d }));

  test.each(["", "x", "1e", "1.2.3", ".", "1e99999999", "0x10"])("refuses '%s'", (text) =>
    expect(() => parseRational(text)).toThrow(SyntaxError),
  );
});

describe("doubles", () => {
  test("every double survives the way to a rational and back", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (x) => {
        expect(Q.toNumber(fromDouble(x)) === x).toBe(true);
      }),
      { numRuns: 2000 },
    );
  });

  test("decimal texts round as JavaScript rounds them, subnormal results included", () => {
    const digits = fc.bigInt({ min: 1n, max: 10n ** 25n });
    fc.assert(
      fc.property(digits, fc.integer({ min: -345, max: 290 }), (n, e) => {
        const text = `${n}e${e}`;
        expect(Q.toNumber(parseRational(text))).toBe(Number(text));
      }),
      { numRuns: 3000 },
    );
  });

  test("ties go to even", () => {
    expect(Q.toNumber(rational(2n ** 54n + 2n, 2n))).toBe(2 ** 53);
    expect(Q.toNumber(rational(2n ** 54n + 6n, 2n))).toBe(2 ** 53 + 4);
    expect(Q.toNumber(rational(3n, 2n ** 1075n))).toBe(2 * Number.MIN_VALUE);
    expect(Q.toNumber(rational(1n, 2n ** 1075n))).toBe(0);
    // Just above a tie, with the excess below the last subnormal bit.
    expect(Q.toNumber(rational((2n ** 54n + 2n) * 3n + 1n, 3n * 2n ** 1074n))).toBe(2 ** -1020 + 2 ** -1072);
  });

  test("parts beyond the range of doubles", () => {
    expect(Q.toNumber(rational(10n ** 400n, 3n * 10n ** 400n))).toBe(1 / 3);
    expect(Q.toNumber(rational(10n ** 400n))).toBe(Infinity);
  });
});

test("floor rounds towards minus infinity", () => {
  expect(Q.floor(rational(-1, 2))).toBe(-1n);
  expect(Q.floor(rational(7, 2))).toBe(3n);
  expect(Q.floor(rational(-4, 2))).toBe(-2n);
});
