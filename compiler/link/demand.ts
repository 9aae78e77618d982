// Owns: what each step must hand to later ones. Steps are linked by demand, from the results backwards: what nobody
// asks for is not computed, and a call nobody needs is not made.

import type { Leaf, Linear, Node } from "../graph/node.js";
import { fail } from "../diagnostics/report.js";
import type { LoweredRun, RunStep } from "../sampler/run.js";
import { children, pruned } from "./prune.js";

/** A value that one step makes and others (or the results) read. */
export type Export =
  | { readonly kind: "next" }
  | { readonly kind: "view"; readonly place: string; readonly view: string }
  | { readonly kind: "atT"; readonly view: string }
  | { readonly kind: "carryS"; readonly name: string }
  | { readonly kind: "carryT"; readonly name: string }
  | { readonly kind: "guidance"; readonly name: string }
  | { readonly kind: "result"; readonly position: number };

/** `step` is -1 for init and the number of steps for the output. */
export interface Request {
  readonly step: number;
  readonly what: Export;
}

export const exportKey = (what: Export): string => Object.values(what).join(":");
export const requestKey = (request: Request): string => `${request.step}|${exportKey(request.what)}`;

export interface Demand {
  /** Requests of each step, by key; index 0 is init, index i+1 is step i, the last is the output. */
  readonly byStep: readonly ReadonlyMap<string, Request>[];
  /** The last step that reads a value. */
  readonly lastReader: ReadonlyMap<string, number>;
}

export const stepAt = (run: LoweredRun, index: number): RunStep =>
  index < 0 ? run.init : index >= run.steps.length ? run.output : (run.steps[index] as RunStep);

export function demandOf(run: LoweredRun): Demand {
  const count = run.steps.length;
  const byStep = Array.from({ length: count + 2 }, () => new Map<string, Request>());
  const lastReader = new Map<string, number>();
  const ask = (request: Request, reader: number): void => {
    const key = requestKey(request);
    byStep[request.step + 1]?.set(key, request);
    lastReader.set(key, Math.max(reader, lastReader.get(key) ?? -2));
  };
  run.results.forEach((_, position) => ask({ step: count, what: { kind: "result", position } }, count));
  for (let index = count; index >= -1; index -= 1) {
    const step = stepAt(run, index);
    const roots = [...(byStep[index + 1] as Map<string, Request>).values()].map((request) =>
      exported(run, request),
    );
    for (const leaf of leavesOf(roots, step)) {
      const request = source(run, index, leaf);
      if (request) ask(request, index);
    }
  }
  return { byStep, lastReader };
}

/** The graph value behind a request. */
export function exported(run: LoweredRun, request: Request): Linear {
  const { graph, at } = stepAt(run, request.step);
  const { what } = request;
  const missing = (name: string): never =>
    fail("D0305", `step ${request.step} gives no ${name}, which a later step reads`, { at });
  switch (what.kind) {
    case "next":
      return graph.next ?? missing("state");
    case "view":
      return graph.view(what.place, what.view);
    case "atT":
      return graph.atT()?.view(what.view, at) ?? missing(what.view);
    case "carryS":
      return graph.carries.get(what.name)?.atS?.() ?? missing(what.name);
    case "carryT":
      return graph.carries.get(what.name)?.atT?.() ?? missing(what.name);
    case "guidance":
      return graph.guidanceCarries().get(what.name) ?? missing(what.name);
    case "result":
      return run.results[what.position] as Linear;
  }
}

/** All leaves that the roots read with nonzero weight. */
export function leavesOf(roots: readonly Linear[], step: RunStep): readonly Leaf[] {
  const seen = new Set<Node>();
  const leaves: Leaf[] = [];
  const visit = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === "leaf") leaves.push(node.leaf);
    else for (const child of children(node, step)) visit(child);
  };
  for (const root of roots) {
    const terms = pruned(root, step);
    for (const { node } of terms.terms) visit(node);
    // A bare number takes its shape from the state.
    if (terms.terms.length === 0) leaves.push({ kind: "state", offset: 0 });
  }
  return leaves;
}

/** Where the value of a leaf of step `index` comes from; undefined for draws and inputs, which are made on the spot. */
export function source(run: LoweredRun, index: number, leaf: Leaf): Request | undefined {
  switch (leaf.kind) {
    case "state":
      return { step: index - leaf.offset - 1, what: { kind: "next" } };
    case "view": {
      if (leaf.offset === 0) return { step: index - 1, what: { kind: "atT", view: leaf.view } };
      return { step: index - leaf.offset, what: { kind: "view", place: leaf.place, view: leaf.view } };
    }
    case "carry":
      return carrySource(run, leaf.name, index - leaf.offset, leaf.offset > 0);
    case "guidanceCarry":
      for (let step = index - 1; step >= 0; step -= 1)
        if (stepAt(run, step).graph.guidanceCarries().has(leaf.name))
          return { step, what: { kind: "guidance", name: leaf.name } };
      return fail("D0305", `the carry \`${leaf.name}\` has no value before its first call`, {
        at: run.init.at,
      });
    default:
      return undefined;
  }
}

/** A carry's value at a grid point: assigned there, or at t by the step before, or held from earlier. */
function carrySource(run: LoweredRun, name: string, point: number, here: boolean): Request {
  for (let g = point; g >= 0; g -= 1) {
    if ((here || g < point) && g < run.steps.length && stepAt(run, g).graph.carries.get(name)?.atS)
      return { step: g, what: { kind: "carryS", name } };
    if (g > 0 && stepAt(run, g - 1).graph.carries.get(name)?.atT)
      return { step: g - 1, what: { kind: "carryT", name } };
  }
  return fail("D0305", `the carry \`${name}\` has no value at this point`, { at: run.init.at });
}
