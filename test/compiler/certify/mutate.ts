// Owns: mutants of a step graph: one coefficient changed by a thousandth, one sign, one node, one inner point moved. They are made on the graph,
// after all derivation, so that rules whose weights are derived have mutants too.

import { add, mul, num, sub } from "../../../compiler/algebra/expr.js";
import type { Branch } from "../../../compiler/certify/setting.js";
import { atom, plus, scale, type Leaf, type Linear, type Node } from "../../../compiler/graph/node.js";
import { gridLevel } from "../../../compiler/graph/level.js";
import { quantity } from "../../../compiler/graph/quantity.js";
import type { CarryExport } from "../../../compiler/lower/template.js";

export interface Mutant {
  readonly kind: "coefficient" | "sign" | "node" | "place";
  /** Where: `x[t]: x0@1`. */
  readonly where: string;
  readonly branch: Branch;
}

/** Changes one term of one combination. */
interface Site {
  readonly place: string;
  readonly node: Node;
}

/** What a node is in a few words; calls are numbered in the order in which they are met. */
class Names {
  readonly #calls = new Map<Node, string>();

  of(node: Node): string {
    if (node.kind === "leaf") return node.key;
    let known = this.#calls.get(node);
    if (!known) this.#calls.set(node, (known = `${node.kind} ${this.#calls.size + 1}`));
    return known;
  }
}

/** Rewrites every combination the step reads, each under its name, and the calls and functions in it. */
class Rewriting {
  readonly #memo = new Map<Node, Linear>();

  constructor(
    readonly branch: Branch,
    readonly names: Names,
    readonly change: (value: Linear, place: string) => Linear,
  ) {}

  linear(value: Linear, place: string): Linear {
    const parts = [...this.change(value, place).terms].map(([node, factor]) =>
      scale(this.node(node), factor),
    );
    return plus(...parts, { terms: new Map(), constant: value.constant });
  }

  node(node: Node): Linear {
    const known = this.#memo.get(node);
    if (known) return known;
    const made = this.#make(node);
    this.#memo.set(node, made);
    return made;
  }

  #make(node: Node): Linear {
    const { graph } = this.branch.graph;
    if (node.kind === "linear") return this.linear(node.value, this.names.of(node));
    if (node.kind === "call" && !readsStateAtS(node)) {
      const state = this.linear(node.site.state, this.names.of(node));
      return atom(graph.call({ ...node.site, state }));
    }
    return atom(node);
  }
}

/** The prediction at s on the state at s has no coefficient that belongs to the rule. */
const readsStateAtS = (node: Node & { kind: "call" }): boolean =>
  [...node.site.state.terms.keys()].every(
    (n) => n.kind === "leaf" && n.leaf.kind === "state" && n.leaf.offset === 0,
  );

function rewritten(branch: Branch, names: Names, change: (value: Linear, place: string) => Linear): Branch {
  const work = new Rewriting(branch, names, change);
  const { graph } = branch;
  const carries = new Map<string, CarryExport>();
  for (const [name, { atS, atT }] of graph.carries)
    carries.set(name, {
      ...(atS ? { atS: () => work.linear(atS(), `carry ${name}`) } : {}),
      ...(atT ? { atT: () => work.linear(atT(), `carry ${name}`) } : {}),
    });
  const next = graph.next && work.linear(graph.next, "x[t]");
  return { ...branch, graph: { ...graph, next, carries } };
}

/** Every term of every combination that the step reads. */
function sites(branch: Branch, names: Names): readonly Site[] {
  const found: Site[] = [];
  const seen = new Set<string>();
  const visited = rewritten(branch, names, (value, place) => {
    if (!seen.has(place)) for (const node of value.terms.keys()) found.push({ place, node });
    seen.add(place);
    return value;
  });
  for (const carry of visited.graph.carries.values()) {
    carry.atS?.();
    carry.atT?.();
  }
  return found;
}

/** Another prediction than the given one: the one before. */
function earlier(node: Node, branch: Branch): Linear | undefined {
  const view = (name: string, offset: number): Linear => {
    const leaf: Leaf = { kind: "view", place: "", view: name, offset };
    return branch.graph.graph.leaf(leaf);
  };
  if (node.kind === "call") return view("x0", readsStateAtS(node) ? 1 : 0);
  if (node.kind === "leaf" && node.leaf.kind === "view" && node.leaf.place === "")
    return view(node.leaf.view, node.leaf.offset + 1);
  return undefined;
}

/** The prediction of an inner stage, made a thousandth further away from s, with the state and all weights as they are. */
function moved(node: Node, branch: Branch): Linear | undefined {
  if (node.kind !== "call" || node.site.level.kind !== "located") return undefined;
  const { level } = node.site;
  const start = quantity(level.coordinate, gridLevel(0));
  const value = add(start, mul(num(1.001), sub(level.value, start)));
  return atom(
    branch.graph.graph.call({ ...node.site, level: { ...level, key: `${level.key} moved`, value } }),
  );
}

/** All mutants of a branch, made on demand. */
export function* mutants(branch: Branch): Generator<Mutant> {
  const names = new Names();
  // Named before mutants bring calls of their own.
  const all = sites(branch, names).map((site) => ({
    ...site,
    where: `${site.place}: ${names.of(site.node)}`,
  }));
  for (const { place, node, where } of all) {
    const changed = (kind: Mutant["kind"], by: (factor: Linear) => Linear): Mutant => ({
      kind,
      where,
      branch: rewritten(branch, names, (value, at) => {
        const factor = value.terms.get(node);
        if (at !== place || factor === undefined) return value;
        const terms = new Map(value.terms);
        terms.delete(node);
        return plus({ terms, constant: value.constant }, scale(by(atom(node)), factor));
      }),
    });
    yield changed("coefficient", (term) => scale(term, num(1.001)));
    yield changed("sign", (term) => scale(term, num(-1)));
    const other = earlier(node, branch);
    if (other) yield changed("node", () => other);
    const away = moved(node, branch);
    if (away) yield changed("place", () => away);
  }
}
