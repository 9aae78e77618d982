// Owns: the effective prediction of a rule. Between p and q it is lowered with every view opaque, so that its normal form
// x_q = T x_p + sum w_j P_j + rest can be read off (language reference, section 5); the slope is sum w_j P_j / sum w_j.

import { add, div, isZero, mul, neg, num, type Expr } from "../algebra/expr.js";
import { simplify } from "../algebra/simplify.js";
import { fail } from "../diagnostics/report.js";
import type { Level } from "../graph/level.js";
import { gridLevel } from "../graph/level.js";
import { quantity } from "../graph/quantity.js";
import { plus, scale, singleAtom, type Graph, type Linear, type Node } from "../graph/node.js";
import type { Span } from "../source/span.js";
import type { Conversions, Prediction } from "./prediction.js";
import { opaquePrefix, viewLevel } from "./prediction.js";

/** A view of one prediction, standing for itself. */
interface OpaqueView {
  readonly view: string;
  readonly level: Level;
  /** State of the prediction, in opaque terms. */
  readonly x: Linear;
  readonly real: Linear;
  /** Another view of the same prediction. */
  other(view: string): Linear;
}

/** Views and the starting state of one lowering, replaced by unknowns. */
export class OpaqueViews {
  readonly #views = new Map<Node, OpaqueView>();
  readonly #wrapped = new Map<Prediction, Prediction>();
  #state: { readonly node: Node; readonly real: Linear } | undefined;

  constructor(
    readonly graph: Graph,
    /** Which of the step's opaque lowerings this is. */
    readonly ordinal: number,
  ) {}

  #leaf(name: string): { readonly value: Linear; readonly node: Node } {
    const value = this.graph.leaf({ kind: "unknown", name: `${opaquePrefix}${this.ordinal}.${name}` });
    return { value, node: singleAtom(value) as Node };
  }

  /** The state the rule starts from. */
  state(real: Linear): Linear {
    const { value, node } = this.#leaf("x");
    this.#state ??= { node, real };
    return value;
  }

  get stateNode(): Node | undefined {
    return this.#state?.node;
  }

  wrap(prediction: Prediction, x: Linear): Prediction {
    const known = this.#wrapped.get(prediction);
    if (known) return known;
    const id = this.#wrapped.size;
    const at: Span = { file: "", start: 0, end: 0 };
    const view = (name: string, span: Span): Linear | undefined => {
      const real = prediction.view(name, span);
      if (!real) return undefined;
      const { value, node } = this.#leaf(`${id}.${name}`);
      if (!this.#views.has(node))
        this.#views.set(node, {
          view: name,
          level: prediction.level,
          x,
          real,
          other: (of) => view(of, span) as Linear,
        });
      return value;
    };
    const wrapped: Prediction = {
      ...prediction,
      x,
      endpoints: new Map([...prediction.endpoints.keys()].map((name) => [name, view(name, at) as Linear])),
      view,
      names: () => prediction.names(),
    };
    this.#wrapped.set(prediction, wrapped);
    return wrapped;
  }

  view(node: Node): OpaqueView | undefined {
    return this.#views.get(node);
  }

  /** The value with every unknown of this lowering put back. */
  resolve(value: Linear): Linear {
    const parts: Linear[] = [{ terms: new Map(), constant: value.constant }];
    for (const [node, coefficient] of value.terms) {
      const real = node === this.#state?.node ? this.#state.real : this.#views.get(node)?.real;
      parts.push(
        real ? scale(real, coefficient) : { terms: new Map([[node, coefficient]]), constant: num(0) },
      );
    }
    return plus(...parts);
  }
}

export interface NormalForm {
  /** T x_p + rest. */
  readonly kept: Linear;
  /** sum w_j P_j / sum w_j. */
  readonly slope: Linear;
  /** sum w_j. */
  readonly weight: Expr;
  readonly view: string;
}

const refuse = (rule: string, why: string, at: Span): never =>
  fail("D0306", `\`${rule}\` has no slope: ${why}`, {
    at,
    why: "a slope needs the form  x[t] = T*x[s] + (weights)*(predictions) + noise  with known weights",
    help: "apply the rule as it is, or choose one that combines views of one kind linearly",
  });

/** The view of a prediction that a node stands for, here or in the history. */
function predictionOf(node: Node, opaque: OpaqueViews): string | undefined {
  const own = opaque.view(node);
  if (own) return own.view;
  if (node.kind === "leaf" && node.leaf.kind === "view" && node.leaf.view !== "x") return node.leaf.view;
  return undefined;
}

