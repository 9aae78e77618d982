// Owns: `tableau P over u { c | a.. ; | b.. }`: Runge-Kutta rules on a semilinear form y' = L y + N with L constant in u
// (tableauForm.ts; Butcher 2016, section 23; exponential ones as in Hochbruck & Ostermann 2010, section 2.3). Stage i lies at
// u[s] + c_i h and has y_i = e^(c_i z) y_s + h sum_j a_ij N_j with z = L h; entries on or right of the diagonal make the
// rule implicit, solved by a fixed number of Picard sweeps from the prediction at s.

import {
  add,
  constant,
  div,
  fn,
  isOne,
  isZero,
  mul,
  num,
  one,
  sub,
  symbols,
  type Expr,
} from "../algebra/expr.js";
import { proveEqual } from "../algebra/simplify.js";
import { print } from "../algebra/print.js";
import { diagnostic, fail } from "../diagnostics/report.js";
import type { Level, Point } from "../graph/level.js";
import { plus, scale, type Linear } from "../graph/node.js";
import { isLibrary } from "../resolve/module.js";
import type { Span } from "../source/span.js";
import type { Expression, TableauClause, TableauRow } from "../syntax/ast.js";
import { printExpression } from "../syntax/printExpression.js";
import { walk } from "../syntax/walk.js";
import { evaluate, integer, toTensor } from "./expression.js";
import { NOW } from "./forecast.js";
import type { Frame } from "./frame.js";
import { Scope, type Place } from "./scope.js";
import { tableauForm, type TableauForm } from "./tableauForm.js";
import { numberValue, type Value } from "./value.js";

export interface TableauResult {
  readonly next: Linear;
  /** Result of the second, embedded row. */
  readonly low: Linear | undefined;
  /** Rows whose entries do not sum to c phi1(c z): allowed, but worth saying. */
  readonly notes: readonly string[];
}

interface Shape {
  readonly stages: readonly TableauRow[];
  readonly results: readonly TableauRow[];
  readonly implicit: boolean;
}

function shapeOf(clause: TableauClause): Shape {
  const stages = clause.rows.filter((row) => row.node);
  const results = clause.rows.filter((row) => !row.node);
  const count = stages.length;
  const [first] = results;
  if (!first || count === 0)
    return fail("D0211", count === 0 ? "this tableau has no stages" : "this tableau has no result row", {
      at: clause.span,
      help: "stages are written `c | a1, a2, ..`, then the result as a row without c: `| b1, b2, ..`",
    });
  const third = results[2];
  if (third)
    return fail("D0220", "a tableau has one result row, or two: the result and the embedded one", {
      at: third.span,
    });
  const early = clause.rows.findIndex((row) => !row.node);
  const late = clause.rows.slice(early).find((row) => row.node);
  if (late) return fail("D0220", "the stages of a tableau stand above its result rows", { at: late.span });
  for (const row of results)
    if (row.entries.length !== count)
      return fail(
        "D0220",
        `this tableau has ${count} stage${count === 1 ? "" : "s"}, but its result row has ${row.entries.length} entr${row.entries.length === 1 ? "y" : "ies"}`,
        { at: row.span, help: "write one entry for each stage; 0 for those that do not count" },
      );
  let implicit = false;
  stages.forEach((row, i) => {
    if (row.entries.length > count)
      fail("D0220", `row ${i + 1} has ${row.entries.length} entries, but the tableau has ${count} stages`, {
        at: row.span,
      });
    if (row.entries.length > i) implicit = true;
  });
  return { stages, results, implicit };
}

