// Owns: claims of order against what is certified: `order k` of solvers and of `expect` blocks. Every claim that is not
// decided here says so; none passes in silence.

import { diagnostic, Failure } from "../diagnostics/report.js";
import { counter, counters, type Counter } from "../graph/quantity.js";
import { evaluate, staticNumber } from "../lower/expression.js";
import { bindParameters, definitionOf, moduleScope } from "../lower/parameters.js";
import type { Place, Scope } from "../lower/scope.js";
import { numberValue, type DefinitionValue } from "../lower/value.js";
import type { Module, Program } from "../resolve/module.js";
import { StaticLowering } from "../sampler/sampler.js";
import type { Code } from "../diagnostics/codes.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Span } from "../source/span.js";
import type { ExpectDef, Expression, OrderClause, Statement } from "../syntax/ast.js";
import { explain, fraction } from "./explain.js";
import type { GridKind } from "./gridSeries.js";
import {
  certifyOrder,
  highestOrder,
  orderCertificate,
  type OrderCertificate,
  type Verdict,
} from "./order.js";
import { repair } from "./repair.js";
import { branches, type Setting } from "./setting.js";

/** What a report says of one solver. */
export interface SolverReport {
  readonly name: string;
  /** From the `order` line; absent without one, or when it holds only under a condition that is not met. */
  readonly claimed?: number;
  readonly certificate: OrderCertificate;
}

/** Defaults such as `freeze = steps` mean the run's counters. */
const run: Place = {
  name: (name) =>
    (counters as readonly string[]).includes(name) ? numberValue(counter(name as Counter)) : undefined,
};

const settingOf = (program: Program, solver: DefinitionValue): Setting => ({
  program,
  solver,
  family: "generic",
});

/** Checks what a file's solvers claim with their default parameters; reports D0411, D0412 and D0413. */
export function checkSolverClaims(module: Module, program: Program): void {
  for (const solver of certifiable(module)) program.diagnostics.attempt(() => claimOf(solver, program));
}

/** Solvers whose parameters all have defaults. */
const certifiable = (module: Module): readonly DefinitionValue[] =>
  [...module.definitions.values()]
    .filter((def) => def.sort === "solver" && !def.node.params?.some((param) => !param.default))
    .map((def) => ({ kind: "definition", def, args: new Map() }));

/** Checks the claims of solvers and of `expect` blocks (D0910), and says what is certified of each solver. */
export function checkOrderClaims(module: Module, program: Program): readonly SolverReport[] {
  const reports: SolverReport[] = [];
  for (const solver of certifiable(module)) {
    const report = program.diagnostics.attempt(() => checkSolver(solver, program));
    if (report) reports.push(report);
  }
  for (const item of module.tree.items)
    if (item.kind === "Expect") program.diagnostics.attempt(() => checkExpect(item, module, program));
  return reports;
}

function checkSolver(solver: DefinitionValue, program: Program): SolverReport | undefined {
  const claimed = claimOf(solver, program);
  const certificate = certificateOf(settingOf(program, solver));
  return certificate && { name: solver.def.name, ...(claimed === undefined ? {} : { claimed }), certificate };
}

