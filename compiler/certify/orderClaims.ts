// Owns: claims of order against what is certified: the `order k` and `weak order k` lines of solvers. Claims in `expect` blocks are in
// expect/, which asks the same questions.

import { fail, Failure } from "../diagnostics/report.js";
import { counter, counters, type Counter } from "../graph/quantity.js";
import { evaluate, staticNumber } from "../lower/expression.js";
import { bindParameters, definitionOf } from "../lower/parameters.js";
import type { Place, Scope } from "../lower/scope.js";
import { numberValue, type DefinitionValue } from "../lower/value.js";
import type { Module, Program } from "../resolve/module.js";
import { StaticLowering } from "../sampler/sampler.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import type { Expression, OrderClause } from "../syntax/ast.js";
import type { GridKind } from "./gridSeries.js";
import type { FamilyName } from "./family.js";
import { integratedBy, readsQuadrature, type Integrated } from "./integrated.js";
import { missed, missedRun } from "./missed.js";
import { orderCertificate, type OrderCertificate } from "./order.js";
import { branches, type Setting } from "./setting.js";
import { certifyWeakOrder, type WeakVerdict } from "./weak.js";
import { ruleWarnings } from "./warnings.js";

/** What a report says of one solver. */
export interface SolverReport {
  readonly name: string;
  /** From the `order` line; absent without one, or when it holds only under a condition that is not met. */
  readonly claimed?: number;
  /** The kind of grid that the claim is for. */
  readonly claimedOn?: GridKind;
  /** The kind of schedule that the claim is for, when it is not for all. */
  readonly claimedFor?: FamilyName;
  /** Whether the claim is certified; absent without one. */
  readonly held?: boolean;
  readonly certificate: OrderCertificate;
  /** Of rules with a deterministic order of at least 1. */
  readonly integrates?: Integrated;
  /** Whether the weights are closed forms, or come from quadrature in part. */
  readonly weights: "exact" | "quadrature";
  /** Of rules that draw noise. */
  readonly weak?: { readonly claimed?: number; readonly verdict: WeakVerdict };
}

/** Defaults such as `freeze = steps` mean the run's counters. */
export const run: Place = {
  name: (name) =>
    (counters as readonly string[]).includes(name) ? numberValue(counter(name as Counter)) : undefined,
};

export const settingOf = (program: Program, solver: DefinitionValue): Setting => ({
  program,
  solver,
  family: "generic",
});

/** Checks what a file's solvers claim with their default parameters; reports D0411, D0412 and D0413. */
export function checkSolverClaims(module: Module, program: Program): void {
  for (const solver of certifiable(module)) program.diagnostics.attempt(() => claimOf(solver, program));
}

/** Solvers whose parameters all have defaults. */
export const certifiable = (module: Module): readonly DefinitionValue[] =>
  [...module.definitions.values()]
    .filter((def) => def.sort === "solver" && !def.node.params?.some((param) => !param.default))
    .map((def) => ({ kind: "definition", def, args: new Map() }));

/** Checks the claims of a file's solvers (D0411, D0412, D0413), and says what is certified of each. */
export function checkOrderClaims(module: Module, program: Program): readonly SolverReport[] {
  const reports: SolverReport[] = [];
  for (const solver of certifiable(module)) {
    const report = program.diagnostics.attempt(() => checkSolver(solver, program));
    if (report) reports.push(report);
  }
  return reports;
}

