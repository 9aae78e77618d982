// Owns: what a rule integrates: the prediction that may be a constant, or a polynomial in a coordinate, without any error of
// the rule; the coordinate its weights are made of; and whether those weights are closed forms or quadratures.

import { children, symbols, type Expr } from "../algebra/expr.js";
import { SeriesRing, type Series } from "../algebra/series.js";
import type { Linear, Node } from "../graph/node.js";
import { quantityData } from "../graph/quantity.js";
import { agreement, localError } from "./exactAlgebra.js";
import { makeFamily, PathSeries, type FamilyName } from "./family.js";
import { fixedField } from "./fixed.js";
import type { GridKind } from "./gridSeries.js";
import type { Laurent } from "./laurent.js";
import type { Model, Monomial } from "./model.js";
import { decided, isVerdict } from "./order.js";
import { makeProblem, settled } from "./problem.js";
import type { Branch } from "./setting.js";

export const predictions = ["x0", "eps", "flow"] as const;
export const coordinates = ["lambda", "rho", "time"] as const;
export type PredictionName = (typeof predictions)[number];
export type CoordinateName = (typeof coordinates)[number];

/** The prediction and the coordinate in which a rule is exact. */
export interface Integrated {
  /** Predictions that the rule integrates exactly where they are constant along the solution. */
  readonly predictions: readonly PredictionName[];
  /** The coordinate: that of the polynomials, or else the only one its weights read; undefined when there is no one such. */
  readonly over: CoordinateName | undefined;
  /**
   * The largest degree, below the order of the rule, of polynomials in `over` that are integrated exactly; -1 when not even
   * constants are.
   */
  readonly degree: number;
  /** Higher degrees than 0 only where the steps are equal in `over`: the weights are those of equal steps. */
  readonly equalSteps: boolean;
}

const { one } = fixedField;

/** What must vanish: so many powers of h beyond the order of the rule. The first look tells most rules apart at little cost. */
const looks = [
  { seed: 1, margin: 1 },
  { seed: 2, margin: 3 },
] as const;

/** Predictions that are powers of a coordinate u, u^0 .. u^degree, on one kind of grid. */
interface Clock {
  readonly view: PredictionName;
  readonly over: CoordinateName;
  readonly degree: number;
  readonly grid: GridKind;
}

/** Coefficients in lambda - centre of x0 = A y + B_k along which a prediction is u^k, u from its value at the centre. */
function linearModel(
  { view, over, degree }: Clock,
  path: PathSeries,
  length: number,
  centre: bigint,
): { readonly A: Series<bigint>; readonly B: readonly Series<bigint>[] } {
  const ring = new SeriesRing(fixedField, length);
  const lambda = ring.from([centre, one]);
  const u = path.quantity(over, lambda);
  const shift = ring.sub(u, ring.constant(u[0] ?? 0n));
  const powers: Series<bigint>[] = [ring.constant(one)];
  for (let k = 1; k <= degree; k += 1) powers.push(ring.mul(powers[k - 1] as Series<bigint>, shift));
  if (view === "x0") return { A: ring.from([]), B: powers };
  // eps = (y - x0)/rho
  const rho = path.quantity("rho", lambda);
  if (view === "eps") return { A: ring.constant(one), B: powers.map((v) => ring.neg(ring.mul(rho, v))) };
  // flow = alpha' x0 + sigma' eps, and eps as above
  const part = ring.div(path.quantity("sigmaDot", lambda), rho);
  const weight = ring.sub(path.quantity("alphaDot", lambda), part);
  return { A: ring.neg(ring.div(part, weight)), B: powers.map((v) => ring.div(v, weight)) };
}

