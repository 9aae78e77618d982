// Owns: files and what their names mean: definitions, file-level values, imports, the library. Loads what a program
// needs and nothing else. A file's own names come first, then what it uses, then the library's definitions.

import type { Definition, LetStmt, Sort, SyntaxTree, TableStmt, UseItem } from "../syntax/ast.js";
import { sorts } from "../syntax/ast.js";
import { parse } from "../syntax/parse.js";
import { SourceFile } from "../source/file.js";
import { cover, type FileId, type Span } from "../source/span.js";
import type { Diagnostics } from "../diagnostics/report.js";
import { diagnostic, fail } from "../diagnostics/report.js";
import type { Host } from "../host.js";
import { limits } from "../limits.js";
import { library, libraryPrefix } from "../../stdlib/index.js";
import { didYouMean } from "./suggest.js";

export interface Def {
  readonly sort: Sort;
  readonly name: string;
  readonly node: Definition;
  readonly module: Module;
}

/** A file-level `let` or `table`. */
export interface ValueDef {
  readonly name: string;
  readonly node: LetStmt | TableStmt;
  readonly module: Module;
}

export interface Module {
  readonly id: FileId;
  readonly source: SourceFile;
  readonly tree: SyntaxTree;
  readonly definitions: ReadonlyMap<string, Def>;
  readonly values: ReadonlyMap<string, ValueDef>;
  /** Names brought in by `use`, definitions and values. */
  readonly used: { readonly definitions: Map<string, Def>; readonly values: Map<string, ValueDef> };
}

const key = (sort: Sort, name: string): string => `${sort} ${name}`;
export const isLibrary = (id: FileId): boolean => id.startsWith(libraryPrefix);

/** The library file that defines `solver ddim`, `grid karras`, ... */
const libraryFiles: ReadonlyMap<string, FileId> = new Map(
  Object.entries(library).flatMap(([file, { names }]) => names.map((name) => [name, file])),
);

/** All files of one compilation. */
export class Program {
  readonly #loading: FileId[] = [];

  /** Files that were asked for and cannot be read. */
  readonly missing = new Set<FileId>();

  #work = 0;

  /** `modules` of another program: what it has loaded is here too, and what is loaded here is there. */
  constructor(
    readonly host: Host,
    readonly diagnostics: Diagnostics,
    readonly modules = new Map<FileId, Module>(),
  ) {}

  /** Counts unrolled elements (sums, lists, loops); a program may ask for so many and no more. Throws D0806. */
  spend(elements: number, at: Span): void {
    this.#work += elements;
    if (this.#work > limits.elements)
      fail("D0806", `this program asks for more than ${limits.elements} elements of sums, lists and loops`, {
        at,
        help: "nested ranges multiply: make them shorter",
      });
  }

  /** Source text of a file of the program, for renderers. */
  source(id: FileId): SourceFile | undefined {
    return this.modules.get(id)?.source;
  }

  /** Loads a file and what it uses. `text` overrides the host (unsaved editor buffers, standard input). */
  load(id: FileId, text?: string, from?: Span): Module | undefined {
    const known = this.modules.get(id);
    if (known) {
      if (this.#loading.includes(id) && from) {
        const cycle = [...this.#loading.slice(this.#loading.indexOf(id)), id].join(" -> ");
        this.diagnostics.add(
          diagnostic("D0206", `these files use each other in a cycle: ${cycle}`, {
            at: from,
            label: "closes the cycle",
            help: "move what both files need into a third file",
          }),
        );
      }
      return known;
    }
    const content = text ?? (isLibrary(id) ? library[id]?.text : this.host.readText(id));
    if (content === undefined) {
      this.missing.add(id);
      this.diagnostics.add(
        diagnostic(from ? "D0205" : "D0601", `the file \`${id}\` cannot be read`, {
          ...(from ? { at: from } : {}),
          help: "check the name; paths are relative to the file they are written in",
        }),
      );
      return undefined;
    }
    if (this.modules.size >= limits.imports) {
      this.diagnostics.add(
        diagnostic("D0803", `a program may use at most ${limits.imports} files`, from ? { at: from } : {}),
      );
      return undefined;
    }
    const source = new SourceFile(id, content);
    const { tree, diagnostics } = parse(source);
    for (const item of diagnostics) this.diagnostics.add(item);
    const definitions = new Map<string, Def>();
    const values = new Map<string, ValueDef>();
    const module: Module = {
      id,
      source,
      tree,
      definitions,
      values,
      used: { definitions: new Map(), values: new Map() },
    };
    this.modules.set(id, module);
    this.#declare(module, definitions, values);
    this.#loading.push(id);
    for (const item of tree.items) if (item.kind === "Use") this.#use(module, item);
    this.#loading.pop();
    return module;
  }

  #declare(module: Module, definitions: Map<string, Def>, values: Map<string, ValueDef>): void {
    const twice = (name: string, at: Span, first: Span): void =>
      this.diagnostics.add(
        diagnostic("D0204", `\`${name}\` is defined twice in this file`, {
          at,
          label: "second definition",
          secondary: [{ span: first, text: "first definition" }],
          help: "rename one of them",
        }),
      );
    for (const item of module.tree.items) {
      if (item.kind === "Definition") {
        const name = item.name.text;
        const before = definitions.get(key(item.sort, name));
        if (before) twice(name, item.name.span, before.node.name.span);
        else definitions.set(key(item.sort, name), { sort: item.sort, name, node: item, module });
      } else if (item.kind === "Let" || item.kind === "Table") {
        const name = item.name.text;
        const before = values.get(name);
        if (before) twice(name, item.name.span, before.node.name.span);
        else values.set(name, { name, node: item, module });
      }
    }
  }

  #use(module: Module, item: UseItem): void {
    const targets = this.#targets(module, item);
    if (!targets) return;
    const wanted = item.names?.map((name) => name.text);
    const found = new Set<string>();
    const offered = new Set<string>();
    for (const target of targets) {
      for (const [id, def] of target.definitions) {
        offered.add(def.name);
        if (wanted && !wanted.includes(def.name)) continue;
        module.used.definitions.set(id, def);
        found.add(def.name);
      }
      for (const [name, value] of target.values) {
        offered.add(name);
        if (wanted && !wanted.includes(name)) continue;
        module.used.values.set(name, value);
        found.add(name);
      }
    }
    for (const name of item.names ?? []) {
      if (found.has(name.text)) continue;
      this.diagnostics.add(
        diagnostic("D0201", `\`${name.text}\` is not defined there`, {
          at: name.span,
          help: this.diagnostics.words(module.id, () => didYouMean(name.text, offered)),
        }),
      );
    }
  }