export function normalForm(
  value: Linear,
  opaque: OpaqueViews,
  conversions: Conversions,
  rule: string,
  at: Span,
): NormalForm {
  const names = new Set<string>();
  for (const node of value.terms.keys()) {
    if (node.kind !== "leaf") return refuse(rule, whatStands(node), at);
    const view = predictionOf(node, opaque);
    if (view !== undefined) names.add(view);
  }
  if (names.size === 0) return refuse(rule, "it uses no prediction", at);
  const view = names.size === 1 ? ([...names][0] as string) : "eps";
  const form = names.size === 1 ? value : inEps(value, opaque, conversions, rule, at);

  const predictions: [Node, Expr][] = [];
  const kept = new Map<Node, Expr>();
  for (const [node, coefficient] of form.terms) {
    if (predictionOf(node, opaque) !== undefined) {
      predictions.push([node, simplify(coefficient)]);
      continue;
    }
    if (node !== opaque.stateNode && !isFree(node)) {
      if (isZero(simplify(coefficient))) continue;
      return refuse(rule, whatStands(node), at);
    }
    kept.set(node, coefficient);
  }
  const weight = simplify(add(...predictions.map(([, w]) => w)));
  if (predictions.length === 0 || isZero(weight))
    return refuse(rule, "the weights of its predictions sum to zero", at);
  const slope = plus(
    ...predictions.map(([node, w]) => ({
      terms: new Map([[node, predictions.length === 1 ? num(1) : simplify(div(w, weight))]]),
      constant: num(0),
    })),
  );
  return {
    kept: opaque.resolve({ terms: kept, constant: form.constant }),
    slope: opaque.resolve(slope),
    weight,
    view,
  };
}

/** Noise and inputs: they stay where they are. */
const isFree = (node: Node): boolean =>
  node.kind === "leaf" && ["draw", "brownian", "input"].includes(node.leaf.kind);

function whatStands(node: Node): string {
  if (node.kind === "leaf") {
    if (node.leaf.kind === "state" || node.leaf.kind === "view") return "it goes on from an older state";
    if (node.leaf.kind === "carry" || node.leaf.kind === "guidanceCarry") return "it uses a carried value";
  }
  return "it is not linear in its predictions";
}

/** Every view written in the state and eps of its own prediction. */
function inEps(value: Linear, opaque: OpaqueViews, conversions: Conversions, rule: string, at: Span): Linear {
  let form = value;
  for (let round = 0; round < 64; round += 1) {
    const next = [...form.terms.keys()]
      .filter((node) => (predictionOf(node, opaque) ?? "eps") !== "eps")
      .sort((a, b) => b.id - a.id)[0];
    if (!next) return form;
    const coefficient = form.terms.get(next) as Expr;
    const rest = new Map(form.terms);
    rest.delete(next);
    form = plus(
      { terms: rest, constant: form.constant },
      scale(asEps(next, opaque, conversions, rule, at), coefficient),
    );
  }
  return refuse(rule, "its predictions cannot be written in eps", at);
}

/** P = a x + b x0 = (a + b/alpha) x - b/alpha (sigma eps + known). */
function asEps(node: Node, opaque: OpaqueViews, conversions: Conversions, rule: string, at: Span): Linear {
  const own = opaque.view(node);
  const name = predictionOf(node, opaque) as string;
  let level: Level;
  let x: Linear;
  let eps: Linear;
  if (own) {
    level = own.level;
    x = own.x;
    eps = own.other("eps");
  } else if (node.kind === "leaf" && node.leaf.kind === "view") {
    const { place, offset } = node.leaf;
    level = gridLevel(-offset);
    const past = (view: string): Linear => opaque.graph.leaf({ kind: "view", place, view, offset });
    x = place === "" ? opaque.graph.leaf({ kind: "state", offset }) : past("x");
    eps = past("eps");
  } else return refuse(rule, "its predictions cannot be written in eps", at);
  const view = conversions.viewNamed(name);
  const form = name === "x0" ? { x: num(0), x0: num(1) } : view && conversions.form(view, level, at);
  if (!form) return refuse(rule, `\`${name}\` cannot be written in eps on this path`, at);
  const share = div(form.x0, quantity("alpha", level));
  return plus(
    scale(x, add(form.x, share)),
    scale(eps, neg(mul(share, quantity("sigma", level)))),
    scale(conversions.known(level), neg(share)),
  );
}

/** Level of a slope, as a tensor. */
export const slopeLevel = (form: NormalForm): "data" | "noise" | "free" => viewLevel(form.view);
