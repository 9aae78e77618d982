// Owns: filling a schedule's table. Entries are float64; running products and sums over earlier entries are carried
// along instead of being started again for every entry.

import { constant, num, real, symbols, type Expr } from "../algebra/expr.js";
import { fail } from "../diagnostics/report.js";
import { evaluate, staticNumber } from "../lower/expression.js";
import { Scope, type Place } from "../lower/scope.js";
import { numberValue, type Value } from "../lower/value.js";
import type { BetweenClause, CallExpr, Equation, Expression } from "../syntax/ast.js";
import { ALPHA } from "./path.js";
import { bare, type ScheduleBody, type SchedulePlace } from "./schedule.js";
import type { Column, TableColumns } from "./table.js";

export function tableColumns(
  body: ScheduleBody,
  place: SchedulePlace,
  count: number,
  between: BetweenClause | undefined,
): TableColumns {
  const filler = new TableFiller(body, place);
  const alpha = filler.column("alpha", count);
  const asked = (between?.quantities ?? []).map(bare);
  if (between && between.method.text !== "linear")
    return fail("D0307", `tables are continued linearly; \`${between.method.text}\` is not known`, {
      at: between.method.span,
      help: "write `between linear in log(alpha)`",
    });
  const find = (name: string): Expression | undefined =>
    asked.find(
      (e) => (e.kind === "Name" && e.text === name) || (e.kind === "Call" && isName(e.args[0]?.value, name)),
    );
  const wants = (name: string): boolean => find(name) !== undefined;
  const logarithmic = (name: string): boolean => find(name)?.kind === "Call";
  const column = (values: Float64Array, log: boolean): Column => ({
    values: log ? values.map(Math.log) : values,
    logarithmic: log,
  });
  const sigmaForm = wants("sigma") ? undefined : filler.sigmaOfAlpha();
  return {
    alpha: column(alpha, between === undefined || logarithmic("alpha")),
    sigma: sigmaForm ?? column(filler.column("sigma", count), logarithmic("sigma")),
    lambda: wants("lambda")
      ? column(
          alpha.map((a, i) => Math.log(a) - Math.log(filler.entry("sigma", i))),
          false,
        )
      : undefined,
  };
}

const isName = (e: Expression | undefined, name: string): boolean =>
  e !== undefined && bare(e).kind === "Name" && (bare(e) as { text: string }).text === name;

class TableFiller {
  readonly #memo = new Map<string, number>();
  readonly #running = new Map<CallExpr, { next: number; value: number }>();

  constructor(
    readonly body: ScheduleBody,
    readonly place: SchedulePlace,
  ) {}

  column(name: string, count: number): Float64Array {
    return Float64Array.from({ length: count }, (_, i) => this.entry(name, i));
  }

