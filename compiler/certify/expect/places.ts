// Owns: numbers of schedules and grids in claims: which schedule a grid is laid on when none is named, the points of a
// grid, and `holds`.

import type { Expr } from "../../algebra/expr.js";
import { fail, Failure } from "../../diagnostics/report.js";
import { gridNumber, gridPoints, type GridPlace } from "../../grid/grid.js";
import { endLevel, startLevel } from "../../graph/level.js";
import { namedQuantities, quantity, type Quantity } from "../../graph/quantity.js";
import { evaluate, staticNumber } from "../../lower/expression.js";
import { Scope, type Place } from "../../lower/scope.js";
import { numberValue, pointValue, type DefinitionValue } from "../../lower/value.js";
import { pathFunction } from "../../path/schedule.js";
import type { Path } from "../../path/path.js";
import { StaticLowering } from "../../sampler/sampler.js";
import type { Expression } from "../../syntax/ast.js";
import { pathOf, randomGrids, type Ground } from "../equivalenceSettings.js";
import { met, textOf, unmet, type Outcome, type Subject, type Where } from "./claim.js";

/** The definition in question and its program. */
type Owner = Pick<Subject, "program" | "value">;

/** Schedules a grid is laid on when a claim names none. */
const usual = ["edm", "vp_linear", "flow", "stable_diffusion"] as const;
/** Steps of a grid in claims. */
export const stepsOfClaims = 10;

function usualPaths({ program, value }: Owner): readonly Path[] {
  return usual.flatMap((name) => {
    const def = program.definition(value.def.module, "schedule", name);
    return def ? [pathOf({ kind: "definition", def, args: new Map() }, program)] : [];
  });
}

/** The grid on a path, `stepsOfClaims` steps. Throws what the grid's own equations find wrong there. */
export function layGrid(grid: DefinitionValue, path: Path, program: Subject["program"]): Ground["grid"] {
  const at = grid.def.node.name.span;
  const place: GridPlace = { path, start: path.start, end: path.end, steps: stepsOfClaims, at };
  const cx: StaticLowering = new StaticLowering(program, (expr) => gridNumber(expr, place));
  return gridPoints(grid, place, at, cx);
}

/**
 * The places that `on` names: a grid on its schedule or, without one, on the usual schedules that it can be laid on;
 * a schedule with random grids. Throws the last finding when the grid can be laid on none.
 */
export function groundsOn(where: Where, subject: Owner): readonly Ground[] {
  const { program } = subject;
  const paths = where.schedule ? [pathOf(where.schedule, program)] : usualPaths(subject);
  const { grid } = where;
  if (!grid) return paths.flatMap((path) => randomGrids(path));
  return laid(paths, (path) => layGrid(grid, path, program));
}

/** Like `groundsOn` for a claim about the grid itself. */
export const groundsOfGrid = (
  grid: DefinitionValue,
  schedule: DefinitionValue | undefined,
  subject: Owner,
): readonly Ground[] => groundsOn({ applies: true, grid, ...(schedule ? { schedule } : {}) }, subject);

function laid(paths: readonly Path[], lay: (path: Path) => Ground["grid"]): readonly Ground[] {
  let failure: Failure | undefined;
  const found = paths.flatMap((path): Ground[] => {
    try {
      return [{ path, grid: lay(path) }];
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      failure = error;
      return [];
    }
  });
  if (found.length === 0 && failure) throw failure;
  return found;
}

/** `start`, `end` and quantities at them. */
export const ends: Place & Required<Pick<Place, "index">> = {
  name: (name) => {
    if (name === "start") return pointValue({ id: "start", level: startLevel });
    return name === "end" ? pointValue({ id: "end", level: endLevel }) : undefined;
  },
  index: (name, primed, [index]) =>
    namedQuantities.has(name) && index?.kind === "point" && !primed
      ? numberValue(quantity(name as Quantity, index.point.level))
      : undefined,
};

/** The same, and quantities as functions of another coordinate: `alpha(0.3)`. */
const placeOn = (path: Path, cx: StaticLowering): Place => ({
  ...ends,
  call: (name, node, scope, seq) => {
    if (!namedQuantities.has(name)) return undefined;
    const args = node.args.map((arg) => ({
      name: arg.name?.text,
      value: evaluate(arg.value, scope, seq, cx),
      to: undefined,
      at: arg.value,
    }));
    return pathFunction(path, name, args, node);
  },
});

/** A comparison of numbers, at the ends of every one of the grounds (none: numbers without places). */
export function holds(e: Expression, subject: Subject, grounds: readonly Ground[]): Outcome {
  const { program, scope } = subject;
  if (grounds.length === 0) {
    const cx = new StaticLowering(program);
    const value = staticNumber(evaluate(e, scope, 0, cx), e.span, cx);
    return value === 0 ? unmet(`\`${textOf(e.span, program)}\` does not hold`) : met();
  }
  for (const { path, grid } of grounds) {
    const [start, end] = [grid[0], grid.at(-1)];
    if (!start || !end) continue;
    const place: GridPlace = { path, start, end, steps: grid.length - 1, at: e.span };
    const cx: StaticLowering = new StaticLowering(program, (expr: Expr) => gridNumber(expr, place));
    const inner = new Scope(scope, placeOn(path, cx));
    const valueOf = (part: Expression): number => staticNumber(evaluate(part, inner, 0, cx), part.span, cx);
    const value = valueOf(e);
    if (Number.isNaN(value))
      fail("D0304", `\`${textOf(e.span, program)}\` has no value on \`${path.name}\``, { at: e.span });
    if (value === 0) return unmet(`${describe(e, valueOf, program)} on \`${path.name}\``);
  }
  return met(`on ${[...new Set(grounds.map(({ path }) => path.name))].join(", ")}`);
}

/** Both sides of the comparison that is false. */
function describe(e: Expression, valueOf: (part: Expression) => number, program: Subject["program"]): string {
  const text = textOf(e.span, program);
  if (e.kind !== "Compare") return `\`${text}\` does not hold`;
  const sides = [e.first, ...e.rest.map(({ right }) => right)]
    .filter((side) => side.kind !== "Number")
    .map((side) => `${textOf(side.span, program)} is ${String(Number(valueOf(side).toPrecision(12)))}`);
  return `\`${text}\` does not hold: ${sides.join(", ")}`;
}
