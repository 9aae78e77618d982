// docs/language.md against the compiler: every ```dsamp block does what its fence line says.
//
//   dsamp                 parses, and compiles without an error or warning: its samplers, else one made for each definition
//   dsamp file=NAME       the same, and later blocks may `use "NAME"`
//   dsamp reserved        gives D0990
//   dsamp wrong CODE      gives that code, and no other
//   dsamp warns CODE      compiles with that warning

import { describe, expect, test } from "vitest";
import { blocksOf, compileAll, found } from "./blocks.js";

const blocks = blocksOf("language.md");
const files: Record<string, string> = {};
for (const { words, text } of blocks)
  for (const word of words) if (word.startsWith("file=")) files[word.slice("file=".length)] = text;

describe("docs/language.md", () => {
  test("has examples", () => expect(blocks.length).toBeGreaterThan(30));

  test.each(blocks.map((block) => [`line ${block.line}: ${block.words.join(" ")}`, block] as const))(
    "%s",
    (_, { words, text }) => {
      const compilations = compileAll(text, files);
      const { codes, text: rendered } = found(compilations);
      const [kind, code] = words;
      const expected = kind === "reserved" ? ["D0990"] : kind === "wrong" || kind === "warns" ? [code] : [];
      expect(codes, rendered).toEqual(expected);
      const fails = kind === "reserved" || kind === "wrong";
      for (const { plan } of compilations) expect(plan === undefined, rendered).toBe(fails);
      expect(compilations.length > 0 || !fails).toBe(true);
    },
  );
});
