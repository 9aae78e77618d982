// Owns: counting the network calls of one step in the middle of a run. Calls of one guided prediction count once; what
// nobody reads is not made.

import type { Linear, Node } from "../graph/node.js";
import { fixedField } from "./fixed.js";
import { LaurentRing } from "./laurent.js";
import { makeFamily, PathSeries } from "./family.js";
import { makeGrid } from "./gridSeries.js";
import { NoSeries } from "./laurent.js";
import { SeriesScalars } from "./seriesAlgebra.js";
import type { Branch } from "./setting.js";

/** Network calls of a step. A prediction at s that later steps read is made, unless the step before gave it. */
export function callsPerStep(branch: Branch): number {
  const { graph } = branch;
  const groups = new Set<string>();
  const seen = new Set<Node>();
  const vanishes = zeroTest();
  const inLinear = (value: Linear): void => {
    for (const [node, coefficient] of value.terms) if (!vanishes(coefficient)) inNode(node);
  };
  const inNode = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    switch (node.kind) {
      case "leaf":
        // An older prediction was made by the step that now would make the one at s.
        if (node.leaf.kind === "view" && node.leaf.offset > 0) inLinear(graph.view(node.leaf.place, "x0"));
        return;
      case "linear":
        return inLinear(node.value);
      case "call":
        groups.add(node.site.group);
        return node.site.inputs.forEach(inLinear);
      case "map":
        return node.args.forEach((arg) => arg.kind !== "number" && inNode(arg));
      case "reduce":
        return node.args.forEach(inNode);
      case "output":
        return inNode(node.call);
    }
  };
  if (graph.next) inLinear(graph.next);
  for (const carry of graph.carries.values()) {
    if (carry.atS) inLinear(carry.atS());
    if (carry.atT) inLinear(carry.atT());
  }
  for (const value of branch.left?.endpoints.values() ?? []) inLinear(value);
  return groups.size;
}

/** Does a coefficient vanish on a generic step? */
function zeroTest(): (coefficient: Parameters<SeriesScalars["value"]>[0]) => boolean {
  const ring = new LaurentRing(0);
  const centre = fixedField.one / 3n;
  const path = new PathSeries(ring.series, makeFamily("generic", 3, centre), centre);
  const grid = makeGrid("ratios", path, ring.series.constant(fixedField.one / 16n), 3);
  const scalars = new SeriesScalars(ring, path, grid, 0);
  return (coefficient) => {
    try {
      return ring.isZero(scalars.value(coefficient));
    } catch (error) {
      if (error instanceof NoSeries || error instanceof RangeError) return false;
      throw error;
    }
  };
}
