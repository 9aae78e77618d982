// Owns: the linear test problem dy/dlambda = mu y with mu h = z held fixed while h goes to 0, in which linear parts and
// schedules no longer show: every call is z/h times its state. Values are linear in the states and carries before,
// with coefficients that are polynomials in z and Laurent series in h. Stability and zero-stability are read off it.

import type { CallSite, Leaf, Linear } from "../graph/node.js";
import type { Problem } from "./exactAlgebra.js";
import { NotDecidable, StepValues, type TensorAlgebra } from "./evaluateStep.js";
import { fixedField } from "./fixed.js";
import type { Laurent } from "./laurent.js";

/** By symbol, the coefficient of every power of z. */
export type LinearForm = ReadonlyMap<string, readonly (Laurent | undefined)[]>;

export class LinearTest implements TensorAlgebra<LinearForm> {
  readonly #steps = new Map<number, StepValues<LinearForm>>();

  constructor(readonly problem: Problem) {}

  /** A value of the step that starts at a grid point, in the symbols `x@k`, `carry NAME@k`, `given@k`, k points before 0. */
  of(value: Linear, base = 0): LinearForm {
    return this.#step(base).value(value);
  }

  #step(base: number): StepValues<LinearForm> {
    let known = this.#steps.get(base);
    if (!known) this.#steps.set(base, (known = new StepValues(this.problem.scalars(base), this)));
    return known;
  }

  combine(terms: readonly (readonly [Laurent, LinearForm])[], constant: Laurent): LinearForm {
    const { ring } = this.problem;
    if (!ring.isZero(constant)) throw new NotDecidable("the rule adds a constant to the state");
    const sum = new Map<string, (Laurent | undefined)[]>();
    for (const [factor, value] of terms)
      for (const [symbol, byPower] of value) {
        const list = sum.get(symbol) ?? [];
        sum.set(symbol, list);
        byPower.forEach((c, power) => {
          if (!c) return;
          const term = ring.mul(factor, c);
          const before = list[power];
          list[power] = before ? ring.add(before, term) : term;
        });
      }
    return sum;
  }

  #symbol(name: string, at: number): LinearForm {
    return new Map([[`${name}@${-at}`, [this.problem.ring.constant(fixedField.one)]]]);
  }

  leaf(leaf: Leaf, step: StepValues<LinearForm>): LinearForm {
    switch (leaf.kind) {
      case "state":
        return this.#symbol("x", step.base - leaf.offset);
      case "view": {
        const { branch } = this.problem;
        if (leaf.place !== "")
          return this.#step(step.base - leaf.offset).value(branch.graph.view(leaf.place, leaf.view));
        return this.#view(leaf.view, step.base - leaf.offset);
      }
      case "carry":
        return this.#symbol(`carry ${leaf.name}`, step.base - leaf.offset);
      case "draw":
      case "brownian":
        return new Map();
      default:
        throw new NotDecidable("the rule reads an input");
    }
  }

  #view(name: string, at: number): LinearForm {
    const { ring, path, grid, branch } = this.problem;
    const alpha = ring.of(path.quantity("alpha", grid.lambda(at)));
    const sigma = ring.of(path.quantity("sigma", grid.lambda(at)));
    const state = this.#symbol("x", at);
    const x0 = branch.given ? this.#symbol("given", at) : this.#prediction(state, alpha);
    if (name === "x") return state;
    if (name === "x0") return x0;
    const one = ring.constant(fixedField.one);
    if (name === "eps")
      return this.combine(
        [
          [ring.div(one, sigma), state],
          [ring.neg(ring.div(alpha, sigma)), x0],
        ],
        ring.zero,
      );
    return this.#step(at).value(branch.plain.view("", name));
  }

  /** x0 = (1 + z/h) x/alpha. */
  #prediction(state: LinearForm, alpha: Laurent): LinearForm {
    const { ring } = this.problem;
    const inverse = ring.div(ring.constant(fixedField.one), alpha);
    const fast: Laurent = { shift: inverse.shift - 1, c: inverse.c };
    const result = new Map<string, (Laurent | undefined)[]>();
    for (const [symbol, byPower] of state) {
      const list: (Laurent | undefined)[] = [];
      const put = (power: number, value: Laurent): void => {
        const before = list[power];
        list[power] = before ? ring.add(before, value) : value;
      };
      byPower.forEach((c, power) => {
        if (!c) return;
        put(power, ring.mul(c, inverse));
        put(power + 1, ring.mul(c, fast));
      });
      result.set(symbol, list);
    }
    return result;
  }

  call(site: CallSite, state: LinearForm, step: StepValues<LinearForm>): LinearForm {
    if (!site.form) throw new NotDecidable("the path has further endpoints");
    const x0 = this.#prediction(state, step.scalars.quantity("alpha", site.level));
    return this.combine(
      [
        [step.scalar(site.form.x), state],
        [step.scalar(site.form.x0), x0],
      ],
      this.problem.ring.zero,
    );
  }

  reduce(fn: string): LinearForm {
    throw new NotDecidable(`\`${fn}\` makes a coefficient depend on the data`);
  }

  map(fn: string): LinearForm {
    throw new NotDecidable(`\`${fn}\` of tensors is not linear`);
  }
}
