// Owns: putting a problem together: the point of expansion, a schedule, a grid and a model for a seed, with series long
// enough for the order in question.

import type { ExactAlgebra } from "./exactAlgebra.js";
import { Exact, ExactAlgebra as Algebra, type Carries, type Problem } from "./exactAlgebra.js";
import { carriesRead, formalCarries } from "./carry.js";
import { makeFamily, PathSeries, type FamilyName } from "./family.js";
import { fixedField, Random } from "./fixed.js";
import { makeGrid, type GridKind, type StatedRatio } from "./gridSeries.js";
import { LaurentRing } from "./laurent.js";
import { genericModel, type Model } from "./model.js";
import { middleOfRun, SeriesScalars, type Counters } from "./seriesAlgebra.js";
import type { Branch } from "./setting.js";

export interface Place {
  readonly branch: Branch;
  readonly family: FamilyName;
  readonly grid: GridKind | StatedRatio;
  readonly seed: number;
  /** Orders up to this one are to be seen. */
  readonly order: number;
  readonly counters?: Counters | undefined;
  /** Makes the model fast, see model.ts. */
  readonly scale?: bigint;
  readonly limits?: boolean;
  /** Instead of the generic model. */
  readonly model?: ((lambda: bigint) => Model) | undefined;
  /** Powers of h beyond those that most rules need: products of quotients lose one for every factor. */
  readonly spare?: number;
}

/** Series lose an order at every division by h. */
const guard = 4;

/** `at` moves the point of expansion, which otherwise belongs to the seed. */
export function makeProblem(place: Place, at?: bigint): Problem {
  const { branch, family, grid, seed, order, counters, scale, limits, spare = 0 } = place;
  const ring = new LaurentRing(order + 1 + guard + spare);
  const centre = at ?? fixedField.one / 4n + new Random(seed).value() / 2n;
  const path = new PathSeries(ring.series, makeFamily(family, seed, centre), centre);
  const period = carriesRead(branch).size > 0 ? 3 : 6;
  const points = makeGrid(grid, path, ring.series.variable(), seed, period);
  const steps = new Map<number, SeriesScalars>();
  return {
    ring,
    path,
    grid: points,
    model:
      place.model?.(centre) ??
      genericModel({ degree: order, seed, lambda: centre, ...(scale === undefined ? {} : { scale }) }),
    branch,
    scalars(base) {
      let known = steps.get(base);
      if (!known) {
        known = new SeriesScalars(ring, path, points, base, counters ?? middleOfRun);
        steps.set(base, known);
      }
      return known;
    },
    ...(limits === true ? { limits } : {}),
  };
}

/** The algebra in which the rule's step from s is one of a long run: carries and given predictions as they settle. */
export function settled(problem: Problem, order: number): ExactAlgebra {
  const exact = new Exact(problem);
  const carries: Carries | undefined =
    carriesRead(problem.branch).size > 0 ? formalCarries(problem, exact, order + 1) : undefined;
  let algebra = new Algebra(problem, exact, carries);
  if (!problem.branch.given) return algebra;
  // A prediction that is given by the rule differs from the exact one by the error of its state, and it enters x with
  // a weight O(h): every pass makes one more power of h right, and two see the order of every rule that has one.
  for (let pass = 0; pass < Math.min(order + 1, 3); pass += 1)
    algebra = new Algebra(problem, exact, carries, algebra);
  return algebra;
}
