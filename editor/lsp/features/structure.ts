// Owns: folding, selection ranges and formatting: what follows from the shape of a text alone.

import type { Edit } from "../../../compiler/diagnostics/diagnostic.js";
import { isLibrary } from "../../../compiler/resolve/module.js";
import type { Span } from "../../../compiler/source/span.js";
import { walk } from "../../../compiler/syntax/walk.js";
import { format } from "../../fmt/format.js";
import { pathTo } from "../model.js";
import type { Analysis } from "../workspace.js";

export interface Fold {
  /** Lines from 0, both included. */
  readonly startLine: number;
  readonly endLine: number;
  readonly kind: "block" | "comment" | "imports";
}

export function folds(analysis: Analysis): readonly Fold[] {
  const { source, tree } = analysis.module;
  const found: Fold[] = [];
  const line = (offset: number): number => source.position(offset).line;
  const add = (startLine: number, endLine: number, kind: Fold["kind"]): void => {
    if (endLine > startLine) found.push({ startLine, endLine, kind });
  };
  const block = ({ span }: { readonly span: Span }): void =>
    add(line(span.start), line(span.end) - 1, "block");
  walk(tree, { Block: block, Tableau: block, List: block });
  runs(tree.comments.filter((comment) => comment.ownLine).map((comment) => comment.span)).forEach((run) =>
    add(run[0], run[1], "comment"),
  );
  runs(tree.items.filter((item) => item.kind === "Use").map((item) => item.span)).forEach((run) =>
    add(run[0], run[1], "imports"),
  );
  return found.sort((a, b) => a.startLine - b.startLine || b.endLine - a.endLine);

  /** First and last lines of stretches without other lines in between. */
  function runs(spans: readonly Span[]): readonly (readonly [number, number])[] {
    const result: [number, number][] = [];
    for (const span of spans) {
      const last = result[result.length - 1];
      if (last && line(span.start) === last[1] + 1) last[1] = line(span.end);
      else result.push([line(span.start), line(span.end)]);
    }
    return result;
  }
}

/** Ever larger stretches around an offset, the innermost first. */
export function selection(analysis: Analysis, offset: number): readonly Span[] {
  const spans: Span[] = [];
  for (const { span } of [...pathTo(analysis.module.tree, offset)].reverse()) {
    const last = spans[spans.length - 1];
    if (
      !last ||
      (span.start <= last.start && span.end >= last.end && span.end - span.start > last.end - last.start)
    )
      spans.push(span);
  }
  return spans;
}

/** One edit around what changes; none for a text in shape, one with syntax errors, or one of the library. */
export function formatting(analysis: Analysis): readonly Edit[] {
  const { source, id } = analysis.module;
  const formatted = isLibrary(id) ? undefined : format(source.text, id).text;
  if (formatted === undefined || formatted === source.text) return [];
  const { text } = source;
  let start = 0;
  while (start < text.length && text[start] === formatted[start]) start += 1;
  let tail = 0;
  const most = Math.min(text.length, formatted.length) - start;
  while (tail < most && text[text.length - 1 - tail] === formatted[formatted.length - 1 - tail]) tail += 1;
  return [
    { span: source.span(start, text.length - tail), text: formatted.slice(start, formatted.length - tail) },
  ];
}
