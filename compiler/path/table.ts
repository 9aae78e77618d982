// Owns: the numbers of a path given by a table over training steps, continued between (and, linearly, beyond) its
// entries. What is interpolated is the author's choice: log(alpha), alpha, or several columns independently.

import { evaluate } from "../algebra/evaluate.js";
import type { Expr } from "../algebra/expr.js";
import { findRoot } from "../algebra/numeric.js";
import type { Quantity } from "../graph/quantity.js";
import type { Coordinate } from "../graph/level.js";
import { cleanPoint, diffusion, nowhere } from "./formula.js";
import { ALPHA, type PathNumbers, type PathPoint } from "./path.js";
import { fromRho, logAlpha, relationOf } from "./relation.js";

/** A column of the table and the way back from the interpolated value to the quantity. */
export interface Column {
  readonly values: Float64Array;
  readonly logarithmic: boolean;
}

export interface TableColumns {
  readonly alpha: Column;
  /** A second column, or sigma as a function of ALPHA. */
  readonly sigma: Column | Expr;
  /** Interpolated on its own when the author asked for it: then it is not log(alpha/sigma) between entries. */
  readonly lambda?: Column | undefined;
}

const isColumn = (sigma: Column | Expr): sigma is Column => "values" in sigma;

/** `step` is time per index. */
export function tableNumbers(columns: TableColumns, step: number): PathNumbers {
  const count = columns.alpha.values.length;
  const last = count - 1;

  /** Value and slope (per index) of a column at a real index. */
  const interpolate = (column: Column, index: number): { value: number; slope: number } => {
    const { values } = column;
    if (count === 1) return { value: values[0] as number, slope: 0 };
    const low = Math.max(0, Math.min(Math.floor(index), last - 1));
    const a = values[low] as number;
    const b = values[low + 1] as number;
    // Exact at the entries: the weights are 1 and 0 there.
    const u = index - low;
    const value = u === 0 ? a : u === 1 ? b : a + (b - a) * u;
    return { value, slope: b - a };
  };
  const quantityOf = (column: Column, index: number): { value: number; slope: number } => {
    const { value, slope } = interpolate(column, index);
    if (!column.logarithmic) return { value, slope };
    const exponential = Math.exp(value);
    return { value: exponential, slope: exponential * slope };
  };
  const sigmaOf = (alpha: number, index: number): number =>
    isColumn(columns.sigma)
      ? quantityOf(columns.sigma, index).value
      : evaluate(columns.sigma, { symbol: (s) => (s === ALPHA ? alpha : NaN) });

  const byIndex = (index: number): PathPoint => {
    const alpha = quantityOf(columns.alpha, index).value;
    const sigma =
      relation === "vp" && columns.alpha.logarithmic
        ? vpSigma(interpolate(columns.alpha, index).value)
        : sigmaOf(alpha, index);
    const lambda = columns.lambda
      ? quantityOf(columns.lambda, index).value
      : Math.log(alpha) - Math.log(sigma);
    return { time: index * step, index, alpha, sigma, lambda, rho: sigma / alpha };
  };

  const relation = isColumn(columns.sigma)
    ? undefined
    : relationOf(
        Array.from({ length: Math.min(count, 9) }, (_, i) => {
          const alpha = quantityOf(columns.alpha, Math.floor((i * last) / 8) || i).value;
          return { alpha, sigma: sigmaOf(alpha, 0) };
        }),
      );

  /** The real index at which a monotone column has a value; continued linearly beyond its ends. */
  const indexIn = (column: Column, target: number): number => {
    const { values } = column;
    if (count === 1) return 0;
    const rising = (values[last] as number) > (values[0] as number);
    let low = 0;
    let high = last;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((values[middle] as number) < target === rising) low = middle;
      else high = middle;
    }
    const a = values[low] as number;
    const b = values[low + 1] as number;
    if (target === b) return low + 1;
    return low + (target - a) / (b - a);
  };

  const byRho = (rho: number, lambda: number): PathPoint => {
    if (columns.lambda) return byIndex(indexIn(columns.lambda, lambda));
    if (relation) {
      const { alpha, sigma } = fromRho(relation, rho);
      const target = columns.alpha.logarithmic ? logAlpha(relation, lambda) : alpha;
      const index = indexIn(columns.alpha, target);
      return { time: index * step, index, alpha, sigma, lambda, rho };
    }
    if (rho === 0) return cleanPoint;
    const index = findRoot((i) => byIndex(i).lambda - lambda, 0, last) ?? NaN;
    return { ...byIndex(index), lambda, rho };
  };

  return {
    relation,
    at(coordinate: Coordinate, x: number): PathPoint {
      switch (coordinate) {
        case "index":
          return byIndex(x);
        case "time":
          return byIndex(step === 0 ? 0 : snap(x / step));
        case "lambda":
          return byRho(Math.exp(-x), x);
        case "rho":
          return byRho(x, -Math.log(x));
        case "alpha":
          return {
            ...byIndex(indexIn(columns.alpha, columns.alpha.logarithmic ? Math.log(x) : x)),
            alpha: x,
          };
        case "sigma": {
          if (relation === "vp")
            return { ...byRho(x / Math.sqrt(1 - x * x), 0.5 * Math.log1p(-x * x) - Math.log(x)), sigma: x };
          if (x === 0) return byRho(0, Infinity);
          const index = findRoot((i) => byIndex(i).sigma - x, 0, last);
          return index === undefined ? nowhere : { ...byIndex(index), sigma: x };
        }
      }
    },
    derived(quantity: Quantity, point: PathPoint): number {
      const alphaDot = quantityOf(columns.alpha, point.index).slope / step;
      const h = 1e-4;
      const sigmaDot = isColumn(columns.sigma)
        ? quantityOf(columns.sigma, point.index).slope / step
        : relation === "vp"
          ? (-point.alpha * alphaDot) / point.sigma
          : ((sigmaOf(point.alpha + h, 0) - sigmaOf(point.alpha - h, 0)) / (2 * h)) * alphaDot;
      const f = alphaDot / point.alpha;
      switch (quantity) {
        case "alphaDot":
          return alphaDot;
        case "sigmaDot":
          return sigmaDot;
        case "f":
          return f;
        case "g":
          return diffusion(point, f, sigmaDot);
        case "lambdaDot":
          return f - sigmaDot / point.sigma;
        case "rhoDot":
          return (sigmaDot - point.rho * alphaDot) / point.alpha;
        default:
          return NaN;
      }
    },
  };
}

/** sqrt(1 - e^(2 l)) without cancellation. */
const vpSigma = (logarithm: number): number => Math.sqrt(-Math.expm1(2 * logarithm));

/** An index that is whole up to rounding is whole. */
function snap(index: number): number {
  const rounded = Math.round(index);
  return Math.abs(index - rounded) < 1e-9 * Math.max(1, Math.abs(rounded)) ? rounded : index;
}
