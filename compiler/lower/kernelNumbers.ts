// Owns: the functions A, B and u of a forecast kernel as plain functions of the base on one path, and quadrature over
// them. Integrals are split where the integrand is not smooth: at the entries of a training table and where a
// condition of the kernel (a window of noise) changes its answer. The integrals inside the outer one are remembered, so
// that their evaluations add to those of the outer one and do not multiply with them.

import { diff } from "../algebra/diff.js";
import { compileExprs } from "../algebra/evaluate.js";
import { add, children, div, isZero, mul, num, sub, symbols, type Expr, type Sym } from "../algebra/expr.js";
import { findRoot, integrate } from "../algebra/numeric.js";
import { remembered } from "../algebra/remembered.js";
import { quantity, quantityData, type Quantity } from "../graph/quantity.js";
import { pathEnvironment, quantityAt } from "../path/environment.js";
import { lazyIntegral } from "../path/accumulate.js";
import type { Path, PathPoint } from "../path/path.js";
import { NOW, type Base, type ForecastKernel } from "./forecast.js";

/**
 * All places are given by their distance from an anchor, the end of the step that lies nearer to 0: then neither short
 * steps nor steps over many orders of magnitude lose digits.
 */
export interface KernelNumbers {
  readonly anchor: number;
  B(d: number): number;
  /** Int_d^end A. */
  growth(d: number, end: number): number;
  /** u(anchor + d) - u(anchor). */
  rise(d: number): number;
  integral(f: (d: number) => number, d: number, end: number): number;
  /** Starts the budget again, for the next weight. */
  renew(): void;
}

/** Accuracy of the exponent in e^(Int A), whose absolute error is the relative one of the result. */
const exponentTolerance = 1e-14;

/** Accuracy of one piece of an integral, relative to the piece's share of the integral of |f|. */
const pieceTolerance = 1e-14;

/** About the mean of |f|; 0 where it has none. */
function roughHeight(f: (d: number) => number, low: number, high: number): number {
  const count = 7;
  let sum = 0;
  for (let i = 0; i < count; i += 1) sum += Math.abs(f(low + ((high - low) * (i + 0.5)) / count));
  return Number.isFinite(sum) ? sum / count : 0;
}

/** Evaluations of one kernel for one weight before its integral counts as divergent: bounds the work a spec can ask for. */
const budget = 200_000;

export function kernelNumbers(
  kernel: ForecastKernel,
  parameters: readonly number[],
  path: Path,
  from: number,
  to: number,
  nodes: readonly number[] = [],
): KernelNumbers {
  const anchor = Math.abs(to) < Math.abs(from) ? to : from;
  let spent = 0;
  // The weights of a step, and A, B and u within one of them, ask for the same places.
  const pointAt = remembered((b: number) => path.numbers.at(kernel.base, b));
  const at = (e: Expr): ((d: number) => number) => {
    const value = compile(e, kernel.base, parameters, path, pointAt);
    return (d) => {
      spent += 1;
      return spent > budget ? NaN : value(anchor + d);
    };
  };
  const [A, B, u] = [at(kernel.A), at(kernel.B), at(kernel.u)];
  const own = kernel.u === quantity(kernel.base, NOW);
  const slope = own ? undefined : at(derivative(kernel.u, kernel.base));
  const breaks = [
    ...tableBreaks(path, kernel.base, Math.min(from, to, ...nodes), Math.max(from, to, ...nodes)).map(
      (x) => x - anchor,
    ),
    ...conditionBreaks([kernel.A, kernel.B], at, from - anchor, to - anchor),
  ].sort((a, b) => a - b);

  const integral = (f: (d: number) => number, a: number, b: number, absolute = 0): number => {
    const [low, high] = a < b ? [a, b] : [b, a];
    const ends = [low, ...breaks.filter((x) => x > low && x < high), high];
    // A piece beside a node, where the integrand is 0 but for rounding, need not be exact to 13 digits of its own.
    const height = ends.length > 2 ? roughHeight(f, low, high) : 0;
    let sum = 0;
    for (let i = 0; i + 1 < ends.length; i += 1) {
      const [x, y] = [ends[i] as number, ends[i + 1] as number];
      sum += integrate(f, x, y, Math.max(absolute, pieceTolerance * height * (y - x))) ?? NaN;
    }
    return a < b ? sum : -sum;
  };
  const still = isZero(kernel.A);
  const start = u(0);
  const [low, high] = [Math.min(from, to) - anchor, Math.max(from, to) - anchor];
  const exponent = lazyIntegral(
    A,
    breaks,
    low,
    high,
    (a, b) => integral(A, a, b, exponentTolerance),
    exponentTolerance / 100,
  );
  const risen =
    slope &&
    lazyIntegral(
      slope,
      breaks,
      Math.min(low, ...nodes.map((node) => node - anchor)),
      Math.max(high, ...nodes.map((node) => node - anchor)),
      (a, b) => integral(slope, a, b),
    );
  return {
    anchor,
    B,
    integral,
    growth: (d, end) => (still || d === end ? 0 : exponent(end) - exponent(d)),
    rise(d) {
      if (!risen || d === 0) return d;
      const last = u(d);
      const direct = last - start;
      // Close values would cancel: then the difference is the integral of the derivative.
      if (Math.abs(direct) > 0.25 * Math.max(Math.abs(start), Math.abs(last))) return direct;
      return risen(d);
    },
    renew() {
      spent = 0;
    },
  };
}

