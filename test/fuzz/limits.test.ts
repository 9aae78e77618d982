// Owns: every limit holds where it is documented: so many pass, one more is its diagnostic; a million of anything is a
// diagnostic too. Run with the stack of a main thread.

import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { limits } from "../../compiler/limits.js";
import { absurd, cases, chains, type Answers } from "./limitCases.js";
import { bundled } from "./threads.js";

let answers: Answers;

beforeAll(async () => {
  const module = await bundled("limitCases.ts");
  answers = await new Promise<Answers>((resolve, reject) => {
    const worker = module.start(undefined);
    worker.once("message", resolve);
    worker.once("error", reject);
  }).finally(() => module.dispose());
}, 300_000);

/** Codes of limits. A long text has many mistakes of other kinds too: that they are counted is one case of its own. */
const limitsIn = (codes: Iterable<string> | undefined, own: string): readonly string[] =>
  [...(codes ?? [])].filter((code) => /^D08/.test(code) && (code !== "D0807" || own === "D0807"));

describe.each(cases.map(({ limit, what, code }, i) => ({ limit, what, code, i })))(
  "$limit: $what",
  (item) => {
    test("as many as allowed pass", () => {
      const { codes } = answers.within[item.i] ?? {};
      expect(Array.isArray(codes), String(codes)).toBe(true);
      expect(limitsIn(codes, item.code)).toEqual([]);
    });
    test("one more is its diagnostic", () => {
      expect(limitsIn(answers.beyond[item.i]?.codes, item.code)).toEqual([item.code]);
    });
  },
);

test.each(absurd.map(([what, , code], i) => [what, code, i] as const))("a million: %s", (_what, code, i) => {
  expect(answers.absurd[i]?.codes).toContain(code);
});

test.each(chains.map(([what], i) => [what, i] as const))("chains of %s end in no exception", (_what, i) => {
  const { codes } = answers.chains[i] ?? {};
  expect(Array.isArray(codes), String(codes)).toBe(true);
});

test("long texts that are not deep are read, whatever is found", () => {
  for (const { what, codes } of answers.long)
    expect(Array.isArray(codes), `${what}: ${String(codes)}`).toBe(true);
});

test("every limit has a case, and stands in the documentation", () => {
  expect(new Set(cases.map((item) => item.limit))).toEqual(new Set(Object.keys(limits)));
  const page = readFileSync(new URL("../../docs/language.md", import.meta.url), "utf8");
  const section = page.slice(page.indexOf("Limits\n"));
  for (const [name, value] of Object.entries(limits)) {
    const bytes =
      value >= 1 << 20 && Number.isInteger(value / (1 << 20)) ? `${value / (1 << 20)} MiB` : undefined;
    expect(section.slice(0, section.indexOf("## 15")), name).toContain(bytes ?? value.toLocaleString("en"));
  }
});
