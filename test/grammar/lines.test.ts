// Where a line ends and where a name is a word.

import { describe, expect, test } from "vitest";
import { lex } from "../../grammar/lexer.js";
import { arrangeLines } from "../../grammar/lines.js";
import { normalizeName } from "../../grammar/tokens.js";

/** Tokens as the parser sees them: `⏎` for a line end, words in capitals. */
const arranged = (text: string): string =>
  arrangeLines(lex(text).tokens)
    .map(({ image, tokenType }) => {
      if (tokenType.name === "NL") return "⏎";
      return tokenType.name.startsWith("word_") ? image.toUpperCase() : image;
    })
    .join(" ");

describe("line ends", () => {
  test.each([
    ["inside brackets", "a = f(1,\n2)[\n3]", "a = f ( 1 , 2 ) [ 3 ] ⏎"],
    ["after an operator", "a = b +\nc ->\nd ..\ne :=\nf", "a = b + c -> d .. e := f ⏎"],
    ["after a word operator", "a = b and\nc or\nnot\nd in\ne", "a = b AND c OR NOT d IN e ⏎"],
    ["before an operator", "a = b\n+ c\n- d\n-> e\nand f\n.. g", "a = b + c - d -> e AND f .. g ⏎"],
    ["before a comma or a closing bracket", "grid a\n, b", "GRID a , b ⏎"],
    ["before else", "when a { }\nelse { }", "WHEN a { } ELSE { } ⏎"],
    ["before and after with", "model predicts v\nwith\ntime: index", "MODEL PREDICTS v WITH time : index ⏎"],
    ["after then", "then\na = b", "THEN a = b ⏎"],
    ["after a colon and a dot", "input a:\nb.\nc", "INPUT a : b . c ⏎"],
    ["in the names of use", "use a {\nb,\nc\n}\nlet d = 1", "USE a { b , c } ⏎ LET d = 1 ⏎"],
  ])("do not count %s", (_where, text, tokens) => {
    expect(arranged(text)).toBe(tokens);
  });

  test.each([
    ["between statements", "a = b\nc = d", "a = b ⏎ c = d ⏎"],
    ["once for empty lines and comments", "a = b\n\n// c\n\r\nd = e", "a = b ⏎ d = e ⏎"],
    ["before a bar and after one", "0 |\n| a", "0 | ⏎ | a ⏎"],
    ["before a closing brace, even unwritten", "{ a = b }\n", "{ a = b ⏎ } ⏎"],
    ["after an operator that a statement follows", "a = b +\nlet c = d", "a = b + ⏎ LET c = d ⏎"],
  ])("count %s", (_where, text, tokens) => {
    expect(arranged(text)).toBe(tokens);
  });
});

describe("words", () => {
  test.each([
    [
      "at the start of a statement",
      "order 2\nsteps 3; step { start a }",
      "ORDER 2 ⏎ STEPS 3 ; STEP { START a ⏎ } ⏎",
    ],
    ["and after another", "run weak order 2 on a", "RUN WEAK ORDER 2 ON a ⏎"],
    ["inside the statement they belong to", "time t from a to b", "TIME t FROM a TO b ⏎"],
    ["after operands only", "point from, at at at", "POINT from , at AT at ⏎"],
    ["before a sign", "steps -1", "STEPS - 1 ⏎"],
    ["kind words in expect", "expect solver edm { }", "EXPECT SOLVER edm { } ⏎"],
    ["unit before a name", "requires unit data", "REQUIRES UNIT data ⏎"],
    ["predicts after a model's name", "model predicts predicts x", "MODEL predicts PREDICTS x ⏎"],
    ["while, then and fresh", "solver a while b then c fresh", "SOLVER a WHILE b THEN c FRESH ⏎"],
  ])("%s", (_where, text, tokens) => {
    expect(arranged(text)).toBe(tokens);
  });

  test.each([
    ["before signs of an equation", "order = 2; step := 3; index[i] = 4; sigma*sigma' = 1"],
    ["before the other signs", "time.a = 1; start' = 1; noise*a = 1; final/a = 1"],
    ["in the middle of an expression", "a = order + step*steps - index"],
    ["inside brackets", "a = f(order, time: index)[start, end]"],
    ["inner words without their statement", "a = from + to; over = at"],
  ])("are names %s", (_where, text) => {
    expect(arranged(text)).toBe(
      `${lex(text)
        .tokens.map((token) => token.image)
        .join(" ")} ⏎`,
    );
  });

  test("are names in a tableau", () => {
    expect(arranged("tableau P over u sweeps sweeps {\ntime | a\n}")).toBe(
      "TABLEAU P OVER u SWEEPS sweeps { time | a ⏎ } ⏎",
    );
  });

  test("ten are reserved everywhere", () => {
    expect(arranged("a = [use, let, when, if, else, for, in, and, or, not]")).toBe(
      "a = [ USE , LET , WHEN , IF , ELSE , FOR , IN , AND , OR , NOT ] ⏎",
    );
    expect(arranged("users = lets; whenever = iffy")).toBe("users = lets ; whenever = iffy ⏎");
  });
});

describe("names", () => {
  test.each([
    ["σ", "sigma"],
    ["σ_max", "sigma_max"],
    ["λ", "lambda"],
    ["ε", "eps"],
    ["ϵ", "eps"],
    ["x₀", "x0"],
    ["Δλ₁₂", "Deltalambda12"],
    ["sigma", "sigma"],
  ])("%s is %s", (raw, text) => {
    expect(normalizeName(raw)).toBe(text);
    expect(lex(raw).tokens.map((token) => token.tokenType.name)).toEqual(["Name"]);
  });
});

describe("numbers", () => {
  test.each(["2", "0.5", "1e-3", "1.5E+10", "007"])("%s", (text) => {
    expect(lex(text).tokens.map((token) => token.tokenType.name)).toEqual(["Number"]);
  });

  test("a range needs no spaces", () => {
    expect(lex("0..n").tokens.map((token) => token.image)).toEqual(["0", "..", "n"]);
  });

  test.each([".5", "2.", "2.e3"])("%s has a dot at its edge", (text) => {
    expect(lex(text).tokens.map((token) => token.tokenType.name)).toEqual(["BadNumber"]);
  });
});

test("comments are kept apart", () => {
  const { tokens, comments } = lex('a // b\n/// c\n"// no"');
  expect(tokens.map((token) => token.image)).toEqual(["a", "\n", "\n", '"// no"']);
  expect(comments.map((token) => token.image)).toEqual(["// b", "/// c"]);
});