  #equation(name: string): Equation | undefined {
    return this.body.equations.find((equation) => {
      const left = bare(equation.left);
      return left.kind === "Index" && isName(left.object, name);
    });
  }

  /** The value of `name[i]`. */
  entry(name: string, i: number): number {
    const key = `${name} ${i}`;
    const known = this.#memo.get(key);
    if (known !== undefined) return known;
    const equation = this.#equation(name);
    if (!equation)
      return fail("D0310", `the table of \`${this.body.name}\` has no line for \`${name}[i]\``, {
        at: this.body.at,
        help: "give `alpha[i] = ...` and `sigma[i] = ...`",
      });
    const left = bare(equation.left) as Extract<Expression, { kind: "Index" }>;
    const value = this.#number(equation.right, left.indices[0], numberValue(num(i)));
    this.#memo.set(key, value);
    return value;
  }

  #number(e: Expression, variable: Expression | undefined, index: Value): number {
    const scope = this.#scope(variable, index);
    const value = evaluate(e, scope, 0, this.body.cx);
    return staticNumber(value, e.span, this.body.cx);
  }

  #scope(variable: Expression | undefined, index: Value, alpha?: Expr): Scope {
    const place: Place = {
      name: () => undefined,
      index: (name, primed, indices) => (primed ? undefined : this.#indexed(name, indices, alpha)),
      call: (name, node, scope, seq) => this.#cumulative(name, node, scope, seq, variable),
    };
    const scope = new Scope(this.body.scope, place);
    if (variable?.kind === "Name")
      scope.declare(variable.text, { seq: -1, read: () => index, at: variable.span, used: true });
    return scope;
  }

  /** `alpha[i]`, `beta[k]`: entries, remembered. */
  #indexed(name: string, indices: readonly Value[], alpha: Expr | undefined): Value | undefined {
    const [index] = indices;
    if (!index || index.kind !== "number") return undefined;
    if (alpha && name === "alpha") return numberValue(alpha);
    const i = constant(index.expr);
    if (i === undefined) return undefined;
    if (this.#equation(name)) return numberValue(real(this.entry(name, Math.round(i))));
    return undefined;
  }

  /** `prod(e, k in 0 .. i)` and `sum(...)` where e does not depend on i: continued from the entry before. */
  #cumulative(
    name: string,
    node: CallExpr,
    scope: Scope,
    seq: number,
    variable: Expression | undefined,
  ): Value | undefined {
    if (name !== "prod" && name !== "sum") return undefined;
    const [bodyArg, rangeArg] = node.args;
    const range = rangeArg?.value;
    if (!bodyArg || range?.kind !== "Compare" || range.first.kind !== "Name" || variable?.kind !== "Name")
      return undefined;
    const domain = range.rest[0]?.right;
    if (domain?.kind !== "Range" || domain.from.kind !== "Number" || domain.from.text !== "0")
      return undefined;
    if (!isName(domain.to, variable.text)) return undefined;
    const { cx } = this.body;
    const top = staticNumber(evaluate(domain.to, scope, seq, cx), domain.to.span, cx);
    const inner = range.first;
    const running = this.#running.get(node) ?? { next: 0, value: name === "prod" ? 1 : 0 };
    if (running.next > top + 1) return undefined;
    for (let k = running.next; k <= top; k += 1) {
      const one = new Scope(this.#scope(inner, numberValue(num(k))));
      const factor = staticNumber(evaluate(bodyArg.value, one, seq, cx), bodyArg.span, cx);
      running.value = name === "prod" ? running.value * factor : running.value + factor;
    }
    running.next = top + 1;
    this.#running.set(node, running);
    return numberValue(real(running.value));
  }

  /** sigma as a function of alpha alone, which continues the table exactly between its entries. */
  sigmaOfAlpha(): Expr | undefined {
    const equation = this.#equation("sigma");
    if (!equation) return undefined;
    const left = bare(equation.left) as Extract<Expression, { kind: "Index" }>;
    const marker = num(-1);
    const scope = this.#scope(left.indices[0], numberValue(marker), ALPHA);
    if (!mentionsOnlyAlpha(equation.right)) return undefined;
    const value = evaluate(equation.right, scope, 0, this.body.cx);
    if (value.kind !== "number") return undefined;
    return [...symbols(value.expr)].every((s) => s === ALPHA) ? value.expr : undefined;
  }
}

/** True when every index expression of `e` is an entry of alpha. */
function mentionsOnlyAlpha(e: Expression): boolean {
  switch (e.kind) {
    case "Index":
      return isName(e.object, "alpha");
    case "Name":
      return e.text === "pi";
    case "Number":
      return true;
    case "Paren":
      return mentionsOnlyAlpha(e.inner);
    case "Unary":
      return mentionsOnlyAlpha(e.operand);
    case "Binary":
      return mentionsOnlyAlpha(e.left) && mentionsOnlyAlpha(e.right);
    case "Call":
      return e.args.every((arg) => mentionsOnlyAlpha(arg.value));
    default:
      return false;
  }
}
