// The noise specification: published Philox vectors, accuracy of the float32 functions, frozen values, independence of
// batch and order, moments.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { hashPath } from "../../../compiler/plan/keys.js";
import type { Distribution } from "../../../compiler/plan/schema.js";
import { log32, sincos32 } from "../../../runtime/noise/float32.js";
import { FIXED_STEP, makeNoise, makeSeed, type NoiseRequest } from "../../../runtime/noise/noise.js";
import { philox } from "../../../runtime/noise/philox.js";

const request = (rest: Partial<NoiseRequest> = {}): NoiseRequest => ({
  distribution: "normal",
  seed: makeSeed(20261122),
  key: hashPath("initial"),
  step: 0,
  pass: 0,
  firstSample: 0,
  shape: [2, 6],
  ...rest,
});

describe("Philox 4x32-10", () => {
  const ones = 0xffffffff;
  // Random123's known-answer file: counter, key, result.
  test.each([
    [[0, 0, 0, 0], [0, 0], "6627e8d5 e169c58d bc57ac4c 9b00dbd8"],
    [[ones, ones, ones, ones], [ones, ones], "408f276d 41c83b0e a20bc7c6 6d5451fd"],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      "d16cfe09 94fdcceb 5001e420 24126ea1",
    ],
  ])("%j under %j", (counter, key, expected) => {
    const out = new Uint32Array(4);
    const [c0 = 0, c1 = 0, c2 = 0, c3 = 0] = counter;
    const [k0 = 0, k1 = 0] = key;
    philox(c0, c1, c2, c3, k0, k1, out);
    expect([...out].map((word) => word.toString(16).padStart(8, "0")).join(" ")).toBe(expected);
  });
});

