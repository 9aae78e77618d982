// Owns: reductions over host arrays in float64. Used by the reference backend, and by others for the reductions they
// have no operation for. Knows no backend.

import type { Per, ReduceFn } from "../../compiler/plan/schema.js";
import type { HostArray, Shape } from "../backend.js";
import { broadcastIndices, reducedShape, sizeOf } from "../shapes.js";

/** Quantile with linear interpolation between the two nearest order statistics; NaN when any element is. */
function quantile(values: HostArray, p: number): number {
  if (values.length === 0 || Number.isNaN(hostMaxAbs(values))) return NaN;
  const place = Math.min(Math.max(p, 0), 1) * (values.length - 1);
  const below = Math.floor(place);
  const left = values.slice();
  const low = select(left, below);
  // Everything behind `below` is at least as large.
  let high = low;
  if (below + 1 < left.length) {
    high = Infinity;
    for (let i = below + 1; i < left.length; i++) high = Math.min(high, left[i]!);
  }
  return low + (high - low) * (place - below);
}

/**
 * The element with `rank` smaller ones, from 0, brought to its place with smaller ones before it and larger ones behind
 * (Hoare's Find, CACM 4, 1961, with the median of three). No element is NaN.
 */
function select(values: HostArray, rank: number): number {
  let [from, to] = [0, values.length - 1];
  while (from < to) {
    const [a, b, c] = [values[from]!, values[(from + to) >> 1]!, values[to]!];
    const pivot = Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
    let [i, j] = [from, to];
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i > j) break;
      const kept = values[i]!;
      values[i++] = values[j]!;
      values[j--] = kept;
    }
    if (rank <= j) to = j;
    else if (rank >= i) from = i;
    else break;
  }
  return values[rank]!;
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

/** Whether the elements of a group lie side by side: no reduced axis comes before one that is kept. */
export function areTogether(shape: Shape, groupShape: Shape): boolean {
  const lastKept = groupShape.findLastIndex((extent) => extent > 1);
  return shape.every((extent, axis) => axis > lastKept || groupShape[axis] === extent);
}

/** The elements of each group: views where groups follow each other, copies where they are interleaved. */
function groupsOf(data: HostArray, shape: Shape, groupShape: Shape): HostArray[] {
  const groups = sizeOf(groupShape);
  const size = data.length / groups;
  if (areTogether(shape, groupShape)) {
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
