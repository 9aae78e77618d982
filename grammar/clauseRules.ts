// Owns: the rule of clauses, the statements that begin with a contextual word. The rules they share with other statements
// are declared here and defined in parser.ts.

import type { CstNode, ParserMethod } from "chevrotain";
import { ExpressionParser } from "./expressionRules.js";
import * as t from "./tokens.js";

const { words } = t;

type Rule = ParserMethod<[], CstNode>;

export class ClauseParser extends ExpressionParser {
  declare block: Rule;
  declare let: Rule;
  declare equation: Rule;
  declare row: Rule;
  declare table: Rule;

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
          this.beforeBlock();
          this.SUBRULE1(this.block);
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.repeat);
          this.SUBRULE9(this.expr);
          this.beforeBlock();
          this.SUBRULE2(this.block);
        },
      },
      {
        ALT: () => {
          this.CONSUME(words.accept);
          this.subrule(10, this.expr);
          this.CONSUME(t.Else);
          this.beforeBlock();
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
          this.beforeBlock();
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
}
