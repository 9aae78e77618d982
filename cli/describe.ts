// Owns: claims and the error on Gaussian data in a line for people. Certificates and plans are described beside what makes
// them, since the editor says the same.

import type { ClaimReport } from "../compiler/certify/expect/check.js";
import type { GaussianError, GaussianReport } from "../compiler/certify/gaussian.js";

/** `expected: ddim equals dpm_solver_1 (symbolically, on every schedule and grid)` */
export const describeClaim = ({ subject, claim, how }: ClaimReport): string =>
  `expected: ${subject} ${claim}${how === undefined ? "" : ` (${how})`}`;

/** `on N(0.5, 0.25): mean error -1.6e-3, std error 0.00651; of the steps alone: 0 and 0.00651` */
export function describeGaussian(report: GaussianReport | string): string {
  if (typeof report === "string") return `on Gaussian data: not decidable, because ${report}`;
  const { target, exact, total, steps } = report;
  // What is lost in the last digits of float64 says nothing of the sampler.
  const error = (value: number): string =>
    Math.abs(value) <= 1e-13 * (Math.abs(exact.mean) + exact.std)
      ? "0"
      : String(Number(value.toPrecision(3)));
  const both = ({ mean, std }: GaussianError): readonly string[] => [error(mean), error(std)];
  const [mean, std] = both(total);
  return `on N(${target.mean}, ${target.variance}): mean error ${mean}, std error ${std}; of the steps alone: ${both(steps).join(" and ")}`;
}
