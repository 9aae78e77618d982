// Owns: `inverse(solver)`: the step of a two-step rule x[t] = a x[s] + b x[s-1] + (calls at s), solved for x[s-1]. On the
// way back the run has just been at t and goes on to s-1, so every offset changes its sign. Such rules (BDIA, O-BELM)
// are exactly invertible; all others are refused with the reason (D0430).

import { div, isZero, neg, one, substitute, symbols, type Expr } from "../algebra/expr.js";
import { fail } from "../diagnostics/report.js";
import { gridLevel, locatedLevel, type Level } from "../graph/level.js";
import { plus, scale, singleAtom, type Graph, type Linear, type Node } from "../graph/node.js";
import { quantity, quantityData } from "../graph/quantity.js";
import type { Span } from "../source/span.js";

/** The rule's step, written for the way back: x at t (the older point) from x[s] and x[s-1] (where the run was). */
export function invertStep(forward: Linear, graph: Graph, rule: string, at: Span): Linear {
  const state = (offset: number): Linear => graph.leaf({ kind: "state", offset });
  const unknown = singleAtom(state(1)) as Node;
  const factor = forward.terms.get(unknown);
  const known = new Map(forward.terms);
  known.delete(unknown);
  for (const node of known.keys()) {
    const reason = obstacle(node, singleAtom(state(0)) as Node);
    if (reason) return refuse(rule, reason, at);
  }
  if (!factor || isZero(factor))
    return refuse(
      rule,
      [...known.keys()].some((node) => node.kind === "call")
        ? "x[s] enters nonlinearly, through the call made on it, and no older state enters at all"
        : "no older state enters",
      at,
    );
  const solved = scale({ terms: known, constant: forward.constant }, neg(div(one, factor)));
  return flip(plus(scale(state(1), div(one, factor)), solved));
}

function refuse(rule: string, reason: string, at: Span): never {
  return fail("D0430", `\`${rule}\` cannot be inverted: ${reason}`, {
    at,
    why: "a rule is inverted by solving x[t] for one older state, so all else must be known on the way back",
    help: "rules such as `bdia` and `o_belm` have an exact inverse; others are retraced approximately on `reverse(grid)`",
  });
}

/** Why a node stands in the way; undefined when its value is known on the way back. */
function obstacle(node: Node, current: Node): string | undefined {
  switch (node.kind) {
    case "leaf":
      switch (node.leaf.kind) {
        case "state":
          return node.leaf.offset > 1 ? `x[s-${node.leaf.offset}] enters beside x[s-1]` : undefined;
        case "view":
          return `${node.leaf.view}[s-${node.leaf.offset}] depends on the state that is looked for`;
        case "draw":
        case "brownian":
          return "it adds noise";
        case "carry":
        case "guidanceCarry":
          return `the carried value \`${node.leaf.name}\` is not known on the way back`;
        default:
          return undefined;
      }
    case "call": {
      const { state, level, inputs } = node.site;
      const own = singleAtom(state) === current && level.key === gridLevel(0).key;
      const others = inputs.some((input) => [...input.terms.values()].some(leavesLevel));
      return own && !others ? undefined : "it makes a call at another point than s";
    }
    case "output":
      return obstacle(node.call, current);
    default:
      return "it is not linear in its states and predictions";
  }
}

/** Does a coefficient of a call at s speak of other levels? */
const leavesLevel = (e: Expr): boolean =>
  [...symbols(e)].some((s) => {
    const level = quantityData(s)?.level;
    return level?.kind === "grid" && level.offset !== 0;
  });

/** Every grid level to the other side of s. */
function flip(value: Linear): Linear {
  const terms = new Map<Node, Expr>();
  for (const [node, coefficient] of value.terms) terms.set(node, flipped(coefficient));
  return { terms, constant: flipped(value.constant) };
}

const flipped = (e: Expr): Expr =>
  substitute(e, (s) => {
    const data = quantityData(s);
    return data && quantity(data.quantity, flippedLevel(data.level));
  });

function flippedLevel(level: Level): Level {
  if (level.kind === "grid") return gridLevel(-level.offset);
  return level.kind === "located" ? locatedLevel(level.coordinate, flipped(level.value)) : level;
}
