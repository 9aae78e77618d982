// Owns: what the library says of itself: its definitions with the comments their files open with.

import { library } from "../../stdlib/index.js";

/** A comment in its parts. */
export interface Documentation {
  readonly text: string;
  /** The paper, from `Source:`. */
  readonly source: string | undefined;
  /** What other tools call it, from `Elsewhere:`. */
  readonly elsewhere: string | undefined;
}

export interface LibraryEntry {
  /** `solver`, `grid`, `schedule`, ... */
  readonly kind: string;
  readonly name: string;
  /** `std:solvers/basic/ddim.dsamp`. */
  readonly file: string;
  /** `solvers/basic`. */
  readonly folder: string;
  readonly doc: Documentation;
}

/** The `///` lines a file opens with. */
export function documentationOf(text: string): Documentation {
  const lines = text.split("\n");
  const end = lines.findIndex((line) => !line.startsWith("///"));
  const parts = { text: [] as string[], source: [] as string[], elsewhere: [] as string[] };
  let into = parts.text;
  for (const line of lines.slice(0, end < 0 ? lines.length : end).map((raw) => raw.slice(3).trim())) {
    if (line.startsWith("Source:")) into = parts.source;
    else if (line.startsWith("Elsewhere:")) into = parts.elsewhere;
    into.push(line.replace(/^(Source|Elsewhere):\s*/, ""));
  }
  const joined = (part: readonly string[]): string | undefined =>
    part.length === 0 ? undefined : part.join(" ").replace(/\s*[.;]$/, "");
  return {
    text: joined(parts.text) ?? "",
    source: joined(parts.source),
    elsewhere: joined(parts.elsewhere),
  };
}

/** Every definition of the library, in the order of its files. */
export function libraryEntries(): readonly LibraryEntry[] {
  return Object.entries(library).flatMap(([file, { names, text }]) =>
    names.flatMap((full): LibraryEntry[] => {
      const [kind = "", name = ""] = full.split(" ");
      const folder = file.slice(file.indexOf(":") + 1, file.lastIndexOf("/"));
      return kind === "let" ? [] : [{ kind, name, file, folder, doc: documentationOf(text) }];
    }),
  );
}
