// Owns: the author's own lines of a stretch of text, with how deep each stands: where comments stand inside a statement,
// its lines are kept and only indented anew.

import type { Span } from "../../compiler/source/span.js";

export interface NestedLine {
  /** Without the space around it. */
  readonly text: string;
  /** Open brackets around it; lines that go on without one count as one. */
  readonly depth: number;
}

/** `comments` are those inside the span, in order. */
export function nested(text: string, span: Span, comments: readonly Span[]): readonly NestedLine[] {
  const lines: NestedLine[] = [];
  let next = 0;
  let depth = 0;
  let [start, before] = [span.start, 0];
  const end = (at: number): void => {
    const line = text.slice(start, at).trim();
    const closing = /^[)\]}]/.test(line) ? 1 : 0;
    lines.push({ text: line, depth: lines.length === 0 ? 0 : Math.max(before - closing, 1 - closing) });
    [start, before] = [at + 1, depth];
  };
  for (let i = span.start; i < span.end; i += 1) {
    const comment = comments[next];
    const character = text[i] as string;
    if (comment && i >= comment.start) {
      i = comment.end - 1;
      next += 1;
    } else if (character === '"') i = endOfString(text, i);
    else if ("([{".includes(character)) depth += 1;
    else if (")]}".includes(character)) depth -= 1;
    else if (character === "\n") end(i);
  }
  if (text.slice(start, span.end).trim() !== "") end(span.end);
  return lines;
}

/** The closing quote, or the end of the line. */
function endOfString(text: string, start: number): number {
  const [quote, line] = [text.indexOf('"', start + 1), text.indexOf("\n", start)];
  if (quote >= 0 && (line < 0 || quote < line)) return quote;
  return (line < 0 ? text.length : line) - 1;
}
