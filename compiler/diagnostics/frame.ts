// Owns: the frame of source lines with carets below them. Tabs are shown as spaces, control characters as a
// replacement, very long lines as a window, so that carets always stand under what they mean.

import type { SourceFile } from "../source/file.js";
import type { Severity } from "./codes.js";
import type { Label } from "./diagnostic.js";
import type { Painter } from "./paint.js";

export interface FrameLabel extends Label {
  readonly primary: boolean;
}

const tab = "    ";
const window = 160;

/** One underline on one line, in columns of the source. */
interface Mark {
  readonly line: number;
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly primary: boolean;
}

export function frame(
  source: SourceFile,
  labels: readonly FrameLabel[],
  severity: Severity,
  paint: Painter,
): readonly string[] {
  const marks = labels.flatMap((label) => marksOf(source, label));
  const lines = [...new Set(marks.map((mark) => mark.line))].sort((a, b) => a - b);
  const width = Math.max(4, String((lines[lines.length - 1] ?? 0) + 1).length);
  const gutter = (text: string): string => paint("gutter", `${text.padStart(width)} |`);
  const out: string[] = [];
  lines.forEach((line, i) => {
    const previous = lines[i - 1];
    if (previous !== undefined && line === previous + 2) {
      const between = shown(source.line(line - 1), 0, window).trimEnd();
      out.push(`${gutter(String(line))} ${between}`.trimEnd());
    } else if (previous !== undefined && line > previous + 1)
      out.push(paint("gutter", "...".padStart(width + 2)));
    const text = source.line(line);
    const own = marks.filter((mark) => mark.line === line);
    const start = windowStart(text, own);
    const prefix = start > 0 ? "…" : "";
    out.push(`${gutter(String(line + 1))} ${prefix}${shown(text, start, start + window)}`.trimEnd());
    for (const mark of own) {
      const indent = prefix.length + shown(text, start, mark.from).length;
      const length = Math.max(
        1,
        shown(text, Math.max(start, mark.from), Math.min(mark.to, start + window)).length,
      );
      const underline = (mark.primary ? "^" : "-").repeat(length);
      const note = mark.text === "" ? underline : `${underline} ${mark.text}`;
      out.push(`${gutter("")} ${" ".repeat(indent)}${paint(mark.primary ? severity : "secondary", note)}`);
    }
  });
  return out;
}

/** A label over several lines marks its first and its last line; the text stands at the last. */
function marksOf(source: SourceFile, { span, text, primary }: FrameLabel): readonly Mark[] {
  const start = source.position(span.start);
  const end = source.position(Math.max(span.start, span.end));
  if (start.line === end.line)
    return [{ line: start.line, from: start.column, to: end.column, text, primary }];
  const head = {
    line: start.line,
    from: start.column,
    to: source.line(start.line).length,
    text: "",
    primary,
  };
  // A span that ends with a line end does not reach into the next line.
  if (end.column === 0 && end.line === start.line + 1) return [{ ...head, text }];
  const last = end.column === 0 ? end.line - 1 : end.line;
  const lastText = source.line(last);
  const from = lastText.length - lastText.trimStart().length;
  const to = end.column === 0 ? lastText.length : end.column;
  return [head, { line: last, from: Math.min(from, to), to, text, primary }];
}

/** First column shown: 0, unless the marks of a long line lie far to the right. */
function windowStart(text: string, marks: readonly Mark[]): number {
  const first = Math.min(...marks.map((mark) => mark.from));
  return text.length <= window || first < window - 40 ? 0 : first - 40;
}

/** Columns `from` to `to` of a line as they are printed. */
function shown(line: string, from: number, to: number): string {
  const part = line.slice(from, Math.max(from, to));

  return part
    .replaceAll("\t", tab)
    .replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "\ufffd");
}
