// Owns: the points a step names: `point m at lambda = ...`, and the arrows `s -> t` between two of them.

import { fail } from "../diagnostics/report.js";
import { isCoordinate, locatedLevel, type Level, type Point } from "../graph/level.js";
import type { CallExpr, Statement } from "../syntax/ast.js";
import { evaluate, type Lowering } from "./expression.js";
import type { Frame } from "./frame.js";
import type { Scope } from "./scope.js";

/** The point that a `point` statement places under this name. */
export function placedPoint(
  frame: Frame,
  statement: Extract<Statement, { kind: "Point" }>,
  name: string,
  scope: Scope,
  seq: number,
): Point {
  const { place, value } = statement;
  let level: Level;
  if (value) {
    if (place.kind !== "Name" || !isCoordinate(place.text))
      return fail("D0304", "a point is located by one coordinate: time, index, sigma, alpha, lambda or rho", {
        at: place.span,
      });
    const at = evaluate(value, scope, seq, frame.step);
    if (at.kind !== "number")
      return fail("D0302", "a point is placed before the run, by a number", {
        at: value.span,
        label: "known only during the run",
      });
    level = locatedLevel(place.text, at.expr);
  } else {
    const other = evaluate(place, scope, seq, frame.step);
    if (other.kind !== "point")
      return fail("D0304", "write `point m at lambda = ...` or `point e at t`", { at: place.span });
    level = other.point.level;
  }
  return { id: `${frame.path}${name}`, level };
}

/** Two points from the first argument of a verb or an applied solver. */
export function arrow(node: CallExpr, scope: Scope, seq: number, cx: Lowering): { from: Point; to: Point } {
  const arg = node.args.find((candidate) => candidate.to);
  if (!arg?.to) return fail("D0220", "write from which point to which: `(s -> t)`", { at: node.span });
  const [from, to] = [arg.value, arg.to].map((e) => {
    const value = evaluate(e, scope, seq, cx);
    return value.kind === "point" ? value.point : fail("D0304", "a point is needed here", { at: e.span });
  }) as [Point, Point];
  return { from, to };
}
