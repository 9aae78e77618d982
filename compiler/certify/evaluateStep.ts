// Owns: walking the tensor nodes of a step graph in any algebra. An algebra says what leaves and calls are worth and how
// values add up; the scalars come from the series algebra of the grid point the step starts at.

import type { Expr } from "../algebra/expr.js";
import type { CallSite, Leaf, Linear, Node, Operand } from "../graph/node.js";
import type { LaurentRing, Laurent } from "./laurent.js";
import type { SeriesScalars } from "./seriesAlgebra.js";

/** Thrown where a value depends on data in a way that no algebra decides: a norm, a kink at the point itself. */
export class NotDecidable extends Error {}

export interface TensorAlgebra<V> {
  /** sum of coefficient * value, plus a constant in every dimension. */
  combine(terms: readonly (readonly [Laurent, V])[], constant: Laurent): V;
  leaf(leaf: Leaf, step: StepValues<V>): V;
  call(site: CallSite, state: V, step: StepValues<V>): V;
  map(fn: string, args: readonly (V | { readonly number: Laurent })[], step: StepValues<V>): V;
  reduce(fn: string, args: readonly V[], step: StepValues<V>): V;
}

/** Values of the nodes of one step, from one grid point. */
export class StepValues<V> {
  readonly #memo = new Map<Node, V>();

  constructor(
    readonly scalars: SeriesScalars,
    readonly algebra: TensorAlgebra<V>,
  ) {}

  get ring(): LaurentRing {
    return this.scalars.ring;
  }

  /** Grid point that is this step's s. */
  get base(): number {
    return this.scalars.base;
  }

  scalar(e: Expr): Laurent {
    return this.scalars.value(e);
  }

  value(linear: Linear): V {
    const terms: (readonly [Laurent, V])[] = [];
    for (const [node, coefficient] of linear.terms) {
      const factor = this.#factor(coefficient, node);
      // What a rule multiplies by zero need not have a value: a draw at eta = 0. A factor of which only the first
      // powers are known to vanish is no zero: it limits what is known of the sum.
      if (this.ring.isZero(factor) && this.ring.known(factor) >= this.ring.series.length) continue;
      terms.push([factor, this.node(node)]);
    }
    return this.algebra.combine(terms, this.scalar(linear.constant));
  }

  /** A draw's coefficient may be a root of h; an algebra that has no draws says so itself. */
  #factor(coefficient: Expr, node: Node): Laurent {
    try {
      return this.scalar(coefficient);
    } catch (error) {
      if (node.kind === "leaf" && (node.leaf.kind === "draw" || node.leaf.kind === "brownian"))
        this.node(node);
      throw error;
    }
  }

  node(node: Node): V {
    const known = this.#memo.get(node);
    if (known !== undefined) return known;
    const value = this.#compute(node);
    this.#memo.set(node, value);
    return value;
  }

  #compute(node: Node): V {
    switch (node.kind) {
      case "leaf":
        return this.algebra.leaf(node.leaf, this);
      case "linear":
        return this.value(node.value);
      case "call":
        return this.algebra.call(node.site, this.value(node.site.state), this);
      case "map":
        return this.algebra.map(
          node.fn,
          node.args.map((arg) => this.#operand(arg)),
          this,
        );
      case "reduce":
        return this.algebra.reduce(
          node.fn,
          node.args.map((arg) => this.node(arg)),
          this,
        );
      case "output":
        throw new NotDecidable(`the network's further output \`${node.output}\` is not known to an algebra`);
    }
  }

  #operand(arg: Operand): V | { readonly number: Laurent } {
    return arg.kind === "number" ? { number: this.scalar(arg.value) } : this.node(arg);
  }
}
