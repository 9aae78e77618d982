// Owns: `inverse(solver)` of rules with further states (EDICT): one linear system in x[s], the other states at s and the
// calls made on the way. A call is known once the state it is made on is a combination of the rows; then its column
// goes to the right side, and so on until the states themselves are known. Rules in which that stops are refused (D0430).
//
// On the way back the run steps from the cleaner point to the noisier one, so s and t change places.

import { evaluate } from "../algebra/evaluate.js";
import { add, div, isZero, mul, neg, one, substitute, sub, zero, type Expr } from "../algebra/expr.js";
import { fail } from "../diagnostics/report.js";
import { gridLevel, locatedLevel, type Level } from "../graph/level.js";
import {
  atom,
  plus,
  scale,
  singleAtom,
  type CallSite,
  type Graph,
  type Linear,
  type Node,
} from "../graph/node.js";
import { quantity, quantityData } from "../graph/quantity.js";
import type { Span } from "../source/span.js";

/** x and the carried states at t, in terms of those at s. */
export interface CoupledRule {
  readonly x: Linear;
  readonly carried: ReadonlyMap<string, Linear>;
}

/** `known`: the carried states where the way back starts from. */
export function invertCoupled(
  forward: CoupledRule,
  known: ReadonlyMap<string, Linear>,
  graph: Graph,
  rule: string,
  at: Span,
): CoupledRule {
  const refuse = (reason: string): never =>
    fail("D0430", `\`${rule}\` cannot be inverted: ${reason}`, {
      at,
      why: "x and what the rule carries must follow from their values at t, one call after the other",
      help: "rules such as `edict`, `bdia` and `o_belm` have an exact inverse",
    });
  const leaf = (carry?: string): Node =>
    singleAtom(
      graph.leaf(
        carry === undefined ? { kind: "state", offset: 0 } : { kind: "carry", name: carry, offset: 0 },
      ),
    ) as Node;
  const names = [...forward.carried.keys()];
  const unknown: readonly Node[] = [leaf(), ...names.map(leaf)];
  const rows: readonly Linear[] = [forward.x, ...forward.carried.values()];
  const given: readonly Linear[] = [
    graph.leaf({ kind: "state", offset: 0 }),
    ...names.map((name) => known.get(name) as Linear),
  ];
  /** Nodes that are known on the way back, with their values there. */
  const solved = new Map<Node, Linear>();

  /** A combination whose unknown part lies in the span of the rows, in what is known; undefined when it does not. */
  const solve = (wanted: Linear): Linear | undefined => {
    const columns = [...new Set([...rows, wanted].flatMap((row) => [...row.terms.keys()]))].filter(
      (node) => !solved.has(node),
    );
    const weights = combination(
      columns.map((node) => rows.map((row) => flipped(row.terms.get(node) ?? zero))),
      columns.map((node) => flipped(wanted.terms.get(node) ?? zero)),
    );
    if (!weights) return undefined;
    const parts = weights.map((weight, i) =>
      scale(plus(given[i] as Linear, scale(rest(rows[i] as Linear), neg(one))), weight),
    );
    return plus(...parts, rest(wanted));
  };
  /** The known part of a combination, on the way back. */
  const rest = ({ terms, constant }: Linear): Linear =>
    plus(
      { terms: new Map(), constant: flipped(constant) },
      ...[...terms].flatMap(([node, coefficient]) => {
        const value = solved.get(node);
        return value ? [scale(value, flipped(coefficient))] : [];
      }),
    );

  const open = new Set<Node>();
  const collect = (value: Linear): void => {
    for (const node of value.terms.keys()) {
      if (unknown.includes(node) || open.has(node)) continue;
      if (node.kind === "leaf" && node.leaf.kind === "input") {
        solved.set(node, atom(node));
        continue;
      }
      if (node.kind === "leaf" && ["draw", "brownian"].includes(node.leaf.kind)) refuse("it adds noise");
      if (node.kind !== "call")
        refuse("it is not linear in its states and predictions, or looks further back");
      else {
        open.add(node);
        for (const inner of [node.site.state, ...node.site.inputs]) collect(inner);
      }
    }
  };
  rows.forEach(collect);
  for (let progress = true; progress;) {
    progress = false;
    for (const node of open) {
      if (node.kind !== "call" || solved.has(node)) continue;
      const state = solve(node.site.state);
      const inputs = node.site.inputs.map(solve);
      if (!state || !inputs.every((input) => input !== undefined)) continue;
      solved.set(node, atom(graph.call(flippedSite(node.site, state, inputs))));
      progress = true;
    }
  }
  const [x, ...carried] = unknown.map((node) => solve(atom(node)));
  if (!x || carried.some((value) => value === undefined))
    return refuse("a call is made on a state that does not follow from the states at t");
  return { x, carried: new Map(names.map((name, i) => [name, carried[i] as Linear])) };
}

