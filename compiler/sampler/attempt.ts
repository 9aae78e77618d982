// Owns: how an attempted step is lowered while its place on the path is not known yet: which static questions still have
// answers, and numbers at a typical place, by which terms of weight zero are told from others.

import { symbols, type Expr } from "../algebra/expr.js";
import { fail } from "../diagnostics/report.js";
import { counter, hostName, quantityData } from "../graph/quantity.js";
import type { Oracle } from "../lower/template.js";
import type { Path, PathPoint } from "../path/path.js";
import type { Span } from "../source/span.js";
import { StepNumbers } from "./numbers.js";

/** Has a number one value for all attempts? */
const isStatic = (e: Expr): boolean =>
  [...symbols(e)].every((s) => {
    const data = quantityData(s);
    return (
      hostName(s) === undefined &&
      !("counter" in s.data) &&
      (data === undefined || ["start", "end"].includes(data.level.kind))
    );
  });

/** `numbers` are those of a step from the start, for the quantities at the ends. */
export function attemptOracle(carried: boolean, numbers: StepNumbers, rule: Span): Oracle {
  return {
    decide(expr: Expr, at: Span): number {
      // An attempt always goes towards the data.
      if (expr === counter("up")) return 0;
      if (isStatic(expr)) return numbers.value(expr);
      return fail("D0302", "this is known only during the run, for the solver places its own points", {
        at,
        help: "decide by parameters, or choose between values with `where` and a carried number",
      });
    },
    history: () =>
      fail(
        "D0990",
        "looking back at earlier steps, in a solver that places its own points, is not yet supported",
        {
          at: rule,
          help: "keep what you need from one step to the next with `carry`",
        },
      ),
    givenPrediction: () => false,
    carried: () => carried,
  };
}

/** Numbers of an attempt at two typical places: a value is zero when it is zero at both. */
export class AttemptNumbers extends StepNumbers {
  readonly #other: StepNumbers;

  constructor(path: Path, grid: readonly PathPoint[]) {
    super(path, typical(path, grid, 0.3183, 0.0721), 1, () => 0.1371);
    this.#other = new StepNumbers(path, typical(path, grid, 0.5772, 0.1129), 1, () => 0.2113);
  }

  override value(expr: Expr): number {
    const value = super.value(expr);
    return value === 0 ? this.#other.value(expr) : value;
  }
}

/** start, s, t, end with s and t at parts of the way in lambda. */
function typical(path: Path, grid: readonly PathPoint[], from: number, step: number): readonly PathPoint[] {
  const [start, end] = grid as readonly [PathPoint, PathPoint];
  const at = (part: number): PathPoint =>
    path.numbers.at("lambda", start.lambda + part * (end.lambda - start.lambda));
  return [start, at(from), at(from + step), end];
}
