import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { betaCdf, betaQuantile } from "../../../compiler/algebra/beta.js";
import { expandBracket, findRoot, integrate, solveDense } from "../../../compiler/algebra/numeric.js";

describe("integrate", () => {
  const cases: readonly (readonly [string, (x: number) => number, number, number, number, number])[] = [
    ["a polynomial", (x) => 3 * x * x, 0, 2, 8, 1e-14],
    ["exp over a long interval", Math.exp, -30, 5, Math.exp(5) - Math.exp(-30), 1e-13],
    ["backwards", Math.cos, 1, 0, -Math.sin(1), 1e-14],
    [
      "a narrow peak",
      (x) => 1e-4 / (1e-8 + (x - 0.3) ** 2),
      -1,
      1,
      Math.atan(7000) + Math.atan(13000),
      1e-12,
    ],
    ["a kink", (x) => Math.abs(x - 0.7), 0, 2, (0.49 + 1.69) / 2, 1e-12],
    ["x^(-1/2) at 0", (x) => 1 / Math.sqrt(x), 0, 1, 2, 1e-12],
    ["x^(-9/10) at 0", (x) => x ** -0.9, 0, 1, 10, 1e-12],
    ["log at 0", Math.log, 0, 1, -1, 1e-12],
    ["x^(3/4) at 0", (x) => x ** 0.75, 0, 1, 4 / 7, 1e-12],
    ["a Gaussian over the line", (x) => Math.exp(-x * x), -Infinity, Infinity, Math.sqrt(Math.PI), 1e-13],
    ["exp(-x) to infinity", (x) => Math.exp(-x), 0, Infinity, 1, 1e-13],
    ["from minus infinity", Math.exp, -Infinity, 0, 1, 1e-13],
    ["nothing", Math.exp, 2, 2, 0, 0],
    ["zero", () => 0, 0, 1, 0, 0],
  ];
  test.each(cases)("%s", (_, f, a, b, expected, tolerance) => {
    expect(Math.abs(integrate(f, a, b)! - expected)).toBeLessThanOrEqual(tolerance * Math.abs(expected));
  });

  test.each([
    ["1/x at 0", (x: number) => 1 / x, 0, 1],
    ["NaN", () => NaN, 0, 1],
    ["NaN in the middle", (x: number) => Math.sqrt(0.25 - x), 0, 1],
    ["an end that is NaN", (x: number) => x, 0, NaN],
  ] as const)("%s has no value", (_, f, a, b) => expect(integrate(f, a, b)).toBeUndefined());
});

describe("findRoot", () => {
  test("to the last bits", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-8, max: 1e8, noNaN: true }), (v) => {
        const root = findRoot((x) => x * x * x - v, 0, 1e3)!;
        expect(Math.abs(root - Math.cbrt(v))).toBeLessThanOrEqual(4 * Number.EPSILON * Math.cbrt(v));
      }),
    );
  });

  test("flat and steep functions", () => {
    expect(findRoot((x) => (x - 1) ** 9, 0, 3)).toBeCloseTo(1, 1);
    expect(findRoot((x) => Math.exp(50 * x) - 2, -5, 5)).toBeCloseTo(Math.LN2 / 50, 15);
    expect(findRoot((x) => Math.atan(1e6 * (x - 0.3)), -9, 4)).toBeCloseTo(0.3, 14);
  });

  test("roots at the ends, and none", () => {
    expect(findRoot((x) => x, 0, 1)).toBe(0);
    expect(findRoot((x) => x - 1, 0, 1)).toBe(1);
    expect(findRoot((x) => x * x + 1, -1, 1)).toBeUndefined();
    expect(findRoot(() => NaN, -1, 1)).toBeUndefined();
  });

  test("brackets grow until the sign changes, within bounds", () => {
    const [a, b] = expandBracket((x) => x - 1000, 0, 1)!;
    expect(a <= 1000 && b >= 1000).toBe(true);
    expect(expandBracket((x) => x - 1000, 0, 1, -10, 10)).toBeUndefined();
    expect(expandBracket(() => 1, 0, 1)).toBeUndefined();
  });
});

