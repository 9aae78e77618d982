// Owns: the weak order certificate. The moments of a step are compared with those of the reverse SDE whose noise level
// the rule has. Rules with history start as many steps back as they read, with the exact joint law of the states between
// (mathematics.md, section 5).

import type { Series } from "../algebra/series.js";
import type { Problem } from "./exactAlgebra.js";
import { NotDecidable } from "./evaluateStep.js";
import { makeFamily, PathSeries } from "./family.js";
import { fixedField, Random } from "./fixed.js";
import { degreeU, degreeV, Generator } from "./generator.js";
import { makeGrid, type GridKind } from "./gridSeries.js";
import { LaurentRing } from "./laurent.js";
import { exponents, type Model } from "./model.js";
import { noiseLevel } from "./noise.js";
import { decided, isVerdict, type Verdict } from "./order.js";
import { middleOfRun, SeriesScalars } from "./seriesAlgebra.js";
import { branches, type Branch, type Setting } from "./setting.js";
import { WeakAlgebra } from "./weakAlgebra.js";
import {
  constantPolynomial,
  mostIncrements,
  powerOfE,
  WeakRing,
  zeroPolynomial,
  type WeakPolynomial,
} from "./weakPolynomial.js";

const { one } = fixedField;
export const highestWeakOrder = 3;

export interface WeakQuestion {
  readonly setting: Setting;
  readonly grid: GridKind;
  /** Orders above this one are not told apart. */
  readonly limit?: number;
}

/** The first moment of a step that differs from the exact one. */
export interface WeakMismatch {
  /** 1 is the mean. */
  readonly moment: number;
  /** The power of h, in halves. */
  readonly power: number;
  /** Where the drift is that of another noise level: how many times the noise of that level is added; Infinity for that of the flow. */
  readonly noise?: number;
}

export type WeakVerdict =
  | Exclude<Verdict, { kind: "order" }>
  | { readonly kind: "order"; readonly order: number; readonly mismatch?: WeakMismatch };

interface Found {
  readonly order: number;
  readonly mismatch?: WeakMismatch;
}

/** The weak order of a rule on generic schedules of a family; of several branches the lowest. */
export function certifyWeakOrder(question: WeakQuestion): WeakVerdict {
  let lowest: Found | undefined;
  for (const branch of branches(question.setting)) {
    const found = weakOrderOfBranch(branch, question);
    if (found.kind !== "order") return found;
    if (!lowest || found.order < lowest.order) lowest = found;
  }
  return lowest ? { kind: "order", ...lowest } : { kind: "undecided", why: "the rule has no branch" };
}

/** The weak order of one branch of a rule. */
export function weakOrderOfBranch(branch: Branch, question: WeakQuestion): WeakVerdict {
  const limit = Math.min(question.limit ?? highestWeakOrder, highestWeakOrder);
  const found = overSeeds((seed) => weakOrder(branch, question, seed, limit));
  return "kind" in found ? found : { kind: "order", ...found };
}

const lower = (a: Found, b: Found): Found => (b.order < a.order ? b : a);

/** Noise is written for a time that falls (with f and g), or for one that rises; odd seeds have the latter. */
function overSeeds(work: (seed: number) => Found): Found | Exclude<Verdict, { kind: "order" }> {
  const both = (a: number, b: number): Found | Verdict => decided(() => lower(work(a), work(b)));
  const falling = both(2, 4);
  const found = isVerdict(falling) ? both(1, 3) : falling;
  return isVerdict(found) ? (falling as Exclude<Verdict, { kind: "order" }>) : found;
}

/** Series in e lose up to two orders at a division by h. */
const guard = 8;

function weakProblem(branch: Branch, question: WeakQuestion, seed: number, weight: number): Problem {
  const ring = new LaurentRing(weight + guard);
  const centre = one / 4n + new Random(seed).value() / 2n;
  const path = new PathSeries(ring.series, makeFamily(question.setting.family, seed, centre), centre);
  const grid = makeGrid(question.grid, path, ring.series.from([0n, 0n, one]), seed);
  const steps = new Map<number, SeriesScalars>();
  return {
    ring,
    path,
    grid,
    model: scalarModel(seed, weight, centre),
    branch,
    scalars(base) {
      let known = steps.get(base);
      if (!known) {
        known = new SeriesScalars(ring, path, grid, base, middleOfRun);
        steps.set(base, known);
      }
      return known;
    },
  };
}

/** One dimension, monomials u^i v^j with i + 2 j at most `weight`. */
function scalarModel(seed: number, weight: number, lambda: bigint): Model {
  const random = new Random(7000 + seed);
  const y = [random.value()];
  const monomials = exponents(2, weight)
    .filter(([i = 0, j = 0]) => i + 2 * j <= weight)
    .map((powers) => ({ powers, c: [random.value()] }));
  return { dimension: 1, degree: weight, y, lambda, monomials };
}

function weakOrder(branch: Branch, question: WeakQuestion, seed: number, limit: number): Found {
  const { mismatch, tau } = firstMismatch(branch, question, seed, limit, seed);
  if (!mismatch) return { order: limit };
  const order = Math.ceil(mismatch.power / 2) - 1;
  if (mismatch.power !== 2 || tau === undefined) return { order, mismatch };
  // A drift (1 + tau^2)(x0 - y) with another tau has that tau for every model.
  const other = firstMismatch(branch, question, seed, limit, seed + 50).tau;
  const one = other && Math.abs(other.drift - tau.drift) < 1e-9;
  if (!one || tau.noise < 1e-12 || tau.drift < -1e-9) return { order, mismatch };
  const noise = tau.drift < 1e-9 ? Infinity : Math.sqrt(tau.noise / tau.drift);
  return { order, mismatch: { ...mismatch, noise } };
}

