// Owns: the value of a scalar of the step graph as a series in the step size: path quantities at levels, every
// function of the language that is smooth, weights of forecasts, small linear systems. Functions with kinks are decided
// by the constant term, and where it is 0 by the sign for small h > 0.

import { isZero, symbols, type Expr, type Fn, type Sym } from "../algebra/expr.js";
import type { Series } from "../algebra/series.js";
import type { Level } from "../graph/level.js";
import { quantityData } from "../graph/quantity.js";
import { forecastKernel, type ForecastKernel } from "../lower/forecast.js";
import { arctan, fixedField, pi } from "./fixed.js";
import type { PathSeries } from "./family.js";
import type { GridSeries } from "./gridSeries.js";
import type { LaurentRing } from "./laurent.js";
import { NoSeries, type Laurent } from "./laurent.js";
import { meanOver } from "./quadrature.js";

const { one } = fixedField;
const whole = (n: number): bigint => BigInt(n) * one;

/** Values of the run's counters in the middle of a long run. */
export type Counters = Readonly<Record<string, number>>;
export const middleOfRun: Counters = { step: 500, steps: 1000, progress: 0.5, first: 0, last: 0, up: 0 };

export class SeriesScalars {
  readonly #memo = new Map<Expr, Laurent>();
  readonly #levels = new Map<string, Series<bigint>>();
  readonly #bound = new Map<Sym, Laurent>();
  /** Kernels of forecasts as Taylor series in their base, by kernel and place. */
  readonly #kernels = new Map<string, Series<bigint>>();

  constructor(
    readonly ring: LaurentRing,
    readonly path: PathSeries,
    readonly grid: GridSeries,
    /** Grid point that is the step's s. */
    readonly base: number,
    readonly counters: Counters = middleOfRun,
  ) {}

  /** Lambda at a level. */
  lambda(level: Level): Series<bigint> {
    const known = this.#levels.get(level.key);
    if (known) return known;
    const made = this.#locate(level);
    this.#levels.set(level.key, made);
    return made;
  }

