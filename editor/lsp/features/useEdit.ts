// Owns: bringing a name in: adding it to a `use`, or a new `use` to the file; and where names of other files come from.

import type { Edit } from "../../../compiler/diagnostics/diagnostic.js";
import type { Module } from "../../../compiler/resolve/module.js";
import type { FileId, Span } from "../../../compiler/source/span.js";
import type { UseItem } from "../../../compiler/syntax/ast.js";
import { libraryPrefix } from "../../../stdlib/index.js";
import type { LibraryEntry } from "../library.js";
import type { Analysis, Workspace } from "../workspace.js";
import { relativePath } from "./completionUse.js";

/** The part of the library as a `use` names it. */
export const partOf = ({ file }: LibraryEntry): string =>
  `std.${file.slice(libraryPrefix.length).split("/")[0]}`;

/** The user's other files, each as a `use` names it; only those whose text the test accepts. */
export function otherFiles(
  workspace: Workspace,
  analysis: Analysis,
  accepts: (text: string) => boolean,
): readonly { readonly id: FileId; readonly from: string; readonly module: Module }[] {
  return workspace.userFiles.flatMap((id) => {
    const path = id === analysis.id ? undefined : relativePath(analysis.id, id);
    if (path === undefined || !accepts(workspace.text(id) ?? "")) return [];
    const module = workspace.analysis(id)?.module;
    return module ? [{ id, from: `"${path}"`, module }] : [];
  });
}

/** Adds a name to the `use` of that file, or a new `use`: after the others, or below the comment that begins the file. */
export function useEdit(analysis: Analysis, from: string, name: string): Edit {
  const { source, tree } = analysis.module;
  const uses = tree.items.filter((item): item is UseItem => item.kind === "Use");
  const known = uses.find((item) => fromOf(item) === from && item.names && item.names.length > 0);
  const last = known?.names?.[known.names.length - 1];
  if (last) return { span: source.span(last.span.end, last.span.end), text: `, ${name}` };
  const line = `use ${from} { ${name} }\n`;
  const after = uses[uses.length - 1]?.span;
  const at = after ? lineAfter(source.text, after) : headerEnd(source.text);
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

/** Past the comment that begins a file and the blank lines below it; a comment without those belongs to what follows. */
const headerEnd = (text: string): number =>
  /^(?:\/\/(?!\/)[^\n]*\n)+(?:[ \t\r]*\n)+/.exec(text)?.[0].length ?? 0;
