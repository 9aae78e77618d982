// Owns: making a failing text short: lines, then tokens, then characters are left out for as long as it still fails.

const pieces = [/[^\n]*\n|[^\n]+$/g, /[\p{L}_][\p{L}\p{N}_]*|\s+|[^]/gu, /[^]/g];

/** A text for which `fails` holds like for `text`, without parts that do not matter. Stops looking after `ms`. */
export function reduce(text: string, fails: (text: string) => boolean, ms = 5000): string {
  const end = performance.now() + ms;
  let best = text;
  for (const pattern of pieces) {
    let parts: string[] = best.match(pattern) ?? [];
    for (let size = Math.ceil(parts.length / 2); size >= 1; size = Math.floor(size / 2))
      for (let at = 0; at < parts.length && performance.now() < end;) {
        const fewer = [...parts.slice(0, at), ...parts.slice(at + size)];
        if (fails(fewer.join(""))) parts = fewer;
        else at += size;
      }
    best = parts.join("");
  }
  return best;
}
