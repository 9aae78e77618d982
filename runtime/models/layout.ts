// Owns: reordering host arrays between channels-first and channels-last. Knows no models.

import type { HostArray, Shape } from "../backend.js";
import { sizeOf } from "../shapes.js";

const reorder = (data: HostArray, samples: number, outer: number, inner: number): Float32Array => {
  const out = new Float32Array(data.length);
  for (let n = 0; n < samples; n++) {
    const base = n * outer * inner;
    for (let i = 0; i < outer; i++) {
      for (let j = 0; j < inner; j++) out[base + j * outer + i] = data[base + i * inner + j]!;
    }
  }
  return out;
};

/** [n, c, ...space] to [n, ...space, c], as float32. `shape` is the channels-first shape. */
export function channelsLast(data: HostArray, shape: Shape): Float32Array {
  const [samples = 1, channels = 1, ...space] = shape;
  if (channels === 1 || space.length === 0) return Float32Array.from(data);
  return reorder(data, samples, channels, sizeOf(space));
}

/** The inverse; `shape` is the channels-first shape as well. */
export function channelsFirst(data: HostArray, shape: Shape): Float32Array {
  const [samples = 1, channels = 1, ...space] = shape;
  if (channels === 1 || space.length === 0) return Float32Array.from(data);
  return reorder(data, samples, sizeOf(space), channels);
}

/** Shape after `channelsLast`. */
export function lastShape([samples = 1, channels, ...space]: Shape): number[] {
  return space.length === 0 || channels === undefined
    ? [samples, ...(channels === undefined ? [] : [channels])]
    : [samples, ...space, channels];
}
