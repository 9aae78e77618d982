// Owns: `dsamp check --watch`: checks again whenever a file that was read is saved, until it is interrupted.

import { watch as watchFolder, type FSWatcher } from "node:fs";
import { basename, dirname, resolve } from "node:path";
import { exit } from "./exit.js";
import type { Io } from "./io.js";

/** Editors write a file in several steps; what comes within this time is one change. Milliseconds. */
const settle = 60;

/**
 * Runs `work` now and after every change of one of the files it names, one after the other. Resolves with 0 when it is
 * interrupted.
 */
export async function watchFiles(work: () => Promise<readonly string[]>, io: Io): Promise<number> {
  const watchers = new Map<string, FSWatcher>();
  let files: ReadonlySet<string> = new Set();
  let wake: (() => void) | undefined;
  let changed = false;
  let stopped = false;

  const follow = (): void => {
    const folders = new Set([...files].map((file) => dirname(file)));
    for (const [folder, watcher] of watchers)
      if (!folders.has(folder)) {
        watcher.close();
        watchers.delete(folder);
      }
    for (const folder of folders)
      if (!watchers.has(folder)) {
        // Folders are watched, not files: editors replace a file by a new one.
        const watcher = watchFolder(folder, (_, name) => {
          if (name === null || files.has(resolve(folder, basename(name)))) {
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
    files = new Set((await work()).map((file) => resolve(io.cwd, file)));
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

const clock = (): string => new Date().toTimeString().slice(0, 8);