describe("solveDense", () => {
  const matrix = fc.array(fc.array(fc.integer({ min: -9, max: 9 }), { minLength: 4, maxLength: 4 }), {
    minLength: 4,
    maxLength: 4,
  });

  test("gives back the vector the right side was made from", () => {
    fc.assert(
      fc.property(
        matrix,
        fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 4, maxLength: 4 }),
        (rows, x) => {
          const A = rows.map((row, i) => row.map((v, j) => (i === j ? v + 40 : v)));
          const b = A.map((row) => row.reduce((sum, v, j) => sum + v * x[j]!, 0));
          solveDense(A, b)!.forEach((v, i) => expect(v).toBeCloseTo(x[i]!, 12));
        },
      ),
    );
  });

  test("pivots", () => {
    expect(
      solveDense(
        [
          [0, 2],
          [1, 1],
        ],
        [2, 3],
      ),
    ).toEqual([2, 1]);
    expect(
      solveDense(
        [
          [1e-20, 1],
          [1, 1],
        ],
        [1, 2],
      )![0],
    ).toBeCloseTo(1, 15);
  });

  test("singular matrices have no solution", () => {
    expect(
      solveDense(
        [
          [1, 2],
          [2, 4],
        ],
        [1, 1],
      ),
    ).toBeUndefined();
    expect(
      solveDense(
        [
          [0, 0],
          [0, 0],
        ],
        [0, 0],
      ),
    ).toBeUndefined();
    expect(
      solveDense(
        [
          [0.1, 0.2],
          [0.3, 0.6],
        ],
        [1, 1],
      ),
    ).toBeUndefined();
    expect(solveDense([[NaN]], [1])).toBeUndefined();
  });
});

describe("betaQuantile", () => {
  // Closed forms: Beta(1, b), Beta(a, 1), the arcsine law, Beta(2, 2) through its cubic.
  const cubic = (p: number): number => 0.5 - Math.sin(Math.asin(1 - 2 * p) / 3);
  const cases: readonly (readonly [number, number, number, number])[] = [
    [0.5, 1, 3, -Math.expm1(Math.log(0.5) / 3)],
    [1 - 2 ** -40, 1, 5, 1 - 2 ** -8],
    [0.3, 4, 1, 0.3 ** 0.25],
    [1e-12, 0.5, 0.5, Math.sin((Math.PI / 2) * 1e-12) ** 2],
    [0.9, 0.5, 0.5, Math.sin((Math.PI / 2) * 0.9) ** 2],
    [0.2, 2, 2, cubic(0.2)],
    [0.75, 2, 2, cubic(0.75)],
    [1e-30, 3, 1, 1e-10],
  ];
  test.each(cases)("p = %f, a = %f, b = %f", (p, a, b, expected) => {
    expect(Math.abs(betaQuantile(p, a, b) / expected - 1)).toBeLessThan(1e-12);
  });

  test("values of scipy.stats.beta.ppf", () => {
    expect(Math.abs(betaQuantile(0.3, 0.6, 0.6) / 0.23401700387523575 - 1)).toBeLessThan(1e-12);
  });

  test("inverts the distribution function", () => {
    const parameter = fc.double({ min: 0.2, max: 30, noNaN: true });
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1 - 1e-6, noNaN: true }), parameter, parameter, (p, a, b) => {
        const x = betaQuantile(p, a, b);
        const ulps = 4 * Number.EPSILON;
        // Near 1 the density is so large that neighbouring doubles are far apart in probability.
        const spread = betaCdf(Math.min(1, x * (1 + ulps)), a, b) - betaCdf(x * (1 - ulps), a, b);
        expect(Math.abs(betaCdf(x, a, b) - p)).toBeLessThan(1e-12 + spread);
      }),
      { numRuns: 300 },
    );
  });

  test("is symmetric, monotone, and undefined outside", () => {
    expect(betaQuantile(0.5, 0.6, 0.6)).toBeCloseTo(0.5, 14);
    expect(betaQuantile(0, 2, 3)).toBe(0);
    expect(betaQuantile(1, 2, 3)).toBe(1);
    expect(betaQuantile(0.5, -1, 3)).toBeNaN();
    expect(betaQuantile(1.5, 1, 3)).toBeNaN();
  });
});
