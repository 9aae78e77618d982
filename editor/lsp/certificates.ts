// Owns: the stage of certificates: what is certified of each solver of a file, with its formula, the order of each run,
// the claims of `expect`, and the solvers of other files that it names; one part after another.

import { checkProgram } from "../../compiler/check/check.js";
import { checkExpectations } from "../../compiler/certify/expect/check.js";
import { describeOrder, shownOrder } from "../../compiler/certify/describe.js";
import {
  certifiable,
  checkSolver,
  orderClauses,
  type SolverReport,
} from "../../compiler/certify/orderClaims.js";
import { certifyRuns } from "../../compiler/certify/claims.js";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.js";
import { Diagnostics, Failure } from "../../compiler/diagnostics/report.js";
import { layOut, Writer } from "../../compiler/emit/mathematicsPrint.js";
import { solverSections } from "../../compiler/explain.js";
import type { DefinitionValue } from "../../compiler/lower/value.js";
import { isLibrary, Program, type Module } from "../../compiler/resolve/module.js";
import type { Span } from "../../compiler/source/span.js";
import type { Statement } from "../../compiler/syntax/ast.js";
import { walk } from "../../compiler/syntax/walk.js";
import type { Fact, LaterRequest, Part } from "./later.js";

export function* certificates({ host, file, text }: LaterRequest): Generator<Part> {
  const diagnostics = new Diagnostics();
  const program = new Program(host, diagnostics);
  const module = program.load(file, text);
  if (!module) return;
  checkProgram(program);
  if (diagnostics.hasErrors) return;
  const given = new Set(diagnostics.all);
  /** What has been found since the last part. */
  const found = (): readonly Diagnostic[] => {
    const fresh = diagnostics.all.filter((item) => !given.has(item) && item.primary?.span.file === file);
    for (const item of fresh) given.add(item);
    return fresh;
  };
  for (const solver of certifiable(module)) {
    const report = diagnostics.attempt(() => checkSolver(solver, program));
    yield { diagnostics: found(), facts: report ? solverFacts(solver, report, program) : [] };
  }
  const runs = diagnostics.attempt(() => certifyRuns(module, program)) ?? new Map<string, never>();
  yield {
    diagnostics: found(),
    facts: [...runs].flatMap(([name, { order: run }]): Fact[] => {
      const def = [...module.definitions.values()].find(
        (candidate) => candidate.sort === "sampler" && candidate.name === name,
      );
      if (!def || run.order === undefined) return [];
      const text = run.order < 1 ? "no run order" : `run order ${shownOrder(run.order)}`;
      const tooltip = run.why === "" ? text : `${text}: ${run.why}`;
      return [{ at: def.node.name.span, text, tooltip }];
    }),
  };
  diagnostics.attempt(() => checkExpectations(module, program));
  yield { diagnostics: found(), facts: [] };
  for (const solver of named(module, program)) yield { diagnostics: [], facts: factsOf(solver, program) };
}

/** Solvers of other files, the library's among them, that a file names. */
function named(module: Module, program: Program): readonly DefinitionValue[] {
  const files = new Map<Module, Set<string>>();
  walk(module.tree, {
    Name: ({ text }) => {
      const def = program.definition(module, "solver", text);
      if (!def || def.module === module) return;
      const names = files.get(def.module);
      if (names) names.add(def.name);
      else files.set(def.module, new Set([def.name]));
    },
  });
  return [...files].flatMap(([other, names]) => certifiable(other).filter(({ def }) => names.has(def.name)));
}

/** The library never changes: its solvers are certified once. */
const libraryFacts = new Map<string, readonly Fact[]>();

function factsOf(solver: DefinitionValue, program: Program): readonly Fact[] {
  const key = `${solver.def.module.id} ${solver.def.name}`;
  const known = libraryFacts.get(key);
  if (known) return known;
  const report = program.diagnostics.attempt(() => checkSolver(solver, program));
  const facts = report ? solverFacts(solver, report, program) : [];
  if (isLibrary(solver.def.module.id)) libraryFacts.set(key, facts);
  return facts;
}

function solverFacts(solver: DefinitionValue, report: SolverReport, program: Program): readonly Fact[] {
  const { certificate, weak } = report;
  const order = verified(report);
  const shown =
    order !== undefined
      ? weak
        ? `weak order ${order}`
        : `order ${shownOrder(order)}`
      : certificate.kind === "noise"
        ? "draws noise"
        : "order not decided";
  const action = declaration(solver, report, order);
  const lines = formula(solver, program);
  const block = lines.length === 0 ? "" : `\`\`\`text\n${lines.join("\n")}\n\`\`\``;
  const head: Fact = {
    at: solver.def.node.name.span,
    text: `${shown}, ${certificate.calls} ${certificate.calls === 1 ? "call" : "calls"}`,
    tooltip: [describeOrder(report), block].filter((part) => part !== "").join("\n\n"),
    ...(action ? { action } : {}),
  };
  return [head, ...derived(solver, lines, block)];
}

/** Longest formula that stands behind what it was derived from. */
const longest = 100;

/** The weights that an `integrate` or a tableau stands for, where the state at t comes from one. */
function derived(solver: DefinitionValue, lines: readonly string[], block: string): readonly Fact[] {
  const spans: Span[] = [];
  walk(solver.def.node, {
    Call: ({ callee, span }) => {
      if (callee.kind === "Name" && callee.text === "integrate") spans.push(span);
    },
    Tableau: ({ prediction }) => void spans.push(prediction.span),
  });
  const [span] = spans;
  if (spans.length !== 1 || !span || block === "") return [];
  const update = lines.map((line) => line.trim()).find((line) => line.startsWith("x_t = "));
  const short = update !== undefined && update.length <= longest;
  return [{ at: span, text: short ? update.replace("x_t = ", "= ") : "", tooltip: block }];
}

/** The order that holds for arbitrary grids; for rules with noise the weak one. */
function verified({ certificate, weak }: SolverReport): number | undefined {
  if (certificate.kind === "order") return certificate.orders.ratios;
  return weak?.verdict.kind === "order" ? weak.verdict.order : undefined;
}

/** The rule as it was derived, line by line; none for rules that need a sampler to be written. */
function formula(solver: DefinitionValue, program: Program): readonly string[] {
  try {
    const [section] = solverSections(program, solver, new Writer("unicode"));
    return section ? layOut(section.equations, "unicode").split("\n") : [];
  } catch (error) {
    if (error instanceof Failure) return [];
    throw error;
  }
}

/** States the verified order: a new line, or the right number in the one that is there. */
function declaration(
  solver: DefinitionValue,
  { weak }: SolverReport,
  order: number | undefined,
): Fact["action"] {
  const { body } = solver.def.node;
  if (order === undefined || order < 1 || body.kind !== "Block") return undefined;
  const word = weak ? "weak order" : "order";
  const title = `declare the verified order: \`${word} ${order}\``;
  const clauses = orderClauses(solver).filter(
    (clause) => !clause.run && (clause.weak ?? false) === (weak !== undefined),
  );
  const [clause] = clauses;
  if (clause) {
    // A claim about some grids or parameters only is the author's own; a number is replaced only by another number.
    const { value } = clause;
    if (clauses.length > 1 || clause.on || value.kind !== "Number" || Number(value.text) === order)
      return undefined;
    return { title, edits: [{ span: value.span, text: String(order) }] };
  }
  const first: Statement | undefined = body.statements[0];
  if (!first) return undefined;
  const at = { ...first.span, end: first.span.start };
  return { title, edits: [{ span: at, text: `${word} ${order}\n  ` }] };
}
