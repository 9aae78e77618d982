// Owns: where a `{` must have stood. Asked only when a text has more `}` than `{`: it looks at a statement that should
// have a block and finds the place between head and block.

import type { IToken, TokenType } from "chevrotain";
import { isOperandEnd, isOperandStart, nextSolid } from "./lines.js";
import * as t from "./tokens.js";

/** Words directly before a block. */
const bareHeads: ReadonlySet<string> = new Set(["step", "init"]);
/** Words with an expression before their block. */
const blockHeads: ReadonlySet<string> = new Set([
  "when",
  "if",
  "for",
  "repeat",
  "accept",
  "tableau",
  "expect",
]);
const sorts: ReadonlySet<string> = new Set(t.sortWords);

/** Whether a statement or definition that begins with this token has a block. */
export const hasBlock = ({ image }: IToken): boolean =>
  bareHeads.has(image) || blockHeads.has(image) || sorts.has(image) || image === "state" || image === "}";

const ends: ReadonlySet<TokenType> = new Set([t.NL, t.Semi, t.RBrace]);

export interface MissingBrace {
  /** Index of the token before which the `{` belongs. */
  readonly before: number;
  readonly head: IToken;
}

/** The missing `{` of the statement that begins at `at`; `top` outside of all blocks. */
export function missingBrace(tokens: readonly IToken[], at: number, top: boolean): MissingBrace | undefined {
  const head = tokens[at];
  if (head === undefined) return undefined;
  if (head.tokenType === t.Else) return afterElse(tokens, at, head);
  const next = tokens[at + 1]?.tokenType;
  if (bareHeads.has(head.image)) {
    const lost = next === t.NL || (head.image === "step" && isOperandStart(tokens[at + 1]));
    return lost && !opensAt(tokens, at + 1) ? { before: at + 1, head } : undefined;
  }
  const named = top && sorts.has(head.image) && next === t.Name;
  if (!named && !blockHeads.has(head.image)) return undefined;
  const before = headEnd(tokens, at, head);
  return before === undefined || opensAt(tokens, before) ? undefined : { before, head };
}

function afterElse(tokens: readonly IToken[], at: number, head: IToken): MissingBrace | undefined {
  const type = tokens[at + 1]?.tokenType;
  if (type === t.When || type === t.If || opensAt(tokens, at + 1)) return undefined;
  return { before: at + 1, head };
}

/** Whether a `{` follows, on this line or the next. */
const opensAt = (tokens: readonly IToken[], at: number): boolean =>
  tokens[nextSolid(tokens, at)]?.tokenType === t.LBrace;

/** Where the head ends: at two operands in a row, or at the end of the line; nowhere if it has its block or a `=`. */
function headEnd(tokens: readonly IToken[], at: number, head: IToken): number | undefined {
  // `expect solver edm`: the kind word and the name are no two operands.
  const start = at + (head.image === "expect" && sorts.has(tokens[at + 1]?.image ?? "") ? 2 : 1);
  let depth = 0;
  for (let i = start; tokens[i] !== undefined; i += 1) {
    const type = tokens[i]?.tokenType as TokenType;
    if (type === t.LBrace) return undefined;
    if (depth === 0 && ends.has(type)) return type === t.NL && i > at + 1 ? i : undefined;
    if (depth === 0 && i > start && endsPart(tokens[i - 1]) && startsPart(tokens[i])) return i;
    if (depth === 0 && type === t.Eq) return undefined;
    if (type === t.LParen || type === t.LBracket) depth += 1;
    else if (type === t.RParen || type === t.RBracket) depth -= 1;
  }
  return undefined;
}

const isInner = (token: IToken | undefined): boolean =>
  (t.innerWords as readonly string[]).includes(token?.image ?? "");
const endsPart = (token: IToken | undefined): boolean => isOperandEnd(token) && !isInner(token);
/** After an operand, brackets would go on with it. */
const startsPart = (token: IToken | undefined): boolean => isOperandStart(token) && !isInner(token);
