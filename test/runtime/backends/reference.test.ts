// The oracle against numbers worked out by hand.

import { expect, test } from "vitest";
import type { KernelOp, Per, ReduceFn } from "../../../compiler/plan/schema.js";
import { openBackend } from "../../../runtime/index.js";
import { kernel } from "../../support/plans.js";

const unary: readonly (readonly [KernelOp, number, number])[] = [
  ["neg", 2, -2],
  ["abs", -2, 2],
  ["sqrt", 2.25, 1.5],
  ["exp", 1, Math.E],
  ["expm1", 1e-20, 1e-20],
  ["log", Math.E, 1],
  ["sin", Math.PI / 6, 0.5],
  ["cos", Math.PI / 3, 0.5],
  ["tan", Math.PI / 4, 1],
  ["atan", 1, Math.PI / 4],
  ["floor", -1.5, -2],
  ["round", 2.5, 2],
  ["round", 3.5, 4],
  ["round", -0.6, -1],
  ["logistic", 0, 0.5],
  ["logistic", -1000, 0],
  ["not", 0, 1],
  ["not", 3, 0],
];

const binary: readonly (readonly [KernelOp, number, number, number])[] = [
  ["sub", 5, 2, 3],
  ["div", 5, 2, 2.5],
  ["min", 5, 2, 2],
  ["max", 5, 2, 5],
  ["pow", 5, 2, 25],
  ["atan2", 1, -1, (3 * Math.PI) / 4],
  ["lt", 1, 2, 1],
  ["lt", 2, 2, 0],
  ["le", 2, 2, 1],
  ["eq", 2, 2, 1],
  ["ne", 2, 2, 0],
  ["and", 3, 0, 0],
  ["and", 3, 2, 1],
  ["or", 0, 0, 0],
  ["or", 0, 2, 1],
];

test.each(unary)("%s(%d) = %d", async (op, x, expected) => {
  const backend = await openBackend("reference");
  const [out] = backend.dispatch(
    backend.prepare(kernel(["x0", [op, 0]])),
    [backend.upload(Float64Array.of(x), [1])],
    [],
    [true],
  );
  expect((await backend.download(out!))[0]).toBeCloseTo(expected, 15);
});

test.each(binary)("%s(%d, %d) = %d", async (op, x, y, expected) => {
  const backend = await openBackend("reference");
  const [out] = backend.dispatch(
    backend.prepare(kernel(["x0", "s0", [op, 0, 1]])),
    [backend.upload(Float64Array.of(x), [1])],
    [y],
    [true],
  );
  expect((await backend.download(out!))[0]).toBeCloseTo(expected, 15);
});

// Two samples of two channels of two positions: 1 2 | 3 4 and 5 6 | 7 9.
const reductions: readonly (readonly [ReduceFn, Per, readonly number[], readonly number[]])[] = [
  ["sum", "sample", [2, 1, 1], [10, 27]],
  ["sum", "channel", [2, 2, 1], [3, 7, 11, 16]],
  ["sum", "frame", [2, 2, 1], [3, 7, 11, 16]],
  ["sum", "position", [2, 1, 2], [4, 6, 12, 15]],
  ["sum", "batch", [1, 1, 1], [37]],
  ["mean", "sample", [2, 1, 1], [2.5, 6.75]],
  ["std", "sample", [2, 1, 1], [Math.sqrt(1.25), Math.sqrt(2.1875)]],
  ["norm", "channel", [2, 2, 1], [Math.sqrt(5), 5, Math.sqrt(61), Math.sqrt(130)]],
  ["max", "sample", [2, 1, 1], [4, 9]],
  ["min", "batch", [1, 1, 1], [1]],
  ["quantile", "sample", [2, 1, 1], [1.75, 5.75]],
];

test.each(reductions)("%s per %s", async (fn, per, shape, expected) => {
  const backend = await openBackend("reference");
  const x = backend.upload(Float64Array.of(1, 2, 3, 4, 5, 6, 7, 9), [2, 2, 2]);
  const result = backend.reduce(fn, per, [x], fn === "quantile" ? 0.25 : null);
  expect(result.shape).toEqual(shape);
  expect([...(await backend.download(result))]).toEqual(expected.map((value) => expect.closeTo(value, 14)));
});

test("dot takes two tensors", async () => {
  const backend = await openBackend("reference");
  const x = backend.upload(Float64Array.of(1, 2, 3, 4), [2, 2]);
  const y = backend.upload(Float64Array.of(1, -1, 2, 0.5), [2, 2]);
  expect([...(await backend.download(backend.reduce("dot", "sample", [x, y], null)))]).toEqual([-1, 8]);
});
