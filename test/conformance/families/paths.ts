// Owns: schedules that several sources share: their spec text from what the files record of them.

import { call } from "../spec.js";

/** alpha = 1, wide enough for every level a rule may visit around the given ones. */
export function exploding(sigmas: readonly number[]): string {
  const positive = sigmas.filter((sigma) => sigma > 0);
  return call("edm", { sigma_min: Math.min(...positive) / 1024, sigma_max: 2 * Math.max(...positive) });
}