  #targets(module: Module, item: UseItem): Module[] | undefined {
    if (!Array.isArray(item.from)) {
      const from = item.from as { readonly value: string; readonly span: Span };
      const id = isLibrary(module.id)
        ? libraryPath(module.id, from.value)
        : this.host.resolve(module.id, from.value);
      if (id === undefined) {
        this.diagnostics.add(
          diagnostic("D0205", `\`${from.value}\` lies outside the project`, {
            at: from.span,
            why: "a spec may only read files below the folder it belongs to, so that running a stranger's spec is safe",
            help: "copy the file into the project",
          }),
        );
        return undefined;
      }
      const target = this.load(id, undefined, from.span);
      return target ? [target] : undefined;
    }
    const path = item.from.map((name) => name.text);
    const prefix = `${libraryPrefix}${path.slice(1).join("/")}`;
    const ids = Object.keys(library).filter(
      (id) =>
        path[0] === "std" && (id.startsWith(`${prefix}/`) || id === `${prefix}.dsamp` || path.length === 1),
    );
    if (ids.length === 0) {
      const [first, last] = [item.from.at(0), item.from.at(-1)];
      const folders = new Set(
        Object.keys(library).map((id) => `std.${id.slice(libraryPrefix.length).split("/")[0]}`),
      );
      this.diagnostics.add(
        diagnostic("D0205", `there is no library part \`${path.join(".")}\``, {
          at: first && last ? cover(first.span, last.span) : item.span,
          help: didYouMean(path.join("."), folders) ?? `the parts are ${[...folders].sort().join(", ")}`,
        }),
      );
      return undefined;
    }
    const names = item.names?.map((name) => name.text);
    const needed = names
      ? ids.filter((id) =>
          library[id]?.names.some((name) => names.includes(name.slice(name.indexOf(" ") + 1))),
        )
      : ids;
    const modules = needed.map((id) => this.load(id)).filter((target) => target !== undefined);
    if (names && modules.length === 0) {
      const all = ids.flatMap((id) =>
        (library[id]?.names ?? []).map((name) => name.slice(name.indexOf(" ") + 1)),
      );
      for (const name of item.names ?? [])
        this.diagnostics.add(
          diagnostic("D0201", `the library part \`${path.join(".")}\` has no \`${name.text}\``, {
            at: name.span,
            help: this.diagnostics.words(module.id, () => didYouMean(name.text, all)),
          }),
        );
      return undefined;
    }
    return modules;
  }

  /** The definition of that kind which `name` means in `module`. */
  definition(module: Module, sort: Sort, name: string): Def | undefined {
    const id = key(sort, name);
    return module.definitions.get(id) ?? module.used.definitions.get(id) ?? this.#libraryDefinition(id);
  }

  /** The definitions of any kind with that name. */
  definitionsNamed(module: Module, name: string): readonly Def[] {
    return sorts.map((sort) => this.definition(module, sort, name)).filter((def) => def !== undefined);
  }

  value(module: Module, name: string): ValueDef | undefined {
    return module.values.get(name) ?? module.used.values.get(name);
  }

  /** Names of all definitions of a kind visible in `module`, for suggestions. */
  definitionNames(module: Module, sort?: Sort): readonly string[] {
    const names = new Set<string>();
    const take = (id: string): void => {
      const [found, name] = id.split(" ") as [string, string];
      if (found !== "let" && (sort === undefined || found === sort)) names.add(name);
    };
    for (const id of module.definitions.keys()) take(id);
    for (const id of module.used.definitions.keys()) take(id);
    for (const file of Object.values(library)) for (const id of file.names) take(id);
    return [...names];
  }

  #libraryDefinition(id: string): Def | undefined {
    const file = libraryFiles.get(id);
    return file === undefined ? undefined : this.load(file)?.definitions.get(id);
  }
}

function libraryPath(from: FileId, path: string): FileId | undefined {
  const parts = from.slice(libraryPrefix.length).split("/").slice(0, -1);
  for (const part of path.split("/")) {
    if (part === "." || part === "") continue;
    if (part === "..") {
      if (parts.pop() === undefined) return undefined;
    } else parts.push(part);
  }
  return `${libraryPrefix}${parts.join("/")}`;
}
