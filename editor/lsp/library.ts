// Owns: what the library offers, without parsing it: each definition's kind, name, first line and documentation.

import { library } from "../../stdlib/index.js";
import type { FileId } from "../../compiler/source/span.js";

export interface LibraryEntry {
  /** `solver`, `grid`, ...; `let` for functions and tables. */
  readonly sort: string;
  readonly name: string;
  readonly file: FileId;
  /** The line that begins it, without its body. */
  readonly head: string;
  readonly doc: string;
}

export const libraryEntries: readonly LibraryEntry[] = Object.entries(library).flatMap(
  ([file, { names, text }]) => {
    const lines = text.split("\n");
    return names.map((full) => {
      const [sort = "", name = ""] = full.split(" ");
      const words = sort === "let" ? ["let", "table"] : [sort];
      const at = lines.findIndex((line) =>
        words.some(
          (word) =>
            line.startsWith(`${word} ${name}`) &&
            !/^[\p{L}\p{N}_]/u.test(line.slice(word.length + 1 + name.length)),
        ),
      );
      let first = at;
      while (first > 0 && lines[first - 1]?.startsWith("///")) first -= 1;
      return {
        sort,
        name,
        file,
        head: (lines[at] ?? full).replace(/\s*\{\s*$/, ""),
        doc: lines
          .slice(first, at)
          .map((line) => line.slice(3).replace(/^ /, ""))
          .join("\n"),
      };
    });
  },
);
