// Owns: the error constant of rules that are linear in their predictions: with a prediction that is a polynomial in one
// variable the rule is a quadrature, and its first error is a combination of derivatives of that prediction.

import { agreement, localError } from "./exactAlgebra.js";
import { fixedField } from "./fixed.js";
import type { FamilyName } from "./family.js";
import { clockModel } from "./model.js";
import { makeProblem, settled } from "./problem.js";
import type { Laurent } from "./laurent.js";
import { isVerdict, decided } from "./order.js";
import type { Branch } from "./setting.js";
import type { Linear, Node } from "../graph/node.js";

export interface ErrorConstant {
  /** The variable of the derivatives and of the step. */
  readonly over: "lambda";
  readonly view: "x0";
  /** error = alpha h^(order+1) * sum of values[k] * (k-th derivative of x0 by lambda). */
  readonly values: readonly number[];
  /** Coefficient of the highest derivative. */
  readonly leading: number;
}

/** No network call depends on the result of another. */
export function isLinearRule(branch: Branch): boolean {
  const holdsCall = (value: Linear): boolean => [...value.terms.keys()].some(callIn);
  const callIn = (node: Node): boolean =>
    node.kind === "call" ||
    (node.kind === "linear" && holdsCall(node.value)) ||
    node.kind === "reduce" ||
    node.kind === "map" ||
    node.kind === "output" ||
    (node.kind === "leaf" && node.leaf.kind === "carry");
  const linear = (value: Linear): boolean =>
    [...value.terms.keys()].every(
      (node) =>
        node.kind === "leaf" ||
        (node.kind === "call" && !holdsCall(node.site.state)) ||
        (node.kind === "linear" && linear(node.value)),
    );
  return branch.graph.next !== undefined && branch.graph.carries.size === 0 && linear(branch.graph.next);
}

/**
 * On grids uniform in lambda. Undefined for rules that are not linear in their predictions, and for those whose error
 * depends on the schedule or on the state besides: two schedules and states must give the same values.
 */
export function errorConstant(branch: Branch, family: FamilyName, order: number): ErrorConstant | undefined {
  if (!isLinearRule(branch)) return undefined;
  const first = coefficients(branch, family, order, 1, fixedField.one / 3n);
  if (!first || first.some(Number.isNaN)) return undefined;
  const second = coefficients(branch, family, order, 2, -fixedField.one / 2n);
  if (!second?.every((value, k) => Math.abs(value - (first[k] as number)) <= 1e-12)) return undefined;
  const values = first.map((value) => (Math.abs(value) <= 1e-30 ? 0 : value));
  return { over: "lambda", view: "x0", values, leading: values[order] as number };
}

/** The coefficient of h^(order+1) in the local error over alpha, for x0 = 1, lambda, lambda^2/2, ... */
function coefficients(
  branch: Branch,
  family: FamilyName,
  order: number,
  seed: number,
  y: bigint,
): readonly number[] | undefined {
  const values = decided(() => {
    const problem = makeProblem({
      branch,
      family,
      grid: "lambda",
      seed,
      order,
      model: (lambda) => clockModel(order, lambda, y),
    });
    const { rule, exact } = localError(settled(problem, order));
    const { ring, path, grid } = problem;
    if (agreement(ring, rule, exact).order < order) return [NaN];
    const alpha = path.quantity("alpha", grid.lambda(0))[0] ?? fixedField.one;
    return rule.map((value, k) => {
      const [a, b] = [value, exact[k] as Laurent].map((v) => ring.coefficient(v, order + 1) ?? 0n) as [
        bigint,
        bigint,
      ];
      return fixedField.toNumber(fixedField.div(b - a, alpha));
    });
  });
  // The state itself does not enter: x0 = 1 carries what is left when the prediction does not move.
  return isVerdict(values) ? undefined : values;
}