const flippedSite = (site: CallSite, state: Linear, inputs: readonly Linear[]): CallSite => ({
  ...site,
  state,
  inputs,
  level: flippedLevel(site.level),
  scale: site.scale && flipped(site.scale),
  time: site.time && flipped(site.time),
  form: site.form && { x: flipped(site.form.x), x0: flipped(site.form.x0) },
  extras: Object.fromEntries(Object.entries(site.extras).map(([name, value]) => [name, flipped(value)])),
});

// ---- s and t change places ------------------------------------------------------------------------------------------

const flipped = (e: Expr): Expr =>
  substitute(e, (s) => {
    const data = quantityData(s);
    return data && quantity(data.quantity, flippedLevel(data.level));
  });

function flippedLevel(level: Level): Level {
  if (level.kind === "grid") return gridLevel(1 - level.offset);
  if (level.kind === "located") return locatedLevel(level.coordinate, flipped(level.value));
  return level;
}

// ---- the linear system ----------------------------------------------------------------------------------------------

/** Weights w with sum_i w_i rows[c][i] = wanted[c] for every column c; undefined when there are none. */
function combination(
  rows: readonly (readonly Expr[])[],
  wanted: readonly Expr[],
): readonly Expr[] | undefined {
  const size = rows[0]?.length ?? 0;
  const system = rows.map((row, c) => [...row, wanted[c] as Expr]);
  const pivots: (readonly Expr[])[] = [];
  for (let i = 0; i < size; i += 1) {
    const at = system.findIndex((row) => !vanishes(row[i] as Expr));
    if (at < 0) return undefined;
    const [row] = system.splice(at, 1) as [Expr[]];
    const pivot = row.map((value) => div(value, row[i] as Expr));
    pivots.push(pivot);
    for (const other of system) {
      const factor = other[i] as Expr;
      if (!isZero(factor))
        other.forEach((value, k) => (other[k] = sub(value, mul(factor, pivot[k] as Expr))));
    }
  }
  if (!system.every((row) => vanishes(row[size] as Expr))) return undefined;
  const weights: Expr[] = [];
  for (let i = size - 1; i >= 0; i -= 1) {
    const pivot = pivots[i] as readonly Expr[];
    const later = weights.map((weight, k) => mul(pivot[size - 1 - k] as Expr, weight));
    weights.push(add(pivot[size] as Expr, ...later.map(neg)));
  }
  return weights.reverse();
}

/** Is an expression zero at two random points? Quantities of one level keep their relations. */
function vanishes(e: Expr): boolean {
  if (isZero(e)) return true;
  return [0.37, 0.71].every((seed) => {
    const random = (key: string): number => {
      let hash = seed;
      for (const char of key) hash = (hash * 31.7 + char.charCodeAt(0) * 0.1379) % 1;
      return 0.5 + hash;
    };
    const value = evaluate(e, {
      symbol: (s) => {
        const data = quantityData(s);
        if (!data) return random(s.key);
        const [alpha, lambda] = [random(`alpha ${data.level.key}`), random(`lambda ${data.level.key}`)];
        if (data.quantity === "alpha") return alpha;
        if (data.quantity === "lambda") return lambda;
        if (data.quantity === "rho") return Math.exp(-lambda);
        return data.quantity === "sigma" ? alpha * Math.exp(-lambda) : random(s.key);
      },
      call: (name, args) => random(`${name}(${args.map((x) => x.toPrecision(12)).join()})`),
    });
    return Math.abs(value) < 1e-10;
  });
}
