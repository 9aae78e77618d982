// Owns: running a module of these tests as a thread with the stack of a main thread. Test files themselves run in
// threads with four times as much, where no text overflows it.

import { build } from "esbuild";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";

export interface Module {
  /** A thread that runs it. */
  start(workerData: unknown): Worker;
  /** Removes the files. */
  dispose(): void;
}

/** A module beside this one, with all it imports. */
export async function bundled(name: string): Promise<Module> {
  const folder = mkdtempSync(join(tmpdir(), "dsamp-thread-"));
  const outfile = join(folder, "module.mjs");
  const banner =
    'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);';
  await build({
    entryPoints: [fileURLToPath(new URL(name, import.meta.url))],
    bundle: true,
    platform: "node",
    format: "esm",
    keepNames: true,
    banner: { js: banner },
    logLevel: "error",
    outfile,
  });
  return {
    start: (workerData) =>
      new Worker(pathToFileURL(outfile), { workerData, resourceLimits: { stackSizeMb: 1 } }),
    dispose: () => rmSync(folder, { recursive: true, force: true }),
  };
}
