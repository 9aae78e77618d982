// Owns: samples as JSON: nested arrays, floats as short as they can be. No files.

import type { HostTensor } from "../backend.js";
import { sizeOf } from "../shapes.js";

export type NestedArray = number | readonly NestedArray[];

/** float32 values print with the digits that tell them apart as float32, not as float64. */
const shortest = (value: number, single: boolean): number => {
  if (!single || !Number.isFinite(value)) return value;
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
};

/** The tensor as nested arrays. */
export function nested({ data, shape }: HostTensor): NestedArray {
  const single = data instanceof Float32Array;
  const walk = (axis: number, offset: number): NestedArray => {
    if (axis === shape.length) return shortest(data[offset]!, single);
    const inner = sizeOf(shape.slice(axis + 1));
    return Array.from({ length: shape[axis]! }, (_, i) => walk(axis + 1, offset + i * inner));
  };
  return walk(0, 0);
}
