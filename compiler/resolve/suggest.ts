// Owns: "did you mean". Knows only strings.

import { candidatesCompared, distance } from "../diagnostics/closest.js";

/** Between two equally close names: the one of the same length, then the first in the alphabet. */
function prefers(name: string, candidate: string, best: string): boolean {
  const same = candidate.length === name.length;
  return same === (best.length === name.length) ? candidate < best : same;
}

/** The candidate closest to `name`, if one is close enough to be a likely slip. */
export function suggest(name: string, candidates: Iterable<string>): string | undefined {
  const limit = name.length <= 2 ? 1 : name.length <= 5 ? 2 : 3;
  let best: string | undefined;
  let bestDistance = limit + 1;
  let compared = 0;
  for (const candidate of candidates) {
    if (candidate === name || Math.abs(candidate.length - name.length) > limit) continue;
    if ((compared += 1) > candidatesCompared) break;
    const d = candidate.toLowerCase() === name.toLowerCase() ? 0 : distance(name, candidate, limit);
    if (d < bestDistance || (d === bestDistance && best !== undefined && prefers(name, candidate, best))) {
      best = candidate;
      bestDistance = d;
    }
  }
  return bestDistance <= limit && bestDistance < name.length ? best : undefined;
}

/** "did you mean `x`?" or nothing. */
export function didYouMean(name: string, candidates: Iterable<string>): string | undefined {
  const found = suggest(name, candidates);
  return found === undefined ? undefined : `did you mean \`${found}\`?`;
}
