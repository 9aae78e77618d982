// Owns: the exact mean and variance of what a sampler returns when the data are Gaussian. The ideal network is then
// affine in its state, so every step is an affine map of the state before, the history and independent draws, and
// moments are propagated in closed form: nothing is sampled (mathematics.md, section 6).

import type { Expr } from "../algebra/expr.js";
import type { Leaf, Linear, Node } from "../graph/node.js";
import { demandOf, exported, requestKey, source, stepAt, type Request } from "../link/demand.js";
import { numberAt, pruned } from "../link/prune.js";
import type { PathPoint } from "../path/path.js";
import type { LoweredRun, RunStep } from "../sampler/run.js";
import { NotDecidable } from "./evaluateStep.js";

/** Data distributed as N(mean, variance) in every dimension, dimensions independent. */
export interface GaussianTarget {
  readonly mean: number;
  readonly variance: number;
}

export interface Moments {
  readonly mean: number;
  readonly std: number;
}

export interface GaussianOptions {
  /** `marginal` starts from the exact distribution at the start of the grid; `given` (the default) as the sampler does. */
  readonly start?: "given" | "marginal";
}

/** mean + sum of weights[k] z_k, the z_k independent standard normal. */
interface Affine {
  readonly mean: number;
  readonly weights: Float64Array;
}

const noWeights = new Float64Array(0);

/** mean and standard deviation of alpha x0 + sigma eps. */
export function marginal({ mean, variance }: GaussianTarget, { alpha, sigma }: PathPoint): Moments {
  return { mean: alpha * mean, std: Math.hypot(alpha * Math.sqrt(variance), sigma) };
}

/** E[x0 | x] = constant + slope x for x = alpha x0 + sigma eps. */
export function posterior(
  { mean, variance }: GaussianTarget,
  { alpha, sigma }: Pick<PathPoint, "alpha" | "sigma">,
): { readonly constant: number; readonly slope: number } {
  const total = alpha ** 2 * variance + sigma ** 2;
  // Data without spread and a level without noise: the state is the data.
  const slope = total === 0 ? 1 / alpha : (alpha * variance) / total;
  return { constant: mean - slope * alpha * mean, slope };
}

/**
 * Mean and standard deviation of the state at every point of the grid, float64, in the order of the grid. The network
 * is the exact posterior mean in the sampler's own parameterization; conditions and variants change nothing.
 * @throws NotDecidable when a step is not affine in the state (thresholds, norms), reads inputs, or draws noise that is
 *   not normal.
 */
export function propagateGaussian(
  run: LoweredRun,
  target: GaussianTarget,
  options: GaussianOptions = {},
): readonly Moments[] {
  const propagation = new Propagation(run, target, options);
  // In the order of the steps, so that no recursion is deeper than one step's history.
  return run.sampler.grid.map((_, point) => {
    const { mean, weights } = propagation.value({ step: point - 1, what: { kind: "next" } });
    propagation.prepare(point);
    return { mean, std: Math.hypot(...weights) };
  });
}

class Propagation {
  readonly #values = new Map<string, Affine>();
  readonly #nodes = new Map<string, Affine>();
  readonly #draws = new Map<string, number>();
  readonly #demand: ReturnType<typeof demandOf>;

  constructor(
    readonly run: LoweredRun,
    readonly target: GaussianTarget,
    readonly options: GaussianOptions,
  ) {
    this.#demand = demandOf(run);
  }

  /** Makes what later steps will read of a step. */
  prepare(step: number): void {
    if (step >= this.run.steps.length) return;
    for (const request of this.#demand.byStep[step + 1]?.values() ?? []) this.value(request);
  }

  value(request: Request): Affine {
    const key = requestKey(request);
    const known = this.#values.get(key);
    if (known) return known;
    const start = request.step < 0 && request.what.kind === "next" && this.options.start === "marginal";
    const value = start
      ? this.#start()
      : this.#linear(exported(this.run, request), stepAt(this.run, request.step), request.step);
    this.#values.set(key, value);
    return value;
  }

  #start(): Affine {
    const { mean, std } = marginal(this.target, this.run.sampler.grid[0] as PathPoint);
    const { weights } = this.#draw("start");
    return { mean, weights: weights.map((w) => w * std) };
  }

