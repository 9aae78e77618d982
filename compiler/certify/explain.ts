// Owns: the reason why a rule misses an order: the first power of h at which it differs from the exact flow, and the
// elementary differential in which it does. The model is made fast, so that linear parts and schedules do not show, and
// both sides are fitted in the basis of elementary differentials on several random models.

import { isLinearRule } from "./constant.js";
import { localError, type ExactAlgebra, type Vector } from "./exactAlgebra.js";
import type { FamilyName } from "./family.js";
import { fixedField } from "./fixed.js";
import type { GridKind } from "./gridSeries.js";
import type { Laurent } from "./laurent.js";
import { decided, isVerdict } from "./order.js";
import { makeProblem, settled } from "./problem.js";
import type { Branch } from "./setting.js";
import { differentials, treeName, trees, type Tree } from "./trees.js";

export interface Explanation {
  /** The first power of h that does not agree. */
  readonly power: number;
  /** For example `f''(f, f)`; absent where only the schedule's own terms differ. */
  readonly differential?: string;
  /** Coefficients of that differential. */
  readonly exact?: number;
  readonly rule?: number;
}

const speed = fixedField.one << 45n;

interface Sample {
  readonly exact: readonly number[];
  readonly rule: readonly number[];
  readonly basis: readonly number[][];
}

export function explain(branch: Branch, family: FamilyName, grid: GridKind, order: number): Explanation {
  const power = order + 1;
  if (power < 1 || power > 6) return { power };
  // Grids uniform in lambda give plain fractions; arbitrary ratios are taken where only they tell.
  for (const kind of [
    ...new Set<GridKind>([grid === "ratios" || grid === "smooth" ? "lambda" : grid, grid]),
  ]) {
    for (const split of [false, true]) {
      const fitted = decided(() => fit(branch, family, kind, power, split));
      if (isVerdict(fitted) || fitted === undefined) continue;
      const first = fitted.find(({ exact, rule }) => Math.abs(exact - rule) > 1e-7);
      if (!first) continue;
      return { power, ...along(branch, fitted, power, first) };
    }
  }
  return { power };
}

interface Fitted {
  readonly tree: Tree;
  readonly exact: number;
  readonly rule: number;
}

/** Rules linear in their predictions differ in a whole derivative along the solution. */
function along(
  branch: Branch,
  fitted: readonly Fitted[],
  power: number,
  first: Fitted,
): { differential: string; exact: number; rule: number } {
  const { exact, rule } = first;
  const even = fitted.every((f) => Math.abs(f.rule * exact - f.exact * rule) < 1e-7);
  const differential =
    even && power > 1 && isLinearRule(branch)
      ? `the ${ordinals[power - 2] ?? `${power - 1}th`} derivative of the prediction along the solution`
      : treeName(first.tree);
  return even && power > 1 && isLinearRule(branch)
    ? { differential, exact: 1 / factorial(power), rule: rule / exact / factorial(power) }
    : { differential, exact, rule };
}

const ordinals = ["first", "second", "third", "fourth", "fifth"];
const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

function fit(
  branch: Branch,
  family: FamilyName,
  grid: GridKind,
  power: number,
  split: boolean,
): readonly Fitted[] | undefined {
  const all = trees(power, split);
  const count = Math.ceil(all.length / 2) + 1;
  const samples = Array.from({ length: count }, (_, i): Sample => {
    // One grid, several models.
    const place = { branch, family, grid, seed: 1, order: power, scale: speed };
    const problem = { ...makeProblem(place), model: modelOf(place, i) };
    const plain = modelOf({ ...place, scale: fixedField.one }, i);
    const { rule, exact } = localError(settled(problem, power));
    return {
      exact: coefficients(exact, power, problem),
      rule: coefficients(rule, power, problem),
      basis: differentials(plain, all, split),
    };
  });
  const exact = leastSquares(samples, (sample) => sample.exact, all.length);
  const rule = leastSquares(samples, (sample) => sample.rule, all.length);
  if (!exact || !rule) return undefined;
  return all.map((tree, i) => ({ tree, exact: exact[i] as number, rule: rule[i] as number }));
}

const modelOf = (place: Parameters<typeof makeProblem>[0], i: number): ExactAlgebra["problem"]["model"] => {
  const problem = makeProblem({ ...place, seed: 1 });
  return makeProblem({ ...place, seed: 100 + i, model: undefined }, problem.model.lambda).model;
};

/** The part of the coefficient of h^n that grows with the n-th power of the model's speed, in y = x/alpha. */
function coefficients(value: Vector, n: number, problem: ExactAlgebra["problem"]): number[] {
  const { ring, path, grid } = problem;
  const alpha = path.quantity("alpha", grid.lambda(0))[0] ?? fixedField.one;
  const fast = fixedField.mul(alpha, fixedField.pow(speed, BigInt(n) * fixedField.one));
  return value.map((v: Laurent) => fixedField.toNumber(fixedField.div(ring.coefficient(v, n) ?? 0n, fast)));
}

/** Coefficients of the basis, or undefined when the values are not in its span. */
function leastSquares(
  samples: readonly Sample[],
  value: (sample: Sample) => readonly number[],
  size: number,
): number[] | undefined {
  const rows: number[][] = [];
  const right: number[] = [];
  for (const sample of samples)
    value(sample).forEach((y, d) => {
      rows.push(sample.basis.map((tree) => tree[d] as number));
      right.push(y);
    });
  // Gram-Schmidt, twice for accuracy.
  const columns = Array.from({ length: size }, (_, k) => rows.map((row) => row[k] as number));
  const q: number[][] = [];
  const r = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  const dot = (a: readonly number[], b: readonly number[]): number =>
    a.reduce((s, x, i) => s + x * (b[i] as number), 0);
  for (const [k, column] of columns.entries()) {
    let v = column;
    for (let pass = 0; pass < 2; pass += 1)
      for (const [j, u] of q.entries()) {
        const c = dot(u, v);
        (r[j] as number[])[k] = ((r[j] as number[])[k] as number) + c;
        v = v.map((x, i) => x - c * (u[i] as number));
      }
    const length = Math.sqrt(dot(v, v));
    if (length < 1e-9 * Math.sqrt(dot(column, column)) || length === 0) return undefined;
    (r[k] as number[])[k] = length;
    q.push(v.map((x) => x / length));
  }
  const solution = new Array<number>(size).fill(0);
  for (let k = size - 1; k >= 0; k -= 1) {
    let s = dot(q[k] as number[], right);
    for (let j = k + 1; j < size; j += 1) s -= ((r[k] as number[])[j] as number) * (solution[j] as number);
    solution[k] = s / ((r[k] as number[])[k] as number);
  }
  const scale = Math.sqrt(dot(right, right)) + 1e-300;
  const miss = rows.map((row, i) => dot(row, solution) - (right[i] as number));
  return Math.sqrt(dot(miss, miss)) < 1e-7 * scale + 1e-9 ? solution : undefined;
}

/** A number as a person writes it: a small fraction where it is one. */
export function fraction(x: number): string {
  for (let d = 1; d <= 5040; d += 1) {
    const n = Math.round(x * d);
    if (Math.abs(x - n / d) < 1e-9) return d === 1 ? String(n) : `${n}/${d}`;
  }
  return x.toPrecision(4).replace(/\.?0+$/, "");
}
