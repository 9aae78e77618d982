// Owns: the step graph. Tensor nodes are hash-consed in a `Graph`; scalars are expressions of the algebra. A value in
// the graph is a `Linear`: a combination of atoms with scalar coefficients plus a constant, so that guidance,
// conversions and updates melt into one form wherever they are linear. Nothing here knows the syntax.

import { add, isZero, mul, one, zero, type Expr } from "../algebra/expr.js";
import type { Per, ReduceFn, KernelOp } from "../plan/schema.js";
import type { Level } from "./level.js";

/** What a step takes from outside. `offset` counts grid points back from s: 0 is the value at s. */
export type Leaf =
  | { readonly kind: "state"; readonly offset: number }
  | { readonly kind: "view"; readonly place: string; readonly view: string; readonly offset: number }
  | { readonly kind: "carry"; readonly name: string; readonly offset: number }
  | { readonly kind: "guidanceCarry"; readonly name: string }
  | {
      readonly kind: "draw";
      readonly path: string;
      readonly distribution: string;
      readonly fixed: boolean;
      readonly pass: number;
    }
  | BrownianLeaf
  | { readonly kind: "input"; readonly name: string; readonly trajectory: Level | null }
  /** An unknown of a small linear system (a view, an endpoint); never left in a finished graph. */
  | { readonly kind: "unknown"; readonly name: string };

/** The increment of a Brownian path, divided by its standard deviation; the values are the path's clock at its ends. */
export interface BrownianLeaf {
  readonly kind: "brownian";
  readonly path: string;
  readonly from: Level;
  readonly to: Level;
  readonly fromValue: Expr;
  readonly toValue: Expr;
}

/** Arguments of a network call. */
export interface CallSite {
  readonly model: string;
  readonly state: Linear;
  readonly level: Level;
  readonly inputs: readonly Linear[];
  /** input = scale * state, when that is so. */
  readonly scale: Expr | null;
  readonly time: Expr | null;
  readonly form: { readonly x: Expr; readonly x0: Expr } | null;
  readonly conditions: readonly string[];
  readonly variant: string | null;
  readonly extras: Readonly<Record<string, Expr>>;
  /** Calls of one guided prediction share a group: they count once in the NFE. */
  readonly group: string;
}

/** How late a value is known: one number per run, one per sample (or finer), or a full tensor. */
export type Binding = "host" | "sample" | "tensor";

export type Node =
  | {
      readonly kind: "leaf";
      readonly id: number;
      readonly key: string;
      readonly leaf: Leaf;
      readonly binding: Binding;
    }
  | {
      readonly kind: "linear";
      readonly id: number;
      readonly key: string;
      readonly value: Linear;
      readonly binding: Binding;
    }
  | {
      readonly kind: "map";
      readonly id: number;
      readonly key: string;
      readonly fn: KernelOp;
      readonly args: readonly Operand[];
      readonly binding: Binding;
    }
  | {
      readonly kind: "reduce";
      readonly id: number;
      readonly key: string;
      readonly fn: ReduceFn;
      readonly per: Per;
      readonly args: readonly Node[];
      readonly parameter: Expr | null;
      readonly binding: Binding;
    }
  | {
      readonly kind: "call";
      readonly id: number;
      readonly key: string;
      readonly site: CallSite;
      readonly binding: Binding;
    }
  /** A further result of a call: `output` names it; the prediction itself is the call node. */
  | {
      readonly kind: "output";
      readonly id: number;
      readonly key: string;
      readonly call: Node;
      readonly output: string;
      readonly binding: Binding;
    };

/** An argument of a pointwise function: a tensor or a number. */
export type Operand = Node | { readonly kind: "number"; readonly value: Expr };

/** sum of coefficient * atom, plus a constant. Atoms are never `linear` nodes. */
export interface Linear {
  readonly terms: ReadonlyMap<Node, Expr>;
  readonly constant: Expr;
}

const noTerms: ReadonlyMap<Node, Expr> = new Map();

export const constantLinear = (value: Expr): Linear => ({ terms: noTerms, constant: value });
export const zeroLinear: Linear = constantLinear(zero);
export const isConstantLinear = (value: Linear): boolean => value.terms.size === 0;

export function scale(value: Linear, factor: Expr): Linear {
  if (isZero(factor)) return zeroLinear;
  const terms = new Map<Node, Expr>();
  for (const [node, coefficient] of value.terms) {
    const product = mul(coefficient, factor);
    if (!isZero(product)) terms.set(node, product);
  }
  return { terms, constant: mul(value.constant, factor) };
}

export function plus(...values: readonly Linear[]): Linear {
  const terms = new Map<Node, Expr>();
  for (const value of values) {
    for (const [node, coefficient] of value.terms) {
      const before = terms.get(node);
      const sum = before === undefined ? coefficient : add(before, coefficient);
      if (isZero(sum)) terms.delete(node);
      else terms.set(node, sum);
    }
  }
  return { terms, constant: add(...values.map((value) => value.constant)) };
}