describe("hashPath", () => {
  // FNV-1a's published values for these strings, through murmur3's finalizer.
  test.each([
    ["", 0x811c9dc5],
    ["a", 0xe40c292c],
    ["foobar", 0xbf9cf968],
  ])("of %j is the avalanche of FNV-1a", (path, fnv) => {
    let hash = fnv ^ (fnv >>> 16);
    hash = Math.imul(hash, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    expect(hashPath(path)).toBe((hash ^ (hash >>> 16)) >>> 0);
  });

  test("does not collide on the names samplers use", () => {
    const paths = ["a", "b", "z", "noise", "initial"].flatMap((name) =>
      Array.from({ length: 2000 }, (_, i) => `${name}${i}/z`),
    );
    expect(new Set(paths.map(hashPath)).size).toBe(paths.length);
  });
});

describe("float32 functions", () => {
  test("log32 is within an ulp or so of the logarithm on (0, 1]", () => {
    for (let i = 1; i <= 1 << 24; i += 997) {
      const x = i * 2 ** -24;
      expect(Math.abs(log32(x) - Math.log(x))).toBeLessThan(1.2e-7 * Math.max(1, Math.abs(Math.log(x))));
    }
    expect(log32(1)).toBe(0);
  });

  test("sincos32 is within 1e-7 on the whole circle, exact at the quarters", () => {
    const out = new Float32Array(2);
    for (let i = 0; i < 1 << 24; i += 1013) {
      sincos32(i, out);
      const angle = (i * 2 * Math.PI) / 2 ** 24;
      expect(Math.abs(out[0]! - Math.cos(angle))).toBeLessThan(1e-7);
      expect(Math.abs(out[1]! - Math.sin(angle))).toBeLessThan(1e-7);
    }
    for (let quarter = 0; quarter < 4; quarter++) {
      sincos32(quarter << 22, out);
      expect([...out].map((value) => value + 0)).toEqual(
        [
          [1, 0],
          [0, 1],
          [-1, 0],
          [0, -1],
        ][quarter],
      );
    }
  });
});

describe("normals", () => {
  test("are Box-Muller of the published integers to 1e-6", () => {
    const size = 1 << 18;
    const noise = makeNoise(request({ shape: [1, size], step: 7, pass: 3, firstSample: 5 }));
    const words = new Uint32Array(4);
    let worst = 0;
    for (let block = 0; block < size / 4; block++) {
      philox(block, 5, 7 | (3 << 16), hashPath("initial"), 20261122, 0, words);
      for (const pair of [0, 2]) {
        const radius = Math.sqrt(-2 * Math.log(((words[pair]! >>> 8) + 1) * 2 ** -24));
        const angle = (words[pair + 1]! >>> 8) * 2 ** -24 * 2 * Math.PI;
        worst = Math.max(
          worst,
          Math.abs(radius * Math.cos(angle) - noise[4 * block + pair]!),
          Math.abs(radius * Math.sin(angle) - noise[4 * block + pair + 1]!),
        );
      }
    }
    expect(worst).toBeLessThan(1e-6);
  });

  test.each<[Distribution, number, number, number]>([
    ["normal", 0, 1, 3],
    ["rademacher", 0, 1, 1],
    ["gumbel", 0.5772156649, Math.PI ** 2 / 6, 5.4],
  ])("moments of %s", (distribution, mean, variance, kurtosis) => {
    const size = 1 << 19;
    const values = makeNoise(request({ distribution, shape: [1, size] }));
    const moment = (f: (x: number) => number): number => values.reduce((sum, x) => sum + f(x), 0) / size;
    const found = moment((x) => x);
    const spread = moment((x) => (x - found) ** 2);
    expect(Math.abs(found - mean)).toBeLessThan(0.008);
    expect(Math.abs(spread / variance - 1)).toBeLessThan(0.01);
    expect(Math.abs(moment((x) => (x - found) ** 4) / spread ** 2 / kurtosis - 1)).toBeLessThan(0.03);
  });
});

describe("independence", () => {
  const whole = makeNoise(request({ shape: [6, 5] }));

  test("a sample does not depend on the batch it is in", () => {
    const parts = [0, 2, 4].flatMap((firstSample) => [...makeNoise(request({ shape: [2, 5], firstSample }))]);
    expect(parts).toEqual([...whole]);
  });

  test("an element does not depend on the size of the sample, nor on how its axes are named", () => {
    expect([...makeNoise(request({ shape: [1, 9] })).slice(0, 5)]).toEqual([...whole.slice(0, 5)]);
    expect(makeNoise(request({ shape: [6, 5, 1] }))).toEqual(whole);
  });

  test.each<[string, Partial<NoiseRequest>]>([
    ["seed", { seed: makeSeed(1) }],
    ["upper half of the seed", { seed: makeSeed(20261122n + (1n << 32n)) }],
    ["step", { step: 1 }],
    ["pass", { pass: 1 }],
    ["fixed step", { step: FIXED_STEP }],
    ["path", { key: hashPath("z") }],
    ["sample", { firstSample: 6 }],
  ])("another %s gives other values", (_, rest) => {
    const other = makeNoise(request({ shape: [6, 5], ...rest }));
    expect(other.filter((value, i) => value === whole[i])).toHaveLength(0);
  });

  test.each<[Partial<NoiseRequest>, string]>([
    [{ step: 65536 }, "step 65536"],
    [{ step: -1 }, "step -1"],
    [{ pass: 65536 }, "pass 65536"],
    [{ firstSample: 2 ** 32 }, "samples 4294967296"],
  ])("counters out of range are refused: %j", (rest, message) => {
    expect(() => makeNoise(request(rest))).toThrow(message);
  });
});

test.each([-1, 1.5, 2 ** 60, NaN, -1n, 1n << 64n])("seed %s is refused", (seed) => {
  expect(() => makeSeed(seed)).toThrow("D0703");
});

// Frozen: these bits are the noise specification. A change here breaks every seed users have noted down.
interface Vector extends NoiseRequest {
  readonly path: string;
  readonly bits: string;
}
const vectors = JSON.parse(
  readFileSync(new URL("vectors.json", import.meta.url), "utf8"),
) as readonly Vector[];

test.each(vectors)("frozen: $distribution of $path at step $step, pass $pass", (vector) => {
  expect(hashPath(vector.path)).toBe(vector.key);
  const words = new Uint32Array(makeNoise(vector).buffer);
  expect([...words].map((word) => word.toString(16).padStart(8, "0")).join(" ")).toBe(vector.bits);
});
