// Owns: checks of a file that need no sampler: misplaced and missing statements, names, arguments,
// cycles, units. Finds many problems at once, where lowering stops at the first. Findings go to the program's
// diagnostics.

import { isLibrary, type Module, type Program } from "../resolve/module.js";
import { diagnostic } from "../diagnostics/report.js";
import { placesPoints } from "../lower/control.js";
import type { Definition, ExpectDef, Expression, LetStmt } from "../syntax/ast.js";
import { walk } from "../syntax/walk.js";
import { library } from "../../stdlib/index.js";
import { BodyCheck } from "./bodies.js";
import { checkCycles } from "./cycles.js";
import { Names } from "./locals.js";
import { NameCheck } from "./names.js";
import { checkPlacement } from "./placement.js";
import { samplerPlace } from "./place.js";
import { checkUnits } from "./units.js";
import { checkExpect, checkSampler } from "./samplers.js";

/** Checks every file of the program that the user wrote. */
export function checkProgram(program: Program): void {
  for (const module of [...program.modules.values()])
    if (!isLibrary(module.id)) program.diagnostics.attempt(() => checkModule(module, program));
}

/**
 * Checks one file. A file with syntax errors, or that uses all of a file which cannot be read, is left alone: what is
 * missing in it would be reported as unknown.
 */
export function checkModule(module: Module, program: Program): void {
  if (isBroken(module, program)) return;
  const check = new NameCheck(module, program, scheduleInputs(module, program), networkNames(module));
  hidesLibrary(module, program);
  const lets = new BodyCheck(module, program, check);
  const own = module.tree.items.filter((item): item is LetStmt => item.kind === "Let");
  lets.declareFile(own);
  for (const item of module.tree.items) {
    check.begin();
    switch (item.kind) {
      case "Definition":
        checkDefinition(item, check);
        break;
      case "Expect":
        checkPlacement(item, program.diagnostics, ownPoints(module, program));
        checkExpect(item, check);
        break;
      case "Table":
        if (item.value) check.read(item.value, new Names(), samplerPlace);
        break;
      default:
        break;
    }
  }
  const found = program.diagnostics.all.filter((item) => item.primary?.span.file === module.id);
  if (found.every((item) => item.severity !== "error")) checkUnits(module, program);
}

/** Does the solver that a sampler names place its own points? */
const ownPoints =
  (module: Module, program: Program) =>
  (rule: Expression): boolean => {
    const name = rule.kind === "Call" ? rule.callee : rule;
    const def = name.kind === "Name" ? program.definition(module, "solver", name.text) : undefined;
    return def !== undefined && placesPoints(def);
  };

function isBroken(module: Module, program: Program): boolean {
  const uses = module.tree.items.filter((item) => item.kind === "Use" && item.names === undefined);
  return program.diagnostics.all.some(({ code, primary }) => {
    if (primary?.span.file !== module.id) return false;
    const { start } = primary.span;
    const open =
      (code === "D0205" || code === "D0206") &&
      uses.some(({ span }) => span.start <= start && start < span.end);
    return code.startsWith("D01") || open;
  });
}

function checkDefinition(item: Definition, check: NameCheck): void {
  const { module, program } = check;
  const errorsBefore = countErrors(program);
  checkPlacement(item, program.diagnostics, ownPoints(check.module, program));
  const body = new BodyCheck(module, program, check);
  if (item.sort === "sampler") checkSampler(item, check, body);
  else body.definition(item);
  checkCycles(body.lets, program.diagnostics);
  body.declarations.finish(countErrors(program) > errorsBefore);
}

const countErrors = (program: Program): number =>
  program.diagnostics.all.filter((item) => item.severity === "error").length;

/** A file's own definitions come before the library's. */
function hidesLibrary(module: Module, program: Program): void {
  if (isLibrary(module.id)) return;
  const known = new Map<string, string>();
  for (const [id, file] of Object.entries(library)) for (const name of file.names) known.set(name, id);
  for (const item of module.tree.items) {
    if (item.kind !== "Definition") continue;
    const file = known.get(`${item.sort} ${item.name.text}`);
    // The library's own file, read from a folder, hides nothing.
    if (file !== undefined && library[file]?.text !== module.source.text)
      program.diagnostics.add(
        diagnostic("D0202", `the ${item.sort} \`${item.name.text}\` hides the library's`, {
          at: item.name.span,
          help: `rename it to be able to use both; the library's is in ${file}`,
        }),
      );
  }
}

/** Networks and further results that samplers of the file declare. */
function networkNames(module: Module): ReadonlySet<string> {
  const names = new Set<string>();
  for (const item of module.tree.items)
    walk(item, {
      Model: (model) => {
        if (model.name) names.add(model.name.text);
        for (const arg of model.args)
          if (arg.name?.text === "outputs") walk(arg.value, { Name: (name) => names.add(name.text) });
      },
    });
  return names;
}

/** Inputs of schedules: a rule made for one path may read them. The library's are looked up when they are needed. */
function scheduleInputs(module: Module, program: Program): () => ReadonlySet<string> {
  let known: Set<string> | undefined;
  const collect = (item: Definition | ExpectDef, into: Set<string>): void => {
    if (item.kind === "Definition" && item.sort === "schedule")
      walk(item, { Input: (input) => input.names.forEach((name) => into.add(name.text)) });
  };
  return () => {
    if (known) return known;
    known = new Set();
    for (const other of program.modules.values())
      for (const item of other.tree.items) if (item.kind === "Definition") collect(item, known);
    for (const file of Object.values(library))
      for (const name of file.names) {
        const [sort, text] = name.split(" ");
        const def = sort === "schedule" && text ? program.definition(module, "schedule", text) : undefined;
        if (def) collect(def.node, known);
      }
    return known;
  };
}
