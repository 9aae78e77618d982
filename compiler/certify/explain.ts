// Owns: the reason why a rule misses an order: the first power of h at which it differs from the exact flow, and the
// elementary differential in which it does. First the model is made fast, so that linear parts and schedules do not show;
// where nothing differs then, terms with fewer powers of the model's speed are looked at, which have factors of the linear
// part. Both sides are fitted in the basis of elementary differentials on several random models.

import { isLinearRule } from "./constant.js";
import { localError, type ExactAlgebra, type Vector } from "./exactAlgebra.js";
import type { FamilyName } from "./family.js";
import { fixedField } from "./fixed.js";
import type { GridKind, StatedRatio } from "./gridSeries.js";
import type { Laurent } from "./laurent.js";
import { decided, isVerdict } from "./order.js";
import { makeProblem, settled } from "./problem.js";
import type { Branch } from "./setting.js";
import { differentials, treeName, trees, type Tree } from "./trees.js";

export interface Explanation {
  /** The first power of h that does not agree. */
  readonly power: number;
  /** For example `f''(f, f)`, or `L f` with the linear part L = -1 of dy/dlambda = L y + f, y = x/alpha, f = x0. */
  readonly differential?: string;
  /** Coefficients of that differential. */
  readonly exact?: number;
  readonly rule?: number;
  /** The steps for which the coefficient is said, where it differs between grids. */
  readonly where?: string;
  /** There is no one coefficient: the mismatch differs between schedules, or between grids of the kind in question. */
  readonly varies?: boolean;
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
  const grids = gridsFor(grid);
  /** The steps for which a coefficient is said: where it may be another one with others. */
  const whereOf = (kind: GridKind | StatedRatio): { readonly where?: string } => {
    const open = (grid === "ratios" || grid === "smooth") && branch.depth > 0;
    return open && kind in steps ? { where: steps[kind as keyof typeof steps] } : {};
  };
  for (const kind of grids) {
    for (const split of [false, true]) {
      const fitted = decided(() => fit(branch, family, kind, power, split));
      if (isVerdict(fitted) || fitted === undefined) continue;
      const first = fitted.find(differs);
      if (!first) continue;
      return { power, ...along(branch, fitted, power, first), ...whereOf(kind) };
    }
  }
  for (const kind of grids) {
    const found = decided(() => slowMismatch(branch, family, kind, power));
    if (!isVerdict(found) && found) return { power, ...found, ...(found.varies ? {} : whereOf(kind)) };
  }
  return { power };
}

const differs = ({ exact, rule }: Pair): boolean => Math.abs(exact - rule) > 1e-7;

/** Steps of one length in lambda give plain fractions; where they do not tell, steps of a stated ratio do. */
function gridsFor(grid: GridKind): readonly (GridKind | StatedRatio)[] {
  if (grid === "ratios") return ["lambda", "doubling", "tripling"];
  return grid === "smooth" ? ["lambda", "smooth"] : [grid];
}

const steps = {
  lambda: "with equal steps in lambda",
  doubling: "with every step twice the one before",
  tripling: "with every step three times the one before",
} as const;

/** Coefficients of one elementary differential. */
interface Pair {
  readonly exact: number;
  readonly rule: number;
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
  if (power === 1) return { differential: "the prediction itself", exact, rule };
  const even = fitted.every((f) => Math.abs(f.rule * exact - f.exact * rule) < 1e-7) && isLinearRule(branch);
  const differential = even
    ? `the ${ordinals[power - 2] ?? `${power - 1}th`} derivative of the prediction along the solution`
    : treeName(first.tree);
  return even
    ? { differential, exact: 1 / factorial(power), rule: rule / exact / factorial(power) }
    : { differential, exact, rule };
}

const ordinals = ["first", "second", "third", "fourth", "fifth"];
const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

