// Owns: what stands around a cursor, read off the tokens: completion and signature help are asked for in texts that do
// not parse, where the tree says little.

import type { IToken } from "chevrotain";
import { lex } from "../../grammar/lexer.js";
import { arrangeLines } from "../../grammar/lines.js";
import {
  LBrace,
  LBracket,
  LParen,
  Name,
  NL,
  RBrace,
  RBracket,
  RParen,
  Semi,
  sortWords,
} from "../../grammar/tokens.js";

export interface Frame {
  readonly open: "{" | "(" | "[";
  /** Tokens of the statement up to the bracket: the callee of a `(`, the head of a `{`. */
  readonly before: readonly IToken[];
  /** The first token inside. */
  readonly first: number;
}

export interface CursorContext {
  /** The name the cursor touches: what a completion replaces. */
  readonly start: number;
  readonly end: number;
  readonly prefix: string;
  readonly inside: "code" | "comment" | "string";
  /** Open brackets, outermost first. */
  readonly frames: readonly Frame[];
  /** Tokens of the current statement before the prefix; with brackets of its own, those inside the innermost. */
  readonly statement: readonly IToken[];
  /** Tokens before the prefix inside the innermost bracket. */
  readonly inner: readonly IToken[];
}

const sorts: ReadonlySet<string> = new Set(sortWords);
const nameCharacter = /[\p{L}\p{N}_₀-₉]/u;

export function contextAt(text: string, offset: number): CursorContext {
  let start = offset;
  while (start > 0 && nameCharacter.test(text[start - 1] as string)) start -= 1;
  let end = offset;
  while (end < text.length && nameCharacter.test(text[end] as string)) end += 1;
  const inside = insideOf(text, offset);
  const lexed = lex(text.slice(0, start)).tokens;
  const { frames, statementStart, tokens } = nest(arrangeLines(fromDefinition(lexed)));
  const statement = tokens.slice(statementStart);
  const innermost = frames[frames.length - 1];
  return {
    start,
    end,
    prefix: text.slice(start, offset),
    inside,
    frames,
    statement,
    inner: tokens.slice(innermost?.first ?? statementStart),
  };
}

function insideOf(text: string, offset: number): CursorContext["inside"] {
  const line = text.slice(text.lastIndexOf("\n", offset - 1) + 1, offset);
  let inString = false;
  for (let i = 0; i < line.length; i += 1) {
    if (line[i] === '"') inString = !inString;
    else if (!inString && line.startsWith("//", i)) return "comment";
  }
  return inString ? "string" : "code";
}

/** A definition's word in the first column begins anew, so that brackets left open above do no harm. */
function fromDefinition(tokens: readonly IToken[]): readonly IToken[] {
  const at = tokens.findLastIndex(
    (token, i) =>
      token.startColumn === 1 &&
      (sorts.has(token.image) || token.image === "expect") &&
      (i === 0 || tokens[i - 1]?.tokenType === NL),
  );
  return at > 0 ? tokens.slice(at) : tokens;
}

function nest(arranged: readonly IToken[]): {
  readonly frames: readonly Frame[];
  readonly statementStart: number;
  readonly tokens: readonly IToken[];
} {
  // The line end that closes every file is no part of an unfinished one.
  const last = arranged[arranged.length - 1];
  const tokens = last?.tokenType === NL && last.image === "" ? arranged.slice(0, -1) : arranged;
  const frames: Frame[] = [];
  const starts: number[] = [0];
  const closing = (open: Frame["open"]): void => {
    while (frames.length > 0) {
      const frame = frames.pop();
      if (frame?.open === "{") starts.pop();
      if (frame?.open === open) return;
    }
  };
  tokens.forEach((token, i) => {
    const type = token.tokenType;
    const opens = type === LBrace ? "{" : type === LParen ? "(" : type === LBracket ? "[" : undefined;
    if (opens) {
      frames.push({ open: opens, before: tokens.slice(starts[starts.length - 1], i), first: i + 1 });
      if (opens === "{") starts.push(i + 1);
    } else if (type === RParen) closing("(");
    else if (type === RBracket) closing("[");
    else if (type === RBrace) {
      closing("{");
      if (starts.length === 0) starts.push(0);
      // `} else` goes on with the statement before.
      starts[starts.length - 1] = i + 1;
    } else if (type === NL || type === Semi) {
      while (frames.length > 0 && frames[frames.length - 1]?.open !== "{") frames.pop();
      starts[starts.length - 1] = i + 1;
    }
  });
  return { frames, statementStart: starts[starts.length - 1] ?? 0, tokens };
}

