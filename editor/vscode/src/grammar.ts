// Owns: the TextMate grammar, made from the tokens of the language. `node scripts/generateGrammar.mjs` writes it. It
// colours a text before the server is there; the server's semantic tokens then say what each name is.

import { baseViews, verbNames } from "../../../compiler/check/place.js";
import { namedQuantities } from "../../../compiler/graph/quantity.js";
import {
  innerWords,
  Name,
  NumberToken,
  reservedWords,
  sortWords,
  statementWords,
  StringToken,
} from "../../../grammar/tokens.js";

export interface Rule {
  readonly name?: string;
  readonly match: string;
  readonly captures?: Readonly<Record<string, { readonly name: string }>>;
}

export interface TextMateGrammar {
  readonly $schema: string;
  readonly name: string;
  readonly scopeName: string;
  readonly fileTypes: readonly string[];
  readonly patterns: readonly Rule[];
}

const source = (pattern: unknown): string => (pattern as RegExp).source;
const oneOf = (words: Iterable<string>): string => `(?:${[...words].join("|")})`;
const name = source(Name.PATTERN);
/** After these a word is a name (grammar/lines.ts). */
const noName = "(?!\\s*(?::?=(?!=)|[\\[.'*/|]))";
const operators = ["in", "and", "or", "not"];
const branches = ["when", "if", "else", "for"];
const rest = reservedWords.filter((word) => !operators.includes(word) && !branches.includes(word));

export function textMateGrammar(): TextMateGrammar {
  return {
    $schema: "https://raw.githubusercontent.com/martinring/tmlanguage/master/tmlanguage.json",
    name: "dsamp",
    scopeName: "source.dsamp",
    fileTypes: ["dsamp"],
    patterns: [
      { name: "comment.line.documentation.dsamp", match: "///(?!/).*$" },
      { name: "comment.line.double-slash.dsamp", match: "//.*$" },
      { name: "string.quoted.double.dsamp", match: source(StringToken.PATTERN) },
      {
        // Definitions stand outside of blocks; with indentation the same words are clauses.
        match: `^(${oneOf(sortWords)})\\s+(${name})(?=\\s*(?:[({=]|$))`,
        captures: { "1": { name: "storage.type.dsamp" }, "2": { name: "entity.name.function.dsamp" } },
      },
      {
        match: `^(expect)\\s+(${oneOf(sortWords)})(?=\\s+${name})`,
        captures: { "1": { name: "keyword.other.dsamp" }, "2": { name: "storage.type.dsamp" } },
      },
      {
        match: `(?:^|(?<=[{;]))\\s*(?:(run)\\s+)?(?:(weak)\\s+(?=order\\b))?(${oneOf(statementWords)})\\b${noName}`,
        captures: {
          "1": { name: "keyword.other.dsamp" },
          "2": { name: "keyword.other.dsamp" },
          "3": { name: "keyword.other.dsamp" },
        },
      },
      { name: "keyword.control.dsamp", match: `\\b${oneOf(branches)}\\b` },
      { name: "keyword.operator.word.dsamp", match: `\\b${oneOf(operators)}\\b` },
      { name: "keyword.other.dsamp", match: `\\b${oneOf(rest)}\\b` },
      {
        match: `(?<=[\\w\\])"'])\\s+(${oneOf([...innerWords, "then"])})\\b(?=\\s+[\\w("\\[{-]|\\s*(?:[};]|//|$))`,
        captures: { "1": { name: "keyword.other.dsamp" } },
      },
      {
        match: `(?<=[(,]|\\bwith)\\s*(${name})(:)(?!=)`,
        captures: { "1": { name: "variable.parameter.dsamp" }, "2": { name: "punctuation.separator.dsamp" } },
      },
      { name: "support.function.dsamp", match: `\\b${oneOf(verbNames)}\\b(?=\\()` },
      { name: "entity.name.function.call.dsamp", match: `${name}(?=\\()` },
      {
        name: "support.variable.dsamp",
        match: `\\b${oneOf([...namedQuantities, ...baseViews])}\\b(?=\\s*['\\[])`,
      },
      { name: "constant.numeric.dsamp", match: `(?<![\\w])${source(NumberToken.PATTERN)}` },
      { name: "keyword.operator.dsamp", match: ":=|->|\\.\\.|[=<>!]=|[-+*/^<>=|']" },
    ],
  };
}
