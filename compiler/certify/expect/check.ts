// Owns: `expect` blocks: which claims there are, and what decides each. Every claim that is not decided says so; none
// passes in silence.

import type { Code } from "../../diagnostics/codes.js";
import { diagnostic } from "../../diagnostics/report.js";
import { evaluate, staticNumber } from "../../lower/expression.js";
import { bindParameters, definitionOf, moduleScope } from "../../lower/parameters.js";
import type { DefinitionValue } from "../../lower/value.js";
import type { Module, Program } from "../../resolve/module.js";
import { StaticLowering } from "../../sampler/sampler.js";
import type { ExpectDef, Expression, Statement } from "../../syntax/ast.js";
import { orderCertificate } from "../order.js";
import { missed, orderClauses, readClaim, run, settingOf } from "../orderClaims.js";

/** Checks every `expect` block of a file; a claim that is not met is D0910. */
export function checkExpectations(module: Module, program: Program): void {
  for (const item of module.tree.items)
    if (item.kind === "Expect") program.diagnostics.attempt(() => checkExpect(item, module, program));
}

function checkExpect(item: ExpectDef, module: Module, program: Program): void {
  const cx = new StaticLowering(program);
  const scope = moduleScope(module, cx);
  const isSolver =
    item.sort === "solver" || (item.sort === undefined && namesSolver(item.subject, module, program));
  for (const statement of item.body.statements) {
    if (!isSolver) later(statement, `claims about what is not a solver`, program);
    else checkStatement(statement, definitionOf(item.subject, "solver", scope, 0, cx), program, cx);
  }
}

function namesSolver(e: Expression, module: Module, program: Program): boolean {
  if (e.kind === "Call") return namesSolver(e.callee, module, program);
  return e.kind === "Name" && program.definition(module, "solver", e.text) !== undefined;
}

function checkStatement(
  statement: Statement,
  solver: DefinitionValue,
  program: Program,
  cx: StaticLowering,
): void {
  const setting = settingOf(program, solver);
  const { scope } = bindParameters(solver, statement.span, cx, run);
  const unmet = (message: string, help: string): void =>
    program.diagnostics.add(diagnostic("D0910", message, { at: statement.span, help }));
  switch (statement.kind) {
    case "Order": {
      const claim = statement.weak || statement.run ? undefined : readClaim(statement, scope, cx);
      if (!claim) return later(statement, "this kind of order claim", program);
      const found = missed(setting, claim, statement.span);
      if (found) program.diagnostics.add({ ...found, code: "D0910", severity: "error" });
      return;
    }
    case "Value": {
      if (statement.what !== "calls") return later(statement, `\`${statement.what}\``, program);
      const wanted = staticNumber(evaluate(statement.value, scope, 0, cx), statement.span, cx);
      const { calls } = orderCertificate(setting, { brief: true });
      if (calls !== wanted)
        unmet(
          `\`${solver.def.name}\` makes ${calls} call${calls === 1 ? "" : "s"} a step, not ${wanted}`,
          `expect \`calls ${calls}\``,
        );
      return;
    }
    case "Fails": {
      const raised = orderClauses(solver).flatMap((clause): Code[] => {
        const claim = readClaim(clause, scope, cx);
        const found = claim && missed(setting, claim, clause.span);
        return found ? [found.code] : [];
      });
      if (statement.on || !/^D041[12]$/.test(statement.code.value))
        return later(statement, "this `fails` claim", program);
      if (!raised.includes(statement.code.value as Code))
        unmet(
          `the claim of \`${solver.def.name}\` is not rejected with ${statement.code.value}`,
          "it holds as it stands: remove this line",
        );
      return;
    }
    case "Let":
      return;
    default:
      return later(statement, "this claim", program);
  }
}

/** Claims that nothing decides yet are named, not skipped; they do not fail a check. */
function later(statement: Statement, what: string, program: Program): void {
  program.diagnostics.add({
    ...diagnostic("D0990", `not yet checked: ${what}`, {
      at: statement.span,
      help: "it is read, and neither confirmed nor rejected",
    }),
    severity: "note",
  });
}
