// Owns: noise in WGSL, the values of noise/noise.ts: Philox to the last bit, and the distributions by the same float32
// operations in the same order, which a driver may contract. Knows no kernels.

import type { Distribution } from "../../../compiler/plan/schema.js";
import { sincosConstants } from "../../noise/float32.js";
import { sampleSize, timeWord, type NoiseRequest } from "../../noise/noise.js";
import { philoxConstants } from "../../noise/philox.js";
import type { FunctionText } from "./functions.js";

const hex = (word: number): string => `0x${word.toString(16)}u`;
const { m0, m1, w0, w1 } = philoxConstants;

/** `fn philox(counter, key) -> four words`. */
export const philoxText = `
fn mulHigh(a: u32, b: u32) -> u32 {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let carry = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return (a >> 16u) * (b >> 16u) + (middle >> 16u) + (carry >> 16u);
}
fn philox(counter: vec4<u32>, seed: vec2<u32>) -> vec4<u32> {
  var c = counter;
  var k = seed;
  for (var round = 0; round < 10; round++) {
    c = vec4<u32>(
      mulHigh(${hex(m1)}, c.z) ^ c.y ^ k.x, ${hex(m1)} * c.z,
      mulHigh(${hex(m0)}, c.x) ^ c.w ^ k.y, ${hex(m0)} * c.x);
    k = k + vec2<u32>(${hex(w0)}, ${hex(w1)});
  }
  return c;
}`;

/** Four values of one block from its words. */
const blockText: Readonly<Record<Distribution, (functions: FunctionText) => string>> = {
  normal: (functions) => `
fn normalBlock(w: vec4<u32>) -> vec4<f32> {
  let uniform = vec2<f32>((w.xz >> vec2<u32>(8u)) + vec2<u32>(1u)) * 5.9604644775390625e-8;
  let radius = sqrt(-2.0 * ${functions.use("logNormal", 2)}(uniform));
  let turn = w.yw >> vec2<u32>(8u);
  let quadrant = (turn + vec2<u32>(0x200000u)) >> vec2<u32>(22u);
  let rest = vec2<f32>(vec2<i32>(turn) - vec2<i32>(quadrant << vec2<u32>(22u))) * ${sincosConstants.step};
  let a = rest * ${sincosConstants.radians};
  let s = ${functions.use("sinRest", 2)}(a);
  let c = ${functions.use("cosRest", 2)}(a);
  let odd = (quadrant & vec2<u32>(1u)) != vec2<u32>(0u);
  let x = select(c, s, odd);
  let y = select(s, c, odd);
  let cosine = select(x, -x, ((quadrant + vec2<u32>(1u)) & vec2<u32>(2u)) != vec2<u32>(0u));
  let sine = select(y, -y, (quadrant & vec2<u32>(2u)) != vec2<u32>(0u));
  return vec4<f32>(radius.x * cosine.x, radius.x * sine.x, radius.y * cosine.y, radius.y * sine.y);
}`,
  rademacher: () => `
fn rademacherBlock(w: vec4<u32>) -> vec4<f32> {
  return 1.0 - 2.0 * vec4<f32>(w & vec4<u32>(1u));
}`,
  gumbel: (functions) => {
    const log = functions.use("logNormal", 4);
    return `
fn gumbelBlock(w: vec4<u32>) -> vec4<f32> {
  let uniform = vec4<f32>(2u * (w >> vec4<u32>(9u)) + vec4<u32>(1u)) * 5.9604644775390625e-8;
  return -${log}(-${log}(uniform));
}`;
  },
};

/** Words that a request takes among the uniforms, from a multiple of 4 on. */
export const noiseWords = 8;

export function writeNoise(request: NoiseRequest, into: Uint32Array, at: number): void {
  const { key, seed, firstSample } = request;
  into.set([key, timeWord(request), firstSample, sampleSize(request), seed.low, seed.high], at);
}

/**
 * An expression for the noise at the invocation with the index `i`, four values or one, of the request at vector `at`
 * of the uniforms.
 */
export function noiseValue(
  functions: FunctionText,
  distribution: Distribution,
  width: 1 | 4,
  at: number,
): string {
  const block = `${distribution}Block`;
  functions.add("philox", philoxText);
  functions.add(block, blockText[distribution](functions));
  const name = `${distribution}Noise${width}`;
  const per = width === 4 ? "request.w / 4u" : "request.w";
  const [place, part] = width === 4 ? ["rest", ""] : ["rest >> 2u", "[rest & 3u]"];
  functions.add(
    name,
    `
fn ${name}(i: u32, request: vec4<u32>, seed: vec2<u32>) -> ${width === 4 ? "vec4<f32>" : "f32"} {
  let sample = i / (${per});
  let rest = i - sample * (${per});
  return ${block}(philox(vec4<u32>(${place}, request.z + sample, request.y, request.x), seed))${part};
}`,
  );
  return `${name}(i, words[${at}], words[${at + 1}].xy)`;
}