/** Everything that is certified of a solver, its findings among the program's; undefined for rules an algebra cannot run. */
export function checkSolver(solver: DefinitionValue, program: Program): SolverReport | undefined {
  const setting = settingOf(program, solver);
  // First what is looked at furthest, so that the claims find it decided.
  const certificate = certificateOf(setting);
  const { claimed, claimedOn, claimedFor, held, weak } = claimOf(solver, program);
  if (!certificate) return undefined;
  for (const found of ruleWarnings(solver, claimed, certificate, setting)) program.diagnostics.add(found);
  const all = branches(setting);
  const order = Math.max(...Object.values(certificate.orders), 0);
  return {
    name: solver.def.name,
    ...(claimed === undefined ? {} : { claimed, claimedOn, held }),
    ...(claimedFor === undefined ? {} : { claimedFor }),
    certificate,
    ...(certificate.kind === "order" && order > 0
      ? { integrates: integratedBy(all, setting.family, order) }
      : {}),
    weights: readsQuadrature(all) ? "quadrature" : "exact",
    ...(certificate.kind === "noise"
      ? {
          weak: {
            ...(weak === undefined ? {} : { claimed: weak }),
            verdict: certifyWeakOrder({ setting, grid: "ratios" }),
          },
        }
      : {}),
  };
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

/** Orders that a rule claims with its parameters as they are. */
interface Claimed {
  readonly claimed: number | undefined;
  readonly claimedOn: GridKind;
  readonly claimedFor: FamilyName | undefined;
  readonly held: boolean;
  readonly weak: number | undefined;
}

/** Decides the `order` lines of a solver and reports those that are not reached; the orders claimed, if any. */
function claimOf(solver: DefinitionValue, program: Program): Claimed {
  const { findings, ...claimed } = decideClaims(solver, program);
  for (const found of findings) program.diagnostics.add(found);
  return claimed;
}

/** What is claimed of a rule by its own lines, and which of them are not reached. */
export function decideClaims(
  solver: DefinitionValue,
  program: Program,
): Claimed & { readonly findings: readonly Diagnostic[] } {
  const cx = new StaticLowering(program);
  const { scope } = bindParameters(solver, solver.def.node.name.span, cx, run);
  const findings: Diagnostic[] = [];
  let claimed: number | undefined;
  let claimedOn: GridKind = "ratios";
  let claimedFor: FamilyName | undefined;
  let held = true;
  let weak: number | undefined;
  for (const clause of orderClauses(solver)) {
    const claim = readClaim(clause, scope, cx);
    if (!claim) continue;
    const setting = settingOf(program, solver);
    const found = clause.run ? missedRun(setting, claim, clause.span) : missed(setting, claim, clause.span);
    if (found) findings.push(found);
    if (clause.weak) weak = claim.order;
    else if (!clause.run) {
      claimed = claim.order;
      claimedOn = claim.grid;
      claimedFor = claim.family;
      held = found === undefined;
    }
  }
  return { claimed, claimedOn, claimedFor, held, weak, findings };
}

/** Claims of the rule and of runs with it. */
export function orderClauses(solver: DefinitionValue): readonly OrderClause[] {
  const { body } = solver.def.node;
  if (body.kind !== "Block") return [];
  return body.statements.filter((statement): statement is OrderClause => statement.kind === "Order");
}

export interface Claim {
  readonly order: number;
  /** Of the moments of the reverse SDE, not of a trajectory. */
  readonly weak?: boolean;
  readonly grid: GridKind;
  /** The kind of schedule it is claimed for; every schedule without. */
  readonly family?: FamilyName;
  /** Claimed of the limits of coefficients that depend on data. */
  readonly limits?: boolean;
}

/** The number of an order claim. Throws D0307 where it is none that can be claimed. */
export function claimedOrder({ value }: OrderClause, scope: Scope, cx: StaticLowering): number {
  const order = staticNumber(evaluate(value, scope, 0, cx), value.span, cx);
  if (!Number.isInteger(order) || order < 1)
    fail("D0307", `an order that is claimed is a whole number from 1, this is ${order}`, {
      at: value.span,
      why: "order 0 is what every rule has",
      help: "leave the claim out for a rule that has no order",
    });
  return order;
}

/**
 * The order claimed and where; undefined when a condition on parameters does not hold. Throws D0201 for other places,
 * D0307 for what is no order.
 */
export function readClaim(clause: OrderClause, scope: Scope, cx: StaticLowering): Claim | undefined {
  let grid: GridKind = "ratios";
  let family: FamilyName | undefined;
  let limits = false;
  for (const part of conjuncts(clause.on)) {
    const place = placeOf(part);
    if (place === "condition") {
      if (staticNumber(evaluate(part, scope, 0, cx), part.span, cx) === 0) return undefined;
    } else if (place === "coefficient_limits") limits = true;
    else if (place === "other") {
      const found = familyOf(part, scope, cx);
      if (found === "grid") grid = "smooth";
      else family = found;
    } else grid = place;
  }
  const order = claimedOrder(clause, scope, cx);
  const weak = clause.weak ? { weak: true } : {};
  return { order, grid, ...weak, ...(family === undefined ? {} : { family }), ...(limits ? { limits } : {}) };
}

/** A grid stands for its family as steps grow, a schedule for all of its kind. */
function familyOf(e: Expression, scope: Scope, cx: StaticLowering): FamilyName | "grid" {
  const head = e.kind === "Call" ? e.callee : e;
  if (head.kind === "Name" && cx.program.definition(scope.module, "grid", head.text)) {
    definitionOf(e, "grid", scope, 0, cx);
    return "grid";
  }
  const schedule = definitionOf(e, "schedule", scope, 0, cx);
  const value = cx.path(schedule, e.span);
  return (value.kind === "path" ? value.path.numbers.relation : undefined) ?? "generic";
}

export function conjuncts(e: Expression | undefined): readonly Expression[] {
  if (!e) return [];
  if (e.kind === "Paren") return conjuncts(e.inner);
  return e.kind === "Binary" && e.op === "and" ? [...conjuncts(e.left), ...conjuncts(e.right)] : [e];
}

const isPlace = (text: string): text is "smooth" | "ratios" | "coefficient_limits" =>
  text === "smooth" || text === "ratios" || text === "coefficient_limits";

/** `generic`, `ratios`, `smooth`, `uniform(u)`, a condition on parameters, or something else. */
function placeOf(e: Expression): GridKind | "condition" | "coefficient_limits" | "other" {
  if (e.kind === "Compare") return "condition";
  if (e.kind === "Name") return e.text === "generic" ? "ratios" : isPlace(e.text) ? e.text : "other";
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
