// Owns: code actions: the fixes diagnostics offer, what their help names, the order that holds, and bringing in a name
// that another file or the library has.

import type { Diagnostic, Edit } from "../../../compiler/diagnostics/diagnostic.js";
import { isLibrary } from "../../../compiler/resolve/module.js";
import type { Span } from "../../../compiler/source/span.js";
import type { UseItem } from "../../../compiler/syntax/ast.js";
import { libraryPrefix } from "../../../stdlib/index.js";
import type { Fact } from "../later.js";
import { libraryEntries } from "../library.js";
import type { Analysis, Workspace } from "../workspace.js";
import { relativePath } from "./completionUse.js";
import { repairs } from "./repairs.js";

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
  const own = workspace.userFiles.filter((id) => {
    if (id === analysis.id || workspace.text(id)?.includes(name) !== true) return false;
    const module = workspace.analysis(id)?.module;
    return [...(module?.definitions.values() ?? []), ...(module?.values.values() ?? [])].some(
      (candidate) => candidate.name === name,
    );
  });
  const paths = own.flatMap((id) => {
    const path = relativePath(analysis.id, id);
    return path === undefined ? [] : [`"${path}"`];
  });
  const parts = libraryEntries
    .filter((entry) => entry.sort === "let" && entry.name === name)
    .map(({ file }) => `std.${file.slice(libraryPrefix.length).split("/")[0]}`);
  return [...paths, ...parts].map((from) => ({
    title: `use \`${name}\` from ${from.replaceAll('"', "")}`,
    edits: [useEdit(analysis, from, name)],
    diagnostic: item,
    preferred: false,
  }));
}

/** Adds a name to the `use` of that file, or a new `use` after the others. */
function useEdit(analysis: Analysis, from: string, name: string): Edit {
  const { source, tree } = analysis.module;
  const uses = tree.items.filter((item): item is UseItem => item.kind === "Use");
  const known = uses.find((item) => fromOf(item) === from && item.names && item.names.length > 0);
  const last = known?.names?.[known.names.length - 1];
  if (last) return { span: source.span(last.span.end, last.span.end), text: `, ${name}` };
  const line = `use ${from} { ${name} }\n`;
  const after = uses[uses.length - 1]?.span;
  const at = after ? lineAfter(source.text, after) : 0;
  const ended = at === 0 || source.text[at - 1] === "\n";
  const gap = after ? "" : "\n";
  return { span: source.span(at, at), text: ended ? `${line}${gap}` : `\n${line}` };
}

const fromOf = ({ from }: UseItem): string =>
  "kind" in from ? `"${from.value}"` : from.map((part) => part.text).join(".");

function lineAfter(text: string, span: Span): number {
  const end = text.indexOf("\n", span.end);
  return end < 0 ? text.length : end + 1;
}
