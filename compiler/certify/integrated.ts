// Owns: what a rule integrates: the prediction that may be a constant, or a polynomial in a coordinate, without any error of
// the rule; the coordinate its weights are made of; and whether those weights are closed forms or quadratures.

import { children, num, one as unit, substitute, symbols, type Expr, type Sym } from "../algebra/expr.js";
import { print } from "../algebra/print.js";
import { SeriesRing, type Series } from "../algebra/series.js";
import { gridLevel } from "../graph/level.js";
import type { Linear, Node } from "../graph/node.js";
import { quantity, quantityData } from "../graph/quantity.js";
import { NOW } from "../lower/forecast.js";
import type { LinearForm } from "../lower/semilinear.js";
import type { Integrand } from "../lower/template.js";
import { agreement, localError } from "./exactAlgebra.js";
import { makeFamily, PathSeries, type FamilyName } from "./family.js";
import { fixedField } from "./fixed.js";
import type { GridKind } from "./gridSeries.js";
import { LaurentRing, type Laurent } from "./laurent.js";
import type { Model, Monomial } from "./model.js";
import { decided, isVerdict } from "./order.js";
import { makeProblem, settled } from "./problem.js";
import { SeriesScalars } from "./seriesAlgebra.js";
import type { Branch } from "./setting.js";

/** A prediction that may be what a rule integrates. */
interface Prediction {
  readonly name: string;
  readonly form: LinearForm;
}

/** Predictions that are tried on every rule; those that an `integrate` names come first. */
const predictions: readonly Prediction[] = [
  { name: "x0", form: { x0: unit, eps: num(0) } },
  { name: "eps", form: { x0: num(0), eps: unit } },
  { name: "flow", form: { x0: quantity("alphaDot", NOW), eps: quantity("sigmaDot", NOW) } },
];

/** A coordinate that may be what a rule interpolates in: an expression at NOW. */
interface Coordinate {
  readonly name: string;
  readonly u: Expr;
}

const uniform = ["lambda", "rho", "time"] as const;
const coordinates = uniform.map((name): Coordinate => ({ name, u: quantity(name, NOW) }));

/** The prediction and the coordinate in which a rule is exact. */
export interface Integrated {
  /** Predictions that the rule integrates exactly where they are constant along the solution. */
  readonly predictions: readonly string[];
  /** The coordinate: that of the polynomials, or else the only one its weights read; undefined when there is no one such. */
  readonly over: string | undefined;
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
  readonly view: Prediction;
  readonly over: Coordinate;
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
  const value = valuesAt(path, ring, lambda);
  const u = value(over.u);
  const shift = ring.sub(u, ring.constant(u[0] ?? 0n));
  const powers: Series<bigint>[] = [ring.constant(one)];
  for (let k = 1; k <= degree; k += 1) powers.push(ring.mul(powers[k - 1] as Series<bigint>, shift));
  // P = Q x0 + R eps with eps = (y - x0)/rho
  const part = ring.div(value(view.form.eps), path.quantity("rho", lambda));
  const weight = ring.sub(value(view.form.x0), part);
  return { A: ring.neg(ring.div(part, weight)), B: powers.map((v) => ring.div(v, weight)) };
}

/** Values of expressions at NOW, where lambda is the given series. */
function valuesAt(
  path: PathSeries,
  series: SeriesRing<bigint>,
  lambda: Series<bigint>,
): (e: Expr) => Series<bigint> {
  const ring = new LaurentRing(series.order);
  const here = { kind: "lambda", period: 1, lambda: () => lambda } as const;
  const scalars = new SeriesScalars(ring, path, here, 0);
  return (e) => {
    const placed = substitute(e, (s) => {
      const data = quantityData(s);
      return data && quantity(data.quantity, gridLevel(0));
    });
    return ring.power(scalars.value(placed));
  };
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
  const [lambda] = coordinates as [Coordinate, ...Coordinate[]];
  const constant = predictionsOf(all).filter(
    (view) => exact({ view, over: lambda, degree: 0, grid: "ratios" }) === 0,
  );
  const read = coordinatesOf(all);
  const hasHistory = all.some((branch) => branch.depth > 0);
  for (const equalSteps of order < 2 ? [] : hasHistory ? [false, true] : [false]) {
    let best: Clock | undefined;
    for (const view of constant)
      for (const over of read.length > 0 ? read : coordinates) {
        const grid = equalSteps ? uniform.find((name) => name === over.name) : "ratios";
        if (!grid) continue;
        const clock: Clock = { view, over, degree: order - 1, grid };
        const degree = exact(clock);
        if (degree > (best?.degree ?? 0)) best = { ...clock, degree };
      }
    if (best) return { predictions: [best.view.name], over: best.over.name, degree: best.degree, equalSteps };
  }
  const degree = constant.length > 0 ? 0 : -1;
  return {
    predictions: constant.map(({ name }) => name),
    over: read.length === 1 ? read[0]?.name : undefined,
    degree,
    equalSteps: false,
  };
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

const integrands = (all: readonly Branch[]): readonly Integrand[] =>
  all.flatMap(({ graph }) => graph.integrands);

/** Predictions that a rule may integrate: those that it names, and the usual ones. */
function predictionsOf(all: readonly Branch[]): readonly Prediction[] {
  const known = new Set(predictions.map(({ name }) => name));
  const named = integrands(all).filter(({ name }) => !known.has(name) && known.add(name));
  return [...named, ...predictions];
}

/** Coordinates of its interpolants, and those that its other weights are functions of. */
function coordinatesOf(all: readonly Branch[]): readonly Coordinate[] {
  const found = new Map<Expr, Coordinate>();
  for (const { over } of integrands(all)) {
    // One that is measured from a point of the step is no function of the place alone.
    if (!over || [...symbols(over)].some((s) => quantityData(s)?.level !== NOW)) continue;
    found.set(over, { name: print(over).replaceAll("[now]", ""), u: over });
  }
  const read = new Set<unknown>();
  const seen = new Set<Expr>();
  for (const branch of all)
    for (const weight of weightsOf(branch))
      for (const symbol of symbolsOutside(weight, seen)) read.add(quantityData(symbol)?.quantity);
  for (const coordinate of coordinates) if (read.has(coordinate.name)) found.set(coordinate.u, coordinate);
  return [...found.values()];
}

/** Quadratures run over time or lambda, whatever they interpolate in. */
function* symbolsOutside(e: Expr, seen: Set<Expr>): Generator<Sym> {
  if (seen.has(e) || isForecastBy(e)) return;
  seen.add(e);
  if (e.kind === "sym") yield e;
  for (const child of children(e)) yield* symbolsOutside(child, seen);
}

const isForecastBy = (e: Expr): boolean => e.kind === "fn" && /^forecast (along|growth) /.test(e.name);

const isQuadrature = (e: Expr): boolean =>
  isForecastBy(e) || (e.kind === "binder" && e.name === "integral") || children(e).some(isQuadrature);

/** Is a weight an integral without a closed form, so that its numbers come from Gauss-Kronrod quadrature? */
export const readsQuadrature = (all: readonly Branch[]): boolean =>
  all.some((branch) => [...weightsOf(branch)].some(isQuadrature));
