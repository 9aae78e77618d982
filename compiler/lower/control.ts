// Owns: what a rule that places its own points says beside its state: where t lies, the numbers it keeps on the host from
// one attempt to the next, and when a step counts. All of it is lowered on demand, so that certificates, for which t is
// any point, never look at it.

import { one, type Expr } from "../algebra/expr.js";
import { fail } from "../diagnostics/report.js";
import { isCoordinate, type Coordinate } from "../graph/level.js";
import type { Linear } from "../graph/node.js";
import type { Def } from "../resolve/module.js";
import type { Span } from "../source/span.js";
import type { Block, Expression, PointClause, Statement, StepClause } from "../syntax/ast.js";
import type { Equations } from "./equations.js";
import { evaluate, toTensor } from "./expression.js";
import type { Frame } from "./frame.js";
import { Scope } from "./scope.js";

/** A value of the step, made when it is asked for. */
export interface Late {
  readonly at: Span;
  read(): Linear;
}

/** A number kept on the host. */
export interface HostCarry {
  /** At the start; may name quantities there. */
  readonly initial: Expr;
  /** After a step that counts and after one that does not; absent: the number stays. */
  readonly accepted: Late | undefined;
  readonly refused: Late | undefined;
}

export interface StepControl {
  readonly at: Span;
  readonly coordinate: Coordinate;
  /** Where t lies, in quantities at s, start and end, and host numbers. Throws D0302. */
  place(): Expr;
  readonly carries: ReadonlyMap<string, HostCarry>;
  /** Whether the step counts; absent: always. */
  readonly condition: Late | undefined;
}

/** Filled while a rule is lowered. */
export class ControlRecord implements StepControl {
  #coordinate: Coordinate = "lambda";
  #place: (() => Expr) | undefined;
  #condition: Late | undefined;
  readonly #kept = new Map<string, { initial: Expr; accepted: Late | undefined }>();
  readonly #refused = new Map<string, Late>();

  constructor(readonly at: Span) {}

  locate(coordinate: Coordinate, place: () => Expr): void {
    this.#coordinate = coordinate;
    this.#place = place;
  }

  accept(condition: Late): void {
    this.#condition = condition;
  }

  refuse(name: string, value: Late): void {
    this.#refused.set(name, value);
  }

  carry(name: string, initial: Expr, accepted: Late | undefined): void {
    this.#kept.set(name, { initial, accepted });
  }

  get coordinate(): Coordinate {
    return this.#coordinate;
  }

  place(): Expr {
    if (!this.#place) throw new Error("the rule was not lowered");
    return this.#place();
  }

  get condition(): Late | undefined {
    return this.#condition;
  }

  get carries(): ReadonlyMap<string, HostCarry> {
    return new Map(
      [...this.#kept].map(([name, carry]) => [name, { ...carry, refused: this.#refused.get(name) }]),
    );
  }
}

/** The statement by which a step places its own t. */
export const ownPoint = (step: Block | undefined): PointClause | undefined =>
  step?.statements.find(
    (statement): statement is PointClause =>
      statement.kind === "Point" && statement.names.some((name) => name.text === "t"),
  );

/** Does a solver place its own points, so that it needs no grid? */
export function placesPoints(def: Def): boolean {
  const { body } = def.node;
  if (body.kind !== "Block") return false;
  const step = body.statements.find((statement): statement is StepClause => statement.kind === "Step");
  return ownPoint(step?.body) !== undefined;
}

/** `point t at lambda = ...`: the step's own end. It stays the point t; where it lies is known during the run. */
export function placeTarget(
  frame: Frame,
  control: ControlRecord | undefined,
  statement: PointClause,
  scope: Scope,
  seq: number,
): void {
  if (frame.path !== "" || !control)
    return fail(
      "D0305",
      `\`${frame.body.name}\` places its own points, so it cannot be applied by another rule`,
      {
        at: statement.span,
        help: "name it as the sampler's solver",
      },
    );
  const { place, value } = statement;
  if (!value || place.kind !== "Name" || !isCoordinate(place.text))
    return fail("D0304", "the next point is placed by a coordinate: `point t at lambda = ...`", {
      at: place.span,
    });
  control.locate(place.text, () => {
    const at = evaluate(value, scope, seq, frame.step);
    return at.kind === "number"
      ? at.expr
      : fail("D0302", "where t lies must be known before the calls of the step", {
          at: value.span,
          help: "place it by a carried number, such as `carry h[start] = 0.05` and `lambda[s] + h[s]`",
        });
  });
}

/** `accept condition else { h[t] = ... }`. */
export function lowerAccept(
  frame: Frame,
  control: ControlRecord | undefined,
  equations: Equations,
  statement: Extract<Statement, { kind: "Accept" }>,
  scope: Scope,
  seq: number,
): void {
  if (!control)
    return fail("D0210", "`accept` belongs in a solver that places its own points", {
      at: statement.span,
      why: "undoing a step to a given grid point would only repeat it",
      help: "place the next point in the step, `point t at lambda = ...`, or choose values with `where`",
    });
  const { condition } = statement;
  const read = (e: Expression, place: Scope): Linear =>
    toTensor(evaluate(e, place, seq, frame.step), e.span).value;
  control.accept({ at: condition.span, read: () => read(condition, scope) });
  const inner = new Scope(scope);
  for (const item of statement.otherwise.statements) {
    if (item.kind === "Let") frame.declareLet(item, inner);
    else if (item.kind === "Equation" && item.op === "=") {
      const { name, point, factor } = equations.left(item.left, inner, seq);
      if (point.id !== frame.target.id || factor !== one || !equations.carries.isHost(name))
        fail("D0305", "after a refused step only carried numbers have new values", {
          at: item.left.span,
          help: "assign numbers at t, such as `h[t] = next`; states and tensors keep what they had at s",
        });
      control.refuse(name, { at: item.span, read: () => read(item.right, inner) });
    } else fail("D0210", "`else` of `accept` holds equations of carried numbers", { at: item.span });
  }
}
