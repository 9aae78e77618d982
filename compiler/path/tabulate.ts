// Owns: filling a schedule's table. Entries are float64; running products and sums over earlier entries are carried
// along instead of being started again for every entry.

import { constant, num, real, symbols, type Expr } from "../algebra/expr.js";
import { fail, Failure } from "../diagnostics/report.js";
import { evaluate, staticNumber, type Lowering } from "../lower/expression.js";
import { Scope, type Place } from "../lower/scope.js";
import { numberValue, type Value } from "../lower/value.js";
import type { BetweenClause, CallExpr, Equation, Expression } from "../syntax/ast.js";
import { ALPHA } from "./path.js";
import { EntryFormula, INDEX } from "./entryFormula.js";
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
  /** Running products and sums, all the way from the first entry. */
  readonly #running = new Map<CallExpr, number[]>();
  /** Formulas of the entries; null while one is read, and where there is none. */
  readonly #formulas = new Map<Expression, ((i: number) => number) | null>();

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
    const value = this.#number(equation.right, left.indices[0], i);
    this.#memo.set(key, value);
    return value;
  }

  #number(e: Expression, variable: Expression | undefined, i: number, seq = 0): number {
    const formula = this.#formula(e, variable);
    if (formula) return formula(i);
    const scope = this.#scope(variable, numberValue(num(i)));
    const value = evaluate(e, scope, seq, this.body.cx);
    return staticNumber(value, e.span, this.body.cx);
  }

  /** The formula of an expression of the table's variable, or null. */
  #formula(e: Expression, variable: Expression | undefined): ((i: number) => number) | null {
    const known = this.#formulas.get(e);
    if (known !== undefined) return known;
    this.#formulas.set(e, null);
    const found = this.#readFormula(e, variable);
    this.#formulas.set(e, found);
    return found;
  }

  #readFormula(e: Expression, variable: Expression | undefined): ((i: number) => number) | null {
    const formula = new EntryFormula();
    const { cx: outer } = this.body;
    const cx: Lowering = {
      program: outer.program,
      graph: outer.graph,
      decide: (_, at) => fail("D0302", "this number differs from entry to entry", { at }),
      applySolver: (...given) => outer.applySolver(...given),
      increment: (...given) => outer.increment(...given),
      path: (...given) => outer.path(...given),
    };
    const place: Place = {
      name: () => undefined,
      index: (name, primed, [index]) =>
        primed || index?.kind !== "number" || !this.#equation(name)
          ? undefined
          : formula.reading(index.expr, (i) => this.entry(name, i)),
      call: (name, node, scope, seq) => {
        const running = this.#cumulative(name, node, variable, seq);
        const top = running && evaluate(running.to, scope, seq, cx);
        return top?.kind === "number" ? formula.reading(top.expr, running!.upTo) : undefined;
      },
    };
    try {
      const value = evaluate(e, this.#scope(variable, numberValue(INDEX), place), 0, cx);
      return (value.kind === "number" && formula.compiled(value.expr)) || null;
    } catch (error) {
      // What needs the index as a number, such as the element of a list, is evaluated entry by entry, and so is what is
      // wrong, which is then reported in its own words.
      if (error instanceof Failure) return null;
      throw error;
    }
  }

  #entryPlace(variable: Expression | undefined, alpha?: Expr): Place {
    return {
      name: () => undefined,
      index: (name, primed, indices) => (primed ? undefined : this.#indexed(name, indices, alpha)),
      call: (name, node, scope, seq) => {
        const running = this.#cumulative(name, node, variable, seq);
        if (!running) return undefined;
        const top = staticNumber(
          evaluate(running.to, scope, seq, this.body.cx),
          running.to.span,
          this.body.cx,
        );
        return numberValue(real(running.upTo(top)));
      },
    };
  }

  #scope(variable: Expression | undefined, index: Value, place = this.#entryPlace(variable)): Scope {
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
    variable: Expression | undefined,
    seq: number,
  ): { readonly to: Expression; readonly upTo: (top: number) => number } | undefined {
    if (name !== "prod" && name !== "sum") return undefined;
    const [bodyArg, rangeArg] = node.args;
    const range = rangeArg?.value;
    if (!bodyArg || range?.kind !== "Compare" || range.first.kind !== "Name" || variable?.kind !== "Name")
      return undefined;
    const domain = range.rest[0]?.right;
    if (domain?.kind !== "Range" || domain.from.kind !== "Number" || domain.from.text !== "0")
      return undefined;
    if (!isName(domain.to, variable.text)) return undefined;
    const inner = range.first;
    const values = this.#running.get(node) ?? [];
    this.#running.set(node, values);
    const start = name === "prod" ? 1 : 0;
    return {
      to: domain.to,
      upTo: (top) => {
        for (let k = values.length; k <= top; k += 1) {
          const before = values[k - 1] ?? start;
          const next = this.#number(bodyArg.value, inner, k, seq);
          values.push(name === "prod" ? before * next : before + next);
        }
        return values[top] ?? start;
      },
    };
  }

  /** sigma as a function of alpha alone, which continues the table exactly between its entries. */
  sigmaOfAlpha(): Expr | undefined {
    const equation = this.#equation("sigma");
    if (!equation) return undefined;
    const left = bare(equation.left) as Extract<Expression, { kind: "Index" }>;
    const marker = num(-1);
    const scope = this.#scope(left.indices[0], numberValue(marker), this.#entryPlace(left.indices[0], ALPHA));
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
