// Owns: code actions: the fixes diagnostics offer, what their help names, the order that holds, and bringing in a name
// that another file or the library has.

import type { Diagnostic, Edit } from "../../../compiler/diagnostics/diagnostic.js";
import { isLibrary } from "../../../compiler/resolve/module.js";
import type { Span } from "../../../compiler/source/span.js";
import type { Fact } from "../later.js";
import { libraryEntries } from "../library.js";
import type { Analysis, Workspace } from "../workspace.js";
import { repairs } from "./repairs.js";
import { otherFiles, partOf, useEdit } from "./useEdit.js";

export interface Action {
  readonly title: string;
  readonly edits: readonly Edit[];
  /** The finding it mends; none for what states a fact. */
  readonly diagnostic?: Diagnostic;
  /** To be taken without looking: it keeps the meaning. */
  readonly preferred: boolean;
}

/** Actions for the findings that touch a stretch of the document. */
export function actions(
  workspace: Workspace,
  analysis: Analysis,
  diagnostics: readonly Diagnostic[],
  range: { readonly start: number; readonly end: number },
  facts: readonly Fact[] = [],
): readonly Action[] {
  if (isLibrary(analysis.id)) return [];
  const touched = (span: Span | undefined): boolean =>
    span?.file === analysis.id && span.start <= range.end && range.start <= span.end;
  const stated = facts.flatMap(({ at, action }): Action[] =>
    action && (touched(at) || action.edits.some((edit) => touched(edit.span)))
      ? [{ ...action, ...mended(diagnostics, action.edits), preferred: false }]
      : [],
  );
  return [
    ...diagnostics
      .filter(({ primary }) => touched(primary?.span))
      .flatMap((item) => [
        ...offered(item),
        ...named(workspace, analysis, item),
        ...imports(workspace, analysis, item),
      ]),
    ...stated,
  ];
}

/** A claim of order that is not met is mended by the order that holds. */
function mended(
  diagnostics: readonly Diagnostic[],
  edits: readonly Edit[],
): { readonly diagnostic?: Diagnostic } {
  const found = diagnostics.find(
    ({ code, primary }) =>
      code === "D0412" &&
      edits.some(({ span }) => primary && primary.span.start <= span.start && span.end <= primary.span.end),
  );
  return found ? { diagnostic: found } : {};
}

function offered(item: Diagnostic): readonly Action[] {
  const { fix } = item;
  if (!fix || fix.applicability === "display-only" || fix.edits.length === 0) return [];
  return [{ title: fix.title, edits: fix.edits, diagnostic: item, preferred: fix.applicability === "safe" }];
}

function named(workspace: Workspace, analysis: Analysis, item: Diagnostic): readonly Action[] {
  return repairs(workspace, analysis, item).map((repair) => ({
    ...repair,
    diagnostic: item,
    preferred: false,
  }));
}

/** An unknown name that some file defines. */
function imports(workspace: Workspace, analysis: Analysis, item: Diagnostic): readonly Action[] {
  if (item.code !== "D0201" || !item.primary) return [];
  const { text } = analysis.module.source;
  const name = text.slice(item.primary.span.start, item.primary.span.end);
  const files = otherFiles(workspace, analysis, (other) => other.includes(name))
    .filter(({ module }) =>
      [...module.definitions.values(), ...module.values.values()].some(
        (candidate) => candidate.name === name,
      ),
    )
    .map(({ from }) => from);
  const parts = libraryEntries.filter((entry) => entry.sort === "let" && entry.name === name).map(partOf);
  return [...files, ...parts].map((from) => ({
    title: `use \`${name}\` from ${from.replaceAll('"', "")}`,
    edits: [useEdit(analysis, from, name)],
    diagnostic: item,
    preferred: false,
  }));
}
