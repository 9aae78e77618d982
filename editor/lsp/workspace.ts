// Owns: the open documents and what is known about each. Analyses are made when asked for and kept until a text they
// were made from changes. Knows no protocol and no file system: files come from `Files`.

import { checkProgram } from "../../compiler/check/check.js";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.js";
import { Diagnostics } from "../../compiler/diagnostics/report.js";
import type { Host } from "../../compiler/host.js";
import { isLibrary, Program, type Module } from "../../compiler/resolve/module.js";
import { SourceFile } from "../../compiler/source/file.js";
import type { FileId } from "../../compiler/source/span.js";
import { library } from "../../stdlib/index.js";
import { buildModel } from "./bind.js";
import type { Model } from "./model.js";

/** Files as they are on disk. */
export interface Files extends Host {
  /** The .dsamp files of the open folders. */
  list(): readonly FileId[];
}

/** What is known about one document. */
export interface Analysis {
  readonly id: FileId;
  readonly module: Module;
  readonly program: Program;
  readonly model: Model;
  /** Of this file and of those it uses, short of what needs a sampler. */
  readonly diagnostics: readonly Diagnostic[];
}

export class Workspace {
  readonly #open = new Map<FileId, string>();
  /** Texts read from disk; undefined for files that are not there. */
  readonly #disk = new Map<FileId, string | undefined>();
  readonly #analyses = new Map<FileId, Analysis>();
  /** Library files parsed for the last analysis of a document: texts that never change. */
  readonly #libraryModules = new Map<FileId, readonly Module[]>();

  constructor(readonly files: Files) {}

  /** A document is opened, or its text changes. */
  set(id: FileId, text: string): void {
    if (this.#open.get(id) === text) return;
    this.#open.set(id, text);
    this.#forget(id);
  }

  close(id: FileId): void {
    if (!this.#open.delete(id)) return;
    this.#disk.delete(id);
    this.#libraryModules.delete(id);
    this.#forget(id);
  }

  /** A file changed on disk. */
  refresh(id: FileId): void {
    this.#disk.delete(id);
    if (!this.#open.has(id)) this.#forget(id);
  }

  get openFiles(): readonly FileId[] {
    return [...this.#open.keys()];
  }

  /** Open documents by name, for a compilation elsewhere. */
  get openTexts(): Readonly<Record<FileId, string>> {
    return Object.fromEntries(this.#open);
  }

  text(id: FileId): string | undefined {
    const open = this.#open.get(id);
    if (open !== undefined) return open;
    if (isLibrary(id)) return library[id]?.text;
    if (!this.#disk.has(id)) this.#disk.set(id, this.files.readText(id));
    return this.#disk.get(id);
  }

  /** The text of a file with its line index. */
  source(id: FileId): SourceFile | undefined {
    const known = this.#analyses.get(id)?.module.source;
    if (known) return known;
    const text = this.text(id);
    return text === undefined ? undefined : new SourceFile(id, text);
  }

  /** The compiler's view of the files, open documents first. */
  get host(): Host {
    return {
      readText: (id) => this.text(id),
      readBytes: (id) => this.files.readBytes?.(id),
      resolve: (from, path) => this.files.resolve(from, path),
    };
  }

  /** Every file of the user: open or in an open folder. */
  get userFiles(): readonly FileId[] {
    return [...new Set([...this.#open.keys(), ...this.files.list()])].filter((id) => !isLibrary(id));
  }

  analysis(id: FileId): Analysis | undefined {
    const known = this.#analyses.get(id);
    if (known) return known;
    const text = this.text(id);
    if (text === undefined) return undefined;
    const made = analyse(id, text, this.host, this.#libraryModules.get(id) ?? []);
    if (!made) return undefined;
    this.#analyses.set(id, made);
    const parsed = [...made.program.modules.values()].filter((module) => isLibrary(module.id));
    this.#libraryModules.set(
      id,
      parsed.filter((module) => module.id !== id),
    );
    return made;
  }

  /** Files that use this one, as far as they have been analysed. */
  dependents(id: FileId): readonly FileId[] {
    return [...this.#analyses.values()]
      .filter((analysis) => analysis.id !== id && analysis.program.modules.has(id))
      .map((analysis) => analysis.id);
  }

  #forget(id: FileId): void {
    this.#analyses.delete(id);
    for (const [other, analysis] of this.#analyses)
      if (analysis.program.modules.has(id) || analysis.diagnostics.some((item) => item.code === "D0205"))
        this.#analyses.delete(other);
  }
}

/** Parses, resolves and checks a document. `parsed` are library files that need not be parsed again. */
export function analyse(
  id: FileId,
  text: string,
  host: Host,
  parsed: readonly Module[] = [],
): Analysis | undefined {
  const diagnostics = new Diagnostics();
  const program = new Program(host, diagnostics);
  for (const module of parsed) program.modules.set(module.id, module);
  const module = program.load(id, text);
  if (!module) return undefined;
  checkProgram(program);
  // Names are looked up once more: what only that finds is no finding of the check.
  const found = [...diagnostics.all];
  return { id, module, program, model: buildModel(module, program), diagnostics: found };
}