/** An expression in quantities at NOW and parameters, as a function of the base. */
function compile(
  e: Expr,
  base: Base,
  parameters: readonly number[],
  path: Path,
  pointAt: (b: number) => PathPoint,
): (b: number) => number {
  const inputs = [...symbols(e)];
  const call = (name: string, args: readonly number[]): number | undefined =>
    pathEnvironment.call?.(name, args);
  const program = compileExprs([e], inputs, call);
  const values = new Float64Array(inputs.length);
  const needsPoint = inputs.some((s) => (quantityData(s)?.quantity ?? base) !== base);
  return (b) => {
    const point = needsPoint ? pointAt(b) : undefined;
    inputs.forEach((s, i) => {
      const name = quantityData(s)?.quantity;
      values[i] =
        name === undefined
          ? (parameters[s.data["parameter"] as number] as number)
          : point && name !== base
            ? quantityAt(path, name, point)
            : b;
    });
    return program(values)[0] as number;
  };
}

const dots: Readonly<Partial<Record<Quantity, Quantity>>> = {
  alpha: "alphaDot",
  sigma: "sigmaDot",
  lambda: "lambdaDot",
  rho: "rhoDot",
};

/** du/d base, by the chain rule over the quantities in u. */
function derivative(u: Expr, base: Base): Expr {
  const perTime = (s: Sym): Expr => {
    const name = quantityData(s)?.quantity;
    if (name === "time") return num(1);
    const dot = name && dots[name];
    return dot ? quantity(dot, NOW) : num(0);
  };
  const terms = [...symbols(u)].map((s) => mul(diff(u, s), perTime(s)));
  const total = terms.length === 0 ? num(0) : add(...terms);
  return base === "time" ? total : div(total, quantity("lambdaDot", NOW));
}

/** Entries of a training table between two places: interpolation has a kink at each. */
function tableBreaks(path: Path, base: Base, from: number, to: number): readonly number[] {
  if (!path.index) return [];
  const [a, b] = [path.numbers.at(base, from).index, path.numbers.at(base, to).index];
  if (!Number.isFinite(a) || !Number.isFinite(b)) return [];
  const breaks: number[] = [];
  for (let i = Math.floor(Math.min(a, b)) + 1; i < Math.max(a, b); i += 1)
    breaks.push(path.numbers.at("index", i)[base]);
  return breaks;
}

/** Where a comparison inside the kernel changes its answer. */
function conditionBreaks(
  kernels: readonly Expr[],
  at: (e: Expr) => (d: number) => number,
  from: number,
  to: number,
): readonly number[] {
  const margins = new Set<Expr>();
  const visit = (e: Expr): void => {
    if (e.kind === "fn" && (e.name === "lt" || e.name === "le"))
      margins.add(sub(e.args[0] as Expr, e.args[1] as Expr));
    for (const child of children(e)) visit(child);
  };
  kernels.forEach(visit);
  const count = 64;
  return [...margins].flatMap((margin) => {
    const f = at(margin);
    const roots: number[] = [];
    for (let i = 0; i < count; i += 1) {
      const [a, b] = [i, i + 1].map((k) => from + ((to - from) * k) / count) as [number, number];
      if (f(a) < 0 === f(b) < 0) continue;
      const root = findRoot(f, a, b);
      if (root !== undefined) roots.push(root);
    }
    return roots;
  });
}
