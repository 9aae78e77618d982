// Owns: a solver by itself as the mathematics it was compiled to. The command line and the editor print it.

import { branchesOf, viewedThrough } from "./certify/viewed.js";
import { diagnostic, Failure } from "./diagnostics/report.js";
import { outputsOf, promising, updateOf } from "./emit/mathematics.js";
import { equationsOf, predictionWords, updateNotes, type Writer } from "./emit/mathematicsPrint.js";
import type { Section } from "./emit/mathematicsSampler.js";
import type { DefinitionValue } from "./lower/value.js";
import type { Program } from "./resolve/module.js";

/** One section for each answer to the questions of place, through the prediction in which the rule is shortest. Throws D0413. */
export function solverSections(
  program: Program,
  solver: DefinitionValue,
  writer: Writer,
): readonly Section[] {
  const all = branchesOf(program, solver);
  return all.map((branch, i): Section => {
    const views = ["x0", "eps", "flow"].flatMap((view) => {
      const graph = viewedThrough(program, solver, branch, view);
      return graph ? [{ view, outputs: outputsOf(graph) }] : [];
    });
    const updates = promising(views, ({ outputs }) => outputs.map((output) => output.value)).map(
      ({ view, outputs }) => updateOf(outputs, view),
    );
    const [first, ...others] = updates;
    if (!first)
      throw new Failure(
        diagnostic("D0413", `\`${solver.def.name}\` cannot be written without a sampler`, {
          at: solver.def.node.name.span,
          help: "explain a sampler that uses it",
        }),
      );
    const update = others.reduce((best, other) => (other.cost < best.cost ? other : best), first);
    return {
      title:
        all.length === 1
          ? "every step with full history"
          : `case ${i + 1} of ${all.length}, by the place in the run`,
      notes: [predictionWords(update, writer, false), ...updateNotes(update, writer), ...branch.graph.notes],
      equations: equationsOf(update, writer),
    };
  });
}
