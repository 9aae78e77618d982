// The grammar for people and the parser: same rules, and each rule with the same words, signs and rules inside.

import { readFileSync } from "node:fs";
import { Lexer, type IProduction, type Rule } from "chevrotain";
import { expect, test } from "vitest";
import { DsampParser, theParser } from "../../grammar/parser.js";
import { allTokens, sortWords, valueWords } from "../../grammar/tokens.js";

const ebnf = readFileSync(new URL("../../grammar/dsamp.ebnf", import.meta.url), "utf8").replace(
  /\(\*[\s\S]*?\*\)/,
  "",
);

/** What each rule of the text mentions. */
function rulesOfText(): Map<string, string[]> {
  const rules = new Map<string, string[]>();
  const parts = ebnf.matchAll(/(\w+)\s*=\s*((?:"[^"]*"|[^";])*);/g);
  for (const [, name, body] of parts) {
    const symbols = [...(body ?? "").matchAll(/"([^"]+)"|(\w+)/g)].map(
      ([, text, word]) => text ?? word ?? "",
    );
    rules.set(name ?? "", [...new Set(symbols)].sort());
  }
  return rules;
}

const abstract: Record<string, readonly string[]> = {
  AddOp: ["+", "-"],
  MulOp: ["*", "/"],
  CompareOp: ["<", "<=", ">", ">=", "==", "!=", "in"],
  SortWord: sortWords,
  ValueWord: valueWords,
};
const named: Record<string, string> = { Name: "NAME", Number: "NUMBER", String: "STRING", NL: "NL" };

function symbols(part: IProduction, into: Set<string>): void {
  const at = part as {
    nonTerminalName?: string;
    terminalType?: { name: string; PATTERN?: unknown };
    definition?: IProduction[];
  };
  if (at.terminalType !== undefined) {
    const { name, PATTERN } = at.terminalType;
    const own = name.startsWith("word_")
      ? [name.slice(5)]
      : (abstract[name] ?? [named[name] ?? String(PATTERN)]);
    for (const text of own) into.add(text);
  } else if (at.nonTerminalName !== undefined) into.add(at.nonTerminalName);
  else for (const child of at.definition ?? []) symbols(child, into);
}

/** What each rule of the parser mentions. */
function rulesOfParser(): Map<string, string[]> {
  const grammar = theParser().getGAstProductions() as Record<string, Rule>;
  return new Map(
    Object.entries(grammar).map(([name, rule]) => {
      const found = new Set<string>();
      for (const part of rule.definition) symbols(part, found);
      return [name, [...found].sort()];
    }),
  );
}

test("the same rules", () => {
  expect([...rulesOfParser().keys()].sort()).toEqual([...rulesOfText().keys()].sort());
});

const text = rulesOfText();
test.each([...rulesOfParser()])("rule %s has the same parts", (name, parts) => {
  expect(parts).toEqual(text.get(name));
});

// What the command leaves out to start sooner.
test("Chevrotain finds nothing wrong with the tokens and the rules", () => {
  expect(() => new Lexer([...allTokens], { ensureOptimizations: true })).not.toThrow();
  expect(() => new DsampParser(true)).not.toThrow();
});
