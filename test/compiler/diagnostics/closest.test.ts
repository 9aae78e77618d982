// Owns: the nearest word: the banded distance equals the plain one, and costs are bounded.

import { describe, expect, test } from "vitest";
import { candidatesCompared, closest, distance } from "../../../compiler/diagnostics/closest.js";
import { suggest } from "../../../compiler/resolve/suggest.js";
import { Random } from "../../fuzz/random.js";

/** Optimal string alignment by its definition. */
function plain(a: string, b: string): number {
  const d = Array.from({ length: a.length + 1 }, (_, i) =>
    Array.from({ length: b.length + 1 }, (_, j) => (i === 0 ? j : i)),
  );
  const at = (i: number, j: number): number => d[i]?.[j] as number;
  for (let i = 1; i <= a.length; i += 1)
    for (let j = 1; j <= b.length; j += 1) {
      const row = d[i] as number[];
      row[j] = Math.min(
        at(i - 1, j) + 1,
        at(i, j - 1) + 1,
        at(i - 1, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        row[j] = Math.min(at(i, j), at(i - 2, j - 2) + 1);
    }
  return at(a.length, b.length);
}

describe("distance", () => {
  test("is the plain one up to the limit, and one more beyond", () => {
    const random = new Random(1);
    const word = (): string =>
      Array.from({ length: random.below(9) }, () => random.pick([..."abc"])).join("");
    for (let i = 0; i < 5000; i += 1) {
      const [a, b, limit] = [word(), word(), random.below(5)];
      expect(distance(a, b, limit), `${a} ${b} ${limit}`).toBe(Math.min(plain(a, b), limit + 1));
    }
  });
});

test("the nearest word is a slip away, or there is none", () => {
  expect(closest("sovler", ["solver", "sampler"])).toBe("solver");
  expect(closest("solver", ["solver"])).toBeUndefined();
  expect(closest("abc", ["xyz"])).toBeUndefined();
});

test("of very many names only the first are compared", () => {
  const others = Array.from({ length: candidatesCompared }, (_, i) => `xx${1000 + i}`);
  expect(suggest("lambda_", [...others.slice(1), "lambda"])).toBe("lambda");
  expect(suggest("lambda", [...others, "lamdba"])).toBeUndefined();
  expect(suggest("lambda", [...others.map((name) => `${name}_too_long`), "lamdba"])).toBe("lamdba");
});
