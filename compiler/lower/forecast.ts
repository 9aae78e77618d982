// Owns: the weight of one node when a prediction is replaced by its interpolating polynomial through several points
// and the linear equation is then solved exactly (mathematics.md, section 3). In the graph a weight is a function of
// the levels involved; here is its value in float64.

import { fn, num, type Expr } from "../algebra/expr.js";
import { integrate } from "../algebra/numeric.js";
import type { Level } from "../graph/level.js";
import { quantity } from "../graph/quantity.js";

export interface ForecastWeight {
  readonly view: "x0" | "eps";
  readonly over: "lambda" | "rho" | "time";
  readonly from: Level;
  readonly to: Level;
  readonly nodes: readonly Level[];
  /** Which node. */
  readonly j: number;
  readonly tau: Expr;
}

/** Coefficient of the prediction at node j in x at `to`. */
export function forecastWeight(w: ForecastWeight): Expr {
  const place = (level: Level): Expr => quantity(w.over, level);
  const ends = [quantity("alpha", w.to), quantity("sigma", w.to), place(w.from), place(w.to)];
  return fn(`forecast ${w.view} ${w.over}`, num(w.j), w.tau, ...ends, ...w.nodes.map(place));
}

/** Answers `forecast ...` functions for an environment; `rhoDot` gives d rho/d time of the path at a time. */
export function forecastValue(
  name: string,
  args: readonly number[],
  rho: (time: number) => { rho: number; rhoDot: number },
): number | undefined {
  if (!name.startsWith("forecast ")) return undefined;
  const [, view, over] = name.split(" ");
  const [j, tau, alpha, sigma, from, to, ...nodes] = args as [
    number,
    number,
    number,
    number,
    number,
    number,
    ...number[],
  ];
  const basis = (u: number): number => {
    let product = 1;
    for (let k = 0; k < nodes.length; k += 1)
      if (k !== j) product *= (u - (nodes[k] as number)) / ((nodes[j] as number) - (nodes[k] as number));
    return product;
  };
  const over01 = (f: (u: number) => number): number => integrate(f, from, to) ?? NaN;
  if (view === "eps") {
    // x/alpha grows by the integral of eps over rho.
    if (over === "rho") return alpha * over01(basis);
    if (over === "lambda") return alpha * over01((l) => -Math.exp(-l) * basis(l));
    return alpha * over01((t) => rho(t).rhoDot * basis(t));
  }
  const square = tau * tau;
  if (over === "lambda") {
    // sigma_t e^lambda = alpha_t e^(lambda - lambda_t): no overflow.
    const rate = 1 + square;
    return alpha * over01((l) => rate * Math.exp(-rate * (to - l)) * basis(l));
  }

  if (over === "rho") return sigma * over01((r) => (-1 / (r * r)) * basis(r));
  return (
    sigma *
    over01((t) => {
      const at = rho(t);
      return (-at.rhoDot / (at.rho * at.rho)) * basis(t);
    })
  );
}
