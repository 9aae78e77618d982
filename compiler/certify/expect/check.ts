// Owns: `expect` blocks: what kind of thing a block is about, and what its claims come to. Every claim is confirmed,
// rejected (D0910) or, when no algebra decides it, said to be open (D0413); none passes in silence.

import { diagnostic, fail } from "../../diagnostics/report.js";
import type { Diagnostic } from "../../diagnostics/diagnostic.js";
import { bindParameters, definitionOf, moduleScope } from "../../lower/parameters.js";
import type { Place } from "../../lower/scope.js";
import type { Module, Program } from "../../resolve/module.js";
import { StaticLowering } from "../../sampler/sampler.js";
import type { ExpectDef, Sort, Statement } from "../../syntax/ast.js";
import { run } from "../orderClaims.js";
import { textOf, type Outcome, type Subject } from "./claim.js";
import { ends } from "./places.js";
import { gridClaim, guidanceClaim, parameterizationClaim, scheduleClaim } from "./definitions.js";
import { samplerClaim } from "./sampler.js";
import { solverClaim } from "./solver.js";

/** A claim that was confirmed. */
export interface ClaimReport {
  readonly subject: string;
  readonly claim: string;
  /** How it was decided, when there are several ways: `symbolically`, `numerically, ...`. */
  readonly how?: string;
}

const deciders: Readonly<Record<Sort, (statement: Statement, subject: Subject) => Outcome>> = {
  solver: solverClaim,
  schedule: scheduleClaim,
  grid: gridClaim,
  guidance: guidanceClaim,
  parameterization: parameterizationClaim,
  sampler: samplerClaim,
};

/** Checks every `expect` block of a file; a claim that is not met is D0910. */
export function checkExpectations(module: Module, program: Program): readonly ClaimReport[] {
  const reports: ClaimReport[] = [];
  for (const item of module.tree.items)
    if (item.kind === "Expect")
      program.diagnostics.attempt(() => checkExpect(item, module, program, reports));
  return reports;
}

/** What defaults of parameters may name: counters of the run, quantities at the ends of the grid. */
const defaults: Place = {
  name: (name, at, seq) => run.name(name, at, seq) ?? ends.name(name, at, seq),
  index: ends.index,
};

function checkExpect(item: ExpectDef, module: Module, program: Program, reports: ClaimReport[]): void {
  const cx = new StaticLowering(program);
  const file = moduleScope(module, cx);
  const sort = item.sort ?? sortOf(item, module, program);
  const value = definitionOf(item.subject, sort, file, 0, cx);
  const { scope } = bindParameters(value, item.subject.span, cx, defaults);
  const subject: Subject = { program, value, file, scope, cx };
  for (const statement of item.body.statements) {
    if (statement.kind === "Let") continue;
    program.diagnostics.attempt(() => {
      const outcome = deciders[sort](statement, subject);
      if (outcome.kind !== "met") return program.diagnostics.add(finding(outcome, statement));
      reports.push({
        subject: textOf(item.subject.span, program),
        claim: textOf(statement.span, program),
        ...(outcome.how === undefined ? {} : { how: outcome.how }),
      });
    });
  }
}

function finding(outcome: Exclude<Outcome, { kind: "met" }>, { span }: Statement): Diagnostic {
  switch (outcome.kind) {
    case "unmet":
      return diagnostic("D0910", outcome.message, {
        at: span,
        ...(outcome.help ? { help: outcome.help } : {}),
      });
    case "undecided":
      return diagnostic("D0413", `this claim cannot be decided: ${outcome.why}`, {
        at: span,
        help: "leave it out, or claim it of a case that is simpler",
      });
    case "finding": {
      const { finding: found } = outcome;
      return found.severity === "error" ? { ...found, code: "D0910" } : found;
    }
  }
}

/** The kind of definition that the subject names. */
function sortOf(item: ExpectDef, module: Module, program: Program): Sort {
  let head = item.subject;
  while (head.kind === "Call" || head.kind === "Paren")
    head = head.kind === "Call" ? head.callee : head.inner;
  if (head.kind !== "Name") return "solver";
  // `inverse(bdia)`, `reverse(karras)`: combinators are named like functions.
  if (head.text === "inverse") return "solver";
  const sorts = [...new Set(program.definitionsNamed(module, head.text).map((def) => def.sort))];
  const [only, ...others] = sorts;
  if (only && others.length === 0) return only;
  const own = sorts.filter((sort) => module.definitions.has(`${sort} ${(head as { text: string }).text}`));
  if (own.length === 1 && own[0]) return own[0];
  if (!only) return "solver";
  return fail("D0307", `\`${head.text}\` is a ${sorts.join(" and a ")}: say which is meant`, {
    at: item.subject.span,
    help: `write \`expect ${only} ${head.text} { ... }\``,
  });
}