export function lowerTableau(frame: Frame, clause: TableauClause): TableauResult {
  const { stages, results, implicit } = shapeOf(clause);
  const view = clause.prediction.text;
  const form = tableauForm(frame, clause);
  const { step, source, target } = frame;
  const [s, t] = [source.point.level, target.level];
  const h = sub(form.u(t), form.u(s));
  const z = mul(num(form.rate), h);

  const scope = new Scope(frame.scope, phiPlace(z, frame));
  for (const statement of clause.lets) frame.declareLet(statement, scope);
  const number = (e: Expression, place: string): Expr => {
    const value = evaluate(e, scope, Number.MAX_SAFE_INTEGER, step);
    if (value.kind !== "number")
      return fail("D0302", "an entry of a tableau is a number known before the run", { at: e.span });
    const known = constant(value.expr);
    return known === undefined || Number.isFinite(known) ? value.expr : noNumber(e, place, known, scope);
  };
  const rows = stages.map((row, i) => ({
    c: number(row.node as Expression, `the node of row ${i + 1}`),
    entries: row.entries.map((e, j) => number(e, `entry ${j + 1} of row ${i + 1}`)),
    at: row.span,
  }));
  const implicitIn = (i: number): boolean => (rows[i]?.entries ?? []).some((a, j) => j >= i && !isZero(a));
  const beyond = implicit ? rows.findIndex((_, i) => implicitIn(i)) : -1;
  if (beyond >= 0 && !clause.sweeps)
    return fail("D0220", `row ${beyond + 1} uses a stage that is not known yet`, {
      at: rows[beyond]?.at ?? clause.span,
      why: "entries on or right of the diagonal make the rule implicit",
      help: "say how many Picard sweeps solve it: `tableau flow over time sweeps 3 { ... }`",
    });

  const { conversions } = step;
  const x = frame.xAt(source.point, clause.span, Number.MAX_SAFE_INTEGER).value;
  const start = scale(plus(x, scale(conversions.known(s), num(-1))), div(one, form.weight(s)));
  /** x at `level` from the stages' values of N. */
  const combine = (c: Expr, entries: readonly Expr[], slopes: readonly Linear[], level: Level): Linear => {
    const weight = form.weight(level);
    const terms = entries.flatMap((a, j) =>
      isZero(a) ? [] : [scale(slopes[j] as Linear, mul(weight, h, a))],
    );
    return plus(scale(start, mul(weight, fn("exp", mul(c, z)))), conversions.known(level), ...terms);
  };
  const levels = rows.map(({ c }) => stageLevel(form, s, t, c, h));
  const variable = { over: form.u(NOW), levels: [s, t, ...levels], at: clause.over.span };
  step.interpolants.push(variable);
  const viewAt = (point: Point): Linear =>
    toTensor(frame.viewAt(view, point, clause.prediction.span, Number.MAX_SAFE_INTEGER), clause.span).value;
  const stageValue = (i: number, state: Linear, pass: string): Linear => {
    const level = levels[i] as Level;
    const point = { id: `${frame.path}stage${i + 1}${pass}`, level };
    frame.defineState(point, state, rows[i]?.at ?? clause.span);
    return scale(viewAt(point), form.slope(level));
  };
  /** A prediction that is not read is not made. */
  const lazily = (make: () => Linear): (() => Linear) => {
    let known: Linear | undefined;
    return () => (known ??= make());
  };
  const values = (makers: readonly (() => Linear)[], entries: readonly Expr[]): readonly Linear[] =>
    makers.map((make, j) => (isZero(entries[j] ?? num(0)) ? start : make()));

  let makers: readonly (() => Linear)[];
  if (beyond < 0) {
    const made: (() => Linear)[] = [];
    rows.forEach((row, i) => {
      const atSource = isZero(row.c) && row.entries.every(isZero);
      made.push(
        lazily(() =>
          atSource
            ? scale(viewAt(source.point), form.slope(s))
            : stageValue(i, combine(row.c, row.entries, values(made, row.entries), levels[i] as Level), ""),
        ),
      );
    });
    makers = made;
  } else {
    const sweeps = clause.sweeps as Expression;
    const count = integer(evaluate(sweeps, scope, 0, step), sweeps.span, step);
    if (count < 1 || count > 100)
      return fail("D0307", `\`sweeps\` is a whole number from 1 to 100, this is ${count}`, {
        at: sweeps.span,
      });
    const first = viewAt(source.point);
    let slopes: readonly Linear[] = rows.map((_, i) => scale(first, form.slope(levels[i] as Level)));
    for (let pass = 1; pass <= count; pass += 1) {
      const before = slopes;
      slopes = rows.map((row, i) =>
        stageValue(i, combine(row.c, row.entries, before, levels[i] as Level), `.${pass}`),
      );
    }
    const last = slopes;
    makers = rows.map((_, i) => () => last[i] as Linear);
  }
  const [next, low] = results.map((row, i) => {
    const where = i === 0 ? "the result row" : "the embedded row";
    const entries = row.entries.map((e, j) => number(e, `entry ${j + 1} of ${where}`));
    return combine(one, entries, values(makers, entries), t);
  });
  return { next: next as Linear, low, notes: rowSums(rows, z, frame) };
}

