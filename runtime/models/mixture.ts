// Owns: Gaussian mixtures in closed form: the posterior mean E[x0 | x] at a noise level. Pure float64 arithmetic; knows
// no files, calls or backends.

import type { HostArray } from "../backend.js";

/** Isotropic Gaussians: component k has weight weights[k] > 0, mean means[k] (one sample), standard deviation stds[k]. */
export interface Mixture {
  readonly weights: readonly number[];
  readonly means: readonly (readonly number[])[];
  readonly stds: readonly number[];
}

/**
 * E[x0 | x] for x = alpha x0 + sigma eps, one sample: x0 = sum_k r_k [mu_k + (alpha s_k^2 / v_k)(x - alpha mu_k)] with
 * v_k = alpha^2 s_k^2 + sigma^2 and r_k the posterior weights. Reads and writes `size` numbers at `offset`. Weights go
 * through log-sum-exp, so tiny and huge levels are safe; at sigma = 0 the data are the state itself, x / alpha.
 */
export function posteriorMean(
  { weights, means, stds }: Mixture,
  state: HostArray,
  out: Float64Array,
  offset: number,
  size: number,
  alpha: number,
  sigma: number,
): void {
  if (sigma === 0) {
    for (let i = 0; i < size; i++) out[offset + i] = state[offset + i]! / alpha;
    return;
  }
  const variances = stds.map((std) => (alpha * std) ** 2 + sigma * sigma);
  const logits = weights.map((weight, k) => {
    const mean = means[k]!;
    const variance = variances[k]!;
    let distance = 0;
    for (let i = 0; i < size; i++) distance += (state[offset + i]! - alpha * mean[i]!) ** 2;
    return Math.log(weight) - (size / 2) * Math.log(variance) - distance / (2 * variance);
  });
  const largest = Math.max(...logits);
  const shares = logits.map((logit) => Math.exp(logit - largest));
  const total = shares.reduce((sum, share) => sum + share, 0);
  out.fill(0, offset, offset + size);
  shares.forEach((share, k) => {
    const mean = means[k]!;
    const part = share / total;
    const gain = (alpha * stds[k]! ** 2) / variances[k]!;
    for (let i = 0; i < size; i++) {
      const centre = alpha * mean[i]!;
      out[offset + i] = out[offset + i]! + part * (mean[i]! + gain * (state[offset + i]! - centre));
    }
  });
}
