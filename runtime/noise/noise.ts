// Owns: the noise specification, that is which counter gives which element of which draw, and the three
// distributions. Values depend on (seed, sample, step, pass, key, element) only: never on batch size, device or order.
// Knows nothing of plans, tensors or backends.

import { fail } from "../../compiler/diagnostics/report.js";
import type { Distribution } from "../../compiler/plan/schema.js";
import { log32, sincos32 } from "./float32.js";
import { philox } from "./philox.js";

/** A 64-bit seed as two unsigned 32-bit words. */
export interface Seed {
  readonly low: number;
  readonly high: number;
}

/** Step number of draws made once per run. Steps of a run are therefore 0 .. 65534. */
export const FIXED_STEP = 65535;

/** One tensor of noise of shape `shape`, whose axis 0 counts samples from the absolute index `firstSample`. */
export interface NoiseRequest {
  readonly distribution: Distribution;
  readonly seed: Seed;
  /** 32-bit hash of the draw's path. */
  readonly key: number;
  /** 0 .. 65534, or FIXED_STEP. */
  readonly step: number;
  /** 0 .. 65535. */
  readonly pass: number;
  readonly firstSample: number;
  readonly shape: readonly number[];
}

/** Splits a seed into words. Throws D0703 unless it is an integer in 0 .. 2^64-1 (numbers: up to 2^53-1). */
export function makeSeed(seed: number | bigint): Seed {
  const valid =
    typeof seed === "bigint" ? seed >= 0n && seed < 1n << 64n : Number.isSafeInteger(seed) && seed >= 0;
  if (!valid) {
    fail("D0703", `the seed ${seed} is not an integer from 0 to 2^64 - 1`, {
      help: "write seeds above 2^53 as a bigint, for example 18446744073709551615n",
    });
  }
  const wide = BigInt(seed);
  return { low: Number(wide & 0xffffffffn), high: Number(wide >> 32n) };
}

/** Refuses counters that do not fit their fields, which would repeat other draws. */
function checkCounter(request: NoiseRequest, samples: number): void {
  const { step, pass, firstSample } = request;
  const fits = (value: number, limit: number): boolean =>
    Number.isInteger(value) && value >= 0 && value <= limit;
  if (!fits(step, 0xffff)) fail("D0703", `step ${step} of a draw is outside 0 .. 65535`);
  if (!fits(pass, 0xffff)) fail("D0703", `pass ${pass} of a draw is outside 0 .. 65535`);
  if (!fits(firstSample, 0xffffffff) || !fits(firstSample + samples, 0x100000000)) {
    fail("D0703", `samples ${firstSample} .. ${firstSample + samples - 1} of a draw are outside 0 .. 2^32-1`);
  }
}

/** Four values of one block from four words. */
type Block = (words: Uint32Array, out: Float32Array) => void;

const circle = new Float32Array(2);

/** Box-Muller: words 0, 1 give normals 0, 1; words 2, 3 give normals 2, 3. */
const normalBlock: Block = (words, out) => {
  for (let pair = 0; pair < 4; pair += 2) {
    const uniform = ((words[pair]! >>> 8) + 1) * 5.9604644775390625e-8;
    const radius = Math.fround(Math.sqrt(Math.fround(-2 * log32(uniform))));
    sincos32(words[pair + 1]! >>> 8, circle);
    out[pair] = radius * circle[0]!;
    out[pair + 1] = radius * circle[1]!;
  }
};

/** +1 or -1 from the lowest bit: 0 gives 1. */
const rademacherBlock: Block = (words, out) => {
  for (let i = 0; i < 4; i++) out[i] = 1 - 2 * (words[i]! & 1);
};

/** -log(-log(u)), u = (2 k + 1) 2^-24 with k the upper 23 bits, so that 0 < u < 1 exactly. */
const gumbelBlock: Block = (words, out) => {
  for (let i = 0; i < 4; i++) {
    const uniform = (2 * (words[i]! >>> 9) + 1) * 5.9604644775390625e-8;
    out[i] = -log32(-log32(uniform));
  }
};

const blocks: Readonly<Record<Distribution, Block>> = {
  normal: normalBlock,
  rademacher: rademacherBlock,
  gumbel: gumbelBlock,
};

/** Number of elements of one sample. */
export const sampleSize = ({ shape }: NoiseRequest): number =>
  shape.slice(1).reduce((product, extent) => product * extent, 1);

/** The word of the counter that holds step and pass. */
export const timeWord = ({ step, pass }: NoiseRequest): number => (step | (pass << 16)) >>> 0;

const words = new Uint32Array(4);
const values = new Float32Array(4);

/**
 * Elements `start` .. `start + count - 1` of the noise of `request`, in C order, to the beginning of `out`. Element e
 * of a sample is word e & 3 of block e >> 2 under the counter (block, sample, step | pass << 16, key) and the key
 * (seed low, seed high). The request must have passed `checkRequest`.
 */
export function fillNoise(request: NoiseRequest, start: number, count: number, out: Float32Array): void {
  const { key, seed, firstSample } = request;
  const size = sampleSize(request);
  const time = timeWord(request);
  const block = blocks[request.distribution];
  let done = 0;
  while (done < count) {
    const sample = Math.floor((start + done) / size);
    const element = start + done - sample * size;
    const first = element & 3;
    const last = Math.min(4, first + count - done, first + size - element);
    philox(element >>> 2, firstSample + sample, time, key, seed.low, seed.high, words);
    block(words, values);
    for (let i = first; i < last; i++) out[done++] = values[i]!;
  }
}

/** Throws D0703 when the counters of a request are out of range. */
export function checkRequest(request: NoiseRequest): void {
  checkCounter(request, request.shape[0] ?? 1);
}

/** The noise of `request` as float32 values. Throws D0703 out of range. */
export function makeNoise(request: NoiseRequest): Float32Array {
  checkRequest(request);
  const out = new Float32Array((request.shape[0] ?? 1) * sampleSize(request));
  fillNoise(request, 0, out.length, out);
  return out;
}
