// Owns: the compiler's only view of the outside world. The core does no IO: the command line passes a host over the
// file system, tests and browsers one over memory.

import type { FileId } from "./source/span.js";

export interface Host {
  /** Text of a file, or undefined when it cannot be read. */
  readText(file: FileId): string | undefined;
  /** Bytes of a file (tables), or undefined when it cannot be read. */
  readBytes?(file: FileId): Uint8Array | undefined;
  /** The file that `path`, written in `from`, means; undefined when it would leave the project root. */
  resolve(from: FileId, path: string): FileId | undefined;
}

/** A host over texts in memory; paths are joined textually below one root. */
export function memoryHost(files: Readonly<Record<FileId, string>>): Host {
  return {
    readText: (file) => files[file],
    resolve: (from, path) => joinInside(from, path),
  };
}

/** Joins a relative path to the folder of `from`; undefined when it climbs above the top. */
export function joinInside(from: FileId, path: string): FileId | undefined {
  if (path.startsWith("/") || /^[A-Za-z]:/.test(path)) return undefined;
  const parts = from.split("/").slice(0, -1);
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      if (parts.length === 0) return undefined;
      parts.pop();
    } else parts.push(part);
  }
  return parts.join("/");
}