  #draw(key: string): Affine {
    const index = this.#draws.get(key) ?? this.#draws.size;
    this.#draws.set(key, index);
    const weights = new Float64Array(index + 1);
    weights[index] = 1;
    return { mean: 0, weights };
  }

  #linear(value: Linear, step: RunStep, index: number): Affine {
    const { terms, constant } = pruned(value, step);
    return combine(
      terms.map(({ node, coefficient }) => [numberAt(coefficient, step), this.#node(node, step, index)]),
      numberAt(constant, step),
    );
  }

  #node(node: Node, step: RunStep, index: number): Affine {
    const key = `${index}:${node.id}`;
    const known = this.#nodes.get(key);
    if (known) return known;
    const value = this.#compute(node, step, index);
    this.#nodes.set(key, value);
    return value;
  }

  #compute(node: Node, step: RunStep, index: number): Affine {
    switch (node.kind) {
      case "leaf":
        return this.#leaf(node.leaf, index);
      case "linear":
        return this.#linear(node.value, step, index);
      case "call": {
        const { site } = node;
        if (!site.form) throw new NotDecidable("the network's prediction is not linear in x and x0");
        const point = step.numbers.point(site.level);
        const { constant, slope } = posterior(this.target, point);
        const [x, x0] = [site.form.x, site.form.x0].map((e: Expr) => numberAt(e, step)) as [number, number];
        return combine([[x + x0 * slope, this.#linear(site.state, step, index)]], x0 * constant);
      }
      case "map":
        throw new NotDecidable(`\`${node.fn}\` of tensors is not affine`);
      case "reduce":
        throw new NotDecidable(`\`${node.fn}\` makes a weight depend on the sample`);
      case "output":
        throw new NotDecidable(`nothing is known of the network's further output \`${node.output}\``);
    }
  }

  #leaf(leaf: Leaf, index: number): Affine {
    if (leaf.kind === "draw") {
      if (leaf.distribution !== "normal")
        throw new NotDecidable(`\`${leaf.distribution}\` noise is not normal`);
      return this.#draw(`${leaf.fixed ? "run" : index} ${leaf.path} ${leaf.pass}`);
    }
    const request = source(this.run, index, leaf);
    if (!request) throw new NotDecidable("the sampler reads an input");
    return this.value(request);
  }
}

function combine(terms: readonly (readonly [number, Affine])[], constant: number): Affine {
  let mean = constant;
  const length = Math.max(0, ...terms.map(([, value]) => value.weights.length));
  const weights = length === 0 ? noWeights : new Float64Array(length);
  for (const [factor, value] of terms) {
    mean += factor * value.mean;
    for (let k = 0; k < value.weights.length; k += 1)
      weights[k] = (weights[k] as number) + factor * (value.weights[k] as number);
  }
  return { mean, weights };
}

/** Differences from the exact distribution at the end of the grid: the sampler's moments minus the exact ones. */
export interface GaussianError {
  readonly mean: number;
  readonly std: number;
}

export interface GaussianReport {
  readonly target: GaussianTarget;
  readonly exact: Moments;
  /** Of a run as the sampler makes it. */
  readonly total: GaussianError;
  /** Of a run from the exact distribution at the start of the grid: the error of the steps alone. */
  readonly steps: GaussianError;
}

/**
 * The error of the whole run and of its steps alone on a Gaussian target. The ODE and every reverse SDE carry the exact
 * marginal at the start to the exact marginal at the end, so both are measured against that.
 * @throws NotDecidable as `propagateGaussian` does.
 */
export function gaussianReport(run: LoweredRun, target: GaussianTarget): GaussianReport {
  const exact = marginal(target, run.sampler.grid.at(-1) as PathPoint);
  const errorOf = (start: "given" | "marginal"): GaussianError => {
    const end = propagateGaussian(run, target, { start }).at(-1) as Moments;
    return { mean: end.mean - exact.mean, std: end.std - exact.std };
  };
  return { target, exact, total: errorOf("given"), steps: errorOf("marginal") };
}
