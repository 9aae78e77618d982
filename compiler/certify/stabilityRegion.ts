// Owns: the region of the complex plane in which a rule is stable for dy/du = mu y, z = mu * (step in u): membership,
// spectral radii on a grid, and the curve on which an eigenvalue lies on the unit circle.

import { complex, eigenvalues, type Complex } from "./complex.js";
import { matrixAt, spectralRadius, type Amplification } from "./stability.js";

export interface Box {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly top: number;
}

/** Does every error die out or stay bounded at z? Up to rounding on the boundary. */
export const isStableAt = (a: Amplification, z: Complex): boolean => spectralRadius(a, z) <= 1 + 1e-6;

/** Spectral radii on a grid of the plane, row by row from the lowest imaginary part, for plots. */
export function stabilityRegion(
  a: Amplification,
  box: Box,
  columns: number,
  rows: number,
): readonly (readonly number[])[] {
  return Array.from({ length: rows }, (_, r) =>
    Array.from({ length: columns }, (__, c) =>
      spectralRadius(a, {
        re: box.left + ((box.right - box.left) * c) / Math.max(1, columns - 1),
        im: box.bottom + ((box.top - box.bottom) * r) / Math.max(1, rows - 1),
      }),
    ),
  );
}

/**
 * The boundary locus: all z at which some eigenvalue is e^(i theta), theta in `count` equal steps around the circle.
 * The boundary of the region is part of it. The determinant of e^(i theta) - M(z) is a polynomial in z, found from its
 * values at roots of unity; its roots are eigenvalues of the companion matrix.
 */
export function boundaryLocus(a: Amplification, count = 256): readonly Complex[] {
  const degree = a.entries.reduce(
    (sum, row) => sum + Math.max(0, ...row.map((polynomial) => polynomial.length - 1)),
    0,
  );
  if (degree === 0) return [];
  const points = degree + 1;
  const turn = (k: number, n: number): Complex => ({
    re: Math.cos((2 * Math.PI * k) / n),
    im: Math.sin((2 * Math.PI * k) / n),
  });
  const matrices = Array.from({ length: points }, (_, k) => matrixAt(a, turn(k, points)));
  return Array.from({ length: count }, (_, i): readonly Complex[] => {
    const zeta = turn(i, count);
    const values = matrices.map((m) => determinant(shifted(m, zeta)));
    const coefficients = Array.from({ length: points }, (__, j) => {
      const sum = values.reduce<Complex>(
        (total, value, k) => complex.add(total, complex.mul(value, turn(-j * k, points))),
        complex.zero,
      );
      return { re: sum.re / points, im: sum.im / points };
    });
    return roots(coefficients);
  }).flat();
}

const shifted = (m: readonly (readonly Complex[])[], zeta: Complex): Complex[][] =>
  m.map((row, i) => row.map((x, j) => (i === j ? complex.sub(zeta, x) : complex.sub(complex.zero, x))));

/** By elimination with pivots; the argument is overwritten. */
function determinant(m: Complex[][]): Complex {
  let result: Complex = complex.one;
  for (let column = 0; column < m.length; column += 1) {
    let pivot = column;
    for (let r = column; r < m.length; r += 1)
      if (complex.abs(m[r]?.[column] as Complex) > complex.abs(m[pivot]?.[column] as Complex)) pivot = r;
    const top = m[pivot] as Complex[];
    if (complex.abs(top[column] as Complex) === 0) return complex.zero;
    if (pivot !== column) {
      m[pivot] = m[column] as Complex[];
      m[column] = top;
      result = complex.sub(complex.zero, result);
    }
    result = complex.mul(result, top[column] as Complex);
    for (let r = column + 1; r < m.length; r += 1) {
      const row = m[r] as Complex[];
      const factor = complex.div(row[column] as Complex, top[column] as Complex);
      m[r] = row.map((x, j) => complex.sub(x, complex.mul(factor, top[j] as Complex)));
    }
  }
  return result;
}

/** Roots of a polynomial, lowest power first; what is zero up to rounding at the top does not count. */
function roots(coefficients: readonly Complex[]): readonly Complex[] {
  const size = Math.max(...coefficients.map(complex.abs));
  let degree = coefficients.length - 1;
  while (degree > 0 && complex.abs(coefficients[degree] as Complex) <= 1e-11 * size) degree -= 1;
  if (degree === 0) return [];
  const top = coefficients[degree] as Complex;
  const companion = Array.from({ length: degree }, (_, i) =>
    Array.from({ length: degree }, (__, j): Complex => {
      if (i > 0) return j === i - 1 ? complex.one : complex.zero;
      return complex.sub(complex.zero, complex.div(coefficients[degree - 1 - j] as Complex, top));
    }),
  );
  return eigenvalues(companion);
}

/** A box that shows the bounded part of the region, or its part near 0. Symmetric about the real axis. */
export function boxOf(a: Amplification): Box {
  const near = boundaryLocus(a, 180).filter(
    (z) => complex.abs(z) < 40 && (isNearRegion(a, z) || complex.abs(z) < 1e-6),
  );
  const left = Math.min(-1, ...near.map((z) => z.re));
  const right = Math.max(0.5, ...near.map((z) => z.re));
  const top = Math.max(1, ...near.map((z) => Math.abs(z.im)));
  const room = 0.15 * Math.max(right - left, 2 * top);
  return { left: left - room, right: right + room, bottom: -top - room, top: top + room };
}

/** On the locus, and no eigenvalue outside the circle: a point of the region's own boundary. */
const isNearRegion = (a: Amplification, z: Complex): boolean => spectralRadius(a, z) <= 1 + 1e-3;
