// Owns: `let`s that are defined by themselves (D0305). A function that calls itself may end, so only cycles through a
// plain value are mistakes.

import { diagnostic, type Diagnostics } from "../diagnostics/report.js";
import type { LetEdges, Local } from "./locals.js";

export function checkCycles(lets: readonly LetEdges[], diagnostics: Diagnostics): void {
  const byLocal = new Map(lets.map((edges) => [edges.local, edges]));
  const done = new Set<Local>();
  const visit = (edges: LetEdges, path: readonly LetEdges[]): void => {
    const start = path.indexOf(edges);
    if (start >= 0) {
      report(path.slice(start), diagnostics);
      return;
    }
    if (done.has(edges.local)) return;
    for (const next of edges.reads.keys()) {
      const target = byLocal.get(next);
      if (target) visit(target, [...path, edges]);
    }
    done.add(edges.local);
  };
  for (const edges of lets) visit(edges, []);
}

function report(cycle: readonly LetEdges[], diagnostics: Diagnostics): void {
  const first = cycle.find((edges) => edges.local.kind === "let");
  if (!first) return;
  const at = cycle.indexOf(first);
  const ordered = [...cycle.slice(at), ...cycle.slice(0, at)];
  const chain = [...ordered, first].map((edges) => `\`${edges.local.name}\``).join(" needs ");
  const read = ordered[0]?.reads.get((ordered[1] ?? first).local);
  diagnostics.add(
    diagnostic("D0305", `${chain}, so ${cycle.length === 1 ? "it never" : "none of them"} has a value`, {
      at: read ?? first.local.at,
      label: "closes the circle",
      secondary: ordered.slice(1).map((edges) => ({ span: edges.local.at, text: "part of it" })),
      help: "break the circle: give one of them a value from parameters or from another point",
    }),
  );
}
