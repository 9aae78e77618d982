// Noise in kernels: the values of makeNoise to the last bit, on every backend and however it is used, and no tensor of
// it where a kernel is its only user.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Distribution } from "../../../compiler/plan/schema.js";
import {
  FIXED_STEP,
  makeNoise,
  makeSeed,
  openBackend,
  type Backend,
  type NoiseRequest,
} from "../../../runtime/index.js";
import { combined } from "../../support/plans.js";
import { bitsOf } from "./support.js";

const request = (rest: Partial<NoiseRequest>): NoiseRequest => ({
  distribution: "normal",
  seed: makeSeed(20261122n + (7n << 32n)),
  key: 0x9abcdef0,
  step: 3,
  pass: 1,
  firstSample: 5,
  shape: [2, 100],
  ...rest,
});

// Samples below and above a group of 16, a tile of 2048, and not multiples of four.
const shapes = [
  [1],
  [1, 1],
  [7, 2],
  [3, 5, 3],
  [2, 31],
  [2, 32],
  [3, 67],
  [4, 16, 16],
  [2, 2049],
  [1, 5000],
  [3, 4099],
];
const distributions: readonly Distribution[] = ["normal", "rademacher", "gumbel"];
const requests = [
  ...shapes.flatMap((shape) => distributions.map((distribution) => request({ shape, distribution }))),
  request({ shape: [2, 70], step: FIXED_STEP, pass: 65535, firstSample: 2 ** 32 - 2, key: 0xffffffff }),
  request({ shape: [2, 70], seed: makeSeed(2n ** 64n - 1n) }),
];

describe.each(["cpu", "wasm", "reference"])("%s", (name) => {
  let backend: Backend;
  beforeAll(async () => {
    backend = await openBackend(name);
  });
  afterAll(() => backend.dispose());

  test.each(requests)("$distribution of shape $shape, first sample $firstSample", async (given) => {
    const expected = makeNoise(given);
    const drawn = backend.draw(given);
    expect(bitsOf(await backend.download(drawn))).toEqual(bitsOf(expected));
    backend.free(drawn);
    // Made in the kernel, and not.
    const zero = backend.upload(new Float32Array(expected.length), given.shape);
    for (const donated of [true, false]) {
      const noise = backend.draw(given);
      const [sum] = backend.dispatch(backend.prepare(combined), [zero, noise], [1, 0.7], [false, donated]);
      const wanted = expected.map((value) => Math.fround(Math.fround(0.7) * value));
      if (name !== "reference") expect(bitsOf(await backend.download(sum!))).toEqual(bitsOf(wanted));
      backend.free(sum!);
      if (!donated) {
        expect(bitsOf(await backend.download(noise))).toEqual(bitsOf(expected));
        backend.free(noise);
      }
    }
    backend.free(zero);
    expect(backend.liveTensors()).toBe(0);
  });

  test("counters out of range are refused at once", () => {
    expect(() => backend.draw(request({ step: 65536 }))).toThrow("D0703");
    expect(backend.liveTensors()).toBe(0);
  });
});

test.each(["cpu", "wasm", "null"])("on %s noise that dies in a kernel is never a tensor", async (name) => {
  const backend = await openBackend(name);
  const shape = [2, 3000];
  const x = backend.upload(new Float32Array(6000), shape);
  const dispatch = (donateNoise: boolean): void => {
    const before = backend.meter.peakOfSize(6000);
    const noise = backend.draw(request({ shape }));
    const [out] = backend.dispatch(backend.prepare(combined), [x, noise], [1, 1], [false, donateNoise]);
    expect(backend.meter.peakOfSize(6000)).toBe(Math.max(before, donateNoise ? 2 : 3));
    backend.free(out!);
    if (!donateNoise) backend.free(noise);
  };
  dispatch(true);
  expect(backend.meter.bytesMoved).toBe(6000 * 4 * 3); // upload, read x, write the result
  dispatch(false);
  backend.free(x);
  expect(backend.liveTensors()).toBe(0);
  backend.dispose();
});
