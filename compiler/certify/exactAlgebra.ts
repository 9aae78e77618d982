// Owns: the deterministic algebra: tensors are vectors of series in the step size. Older states are the exact solution,
// older predictions the model on it; what a rule puts in the place of a prediction is followed back by steps.

import type { Series } from "../algebra/series.js";
import { remembered } from "../algebra/remembered.js";
import type { CallSite, Leaf } from "../graph/node.js";
import { quantity } from "../graph/quantity.js";
import { NotDecidable, StepValues, type TensorAlgebra } from "./evaluateStep.js";
import type { PathSeries } from "./family.js";
import { fixedField } from "./fixed.js";
import type { GridSeries } from "./gridSeries.js";
import type { Laurent, LaurentRing } from "./laurent.js";
import { evaluateModel, trajectory, type Model } from "./model.js";
import type { SeriesScalars } from "./seriesAlgebra.js";
import type { Branch } from "./setting.js";

/** Thrown where a rule with noise is asked for a deterministic order. */
export class NotDeterministic extends Error {}

export type Vector = readonly Laurent[];

/** A rule on a schedule, a grid and a model: everything the deterministic algebra reads. */
export interface Problem {
  readonly ring: LaurentRing;
  readonly path: PathSeries;
  readonly grid: GridSeries;
  readonly model: Model;
  readonly branch: Branch;
  /** Numbers of the step that starts at a grid point. */
  scalars(base: number): SeriesScalars;
  /** Numbers per sample are replaced by their limits as the step goes to 0, instead of being undecidable. */
  readonly limits?: boolean;
}

/** Value of a carry at a grid point. */
export type Carries = (name: string, at: number) => Vector;

const noCarries: Carries = (name) => {
  throw new NotDecidable(`the carry \`${name}\` has no value here`);
};

/** The exact solution at grid points. */
export class Exact {
  readonly #y: readonly Series<bigint>[];

  constructor(readonly problem: Problem) {
    this.#y = trajectory(problem.model, problem.ring.series);
  }

  #along(jets: readonly Series<bigint>[], j: number): Series<bigint>[] {
    const { ring, grid, model } = this.problem;
    const lambda = grid.lambda(j);
    const inner = ring.series.sub(lambda, ring.series.constant(model.lambda));
    return jets.map((jet) => ring.series.compose(jet, inner).slice(0, inner.length));
  }

  readonly y = remembered((j: number): readonly Series<bigint>[] => this.#along(this.#y, j));

  readonly x = remembered((j: number): Vector => {
    const { ring, path, grid } = this.problem;
    const alpha = path.quantity("alpha", grid.lambda(j));
    return this.y(j).map((y) => ring.of(ring.series.mul(alpha, y)));
  });

  /** x0 = dy/dlambda + y. */
  readonly x0 = remembered((j: number): Vector => {
    const { ring } = this.problem;
    const jets = this.#y.map((y) => ring.series.add(ring.series.derivative(y), y));
    return this.#along(jets, j).map((v) => ring.of(v));
  });
}

export class ExactAlgebra implements TensorAlgebra<Vector> {
  readonly #steps = new Map<number, StepValues<Vector>>();

  constructor(
    readonly problem: Problem,
    readonly exact: Exact,
    readonly carries: Carries = noCarries,
    /** The algebra of the steps before, where predictions are given by the rule; undefined: they are exact. */
    readonly before: ExactAlgebra | undefined = undefined,
  ) {}

  /** The step that starts at a grid point. */
  step(base: number): StepValues<Vector> {
    let known = this.#steps.get(base);
    if (!known) this.#steps.set(base, (known = new StepValues(this.problem.scalars(base), this)));
    return known;
  }

  combine(terms: readonly (readonly [Laurent, Vector])[], constant: Laurent): Vector {
    const { ring, model } = this.problem;
    return Array.from({ length: model.dimension }, (_, d) =>
      terms.reduce((sum, [factor, value]) => ring.add(sum, ring.mul(factor, value[d] as Laurent)), constant),
    );
  }

  leaf(leaf: Leaf, step: StepValues<Vector>): Vector {
    switch (leaf.kind) {
      case "state":
        return this.exact.x(step.base - leaf.offset);
      case "view":
        if (leaf.place !== "") {
          if (leaf.offset === 0) throw new NotDecidable("a prediction of a step that is not made yet");
          const { graph } = this.problem.branch;
          return this.step(step.base - leaf.offset).value(graph.view(leaf.place, leaf.view));
        }
        return this.#view(leaf.view, step.base - leaf.offset);
      case "carry":
        return this.carries(leaf.name, step.base - leaf.offset);
      case "draw":
      case "brownian":
        throw new NotDeterministic("the rule draws noise");
      case "input":
        throw new NotDecidable(`the input \`${leaf.name}\` is not known to an algebra`);
      default:
        throw new NotDecidable("guidance is not part of a solver");
    }
  }

