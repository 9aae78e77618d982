// Owns: the grammar's rules, one method per rule of dsamp.ebnf; those of clauses and expressions stand in clauseRules.ts and
// expressionRules.ts. No actions and no messages: the result is a concrete tree, errors are left to the caller. Built
// once, on first use: checking the grammar takes longer than parsing most files.

import type { CstNode, IRecognitionException, IToken } from "chevrotain";
import * as t from "./tokens.js";
import { ClauseParser } from "./clauseRules.js";

/** The rules. Loops are shaped `item { separator item }`, so that an error skips to the next separator. */
export class DsampParser extends ClauseParser {
  constructor(validated = false) {
    super(validated);
    this.performSelfAnalysis();
  }

  file = this.RULE("file", () => {
    this.MANY(() => {
      this.OR([
        { ALT: () => this.CONSUME(t.NL) },
        { ALT: () => this.CONSUME(t.Semi) },
        { ALT: () => this.SUBRULE(this.use) },
        { ALT: () => this.SUBRULE(this.let) },
        { ALT: () => this.SUBRULE(this.table) },
        { ALT: () => this.SUBRULE(this.expect) },
        { ALT: () => this.SUBRULE(this.define) },
      ]);
    });
  });

  use = this.RULE("use", () => {
    this.CONSUME(t.Use);
    this.OR([
      { ALT: () => this.CONSUME(t.StringToken) },
      {
        ALT: () => {
          this.CONSUME(t.Name);
          this.MANY(() => {
            this.CONSUME(t.Dot);
            this.CONSUME2(t.Name);
          });
        },
      },
    ]);
    this.OPTION(() => {
      this.CONSUME(t.LBrace);
      this.CONSUME3(t.Name, { LABEL: "item" });
      this.MANY2(() => {
        this.CONSUME(t.Comma);
        this.CONSUME4(t.Name, { LABEL: "item" });
      });
      this.CONSUME(t.RBrace);
    });
  });

