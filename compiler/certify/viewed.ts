// Owns: a solver by itself, lowered with a network of a given view: the same rule and the same answers to questions of
// place as the certificate's branches, seen through x0, eps or a velocity.

import { Failure } from "../diagnostics/report.js";
import { lowerStep } from "../lower/step.js";
import type { Oracle, StepGraph } from "../lower/template.js";
import type { DefinitionValue } from "../lower/value.js";
import type { Program } from "../resolve/module.js";
import { branches, neutralContext, type Branch } from "./setting.js";

/** Every branch of a solver on a generic schedule. @throws Failure where an algebra cannot lower it (D0413). */
export const branchesOf = (program: Program, solver: DefinitionValue): readonly Branch[] =>
  branches({ program, solver, family: "generic" });

/** The branch with a network that predicts `view`; undefined when there is no such view or the rule cannot be lowered so. */
export function viewedThrough(
  program: Program,
  solver: DefinitionValue,
  branch: Branch,
  view: string,
): StepGraph | undefined {
  const context = neutralContext(solver, program);
  const found = context.viewNamed(view);
  const [network] = context.model.networks;
  if (!found || !network) return undefined;
  const model = { ...context.model, networks: [{ ...network, view: found }] };
  try {
    return lowerStep(solver, { ...context, model }, replay(branch.graph), solver.def.node.name.span);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** Gives the answers again that a lowering got. */
function replay({ decisions }: StepGraph): Oracle {
  return {
    decide: (expr) => {
      for (const decision of decisions)
        if (decision.kind === "number" && decision.expr === expr) return decision.value;
      return NaN;
    },
    history: (place, count) =>
      decisions.some((d) => d.kind === "history" && d.place === place && d.count >= count && d.value),
    givenPrediction: () => decisions.some((d) => d.kind === "given" && d.value),
    carried: (name) => !decisions.some((d) => d.kind === "carried" && d.name === name && !d.value),
  };
}
