// No text makes the parser throw, hang or overflow; the limits hold exactly.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lex } from "../../../grammar/lexer.js";
import { limits } from "../../../compiler/limits.js";
import { print } from "../../../compiler/syntax/print.js";
import { walk } from "../../../compiler/syntax/walk.js";
import { findings, parseText, specs } from "../../support/syntax.js";

/** Parses, walks, prints and renders; the tree must be there. */
function survives(text: string): void {
  const { tree, diagnostics } = parseText(text);
  expect(tree.kind).toBe("File");
  let nodes = 0;
  walk(tree, { Name: () => (nodes += 1) });
  expect(typeof print(tree)).toBe("string");
  expect(typeof findings(text)).toBe("string");
  for (const { primary } of diagnostics) {
    expect(primary?.span.start).toBeGreaterThanOrEqual(0);
    expect(primary?.span.end).toBeLessThanOrEqual(text.length);
    expect(primary?.span.end).toBeGreaterThanOrEqual(primary?.span.start ?? 0);
  }
}

const codesOf = (text: string): readonly string[] => parseText(text).diagnostics.map((item) => item.code);

describe("damaged files", () => {
  const file = fc.constantFrom(...specs.map(([, text]) => text));
  const place = fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true });
  const tokenAt = (text: string, at: number): { start: number; end: number } => {
    const { tokens } = lex(text);
    const token = tokens[Math.floor(at * tokens.length)];
    const start = token?.startOffset ?? 0;
    return { start, end: start + (token?.image.length ?? 0) };
  };

  test("a token left out", () => {
    fc.assert(
      fc.property(file, place, (text, at) => {
        const { start, end } = tokenAt(text, at);
        survives(text.slice(0, start) + text.slice(end));
      }),
      { numRuns: 150 },
    );
  });

  test("a token twice", () => {
    fc.assert(
      fc.property(file, place, (text, at) => {
        const { start, end } = tokenAt(text, at);
        survives(`${text.slice(0, end)} ${text.slice(start)}`);
      }),
      { numRuns: 150 },
    );
  });

  test("garbage in between", () => {
    const garbage = fc.oneof(
      fc.string({ unit: "binary", maxLength: 8 }),
      fc.constantFrom(
        "{",
        "}",
        "(",
        ")",
        "[",
        "]",
        "\n",
        ";",
        '"',
        "when",
        "else",
        "= =",
        "step {",
        "σ₀",
        "..",
        "\0",
      ),
    );
    fc.assert(
      fc.property(file, place, garbage, (text, at, junk) => {
        const cut = Math.floor(at * text.length);
        survives(text.slice(0, cut) + junk + text.slice(cut));
      }),
      { numRuns: 200 },
    );
  });

  test("truncated", () => {
    fc.assert(
      fc.property(file, place, (text, at) => survives(text.slice(0, Math.floor(at * text.length)))),
      { numRuns: 100 },
    );
  });

  test("any text, and any heap of tokens", () => {
    const token = fc.constantFrom(
      ..."{ } ( ) [ ] , ; : := = == -> .. . ' | + - * / ^ < not and or in for let use when if else x 2 .5".split(
        " ",
      ),
      ...[
        "step",
        "order",
        "solver",
        "tableau",
        "over",
        "then",
        "while",
        "point",
        "at",
        "\n",
        "\n",
        '"a"',
        "use",
        "init",
      ],
    );
    fc.assert(fc.property(fc.string({ unit: "binary" }), survives), { numRuns: 100 });
    fc.assert(
      fc.property(fc.array(token, { maxLength: 80 }), (tokens) => survives(tokens.join(" "))),
      { numRuns: 300 },
    );
  });
});

test("one missing token gives one message on its line, nearly always", () => {
  const counts: number[] = [];
  for (const [, text] of specs) {
    const { tokens } = lex(text);
    for (let i = 7; i < tokens.length; i += 41) {
      const token = tokens[i];
      if (token === undefined || token.image === "\n") continue;
      const start = token.startOffset;
      counts.push(codesOf(text.slice(0, start) + " " + text.slice(start + token.image.length)).length);
    }
  }
  const many = counts.filter((count) => count > 2);
  expect(many.length / counts.length).toBeLessThan(0.02);
});

