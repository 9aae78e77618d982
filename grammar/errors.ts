// Owns: what the parser says about an error: a key, not a sentence. `missing:TOKEN` when one token was required,
// `nothing:RULE` when no alternative of a rule fits, `extra` when the file goes on after its end. The sentences are
// chosen from keys, rule and tokens in compiler/syntax.

import type { IParserErrorMessageProvider } from "chevrotain";

export const errorNames: IParserErrorMessageProvider = {
  buildMismatchTokenMessage: ({ expected }) => `missing:${expected.name}`,
  buildNotAllInputParsedMessage: () => "extra",
  buildNoViableAltMessage: ({ ruleName }) => `nothing:${ruleName}`,
  buildEarlyExitMessage: ({ ruleName }) => `nothing:${ruleName}`,
};
