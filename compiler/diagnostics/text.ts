// Owns: diagnostics as text with caret frames. It lays out what it is given and words nothing: messages come from the
// stages, severities from the registry.

import type { SourceFile } from "../source/file.js";
import type { FileId } from "../source/span.js";
import type { Diagnostic, Label } from "./diagnostic.js";
import { frame, type FrameLabel } from "./frame.js";
import { painter, type Painter } from "./paint.js";

/** Finds the text of a file. */
export type Sources = (file: FileId) => SourceFile | undefined;

/** Renders diagnostics one after another, with an empty line between two. Ends with a line end unless empty. */
export function renderText(
  diagnostics: readonly Diagnostic[],
  sources: Sources,
  options: { readonly color: boolean },
): string {
  const paint = painter(options.color);
  return diagnostics.map((item) => renderOne(item, sources, paint)).join("\n");
}

function renderOne(item: Diagnostic, sources: Sources, paint: Painter): string {
  const head = paint(item.severity, `${item.severity}[${item.code}]`);
  const lines = [`${head}${paint("bold", `: ${item.message}`)}`];
  const labels: FrameLabel[] = item.secondary.map((label) => ({ ...label, primary: false }));
  if (item.primary !== undefined) labels.unshift({ ...item.primary, primary: true });
  for (const [file, own] of byFile(labels)) lines.push(...section(file, own, item, sources, paint));
  const remark = (word: string, text: string | undefined): void => {
    if (text === undefined) return;
    const [first, ...rest] = text.split("\n");
    lines.push(`     ${paint("gutter", "=")} ${paint("bold", word)}: ${first}`);
    for (const line of rest) lines.push(`       ${" ".repeat(word.length)}  ${line}`);
  };
  remark("why", item.why);
  remark("help", item.help);
  remark("fix", item.fix?.title);
  return `${lines.join("\n")}\n`;
}

function section(
  id: FileId,
  labels: readonly FrameLabel[],
  item: Diagnostic,
  sources: Sources,
  paint: Painter,
): readonly string[] {
  const source = sources(id);
  const lead = labels[0] as FrameLabel;
  const arrow = paint("gutter", "-->");
  if (source === undefined)
    return [`  ${arrow} ${id}`, ...labels.flatMap((label) => (label.text ? [`     ${label.text}`] : []))];
  const { line, column } = source.position(lead.span.start);
  return [`  ${arrow} ${id}:${line + 1}:${column + 1}`, ...frame(source, labels, item.severity, paint)];
}

/** Labels by file, the primary label's file first. */
function byFile<T extends Label>(labels: readonly T[]): ReadonlyMap<FileId, readonly T[]> {
  const groups = new Map<FileId, T[]>();
  for (const label of labels) {
    const group = groups.get(label.span.file);
    if (group) group.push(label);
    else groups.set(label.span.file, [label]);
  }
  return groups;
}
