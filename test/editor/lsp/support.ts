// Owns: fixtures of language server tests: texts with a cursor `<|>`, workspaces in memory.

import { joinInside } from "../../../compiler/host.js";
import type { FileId, Span } from "../../../compiler/source/span.js";
import { Workspace, type Analysis, type Files } from "../../../editor/lsp/workspace.js";

/** What random edits put into a text: parts of the language, whole and torn. */
export const editPieces: readonly string[] = [
  ...[
    "x[t] = ",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "\n",
    ";",
    ".",
    ":",
    "->",
    "let h = ",
    "solver b {",
    "use ",
    '"',
  ],
  ...[
    "step {",
    " ",
    "σ",
    "x₀",
    "// c\n",
    "/// d\n",
    "for i in 0 .. 2",
    "1/2",
    "when up {",
    "ddim(s -> t)",
    "|",
  ],
];

/** Files in memory, all of them in the open folder. */
export const memoryFiles = (files: Readonly<Record<FileId, string>>): Files => ({
  readText: (id) => files[id],
  resolve: (from, path) => joinInside(from, path),
  list: () => Object.keys(files),
});

export interface Fixture {
  readonly workspace: Workspace;
  readonly analysis: Analysis;
  readonly offset: number;
  readonly text: string;
}

/** A workspace with `a.dsamp` open; `<|>` is the cursor. */
export function fixture(marked: string, others: Readonly<Record<FileId, string>> = {}): Fixture {
  const offset = Math.max(0, marked.indexOf("<|>"));
  const text = marked.replace("<|>", "");
  const workspace = new Workspace(memoryFiles(others));
  workspace.set("a.dsamp", text);
  const analysis = workspace.analysis("a.dsamp");
  if (!analysis) throw new Error("no analysis");
  return { workspace, analysis, offset, text };
}

/** A place as `file:line:column text`, counted from one. */
export function shown({ workspace }: Fixture, { file, start, end }: Span): string {
  const source = workspace.source(file);
  if (!source) return `${file}?`;
  const { line, column } = source.position(start);
  return `${file}:${line + 1}:${column + 1} ${source.text.slice(start, end)}`;
}
