// Owns: the step graph with its numbers filled in: terms of weight zero are gone, and Brownian increments are sums of
// independent draws over the pieces between the points a step uses.

import { children as parts, real, type Expr } from "../algebra/expr.js";
import { fail } from "../diagnostics/report.js";
import type { BrownianLeaf, Linear, Node } from "../graph/node.js";
import { quantityData } from "../graph/quantity.js";
import type { RunStep } from "../sampler/run.js";

export interface Term {
  readonly node: Node;
  readonly coefficient: Expr;
}

export interface Pruned {
  readonly terms: readonly Term[];
  readonly constant: Expr;
}

const memo = new WeakMap<RunStep, Map<Linear, Pruned>>();

/** The terms of a combination whose weight at this step is not zero. */
export function pruned(value: Linear, step: RunStep): Pruned {
  let known = memo.get(step);
  if (!known) memo.set(step, (known = new Map()));
  const found = known.get(value);
  if (found) return found;
  const terms: Term[] = [];
  for (const [node, coefficient] of value.terms) {
    const weight = numberAt(coefficient, step);
    if (weight === 0) continue;
    if (node.kind === "leaf" && node.leaf.kind === "brownian")
      for (const piece of expandBrownian(node.leaf, step))
        terms.push({ node: piece.node, coefficient: real(weight * piece.weight) });
    else terms.push({ node, coefficient });
  }
  const result = { terms: merged(terms, step), constant: value.constant };
  known.set(value, result);
  return result;
}

/** Pieces of different increments may be the same draw. */
function merged(terms: readonly Term[], step: RunStep): readonly Term[] {
  const byNode = new Map<Node, Term>();
  for (const term of terms) {
    const before = byNode.get(term.node);
    byNode.set(
      term.node,
      before
        ? {
            node: term.node,
            coefficient: real(numberAt(before.coefficient, step) + numberAt(term.coefficient, step)),
          }
        : term,
    );
  }
  return [...byNode.values()];
}

/** The value of a scalar of the step; a diagnostic when it is not finite. */
export function numberAt(expr: Expr, step: RunStep): number {
  const value = step.numbers.value(expr);
  if (Number.isFinite(value)) return value;
  return notFinite(value, expr, step);
}

function notFinite(value: number, expr: Expr, step: RunStep): never {
  const { numbers } = step;
  const at = numbers.index >= 0 ? numbers.grid[numbers.index] : undefined;
  const next = numbers.grid[numbers.index + 1];
  const where = numbers.index < 0 ? "init" : `step ${numbers.index}`;
  const shown = Number.isNaN(value) ? "has no value" : "is infinite";
  if (!numbers.path.index && readsIndex(expr))
    return fail("D0420", `the schedule \`${numbers.path.name}\` has no training steps, and so no \`index\``, {
      at: step.at,
      why: `a number that is needed at ${where} is made of \`index\`: the \`time:\` of the model line, or a number of the rule`,
      help: "write it with `time`, such as `time: 999*time`, or take a schedule with training steps",
    });
  if (at && (at.alpha === 0 || at.lambda === -Infinity))
    return fail(
      "D0310",
      `at the start of this grid alpha is 0, and a coefficient of \`${step.rule}\` there ${shown}`,
      {
        at: step.at,
        why: "at alpha = 0 the state holds no data, so an eps prediction says nothing about x0",
        help: "use a network that predicts v, x0 or flow, or start the grid at a level with alpha above 0",
      },
    );
  if (numbers.index > 0 && numbers.grid[0]?.lambda === -Infinity)
    return fail(
      "D0422",
      `lambda is infinite at the start of this grid, and \`${step.rule}\` at ${where} looks back there`,
      {
        at: step.at,
        why: "at alpha = 0 the log-SNR is minus infinity, so ratios of steps in lambda have no value",
        help: "start the grid at a level with alpha above 0, or use a rule that does not measure steps in lambda",
      },
    );
  if (next?.sigma === 0)
    return fail("D0420", `a coefficient of \`${step.rule}\` ${shown} at ${where}, which ends at sigma = 0`, {
      at: step.at,
      why: "the rule divides by the length of the step in lambda or forecasts along it, and lambda is infinite at sigma = 0",
      help: "add `final ddim` to the sampler, or end the grid above sigma = 0",
    });
  const cause = causeOf(expr, step);
  if (cause)
    return fail("D0420", `a coefficient of \`${step.rule}\` ${shown} at ${where}: ${cause.what}`, {
      at: step.at,
      help: cause.help,
    });
  return fail("D0420", `a coefficient of \`${step.rule}\` ${shown} at ${where}`, {
    at: step.at,
    help: "look at it with `dsamp compile --emit coefficients`; a grid with other points may avoid it",
  });
}

