// Owns: reading and writing whole files, with failures as diagnostics. Node only.

import { randomBytes } from "node:crypto";
import { open, readFile, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { failureFrom } from "../failure.js";

const reason = (error: unknown): string => {
  const { code } = error as { readonly code?: string };
  switch (code) {
    case "ENOENT":
      return "there is no such file or folder";
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return "permission denied";
    case "ENOSPC":
    case "EDQUOT":
      return "the disk is full";
    case "EISDIR":
      return "it is a folder";
    case "ENOTDIR":
      return "a part of its path is a file";
    default:
      return error instanceof Error ? error.message : String(error);
  }
};

/** The bytes of a file. Throws D0601. */
export async function readBytes(path: string): Promise<Uint8Array> {
  try {
    return await readFile(path);
  } catch (error) {
    throw failureFrom("D0601", `${path} cannot be read: ${reason(error)}`, error);
  }
}

/** The parsed JSON of a file. Throws D0601, and D0602 when it is not JSON. */
export async function readJson(path: string): Promise<unknown> {
  const bytes = await readBytes(path);
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (error) {
    throw failureFrom("D0602", `${path} is not JSON: ${reason(error)}`, error);
  }
}

/**
 * Writes a file whole or not at all: to a temporary name in the same folder, flushed, then renamed over `path`. Throws
 * D0704 (permission, disk full, no such folder); the temporary file is gone then and `path` is as it was.
 */
export async function writeAtomically(path: string, bytes: Uint8Array | string): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw failureFrom("D0704", `${path} cannot be written: ${reason(error)}`, error);
  }
}