const bindingRank: Readonly<Record<Binding, number>> = { host: 0, sample: 1, tensor: 2 };
export const laterBinding = (a: Binding, b: Binding): Binding => (bindingRank[a] >= bindingRank[b] ? a : b);

/** Builds and hash-conses the nodes of one step. */
export class Graph {
  readonly #byKey = new Map<string, Node>();
  #next = 0;

  #intern(key: string, make: (id: number) => Node): Node {
    const known = this.#byKey.get(key);
    if (known) return known;
    const node = make(this.#next);
    this.#next += 1;
    this.#byKey.set(key, node);
    return node;
  }

  leaf(leaf: Leaf, binding: Binding = "tensor"): Linear {
    return atom(
      this.#intern(`leaf:${leafKey(leaf)}`, (id) => ({
        kind: "leaf",
        id,
        key: leafKey(leaf),
        leaf,
        binding,
      })),
    );
  }

  /** A node whose value is the given combination; a bare atom is itself. */
  node(value: Linear): Node {
    const single = singleAtom(value);
    if (single) return single;
    const key = linearKey(value);
    let binding: Binding = "host";
    for (const node of value.terms.keys()) binding = laterBinding(binding, node.binding);
    return this.#intern(`lin:${key}`, (id) => ({ kind: "linear", id, key, value, binding }));
  }

  map(fn: KernelOp, args: readonly (Linear | Expr)[]): Linear {
    const operands = args.map((arg): Operand =>
      "kind" in arg ? { kind: "number", value: arg } : this.#operand(arg),
    );
    const key = `${fn}(${operands.map(operandKey).join(",")})`;
    let binding: Binding = "host";
    for (const operand of operands)
      if (operand.kind !== "number") binding = laterBinding(binding, operand.binding);
    return atom(this.#intern(`map:${key}`, (id) => ({ kind: "map", id, key, fn, args: operands, binding })));
  }

  #operand(value: Linear): Operand {
    return isConstantLinear(value) ? { kind: "number", value: value.constant } : this.node(value);
  }

  reduce(fn: ReduceFn, per: Per, args: readonly Linear[], parameter: Expr | null): Linear {
    const nodes = args.map((arg) => this.node(arg));
    const key = `${fn}/${per}(${nodes.map((node) => node.id).join(",")};${parameter ? parameter.id : ""})`;
    const binding: Binding = per === "batch" ? "host" : "sample";
    return atom(
      this.#intern(`red:${key}`, (id) => ({
        kind: "reduce",
        id,
        key,
        fn,
        per,
        args: nodes,
        parameter,
        binding,
      })),
    );
  }

  /** The prediction of a call. Calls with equal arguments are one call. */
  call(site: CallSite): Node {
    const extras = Object.entries(site.extras).map(([name, value]) => `${name}=${value.id}`);
    const key = [
      site.model,
      linearKey(site.state),
      site.level.key,
      site.inputs.map(linearKey).join("|"),
      site.time === null ? "-" : site.time.id,
      site.conditions.join("+"),
      site.variant ?? "",
      extras.join(","),
    ].join(";");
    return this.#intern(`call:${key}`, (id) => ({ kind: "call", id, key, site, binding: "tensor" }));
  }

  output(call: Node, output: string): Linear {
    const key = `${call.id}.${output}`;
    return atom(
      this.#intern(`out:${key}`, (id) => ({ kind: "output", id, key, call, output, binding: "tensor" })),
    );
  }
}

export const atom = (node: Node): Linear =>
  node.kind === "linear" ? node.value : { terms: new Map([[node, one]]), constant: zero };

/** The node, when the value is that node and nothing else. */
export function singleAtom(value: Linear): Node | undefined {
  if (value.terms.size !== 1 || !isZero(value.constant)) return undefined;
  const [entry] = value.terms;
  return entry && entry[1] === one ? entry[0] : undefined;
}

/** Canonical text of a combination within its graph. */
export function linearKey(value: Linear): string {
  const parts = [...value.terms].map(([node, coefficient]) => `${node.id}:${coefficient.id}`).sort();
  return `${parts.join("+")}+${value.constant.id}`;
}

const operandKey = (operand: Operand): string =>
  operand.kind === "number" ? `#${operand.value.id}` : String(operand.id);

export function leafKey(leaf: Leaf): string {
  switch (leaf.kind) {
    case "state":
      return `x@${leaf.offset}`;
    case "view":
      return `${leaf.place}:${leaf.view}@${leaf.offset}`;
    case "carry":
      return `carry ${leaf.name}@${leaf.offset}`;
    case "guidanceCarry":
      return `guidance carry ${leaf.name}`;
    case "draw":
      return `draw ${leaf.path}${leaf.fixed ? " fixed" : ""} ${leaf.distribution} #${leaf.pass}`;
    case "brownian":
      return `brownian ${leaf.path}(${leaf.from.key}->${leaf.to.key})`;
    case "input":
      return `input ${leaf.name}${leaf.trajectory ? `[${leaf.trajectory.key}]` : ""}`;
    case "unknown":
      return `unknown ${leaf.name}`;
  }
}