/** Words of a block's head that pass on what the block around it may hold. */
const passing: ReadonlySet<string> = new Set(["when", "if", "for", "repeat", "accept", "else"]);

export type BlockKind =
  "file" | "names" | "tableau" | (typeof sortWords)[number] | "step" | "init" | "state" | "expect";

/** What kind of block the cursor stands in. */
export function blockKind(frames: readonly Frame[]): BlockKind {
  for (const frame of [...frames].reverse()) {
    if (frame.open !== "{") continue;
    const word = frame.before[0]?.image ?? "";
    if (passing.has(word) || word === "") continue;
    if (word === "use") return "names";
    if (word === "tableau" || word === "step" || word === "init" || word === "state" || word === "expect")
      return word;
    const sort = sortWords.find((candidate) => candidate === word);
    if (sort) return sort;
  }
  return "file";
}

/** The name before an open `(`, and what has been written inside. */
export interface OpenCall {
  readonly callee: string;
  /** Offset of the callee's name. */
  readonly at: number;
  /** Position of the argument the cursor is in, from 0. */
  readonly position: number;
  /** Its label, when it has one already. */
  readonly label: string | undefined;
  readonly labels: readonly string[];
  /** Nothing of this argument is written yet. */
  readonly fresh: boolean;
  /** Unnamed arguments before it, without those of the form `a -> b`. */
  readonly unnamed: number;
}

/** The call whose parentheses are open around the cursor, innermost first; none outside the statement. */
export function openCall(context: CursorContext): OpenCall | undefined {
  const { frames } = context;
  for (let i = frames.length - 1; i >= 0; i -= 1) {
    const frame = frames[i] as Frame;
    if (frame.open === "{") return undefined;
    const callee = frame.before[frame.before.length - 1];
    if (frame.open !== "(" || callee?.tokenType !== Name) continue;
    return readCall(callee, argumentsOf(context, frame));
  }
  return undefined;
}

function argumentsOf(context: CursorContext, frame: Frame): readonly (readonly IToken[])[] {
  const offset = (frame.before[frame.before.length - 1] as IToken).startOffset;
  const all = context.statement;
  const from = all.findIndex((token) => token.startOffset === offset);
  const args: IToken[][] = [[]];
  let depth = 0;
  for (const token of all.slice(from + 2)) {
    if ([LParen, LBracket, LBrace].includes(token.tokenType)) depth += 1;
    else if ([RParen, RBracket, RBrace].includes(token.tokenType)) depth -= 1;
    if (depth === 0 && token.image === ",") args.push([]);
    else (args[args.length - 1] as IToken[]).push(token);
  }
  return args;
}

function readCall(callee: IToken, args: readonly (readonly IToken[])[]): OpenCall {
  const labelOf = (tokens: readonly IToken[]): string | undefined =>
    tokens[1]?.image === ":" ? tokens[0]?.image : undefined;
  const current = args[args.length - 1] ?? [];
  const done = args.slice(0, -1);
  return {
    callee: callee.image,
    at: callee.startOffset,
    position: done.length,
    label: labelOf(current),
    labels: done.flatMap((tokens) => labelOf(tokens) ?? []),
    fresh: current.length === 0,
    unnamed: done.filter((tokens) => !labelOf(tokens) && !tokens.some((token) => token.image === "->"))
      .length,
  };
}
