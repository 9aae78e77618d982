// Owns: the algebra of weak orders: tensors of dimension one are polynomials in the random symbols of a step, with
// coefficients in sqrt(h). Older states are sums of random increments; older predictions are the model on them.

import type { CallSite, Leaf } from "../graph/node.js";
import { quantity } from "../graph/quantity.js";
import type { Problem } from "./exactAlgebra.js";
import { NotDecidable, StepValues, type TensorAlgebra } from "./evaluateStep.js";
import { fixedField } from "./fixed.js";
import type { Laurent } from "./laurent.js";
import { sharesOf } from "./noise.js";
import {
  constantPolynomial,
  mostIncrements,
  mostSymbols,
  zeroPolynomial,
  type WeakPolynomial,
  type WeakRing,
} from "./weakPolynomial.js";

const { one } = fixedField;

/** Moments of the distributions that draws may have. */
function momentOf(symbol: string, power: number): bigint {
  if (power % 2 === 1) return 0n;
  if (symbol.startsWith("rademacher ")) return one;
  if (!symbol.startsWith("normal ")) throw new NotDecidable("noise that is not normal");
  let product = 1n;
  for (let k = BigInt(power) - 1n; k > 1n; k -= 2n) product *= k;
  return product * one;
}

export class WeakAlgebra implements TensorAlgebra<WeakPolynomial> {
  readonly #symbols: string[] = [];
  readonly #steps = new Map<number, StepValues<WeakPolynomial>>();

  constructor(
    readonly problem: Problem,
    readonly ring: WeakRing,
    /** y at a grid point, less y at the point of expansion. */
    readonly deviation: (at: number) => WeakPolynomial,
  ) {}

  step(base: number): StepValues<WeakPolynomial> {
    let known = this.#steps.get(base);
    if (!known) {
      known = new StepValues(this.problem.scalars(base), this);
      this.#steps.set(base, known);
    }
    return known;
  }

  /** E[symbol^power] of a standard symbol. */
  moment(symbol: number, power: number): bigint {
    return momentOf(this.#symbols[symbol - mostIncrements] ?? "", power);
  }

  combine(terms: readonly (readonly [Laurent, WeakPolynomial])[], constant: Laurent): WeakPolynomial {
    const { ring } = this;
    return terms.reduce(
      (sum, [factor, value]) => ring.add(sum, ring.mul(ring.series(factor), value)),
      ring.series(constant),
    );
  }

  #state(at: number): WeakPolynomial {
    const { path, grid, model } = this.problem;
    const alpha = this.ring.series({ shift: 0, c: path.quantity("alpha", grid.lambda(at)) });
    const y = this.ring.add(constantPolynomial(model.y[0] as bigint), this.deviation(at));
    return this.ring.mul(alpha, y);
  }

  leaf(leaf: Leaf, step: StepValues<WeakPolynomial>): WeakPolynomial {
    const { graph, plain } = this.problem.branch;
    switch (leaf.kind) {
      case "state":
        return this.#state(step.base - leaf.offset);
      case "view": {
        const value = leaf.place === "" ? plain.view("", leaf.view) : graph.view(leaf.place, leaf.view);
        return this.step(step.base - leaf.offset).value(value);
      }
      case "draw":
      case "brownian": {
        if (step.base !== 0) throw new NotDecidable("noise of an older step");
        return sharesOf(leaf, this.problem, step.scalars).reduce(
          (sum, [name, share]) =>
            this.ring.add(sum, this.ring.mul(this.ring.series(share), this.ring.symbol(this.#index(name)))),
          zeroPolynomial,
        );
      }
      case "carry":
        throw new NotDecidable("a carried value in a rule with noise");
      default:
        throw new NotDecidable("the rule reads an input");
    }
  }

  #index(name: string): number {
    let index = this.#symbols.indexOf(name);
    if (index < 0) index = this.#symbols.push(name) - 1;
    if (index >= mostSymbols) throw new NotDecidable("more draws in a step than are followed");
    return mostIncrements + index;
  }

  call(site: CallSite, state: WeakPolynomial, step: StepValues<WeakPolynomial>): WeakPolynomial {
    if (!site.form) throw new NotDecidable("the path has further endpoints");
    const { problem, ring } = this;
    const { model } = problem;
    const { scalars } = step;
    const lambda =
      site.time === null || site.time === quantity("time", site.level)
        ? scalars.lambda(site.level)
        : problem.path.locate("time", problem.ring.power(scalars.value(site.time)));
    const alpha = scalars.quantity("alpha", site.level);
    const inverse = ring.series(problem.ring.div(problem.ring.constant(one), alpha));
    const u = ring.sub(ring.mul(inverse, state), constantPolynomial(model.y[0] as bigint));
    const { series } = problem.ring;
    const v = ring.series({ shift: 0, c: series.sub(lambda, series.constant(model.lambda)) });
    const us = ring.powers(u, model.degree);
    const vs = ring.powers(v, Math.floor(model.degree / 2));
    // By powers of u: what each is multiplied by is a series.
    const factors = new Map<number, WeakPolynomial>();
    for (const { powers, c } of model.monomials) {
      const [i, j] = powers as [number, number];
      const term = ring.scale(vs[j] as WeakPolynomial, c[0] as bigint);
      factors.set(i, ring.add(factors.get(i) ?? zeroPolynomial, term));
    }
    let x0 = zeroPolynomial;
    for (const [i, factor] of factors) x0 = ring.add(x0, ring.mul(factor, us[i] as WeakPolynomial));
    return this.combine(
      [
        [step.scalar(site.form.x), state],
        [step.scalar(site.form.x0), x0],
      ],
      problem.ring.zero,
    );
  }

  reduce(fn: string): WeakPolynomial {
    throw new NotDecidable(`\`${fn}\` makes a coefficient depend on the data`);
  }

  map(fn: string, args: readonly (WeakPolynomial | { readonly number: Laurent })[]): WeakPolynomial {
    if (fn !== "mul") throw new NotDecidable(`\`${fn}\` of tensors has no weak order`);
    const [a, b] = args.map((arg) => ("number" in arg ? this.ring.series(arg.number) : arg)) as [
      WeakPolynomial,
      WeakPolynomial,
    ];
    return this.ring.mul(a, b);
  }
}
