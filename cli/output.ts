// Owns: writing what the user asked for, and finding out before a long run that it cannot be written. Devices and pipes
// (/dev/stdout, /dev/null) are written to, never replaced; links keep pointing where they point.

import { constants } from "node:fs";
import { access, chmod, realpath, stat, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fail } from "../compiler/diagnostics/report.js";
import { writeAtomically } from "../runtime/io/files.js";

const cannot = (path: string, why: string, help?: string): never =>
  fail("D0704", `${path} cannot be written: ${why}`, { help });

/** Throws D0704 when a file surely cannot be written: a folder, or in a folder that is missing or closed. */
export async function checkWritable(cwd: string, path: string): Promise<void> {
  const full = resolve(cwd, path);
  const entry = await stat(full).catch(() => undefined);
  if (entry?.isDirectory() === true) cannot(path, "it is a folder");
  if (entry !== undefined && !entry.isFile()) return;
  const folder = dirname(full);
  const parent = await stat(folder).catch(() => undefined);
  if (parent?.isDirectory() !== true) cannot(path, `there is no folder ${dirname(path)}`, "create it first");
  await access(folder, constants.W_OK).catch(() => cannot(path, "permission denied"));
}

/** Writes a file whole or not at all; devices and pipes directly. Throws D0704. */
export async function writeOutput(cwd: string, path: string, content: Uint8Array | string): Promise<void> {
  const full = resolve(cwd, path);
  const entry = await stat(full).catch(() => undefined);
  if (entry?.isDirectory() === true) cannot(path, "it is a folder");
  if (entry === undefined) return writeAtomically(full, content);
  if (entry.isFile()) {
    // A file of its name is new; who may read and run it stays as it was.
    const real = await realpath(full);
    await writeAtomically(real, content);
    return chmod(real, entry.mode & 0o7777);
  }
  try {
    await writeFile(full, content);
  } catch (error) {
    const { code } = error as { readonly code?: string };
    cannot(path, code === "ENOSPC" ? "the disk is full" : `writing failed (${code ?? String(error)})`);
  }
}
