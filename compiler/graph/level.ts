// Owns: levels and points. A level is a place on the path, described symbolically so that one step graph serves every
// step of a grid and every algebra; a point is a place for a state at some level. Levels with equal keys are equal.

import { print } from "../algebra/print.js";
import type { Expr } from "../algebra/expr.js";

/** Coordinates in which a point can be located. */
export const coordinates = ["time", "index", "sigma", "alpha", "lambda", "rho"] as const;
export type Coordinate = (typeof coordinates)[number];
export const isCoordinate = (name: string): name is Coordinate =>
  (coordinates as readonly string[]).includes(name);

/**
 * A place on the path: a grid point (offset from the step's s: t is +1), a place named by a coordinate, an end of the
 * grid, the clean end in the limit (alpha = 1, sigma = 0), or the one point of a guidance or parameterization.
 */
export type Level =
  | { readonly kind: "grid"; readonly key: string; readonly offset: number }
  | {
      readonly kind: "located";
      readonly key: string;
      readonly coordinate: Coordinate;
      readonly value: Expr;
    }
  | { readonly kind: "start" | "end" | "clean"; readonly key: string };

const offsetKey = (offset: number): string =>
  offset === 1 ? "t" : offset === 0 ? "s" : offset > 0 ? `s+${offset}` : `s${offset}`;

export const gridLevel = (offset: number): Level => ({ kind: "grid", key: offsetKey(offset), offset });
export const startLevel: Level = { kind: "start", key: "start" };
export const endLevel: Level = { kind: "end", key: "end" };
export const cleanLevel: Level = { kind: "clean", key: "clean" };

/** The level at which `coordinate` has `value`. A value that is that very coordinate of a level is that level. */
export function locatedLevel(coordinate: Coordinate, value: Expr): Level {
  if (value.kind === "sym" && value.data["quantity"] === coordinate) return value.data["level"] as Level;
  return { kind: "located", key: `${coordinate}=${print(value)}`, coordinate, value };
}

/** A place for one state. Several points may share a level; `id` is unique within a step. */
export interface Point {
  readonly id: string;
  readonly level: Level;
}
