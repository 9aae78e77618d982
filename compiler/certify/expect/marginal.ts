// Owns: whether a rule keeps the marginals of the path when the network is right: with the true x0 in place of every
// prediction, the state at each point has the law of alpha x0 + sigma eps (language.md, section 5; for DDIM: Song et
// al. 2021, arXiv:2010.02502, lemma 1).

import type { LoweredRun } from "../../sampler/run.js";
import { statesWithTruth } from "../equivalenceRuns.js";

const tolerance = 1e-11;

/** The first point that has another law, or undefined; a string says why there is no answer. */
export function marginalMismatch(
  run: LoweredRun,
): { readonly point: number; readonly what: string } | string | undefined {
  const states = statesWithTruth(run);
  if (typeof states === "string") return states;
  const { grid } = run.sampler;
  for (const [i, state] of states.entries()) {
    const point = grid[i];
    if (!point) continue;
    const scale = Math.max(point.alpha, point.sigma);
    if (Math.abs(state.data - point.alpha) > tolerance * scale)
      return { point: i, what: `x0 has the weight ${state.data}, the path has alpha = ${point.alpha}` };
    if (Math.abs(state.noise - point.sigma) > tolerance * scale)
      return {
        point: i,
        what: `the noise has standard deviation ${state.noise}, the path has sigma = ${point.sigma}`,
      };
    if (Math.abs(state.constant) > tolerance * scale) return { point: i, what: "a constant is added" };
  }
  return undefined;
}
