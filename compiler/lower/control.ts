// Owns: what a rule that places its own points says beside its state: where t lies, the numbers it keeps on the host from
// one attempt to the next, and when a step counts. All of it is lowered on demand, so that certificates, for which t is
// any point, never look at it.

import type { Expr } from "../algebra/expr.js";
import type { Linear } from "../graph/node.js";
import type { Coordinate } from "../graph/level.js";
import type { Def } from "../resolve/module.js";
import type { Span } from "../source/span.js";
import type { Block, PointClause, StepClause } from "../syntax/ast.js";

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
