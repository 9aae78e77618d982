// Owns: finding the word someone most likely meant.

/** Candidates beyond these are not looked at: whoever has so many names finds the right one sooner than the machine. */
export const candidatesCompared = 1000;

/**
 * Optimal string alignment distance: one for an insertion, deletion, replacement or swap of neighbours. More than
 * `limit` is `limit + 1`: only the band of that width around the diagonal is filled (Ukkonen 1985).
 */
export function distance(a: string, b: string, limit: number): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  const width = b.length + 1;
  const beyond = limit + 1;
  let [older, previous, row] = [new Array<number>(width), new Array<number>(width), new Array<number>(width)];
  for (let j = 0; j < width; j += 1) previous[j] = j;
  for (let i = 1; i <= a.length; i += 1) {
    const [from, to] = [Math.max(1, i - limit), Math.min(b.length, i + limit)];
    row[from - 1] = from === 1 ? i : beyond;
    let least = row[from - 1] as number;
    for (let j = from; j <= to; j += 1) {
      const same = a.charCodeAt(i - 1) === b.charCodeAt(j - 1) ? 0 : 1;
      let best = Math.min((row[j - 1] as number) + 1, (previous[j - 1] as number) + same);
      if (j < i + limit) best = Math.min(best, (previous[j] as number) + 1);
      if (
        i > 1 &&
        j > 1 &&
        a.charCodeAt(i - 1) === b.charCodeAt(j - 2) &&
        a.charCodeAt(i - 2) === b.charCodeAt(j - 1)
      )
        best = Math.min(best, (older[j - 2] as number) + 1);
      row[j] = best;
      least = Math.min(least, best);
    }
    // A swap reaches back two rows and costs one, so a row beyond the limit by more than that ends it.
    if (least > beyond) return beyond;
    [older, previous, row] = [previous, row, older];
  }
  return Math.min(previous[b.length] as number, beyond);
}

/** The word nearest to `text`, if it is near enough to be a slip: a third of its letters may differ. */
export function closest(text: string, candidates: Iterable<string>): string | undefined {
  if (text.length > 40) return undefined;
  let best: string | undefined;
  let least = Math.floor(Math.max(text.length, 3) / 3) + 1;
  for (const candidate of candidates) {
    if (candidate === text) continue;
    const found = distance(text, candidate, least - 1);
    if (found < least) [best, least] = [candidate, found];
  }
  return best;
}
