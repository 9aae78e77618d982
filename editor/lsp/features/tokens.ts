// Owns: semantic tokens: what each word is, for colours. Names come from the model, words of the grammar and numbers
// from the tokens.

import { lex } from "../../../grammar/lexer.js";
import { arrangeLines } from "../../../grammar/lines.js";
import { NumberToken, StringToken } from "../../../grammar/tokens.js";
import type { Entity, EntityKind, Role } from "../model.js";
import { isWord } from "../model.js";
import { isLibrary } from "../../../compiler/resolve/module.js";
import type { Analysis } from "../workspace.js";

export const tokenTypes = [
  ...(["keyword", "number", "string", "comment", "function", "type", "parameter"] as const),
  ...(["variable", "property", "enumMember", "class"] as const),
] as const;
type TokenType = (typeof tokenTypes)[number];
export const tokenModifiers = ["declaration", "modification", "defaultLibrary"] as const;

export interface SemanticToken {
  readonly start: number;
  readonly length: number;
  readonly type: TokenType;
  readonly modifiers: readonly (typeof tokenModifiers)[number][];
}

const types: Readonly<Record<EntityKind, TokenType>> = {
  parameter: "parameter",
  let: "variable",
  function: "function",
  noise: "variable",
  input: "parameter",
  carry: "variable",
  state: "variable",
  point: "enumMember",
  call: "variable",
  brownian: "variable",
  variable: "variable",
  quantity: "property",
  table: "variable",
  network: "function",
  schedule: "type",
  parameterization: "type",
  guidance: "type",
  grid: "type",
  solver: "function",
  sampler: "class",
  "path quantity": "property",
  view: "property",
  "fixed point": "enumMember",
  counter: "property",
  verb: "function",
  "built-in": "function",
  constant: "enumMember",
  word: "enumMember",
};

/** In source order, without overlaps. */
export function semanticTokens(analysis: Analysis): readonly SemanticToken[] {
  const { source, tree } = analysis.module;
  const found = new Map<number, SemanticToken>();
  for (const { span } of tree.comments)
    found.set(span.start, {
      start: span.start,
      length: span.end - span.start,
      type: "comment",
      modifiers: [],
    });
  for (const token of arrangeLines(lex(source.text).tokens)) {
    const { tokenType, startOffset: start, image } = token;
    const type = tokenType.name.startsWith("word_")
      ? "keyword"
      : tokenType === NumberToken
        ? "number"
        : tokenType === StringToken
          ? "string"
          : undefined;
    if (type !== undefined) found.set(start, { start, length: image.length, type, modifiers: [] });
  }
  for (const { span, entity, role } of analysis.model.occurrences)
    if (!found.has(span.start))
      found.set(span.start, {
        start: span.start,
        length: span.end - span.start,
        type: role === "label" ? "parameter" : types[entity.kind],
        modifiers: modifiersOf(entity, role),
      });
  return [...found.values()].sort((a, b) => a.start - b.start);
}

function modifiersOf(entity: Entity, role: Role): SemanticToken["modifiers"] {
  const own = isWord(entity) || (entity.at !== undefined && isLibrary(entity.at.file));
  return [
    ...(role === "declare" ? (["declaration"] as const) : []),
    ...(role === "write" ? (["modification"] as const) : []),
    ...(own ? (["defaultLibrary"] as const) : []),
  ];
}
