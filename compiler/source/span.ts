// Owns: positions in source text. A span is half-open and counts UTF-16 units, which is what JS strings and
// the language server protocol both count. Lines and columns exist only in renderers.

/** Identifies a source file: its path as the host knows it, or `std:solvers/ddim` for the library. */
export type FileId = string;

/** A half-open range `[start, end)` of UTF-16 units in one file. */
export interface Span {
  readonly file: FileId;
  readonly start: number;
  readonly end: number;
}

/** The smallest span that covers both. Both must lie in the same file. */
export function cover(a: Span, b: Span): Span {
  return { file: a.file, start: Math.min(a.start, b.start), end: Math.max(a.end, b.end) };
}