function fit(
  branch: Branch,
  family: FamilyName,
  grid: GridKind | StatedRatio,
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

/** The coefficient in a term of a series whose power of the model's speed is lower than that of h. */
interface Slow extends Pair {
  readonly name: string;
}

/**
 * The mismatch at h^power in terms with fewer factors of the model: the others are factors of the linear part, if one
 * number is right on every schedule, and of the schedule or the grid otherwise.
 */
function slowMismatch(
  branch: Branch,
  family: FamilyName,
  grid: GridKind | StatedRatio,
  power: number,
): Omit<Explanation, "power"> | undefined {
  for (let speeds = power - 1; speeds >= 0; speeds -= 1) {
    const [one, other] = [1, 2].map((seed) => slowFit({ branch, family, grid, seed, order: power }, speeds));
    if (!one || !other) return { varies: true };
    const at = one.findIndex(differs);
    if (at < 0) continue;
    const { name: differential, exact, rule } = one[at] as Slow;
    const same = other.every((term, i) => Math.abs(term.rule - (one[i] as Slow).rule) < 1e-7);
    return same ? { differential, exact, rule } : { varies: true };
  }
  return undefined;
}

/** Coefficients of the elementary differentials with so many factors of the model, found by interpolation in its speed. */
function slowFit(place: Parameters<typeof makeProblem>[0], speeds: number): readonly Slow[] | undefined {
  const { order: power } = place;
  const basis = Array.from({ length: power - speeds + 1 }, (_, linear) =>
    speeds + linear === 0
      ? []
      : trees(speeds + linear, true, linear).map((tree) => ({ tree, factors: power - speeds - linear })),
  ).flat();
  const all = basis.map(({ tree }) => tree);
  const samples = Array.from({ length: Math.ceil(all.length / 2) + 1 }, (_, i): Sample => {
    const values = Array.from({ length: power + 1 }, (__, k) => {
      const scaled = { ...place, scale: fixedField.one * BigInt(k + 1) };
      const problem = { ...makeProblem(scaled), model: modelOf(scaled, i) };
      const { rule, exact } = localError(settled(problem, power));
      return { exact: overAlpha(exact, power, problem), rule: overAlpha(rule, power, problem) };
    });
    const part = (side: "exact" | "rule"): number[] =>
      (values[0]?.[side] ?? []).map((_v, d) =>
        fixedField.toNumber(monomials(values.map((value) => value[side][d] as bigint))[speeds] as bigint),
      );
    const plain = modelOf({ ...place, scale: fixedField.one }, i);
    return { exact: part("exact"), rule: part("rule"), basis: differentials(plain, all, true) };
  });
  const exact = leastSquares(samples, (sample) => sample.exact, all.length);
  const rule = leastSquares(samples, (sample) => sample.rule, all.length);
  if (!exact || !rule) return undefined;
  return basis.map(({ tree, factors }, i) => {
    // L = -1 acts as a number wherever it stands in a differential.
    const sign = factors % 2 === 0 ? 1 : -1;
    const mark = factors === 0 ? "" : factors === 1 ? "L " : `L^${factors} `;
    return {
      name: `${mark}${treeName(tree)}`,
      exact: sign * (exact[i] as number),
      rule: sign * (rule[i] as number),
    };
  });
}

/** The coefficient of h^n of every component of x/alpha. */
function overAlpha(value: Vector, n: number, { ring, path, grid }: ExactAlgebra["problem"]): bigint[] {
  const alpha = ring.of(path.quantity("alpha", grid.lambda(1)));
  return value.map((v) => ring.coefficient(ring.div(v, alpha), n) ?? 0n);
}

/** Coefficients, lowest first, of the polynomial that has these values at 1, 2, 3, ...; Newton's divided differences. */
function monomials(values: readonly bigint[]): readonly bigint[] {
  const differences = [...values];
  for (let k = 1; k < differences.length; k += 1)
    for (let i = differences.length - 1; i >= k; i -= 1)
      differences[i] = ((differences[i] as bigint) - (differences[i - 1] as bigint)) / BigInt(k);
  let sum: bigint[] = [];
  for (let k = differences.length - 1; k >= 0; k -= 1) {
    // sum * (x - (k + 1)) + differences[k]
    const next = [0n, ...sum];
    sum.forEach((c, i) => (next[i] = (next[i] as bigint) - c * BigInt(k + 1)));
    next[0] = (next[0] as bigint) + (differences[k] as bigint);
    sum = next;
  }
  return sum;
}

const modelOf = (place: Parameters<typeof makeProblem>[0], i: number): ExactAlgebra["problem"]["model"] => {
  const problem = makeProblem(place);
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