/** An entry is infinite or no number, whatever the schedule: said with the names in it that make it so. */
function noNumber(e: Expression, place: string, value: number, scope: Scope): never {
  const values = new Map<string, string>();
  walk(e, {
    Name({ text, span }) {
      const read = scope.lookup(text, span, Number.MAX_SAFE_INTEGER);
      if (read?.kind === "number" && symbols(read.expr).size === 0) values.set(text, print(read.expr));
    },
  });
  const causes = [...values].map(([name, is]) => `\`${name}\` is ${is}`).join(" and ");
  const shown = Number.isNaN(value) ? "is no number" : `is ${value < 0 ? "minus infinity" : "infinite"}`;
  return fail("D0423", `${place} of this tableau, \`${printExpression(e)}\`, ${shown}`, {
    at: e.span,
    ...(causes === "" ? {} : { why: `${causes} here` }),
    help: causes === "" ? "an entry is a finite number" : "choose a value with which the entry is finite",
  });
}

/** Where u = u[s] + c h; at the ends of the step these levels themselves. */
function stageLevel(form: TableauForm, s: Level, t: Level, c: Expr, h: Expr): Level {
  if (isZero(c)) return s;
  return isOne(c) ? t : form.at(add(form.u(s), mul(c, h)));
}

/** `phi2` is phi_2(z), `phi1(c)` is phi_1(c z). */
function phiPlace(z: Expr, frame: Frame): Place {
  const order = (name: string): Expr | undefined => {
    const match = /^phi(\d{1,2})$/.exec(name);
    return match ? num(Number(match[1])) : undefined;
  };
  return {
    name: (name) => {
      const k = order(name);
      return k && numberValue(fn("phi", k, z));
    },
    call: (name, node, scope, seq): Value | undefined => {
      const k = order(name);
      if (!k) return undefined;
      const [arg] = node.args;
      const c = arg && evaluate(arg.value, scope, seq, frame.step);
      if (node.args.length !== 1 || c?.kind !== "number")
        return fail("D0220", `\`${name}\` takes one number: the fraction of the step`, { at: node.span });
      return numberValue(fn("phi", k, mul(c.expr, z)));
    },
    names: () => ["phi0", "phi1", "phi2", "phi3"],
  };
}

/** Rows that do not integrate a constant N exactly; Lawson's rules do not on purpose, most others do. */
function rowSums(
  rows: readonly { readonly c: Expr; readonly entries: readonly Expr[]; readonly at: Span }[],
  z: Expr,
  frame: Frame,
): readonly string[] {
  return rows.flatMap(({ c, entries, at }, i) => {
    const sum = entries.length === 0 ? num(0) : add(...entries);
    const exact = mul(c, fn("phi", one, mul(c, z)));
    if (proveEqual(sum, exact) !== "different") return [];
    const wanted = isZero(z) ? `c = ${print(c)}` : "c*phi1(c)";
    const shown = symbols(sum).size > 0 ? "" : `, but to ${print(sum)}`;
    const message = `row ${i + 1} of the tableau of \`${frame.body.name}\` does not sum to ${wanted}${shown}`;
    if (!isLibrary(at.file))
      frame.step.program.diagnostics.add(
        diagnostic("D0417", message, {
          at,
          why: "a constant prediction is then not followed exactly, as the usual order conditions assume",
          help: "Lawson's rules do this on purpose; otherwise check the entries of the row",
        }),
      );
    return [message];
  });
}
