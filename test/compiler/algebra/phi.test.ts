import { describe, expect, test } from "vitest";
import { factorial, phi } from "../../../compiler/algebra/phi.js";
import { D, ofDouble, relativeError } from "./support.js";

const Wide = D.clone({ precision: 120, defaults: true });

/** By the definition, with digits enough for its cancellation; by the series where even those would not do. */
function reference(k: number, z: number): InstanceType<typeof D> {
  const exact = new Wide(ofDouble(z));
  let sum = new Wide(0);
  let term = new Wide(1);
  if (Math.abs(z) > 1) {
    for (let j = 0; j < k; j++) {
      sum = sum.add(term);
      term = term.mul(exact).div(j + 1);
    }
    return exact.exp().sub(sum).div(exact.pow(k));
  }
  for (let j = 2; j <= k; j++) term = term.div(j);
  for (let j = 0; j < 60; j++) {
    sum = sum.add(term);
    term = term.mul(exact).div(k + j + 1);
  }
  return sum;
}

describe("phi against 120 digits", () => {
  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 12])("phi_%i", (k) => {
    // Points around every change of method, and log-spaced ones; deterministic, so a failure can be repeated.
    const sizes = [1, 2 * k + 2, 699, 700, 700.5];
    for (let e = -12; e < 2.84; e += 0.0437) sizes.push(10 ** e);
    const near = sizes.flatMap((s) => [s * (1 - 1e-9), s, s * (1 + 1e-9)]);
    for (const size of near) {
      for (const z of [size, -size]) {
        if (Math.abs(z) > 701) continue;
        expect(relativeError(phi(k, z), reference(k, z)), `phi(${k}, ${z})`).toBeLessThan(1.2e-15);
      }
    }
  });
});

test("values at 0 and at infinity", () => {
  for (let k = 1; k < 9; k++) {
    expect(phi(k, 0)).toBe(1 / factorial(k));
    expect(phi(k, -0)).toBe(1 / factorial(k));
    expect(phi(k, Infinity)).toBe(Infinity);
    expect(phi(k, -Infinity)).toBe(0);
  }
  expect(phi(0, -Infinity)).toBe(0);
});

test("phi_k stays finite where e^z no longer is", () => {
  expect(relativeError(phi(2, 715), reference(2, 715))).toBeLessThan(2e-15);
  expect(phi(1, 1e6)).toBe(Infinity);
});

test("orders that make no sense give NaN", () => {
  expect(phi(-1, 1)).toBeNaN();
  expect(phi(1.5, 1)).toBeNaN();
  expect(phi(2, NaN)).toBeNaN();
});