  #locate(level: Level): Series<bigint> {
    const { series } = this.ring;
    switch (level.kind) {
      case "grid":
        return this.grid.lambda(this.base + level.offset);
      case "start":
        return series.constant(this.path.centre - 2n * one);
      case "end":
        return series.constant(this.path.centre + 2n * one);
      case "clean":
        throw new NoSeries("the clean end is not near s");
      case "located":
        return this.path.locate(level.coordinate, this.ring.power(this.value(level.value)));
    }
  }

  quantity(name: string, level: Level): Laurent {
    return this.ring.of(this.path.quantity(name, this.lambda(level)));
  }

  value(e: Expr): Laurent {
    const known = this.#memo.get(e);
    if (known) return known;
    const value = this.#compute(e);
    if (this.#bound.size === 0) this.#memo.set(e, value);
    return value;
  }

  #compute(e: Expr): Laurent {
    const { ring } = this;
    switch (e.kind) {
      case "num":
        return ring.constant(fixedField.fromRational(e.value));
      case "real":
        if (!Number.isFinite(e.value)) throw new NoSeries("an infinite number");
        return ring.constant(fixedField.fromNumber(e.value));
      case "sym":
        return this.#symbol(e);
      case "sum":
        return e.terms.map((term) => this.value(term)).reduce((a, b) => ring.add(a, b));
      case "product":
        return this.#product(e.factors);
      case "power":
        return this.#power(this.value(e.base), e.exponent);
      case "fn":
        return this.#function(e);
      case "binder": {
        if (e.name === "root") throw new NoSeries("`root` has no series yet");
        const [from, to] = [this.value(e.from), this.value(e.to)];
        const length = ring.sub(to, from);
        const mean = meanOver(ring, 2, (u) => {
          this.#bound.set(e.variable, ring.add(from, ring.scale(length, u)));
          try {
            return this.value(e.body);
          } finally {
            this.#bound.delete(e.variable);
          }
        });
        return ring.mul(length, mean);
      }
    }
  }

  #symbol(s: Sym): Laurent {
    const bound = this.#bound.get(s);
    if (bound) return bound;
    const data = quantityData(s);
    if (data) return this.quantity(data.quantity, data.level);
    const counter = s.data["counter"];
    const value = typeof counter === "string" ? this.counters[counter] : undefined;
    if (value === undefined) throw new NoSeries(`\`${s.key}\` has no value here`);
    return this.ring.constant(fixedField.fromNumber(value));
  }

  /** Numerators first, so that a vanishing denominator finds its zero. */
  #product(factors: readonly Expr[]): Laurent {
    const { ring } = this;
    const below = (e: Expr): boolean =>
      e.kind === "power" && e.exponent.kind === "num" && e.exponent.value.n < 0n;
    const ordered = [...factors.filter((e) => !below(e)), ...factors.filter(below)];
    return ordered.map((factor) => this.value(factor)).reduce((a, b) => ring.mul(a, b));
  }

  #power(base: Laurent, exponent: Expr): Laurent {
    const { ring } = this;
    if (exponent.kind === "num" && exponent.value.d === 1n) {
      const n = Number(exponent.value.n);
      if (Math.abs(n) <= 64) return ring.integerPower(base, n);
    }
    if (exponent.kind === "num") return this.#fractional(base, fixedField.fromRational(exponent.value));
    const p = this.value(exponent);
    return ring.of(ring.series.exp(ring.power(ring.mul(p, this.#smooth("log", base)))));
  }

  /** (h^k (c + ...))^p is a Laurent series when k p is whole. */
  #fractional(base: Laurent, p: bigint): Laurent {
    const { ring } = this;
    const lead = ring.series.valuation(base.c);
    // The root of a difference that vanishes for every h, such as the noise of a rule without noise.
    if (lead === base.c.length)
      return p > 0n ? { shift: 0, c: base.c.map(() => 0n) } : fail("0 to a negative power");
    const shift = (base.shift + lead) * fixedField.toNumber(p);
    if (Math.abs(shift - Math.round(shift)) > 1e-9) throw new NoSeries("a fractional power of h");
    const inner = base.c.slice(lead);
    if ((inner[0] ?? 0n) < 0n) throw new NoSeries("a root of a negative number");
    return { shift: Math.round(shift), c: ring.series.pow(inner, p) };
  }

  #smooth(name: string, value: Laurent): Laurent {
    const { ring } = this;
    const a = ring.power(value);
    const { series } = ring;
    switch (name) {
      case "exp":
        return ring.of(series.exp(a));
      case "expm1":
        return ring.of(series.expm1(a));
      case "log":
        return ring.of(series.log(a));
      case "log1p":
        return ring.of(series.log(series.add(a, series.constant(one))));
      case "sin":
        return ring.of(series.sin(a));
      case "cos":
        return ring.of(series.cos(a));
      case "atan": {
        const slope = series.div(
          series.derivative(a),
          series.add(series.constant(one), series.mul(a, a)).slice(0, -1),
        );
        return ring.of(series.integral(slope, arctan(a[0] ?? 0n)));
      }
      case "logistic":
        return ring.of(
          series.div(series.constant(one), series.add(series.constant(one), series.exp(series.neg(a)))),
        );
      default:
        throw new NoSeries(`\`${name}\` has no series`);
    }
  }

  #function(e: Fn): Laurent {
    if (e.name === "where") {
      const [condition, yes, no] = e.args as [Expr, Expr, Expr];
      return this.value(this.ring.sign(this.value(condition)) !== 0 ? yes : no);
    }
    const args = e.args.map((arg) => this.value(arg));
    return e.name.startsWith("forecast ") ? this.#forecast(e.name, args) : this.apply(e.name, args);
  }

  /** A function of the language, by name. Those with kinks are decided by signs. */
  apply(name: string, args: readonly Laurent[]): Laurent {
    const { ring } = this;
    const [a, b, c] = args as [Laurent, Laurent, Laurent];
    const truth = (holds: boolean): Laurent => ring.constant(holds ? one : 0n);
    const isTrue = (x: Laurent): boolean => ring.sign(x) !== 0;
    const difference = (): -1 | 0 | 1 => ring.sign(ring.sub(a, b));
    switch (name) {
      case "add":
        return ring.add(a, b);
      case "sub":
        return ring.sub(a, b);
      case "mul":
        return ring.mul(a, b);
      case "div":
        return ring.div(a, b);
      case "neg":
        return ring.neg(a);
      case "pow":
        return ring.of(ring.series.exp(ring.power(ring.mul(b, this.#smooth("log", a)))));
      case "pi":
        return ring.constant(pi);
      case "log2":
        return ring.scale(this.#smooth("log", a), fixedField.div(one, fixedField.log(2n * one)));
      case "sqrt":
        return this.#fractional(a, one / 2n);
      case "tan":
        return ring.div(this.#smooth("sin", a), this.#smooth("cos", a));
      case "atan2":
        // The half plane of positive x; elsewhere the angle jumps or turns.
        if (ring.sign(b) <= 0) throw new NoSeries("`atan2` where x is not positive");
        return this.#smooth("atan", ring.div(a, b));
      case "hypot":
        return this.#fractional(ring.add(ring.mul(a, a), ring.mul(b, b)), one / 2n);
      case "abs":
        return ring.sign(a) < 0 ? ring.neg(a) : a;
      case "min":
      case "max": {
        const wanted = name === "min" ? -1 : 1;
        return args.reduce((best, x) => (ring.sign(ring.sub(x, best)) === wanted ? x : best));
      }
      case "clamp":
        if (ring.sign(ring.sub(a, b)) < 0) return b;
        return ring.sign(ring.sub(a, c)) > 0 ? c : a;
      case "where":
        return isTrue(a) ? b : c;
      case "lerp":
        return ring.add(a, ring.mul(ring.sub(b, a), c));
      case "lt":
        return truth(difference() < 0);
      case "le":
        return truth(difference() <= 0);
      case "eq":
        return truth(difference() === 0);
      case "ne":
        return truth(difference() !== 0);
      case "and":
        return truth(args.every(isTrue));
      case "or":
        return truth(args.some(isTrue));
      case "not":
        return truth(!isTrue(a));
      case "floor":
      case "round":
        return this.#step(name, a);
      case "mod":
        return ring.sub(a, ring.mul(b, this.#step("floor", ring.div(a, b))));
      case "phi":
        return ring.of(ring.series.phi(this.#integer(a), ring.power(b)));
      case "factorial": {
        let product = one;
        for (let k = this.#integer(a); k > 1; k -= 1) product *= BigInt(k);
        return ring.constant(product);
      }
      case "solve":
        return this.#solve(args);
      default:
        if (name.startsWith("path:")) return this.#ofPath(name, a);
        return this.#smooth(name, a);
    }
  }

  /** A quantity of the path at another coordinate's value. */
  #ofPath(name: string, value: Laurent): Laurent {
    const [member, coordinate] = name.split(":").slice(-2) as [string, string];
    if (!name.startsWith(`path:${neutralPathKey}:`)) throw new NoSeries("a quantity of another schedule");
    const lambda = this.path.locate(coordinate, this.ring.power(value));
    return this.ring.of(this.path.quantity(member, lambda));
  }

  #integer(value: Laurent): number {
    return Math.round(fixedField.toNumber(this.ring.start(value)));
  }

  /** Steps are constant where they are smooth. */
  #step(name: "floor" | "round", value: Laurent): Laurent {
    const start = fixedField.toNumber(this.ring.start(value));
    const at = name === "floor" ? Math.floor(start) : Math.round(start);
    const jump = name === "floor" ? start - at : start - at - 0.5;
    if (
      Math.abs(jump) < 1e-12 &&
      this.ring.sign(this.ring.sub(value, this.ring.constant(fixedField.fromNumber(start)))) !== 0
    )
      throw new NoSeries(`a jump of \`${name}\``);
    return this.ring.constant(whole(at));
  }

  /** Component i of the solution of an n by n system, by elimination with the largest pivot for small h. */
  #solve(values: readonly Laurent[]): Laurent {
    const { ring } = this;
    const n = this.#integer(values[0] as Laurent);
    const i = this.#integer(values[1] as Laurent);
    const rows = Array.from({ length: n }, (_, r) => [
      ...values.slice(2 + r * n, 2 + (r + 1) * n),
      values[2 + n * n + r] as Laurent,
    ]);
    const order = (a: Laurent): number => (ring.isZero(a) ? Infinity : a.shift + ring.series.valuation(a.c));
    for (let column = 0; column < n; column += 1) {
      let pivot = column;
      for (let r = column + 1; r < n; r += 1)
        if (order(rows[r]?.[column] as Laurent) < order(rows[pivot]?.[column] as Laurent)) pivot = r;
      const top = rows[pivot] as Laurent[];
      if (order(top[column] as Laurent) === Infinity) throw new NoSeries("`solve` of a singular system");
      rows[pivot] = rows[column] as Laurent[];
      rows[column] = top;
      for (let r = 0; r < n; r += 1) {
        const row = rows[r] as Laurent[];
        if (r === column || ring.isZero(row[column] as Laurent)) continue;
        const factor = ring.div(row[column] as Laurent, top[column] as Laurent);
        for (let k = column; k <= n; k += 1)
          row[k] = ring.sub(row[k] as Laurent, ring.mul(factor, top[k] as Laurent));
      }
    }
    return ring.div(rows[i]?.[n] as Laurent, rows[i]?.[i] as Laurent);
  }

  /** See forecast.ts: e^(Int A) B times a Lagrange polynomial, integrated from one end to the other. */
  #forecast(name: string, args: readonly Laurent[]): Laurent {
    const { ring } = this;
    if (name === "forecast exp") {
      const [index, rate, from, to, ...nodes] = args as [Laurent, Laurent, Laurent, Laurent, ...Laurent[]];
      return this.#interpolated(this.#integer(index), from, to, nodes, (u) => ({
        place: u,
        kernel: this.#smooth("exp", ring.mul(rate, ring.sub(u, to))),
      }));
    }
    const kernel = forecastKernel(name) ?? fail(`\`${name}\` is not known`);
    if (name.startsWith("forecast growth ")) {
      const count = this.#integer(args[0] as Laurent);
      const [from, to] = args.slice(1 + count) as [Laurent, Laurent];
      return this.#growth(kernel, args.slice(1, 1 + count), from, to);
    }
    const [index, count] = args.slice(0, 2).map((arg) => this.#integer(arg)) as [number, number];
    const parameters = args.slice(2, 2 + count);
    const [from, to, ...nodes] = args.slice(2 + count) as [Laurent, Laurent, ...Laurent[]];
    const own = (b: Laurent): Laurent => this.#along(kernel, kernel.u, parameters, b);
    return this.#interpolated(index, from, to, nodes.map(own), (b) => ({
      place: own(b),
      kernel: ring.mul(
        this.#along(kernel, kernel.B, parameters, b),
        this.#smooth("exp", this.#growth(kernel, parameters, b, to)),
      ),
    }));
  }

  #interpolated(
    j: number,
    from: Laurent,
    to: Laurent,
    nodes: readonly Laurent[],
    at: (b: Laurent) => { readonly place: Laurent; readonly kernel: Laurent },
  ): Laurent {
    const { ring } = this;
    const length = ring.sub(to, from);
    const mean = meanOver(ring, nodes.length, (share) => {
      const { place, kernel } = at(ring.add(from, ring.scale(length, share)));
      const own = nodes[j] as Laurent;
      return nodes.reduce(
        (product, node, k) =>
          k === j ? product : ring.mul(product, ring.div(ring.sub(place, node), ring.sub(own, node))),
        kernel,
      );
    });
    return ring.mul(length, mean);
  }

  #growth(kernel: ForecastKernel, parameters: readonly Laurent[], from: Laurent, to: Laurent): Laurent {
    const { ring } = this;
    if (isZero(kernel.A)) return ring.constant(0n);
    const length = ring.sub(to, from);
    const mean = meanOver(ring, 1, (share) =>
      this.#along(kernel, kernel.A, parameters, ring.add(from, ring.scale(length, share))),
    );
    return ring.mul(length, mean);
  }

  /** An expression of a kernel at a place of its base; without parameters, by its Taylor series there. */
  #along(kernel: ForecastKernel, e: Expr, parameters: readonly Laurent[], b: Laurent): Laurent {
    if (parameters.length > 0) return this.#bindBase(kernel, e, parameters, b);
    const { series } = this.ring;
    const place = this.ring.power(b);
    const start = place[0] ?? 0n;
    const key = `${kernel.base} ${e.id} ${start}`;
    let jet = this.#kernels.get(key);
    if (!jet) {
      const variable = this.ring.of(series.from([start, one]));
      jet = this.ring.power(this.#bindBase(kernel, e, parameters, variable));
      this.#kernels.set(key, jet);
    }
    return this.ring.of(series.compose(jet, [0n, ...place.slice(1)]).slice(0, place.length));
  }

  #bindBase(kernel: ForecastKernel, e: Expr, parameters: readonly Laurent[], b: Laurent): Laurent {
    const place = this.ring.power(b);
    const lambda = kernel.base === "lambda" ? place : this.path.locate("time", place);
    const held = new Map<Sym, Laurent | undefined>();
    for (const s of symbols(e)) {
      held.set(s, this.#bound.get(s));
      const data = quantityData(s);
      const value = data
        ? data.quantity === kernel.base
          ? b
          : this.ring.of(this.path.quantity(data.quantity, lambda))
        : parameters[s.data["parameter"] as number];
      this.#bound.set(s, value ?? fail(`\`${s.key}\` has no value here`));
    }
    try {
      return this.value(e);
    } finally {
      for (const [s, before] of held)
        if (before) this.#bound.set(s, before);
        else this.#bound.delete(s);
    }
  }
}

/** The key of the path that solvers are certified on. */
export const neutralPathKey = "any schedule";

const fail = (why: string): never => {
  throw new NoSeries(why);
};
