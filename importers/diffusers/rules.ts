// Owns: a run whose steps have different rules, as the shortest solver and final lines that say so.

import { line, type Line } from "../text.js";

export interface Composed {
  readonly solver: Line;
  readonly final?: Line;
}

/**
 * `rules[k]` is the rule of step k. `natural(k)` is what `top` does at step k by its own warm-up: where the run begins
 * like that, `top` is the solver and the rest are the final rules; otherwise the rules follow one another with `while`.
 */
export function compose(
  rules: readonly string[],
  top: string,
  natural: (k: number) => string,
  finalWhy: readonly string[] = [],
): Composed {
  const first = rules.findIndex((rule, k) => rule !== natural(k));
  const tail = first < 0 ? [] : rules.slice(first);
  if (tail.length <= 4 && tail.length < rules.length)
    return {
      solver: line(top),
      ...(tail.length === 0 ? {} : { final: line(tail.join(" then "), ...finalWhy) }),
    };
  const parts: string[] = [];
  rules.forEach((rule, k) => {
    if (k === rules.length - 1) parts.push(rule);
    else if (rules[k + 1] !== rule) parts.push(`${rule} while step < ${k + 1}`);
  });
  return { solver: line(parts.join(" then ")) };
}
