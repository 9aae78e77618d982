// Owns: the pass between lexer and parser that makes the grammar line-oriented. It decides which line ends count and
// which names are words where they stand, so that the parser needs no context. It changes nothing else.

import type { IToken, TokenType } from "chevrotain";
import * as t from "./tokens.js";

/** What the innermost open bracket holds. */
export type FrameKind = "file" | "block" | "tableau" | "names" | "brackets";

/** Which inner words the statement of a given word may hold. */
const innerOf: Partial<Record<string, readonly t.Word[]>> = {
  time: ["from", "to"],
  index: ["from", "to"],
  table: ["from"],
  point: ["at"],
  noise: ["fixed"],
  brownian: ["over"],
  tableau: ["over", "sweeps"],
  carry: ["session"],
  order: ["on"],
  equals: ["on"],
  is: ["on"],
  fails: ["on"],
  start: ["then"],
  final: ["then"],
  solver: ["while", "then", "fresh"],
  model: ["predicts", "with"],
};

/** After these a word is a name. */
const nameFollows: ReadonlySet<TokenType> = new Set([
  ...[t.Eq, t.ColonEq, t.LBracket, t.Dot, t.Prime, t.Star, t.Slash, t.Bar],
]);

/** Infix operators: a line end next to one does not count. */
const infix: ReadonlySet<TokenType> = new Set([
  ...[t.Eq, t.ColonEq, t.Arrow, t.DotDot, t.In, t.And, t.Or, t.Plus, t.Minus, t.Star, t.Slash, t.Caret],
  ...[t.Lt, t.Le, t.Gt, t.Ge, t.EqEq, t.NotEq],
]);
const goesOnAfter: ReadonlySet<TokenType> = new Set([
  ...infix,
  ...[t.LBrace, t.LParen, t.LBracket, t.Comma, t.Colon, t.Dot, t.Not, t.words.then, t.words.with],
]);
const goesOnBefore: ReadonlySet<TokenType> = new Set([...infix, t.Comma, t.RParen, t.RBracket, t.Else]);
const operandEnd: ReadonlySet<TokenType> = new Set([
  ...[t.Name, t.NumberToken, t.StringToken, t.RParen, t.RBracket, t.Prime, t.BadNumber, t.BadString],
]);
const operandStart: ReadonlySet<TokenType> = new Set([
  ...[t.Name, t.NumberToken, t.StringToken, t.BadNumber, t.BadString],
]);
/** These begin a statement and can never go on with one. */
const hardStart: ReadonlySet<TokenType> = new Set([t.Use, t.Let, t.When, t.If]);

const statementWords: ReadonlySet<string> = new Set(t.statementWords);
const sortWords: ReadonlySet<string> = new Set(t.sortWords);

/** The type a token is read as: a foreign spelling counts as what it means. */
export const meaning = (token: IToken | undefined): TokenType | undefined =>
  token && (t.aliases.get(token.tokenType) ?? token.tokenType);

export const isInfix = (token: IToken): boolean => infix.has(meaning(token) as TokenType);
export const isOperandEnd = (token: IToken | undefined): boolean =>
  token !== undefined && operandEnd.has(token.tokenType);
/** Whether a token begins an operand and cannot go on with one: no bracket. */
export const isOperandStart = (token: IToken | undefined): boolean =>
  token !== undefined && operandStart.has(token.tokenType);

const isA = (token: IToken | undefined, set: ReadonlySet<TokenType>): boolean => {
  const type = meaning(token);
  return type !== undefined && set.has(type);
};

/** Whether the name at `at`, standing where a statement can begin, is read as a word. */
export function isWordAt(tokens: readonly IToken[], at: number): boolean {
  const token = tokens[at];
  if (token?.tokenType !== t.Name || !statementWords.has(token.image)) return false;
  return !isA(tokens[at + 1], nameFollows);
}

/**
 * Whether the line that begins at `at` must begin a statement, whatever came before: a reserved word, or a word
 * directly before an operand, which no expression allows.
 */
export function beginsStatement(tokens: readonly IToken[], at: number): boolean {
  if (isA(tokens[at], hardStart)) return true;
  const next = tokens[at + 1];
  if (!isWordAt(tokens, at) || next === undefined) return false;
  if (next.tokenType === t.LBrace) return true;
  return isA(next, operandStart) && !(t.innerWords as readonly string[]).includes(next.image);
}

interface Frame {
  readonly kind: FrameKind;
  /** The word that began the current statement of this block; empty for equations. */
  word: string;
}

