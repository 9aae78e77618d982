// Owns: a source text and its line index. Must not know the grammar.

import type { FileId, Span } from "./span.js";

/** One source text. `id` is shown in diagnostics; `text` is never changed after construction. */
export class SourceFile {
  readonly #lineStarts: readonly number[];

  constructor(
    readonly id: FileId,
    readonly text: string,
  ) {
    const starts = [0];
    for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) === 10) starts.push(i + 1);
    this.#lineStarts = starts;
  }

  /** Zero-based line and column (UTF-16 units) of an offset; offsets past the end give the last position. */
  position(offset: number): { readonly line: number; readonly column: number } {
    const at = Math.max(0, Math.min(offset, this.text.length));
    let low = 0;
    let high = this.#lineStarts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#lineStarts[middle] as number) <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low, column: at - (this.#lineStarts[low] as number) };
  }

  /** Offset of a zero-based position; clamped to the text. */
  offset(line: number, column: number): number {
    const start = this.#lineStarts[Math.max(0, Math.min(line, this.#lineStarts.length - 1))] as number;
    return Math.min(start + column, this.text.length);
  }

  /** The text of a zero-based line, without its line end. */
  line(line: number): string {
    const start = this.#lineStarts[line];
    if (start === undefined) return "";
    const end = this.#lineStarts[line + 1] ?? this.text.length + 1;
    return this.text.slice(start, end - 1).replace(/\r$/, "");
  }

  get lineCount(): number {
    return this.#lineStarts.length;
  }

  span(start: number, end: number): Span {
    return { file: this.id, start, end };
  }
}
