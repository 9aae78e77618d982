// Owns: going to definitions, finding references, marking the same name in a document. Across files, and into the
// library.

import { isLibrary } from "../../../compiler/resolve/module.js";
import type { FileId, Span } from "../../../compiler/source/span.js";
import { greekLetters } from "../../../grammar/tokens.js";
import { occurrencesAt, pathTo, type Entity, type Occurrence } from "../model.js";
import type { Analysis, Workspace } from "../workspace.js";
import { fileOf } from "./diagnostics.js";

/** Where what the cursor is on is declared; the beginning of a file for the path in a `use`. */
export function definition(analysis: Analysis, offset: number): readonly Span[] {
  const found = occurrencesAt(analysis.model, offset).flatMap(({ entity }) => entity.at ?? []);
  if (found.length > 0) return found;
  const path = pathTo(analysis.module.tree, offset);
  const use = path.find((node) => node.kind === "Use");
  const file =
    use?.kind === "Use" && path.some((node) => node.kind === "String") ? fileOf(use, analysis) : undefined;
  return file === undefined ? [] : [{ file, start: 0, end: 0 }];
}

export interface Highlight {
  readonly span: Span;
  readonly write: boolean;
}

/** The same name in this document. */
export function highlights(analysis: Analysis, offset: number): readonly Highlight[] {
  const keys = new Set(occurrencesAt(analysis.model, offset).map(({ entity }) => entity.key));
  return analysis.model.occurrences
    .filter(({ entity }) => keys.has(entity.key))
    .map(({ span, role }) => ({ span, write: role === "declare" || role === "write" }));
}

/** Every place in the user's files that names what the cursor is on. */
export function references(
  workspace: Workspace,
  analysis: Analysis,
  offset: number,
  options: { readonly declaration: boolean },
): readonly Span[] {
  const spans = occurrencesAt(analysis.model, offset)
    .flatMap(({ entity }) => occurrencesOf(workspace, analysis, entity))
    .filter(({ role }) => options.declaration || role !== "declare")
    .map(({ span }) => span);
  const seen = new Set<string>();
  return spans.filter((span) => {
    const place = `${span.file} ${span.start} ${span.end}`;
    return !seen.has(place) && seen.add(place);
  });
}

/** Occurrences of an entity: of the language itself only in this file, of what is declared in every file that may see it. */
export function occurrencesOf(
  workspace: Workspace,
  analysis: Analysis,
  entity: Entity,
): readonly Occurrence[] {
  const files = entity.at && isShared(entity) ? filesWith(workspace, entity, analysis.id) : [analysis.id];
  return files.flatMap(
    (id) =>
      workspace.analysis(id)?.model.occurrences.filter((found) => found.entity.key === entity.key) ?? [],
  );
}

/** Definitions, their parameters and values of files may be named in other files. */
const isShared = ({ node, kind }: Entity): boolean =>
  node?.kind === "Definition" || node?.kind === "Let" || node?.kind === "Table" || kind === "parameter";

function filesWith(workspace: Workspace, entity: Entity, here: FileId): readonly FileId[] {
  const home = entity.at?.file;
  const all = new Set([here, ...workspace.userFiles]);
  if (home !== undefined && isLibrary(home)) all.add(home);
  return [...all].filter((id) => {
    const text = workspace.text(id);
    return text !== undefined && (text.includes(entity.name) || hasForeign(text));
  });
}

const foreign = new RegExp(`[${Object.keys(greekLetters).join("")}₀-₉]`, "u");
/** Greek letters and subscripts are other spellings of a name. */
const hasForeign = (text: string): boolean => foreign.test(text);
