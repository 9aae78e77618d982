// Owns: what the messages of syntax errors are made from: the place of an error and the parts of a sentence.

import { EOF, type IToken, type TokenType } from "chevrotain";
import { isOperandStart } from "../../grammar/lines.js";
import * as t from "../../grammar/tokens.js";
import type { Fix } from "../diagnostics/diagnostic.js";
import type { SourceFile } from "../source/file.js";
import type { Span } from "../source/span.js";

/** The parts of a message; `where` is the unexpected token unless said otherwise. */
export interface Sentence {
  readonly message: string;
  readonly label?: string | undefined;
  readonly help?: string | undefined;
  readonly fix?: Fix | undefined;
  readonly where?: "after" | Span;
}

/** What a rule of messages may look at. */
export interface Place {
  readonly file: SourceFile;
  readonly key: string;
  readonly rule: string;
  readonly at: IToken | undefined;
  readonly before: IToken | undefined;
  readonly next: IToken | undefined;
  readonly first: IToken | undefined;
  readonly second: IToken | undefined;
  readonly type: TokenType;
  /** The operator at the end of an earlier line of the statement. */
  readonly dangling: IToken | undefined;
  /** How the statement is written. */
  readonly form: string | undefined;
}

export const ends: ReadonlySet<TokenType> = new Set([t.NL, t.Semi, t.RBrace, EOF]);
export const startsOperand = (token: IToken | undefined): boolean =>
  isOperandStart(token) || token?.tokenType === t.LParen || token?.tokenType === t.LBracket;
/** Keys for "an expression begins here". */
export const valueKeys: ReadonlySet<string> = new Set(["nothing:primary", "nothing:unary", "nothing:arg"]);
export const reserved: ReadonlySet<string> = new Set(t.reservedWords);

export const quote = (token: IToken | undefined): string =>
  token === undefined || token.image.trim() === "" ? "the end of the line" : `\`${token.image}\``;
export const spanOf = (file: SourceFile, token: IToken): Span =>
  file.span(token.startOffset, token.startOffset + token.image.length);

export const edit = (
  title: string,
  span: Span,
  text: string,
  applicability: Fix["applicability"] = "safe",
): Fix => ({
  title,
  edits: [{ span, text }],
  applicability,
});
