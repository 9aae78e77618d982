// Owns: `dsamp check --watch`: checks again whenever a file that was read, or would have been, is saved, until it is
// interrupted.

import { existsSync, statSync, watch as watchFolder, type FSWatcher } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { exit } from "./exit.js";
import type { Io } from "./io.js";

/** Editors write a file in several steps; what comes within this time is one change. Milliseconds. */
const settle = 60;

/** What a change of is worth another look. */
export interface Watched {
  /** They need not exist. */
  readonly files: readonly string[];
  /** Folders in which specs may appear, those below them named too. */
  readonly folders: readonly string[];
}

/**
 * Runs `work` now and after every change of what it names, one after the other. Resolves with 0 when it is interrupted.
 */
export async function watchFiles(work: () => Promise<Watched>, io: Io): Promise<number> {
  const watchers = new Map<string, FSWatcher>();
  let paths: ReadonlySet<string> = new Set();
  let specs: ReadonlySet<string> = new Set();
  let wake: (() => void) | undefined;
  let changed = false;
  let stopped = false;

  /** Whether what happened to an entry of a folder matters. */
  const matters = (folder: string, name: string): boolean => {
    const path = join(folder, basename(name));
    return paths.has(path) || (specs.has(folder) && (name.endsWith(".dsamp") || isFolder(path)));
  };
  const follow = (): void => {
    const folders = new Set([...specs, ...[...paths].map((path) => dirname(path))]);
    for (const [folder, watcher] of watchers)
      if (!folders.has(folder)) {
        watcher.close();
        watchers.delete(folder);
      }
    for (const folder of folders)
      if (!watchers.has(folder) && existsSync(folder)) {
        // Folders are watched, not files: editors replace a file by a new one.
        const watcher = watchFolder(folder, (_, name) => {
          if (name === null || matters(folder, name)) {
            changed = true;
            wake?.();
          }
        });
        watcher.on("error", () => watchers.delete(folder));
        watchers.set(folder, watcher);
      }
  };
  const stopListening = io.onInterrupt(() => {
    stopped = true;
    wake?.();
  });

  while (!stopped) {
    changed = false;
    const watched = await work();
    const files = new Set(watched.files.map((file) => resolve(io.cwd, file)));
    specs = new Set(watched.folders.map((folder) => resolve(io.cwd, folder)));
    paths = new Set([...files, ...specs].map(firstMissing));
    follow();
    io.stderr.write(
      `watching ${files.size} ${files.size === 1 ? "file" : "files"}; Ctrl-C ends it (${clock()})\n`,
    );
    while (!changed && !stopped)
      await new Promise<void>((done) => {
        wake = done;
      });
    if (!stopped) await new Promise((done) => setTimeout(done, settle));
  }
  stopListening();
  for (const watcher of watchers.values()) watcher.close();
  return exit.ok;
}

/** The path itself, or the topmost folder on the way that does not exist: what must appear first. */
function firstMissing(path: string): string {
  const folder = dirname(path);
  return folder === path || existsSync(folder) ? path : firstMissing(folder);
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

const clock = (): string => new Date().toTimeString().slice(0, 8);