/** A model with a dimension for every power, linear in y, whose prediction along every solution is that power of u. */
function clockModelOf(
  place: { readonly family: FamilyName; readonly seed: number; readonly length: number },
  clock: Clock,
): (centre: bigint) => Model {
  return (centre) => {
    const { family, seed, length } = place;
    const path = new PathSeries(new SeriesRing(fixedField, length), makeFamily(family, seed, centre), centre);
    const { A, B } = linearModel(clock, path, length, centre);
    const y = B.map((_, k) => one / BigInt(k + 3));
    const none = B.map(() => 0);
    const monomials: Monomial[] = [];
    for (let n = 0; n <= length; n += 1) {
      const a = A[n] ?? 0n;
      const c = B.map((b, k) => (b[n] ?? 0n) + fixedField.mul(a, y[k] as bigint));
      if (c.some((value) => value !== 0n)) monomials.push({ powers: [...none, n], c });
      if (a === 0n) continue;
      B.forEach((_, k) =>
        monomials.push({
          powers: [...none.map((_, i) => (i === k ? 1 : 0)), n],
          c: none.map((_, i) => (i === k ? a : 0n)),
        }),
      );
    }
    return { dimension: B.length, degree: length, y, lambda: centre, monomials };
  };
}

/** The largest k such that the rule has no error through the given order for u^0 .. u^k; -1 when u^0 has. */
function degreeSeen(branch: Branch, family: FamilyName, seen: number, seed: number, clock: Clock): number {
  const found = decided(() => {
    const model = clockModelOf({ family, seed, length: seen + 5 }, clock);
    const problem = makeProblem({ branch, family, grid: clock.grid, seed, order: seen, model });
    const { rule, exact } = localError(settled(problem, seen));
    const wrong = rule.findIndex(
      (value, k) => agreement(problem.ring, [value], [exact[k] as Laurent]).order < seen,
    );
    return wrong < 0 ? clock.degree : wrong - 1;
  });
  return isVerdict(found) ? -1 : found;
}

/** What a rule integrates that has a deterministic order on some kind of grid; the worst of its branches. */
export function integratedBy(all: readonly Branch[], family: FamilyName, order: number): Integrated {
  const exact = (clock: Clock): number => {
    let degree = clock.degree;
    for (const { seed, margin } of looks)
      for (const branch of all) {
        if (degree < 0) return degree;
        degree = Math.min(degree, degreeSeen(branch, family, order + margin, seed, { ...clock, degree }));
      }
    return degree;
  };
  const constant = predictions.filter(
    (view) => exact({ view, over: "lambda", degree: 0, grid: "ratios" }) === 0,
  );
  const read = coordinatesRead(all);
  const hasHistory = all.some((branch) => branch.depth > 0);
  for (const equalSteps of order < 2 ? [] : hasHistory ? [false, true] : [false]) {
    let best: Clock | undefined;
    for (const view of constant)
      for (const over of read.length > 0 ? read : coordinates) {
        const clock: Clock = { view, over, degree: order - 1, grid: equalSteps ? over : "ratios" };
        const degree = exact(clock);
        if (degree > (best?.degree ?? 0)) best = { ...clock, degree };
      }
    if (best) return { predictions: [best.view], over: best.over, degree: best.degree, equalSteps };
  }
  const degree = constant.length > 0 ? 0 : -1;
  return { predictions: constant, over: read.length === 1 ? read[0] : undefined, degree, equalSteps: false };
}

/** Everything the new state is made of. */
function* weightsOf(branch: Branch): Generator<Expr> {
  const seen = new Set<Node>();
  const open: Linear[] = branch.graph.next ? [branch.graph.next] : [];
  for (let value = open.pop(); value; value = open.pop()) {
    yield value.constant;
    for (const [node, weight] of value.terms) {
      yield weight;
      if (seen.has(node)) continue;
      seen.add(node);
      if (node.kind === "linear") open.push(node.value);
      else if (node.kind === "call") open.push(...node.site.inputs);
    }
  }
}

/** Coordinates that the weights of a rule are functions of. */
function coordinatesRead(all: readonly Branch[]): readonly CoordinateName[] {
  const read = new Set<unknown>();
  for (const branch of all)
    for (const weight of weightsOf(branch))
      for (const symbol of symbols(weight)) read.add(quantityData(symbol)?.quantity);
  return coordinates.filter((name) => read.has(name));
}

const isQuadrature = (e: Expr): boolean =>
  (e.kind === "fn" && /^forecast (along|growth) /.test(e.name)) ||
  (e.kind === "binder" && e.name === "integral") ||
  children(e).some(isQuadrature);

/** Is a weight an integral without a closed form, so that its numbers come from Gauss-Kronrod quadrature? */
export const readsQuadrature = (all: readonly Branch[]): boolean =>
  all.some((branch) => [...weightsOf(branch)].some(isQuadrature));
