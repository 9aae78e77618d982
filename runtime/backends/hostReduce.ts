// Owns: reductions over host arrays in float64. Used by the reference backend, and by others for the reductions they
// have no operation for. Knows no backend.

import type { Per, ReduceFn } from "../../compiler/plan/schema.js";
import type { HostArray, Shape } from "../backend.js";
import { broadcastIndices, reducedShape, sizeOf } from "../shapes.js";

/** Quantile with linear interpolation between the two nearest order statistics. */
function quantile(values: HostArray, p: number): number {
  const sorted = values.slice().sort();
  // NaN sorts last.
  if (Number.isNaN(sorted.at(-1) ?? NaN)) return NaN;
  const place = Math.min(Math.max(p, 0), 1) * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below] ?? NaN;
  const high = sorted[Math.min(below + 1, sorted.length - 1)] ?? NaN;
  return low + (high - low) * (place - below);
}

type Fold = (a: HostArray, b: HostArray, parameter: number) => number;

function sum(a: HostArray): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]!;
  return total;
}

function dot(a: HostArray, b: HostArray): number {
  let total = 0;
  for (let i = 0; i < a.length; i++) total += a[i]! * b[i]!;
  return total;
}

/** Population form (divisor n). */
function deviation(a: HostArray): number {
  const mean = sum(a) / a.length;
  let total = 0;
  for (let i = 0; i < a.length; i++) {
    const rest = a[i]! - mean;
    total += rest * rest;
  }
  return Math.sqrt(total / a.length);
}

function extreme(a: HostArray, better: (x: number, y: number) => number, start: number): number {
  let best = start;
  for (let i = 0; i < a.length; i++) best = better(best, a[i]!);
  return best;
}

const folds: Readonly<Record<ReduceFn, Fold>> = {
  sum: (a) => sum(a),
  mean: (a) => sum(a) / a.length,
  std: (a) => deviation(a),
  norm: (a) => Math.sqrt(dot(a, a)),
  dot: (a, b) => dot(a, b),
  max: (a) => extreme(a, Math.max, -Infinity),
  min: (a) => extreme(a, Math.min, Infinity),
  quantile: (a, _b, p) => quantile(a, p),
};

/** The elements of each group: views where groups follow each other, copies where they are interleaved. */
function groupsOf(data: HostArray, shape: Shape, groupShape: Shape): HostArray[] {
  const groups = sizeOf(groupShape);
  const size = data.length / groups;
  // Groups follow each other when no reduced axis comes before one that is kept.
  const lastKept = groupShape.findLastIndex((extent) => extent > 1);
  const together = shape.every((extent, axis) => axis > lastKept || groupShape[axis] === extent);
  if (together) {
    return Array.from({ length: groups }, (_, group) => data.subarray(group * size, (group + 1) * size));
  }
  const owner = broadcastIndices(groupShape, shape);
  const parts = Array.from({ length: groups }, () => new Float64Array(size));
  const filled = new Int32Array(groups);
  for (let i = 0; i < owner.length; i++) {
    const group = owner[i]!;
    parts[group]![filled[group]!] = data[i]!;
    filled[group] = filled[group]! + 1;
  }
  return parts;
}

/** Reduces `inputs` (two for `dot`), all of shape `shape`. The result has shape `reducedShape(shape, per)`. */
export function hostReduce(
  fn: ReduceFn,
  per: Per,
  inputs: readonly HostArray[],
  shape: Shape,
  parameter: number | null,
): Float64Array {
  const groupShape = reducedShape(shape, per);
  const gathered = inputs.map((data) => groupsOf(data, shape, groupShape));
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
