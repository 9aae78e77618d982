// Owns: folders in place of files: every .dsamp file below one. Folders of packages and hidden ones are left out, links
// to folders are not followed.

import { readdirSync, statSync, type Dirent } from "node:fs";
import { join, resolve } from "node:path";
import { fail } from "../compiler/diagnostics/report.js";
import { STANDARD_INPUT } from "./host.js";

/**
 * The files that a command line names, each once; a folder stands for the .dsamp files below it, sorted. What is no
 * folder stays as it is. Throws D0601 for a folder without such files.
 */
export function namedFiles(cwd: string, named: readonly string[]): readonly string[] {
  return [...new Set(named.flatMap((path) => (isFolder(cwd, path) ? filesBelow(cwd, path) : [path])))];
}

/** The folders that a command line names and those below them, as far as `namedFiles` looks. */
export function namedFolders(cwd: string, named: readonly string[]): readonly string[] {
  const below = (path: string): readonly string[] => [
    path,
    ...entriesOf(cwd, path)
      .filter((entry) => entry.isDirectory())
      .flatMap((entry) => below(join(path, entry.name))),
  ];
  return named.filter((path) => isFolder(cwd, path)).flatMap(below);
}

/** What is looked at in a folder, sorted. */
const entriesOf = (cwd: string, path: string): readonly Dirent[] =>
  readdirSync(resolve(cwd, path), { withFileTypes: true })
    .filter(({ name }) => !name.startsWith(".") && name !== "node_modules")
    .sort((a, b) => (a.name < b.name ? -1 : 1));

function isFolder(cwd: string, path: string): boolean {
  if (path === STANDARD_INPUT) return false;
  try {
    return statSync(resolve(cwd, path)).isDirectory();
  } catch {
    // Whoever reads it says why it cannot be read.
    return false;
  }
}

function filesBelow(cwd: string, folder: string): readonly string[] {
  const found: string[] = [];
  const visit = (path: string): void => {
    for (const entry of entriesOf(cwd, path))
      if (entry.isDirectory()) visit(join(path, entry.name));
      else if (entry.name.endsWith(".dsamp")) found.push(join(path, entry.name));
  };
  try {
    visit(folder);
  } catch (error) {
    return fail(
      "D0601",
      `${folder} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
  if (found.length === 0) fail("D0601", `there is no .dsamp file in the folder ${folder}`);
  return found;
}
