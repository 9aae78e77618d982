// Owns: `dsamp run --verify`: the first batch once more on `reference`, in float64, and how far apart the results are.
// The same plan, networks, inputs and noise; knows no flags.

import type { Plan } from "../../compiler/plan/schema.js";
import {
  openBackend,
  sample,
  type HostTensor,
  type SampleOptions,
  type SampleResult,
} from "../../runtime/node.js";

/** Of one result, over the samples compared. */
export interface Difference {
  /** max |a - r|, where r is the reference. */
  readonly absolute: number;
  /** max |a - r| / max(|r|, rms of r): relative, without blowing up where r happens to be near 0. */
  readonly relative: number;
}

export interface Verification {
  readonly samples: number;
  readonly results: readonly Difference[];
}

/** Throws what a run throws. `options` are those of the run whose `result` is compared. */
export async function verify(
  plan: Plan,
  options: SampleOptions,
  result: SampleResult,
): Promise<Verification> {
  const samples = Math.min(result.count, options.batch ?? result.count);
  const backend = await openBackend("reference");
  try {
    const reference = await sample(plan, { ...options, backend, firstBatchOnly: true, trajectory: false });
    return {
      samples,
      results: reference.results.map((tensor, i) => difference(result.results[i]!, tensor)),
    };
  } finally {
    backend.dispose();
  }
}

/** `reference` may have fewer samples: the first ones. */
export function difference(tensor: HostTensor, reference: HostTensor): Difference {
  const { data } = reference;
  let squares = 0;
  for (const value of data) squares += value * value;
  const typical = Math.sqrt(squares / data.length);
  let [absolute, relative] = [0, 0];
  data.forEach((value, i) => {
    const distance = Math.abs(tensor.data[i]! - value);
    absolute = Math.max(absolute, distance);
    if (distance > 0) relative = Math.max(relative, distance / Math.max(Math.abs(value), typical));
  });
  return { absolute, relative };
}

const short = (value: number): string => value.toExponential(1);

/** One line a result. */
export const describeVerification = ({ samples, results }: Verification): string =>
  results
    .map(({ absolute, relative }, i) => {
      const what = results.length > 1 ? `result ${i}, ` : "";
      const who = samples === 1 ? "the first sample" : `the first ${samples} samples`;
      return `  verified: ${what}${who} differ from reference by at most ${short(absolute)}, relative ${short(relative)}\n`;
    })
    .join("");
