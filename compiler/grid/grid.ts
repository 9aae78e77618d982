// Owns: turning a grid definition into its points on a path. Equations for one coordinate, in order; nothing is
// appended silently.

import { evaluate as evaluateExpr } from "../algebra/evaluate.js";
import { symbols, type Expr } from "../algebra/expr.js";
import type { Finding } from "../diagnostics/diagnostic.js";
import { fail } from "../diagnostics/report.js";
import { endLevel, isCoordinate, startLevel, type Coordinate } from "../graph/level.js";
import { namedQuantities, quantity, quantityData, type Quantity } from "../graph/quantity.js";
import { limits } from "../limits.js";
import { evaluate, overFamily, staticNumber, type Lowering } from "../lower/expression.js";
import { asDefinition, bindParameters } from "../lower/parameters.js";
import { decideWhen } from "../lower/predictor.js";
import { Scope, type Place } from "../lower/scope.js";
import { numberValue, pointValue, type DefinitionValue, type Value } from "../lower/value.js";
import { pathEnvironment, quantityAt } from "../path/environment.js";
import type { Path, PathPoint } from "../path/path.js";
import { bare, pathFunction } from "../path/schedule.js";
import { num } from "../algebra/expr.js";
import { isLibrary } from "../resolve/module.js";
import type { Span } from "../source/span.js";
import type { Equation, Expression, Statement } from "../syntax/ast.js";

export interface GridPlace {
  readonly path: Path;
  /** Where the grid starts: the path's start, or the entry level a sampler moved it to. */
  readonly start: PathPoint;
  readonly end: PathPoint;
  readonly steps: number;
  /** Where the grid is used. */
  readonly at: Span;
}

export interface GridPoint extends PathPoint {
  /** The equation that made it. */
  readonly at: Span;
}

/** Value of a static number of a grid: its quantities are those of the ends. */
export function gridNumber(expr: Expr, place: GridPlace): number {
  return evaluateExpr(expr, {
    call: (name, args) => pathEnvironment.call?.(name, args),
    symbol: (s) => {
      const data = quantityData(s);
      if (!data) return NaN;
      return quantityAt(place.path, data.quantity, data.level.kind === "start" ? place.start : place.end);
    },
  });
}

export function gridPoints(
  grid: DefinitionValue,
  place: GridPlace,
  at: Span,
  cx: Lowering,
): readonly GridPoint[] {
  const points = visit(grid, place, at, cx);
  return checkPoints(points, place, at, grid.def.name);
}

/** Grids by name that stand for other grids by name. */
const deepest = 32;

function visit(grid: DefinitionValue, place: GridPlace, at: Span, cx: Lowering, depth = 0): GridPoint[] {
  const { body } = grid.def.node;
  if (depth > deepest)
    return fail("D0207", `the grid \`${grid.def.name}\` is made of itself without end`, {
      at: grid.def.node.name.span,
    });
  const names = new GridNames(place, cx);
  const { scope: outer } = bindParameters(grid, at, cx, names);
  const scope = new Scope(outer, names);
  if (body.kind !== "Block")
    return visit(asDefinition(evaluate(body, scope, 0, cx), "grid", body.span), place, at, cx, depth + 1);
  const points: GridPoint[] = [];
  for (const statement of body.statements) if (statement.kind === "Let") declare(statement, scope, cx);
  run(body.statements, scope, place, points, cx);
  return points;
}

function declare(statement: Extract<Statement, { kind: "Let" }>, scope: Scope, cx: Lowering): void {
  const { name, params, value } = statement;
  scope.declare(name.text, {
    seq: -1,
    at: name.span,
    used: false,
    read: () =>
      params
        ? { kind: "function", name: name.text, params, body: value, scope }
        : evaluate(value, scope, 0, cx),
  });
}

function run(
  statements: readonly Statement[],
  scope: Scope,
  place: GridPlace,
  points: GridPoint[],
  cx: Lowering,
): void {
  for (const statement of statements) {
    switch (statement.kind) {
      case "Let":
        if (!scope.find(statement.name.text, 0)) declare(statement, scope, cx);
        break;
      case "Equation":
        for (const inner of statement.family ? overFamily(statement.family, scope, 0, cx) : [scope])
          points.push(point(statement, inner, place, cx));
        if (points.length > limits.steps + 1)
          fail("D0804", `a grid may have at most ${limits.steps} steps`, { at: statement.span });
        break;
      case "For":
        for (const inner of overFamily(statement.family, scope, 0, cx)) {
          for (const child of statement.body.statements) if (child.kind === "Let") declare(child, inner, cx);
          run(statement.body.statements, inner, place, points, cx);
        }
        break;
      case "When": {
        const taken = decideWhen(statement, scope, 0, cx);
        if (taken) run(taken, new Scope(scope), place, points, cx);
        break;
      }
      default:
        fail("D0210", "this statement does not belong in a grid", { at: statement.span });
    }
  }
}

/** The coordinate on a left side, and how to undo the function around it. */
function leftSide(e: Expression): { coordinate: Coordinate; undo: (x: number) => number } {
  const inner = bare(e);
  if (inner.kind === "Name" && isCoordinate(inner.text)) return { coordinate: inner.text, undo: (x) => x };
  if (inner.kind === "Index" && inner.object.kind === "Name" && isCoordinate(inner.object.text))
    return { coordinate: inner.object.text, undo: (x) => x };
  if (inner.kind === "Call" && inner.callee.kind === "Name" && inner.args[0]) {
    const { coordinate, undo } = leftSide(inner.args[0].value);
    const inverse = { log: Math.exp, exp: Math.log, sqrt: (x: number) => x * x }[inner.callee.text];
    if (inverse) return { coordinate, undo: (x) => undo(inverse(x)) };
  }
  return fail("D0210", "a grid's equation gives a coordinate: time, index, sigma, alpha, lambda or rho", {
    at: e.span,
    help: "for example `lambda[i] = lerp(lambda[start], lambda[end], i/steps)  for i in 0 .. steps`",
  });
}

