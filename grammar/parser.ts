// Owns: the grammar's rules, one method per rule of dsamp.ebnf. No actions and no messages: the result is a concrete
// tree, errors are left to the caller. Built once, on first use: checking the grammar takes longer than most files.

import { CstParser, type CstNode, type IRecognitionException, type IToken } from "chevrotain";
import * as t from "./tokens.js";
import { errorNames } from "./errors.js";

const { words } = t;

/** The rules. Loops are shaped `item { separator item }`, so that an error skips to the next separator. */
export class DsampParser extends CstParser {
  constructor() {
    super([...t.allTokens], {
      recoveryEnabled: true,
      nodeLocationTracking: "onlyOffset",
      maxLookahead: 2,
      errorMessageProvider: errorNames,
    });
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
    this.CONSUME(words.expect);
    this.OPTION(() => this.CONSUME(t.SortWord));
    this.SUBRULE(this.expr);
    this.SUBRULE(this.block);
  });

  table = this.RULE("table", () => {
    this.CONSUME(words.table);
    this.CONSUME(t.Name);
    this.OR([
      {
        ALT: () => {
          this.CONSUME(words.from);
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

  block = this.RULE("block", () => {
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
          this.OPTION(() => this.CONSUME(words.then));
          this.SUBRULE(this.equation);
        },
      },
    ]);
  });

  let = this.RULE("let", () => {
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

  family = this.RULE("family", () => {
    this.CONSUME(t.For);
    this.CONSUME(t.Name);
    this.CONSUME(t.In);
    this.SUBRULE(this.expr);
  });

  equation = this.RULE("equation", () => {
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
    this.SUBRULE(this.block);
    this.OPTION(() => {
      this.CONSUME(t.Else);
      this.OR([{ ALT: () => this.SUBRULE(this.when) }, { ALT: () => this.SUBRULE2(this.block) }]);
    });
  });

  if = this.RULE("if", () => {
    this.CONSUME(t.If);
    this.SUBRULE(this.expr);
    this.SUBRULE(this.block);
    this.OPTION(() => {
      this.CONSUME(t.Else);
      this.OR([{ ALT: () => this.SUBRULE(this.if) }, { ALT: () => this.SUBRULE2(this.block) }]);
    });
  });

  for = this.RULE("for", () => {
    this.SUBRULE(this.family);
    this.SUBRULE(this.block);
  });

  clause = this.RULE("clause", () => {
    this.OR([
      {
        ALT: () => {
          this.OR1([{ ALT: () => this.CONSUME(words.time) }, { ALT: () => this.CONSUME(words.index) }]);
          this.CONSUME(t.Name);
          this.CONSUME(words.from);
          this.SUBRULE(this.expr);
          this.CONSUME(words.to);
          this.SUBRULE1(this.expr);
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.between);
          this.CONSUME1(t.Name);
          this.CONSUME(t.In);
          this.SUBRULE(this.exprs);
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.point);
          this.SUBRULE(this.names);
          this.CONSUME(words.at);
          this.SUBRULE2(this.expr);
          this.OPTION(() => {
            this.CONSUME(t.Eq);
            this.SUBRULE3(this.expr);
          });
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.noise);
          this.SUBRULE1(this.names);
          this.OPTION1(() => this.CONSUME(words.fixed));
          this.OPTION2(() => {
            this.CONSUME1(t.Eq);
            this.SUBRULE4(this.expr);
          });
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.brownian);
          this.CONSUME2(t.Name);
          this.CONSUME(words.over);
          this.SUBRULE5(this.expr);
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.call);
          this.CONSUME3(t.Name);
          this.CONSUME2(t.Eq);
          this.SUBRULE6(this.expr);
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.carry);
          this.SUBRULE(this.postfix);
          this.CONSUME3(t.Eq);
          this.SUBRULE7(this.expr);
          this.OPTION3(() => this.CONSUME(words.session));
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.state);
          this.SUBRULE1(this.postfix);
          this.MANY(() => {
            this.CONSUME(t.Comma);
            this.SUBRULE2(this.postfix);
          });
          this.OPTION4(() =>
            this.OR2([
              {
                ALT: () => {
                  this.CONSUME4(t.Eq);
                  this.SUBRULE8(this.expr);
                },
              },
              { ALT: () => this.SUBRULE(this.block) },
            ]),
          );
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.input);
          this.SUBRULE2(this.names);
          this.CONSUME(t.Colon);
          this.SUBRULE3(this.postfix);
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.step);
          this.SUBRULE1(this.block);
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.repeat);
          this.SUBRULE9(this.expr);
          this.SUBRULE2(this.block);
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.accept);
          this.subrule(10, this.expr);
          this.CONSUME(t.Else);
          this.SUBRULE3(this.block);
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.tableau);
          this.CONSUME4(t.Name);
          this.CONSUME1(words.over);
          this.subrule(11, this.expr);
          this.OPTION5(() => {
            this.CONSUME(words.sweeps);
            this.subrule(12, this.expr);
          });
          this.CONSUME(t.LBrace);
          this.OPTION6(() =>
            this.OR3([{ ALT: () => this.SUBRULE(this.let) }, { ALT: () => this.SUBRULE(this.row) }]),
          );
          this.MANY1(() => {
            this.OR4([{ ALT: () => this.CONSUME(t.NL) }, { ALT: () => this.CONSUME(t.Semi) }]);
            this.OPTION7(() =>
              this.OR5([{ ALT: () => this.SUBRULE1(this.let) }, { ALT: () => this.SUBRULE1(this.row) }]),
            );
          });
          this.CONSUME(t.RBrace);
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.init);
          this.OR6([{ ALT: () => this.SUBRULE4(this.block) }, { ALT: () => this.SUBRULE(this.equation) }]);
        },
      },
      {
        ALT: () => {
          this.OPTION8(() => this.CONSUME(words.run));
          this.OPTION9(() => this.CONSUME(words.weak));
          this.CONSUME(words.order);
          this.subrule(13, this.expr);
          this.option(10, () => {
            this.CONSUME(words.on);
            this.subrule(14, this.expr);
          });
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.quantity);
          this.CONSUME5(t.Name);
          this.CONSUME5(t.Eq);
          this.subrule(15, this.expr);
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.requires);
          this.OR7([
            { ALT: () => this.subrule(16, this.expr) },
            {
              ALT: () => {
                this.CONSUME(words.unit);
                this.CONSUME6(t.Name);
              },
            },
          ]);
        },
      },
      {
        ALT: () => {
          this.OR8([{ ALT: () => this.CONSUME(words.start) }, { ALT: () => this.CONSUME(words.final) }]);
          this.subrule(17, this.expr);
          this.MANY2(() => {
            this.CONSUME(words.then);
            this.subrule(18, this.expr);
          });
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.model);
          this.option(11, () => this.CONSUME7(t.Name));
          this.CONSUME(words.predicts);
          this.SUBRULE4(this.postfix);
          this.option(12, () => {
            this.CONSUME(words.with);
            this.SUBRULE(this.arg);
            this.MANY3(() => {
              this.CONSUME1(t.Comma);
              this.SUBRULE1(this.arg);
            });
          });
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.solver);
          this.subrule(19, this.expr);
          this.MANY4(() => {
            this.CONSUME(words.while);
            this.subrule(20, this.expr);
            this.CONSUME1(words.then);
            this.subrule(21, this.expr);
            this.option(13, () => this.CONSUME(words.fresh));
          });
        },
      },
      {
        ALT: () => {
          this.OR9([
            { ALT: () => this.CONSUME(words.schedule) },
            { ALT: () => this.CONSUME(words.guidance) },
            { ALT: () => this.CONSUME(words.grid) },
            { ALT: () => this.CONSUME(words.output) },
          ]);
          this.SUBRULE1(this.exprs);
        },
      },
      {
        ALT: () => {
          this.CONSUME(t.ValueWord);
          this.subrule(22, this.expr);
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.equals);
          this.subrule(23, this.expr);
          this.option(14, () => {
            this.CONSUME1(words.on);
            this.subrule(24, this.expr);
          });
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.is);
          this.option(15, () => this.CONSUME(t.Not));
          this.CONSUME8(t.Name);
          this.option(16, () => {
            this.CONSUME2(words.on);
            this.subrule(25, this.expr);
          });
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.fails);
          this.CONSUME(t.StringToken);
          this.option(17, () => {
            this.CONSUME3(words.on);
            this.subrule(26, this.expr);
          });
        },
      },
      { ALT: () => this.SUBRULE(this.table) },
    ]);
  });

  row = this.RULE("row", () => {
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

let parser: DsampParser | undefined;

/** The one parser. */
export function theParser(): DsampParser {
  parser ??= new DsampParser();
  return parser;
}

/** Parses arranged tokens as a file. */
export function parseTokens(tokens: readonly IToken[]): {
  cst: CstNode;
  errors: readonly IRecognitionException[];
} {
  const instance = theParser();
  instance.input = [...tokens];
  const cst = instance.file();
  const errors = [...instance.errors];
  instance.input = [];
  return { cst, errors };
}
