// Owns: how the parser recovers beyond what Chevrotain does: junk before a block is skipped, and a text with very many
// errors is given up. Uses internal methods of Chevrotain 11.2, which is pinned and at its end.

import {
  CstParser,
  EOF,
  type ITokenGrammarPath,
  type IRecognitionException,
  type IToken,
  MismatchedTokenException,
  type TokenType,
} from "chevrotain";
import { errorNames } from "./errors.js";
import * as t from "./tokens.js";

interface Internals {
  SKIP_TOKEN(): IToken;
  SAVE_ERROR(error: IRecognitionException): IRecognitionException;
  moveToTerminatedState(): void;
  findReSyncTokenType(): TokenType;
  getNextPossibleTokenTypes(path: ITokenGrammarPath): TokenType[];
  readonly RULE_STACK_IDX: number;
}

/** Chevrotain recurses once per error of a repetition; more errors than this are not looked for. */
export const errorsKept = 500;

/** Rules above an error that are walked for what may follow it: far more than lie between it and the next closing bracket. */
const rulesWalked = 24;

export class RecoveringParser extends CstParser {
  /** Checking the grammar (left recursion, ambiguities) takes longer than parsing most files: a test asks for it. */
  constructor(validated: boolean) {
    super([...t.allTokens], {
      skipValidations: !validated,
      recoveryEnabled: true,
      nodeLocationTracking: "onlyOffset",
      maxLookahead: 2,
      errorMessageProvider: errorNames,
    });
  }

  /** Called by Chevrotain for every error. */
  SAVE_ERROR(error: IRecognitionException): IRecognitionException {
    const saved = (CstParser.prototype as unknown as Internals).SAVE_ERROR.call(this, error);
    if (this.errors.length >= errorsKept) (this as unknown as Internals).moveToTerminatedState();
    return saved;
  }

  /** Called by Chevrotain to find where to go on; in the top rule it would look through the whole rest for its end. */
  findReSyncTokenType(): TokenType {
    const internals = CstParser.prototype as unknown as Internals;
    if ((this as unknown as Internals).RULE_STACK_IDX === 0) return EOF;
    return internals.findReSyncTokenType.call(this);
  }

  /** Called by Chevrotain to see what may follow a token; from the top rule it would walk further the deeper the token stands. */
  override getNextPossibleTokenTypes(path: ITokenGrammarPath): TokenType[] {
    const internals = CstParser.prototype as unknown as Internals;
    return internals.getNextPossibleTokenTypes.call(this, {
      ...path,
      ruleStack: path.ruleStack.slice(-rulesWalked),
      occurrenceStack: path.occurrenceStack.slice(-rulesWalked),
    });
  }

  /** Where a block must begin: skips what stands before its `{` on the line, as one error. */
  protected beforeBlock(): void {
    this.ACTION(() => {
      let distance = 1;
      for (; this.LA(distance).tokenType !== t.LBrace; distance += 1) {
        const type = this.LA(distance).tokenType;
        if (type === t.NL || type === t.Semi || type === t.RBrace || type === EOF) return;
      }
      if (distance === 1) return;
      const internals = this as unknown as Internals;
      internals.SAVE_ERROR(new MismatchedTokenException(`missing:${t.LBrace.name}`, this.LA(1), this.LA(0)));
      for (; distance > 1; distance -= 1) internals.SKIP_TOKEN();
    });
  }
}
