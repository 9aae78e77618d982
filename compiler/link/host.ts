// Owns: the numbers of an attempted step as nodes that the runtime evaluates: scalars of the graph, quantities at levels
// that are known only during the run, and what is computed from the reductions the attempt leaves.

import { children, type Expr } from "../algebra/expr.js";
import { stableForm } from "../algebra/stable.js";
import { rationalValue } from "../algebra/expr.js";
import { evaluate } from "../algebra/evaluate.js";
import { fail } from "../diagnostics/report.js";
import type { Coordinate, Level } from "../graph/level.js";
import type { Linear, Node } from "../graph/node.js";
import { hostName, quantityData, type Quantity } from "../graph/quantity.js";
import { expandForecasts } from "../lower/forecast.js";
import { quantityAt } from "../path/environment.js";
import type { Path, PathPoint } from "../path/path.js";
import { hostOps, type HostNode, type HostOp, type PlanTable } from "../plan/schema.js";
import type { Span } from "../source/span.js";
import { tabulate } from "./tabulate.js";

/** Variables that every controlled run has. */
export const LAMBDA = 0;
export const STEP = 1;

const known: ReadonlySet<string> = new Set(hostOps);

export class HostNumbers {
  readonly nodes: HostNode[] = [];
  readonly tables: PlanTable[] = [];
  readonly #byKey = new Map<string, number>();
  readonly #exprs = new Map<Expr, number>();
  readonly #reads = new Map<Node, number>();
  readonly #tableKeys = new Map<string, number>();
  readonly #names: readonly string[];
  #next: number | undefined;

  constructor(
    readonly path: Path,
    readonly ends: readonly [PathPoint, PathPoint],
    /** Names of the numbers that the rule carries, in the order of their variables. */
    names: Iterable<string>,
    readonly at: Span,
  ) {
    this.#names = [...names];
  }

  /** Reductions over the batch that the numbers read, in the order of the plan's reads. */
  get reads(): readonly Node[] {
    return [...this.#reads.keys()];
  }

  #add(node: HostNode): number {
    const key = JSON.stringify(node);
    const found = this.#byKey.get(key);
    if (found !== undefined) return found;
    const index = this.nodes.push(node) - 1;
    this.#byKey.set(key, index);
    return index;
  }

  constant(value: number): number {
    if (!Number.isFinite(value))
      fail("D0420", "a number of this rule is infinite or has no value at an end of the run", {
        at: this.at,
      });
    return this.#add({ op: "const", value });
  }