/** Rules that an algebra cannot run (they read inputs, say) have no certificate; without a claim that is no finding. */
function certificateOf(setting: Setting): OrderCertificate | undefined {
  try {
    return orderCertificate(setting);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** Decides the `order` lines of a solver and reports those that are not reached; the order claimed, if any. */
function claimOf(solver: DefinitionValue, program: Program): number | undefined {
  const cx = new StaticLowering(program);
  const { scope } = bindParameters(solver, solver.def.node.name.span, cx, run);
  let claimed: number | undefined;
  for (const clause of orderClauses(solver)) {
    const claim = readClaim(clause, scope, cx);
    if (!claim) continue;
    claimed = claim.order;
    const found = missed(settingOf(program, solver), claim, clause.span);
    if (found) program.diagnostics.add(found);
  }
  return claimed;
}

/** Deterministic claims of the rule; weak and run orders are not decided yet. */
function orderClauses(solver: DefinitionValue): readonly OrderClause[] {
  const { body } = solver.def.node;
  if (body.kind !== "Block") return [];
  return body.statements.filter(
    (statement): statement is OrderClause => statement.kind === "Order" && !statement.weak && !statement.run,
  );
}

interface Claim {
  readonly order: number;
  readonly grid: GridKind;
}

/** The order claimed and where; undefined when a condition on parameters does not hold or the place is not decided here. */
function readClaim(clause: OrderClause, scope: Scope, cx: StaticLowering): Claim | undefined {
  const order = staticNumber(evaluate(clause.value, scope, 0, cx), clause.value.span, cx);
  let grid: GridKind = "ratios";
  for (const part of conjuncts(clause.on)) {
    const place = placeOf(part);
    if (place === "other") return undefined;
    if (place === "condition") {
      if (staticNumber(evaluate(part, scope, 0, cx), part.span, cx) === 0) return undefined;
    } else grid = place;
  }
  return { order, grid };
}

function conjuncts(e: Expression | undefined): readonly Expression[] {
  if (!e) return [];
  if (e.kind === "Paren") return conjuncts(e.inner);
  return e.kind === "Binary" && e.op === "and" ? [...conjuncts(e.left), ...conjuncts(e.right)] : [e];
}

/** `generic`, `ratios`, `smooth`, `uniform(u)`, a condition on parameters, or something else. */
function placeOf(e: Expression): GridKind | "condition" | "other" {
  if (e.kind === "Compare") return "condition";
  if (e.kind === "Name")
    return e.text === "smooth" ? "smooth" : e.text === "generic" || e.text === "ratios" ? "ratios" : "other";
  const [arg] = e.kind === "Call" ? e.args : [];
  if (
    e.kind === "Call" &&
    e.callee.kind === "Name" &&
    e.callee.text === "uniform" &&
    arg?.value.kind === "Name"
  )
    return (
      (["lambda", "rho", "time", "index"] as const).find(
        (kind) => arg.value.kind === "Name" && kind === arg.value.text,
      ) ?? "other"
    );
  return "other";
}

/** The finding when a claim is not reached, else nothing. */
function missed(setting: Setting, { order, grid }: Claim, at: Span): Diagnostic | undefined {
  const question = { setting, grid, limit: Math.min(highestOrder, order) };
  const verdict = certifyOrder(question);
  if (verdict.kind === "order" && verdict.order >= order) return undefined;
  if (verdict.kind !== "order") return undecided(verdict, order, at);
  const where =
    grid === "ratios" ? "" : grid === "smooth" ? " on smooth grids" : ` on grids uniform in ${grid}`;
  if (verdict.order <= 0)
    return diagnostic(
      "D0411",
      `declared order ${order}, but this rule is inconsistent: its local error is O(h)${where}`,
      {
        at,
        label: "order 0",
        why: "halving the steps does not bring the result nearer to the solution",
        help: "check signs, points and levels of the terms",
      },
    );
  const [main] = branches(setting);
  const reason = main && explain(verdict.branch ?? main, setting.family, grid, verdict.order);
  const change = repair({ setting, grid, limit: order }, order);
  return diagnostic("D0412", `declared order ${order}, but this rule has order ${verdict.order}${where}`, {
    at,
    label: reason ? describeMismatch(reason) : `order ${verdict.order}`,
    help: `${change ? `with ${change.change} the rule has order ${order}; or ` : ""}declare \`order ${verdict.order}\``,
    ...(change?.edit
      ? { fix: { title: `write ${change.change}`, edits: [change.edit], applicability: "unsafe" as const } }
      : {}),
  });
}

function describeMismatch(reason: ReturnType<typeof explain>): string {
  const first = `first mismatch at h^${reason.power}`;
  if (reason.differential === undefined || reason.exact === undefined || reason.rule === undefined)
    return first;
  return `${first}, in ${reason.differential}: the exact flow has ${fraction(reason.exact)}, this rule has ${fraction(reason.rule)}`;
}

function undecided(verdict: Exclude<Verdict, { kind: "order" }>, order: number, at: Span): Diagnostic {
  if (verdict.kind === "noise")
    return diagnostic("D0412", `declared order ${order}, but this rule draws noise`, {
      at,
      label: "a deterministic order",
      help: "claim `weak order k` for rules with noise, or name the case without: `order 1 on eta == 0`",
    });
  return diagnostic("D0413", `the order of this rule cannot be decided: ${verdict.why}`, {
    at,
    help: "claim the order of the limits of its coefficients, or leave the claim out",
  });
}

// ---- expect ----------------------------------------------------------------------------------------------------

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
