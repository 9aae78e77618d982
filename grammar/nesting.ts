// Owns: the check, on arranged tokens, that no input nests deeper than the stack allows. It runs before anything
// recursive and counts what the parser or a walk over the tree recurses on: brackets, `else when`, `- -`, `a^b^c`,
// and the operators of one expression, which become a left-deep tree.

import type { IToken, TokenType } from "chevrotain";
import { meaning } from "./lines.js";
import * as t from "./tokens.js";

export interface TooDeep {
  /** `stack`: within the limits, but mistakes in it cannot be recovered from. */
  readonly kind: "nesting" | "operators" | "stack";
  readonly at: IToken;
}

interface Frame {
  operators: number;
  /** Prefix signs and powers since the last weaker operator. */
  prefixes: number;
  /** `else` since the statement began. */
  branches: number;
}

const opening: ReadonlySet<TokenType> = new Set([t.LBrace, t.LParen, t.LBracket]);
const closing: ReadonlySet<TokenType> = new Set([t.RBrace, t.RParen, t.RBracket]);
const operandEnd: ReadonlySet<TokenType> = new Set([
  ...[t.Name, t.NumberToken, t.StringToken, t.BadNumber, t.BadString, t.RParen, t.RBracket, t.Prime],
]);
/** After an operand, these start over the run of prefixes. */
const infix: ReadonlySet<TokenType> = new Set([
  ...[t.Plus, t.Minus, t.Star, t.Slash, t.And, t.Or, t.In, t.DotDot],
  ...[t.Lt, t.Le, t.Gt, t.Ge, t.EqEq, t.NotEq],
]);
const postfix: ReadonlySet<TokenType> = new Set([t.LParen, t.LBracket, t.Dot, t.Prime]);

/**
 * A quick look at raw tokens, before brackets are repaired: so many open brackets are no slip, and repairing a million
 * of them would take long.
 */
export function findHopeless(tokens: readonly IToken[], nesting: number): TooDeep | undefined {
  let open = 0;
  for (const at of tokens) {
    if (opening.has(at.tokenType)) open += 1;
    else if (closing.has(at.tokenType)) open = Math.max(0, open - 1);
    if (open > nesting) return { kind: "nesting", at };
  }
  return undefined;
}

/** The first token that nests too deep. */
export function findTooDeep(
  tokens: readonly IToken[],
  nesting: number,
  operators: number,
): TooDeep | undefined {
  const frames: Frame[] = [{ operators: 0, prefixes: 0, branches: 0 }];
  let [depth, chained] = [0, 0];
  let before: TokenType | undefined;
  const endExpression = (frame: Frame): void => {
    chained -= frame.operators;
    depth -= frame.prefixes;
    frame.operators = 0;
    frame.prefixes = 0;
  };
  const endStatement = (frame: Frame): void => {
    endExpression(frame);
    depth -= frame.branches;
    frame.branches = 0;
  };
  for (const at of tokens) {
    const type = meaning(at) as TokenType;
    const frame = frames[frames.length - 1] as Frame;
    const afterOperand = before !== undefined && operandEnd.has(before);
    if (type === t.NL || type === t.Semi) endStatement(frame);
    else if (type === t.Comma || type === t.LBrace) endExpression(frame);
    else if (type === t.Caret || type === t.Not || (type === t.Minus && !afterOperand)) {
      frame.operators += 1;
      chained += 1;
      frame.prefixes += 1;
      depth += 1;
    } else if (afterOperand && (infix.has(type) || postfix.has(type))) {
      frame.operators += 1;
      chained += 1;
      if (infix.has(type)) {
        depth -= frame.prefixes;
        frame.prefixes = 0;
      }
    } else if (type === t.Else) {
      frame.branches += 1;
      depth += 1;
    }
    if (opening.has(type)) {
      frames.push({ operators: 0, prefixes: 0, branches: 0 });
      depth += 1;
    } else if (closing.has(type) && frames.length > 1) {
      endStatement(frame);
      depth -= 1;
      frames.pop();
    }
    if (depth > nesting) return { kind: "nesting", at };
    if (chained > operators) return { kind: "operators", at };
    before = type;
  }
  return undefined;
}
