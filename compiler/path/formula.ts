// Owns: the numbers of a path given by formulas in time. Located points take alpha and sigma from the family where
// there is one (no root finding error), and the time from the inverse of a formula, else from a bracketed root.

import { diff } from "../algebra/diff.js";
import { evaluate, type Environment } from "../algebra/evaluate.js";
import { constant, type Expr } from "../algebra/expr.js";
import { findRoot } from "../algebra/numeric.js";
import type { Quantity } from "../graph/quantity.js";
import type { Coordinate } from "../graph/level.js";
import { Accumulations } from "./accumulate.js";
import { invert } from "./invert.js";
import { TIME, type PathNumbers, type PathPoint } from "./path.js";
import { fromRho, logAlpha, relationOf } from "./relation.js";

export interface Formulas {
  readonly alpha: Expr;
  readonly sigma: Expr;
  readonly lambda: Expr;
  readonly logAlpha: Expr;
  /** sigma' where the author stated it because the derivative of the formula is infinite at an end. */
  readonly sigmaDot?: Expr | undefined;
}

/** `outer` answers functions and symbols the formulas borrow from other paths. */
export function formulaNumbers(given: Formulas, from: number, to: number, outer: Environment): PathNumbers {
  const integrals = new Accumulations(Math.min(from, to), Math.max(from, to), (name, args) =>
    outer.call?.(name, args),
  );
  const fast = (e: Expr): Expr => integrals.replace(e);
  const formulas = {
    alpha: fast(given.alpha),
    sigma: fast(given.sigma),
    lambda: fast(given.lambda),
    logAlpha: fast(given.logAlpha),
  };
  const value = (expr: Expr, time: number): number =>
    evaluate(expr, { call: integrals.call, symbol: (s) => (s === TIME ? time : outer.symbol(s)) });
  const byTime = (time: number): PathPoint => {
    const alpha = value(formulas.alpha, time);
    const sigma = value(formulas.sigma, time);
    return { time, index: NaN, alpha, sigma, lambda: lambdaAt(time, alpha, sigma), rho: sigma / alpha };
  };
  const lambdaAt = (time: number, alpha: number, sigma: number): number => {
    if (sigma === 0) return alpha === 0 ? NaN : Infinity;
    if (alpha === 0) return -Infinity;
    return value(formulas.lambda, time);
  };
  const samples = Array.from({ length: 9 }, (_, i) => byTime(from + ((to - from) * (i + 0.5)) / 9));
  const relation = relationOf(samples);
  const low = Math.min(from, to);
  const high = Math.max(from, to);

  /** Candidates that satisfy the formula, nearest to the interval first. */
  const solve = (formula: Expr, target: number): number | undefined => {
    const distance = (t: number): number => (t < low ? low - t : t > high ? t - high : 0);
    const scale = Math.max(1, Math.abs(target));
    const good = invert(formula, TIME, target).filter(
      (t) => Number.isFinite(t) && Math.abs(value(formula, t) - target) <= 1e-9 * scale,
    );
    return good.sort((a, b) => distance(a) - distance(b))[0];
  };

  const timeOf = (point: { alpha: number; sigma: number; lambda: number }): number => {
    const tries: readonly (readonly [Expr, number])[] =
      constant(formulas.alpha) !== undefined
        ? [[formulas.sigma, point.sigma]]
        : relation === "vp" || relation === undefined
          ? [
              [formulas.logAlpha, relation === "vp" ? logAlpha("vp", point.lambda) : Math.log(point.alpha)],
              [formulas.alpha, point.alpha],
              [formulas.sigma, point.sigma],
            ]
          : [
              [formulas.sigma, point.sigma],
              [formulas.alpha, point.alpha],
            ];
    for (const [formula, target] of tries) {
      const time = Number.isFinite(target) ? solve(formula, target) : undefined;
      if (time !== undefined) return time;
    }
    if (!Number.isFinite(point.lambda)) return NaN;
    return timeByRoot(point.lambda);
  };

  const timeByRoot = (lambda: number): number =>
    findRoot(
      (t) => {
        const p = byTime(t);
        return Number.isFinite(p.lambda)
          ? p.lambda - lambda
          : p.sigma === 0
            ? 1e300
            : p.alpha === 0
              ? -1e300
              : NaN;
      },
      from,
      to,
    ) ?? NaN;

  const byRho = (rho: number, lambda: number): PathPoint => {
    if (relation) {
      const { alpha, sigma } = fromRho(relation, rho);
      return { time: timeOf({ alpha, sigma, lambda }), index: NaN, alpha, sigma, lambda, rho };
    }
    if (rho === 0) return { ...cleanPoint, time: solve(formulas.sigma, 0) ?? NaN };
    const time = timeByRoot(lambda);
    const { alpha } = byTime(time);
    return { time, index: NaN, alpha, sigma: alpha * rho, lambda, rho };
  };

  const at = (coordinate: Coordinate, x: number): PathPoint => {
    switch (coordinate) {
      case "time":
        return byTime(x);
      case "lambda":
        return byRho(Math.exp(-x), x);
      case "rho":
        return byRho(x, -Math.log(x));
      case "sigma":
      case "alpha": {
        if (coordinate === "sigma" && relation === "ve") return byRho(x, -Math.log(x));
        if (coordinate === "sigma" && x === 0) return byRho(0, Infinity);
        const time =
          solve(formulas[coordinate], x) ??
          findRoot((t) => value(formulas[coordinate], t) - x, from, to) ??
          NaN;
        return { ...byTime(time), [coordinate]: x };
      }
      case "index":
        return nowhere;
    }
  };

  const slopes = {
    alphaDot: fast(diff(given.alpha, TIME)),
    sigmaDot: fast(given.sigmaDot ?? diff(given.sigma, TIME)),
    f: fast(diff(given.logAlpha, TIME)),
  };
  return {
    relation,
    at,
    derived(quantity: Quantity, point: PathPoint): number {
      const slope = (name: keyof typeof slopes): number => value(slopes[name], point.time);
      switch (quantity) {
        case "alphaDot":
        case "sigmaDot":
        case "f":
          return slope(quantity);
        case "lambdaDot":
          return slope("alphaDot") / point.alpha - slope("sigmaDot") / point.sigma;
        case "rhoDot":
          return (slope("sigmaDot") - point.rho * slope("alphaDot")) / point.alpha;
        case "g":
          return diffusion(point, slope("f"), slope("sigmaDot"));
        default:
          return NaN;
      }
    },
  };
}

/** g = sqrt((sigma^2)' - 2 f sigma^2), from d(sigma^2)/dt = 2 f sigma^2 + g^2; time may run either way. */
export const diffusion = (point: PathPoint, f: number, sigmaDot: number): number =>
  Math.sqrt(Math.abs(2 * point.sigma * sigmaDot - 2 * f * point.sigma * point.sigma));

export const nowhere: PathPoint = { time: NaN, index: NaN, alpha: NaN, sigma: NaN, lambda: NaN, rho: NaN };
/** The data end in the limit. */
export const cleanPoint: PathPoint = { time: NaN, index: NaN, alpha: 1, sigma: 0, lambda: Infinity, rho: 0 };
