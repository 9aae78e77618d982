// Owns: limits of expressions as a positive symbol goes to 0, all other symbols having values. Expressions become
// asymptotic expansions (asymptotic.ts); smooth functions enter by their Taylor coefficients at the limit of the
// argument, piecewise ones by the sign of leading terms. What the scale cannot express is left undecided.

import {
  addExpansions,
  approximately,
  aroundLimit,
  constantExpansion,
  depth,
  expExpansion,
  limitOf,
  logExpansion,
  mulExpansions,
  powerSeries,
  powExpansion,
  scaleExpansion,
  signOf,
  smallExpansion,
  Undecided,
  type Expansion,
} from "./asymptotic.js";
import { builtin } from "./builtins.js";
import { evaluate, type Environment } from "./evaluate.js";
import { binder, dependsOn, real, substitute, type Binder, type Expr, type Fn, type Sym } from "./expr.js";
import { factorial } from "./phi.js";
import * as Q from "./rational.js";
import { numberField, SeriesRing, type Series } from "./series.js";
import { simplify } from "./simplify.js";

/**
 * The limit of `e` as `small` -> 0+, with infinities where it diverges to one; undefined where it cannot be decided
 * (oscillation, growth outside the scale, functions without a rule, values that are not finite).
 */
export function limitAt(e: Expr, small: Sym, env: Environment): number | undefined {
  const direct = attempt(e, small, env);
  if (direct !== undefined) return direct;
  const simple = simplify(e);
  return simple === e ? undefined : attempt(simple, small, env);
}

function attempt(e: Expr, small: Sym, env: Environment): number | undefined {
  try {
    const value = limitOf(new Expander(small, env).of(e));
    return Number.isNaN(value) ? undefined : value;
  } catch (error) {
    if (error instanceof Undecided || error instanceof RangeError) return undefined;
    throw error;
  }
}

const constant = constantExpansion;
const negate = (x: Expansion): Expansion => scaleExpansion(x, -1);
const subtract = (x: Expansion, y: Expansion): Expansion => addExpansions(x, negate(y));
const truth = (b: boolean): Expansion => constant(b ? 1 : 0);

/** min (sign -1) or max (sign 1). When the difference is only known to be small, either will do up to that error. */
function extreme(x: Expansion, y: Expansion, sign: -1 | 1): Expansion {
  const difference = subtract(x, y);
  if (difference.terms.length === 0) return addExpansions(x, { terms: [], error: difference.error });
  return signOf(difference) === sign ? x : y;
}

const ring = new SeriesRing(numberField, depth);

type Taylor = (x: Series<number>) => Series<number>;

/** Smooth functions, by their Taylor series at a finite point. */
const smooth: ReadonlyMap<string, Taylor> = new Map<string, Taylor>([
  ["sin", (x) => ring.sin(x)],
  ["cos", (x) => ring.cos(x)],
  ["tan", (x) => ring.div(ring.sin(x), ring.cos(x))],
  [
    "atan",
    (x) =>
      ring.integral(
        ring.div(ring.derivative(x), ring.add(ring.constant(1), ring.mul(x, x))),
        Math.atan(x[0]!),
      ),
  ],
  ["logistic", (x) => ring.div(ring.constant(1), ring.add(ring.constant(1), ring.exp(ring.neg(x))))],
]);

function taylor(at: Taylor, x: Expansion, value: (limit: number) => number): Expansion {
  const { limit, delta } = aroundLimit(x);
  const coefficients = [...at(ring.from([limit, 1]))];
  coefficients[0] = value(limit);
  if (!coefficients.every(Number.isFinite)) throw new Undecided();
  return powerSeries(coefficients, delta);
}

class Expander {
  private readonly done = new Map<Expr, Expansion>();

  constructor(
    private readonly small: Sym,
    private readonly env: Environment,
  ) {}

  of(e: Expr): Expansion {
    let result = this.done.get(e);
    if (result === undefined) this.done.set(e, (result = this.expand(e)));
    return result;
  }

  private expand(e: Expr): Expansion {
    if (!dependsOn(e, this.small)) return constant(evaluate(e, this.env));
    switch (e.kind) {
      case "sym":
        return smallExpansion;
      case "sum":
        return addExpansions(...e.terms.map((t) => this.of(t)));
      case "product":
        return e.factors.map((f) => this.of(f)).reduce(mulExpansions);
      case "power": {
        const base = this.of(e.base);
        if (e.exponent.kind === "num") return powExpansion(base, Q.toNumber(e.exponent.value));
        if (!dependsOn(e.exponent, this.small)) return powExpansion(base, evaluate(e.exponent, this.env));
        return expExpansion(mulExpansions(this.of(e.exponent), logExpansion(base)));
      }
      case "fn":
        return this.fn(e);
      case "binder":
        return this.binder(e);
      case "num":
      case "real":
        throw new Undecided();
      default:
        return e satisfies never;
    }
  }