  #op(op: HostOp, ...args: number[]): number {
    return this.#add({ op, args });
  }

  variable(index: number): number {
    return this.#add({ op: "variable", index });
  }

  /** Says where t lies. Must be called before anything at t is asked for. */
  placeNext(coordinate: Coordinate, place: Expr): number {
    this.#next = this.#lambdaOf(coordinate, this.expr(place));
    return this.#next;
  }

  // ---- scalars ---------------------------------------------------------------------------------------------------

  expr(e: Expr): number {
    const found = this.#exprs.get(e);
    if (found !== undefined) return found;
    const index = this.#compute(expandForecasts(stableForm(e)));
    this.#exprs.set(e, index);
    return index;
  }

  #compute(e: Expr): number {
    switch (e.kind) {
      case "num":
      case "real":
        return this.constant(evaluate(e, { symbol: () => NaN }));
      case "sym": {
        const data = quantityData(e);
        if (data) return this.#quantity(data.quantity, data.level);
        const kept = hostName(e);
        if (kept !== undefined) return this.variable(2 + this.#names.indexOf(kept));
        if (e.data["counter"] === "step") return this.variable(STEP);
        if (e.data["counter"] === "first") return this.#op("eq", this.variable(STEP), this.constant(0));
        return this.#unknown(`\`${e.key}\``);
      }
      case "sum":
        return this.#op("add", ...e.terms.map((term) => this.expr(term)));
      case "product": {
        const below = e.factors.flatMap((factor) => {
          const exponent = factor.kind === "power" ? rationalValue(factor.exponent) : undefined;
          return factor.kind === "power" && exponent && exponent.n === -1n && exponent.d === 1n
            ? [{ factor, base: factor.base }]
            : [];
        });
        const above = e.factors.filter((factor) => !below.some((entry) => entry.factor === factor));
        const top = above.map((factor) => this.expr(factor));
        const product =
          top.length === 0
            ? this.constant(1)
            : top.length === 1
              ? (top[0] as number)
              : this.#op("mul", ...top);
        return below.reduce((value, { base }) => this.#op("div", value, this.expr(base)), product);
      }
      case "power": {
        const exponent = rationalValue(e.exponent);
        const base = this.expr(e.base);
        if (exponent?.d === 2n && exponent.n === 1n) return this.#op("sqrt", base);
        if (exponent?.d === 1n && exponent.n === -1n) return this.#op("div", this.constant(1), base);
        return this.#op("pow", base, this.expr(e.exponent));
      }
      case "fn":
        if (!known.has(e.name)) return this.#unknown(`\`${e.name}\``);
        if (e.args.length === 0) return this.constant(evaluate(e, { symbol: () => NaN }));
        return this.#op(e.name as HostOp, ...children(e).map((arg) => this.expr(arg)));
      case "binder":
        return this.#unknown("an integral without a closed form");
    }
  }

  #unknown(what: string): never {
    return fail("D0990", `${what}, computed anew for every attempt, is not yet supported`, {
      at: this.at,
      help: "a solver that places its own points needs weights in closed form: `integrate ... over: lambda`, or a tableau",
    });
  }

  // ---- the path --------------------------------------------------------------------------------------------------

  /** lambda at a level; undefined at sigma = 0. */
  #lambdaAt(level: Level): number | undefined {
    switch (level.kind) {
      case "grid":
        if (level.offset === 0) return this.variable(LAMBDA);
        if (level.offset === 1 && this.#next !== undefined) return this.#next;
        return this.#unknown(`the level ${level.key}`);
      case "start":
        return this.constant(this.ends[0].lambda);
      case "end":
        return this.constant(this.ends[1].lambda);
      case "clean":
        return undefined;
      case "located":
        return this.#lambdaOf(level.coordinate, this.expr(level.value));
    }
  }

  #quantity(name: Quantity, level: Level): number {
    if (level.kind === "start") return this.constant(quantityAt(this.path, name, this.ends[0]));
    if (level.kind === "end") return this.constant(quantityAt(this.path, name, this.ends[1]));
    if (level.kind === "located" && level.coordinate === name) return this.expr(level.value);
    const lambda = this.#lambdaAt(level);
    if (lambda === undefined)
      return this.constant(quantityAt(this.path, name, this.path.numbers.at("sigma", 0)));
    const { relation } = this.path.numbers;
    const one = (): number => this.constant(1);
    switch (name) {
      case "lambda":
        return lambda;
      case "rho":
        return this.#op("exp", this.#op("neg", lambda));
      case "alpha":
        if (relation === "ve") return one();
        // alpha^2 = logistic(2 lambda) when alpha^2 + sigma^2 = 1; alpha = logistic(lambda) when alpha + sigma = 1.
        if (relation === "vp") return this.#op("sqrt", this.#op("logistic", this.#op("add", lambda, lambda)));
        if (relation === "flow") return this.#op("logistic", lambda);
        break;
      case "sigma":
        return this.#op("mul", this.#quantity("rho", level), this.#quantity("alpha", level));
      default:
        break;
    }
    return this.#table(`lambda>${name}`, lambda, (x) => {
      const point = this.path.numbers.at("lambda", x);
      return quantityAt(this.path, name, point);
    });
  }

  /** The lambda of the level at which a coordinate has the value of a node. */
  #lambdaOf(coordinate: Coordinate, value: number): number {
    const { relation } = this.path.numbers;
    const log = (x: number): number => this.#op("log", x);
    const minus = (a: number, b: number): number => this.#op("add", a, this.#op("neg", b));
    const one = this.constant(1);
    const square = (x: number): number => this.#op("mul", x, x);
    const half = this.constant(0.5);
    if (coordinate === "lambda") return value;
    if (coordinate === "rho" || (coordinate === "sigma" && relation === "ve"))
      return this.#op("neg", log(value));
    if (coordinate === "sigma" && relation === "vp")
      return this.#op("mul", half, log(this.#op("div", minus(one, square(value)), square(value))));
    if (coordinate === "alpha" && relation === "vp")
      return this.#op("mul", half, log(this.#op("div", square(value), minus(one, square(value)))));
    if (coordinate === "sigma" && relation === "flow") return log(this.#op("div", minus(one, value), value));
    if (coordinate === "alpha" && relation === "flow") return log(this.#op("div", value, minus(one, value)));
    if (coordinate === "alpha" && relation === "ve")
      return this.#unknown("a point placed by alpha, which is 1");
    return this.#table(coordinate, value, (x) => this.path.numbers.at(coordinate, x).lambda);
  }

  #table(key: string, argument: number, f: (x: number) => number): number {
    let table = this.#tableKeys.get(key);
    if (table === undefined) {
      const place = key.startsWith("lambda>") ? "lambda" : (key as Coordinate);
      const of = (point: PathPoint): number => point[place];
      const [a, b] = [of(this.ends[0]), of(this.ends[1])];
      const made = tabulate(f, Math.min(a, b), Math.max(a, b), this.#kinks(of));
      if (made.pieces.some((piece) => piece.some((c) => !Number.isFinite(c))))
        fail("D0420", `\`${key.replace(/^.*>/, "")}\` has no value somewhere between the ends of this run`, {
          at: this.at,
        });
      table = this.tables.push(made) - 1;
      this.#tableKeys.set(key, table);
    }
    return this.#add({ op: "table", table, args: [argument] });
  }

  /** Where a tabulated path changes its formula: at the points of its table. */
  #kinks(of: (point: PathPoint) => number): readonly number[] {
    const { index } = this.path;
    if (!index) return [];
    const [low, high] = [Math.min(index.from, index.to), Math.max(index.from, index.to)];
    return Array.from({ length: Math.floor(high) - Math.ceil(low) + 1 }, (_, i) =>
      of(this.path.numbers.at("index", Math.ceil(low) + i)),
    );
  }

  // ---- what the attempt leaves -----------------------------------------------------------------------------------

  linear(value: Linear, at: Span): number {
    const terms = [...value.terms].map(([node, coefficient]) => {
      const factor = this.#node(node, at);
      return rationalValue(coefficient)?.n === 1n && rationalValue(coefficient)?.d === 1n
        ? factor
        : this.#op("mul", this.expr(coefficient), factor);
    });
    const constant = rationalValue(value.constant)?.n === 0n ? [] : [this.expr(value.constant)];
    const all = [...terms, ...constant];
    if (all.length === 0) return this.constant(0);
    return all.length === 1 ? (all[0] as number) : this.#op("add", ...all);
  }

  #node(node: Node, at: Span): number {
    if (node.binding !== "host")
      return fail(
        "D0302",
        "one number for the whole run is needed here, and this one differs from sample to sample",
        {
          at,
          help: "all samples take the same steps: reduce it over the batch, such as `max(..., per: batch)`",
        },
      );
    switch (node.kind) {
      case "linear":
        return this.linear(node.value, at);
      case "map": {
        const args = node.args.map((arg) =>
          arg.kind === "number" ? this.expr(arg.value) : this.#node(arg, at),
        );
        return node.fn === "sub"
          ? this.#op("add", args[0] as number, this.#op("neg", args[1] as number))
          : this.#op(node.fn, ...args);
      }
      case "reduce": {
        let index = this.#reads.get(node);
        if (index === undefined) this.#reads.set(node, (index = this.#reads.size));
        return this.#add({ op: "read", index });
      }
      default:
        return this.#unknown("this value");
    }
  }
}
