// Owns: lining up neighbouring lines: equal signs of equations, of lets, and the second column of a sampler's clauses.

import type { Columns } from "./statement.js";

export interface Line {
  readonly indent: number;
  readonly text: string;
  readonly columns?: Columns;
  /** A comment behind the code. */
  readonly comment?: string;
  /** Ends with the brace of a block: no blank line follows. */
  readonly opens?: boolean;
  /** The author's own line: never lined up. */
  readonly verbatim?: boolean;
}

/** Wider differences than this look worse lined up than ragged. */
const SPREAD = 12;

/** The lines as text. */
export function align(lines: readonly Line[]): string[] {
  const result: string[] = [];
  for (let i = 0; i < lines.length;) {
    let end = i + 1;
    while (end < lines.length && together(lines[i] as Line, lines[end] as Line)) end += 1;
    const run = lines.slice(i, end);
    const widths = run.map((line) => line.columns?.left.length ?? 0);
    const widest = Math.max(...widths);
    const lineUp =
      run.length > 1 && (run[0]?.columns?.class === "clause" || widest - Math.min(...widths) <= SPREAD);
    for (const line of run) {
      const { columns } = line;
      const text = columns && lineUp ? `${columns.left.padEnd(widest)} ${columns.right}` : line.text;
      const code = `${" ".repeat(line.text === "" ? 0 : line.indent)}${text}`;
      result.push(line.comment ? `${code}  ${line.comment}` : code);
    }
    i = end;
  }
  return result;
}

const together = (a: Line, b: Line): boolean =>
  a.columns !== undefined && b.columns?.class === a.columns.class && a.indent === b.indent;
