// Owns: Gaussian targets with a full covariance matrix. Every weight of a sampler is one number for all dimensions, so
// in the eigenbasis of the covariance the dimensions do not mix and each is a problem of gaussian.ts.

import type { LoweredRun } from "../sampler/run.js";
import { propagateGaussian, type GaussianOptions } from "./gaussian.js";

export type Matrix = readonly (readonly number[])[];

export interface Gaussian {
  readonly mean: readonly number[];
  readonly covariance: Matrix;
}

/**
 * Mean and covariance of the state at the end of a run on data N(mean, covariance), in closed form.
 * @throws NotDecidable as `propagateGaussian` does; RangeError when the covariance is not a symmetric matrix of the
 *   mean's size without negative eigenvalues.
 */
export function propagateCovariance(
  run: LoweredRun,
  { mean, covariance }: Gaussian,
  options: GaussianOptions = {},
): Gaussian {
  const n = mean.length;
  const size = Math.max(0, ...covariance.flat().map(Math.abs));
  const symmetric = covariance.every((row, i) =>
    row.every((value, j) => Math.abs(value - (covariance[j]?.[i] ?? NaN)) <= 1e-12 * size),
  );
  if (covariance.length !== n || covariance.some((row) => row.length !== n) || !symmetric)
    throw new RangeError("a covariance is a symmetric matrix of the mean's size");
  const { values, vectors } = symmetricEigen(covariance);
  if (values.some((value) => value < -1e-12 * size))
    throw new RangeError("a covariance has no negative eigenvalues");
  const ends = vectors.map((vector, k) => {
    const target = { mean: dot(vector, mean), variance: Math.max(0, values[k] as number) };
    return propagateGaussian(run, target, options).at(-1) ?? { mean: NaN, std: NaN };
  });
  const sum = (term: (k: number) => number): number => ends.reduce((total, _, k) => total + term(k), 0);
  const entry = (k: number, i: number): number => vectors[k]?.[i] as number;
  return {
    mean: mean.map((_, i) => sum((k) => (ends[k]?.mean as number) * entry(k, i))),
    covariance: mean.map((_, i) =>
      mean.map((__, j) => sum((k) => (ends[k]?.std as number) ** 2 * entry(k, i) * entry(k, j))),
    ),
  };
}

const dot = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);

/** Eigenvalues and orthonormal eigenvectors (rows) of a symmetric matrix, by cyclic Jacobi rotations. */
export function symmetricEigen(matrix: Matrix): { values: number[]; vectors: number[][] } {
  const n = matrix.length;
  const a = matrix.map((row) => [...row]);
  const vectors = a.map((_, i) => a.map((__, j) => (i === j ? 1 : 0)));
  const at = (m: number[][], i: number, j: number): number => m[i]?.[j] as number;
  const rotateRows = (m: number[][], p: number, q: number, c: number, s: number): void => {
    for (let k = 0; k < n; k += 1) {
      const [x, y] = [at(m, p, k), at(m, q, k)];
      (m[p] as number[])[k] = c * x - s * y;
      (m[q] as number[])[k] = s * x + c * y;
    }
  };
  for (let sweep = 0; sweep < 60; sweep += 1) {
    let off = 0;
    for (let p = 0; p < n; p += 1)
      for (let q = p + 1; q < n; q += 1) {
        off += Math.abs(at(a, p, q));
        if (at(a, p, q) === 0) continue;
        const theta = (at(a, q, q) - at(a, p, p)) / (2 * at(a, p, q));
        const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.hypot(theta, 1));
        const c = 1 / Math.hypot(t, 1);
        rotateRows(a, p, q, c, t * c);
        for (const row of a) {
          const [x, y] = [row[p] as number, row[q] as number];
          row[p] = c * x - t * c * y;
          row[q] = t * c * x + c * y;
        }
        rotateRows(vectors, p, q, c, t * c);
      }
    if (off === 0) break;
  }
  return { values: a.map((row, i) => row[i] as number), vectors };
}
