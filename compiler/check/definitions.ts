// Owns: lowering definitions that no sampler of a file uses, once, in a neutral setting, so that a file of solvers,
// guidance rules, grids or schedules can be checked alone. What is due to the setting (a grid point outside its
// schedule, a coefficient infinite there) is not reported.

import { gridNumber, gridPoints, type GridPlace } from "../grid/grid.js";
import type { Code } from "../diagnostics/codes.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { Failure } from "../diagnostics/report.js";
import type { DefinitionValue } from "../lower/value.js";
import type { Def, Module, Program } from "../resolve/module.js";
import { StaticLowering } from "../sampler/sampler.js";
import type { Definition } from "../syntax/ast.js";
import { walk } from "../syntax/walk.js";
import { asWarning, reservedIn } from "./reserved.js";
import {
  applied,
  hasRequirement,
  lowerAlone,
  neutralArguments,
  setting,
  settingFile,
  settingSteps,
  uses,
} from "./settings.js";

/** Codes that say something of the definition, not of the setting it is tried in. */
const telling: ReadonlySet<Code> = new Set<Code>([
  ...(["D0204", "D0205", "D0207", "D0210", "D0211", "D0220", "D0301", "D0302", "D0304", "D0305"] as const),
  ...(["D0306", "D0307", "D0402", "D0423", "D0601", "D0602", "D0806", "D0990"] as const),
]);

/** Reports into the program's diagnostics. Call after `checkModule`; a file with errors is left alone. */
export function checkDefinitions(module: Module, program: Program): void {
  if (!program.diagnostics.hasErrors) program.diagnostics.attempt(() => tryDefinitions(module, program));
}

function tryDefinitions(module: Module, program: Program): void {
  const used = usedBySamplers(module, program);
  for (const def of module.definitions.values()) {
    const reserved = reservedIn(def.node);
    for (const item of reserved) program.diagnostics.add(item);
    if (def.sort === "sampler" || used.has(def)) continue;
    const found = tryDefinition(def, program);
    if (found && !covers(reserved, found)) program.diagnostics.add(found);
  }
}

/** Definitions that a sampler names, and what these name. */
function usedBySamplers(module: Module, program: Program): ReadonlySet<Def> {
  const used = new Set<Def>();
  const visit = (item: Definition): void =>
    walk(item, {
      Name: (name) => {
        for (const def of program.definitionsNamed(module, name.text)) {
          if (def.module !== module || used.has(def) || def.node === item) continue;
          used.add(def);
          visit(def.node);
        }
      },
    });
  for (const def of module.definitions.values()) if (def.sort === "sampler") visit(def.node);
  return used;
}

const covers = (reserved: readonly Diagnostic[], found: Diagnostic): boolean =>
  found.code === "D0990" &&
  reserved.some(
    ({ primary }) =>
      primary &&
      found.primary &&
      primary.span.start < found.primary.span.end &&
      found.primary.span.start < primary.span.end,
  );

/** What lowering finds, if it speaks of the definition. */
function tryDefinition(def: Def, program: Program): Diagnostic | undefined {
  const args = neutralArguments(def.node);
  if (args === undefined) return undefined;
  switch (def.sort) {
    case "schedule":
      return hasEndpoints(def.node)
        ? undefined
        : own(
            failureOf(() => new StaticLowering(program).path(alias(def, args), def.node.name.span)),
            def,
          );
    case "grid":
      return tryGrid(def, args, program);
    default:
      return tryRun(def, args, program);
  }
}

function failureOf(work: () => unknown): Diagnostic | undefined {
  try {
    work();
    return undefined;
  } catch (error) {
    if (error instanceof Failure) return error.diagnostic;
    throw error;
  }
}

/** The finding, if it is one of the definition; one without a place in its text is put at its name. */
function own(item: Diagnostic | undefined, def: Def): Diagnostic | undefined {
  if (!item || item.code === "D0201") return undefined;
  const tells = telling.has(item.code) || (item.code === "D0310" && !hasRequirement(def.node));
  if (def.sort !== "schedule" && !tells) return undefined;
  const foreign = item.primary === undefined || item.primary.span.file === settingFile;
  const here: Diagnostic = {
    ...item,
    ...(foreign ? { primary: { span: def.node.name.span, text: "" } } : {}),
    secondary: item.secondary.filter((label) => label.span.file !== settingFile),
  };
  return item.code === "D0990" ? asWarning(here) : here;
}

/** Inputs of a schedule are endpoints, which a neutral setting does not have. */
const hasEndpoints = (node: Definition): boolean =>
  node.body.kind === "Block" && node.body.statements.some((statement) => statement.kind === "Input");

/** The definition with its arguments, as a definition of its own. */
function alias(def: Def, args: readonly string[]): DefinitionValue {
  const module = setting(`${def.sort} check__ = ${applied(def.name, args)}\n`, def);
  return { kind: "definition", def: module.definitions.get(`${def.sort} check__`) ?? def, args: new Map() };
}

/** Tries the ways in which a rule may be meant to be used. One that works in any of them is right. */
function tryRun(def: Def, args: readonly string[], program: Program): Diagnostic | undefined {
  let first: Diagnostic | undefined;
  let last: Diagnostic | undefined;
  for (const use of def.sort === "solver" ? uses : uses.slice(0, 1)) {
    if (use.last && !namedInFinal(def)) continue;
    last = failureOf(() => lowerAlone(def, args, use, program));
    if (!last) return undefined;
    first ??= last;
    if (!use.retry.some((code) => code === last?.code)) break;
    if (last.code === "D0301" && !atTarget(last, def)) break;
  }
  return own(first, def);
}

/** Is it the state at `t` that is at another level? That is right for a corrector. */
function atTarget(found: Diagnostic, def: Def): boolean {
  let result = false;
  walk(def.node, {
    Equation: ({ left, span }) => {
      const at = found.primary?.span;
      if (left.kind !== "Index" || !at || at.start < span.start || at.end > span.end) return;
      const [index] = left.indices;
      result ||= index?.kind === "Name" && index.text === "t";
    },
  });
  return result;
}

/** Does a `final` line of its file name it? */
function namedInFinal(def: Def): boolean {
  const rules = def.module.tree.items.flatMap((item) =>
    item.kind === "Definition" && item.body.kind === "Block"
      ? item.body.statements.flatMap((statement) => (statement.kind === "Final" ? statement.rules : []))
      : [],
  );
  let found = false;
  const Name = (name: { readonly text: string }): void => {
    found ||= name.text === def.name;
  };
  for (const rule of rules) walk(rule, { Name });
  return found;
}

/** A grid is wrong in itself only when it fails in the same way on paths with and without training steps. */
function tryGrid(def: Def, args: readonly string[], program: Program): Diagnostic | undefined {
  const at = def.node.name.span;
  const [first, second] = ["vp_linear", "stable_diffusion"].map((name) => {
    const schedule = program.definition(setting("", def), "schedule", name);
    if (!schedule) return undefined;
    const value = new StaticLowering(program).path(
      { kind: "definition", def: schedule, args: new Map() },
      at,
    );
    if (value.kind !== "path") return undefined;
    const { path } = value;
    const place: GridPlace = { path, start: path.start, end: path.end, steps: settingSteps, at };
    const cx = new StaticLowering(program, (expr) => gridNumber(expr, place));
    return failureOf(() => gridPoints(alias(def, args), place, at, cx));
  });
  const same = first?.code === second?.code && first?.primary?.span.start === second?.primary?.span.start;
  return same ? own(first, def) : undefined;
}