/** The innermost part of a scalar that has no value though all it is made of has one. */
function causeOf(expr: Expr, step: RunStep): { readonly what: string; readonly help: string } | undefined {
  const finite = (e: Expr): boolean => Number.isFinite(step.numbers.value(e));
  if (finite(expr)) return undefined;
  for (const part of ownParts(expr)) {
    const inner = causeOf(part, step);
    if (inner) return inner;
  }
  if (expr.kind === "fn" && expr.name === "solve")
    return {
      what: "the linear system of `solve(...)` is singular there",
      help: "two of its rows say the same: check that no two points or nodes of the rule coincide",
    };
  if (expr.kind === "fn" && /^forecast (along|growth) /.test(expr.name))
    return {
      what: "the integral of a weight of `integrate` does not converge there, or not to 13 digits",
      help: "what is integrated grows too fast between the points: look at `tau:`, `over:` and the quantities of the rule",
    };
  if (expr.kind === "binder" && expr.name === "integral")
    return {
      what: "the integral does not converge there",
      help: "its integrand grows too fast at an end, or has a pole between the ends: check both",
    };
  return undefined;
}

/** Whether a training step is among what a scalar is made of. */
function readsIndex(expr: Expr, seen = new Set<Expr>()): boolean {
  if (seen.has(expr)) return false;
  seen.add(expr);
  return expr.kind === "sym"
    ? quantityData(expr)?.quantity === "index"
    : parts(expr).some((part) => readsIndex(part, seen));
}

/** Parts that have values of their own: not the variable and the body of an integral. */
const ownParts = (expr: Expr): readonly Expr[] =>
  expr.kind === "binder" ? parts(expr).slice(2) : parts(expr);

/** All ends of the increments of one Brownian path in a step. */
function pathPoints(path: string, step: RunStep): readonly number[] {
  const ends = step.graph.increments
    .filter((leaf) => leaf.path === path)
    .flatMap((leaf) => [numberAt(leaf.fromValue, step), numberAt(leaf.toValue, step)]);
  return [...new Set(ends)];
}

/**
 * An increment divided by its standard deviation, as draws over the elementary pieces of its path. Piece j is counted
 * from the end where the first increment starts, and is the draw of pass j.
 */
function expandBrownian(leaf: BrownianLeaf, step: RunStep): readonly { node: Node; weight: number }[] {
  const from = numberAt(leaf.fromValue, step);
  const to = numberAt(leaf.toValue, step);
  if (from === to) return [];
  const ends = [...pathPoints(leaf.path, step)].sort((a, b) => (from < to ? a - b : b - a));
  const pieces: { node: Node; weight: number }[] = [];
  for (let j = 0; j + 1 < ends.length; j += 1) {
    const [a, b] = [ends[j] as number, ends[j + 1] as number];
    const inside = Math.min(from, to) <= Math.min(a, b) && Math.max(a, b) <= Math.max(from, to);
    if (!inside) continue;
    const draw = step.graph.graph.leaf({
      kind: "draw",
      path: leaf.path,
      distribution: "normal",
      fixed: false,
      pass: j,
    });
    const [node] = draw.terms.keys();
    if (node) pieces.push({ node, weight: Math.sqrt(Math.abs(b - a) / Math.abs(to - from)) });
  }
  return pieces;
}

/** The nodes that a node reads. */
export function children(node: Node, step: RunStep): readonly Node[] {
  switch (node.kind) {
    case "leaf":
      return [];
    case "linear":
      return pruned(node.value, step).terms.map((term) => term.node);
    case "map":
      return node.args.flatMap((arg) => (arg.kind === "number" ? [] : [arg]));
    case "reduce":
      return node.args;
    case "call":
      return [node.site.state, ...node.site.inputs].flatMap((value) =>
        pruned(value, step).terms.map((term) => term.node),
      );
    case "output":
      return [node.call];
  }
}
