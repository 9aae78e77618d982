// Owns: alpha and sigma from rho = sigma/alpha on the three common families, without cancellation.

import type { Relation } from "./path.js";

/** Both coefficients at `rho`; rho may be 0 or infinite. */
export function fromRho(
  relation: Exclude<Relation, undefined>,
  rho: number,
): { alpha: number; sigma: number } {
  switch (relation) {
    case "ve":
      return { alpha: 1, sigma: rho };
    case "vp":
      return rho === Infinity
        ? { alpha: 0, sigma: 1 }
        : { alpha: 1 / Math.hypot(1, rho), sigma: rho / Math.hypot(1, rho) };
    case "flow":
      return rho === Infinity ? { alpha: 0, sigma: 1 } : { alpha: 1 / (1 + rho), sigma: rho / (1 + rho) };
  }
}

/** The family a path belongs to, decided on samples of it: exact families agree to rounding everywhere. */
export function relationOf(samples: readonly { readonly alpha: number; readonly sigma: number }[]): Relation {
  const holds = (defect: (a: number, s: number) => number): boolean =>
    samples.length > 0 && samples.every(({ alpha, sigma }) => Math.abs(defect(alpha, sigma)) <= 4e-15);
  if (samples.length > 0 && samples.every(({ alpha }) => alpha === 1)) return "ve";
  if (holds((a, s) => a * a + s * s - 1)) return "vp";
  if (holds((a, s) => a + s - 1)) return "flow";
  return undefined;
}

/** ln(alpha) on a family, from lambda = ln(alpha/sigma). */
export function logAlpha(relation: Exclude<Relation, undefined>, lambda: number): number {
  if (relation === "ve") return 0;
  return relation === "vp" ? -softplus(-2 * lambda) / 2 : -softplus(-lambda);
}

/** ln(1 + e^z). */
const softplus = (z: number): number => (z > 0 ? z + Math.log1p(Math.exp(-z)) : Math.log1p(Math.exp(z)));