  /** A view of the prediction that is stored for a grid point. */
  #view(name: string, at: number): Vector {
    const { branch } = this.problem;
    if (this.before && branch.given) {
      const value = branch.given.view(name, { file: "", start: 0, end: 0 });
      if (value) return this.before.step(at - 1).value(value);
    }
    return this.exactView(name, at);
  }

  readonly #views = remembered((_key: string, name: string, at: number) => this.#exactView(name, at));

  /** A view of the model on the exact solution at a grid point. */
  exactView(name: string, at: number): Vector {
    return this.#views(`${name} ${at}`, name, at);
  }

  #exactView(name: string, at: number): Vector {
    const { ring, path, grid, branch } = this.problem;
    if (name === "x") return this.exact.x(at);
    const x0 = this.exact.x0(at);
    if (name === "x0") return x0;
    const lambda = grid.lambda(at);
    if (name === "eps") {
      const alpha = ring.of(path.quantity("alpha", lambda));
      const sigma = ring.of(path.quantity("sigma", lambda));
      const x = this.exact.x(at);
      return x.map((v, d) => ring.div(ring.sub(v, ring.mul(alpha, x0[d] as Laurent)), sigma));
    }
    return this.step(at).value(branch.plain.view("", name));
  }

  call(site: CallSite, state: Vector, step: StepValues<Vector>): Vector {
    const { ring, model } = this.problem;
    const { scalars } = step;
    const lambda =
      site.time === null || site.time === quantity("time", site.level)
        ? scalars.lambda(site.level)
        : this.problem.path.locate("time", ring.power(scalars.value(site.time)));
    const alpha = scalars.quantity("alpha", site.level);
    const y = state.map((v) => ring.power(ring.div(v, alpha)));
    const x0 = evaluateModel(model, y, lambda, ring.series).map((v) => ring.of(v));
    return raw(site, state, x0, step);
  }

  /** A number per sample, by its limit. */
  reduce(fn: string, args: readonly Vector[]): Vector {
    const { ring, limits } = this.problem;
    if (limits !== true) throw new NotDecidable(`\`${fn}\` makes a coefficient depend on the data`);
    const [a, b = a] = args as [Vector, Vector | undefined];
    const products = a.map((v, d) => fixedField.mul(ring.start(v), ring.start(b[d] as Laurent)));
    const sum = products.reduce((total, x) => total + x, 0n);
    const plain = a.reduce((total, v) => total + ring.start(v), 0n);
    const count = BigInt(a.length);
    const value = (): bigint => {
      switch (fn) {
        case "dot":
          return sum;
        case "norm":
          return fixedField.sqrt(sum);
        case "sum":
          return plain;
        case "mean":
          return plain / count;
        default:
          throw new NotDecidable(`the limit of \`${fn}\` is not known`);
      }
    };
    const limit = ring.constant(value());
    return a.map(() => limit);
  }

  map(
    fn: string,
    args: readonly (Vector | { readonly number: Laurent })[],
    step: StepValues<Vector>,
  ): Vector {
    return Array.from({ length: this.problem.model.dimension }, (_, d) =>
      step.scalars.apply(
        fn,
        args.map((arg) => ("number" in arg ? arg.number : (arg[d] as Laurent))),
      ),
    );
  }
}

/** What the network returns, from the state and the data prediction. */
function raw(site: CallSite, state: Vector, x0: Vector, step: StepValues<Vector>): Vector {
  if (!site.form) throw new NotDecidable("the path has further endpoints");
  const { ring } = step;
  const [ofX, ofX0] = [step.scalar(site.form.x), step.scalar(site.form.x0)];
  return state.map((v, d) => ring.add(ring.mul(ofX, v), ring.mul(ofX0, x0[d] as Laurent)));
}

/** Coefficients of the local error: the state at t of the rule less that of the exact solution. */
export function localError(algebra: ExactAlgebra): { rule: Vector; exact: Vector } {
  const { next } = algebra.problem.branch.graph;
  if (!next) throw new NotDecidable("the rule has no state");
  return { rule: algebra.step(0).value(next), exact: algebra.exact.x(1) };
}

const tolerance = fixedField.fromNumber(1e-35);
const abs = (x: bigint): bigint => (x < 0n ? -x : x);

/** The largest p such that all coefficients agree through h^p; `known` when no difference is seen. */
export function agreement(
  ring: LaurentRing,
  rule: Vector,
  exact: Vector,
): { readonly order: number; readonly limited: boolean } {
  const known = Math.min(...rule.map((v) => ring.known(v)), ...exact.map((v) => ring.known(v)));
  for (const v of rule)
    for (let n = v.shift; n < 0; n += 1)
      if (abs(ring.coefficient(v, n) ?? 0n) > tolerance) return { order: n - 1, limited: false };
  for (let n = 0; n < known; n += 1)
    for (let d = 0; d < rule.length; d += 1) {
      const a = ring.coefficient(rule[d] as Laurent, n) ?? 0n;
      const b = ring.coefficient(exact[d] as Laurent, n) ?? 0n;
      const size = fixedField.one + abs(a) + abs(b);
      if (abs(a - b) > fixedField.mul(tolerance, size)) return { order: n - 1, limited: false };
    }
  return { order: known - 1, limited: true };
}
