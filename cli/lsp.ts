// Owns: `dsamp lsp`: the language server over standard input and output, with the file system below it.

import { existsSync, readdirSync, type Dirent } from "node:fs";
import { once } from "node:events";
import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createConnection } from "vscode-languageserver/node.js";
import type { FileId } from "../compiler/source/span.js";
import { startServer, type ServerOptions } from "../editor/lsp/server.js";
import { exit } from "./exit.js";
import { fileHost } from "./host.js";
import type { Io } from "./io.js";
import { WorkerRunner } from "./lspRunner.js";

/** Serves one client; ends with the process, as the protocol wants it. */
export async function lsp(io: Pick<Io, "stdin" | "stdout">): Promise<number> {
  const ended = once(io.stdin, "end");
  startServer(createConnection(io.stdin, io.stdout), {
    files: diskFiles,
    library: firstWith("solvers", ["../../stdlib", "../stdlib", "./stdlib"]),
    explain: firstWith("D0101.md", ["../compiler/diagnostics/explain", "./explain"]),
    later: new WorkerRunner(),
  });
  await ended;
  return exit.ok;
}

const slashes = (path: string): string => path.replaceAll("\\", "/");
const folder = (path: string): string => slashes(fileURLToPath(new URL(path, import.meta.url)));

/**
 * The first folder that holds an entry. The library lies beside `dist`, in the sources beside `cli`, and bundled with an
 * extension beside the bundle.
 */
function firstWith(entry: string, candidates: readonly string[]): string {
  const folders = candidates.map(folder);
  return folders.find((path) => existsSync(join(path, entry))) ?? (folders[0] as string);
}

/** Folders that hold no specs of the user. */
const skipped: ReadonlySet<string> = new Set(["node_modules", "dist", "build", "out", "coverage"]);
/** Entries looked at before the search for specs stops. */
const most = 20_000;

const diskFiles: ServerOptions["files"] = (folders) => {
  let known: readonly FileId[] | undefined;
  return {
    readText: (id) => (isAbsolute(id) ? fileHost("/", id).readText(id) : undefined),
    readBytes: (id) => (isAbsolute(id) ? fileHost("/", id).readBytes?.(id) : undefined),
    resolve: (from, path) => {
      const id = isAbsolute(from) ? fileHost("/", from).resolve(from, path) : undefined;
      return id === undefined ? undefined : slashes(id);
    },
    list: () => (known ??= specsBelow(folders)),
    forget: () => {
      known = undefined;
    },
  };
};

/** The .dsamp files below some folders, hidden folders left out. */
function specsBelow(folders: readonly string[]): readonly FileId[] {
  const found: FileId[] = [];
  const open = [...folders];
  let seen = 0;
  for (let at = open.shift(); at !== undefined && seen < most; at = open.shift()) {
    for (const entry of entriesOf(at)) {
      seen += 1;
      const path = join(at, entry.name);
      if (entry.isDirectory() && !entry.name.startsWith(".") && !skipped.has(entry.name)) open.push(path);
      else if (entry.isFile() && entry.name.endsWith(".dsamp")) found.push(slashes(path));
    }
  }
  return found.sort();
}

function entriesOf(path: string): readonly Dirent[] {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return [];
  }
}
