// Reductions on the heap of WebAssembly: float64 inside, the same bits whatever else is in the memory. Tolerance: the float64
// sums differ from those of the reference by their order only, n 2^-53 of the sum of sizes; the result is then a float32.

import { describe, expect, test } from "vitest";
import type { Per, ReduceFn } from "../../../compiler/plan/schema.js";
import { openBackend, type Backend } from "../../../runtime/index.js";
import { hostReduce } from "../../../runtime/backends/hostReduce.js";

const wasm = await openBackend("wasm");
const reference = await openBackend("reference");
const functions: readonly ReduceFn[] = ["sum", "mean", "std", "norm", "dot", "max", "min", "quantile"];

/** Float32 numbers of mixed sizes and signs. */
const numbers = (count: number, salt = 0): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => Math.sin(1.7 * i + salt) * 10 ** ((i % 7) - 3));

async function reduced(
  backend: Backend,
  fn: ReduceFn,
  inputs: readonly Float32Array[],
  shape: readonly number[],
  per: Per = "sample",
): Promise<number[]> {
  const tensors = inputs.map((data) => backend.upload(data, shape));
  const result = backend.reduce(fn, per, tensors, fn === "quantile" ? 0.37 : null);
  const data = await backend.download(result);
  for (const tensor of [...tensors, result]) backend.free(tensor);
  return [...data];
}

const inputsOf = (fn: ReduceFn, count: number): Float32Array[] =>
  fn === "dot" ? [numbers(count), numbers(count, 2)] : [numbers(count)];

describe.each(functions)("%s", (fn) => {
  test.each([1, 2, 15, 16, 17, 31, 32, 33, 63, 100, 4097])("of %d elements", async (size) => {
    const inputs = inputsOf(fn, 3 * size);
    const actual = await reduced(wasm, fn, inputs, [3, size]);
    const expected = await reduced(reference, fn, inputs, [3, size]);
    const largest = Math.max(...inputs.map((data) => Math.max(...data.map(Math.abs))));
    actual.forEach((value, i) => {
      const exact = expected[i]!;
      const order = size * size * 2 ** -53 * largest ** inputs.length;
      expect(Math.abs(value - exact)).toBeLessThanOrEqual(2 ** -24 * Math.abs(exact) + order);
    });
  });

  test("of a sample does not depend on the others, nor on the batch", async () => {
    const size = 1003;
    const inputs = inputsOf(fn, 5 * size);
    const together = await reduced(wasm, fn, inputs, [5, 17, 59]);
    for (let sample = 0; sample < 5; sample++) {
      const one = inputs.map((data) => data.slice(sample * size, (sample + 1) * size));
      expect(await reduced(wasm, fn, one, [1, 17, 59])).toEqual([together[sample]]);
    }
  });

  test.each([NaN, Infinity, -Infinity])("with %d inside is what the reference says", async (odd) => {
    for (const place of [0, 20, 34]) {
      const inputs = inputsOf(fn, 35);
      inputs[0]![place] = odd;
      const [actual] = await reduced(wasm, fn, inputs, [1, 35]);
      const [expected] = await reduced(reference, fn, inputs, [1, 35]);
      if (Number.isFinite(expected)) expect(actual).toBeCloseTo(expected!, 5);
      else expect(actual).toBe(expected);
    }
  });
});

test("max and min of one sign, and an average that cancels", async () => {
  expect(await reduced(wasm, "max", [new Float32Array(40).fill(-3)], [1, 40])).toEqual([-3]);
  expect(await reduced(wasm, "min", [new Float32Array(40).fill(3)], [1, 40])).toEqual([3]);
  const pairs = Float32Array.from({ length: 2 ** 16 }, (_, i) => (i % 2 === 0 ? 16777216 : -16777215));
  expect(await reduced(wasm, "mean", [pairs], [1, 2 ** 16])).toEqual([0.5]);
});

test("quantiles are those of the sorted values", () => {
  for (const count of [1, 2, 3, 10, 101, 1000])
    for (const repeats of [1, 3, 1000])
      for (const p of [-1, 0, 0.1, 0.5, 0.995, 1, 2]) {
        const data = Float64Array.from({ length: count }, (_, i) =>
          Math.floor(((i * 7919) % count) / repeats),
        );
        const sorted = [...data].sort((a, b) => a - b);
        const place = Math.min(Math.max(p, 0), 1) * (count - 1);
        const [low, high] = [sorted[Math.floor(place)]!, sorted[Math.min(Math.floor(place) + 1, count - 1)]!];
        const [actual] = hostReduce("quantile", "batch", [data], [count], p);
        expect(actual).toBe(low + (high - low) * (place - Math.floor(place)));
      }
});
