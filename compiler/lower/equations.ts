// Owns: the equations of a step: `x[t] = ...` defines a state, a view or a carry at a point, `:=` replaces one from its
// line on. What stands on the left, what is stored, and at which level.

import { div, mul, one, type Expr } from "../algebra/expr.js";
import { fail } from "../diagnostics/report.js";
import type { Point } from "../graph/level.js";
import { scale } from "../graph/node.js";
import type { Span } from "../source/span.js";
import type { Equation, Expression } from "../syntax/ast.js";
import { carryCell, type Carries } from "./carries.js";
import { evaluate, levelKey, levelName, toTensor, type TensorForm } from "./expression.js";
import type { Frame } from "./frame.js";
import { viewLevel } from "./prediction.js";
import type { Scope, Version } from "./scope.js";
import { tensorValue, type Value } from "./value.js";

/** What a left side names: a quantity at a point, and the known factor it is multiplied by. */
export interface LeftSide {
  /** The cell of the frame's scope that holds it. */
  readonly cell: string;
  readonly name: string;
  readonly point: Point;
  readonly factor: Expr;
}

export class Equations {
  constructor(
    readonly frame: Frame,
    readonly carries: Carries,
  ) {}

  /** `left = right`: evaluated when it is first read. */
  define(statement: Equation, scope: Scope, seq: number): void {
    const { frame } = this;
    const left = this.left(statement.left, scope, seq);
    const before = frame.scope
      .cellVersions(left.cell)
      .find((version) => !version.replaces && version.at.start !== statement.left.span.start);
    if (before)
      fail("D0305", `\`${left.name}\` at this point is defined twice`, {
        at: statement.left.span,
        secondary: [{ span: before.at, text: "first definition" }],
        help: "a state is defined once; for a second state at the same level declare `point e at t`",
      });
    let known: Value | undefined;
    const version: Version = {
      seq,
      at: statement.left.span,
      used: false,
      read: () =>
        (known ??= frame.guarded(version, statement.left.span, () =>
          this.#stored(statement, left, scope, seq),
        )),
    };
    frame.scope.defineCell(left.cell, version);
  }

  /** `:=` replaces a state, a carry or a `let` from this line on. */
  replace(statement: Equation, scope: Scope, seq: number): void {
    const { frame } = this;
    const { left } = statement;
    if (left.kind === "Name") {
      const owner =
        scope.owner(left.text) ??
        fail("D0305", `\`${left.text}\` has no value yet that \`:=\` could replace`, { at: left.span });
      const value = evaluate(statement.right, scope, seq, frame.step);
      owner.declare(left.text, { seq, at: left.span, used: true, replaces: true, read: () => value });
      return;
    }
    const side = this.left(left, scope, seq);
    const isSource = side.cell === `x@${frame.source.point.id}`;
    if (!isSource && !frame.scope.cell(side.cell, seq))
      fail("D0305", `\`${side.name}\` has no value at this point yet that \`:=\` could replace`, {
        at: left.span,
        help: "define it with `=` first",
      });
    const value = this.#stored(statement, side, scope, seq);
    frame.scope.defineCell(side.cell, { seq, at: left.span, used: true, replaces: true, read: () => value });
  }

  #stored(statement: Equation, { name, point, factor }: LeftSide, scope: Scope, seq: number): Value {
    const { frame } = this;
    const form = toTensor(evaluate(statement.right, scope, seq, frame.step), statement.right.span);
    // `init x[start] = image`: a state given from outside is at the level it is given for.
    const given = frame.target.id === "start" && statement.right.kind === "Name";
    const isState = name === "x" || this.carries.isState(name);
    if (isState && factor === one && !given) checkLevel(form, point, statement.right.span);
    return tensorValue(
      factor === one ? form.value : scale(form.value, div(one, factor)),
      isState ? point.level : viewLevel(name),
    );
  }

  /** Reads a left side. Throws D0305 when it is none. */
  left(e: Expression, scope: Scope, seq: number): LeftSide {
    if (e.kind === "Paren") return this.left(e.inner, scope, seq);
    const cx = this.frame.step;
    if (e.kind === "Binary" && (e.op === "*" || e.op === "/")) {
      const leftHolds = this.#holdsState(e.left);
      if (leftHolds === (e.op === "*" && this.#holdsState(e.right)))
        return fail("D0305", "the left side must hold exactly one unknown, such as `x[t]`", { at: e.span });
      const inner = this.left(leftHolds ? e.left : e.right, scope, seq);
      const other = leftHolds ? e.right : e.left;
      const value = evaluate(other, scope, seq, cx);
      if (value.kind !== "number")
        return fail("D0302", "a factor on the left side must be a known number", { at: other.span });
      return {
        ...inner,
        factor: e.op === "*" ? mul(inner.factor, value.expr) : div(inner.factor, value.expr),
      };
    }
    if (e.kind === "Index" && e.object.kind === "Name" && e.indices.length === 1) {
      const index = evaluate(e.indices[0] as Expression, scope, seq, cx);
      const name = e.object.text;
      if (index.kind === "point" && this.#isQuantityName(name)) {
        const { point } = index;
        const cell =
          name === "x"
            ? `x@${point.id}`
            : this.carries.has(name)
              ? carryCell(name, point)
              : `view ${name}@${point.id}`;
        return { cell, name, point, factor: one };
      }
    }
    return fail("D0305", "the left side of an equation in a step is a state, a view or a carry at a point", {
      at: e.span,
      help: "for example `x[t] = ...`, `x0[t] = ...`, or `let name = ...` for an abbreviation",
    });
  }

  #holdsState(e: Expression): boolean {
    if (e.kind === "Index") return e.object.kind === "Name" && this.#isQuantityName(e.object.text);
    if (e.kind === "Paren") return this.#holdsState(e.inner);
    return e.kind === "Binary" && (this.#holdsState(e.left) || this.#holdsState(e.right));
  }

  #isQuantityName(name: string): boolean {
    return name === "x" || this.carries.has(name) || this.frame.step.conversions.isView(name);
  }
}

function checkLevel(form: TensorForm, point: Point, at: Span): void {
  if (form.level === "free" || levelKey(form.level) === point.level.key) return;
  fail("D0301", `a tensor at ${levelName(form.level)} is stored as the state at ${levelName(point.level)}`, {
    at,
    help: "bring it to that level with `renoise`, `jump` or a solver, or write `relabel(...)` if it is meant",
  });
}
