// Owns: float64 values of a step's scalars on a concrete grid. Where a level lies at sigma = 0, a coefficient that has
// no value is replaced by its limit.

import { fail } from "../diagnostics/report.js";
import { evaluate, type Environment } from "../algebra/evaluate.js";
import { fn, neg, num, one, substitute, sym, symbols, type Expr, type Sym } from "../algebra/expr.js";
import { limitAt } from "../algebra/limit.js";
import type { Level } from "../graph/level.js";
import { hostName, quantityData, type Counter, type QuantityData } from "../graph/quantity.js";
import { expandForecasts } from "../lower/forecast.js";
import { forecastValue } from "../lower/forecastValue.js";
import { pathEnvironment, quantityAt } from "../path/environment.js";
import type { Path, PathPoint } from "../path/path.js";

/** The vanishing sigma of limits. */
const SMALL: Sym = sym("small", { positive: true });

export class StepNumbers {
  readonly #memo = new Map<Expr, number>();
  readonly #levels = new Map<string, PathPoint>();
  readonly #environment: Environment;

  constructor(
    readonly path: Path,
    readonly grid: readonly PathPoint[],
    /** Index of the step's s in the grid; -1 for init, whose t is the start. */
    readonly index: number,
    /** Numbers that a rule keeps on the host. */
    readonly host: (name: string) => number = () => NaN,
  ) {
    this.#environment = {
      symbol: (s) => this.#symbol(s),
      call: (name, args) => forecastValue(name, args, path) ?? pathEnvironment.call?.(name, args),
    };
  }

  /** Where a level lies. */
  point(level: Level): PathPoint {
    const known = this.#levels.get(level.key);
    if (known) return known;
    const point = this.#locate(level);
    this.#levels.set(level.key, point);
    return point;
  }

  #locate(level: Level): PathPoint {
    const { grid } = this;
    switch (level.kind) {
      case "grid": {
        const point = grid[this.index + level.offset];
        if (!point && level.offset > 1)
          fail(
            "D0304",
            `step ${this.index} of ${grid.length - 1} reads the point t+${level.offset - 1}, and the grid ends before it`,
            {
              help: "keep it to the steps that have one: `when last { ... } else { ... }`, or a `final` rule",
            },
          );
        if (!point) throw new Error(`level ${level.key} of step ${this.index} is outside the grid`);
        return point;
      }
      case "start":
        return grid[0] as PathPoint;
      case "end":
        return grid[grid.length - 1] as PathPoint;
      case "clean":
        return this.path.numbers.at("sigma", 0);
      case "located":
        return this.path.numbers.at(level.coordinate, this.value(level.value));
    }
  }

  #symbol(s: Sym): number {
    const data = quantityData(s);
    if (data) return quantityAt(this.path, data.quantity, this.point(data.level));
    const kept = hostName(s);
    if (kept !== undefined) return this.host(kept);
    const name = s.data["counter"] as Counter | undefined;
    const steps = this.grid.length - 1;
    switch (name) {
      case "step":
        return this.index;
      case "steps":
        return steps;
      case "progress":
        return this.index / steps;
      case "first":
        return this.index === 0 ? 1 : 0;
      case "last":
        return this.index === steps - 1 ? 1 : 0;
      case "up": {
        const [s0, t0] = [this.grid[this.index], this.grid[this.index + 1]];
        return s0 && t0 && t0.lambda < s0.lambda ? 1 : 0;
      }
      default:
        return NaN;
    }
  }

  /** The value of a scalar; its limit when it has none at sigma = 0; NaN or infinite when that fails too. */
  value(expr: Expr): number {
    const known = this.#memo.get(expr);
    if (known !== undefined) return known;
    let value = evaluate(expr, this.#environment);
    if (!Number.isFinite(value)) value = this.#limit(expr) ?? value;
    this.#memo.set(expr, value);
    return value;
  }

  #limit(expr: Expr): number | undefined {
    const vanishing = [...symbols(expr)].some((s) => {
      const data = quantityData(s);
      return data !== undefined && this.point(data.level).sigma === 0;
    });
    if (!vanishing) return undefined;
    const inSmall = this.#inSmall(expandForecasts(expr), 0);
    return inSmall && limitAt(inSmall, SMALL, this.#environment);
  }

  /** The expression with every quantity of a level at sigma = 0 written in the vanishing sigma of the clean end. */
  #inSmall(expr: Expr, depth: number): Expr | undefined {
    if (depth > 8) return undefined;
    let failed = false;
    const result = substitute(expr, (s) => {
      const data = quantityData(s);
      if (!data || this.point(data.level).sigma !== 0) return undefined;
      const replacement = this.#vanishing(data, depth);
      if (!replacement) failed = true;
      return replacement;
    });
    return failed ? undefined : result;
  }

  #vanishing(data: QuantityData, depth: number): Expr | undefined {
    const rho = this.#vanishingRho(data.level, depth);
    if (!rho) return undefined;
    switch (data.quantity) {
      case "sigma":
      case "rho":
        return rho;
      case "lambda":
        return neg(fn("log", rho));
      case "alpha":
        return one;
      default: {
        const value = quantityAt(this.path, data.quantity, this.point(data.level));
        return Number.isFinite(value) ? num(value) : undefined;
      }
    }
  }

  /** Points placed relative to the clean end approach it at their own rate. */
  #vanishingRho(level: Level, depth: number): Expr | undefined {
    if (level.kind !== "located") return SMALL;
    const value = this.#inSmall(level.value, depth + 1);
    if (!value) return undefined;
    if (level.coordinate === "rho" || level.coordinate === "sigma")
      return symbols(value).has(SMALL) ? value : SMALL;
    if (level.coordinate === "lambda") return fn("exp", neg(value));
    return SMALL;
  }
}
