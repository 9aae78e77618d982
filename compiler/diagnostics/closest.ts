// Owns: finding the word someone most likely meant.

/** Optimal string alignment distance: one for an insertion, deletion, replacement or swap of neighbours. */
function distance(a: string, b: string): number {
  let [older, previous]: [number[], number[]] = [[], Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      const [up, left, corner] = [previous[j] as number, row[j - 1] as number, previous[j - 1] as number];
      let best = Math.min(up + 1, left + 1, corner + same);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        best = Math.min(best, (older[j - 2] as number) + 1);
      row.push(best);
    }
    [older, previous] = [previous, row];
  }
  return previous[b.length] as number;
}

/** The word nearest to `text`, if it is near enough to be a slip: a third of its letters may differ. */
export function closest(text: string, candidates: Iterable<string>): string | undefined {
  if (text.length > 40) return undefined;
  let best: string | undefined;
  let least = Math.floor(Math.max(text.length, 3) / 3) + 1;
  for (const candidate of candidates) {
    if (candidate === text || Math.abs(candidate.length - text.length) >= least) continue;
    const found = distance(text, candidate);
    if (found < least) [best, least] = [candidate, found];
  }
  return best;
}
