// Owns: values of a step graph as combinations of free symbols: the initial noise, draws, inputs and what the network
// answers. Two runs that share a table of symbols are the same map, for every network, when their results are the same
// combinations: a call is the same symbol in both when it is made at the same level on the same combination.

import type { Linear, Node, Operand } from "../graph/node.js";

/** Weights by symbol; symbol 0 is the number one. */
export type Form<C> = ReadonlyMap<number, C>;

/** What a symbol stands for. Equal keys with equal arguments are one symbol. */
export interface Symbolic<C> {
  readonly key: string;
  readonly args: readonly Form<C>[];
  /** For people: `x[3]`, `x0[3]`, `z[3]`. */
  readonly label: string;
}

/** The arithmetic of weights. */
export interface Weights<C> {
  readonly one: C;
  add(a: C, b: C): C;
  mul(a: C, b: C): C;
  isZero(a: C): boolean;
  same(a: Form<C>, b: Form<C>): boolean;
}

export const unit = 0;

/** The symbols met so far, shared by the runs that are compared. */
export class Symbols<C> {
  readonly all: Symbolic<C>[] = [{ key: "1", args: [], label: "1" }];
  readonly #byKey = new Map<string, number[]>();
  /** Some value is not a combination of the others. */
  nonlinear = false;

  constructor(readonly weights: Weights<C>) {}

  /** The symbol of a key and arguments; a new one when none is the same. */
  of(key: string, args: readonly Form<C>[], label: (id: number) => string): number {
    const known = this.#byKey.get(key) ?? [];
    this.#byKey.set(key, known);
    const found = known.find((id) => {
      const other = this.all[id]?.args ?? [];
      return (
        other.length === args.length && args.every((arg, i) => this.weights.same(arg, other[i] as Form<C>))
      );
    });
    if (found !== undefined) return found;
    const id = this.all.length;
    this.all.push({ key, args, label: label(id) });
    known.push(id);
    return id;
  }

  single(id: number): Form<C> {
    return new Map([[id, this.weights.one]]);
  }

  number(value: C): Form<C> {
    return this.weights.isZero(value) ? new Map() : new Map([[unit, value]]);
  }

  /** A pointwise function. */
  map(fn: string, args: readonly Form<C>[]): Form<C> {
    this.nonlinear = true;
    return this.single(this.of(fn, args, (id) => `${fn}(...)#${id}`));
  }

  /** A reduction. */
  reduce(fn: string, args: readonly Form<C>[]): Form<C> {
    this.nonlinear = true;
    return this.single(this.of(fn, args, (id) => `${fn}(...)#${id}`));
  }

  /** Sum of weight * form. */
  combine(parts: readonly (readonly [C, Form<C>])[]): Form<C> {
    const { weights } = this;
    const sum = new Map<number, C>();
    for (const [weight, form] of parts)
      for (const [id, value] of form) {
        const product = weights.mul(weight, value);
        const before = sum.get(id);
        sum.set(id, before === undefined ? product : weights.add(before, product));
      }
    for (const [id, value] of sum) if (weights.isZero(value)) sum.delete(id);
    return sum;
  }
}

/** Walks a graph; what numbers, leaves and calls are is left to the kind of comparison. */
export abstract class Forms<C> {
  readonly #nodes = new Map<string, Form<C>>();

  constructor(readonly symbols: Symbols<C>) {}

  /** The terms of a combination that count, and its constant. */
  protected abstract terms(value: Linear, at: number): readonly (readonly [C, Node])[];
  protected abstract constant(value: Linear, at: number): C;
  protected abstract leaf(node: Extract<Node, { kind: "leaf" }>, at: number): Form<C>;
  protected abstract call(node: Extract<Node, { kind: "call" }>, at: number): Form<C>;
  protected abstract operand(value: Extract<Operand, { kind: "number" }>, at: number): C;
  protected abstract parameter(node: Extract<Node, { kind: "reduce" }>, at: number): C | undefined;

  /** The form of a combination of the step `at`. */
  linear(value: Linear, at: number): Form<C> {
    return this.symbols.combine([
      ...this.terms(value, at).map(([weight, node]) => [weight, this.node(node, at)] as const),
      [this.constant(value, at), this.symbols.single(unit)],
    ]);
  }

  node(node: Node, at: number): Form<C> {
    const key = `${at}:${node.id}`;
    const known = this.#nodes.get(key);
    if (known) return known;
    const form = this.#compute(node, at);
    this.#nodes.set(key, form);
    return form;
  }

  #compute(node: Node, at: number): Form<C> {
    const { symbols } = this;
    switch (node.kind) {
      case "leaf":
        return this.leaf(node, at);
      case "linear":
        return this.linear(node.value, at);
      case "call":
        return this.call(node, at);
      case "map": {
        const args = node.args.map((arg) =>
          arg.kind === "number" ? symbols.number(this.operand(arg, at)) : this.node(arg, at),
        );
        return symbols.map(node.fn, args);
      }
      case "reduce": {
        const parameter = this.parameter(node, at);
        const args = node.args.map((arg) => this.node(arg, at));
        if (parameter !== undefined) args.push(symbols.number(parameter));
        return symbols.reduce(`${node.fn} per ${node.per}`, args);
      }
      case "output":
        return symbols.single(
          symbols.of(`output ${node.output}`, [this.node(node.call, at)], () => node.output),
        );
    }
  }
}
