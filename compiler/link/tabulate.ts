// Owns: functions of one number as piecewise Chebyshev series, for the quantities of a path that a running plan needs and
// that have no closed form there. Pieces are halved until the series ends in noise; kinks that are known beforehand
// (the points of a training table) become ends of pieces.

import type { PlanTable } from "../plan/schema.js";

const degree = 16;
const deepest = 14;
/** Where a series counts as ended, relative to its largest coefficient: a few units of rounding. */
const noise = 4e-15;

/** `f` between `from` and `to`; `kinks` lie inside. `f` must be finite there. */
export function tabulate(
  f: (x: number) => number,
  from: number,
  to: number,
  kinks: readonly number[],
): PlanTable {
  const inside = [...kinks].sort((a, b) => a - b).filter((x) => x > from && x < to);
  const ends: number[] = [from];
  const pieces: (readonly number[])[] = [];
  const cover = (a: number, b: number, depth: number): void => {
    const series = seriesOf(f, a, b);
    if (series.ended || depth >= deepest) {
      pieces.push(series.coefficients);
      ends.push(b);
      return;
    }
    const middle = (a + b) / 2;
    cover(a, middle, depth + 1);
    cover(middle, b, depth + 1);
  };
  const marks = [from, ...inside, to];
  for (let i = 0; i + 1 < marks.length; i += 1) {
    const [a, b] = [marks[i] as number, marks[i + 1] as number];
    if (b - a > 1e-13 * (to - from)) cover(a, b, 0);
    else ends[ends.length - 1] = b;
  }
  return { ends, pieces };
}

/** Interpolation at the Chebyshev points (Trefethen, Approximation Theory and Approximation Practice, chapter 3). */
function seriesOf(
  f: (x: number) => number,
  a: number,
  b: number,
): { readonly coefficients: readonly number[]; readonly ended: boolean } {
  const n = degree + 1;
  const angle = (i: number): number => (Math.PI * (i + 0.5)) / n;
  const values = Array.from({ length: n }, (_, i) => f((a + b + (b - a) * Math.cos(angle(i))) / 2));
  const coefficients = Array.from({ length: n }, (_, k) => {
    const total = values.reduce((sum, value, i) => sum + value * Math.cos(k * angle(i)), 0);
    return ((k === 0 ? 1 : 2) * total) / n;
  });
  const largest = Math.max(...coefficients.map(Math.abs));
  const small = (c: number): boolean => Math.abs(c) <= noise * largest;
  const ended = coefficients.slice(-3).every(small);
  let length = n;
  while (length > 1 && small(coefficients[length - 1] as number)) length -= 1;
  return { coefficients: coefficients.slice(0, ended ? length : n), ended };
}