interface Compared {
  readonly mismatch?: WeakMismatch;
  /** tau^2 at the point of expansion: by the noise that is added, and by the mean of the step. */
  readonly tau?: { readonly noise: number; readonly drift: number };
}

function firstMismatch(
  branch: Branch,
  question: WeakQuestion,
  seed: number,
  limit: number,
  modelSeed: number,
): Compared {
  const weight = 2 * limit + 1;
  const place = weakProblem(branch, question, seed, weight);
  const problem = { ...place, model: scalarModel(modelSeed, weight, place.model.lambda) };
  const { depth } = branch;
  const { next } = branch.graph;
  if (!next) throw new NotDecidable("the rule has no state");
  if (depth > mostIncrements) throw new NotDecidable("more history than is followed in law");
  const ring = new WeakRing(weight);
  // Increment i leads from grid point i - depth to the next; y starts at its point of expansion.
  const deviation = (at: number): WeakPolynomial => {
    if (at < -depth || at > 0) throw new NotDecidable("a state that is not followed in law");
    return Array.from({ length: at + depth }, (_, i) => ring.symbol(i)).reduce(
      (sum, symbol) => ring.add(sum, symbol),
      zeroPolynomial,
    );
  };
  const algebra = new WeakAlgebra(problem, ring, deviation);
  const x = algebra.step(0).value(next);
  const alpha = problem.ring.of(problem.path.quantity("alpha", problem.grid.lambda(1)));
  const inverse = ring.series(problem.ring.div(problem.ring.constant(one), alpha));
  const numeric = ring.sub(ring.mul(inverse, x), constantPolynomial(problem.model.y[0] as bigint));
  const level = noiseLevel(problem, limit + 2);
  const law = new Law(problem, ring, new Generator(problem.model, level, weight));
  const increments = Array.from({ length: depth }, (_, i) => law.increment(deviation(i - depth), i - depth));
  const expectation = (polynomial: WeakPolynomial): WeakPolynomial => {
    let value = ring.overSymbols(polynomial, (symbol, power) => algebra.moment(symbol, power));
    for (let i = depth - 1; i >= 0; i -= 1)
      value = ring.replace(value, i, (power) => increments[i]?.[power] ?? zeroPolynomial);
    return value;
  };

  let first: WeakMismatch | undefined;
  /** By how much the mean of a step is wrong at h. */
  let gap = 0n;
  let power: WeakPolynomial = constantPolynomial(one);
  for (let m = 1; m <= weight; m += 1) {
    power = ring.mul(power, numeric);
    const difference = ring.sub(expectation(power), law.moment(m, zeroPolynomial, -depth, 1));
    for (const [key, c] of difference) {
      const n = powerOfE(key);
      if (m === 1 && n === 2) gap = c;
      const differs = n <= 2 * limit && (c > tolerance || c < -tolerance);
      if (differs && (!first || n < first.power)) first = { moment: m, power: n };
    }
  }
  if (!first) return {};
  const { y, monomials } = problem.model;
  const x0 = monomials.find(({ powers }) => powers.every((p) => p === 0))?.c[0] ?? 0n;
  const noise = fixedField.toNumber(level[0] ?? 0n);
  const drift = noise + fixedField.toNumber(fixedField.div(gap, x0 - (y[0] as bigint)));
  return { mismatch: first, tau: { noise, drift } };
}

const tolerance = fixedField.fromNumber(1e-30);

/** Moments of the exact solution between grid points. */
class Law {
  constructor(
    readonly problem: Problem,
    readonly ring: WeakRing,
    readonly generator: Generator,
  ) {}

  #series(value: Series<bigint>): WeakPolynomial {
    return this.ring.series({ shift: 0, c: value });
  }

  /** E[u'^power | u] from one grid point to another; u is a polynomial in older increments. */
  moment(power: number, u: WeakPolynomial, from: number, to: number): WeakPolynomial {
    const { ring, problem } = this;
    const { series } = problem.ring;
    const { weight } = ring;
    const [start, end] = [problem.grid.lambda(from), problem.grid.lambda(to)];
    const us = ring.powers(u, weight);
    const vs = ring.powers(
      this.#series(series.sub(start, series.constant(problem.model.lambda))),
      weight >> 1,
    );
    const steps = ring.powers(this.#series(series.sub(end, start)), weight >> 1);
    let sum: WeakPolynomial = zeroPolynomial;
    this.generator.moment(power).forEach((f, k) => {
      for (const [key, c] of f) {
        const [i, j] = [degreeU(key), degreeV(key)];
        if (i + 2 * (j + k) > weight) continue;
        const place = ring.mul(us[i] as WeakPolynomial, vs[j] as WeakPolynomial);
        sum = ring.add(sum, ring.scale(ring.mul(place, steps[k] as WeakPolynomial), c));
      }
    });
    return sum;
  }

  /** E[(u' - u)^power | u] for all powers, from a grid point to the next. */
  increment(u: WeakPolynomial, from: number): readonly WeakPolynomial[] {
    const { ring } = this;
    const plain = Array.from({ length: ring.weight + 1 }, (_, power) =>
      this.moment(power, u, from, from + 1),
    );
    const minus = ring.powers(ring.scale(u, -one), ring.weight);
    return plain.map((_, power) => {
      let sum: WeakPolynomial = zeroPolynomial;
      for (let k = 0; k <= power; k += 1) {
        const term = ring.mul(minus[power - k] as WeakPolynomial, plain[k] as WeakPolynomial);
        sum = ring.add(sum, ring.scale(term, binomial(power, k) * one));
      }
      return sum;
    });
  }
}

function binomial(n: number, k: number): bigint {
  let value = 1n;
  for (let i = 0; i < k; i += 1) value = (value * BigInt(n - i)) / BigInt(i + 1);
  return value;
}