describe("limits", () => {
  const nested = (depth: number, open: string, close: string): string =>
    `let a = ${open.repeat(depth)}1${close.repeat(depth)}\n`;

  test.each([
    ["parentheses", "(", ")"],
    ["lists", "[", "]"],
    ["calls", "f(", ")"],
    ["signs", "-", ""],
    ["powers", "2^", ""],
  ])("%s nest 64 deep and no deeper", (_what, open, close) => {
    expect(codesOf(nested(limits.nesting, open, close))).toEqual([]);
    expect(codesOf(nested(limits.nesting + 1, open, close))).toEqual(["D0802"]);
  });

  test("blocks and `else when` nest 64 deep and no deeper", () => {
    const blocks = (depth: number): string =>
      `solver a {${" when b {".repeat(depth - 1)}${" }".repeat(depth - 1)} }\n`;
    expect(codesOf(blocks(limits.nesting))).toEqual([]);
    expect(codesOf(blocks(limits.nesting + 1))).toEqual(["D0802"]);
    const branches = (depth: number): string =>
      `solver a {\n when b { }${" else when b { }".repeat(depth - 2)}\n}\n`;
    expect(codesOf(branches(limits.nesting))).toEqual([]);
    expect(codesOf(branches(limits.nesting + 1))).toEqual(["D0802"]);
  });

  test("the worst that is allowed does not overflow", () => {
    const sums = "1".concat(" + 1".repeat(limits.operators - limits.nesting - 5));
    const text = `let a = ${"-(".repeat(limits.nesting / 2)}${sums}${")".repeat(limits.nesting / 2)}\n`;
    survives(text);
    expect(codesOf(text)).toEqual([]);
  });

  test("long chains are refused, long lists and long files are not", () => {
    const chain = (part: string, count: number): string => `let a = b${part.repeat(count)}\n`;
    for (const part of [" + 1", "*1", ".b", "[1]", " < 1", " and 1", "'"]) {
      expect(codesOf(chain(part, limits.operators))).toEqual([]);
      expect(codesOf(chain(part, limits.operators + 1))).toEqual(["D0802"]);
    }
    expect(codesOf(`let a = [${"1, ".repeat(20_000)}1]\n`)).toEqual([]);
    expect(codesOf("let a = b + 1\n".repeat(3_000))).toEqual([]);
  });

  test("a million brackets are refused at once", { timeout: 60_000 }, () => {
    expect(codesOf("(".repeat(1_000_000))).toEqual(["D0802"]);
    expect(codesOf(`let a = ${"[(".repeat(50_000)}`)).toEqual(["D0802"]);
    expect(codesOf("{".repeat(20_000))).toEqual(["D0802"]);
    expect(codesOf(")".repeat(20_000))).toHaveLength(limits.errorsShown + 1);
  });

  test("a file of one MiB is read, a larger one is not", () => {
    const line = "// comment\n";
    const lines = line.repeat(Math.floor(limits.sourceBytes / line.length));
    expect(codesOf(lines)).toEqual([]);
    expect(codesOf(lines + line)).toEqual(["D0801"]);
    expect(codesOf(`//${"σ".repeat(limits.sourceBytes / 2)}`)).toEqual(["D0801"]);
  });

  test("a hundred errors are shown and the rest is counted", () => {
    const found = parseText("let a = 1 1\n".repeat(150)).diagnostics;
    expect(found).toHaveLength(limits.errorsShown + 1);
    expect(found[limits.errorsShown]).toMatchObject({
      code: "D0807",
      message: "50 further errors are not shown",
    });
  });

  test("very many errors neither overflow nor take forever", { timeout: 60_000 }, () => {
    survives("1 1\n".repeat(20_000));
    survives("solver a {\n".concat("1 1\n".repeat(20_000)));
    survives("x\n".repeat(20_000));
    survives("% ".repeat(20_000));
    survives("f(\nlet\n".repeat(10_000));
    survives("}\nwhen a\n".repeat(10_000));
  });
});
