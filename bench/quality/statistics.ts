// Owns: figures of a set of samples: distance to other samples, Frechet distance of features, share of right labels.

import { EigenvalueDecomposition, Matrix } from "ml-matrix";

/** Mean and covariance of features. */
export interface Gaussian {
  readonly mean: readonly number[];
  readonly cov: readonly (readonly number[])[];
}

/** Root of the mean square of the differences, over samples and pixels. */
export function rms(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i += 1) sum += ((a[i] as number) - (b[i] as number)) ** 2;
  return Math.sqrt(sum / a.length);
}

/** Statistics of rows [count, width], divisor count - 1. */
export function gaussianOf(rows: ArrayLike<number>, width: number): Gaussian {
  const count = rows.length / width;
  const mean = Array.from({ length: width }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < count; i += 1) sum += rows[i * width + j] as number;
    return sum / count;
  });
  const cov = mean.map(() => new Array<number>(width).fill(0));
  for (let i = 0; i < count; i += 1)
    for (let j = 0; j < width; j += 1) {
      const dj = (rows[i * width + j] as number) - (mean[j] as number);
      const row = cov[j] as number[];
      for (let k = 0; k < width; k += 1)
        row[k] =
          (row[k] as number) + (dj * ((rows[i * width + k] as number) - (mean[k] as number))) / (count - 1);
    }
  return { mean, cov };
}

/** The root of a symmetric matrix without negative eigenvalues. */
function root(matrix: Matrix): Matrix {
  const { realEigenvalues: values, eigenvectorMatrix: vectors } = new EigenvalueDecomposition(matrix, {
    assumeSymmetric: true,
  });
  const scaled = vectors.clone();
  values.forEach((value, j) => scaled.mulColumn(j, Math.sqrt(Math.max(0, value))));
  return scaled.mmul(vectors.transpose());
}

/**
 * |m - n|^2 + trace(C + S - 2 (C S)^(1/2)); the trace of the root is that of (S^(1/2) C S^(1/2))^(1/2), which is symmetric.
 * Source: Heusel et al. 2017, arXiv:1706.08500, eq. 6 in the appendix.
 */
export function frechet(a: Gaussian, b: Gaussian): number {
  const distance = a.mean.reduce((sum, value, i) => sum + (value - (b.mean[i] as number)) ** 2, 0);
  const [c, s] = [a, b].map(({ cov }) => new Matrix(cov.map((row) => [...row]))) as [Matrix, Matrix];
  const half = root(s);
  const product = half.mmul(c).mmul(half);
  const symmetric = Matrix.add(product, product.transpose()).mul(1 / 2);
  return distance + c.trace() + s.trace() - 2 * root(symmetric).trace();
}