/** Index of the next token that is not a line end. */
export function nextSolid(tokens: readonly IToken[], from: number): number {
  let at = from;
  while (tokens[at]?.tokenType === t.NL) at += 1;
  return at;
}

const retyped = (token: IToken, type: TokenType): IToken => ({
  ...token,
  tokenType: type,
  tokenTypeIdx: type.tokenTypeIdx ?? 0,
});

/** A line end that is not in the text, for example before the `}` of a block on one line. */
function lineEnd(offset: number): IToken {
  return {
    image: "",
    tokenType: t.NL,
    tokenTypeIdx: t.NL.tokenTypeIdx ?? 0,
    startOffset: offset,
    endOffset: offset - 1,
  };
}

/** Drops the line ends that do not count, adds one before every `}`, and promotes names to words. */
export function arrangeLines(tokens: readonly IToken[]): IToken[] {
  const out: IToken[] = [];
  const frames: Frame[] = [{ kind: "file", word: "" }];
  const top = (): Frame => frames[frames.length - 1] as Frame;
  let statementStart = true;

  const classify = (token: IToken, at: number): IToken => {
    const frame = top();
    if (frame.kind === "brackets" || frame.kind === "names") return token;
    const before = out[out.length - 1];
    if (statementStart) {
      frame.word = "";
      if (frame.kind === "tableau" || !isWordAt(tokens, at)) return token;
      frame.word = token.image;
      return retyped(token, t.words[token.image as t.Word]);
    }
    return innerWord(token, tokens[at + 1], before, frame);
  };

  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at] as IToken;
    const type = token.tokenType;
    if (type === t.NL) {
      if (!counts(tokens, at, out, top())) continue;
      out.push(token);
      statementStart = true;
      continue;
    }
    if (type === t.RBrace && frames.length > 1) {
      const last = out[out.length - 1];
      const kind = top().kind;
      frames.pop();
      if (kind !== "names" && !(last && (last.tokenType === t.NL || last.tokenType === t.LBrace)))
        out.push(lineEnd(token.startOffset));
    } else if ((type === t.RParen || type === t.RBracket) && top().kind === "brackets") frames.pop();
    const before = out[out.length - 1];
    const word = type === t.Name ? classify(token, at) : token;
    if (statementStart && type !== t.Name) top().word = type.name.startsWith("word_") ? token.image : "";
    out.push(word);
    if (type === t.LBrace) {
      const { word: holder } = top();
      const kind = holder === "use" ? "names" : holder === "tableau" ? "tableau" : "block";
      frames.push({ kind, word: "" });
    } else if (type === t.LParen || type === t.LBracket) frames.push({ kind: "brackets", word: "" });
    statementStart =
      type === t.LBrace || type === t.RBrace || type === t.Semi || (statementStart && isPrefix(word, before));
  }
  if (out[out.length - 1]?.tokenType !== t.NL)
    out.push(lineEnd((tokens[tokens.length - 1]?.endOffset ?? -1) + 1));
  return out;
}

/** `run` and `weak` stand before another word; so does nothing else. */
const isPrefix = (token: IToken, before: IToken | undefined): boolean =>
  token.tokenType === t.words.run || (token.tokenType === t.words.weak && before !== undefined);

function innerWord(
  token: IToken,
  next: IToken | undefined,
  before: IToken | undefined,
  frame: Frame,
): IToken {
  const text = token.image as t.Word;
  const promoted = (): IToken => retyped(token, t.words[text]);
  if (isA(before, operandEnd) && innerOf[frame.word]?.includes(text)) return promoted();
  const beforeType = before?.tokenType;
  if (beforeType === t.words.model && text === "predicts" && next?.image !== "predicts") return promoted();
  if (beforeType === t.words.requires && text === "unit" && next?.tokenType === t.Name) return promoted();
  if (beforeType === t.words.expect && sortWords.has(text) && next?.tokenType === t.Name) return promoted();
  return token;
}

function counts(tokens: readonly IToken[], at: number, out: readonly IToken[], frame: Frame): boolean {
  if (frame.kind === "brackets" || frame.kind === "names") return false;
  const before = out[out.length - 1];
  if (before === undefined || before.tokenType === t.NL || before.tokenType === t.Semi) return false;
  if (before.tokenType === t.LBrace) return false;
  const next = nextSolid(tokens, at + 1);
  if (beginsStatement(tokens, next)) return true;
  if (isA(before, goesOnAfter) || isA(tokens[next], goesOnBefore)) return false;
  return !(tokens[next]?.image === "with" && frame.word === "model" && !isA(tokens[next + 1], nameFollows));
}
