// Owns: the random symbols of a step. Draws are independent; increments of one Brownian path are sums over the pieces
// between its points, so overlapping increments share pieces. Also the noise level of the SDE that a rule approximates.

import type { Series } from "../algebra/series.js";
import type { BrownianLeaf, Leaf } from "../graph/node.js";
import { leafKey } from "../graph/node.js";
import type { Problem } from "./exactAlgebra.js";
import { NotDecidable, StepValues, type TensorAlgebra } from "./evaluateStep.js";
import { fixedField } from "./fixed.js";
import type { GridSeries } from "./gridSeries.js";
import type { Laurent } from "./laurent.js";
import { middleOfRun, SeriesScalars } from "./seriesAlgebra.js";

/** A symbol with its coefficient in a standardized draw. */
type Share = readonly [symbol: string, coefficient: Laurent];

/** A draw as a combination of independent standard symbols. */
export function sharesOf(leaf: Leaf, problem: Problem, scalars: SeriesScalars): readonly Share[] {
  if (leaf.kind === "draw") {
    if (leaf.fixed) throw new NotDecidable("noise that stays the same in every step");
    return [[`${leaf.distribution} ${leafKey(leaf)}`, problem.ring.constant(fixedField.one)]];
  }
  return leaf.kind === "brownian" ? brownianShares(leaf, problem, scalars) : [];
}

function brownianShares(leaf: BrownianLeaf, problem: Problem, scalars: SeriesScalars): readonly Share[] {
  const { ring } = problem;
  const clocks: Laurent[] = [];
  for (const increment of problem.branch.graph.increments) {
    if (increment.path !== leaf.path) continue;
    for (const e of [increment.fromValue, increment.toValue]) {
      const value = scalars.value(e);
      if (!clocks.some((known) => ring.sign(ring.sub(known, value)) === 0)) clocks.push(value);
    }
  }
  clocks.sort((a, b) => ring.sign(ring.sub(a, b)));
  const [from, to] = [scalars.value(leaf.fromValue), scalars.value(leaf.toValue)];
  const up = ring.sign(ring.sub(to, from)) > 0;
  const [low, high] = up ? [from, to] : [to, from];
  const whole = scalars.apply("sqrt", [ring.sub(high, low)]);
  const sign = ring.constant(up ? fixedField.one : -fixedField.one);
  return clocks.slice(1).flatMap((end, i): Share[] => {
    const start = clocks[i] as Laurent;
    if (ring.sign(ring.sub(start, low)) < 0 || ring.sign(ring.sub(end, high)) > 0) return [];
    const piece = scalars.apply("sqrt", [ring.sub(end, start)]);
    return [[`normal ${leaf.path} ${i}`, ring.mul(sign, ring.div(piece, whole))]];
  });
}

/** The part of a value that is linear in the draws of its own step; predictions do not count. */
class NoisePart implements TensorAlgebra<ReadonlyMap<string, Laurent>> {
  constructor(readonly problem: Problem) {}

  combine(
    terms: readonly (readonly [Laurent, ReadonlyMap<string, Laurent>])[],
  ): ReadonlyMap<string, Laurent> {
    const { ring } = this.problem;
    const sum = new Map<string, Laurent>();
    for (const [factor, value] of terms)
      for (const [symbol, c] of value) {
        const term = ring.mul(factor, c);
        const before = sum.get(symbol);
        sum.set(symbol, before ? ring.add(before, term) : term);
      }
    return sum;
  }

  leaf(leaf: Leaf, step: StepValues<ReadonlyMap<string, Laurent>>): ReadonlyMap<string, Laurent> {
    return new Map(sharesOf(leaf, this.problem, step.scalars));
  }

  call(): ReadonlyMap<string, Laurent> {
    return new Map();
  }

  reduce(fn: string): ReadonlyMap<string, Laurent> {
    throw new NotDecidable(`\`${fn}\` makes a coefficient depend on the data`);
  }

  map(fn: string): ReadonlyMap<string, Laurent> {
    throw new NotDecidable(`\`${fn}\` of tensors has no weak order`);
  }
}

/** The variance of x[t] given x[s], to leading order. */
function variance(problem: Problem, scalars: SeriesScalars): Laurent {
  const { ring, branch } = problem;
  if (!branch.graph.next) throw new NotDecidable("the rule has no state");
  const part = new StepValues(scalars, new NoisePart(problem)).value(branch.graph.next);
  return [...part.values()].reduce((sum, c) => ring.add(sum, ring.mul(c, c)), ring.zero);
}

/**
 * Taylor coefficients in lambda of tau^2 = lim variance/(2 (lambda_t - lambda_s) sigma^2). With s one step h away from
 * the point of expansion and t a share of a step further, each coefficient is a polynomial in the share, taken at 0.
 * The series variable is e with h = e^2.
 */
export function noiseLevel(problem: Problem, count: number): Series<bigint> {
  const { ring, path } = problem;
  const { series } = ring;
  const shares = Array.from({ length: count + 2 }, (_, k) => fixedField.one / BigInt(k + 1));
  const values = shares.map((share): Laurent => {
    const grid: GridSeries = {
      kind: "lambda",
      period: 1,
      lambda: (j) =>
        series.add(series.constant(path.centre), series.from([0n, 0n, fixedField.one + BigInt(j) * share])),
    };
    const scalars = new SeriesScalars(ring, path, grid, 0, middleOfRun);
    const sigma = ring.of(path.quantity("sigma", grid.lambda(0)));
    const step = ring.of(series.from([0n, 0n, 2n * share]));
    const v = variance(problem, scalars);
    return v === ring.zero ? v : ring.div(v, ring.mul(step, ring.mul(sigma, sigma)));
  });
  if (values.some((v) => !fixedField.isZero(ring.coefficient(v, -2) ?? 0n)))
    throw new NotDecidable("the noise of a step does not shrink with the step");
  return Array.from({ length: count }, (_, n) =>
    atZero(
      shares,
      values.map((v) => ring.coefficient(v, 2 * n) ?? 0n),
    ),
  );
}

/** The value at 0 of the polynomial through the points. */
function atZero(xs: readonly bigint[], ys: readonly bigint[]): bigint {
  return xs.reduce((sum, x, j) => {
    let weight = ys[j] as bigint;
    xs.forEach((other, k) => {
      if (k !== j) weight = fixedField.div(fixedField.mul(weight, -other), x - other);
    });
    return sum + weight;
  }, 0n);
}