  define = this.RULE("define", () => {
    this.CONSUME(t.SortWord);
    this.CONSUME(t.Name);
    this.OPTION(() => this.SUBRULE(this.params));
    if (this.LA(1).tokenType !== t.Eq) this.beforeBlock();
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Eq);
          this.SUBRULE(this.expr);
        },
      },
      { ALT: () => this.SUBRULE(this.block) },
    ]);
  });

  params = this.RULE("params", () => {
    this.CONSUME(t.LParen);
    this.OPTION(() => {
      this.SUBRULE(this.param);
      this.MANY(() => {
        this.CONSUME(t.Comma);
        this.SUBRULE2(this.param);
      });
    });
    this.CONSUME(t.RParen);
  });

  param = this.RULE("param", () => {
    this.CONSUME(t.Name);
    this.OPTION(() => {
      this.CONSUME(t.Colon);
      this.CONSUME2(t.Name, { LABEL: "type" });
    });
    this.OPTION2(() => {
      this.CONSUME(t.Eq);
      this.SUBRULE(this.expr);
    });
  });

  expect = this.RULE("expect", () => {
    this.CONSUME(t.words.expect);
    this.OPTION(() => this.CONSUME(t.SortWord));
    this.SUBRULE(this.expr);
    this.beforeBlock();
    this.SUBRULE(this.block);
  });

  override table = this.RULE("table", () => {
    this.CONSUME(t.words.table);
    this.CONSUME(t.Name);
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.words.from);
          this.CONSUME(t.StringToken);
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.Eq);
          this.SUBRULE(this.expr);
        },
      },
    ]);
  });

  override block = this.RULE("block", () => {
    this.CONSUME(t.LBrace);
    this.OPTION(() => this.SUBRULE(this.statement));
    this.MANY(() => {
      this.OR([{ ALT: () => this.CONSUME(t.NL) }, { ALT: () => this.CONSUME(t.Semi) }]);
      this.OPTION2(() => this.SUBRULE2(this.statement));
    });
    this.CONSUME(t.RBrace);
  });

  statement = this.RULE("statement", () => {
    this.OR([
      { ALT: () => this.SUBRULE(this.let) },
      { ALT: () => this.SUBRULE(this.when) },
      { ALT: () => this.SUBRULE(this.if) },
      { ALT: () => this.SUBRULE(this.for) },
      { ALT: () => this.SUBRULE(this.clause) },
      {
        ALT: () => {
          this.OPTION(() => this.CONSUME(t.words.then));
          this.SUBRULE(this.equation);
        },
      },
    ]);
  });

  override let = this.RULE("let", () => {
    this.CONSUME(t.Let);
    this.CONSUME(t.Name);
    this.OPTION(() => {
      this.CONSUME(t.LParen);
      this.CONSUME2(t.Name, { LABEL: "parameter" });
      this.MANY(() => {
        this.CONSUME(t.Comma);
        this.CONSUME3(t.Name, { LABEL: "parameter" });
      });
      this.CONSUME(t.RParen);
    });
    this.OPTION2(() => this.SUBRULE(this.index));
    this.CONSUME(t.Eq);
    this.SUBRULE(this.expr);
    this.OPTION3(() => this.SUBRULE(this.family));
  });

  override equation = this.RULE("equation", () => {
    this.SUBRULE(this.postfix);
    this.MANY(() => {
      this.CONSUME(t.MulOp);
      this.SUBRULE2(this.postfix);
    });
    this.OR([
      { ALT: () => this.CONSUME(t.Eq, { LABEL: "sign" }) },
      { ALT: () => this.CONSUME(t.ColonEq, { LABEL: "sign" }) },
    ]);
    this.SUBRULE(this.expr);
    this.OPTION(() => this.SUBRULE(this.family));
  });

  when = this.RULE("when", () => {
    this.CONSUME(t.When);
    this.SUBRULE(this.expr);
    this.beforeBlock();
    this.SUBRULE(this.block);
    this.OPTION(() => {
      this.CONSUME(t.Else);
      this.OR([{ ALT: () => this.SUBRULE(this.when) }, { ALT: () => this.SUBRULE2(this.block) }]);
    });
  });

  if = this.RULE("if", () => {
    this.CONSUME(t.If);
    this.SUBRULE(this.expr);
    this.beforeBlock();
    this.SUBRULE(this.block);
    this.OPTION(() => {
      this.CONSUME(t.Else);
      this.OR([{ ALT: () => this.SUBRULE(this.if) }, { ALT: () => this.SUBRULE2(this.block) }]);
    });
  });

  for = this.RULE("for", () => {
    this.SUBRULE(this.family);
    this.beforeBlock();
    this.SUBRULE(this.block);
  });

  override row = this.RULE("row", () => {
    this.OPTION(() => this.SUBRULE(this.expr, { LABEL: "node" }));
    this.CONSUME(t.Bar);
    this.OPTION2(() => {
      this.SUBRULE2(this.expr);
      this.MANY(() => {
        this.CONSUME(t.Comma);
        this.SUBRULE3(this.expr);
      });
    });
  });
}

let parser: DsampParser | undefined;

/** The one parser. */
export function theParser(): DsampParser {
  parser ??= new DsampParser();
  return parser;
}

/**
 * Parses arranged tokens as a file. Undefined when the stack does not suffice: recovering from an error takes much more
 * of it than reading does, so that no limit on nesting alone excludes it.
 */
export function parseTokens(
  tokens: readonly IToken[],
): { readonly cst: CstNode; readonly errors: readonly IRecognitionException[] } | undefined {
  const instance = theParser();
  try {
    instance.input = [...tokens];
    const cst = instance.file();
    const errors = [...instance.errors];
    instance.input = [];
    return { cst, errors };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    // What it keeps of its rules is not to be trusted any more.
    parser = undefined;
    return undefined;
  }
}
