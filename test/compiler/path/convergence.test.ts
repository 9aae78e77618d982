// Owns: integrals of schedules that do not converge: found without a sampler, at once, with the place.

import { describe, expect, test } from "vitest";
import { divergence } from "../../../compiler/algebra/divergence.js";
import { tryText } from "../check/support.js";

const found = (body: string): readonly string[] =>
  tryText(`schedule tried { time t from 1 to 0.01; ${body} }`).diagnostics.map(
    ({ code, message }) => `${code} ${message}`,
  );

describe("a function by its numbers", () => {
  test.each([
    ["1/x at 0", (x: number) => 1 / x, 0, 1, 0],
    ["1/x from above", (x: number) => 3 / x, 1, 0, 0],
    ["a sum with 1/x^2", (x: number) => 5 + Math.cos(x) / x ** 2, 0, 2, 0],
    ["1/(1 - x) at its end", (x: number) => 1 / (1 - x), 0, 1, 1],
    ["inside", (x: number) => 1 / Math.abs(x - 0.3), 0, 1, 0.3],
    ["inside, with both signs", (x: number) => 1 / (x - 0.5), 0, 1, 0.5],
  ])("%s", (_, f, a, b, place) => {
    expect(divergence(f, a, b)).toBeCloseTo(place, 12);
  });

  test.each([
    ["a root", (x: number) => 1 / Math.sqrt(x), 0, 1],
    ["x^-0.99", (x: number) => x ** -0.99, 0, 1],
    ["a logarithm", (x: number) => Math.log(x), 0, 1],
    ["a root inside", (x: number) => 1 / Math.sqrt(Math.abs(x - 0.3)), 0, 1],
    ["a narrow peak", (x: number) => 1 / ((x - 0.3) ** 2 + 1e-10), 0, 1],
    ["exp(-1/x)/x^2", (x: number) => Math.exp(-1 / x) / x ** 2, 0, 1],
    ["nothing singular", (x: number) => x ** 3 - 4, -1, 3],
  ])("%s converges", (_, f, a, b) => {
    expect(divergence(f, a, b)).toBeUndefined();
  });
});

describe("schedules", () => {
  test("f and g", () => {
    expect(found("f = -1/t; g = 1")).toEqual([
      "D0311 `tried` is not a path: the integral of f from 0 to 1 does not converge at 0",
    ]);
    expect(found("f = -t; g = 1/t")).toEqual([
      "D0311 `tried` is not a path: the integral of g^2/alpha^2 from 0 to 1 does not converge at 0",
    ]);
    expect(found("f = -1/(1-t); g = 1").join()).toMatch(/D0311 `tried` is not a path: /);
  });

  test("integrals that are written out", () => {
    const beta = (e: string): string =>
      `let beta(u) = ${e}; log(alpha) = -integral(beta(u), u in 0 .. t)/2; sigma = sqrt(1 - alpha^2)`;
    for (const e of ["1/u", "1/u^2"])
      expect(found(beta(e)).join()).toContain(`the integral of \`${e}\` from 0 to 1 does not converge at 0`);
    expect(found(beta("1/(u - 1/2)^2")).join()).toContain("does not converge at 0.5");
    expect(found(beta("1/sqrt(u)"))).toEqual([]);
  });
});