function point(equation: Equation, scope: Scope, place: GridPlace, cx: Lowering): GridPoint {
  const { coordinate, undo } = leftSide(equation.left);
  const value = undo(staticNumber(evaluate(equation.right, scope, 0, cx), equation.right.span, cx));
  if (coordinate === "index" && !place.path.index)
    fail(
      "D0401",
      `the schedule \`${place.path.name}\` has no training steps, so a point cannot be placed by \`index\``,
      {
        ...blamed(equation.left.span, place.at, ""),
        help: "use a grid in `time`, `lambda` or `rho`",
      },
    );
  const found = place.path.numbers.at(coordinate, value);
  // The ends are themselves, not values that differ from them by rounding.
  const near = [place.start, place.end].find(
    (end) => Math.abs(end[coordinate] - value) <= 4e-15 * Math.abs(value),
  );
  return { ...(near && Number.isFinite(value) ? near : found), [coordinate]: value, at: equation.span };
}

/** The author's own line: where a grid of the library is used, else the equation that made the point. */
const blamed = (equation: Span, use: Span, label: string): Finding =>
  isLibrary(equation.file) && !isLibrary(use.file)
    ? { at: use, label, secondary: [{ span: equation, text: "placed here" }] }
    : { at: equation, label };

function checkPoints(
  points: readonly GridPoint[],
  place: GridPlace,
  at: Span,
  name: string,
): readonly GridPoint[] {
  if (points.length < 2)
    return fail(
      "D0401",
      `the grid \`${name}\` has ${points.length} point${points.length === 1 ? "" : "s"}; a run needs at least two`,
      { at },
    );
  const { path } = place;
  const slack = 1e-9 * Math.max(1, Math.abs(path.start.lambda === -Infinity ? 1 : path.start.lambda));
  const blame = (point: GridPoint): Finding => blamed(point.at, at, describePoint(point));
  points.forEach((point, i) => {
    const clean = point.sigma === 0;
    if (
      !(point.alpha >= 0 && point.sigma >= 0) ||
      Number.isNaN(point.lambda) ||
      (!clean && point.alpha === 0 && point.lambda !== -Infinity)
    )
      fail("D0401", `point ${i} of the grid \`${name}\` lies nowhere on the schedule \`${path.name}\``, {
        ...blame(point),
        help: "check the formula at this index; a division by `steps-1` needs at least two steps",
      });
    if (!clean && (point.lambda < path.start.lambda - slack || point.lambda > path.end.lambda + slack))
      fail(
        "D0401",
        `point ${i} of the grid \`${name}\` lies outside the schedule \`${path.name}\`, whose rho goes from ${short(path.start.rho)} to ${short(path.end.rho)}`,
        {
          ...blame(point),
          help: "the model was not trained there; keep the grid between the ends of the path",
        },
      );
    const before = points[i - 1];
    if (
      before &&
      (before.lambda === point.lambda || (before.sigma === point.sigma && before.alpha === point.alpha))
    )
      fail("D0402", `points ${i - 1} and ${i} of the grid \`${name}\` are the same`, {
        ...blame(point),
        help: "a step of length zero has no coefficients: drop one of the points, or use fewer steps",
      });
  });
  return points;
}

const short = (x: number): string => String(Number(x.toPrecision(6)));
const describePoint = (point: PathPoint): string => `rho ${short(point.rho)}, time ${short(point.time)}`;

/** Names in a grid: `steps`, the ends, quantities at them and as functions of another coordinate. */
class GridNames implements Place {
  constructor(
    readonly grid: GridPlace,
    readonly cx: Lowering,
  ) {}

  name(name: string, at: Span): Value | undefined {
    if (name === "steps") return numberValue(num(this.grid.steps));
    if (name === "start") return pointValue({ id: "start", level: startLevel });
    if (name === "end") return pointValue({ id: "end", level: endLevel });
    if (namedQuantities.has(name))
      return fail("D0304", `\`${name}\` needs a point here`, {
        at,
        help: `write \`${name}[start]\` or \`${name}[end]\``,
      });
    return undefined;
  }

  names(): readonly string[] {
    return ["steps", "start", "end", ...namedQuantities];
  }

  index(name: string, primed: boolean, indices: readonly Value[]): Value | undefined {
    const [index] = indices;
    if (!namedQuantities.has(name) || index?.kind !== "point" || primed) return undefined;
    return numberValue(quantity(name as Quantity, index.point.level));
  }

  call(
    name: string,
    node: Extract<Expression, { kind: "Call" }>,
    scope: Scope,
    seq: number,
  ): Value | undefined {
    if (name === "reverse" || name === "drop" || !namedQuantities.has(name)) return undefined;
    const args = node.args.map((arg) => ({
      name: arg.name?.text,
      value: evaluate(arg.value, scope, seq, this.cx),
      to: undefined,
      at: arg.value,
    }));
    const ends = args.map((arg) => {
      if (arg.value.kind !== "number" || symbols(arg.value.expr).size === 0) return arg;
      return { ...arg, value: numberValue(num(gridNumber(arg.value.expr, this.grid))) };
    });
    return pathFunction(this.grid.path, name, ends, node);
  }
}
