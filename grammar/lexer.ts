// Owns: the one lexer instance and what it returns. Only offsets are used later; Chevrotain gives end
// offsets only together with lines and columns. Comments come back apart, for documentation and the formatter.

import { type ILexingError, type IToken, Lexer } from "chevrotain";
import { allTokens } from "./tokens.js";

/** Raw tokens of a text; every line end is a token, every contextual word still a name. */
export interface LexResult {
  readonly tokens: readonly IToken[];
  readonly comments: readonly IToken[];
  /** Comments in the style of other languages. */
  readonly badComments: readonly IToken[];
  readonly errors: readonly ILexingError[];
}

let lexer: Lexer | undefined;

/** Splits a text into tokens; never throws. */
export function lex(text: string): LexResult {
  lexer ??= new Lexer([...allTokens], {
    positionTracking: "full",
    ensureOptimizations: true,
    skipValidations: true,
  });
  const { tokens, groups, errors } = lexer.tokenize(text);
  return { tokens, comments: groups["comments"] ?? [], badComments: groups["badComments"] ?? [], errors };
}
