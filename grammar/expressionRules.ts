// Owns: the rules of expressions, from `expr` down to `primary`, and of lists of them. The rules of statements stand in
// parser.ts.

import { RecoveringParser } from "./recovery.js";
import * as t from "./tokens.js";

/** The lower half of the grammar; only `DsampParser` is complete. */
export class ExpressionParser extends RecoveringParser {
  family = this.RULE("family", () => {
    this.CONSUME(t.For);
    this.CONSUME(t.Name);
    this.CONSUME(t.In);
    this.SUBRULE(this.expr);
  });

  names = this.RULE("names", () => {
    this.CONSUME(t.Name);
    this.MANY(() => {
      this.CONSUME(t.Comma);
      this.CONSUME2(t.Name);
    });
  });

  exprs = this.RULE("exprs", () => {
    this.SUBRULE(this.expr);
    this.MANY(() => {
      this.CONSUME(t.Comma);
      this.SUBRULE2(this.expr);
    });
  });

  expr = this.RULE("expr", () => {
    this.SUBRULE(this.and);
    this.MANY(() => {
      this.CONSUME(t.Or);
      this.SUBRULE2(this.and);
    });
  });

  and = this.RULE("and", () => {
    this.SUBRULE(this.not);
    this.MANY(() => {
      this.CONSUME(t.And);
      this.SUBRULE2(this.not);
    });
  });

  not = this.RULE("not", () => {
    this.OPTION(() => this.CONSUME(t.Not));
    this.SUBRULE(this.cmp);
  });

  cmp = this.RULE("cmp", () => {
    this.SUBRULE(this.range);
    this.MANY(() => {
      this.CONSUME(t.CompareOp);
      this.SUBRULE2(this.range);
    });
  });

  range = this.RULE("range", () => {
    this.SUBRULE(this.sum);
    this.OPTION(() => {
      this.CONSUME(t.DotDot);
      this.SUBRULE2(this.sum);
    });
  });

  sum = this.RULE("sum", () => {
    this.SUBRULE(this.product);
    this.MANY(() => {
      this.CONSUME(t.AddOp);
      this.SUBRULE2(this.product);
    });
  });

  product = this.RULE("product", () => {
    this.SUBRULE(this.unary);
    this.MANY(() => {
      this.CONSUME(t.MulOp);
      this.SUBRULE2(this.unary);
    });
  });

  unary = this.RULE("unary", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Minus);
          this.SUBRULE(this.unary);
        },
      },
      { ALT: () => this.SUBRULE(this.power) },
    ]);
  });

  power = this.RULE("power", () => {
    this.SUBRULE(this.postfix);
    this.OPTION(() => {
      this.CONSUME(t.Caret);
      this.SUBRULE(this.unary);
    });
  });

  postfix = this.RULE("postfix", () => {
    this.SUBRULE(this.primary);
    this.MANY(() => {
      this.OR([
        { ALT: () => this.SUBRULE(this.args) },
        { ALT: () => this.SUBRULE(this.index) },
        {
          ALT: () => {
            this.CONSUME(t.Dot);
            this.CONSUME(t.Name);
          },
        },
        { ALT: () => this.CONSUME(t.Prime) },
      ]);
    });
  });

  args = this.RULE("args", () => {
    this.CONSUME(t.LParen);
    this.OPTION(() => {
      this.SUBRULE(this.arg);
      this.MANY(() => {
        this.CONSUME(t.Comma);
        this.SUBRULE2(this.arg);
      });
    });
    this.CONSUME(t.RParen);
  });

  arg = this.RULE("arg", () => {
    this.OR([
      {
        ALT: () => {
          this.CONSUME(t.Name);
          this.CONSUME(t.Colon);
          this.SUBRULE(this.expr);
        },
      },
      {
        ALT: () => {
          this.SUBRULE2(this.expr);
          this.OPTION(() => {
            this.CONSUME(t.Arrow);
            this.SUBRULE3(this.expr);
          });
        },
      },
    ]);
  });

  index = this.RULE("index", () => {
    this.CONSUME(t.LBracket);
    this.SUBRULE(this.exprs);
    this.CONSUME(t.RBracket);
  });

  primary = this.RULE("primary", () => {
    this.OR([
      { ALT: () => this.CONSUME(t.NumberToken) },
      { ALT: () => this.CONSUME(t.StringToken) },
      { ALT: () => this.CONSUME(t.Name) },
      {
        ALT: () => {
          this.CONSUME(t.LParen);
          this.SUBRULE(this.expr);
          this.CONSUME(t.RParen);
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.LBracket);
          this.OPTION(() => {
            this.SUBRULE(this.exprs);
            this.OPTION2(() => this.SUBRULE(this.family));
          });
          this.CONSUME(t.RBracket);
        },
      },
    ]);
  });
}
