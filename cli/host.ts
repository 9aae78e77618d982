// Owns: the compiler's host over the file system, and reading specs. Nothing outside the project root is ever read on
// behalf of a spec: the root is the nearest folder at or above the spec with a package.json or .git, else its own.

import { closeSync, existsSync, openSync, readFileSync, readSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fail } from "../compiler/diagnostics/report.js";
import type { Host } from "../compiler/host.js";
import { limits } from "../compiler/limits.js";
import { readStandardInput, type Io } from "./io.js";

export const STANDARD_INPUT = "-";
/** Tables a spec may read. */
const tableBytes = 256 << 20;

/** The nearest folder at or above `folder` that is a project, else `folder`. */
export function projectRoot(folder: string): string {
  for (let at = folder; at !== dirname(at) && at !== homedir(); at = dirname(at))
    if (existsSync(join(at, "package.json")) || existsSync(join(at, ".git"))) return at;
  return folder;
}

/** Is a path inside a folder, links followed as far as the path exists. */
export function isInside(root: string, path: string): boolean {
  const real = (file: string): string => {
    try {
      return realpathSync(file);
    } catch {
      const parent = dirname(file);
      return parent === file ? file : join(real(parent), relative(parent, file));
    }
  };
  const way = relative(real(root), real(path));
  return way === "" || (!isAbsolute(way) && way !== ".." && !way.startsWith(`..${sep}`));
}

/** At most `limit` + 1 bytes of a file, so that endless ones (/dev/zero) end too. */
function readBounded(path: string, limit: number): Uint8Array {
  const { size } = statSync(path);
  if (size > 0 && size <= limit) return readFileSync(path);
  const file = openSync(path, "r");
  try {
    const bytes = new Uint8Array(limit + 1);
    let length = 0;
    for (;;) {
      const count = readSync(file, bytes, length, bytes.length - length, null);
      length += count;
      if (count === 0 || length > limit) return bytes.subarray(0, length);
    }
  } finally {
    closeSync(file);
  }
}

/** A host for one spec: `file` as the user wrote it, relative to `cwd`. */
export function fileHost(cwd: string, file: string): Host {
  const root = projectRoot(file === STANDARD_INPUT ? cwd : dirname(resolve(cwd, file)));
  const attempt = <T>(work: () => T): T | undefined => {
    try {
      return work();
    } catch {
      return undefined;
    }
  };
  return {
    readText: (id) =>
      attempt(() =>
        new TextDecoder("utf-8", { fatal: true }).decode(readBounded(resolve(cwd, id), limits.sourceBytes)),
      ),
    readBytes: (id) =>
      attempt(() => {
        const bytes = readBounded(resolve(cwd, id), tableBytes);
        return bytes.length <= tableBytes ? bytes : undefined;
      }),
    resolve: (from, path) => {
      if (isAbsolute(path)) return undefined;
      const id = join(dirname(from), path);
      return isInside(root, resolve(cwd, id)) ? id : undefined;
    },
  };
}

const whyNot = (error: unknown): string => {
  const { code } = error as { readonly code?: string };
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "it is a folder";
  if (code === "EACCES" || code === "EPERM") return "permission denied";
  return error instanceof Error ? error.message : String(error);
};

/** A text the user named, `-` for standard input. Throws D0601 (cannot be read), D0102 (not UTF-8), D0801 (too large). */
export async function readText(io: Io, file: string, limit: number): Promise<string> {
  let bytes: Uint8Array | undefined;
  if (file === STANDARD_INPUT) bytes = await readStandardInput(io, limit);
  else {
    try {
      bytes = readBounded(resolve(io.cwd, file), limit);
    } catch (error) {
      return fail("D0601", `${file} cannot be read: ${whyNot(error)}`);
    }
    if (bytes.length > limit) bytes = undefined;
  }
  if (bytes === undefined) return fail("D0801", `${shown(file)} is larger than ${limit / 1024} KiB`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return fail("D0102", `${shown(file)} is not text in UTF-8`);
  }
}

/** How a file is called in messages. */
export const shown = (file: string): string => (file === STANDARD_INPUT ? "<stdin>" : file);