  private fn(e: Fn): Expansion {
    if (e.name === "where") {
      // Only the branch that is taken needs an expansion.
      return this.of(signOf(this.of(e.args[0]!)) !== 0 ? e.args[1]! : e.args[2]!);
    }
    const args = e.args.map((a) => this.of(a));
    const [x, y, z] = args as [Expansion, Expansion, Expansion];
    switch (e.name) {
      case "exp":
        return expExpansion(x);
      case "expm1":
        return subtract(expExpansion(x), constant(1));
      case "log":
        return logExpansion(x);
      case "log1p":
        return logExpansion(addExpansions(constant(1), x));
      case "log2":
        return scaleExpansion(logExpansion(x), 1 / Math.LN2);
      case "abs":
        return signOf(x) < 0 ? negate(x) : x;
      case "min":
        return args.reduce((a, b) => extreme(a, b, -1));
      case "max":
        return args.reduce((a, b) => extreme(a, b, 1));
      case "clamp":
        return extreme(extreme(x, y, 1), z, -1);
      case "hypot":
        return powExpansion(addExpansions(...args.map((a) => mulExpansions(a, a))), 0.5);
      case "atan":
        return this.atan(x);
      case "atan2":
        return this.atan2(x, y);
      case "logistic":
        return this.logistic(x);
      case "phi":
        return this.phi(limitOf(x), y);
      case "floor":
        return this.floor(x, 0);
      case "round":
        return this.floor(addExpansions(x, constant(0.5)), 0.5);
      case "mod":
        return subtract(x, mulExpansions(y, this.floor(mulExpansions(x, powExpansion(y, -1)), 0)));
      case "lt":
        return truth(signOf(subtract(x, y)) < 0);
      case "le":
        return truth(signOf(subtract(x, y)) <= 0);
      case "eq":
        return truth(signOf(subtract(x, y)) === 0);
      case "ne":
        return truth(signOf(subtract(x, y)) !== 0);
      case "and":
        return truth(args.every((a) => signOf(a) !== 0));
      case "or":
        return truth(args.some((a) => signOf(a) !== 0));
      case "not":
        return truth(signOf(x) === 0);
      default:
        return this.otherFn(e, args);
    }
  }

  private otherFn(e: Fn, args: readonly Expansion[]): Expansion {
    const value = builtin(e.name);
    const series = smooth.get(e.name);
    if (value === undefined) throw new Undecided();
    if (series !== undefined) return taylor(series, args[0]!, value);
    if (e.name !== "beta_quantile") throw new Undecided();
    // Continuous in all arguments; how fast the limit is reached is bounded by the slowest of them.
    const parts = args.map(aroundLimit);
    const quantile = value(...parts.map((p) => p.limit));
    if (!(quantile > 0 && quantile < 1)) throw new Undecided();
    const errors = addExpansions(
      ...parts.map((p) => ({ terms: [], error: p.delta.terms[0] ?? p.delta.error })),
    );
    return approximately(quantile, errors.error);
  }

  private atan(x: Expansion): Expansion {
    const limit = limitOf(x);
    const atan = smooth.get("atan")!;
    if (Number.isFinite(limit)) return taylor(atan, x, Math.atan);
    return subtract(constant(Math.sign(limit) * (Math.PI / 2)), taylor(atan, powExpansion(x, -1), Math.atan));
  }

  private atan2(y: Expansion, x: Expansion): Expansion {
    if (signOf(x) > 0) return this.atan(mulExpansions(y, powExpansion(x, -1)));
    const side = signOf(y);
    if (side === 0) return constant(signOf(x) < 0 ? Math.PI : 0);
    const turned = this.atan(mulExpansions(x, powExpansion(y, -1)));
    return subtract(constant(side * (Math.PI / 2)), turned);
  }

  private logistic(x: Expansion): Expansion {
    const limit = limitOf(x);
    if (Number.isFinite(limit)) return taylor(smooth.get("logistic")!, x, (v) => builtin("logistic")!(v));
    const e = expExpansion(limit > 0 ? negate(x) : x);
    const inverse = powExpansion(addExpansions(constant(1), e), -1);
    return limit > 0 ? inverse : mulExpansions(e, inverse);
  }

  /** At infinity by its definition (e^z - sum_{j<k} z^j/j!)/z^k; no terms cancel there. */
  private phi(k: number, z: Expansion): Expansion {
    if (Number.isFinite(limitOf(z)))
      return taylor(
        (x) => ring.phi(k, x),
        z,
        (v) => builtin("phi")!(k, v),
      );
    let sum = expExpansion(z);
    for (let j = 0; j < k; j++) sum = subtract(sum, scaleExpansion(powExpansion(z, j), 1 / factorial(j)));
    return mulExpansions(sum, powExpansion(z, -k));
  }

  /** floor(x); at an integer limit the side it is approached from decides. `tie` is 0.5 for halves, which round even. */
  private floor(x: Expansion, tie: 0 | 0.5): Expansion {
    const { limit, delta } = aroundLimit(x);
    const nearest = Math.round(limit);
    if (Math.abs(limit - nearest) > 1e-9 * Math.max(1, Math.abs(limit))) return constant(Math.floor(limit));
    const side = signOf(delta);
    if (side !== 0) return constant(side > 0 ? nearest : nearest - 1);
    return constant(tie === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest);
  }

  /** Integrals whose ends move to finite points where the integrand is finite; others are undecided. */
  private binder(e: Binder): Expansion {
    if (e.name === "root" || dependsOn(e.body, this.small) || e.variable === this.small)
      throw new Undecided();
    const ends = [aroundLimit(this.of(e.from)), aroundLimit(this.of(e.to))];
    const [from, to] = ends.map((end) => real(end.limit)) as [Expr, Expr];
    const errors = ends.map(({ limit, delta }): Expansion => {
      const end = evaluate(
        substitute(e.body, (s) => (s === e.variable ? real(limit) : undefined)),
        this.env,
      );
      if (!Number.isFinite(end)) throw new Undecided();
      return { terms: [], error: delta.terms[0] ?? delta.error };
    });
    return approximately(
      evaluate(binder("integral", e.variable, e.body, from, to), this.env),
      addExpansions(...errors).error,
    );
  }
}
