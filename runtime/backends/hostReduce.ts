// Owns: reductions over host arrays in float64. Used by the reference backend, and by others for the reductions they
// have no operation for. Knows no backend.

import type { Per, ReduceFn } from "../../compiler/plan/schema.js";
import type { HostArray, Shape } from "../backend.js";
import { broadcastIndices, reducedShape, sizeOf } from "../shapes.js";

/** Quantile with linear interpolation between the two nearest order statistics. Sorts `values`. */
function quantile(values: Float64Array, p: number): number {
  values.sort();
  const place = Math.min(Math.max(p, 0), 1) * (values.length - 1);
  const below = Math.floor(place);
  const low = values[below] ?? NaN;
  const high = values[Math.min(below + 1, values.length - 1)] ?? NaN;
  return low + (high - low) * (place - below);
}

type Fold = (a: Float64Array, b: Float64Array, parameter: number) => number;

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
const dot = (a: Float64Array, b: Float64Array): number =>
  a.reduce((total, value, i) => total + value * b[i]!, 0);

const folds: Readonly<Record<ReduceFn, Fold>> = {
  sum: (a) => sum(a),
  mean: (a) => sum(a) / a.length,
  // Population form (divisor n).
  std: (a) => {
    const mean = sum(a) / a.length;
    return Math.sqrt(a.reduce((total, value) => total + (value - mean) ** 2, 0) / a.length);
  },
  norm: (a) => Math.sqrt(dot(a, a)),
  dot: (a, b) => dot(a, b),
  max: (a) => a.reduce((best, value) => Math.max(best, value), -Infinity),
  min: (a) => a.reduce((best, value) => Math.min(best, value), Infinity),
  quantile: (a, _b, p) => (a.some(Number.isNaN) ? NaN : quantile(a, p)),
};

/** Reduces `inputs` (two for `dot`), all of shape `shape`. The result has shape `reducedShape(shape, per)`. */
export function hostReduce(
  fn: ReduceFn,
  per: Per,
  inputs: readonly HostArray[],
  shape: Shape,
  parameter: number | null,
): Float64Array {
  const groupShape = reducedShape(shape, per);
  const groups = sizeOf(groupShape);
  const size = sizeOf(shape) / groups;
  const owner = broadcastIndices(groupShape, shape);
  const gathered = inputs.map((data) => {
    const parts = Array.from({ length: groups }, () => new Float64Array(size));
    const filled = new Int32Array(groups);
    for (let i = 0; i < owner.length; i++) {
      const group = owner[i]!;
      parts[group]![filled[group]!] = data[i]!;
      filled[group] = filled[group]! + 1;
    }
    return parts;
  });
  const [first = [], second = first] = gathered;
  return Float64Array.from(first, (part, group) => folds[fn](part, second[group]!, parameter ?? 0));
}

/** max |x|; NaN when any element is. */
export function hostMaxAbs(data: HostArray): number {
  let largest = 0;
  for (let i = 0; i < data.length; i++) {
    const size = Math.abs(data[i]!);
    if (!(size <= largest)) {
      if (Number.isNaN(size)) return NaN;
      largest = size;
    }
  }
  return largest;
}
