// Owns: what a path is: x = alpha*x0 + sigma*eps (+ further endpoints), with numbers at every level. The language's
// schedules become paths; nothing after this stage knows how one was written.

import { sym, type Expr, type Sym } from "../algebra/expr.js";
import type { Quantity } from "../graph/quantity.js";
import type { Coordinate } from "../graph/level.js";
import type { Value } from "../lower/value.js";
import type { Def } from "../resolve/module.js";

/** The path's own variable in formulas. */
export const TIME: Sym = sym("time", { path: "time" });
/** The signal coefficient, where sigma is given as a function of it. */
export const ALPHA: Sym = sym("alpha", { path: "alpha", positive: true });

/** Numbers of one place on a path. Every quantity is float64; coordinates may be infinite at an end. */
export interface PathPoint {
  readonly time: number;
  /** Position in the training table; NaN on paths without one. */
  readonly index: number;
  readonly alpha: number;
  readonly sigma: number;
  readonly lambda: number;
  readonly rho: number;
}

/**
 * How alpha and sigma hang together, when they do in a way that gives both from rho alone:
 * variance preserving alpha^2 + sigma^2 = 1, variance exploding alpha = 1, flow alpha + sigma = 1.
 */
export type Relation = "vp" | "ve" | "flow" | undefined;

/** The numbers of a path. */
export interface PathNumbers {
  readonly relation: Relation;
  /** The place where `coordinate` has `value`; members are NaN where there is none. */
  at(coordinate: Coordinate, value: number): PathPoint;
  /** Quantities that are not members of a point: f, g and derivatives by the path's time. */
  derived(quantity: Quantity, point: PathPoint): number;
}

/** A term of the path's equation besides alpha*x0 and sigma*eps. `known` endpoints are inputs of the run. */
export interface Endpoint {
  readonly name: string;
  readonly known: boolean;
  /** In terms of the quantities `alpha`, `sigma`, `time` at the level, as symbols of `nowQuantities`. */
  readonly coefficient: Expr;
}

export interface Path {
  readonly name: string;
  /** Name and arguments; equal keys are equal paths. */
  readonly key: string;
  readonly def: Def;
  /** Arguments of the definition. */
  readonly args?: ReadonlyMap<string, Value>;
  /** Sampling goes from `from` (noise) to `to`, in time, and in index on tables. */
  readonly time: { readonly from: number; readonly to: number };
  readonly index: { readonly from: number; readonly to: number } | undefined;
  /** Formulas in TIME where the schedule has closed ones; the certificate and printers read them. */
  readonly formulas: ReadonlyMap<"alpha" | "sigma" | "lambda" | "logAlpha", Expr>;
  readonly numbers: PathNumbers;
  readonly start: PathPoint;
  readonly end: PathPoint;
  readonly endpoints: readonly Endpoint[];
}
