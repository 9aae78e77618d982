// Owns: contenders outside this process: the C loop, compiled in the same run, and eager torch. Each is a child that
// answers "name n repeats" with milliseconds a call; one that is not there is null.

import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Contender } from "./measure.js";

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

/** A child process that times what it is asked to. */
export class Worker {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  constructor(
    readonly version: string,
    command: string,
    args: readonly string[],
  ) {
    this.#child = spawn(command, args);
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  contender(name: string, what: string, n: number): Contender {
    return {
      name,
      time: async (repeats) => {
        this.#child.stdin.write(`${what} ${n} ${repeats}\n`);
        const { value } = (await this.#lines.next()) as { value: string };
        return Number(value);
      },
    };
  }

  close(): void {
    this.#child.stdin.end();
  }
}

/** gcc -O3 -mavx2 of bench/caseU.c, or null. */
export function openC(): Worker | null {
  const version = spawnSync("gcc", ["-dumpfullversion"], { encoding: "utf8" });
  if (version.status !== 0) return null;
  const binary = join(mkdtempSync(join(tmpdir(), "dsamp-bench-")), "caseU");
  const args = ["-O3", "-mavx2", "-ffp-contract=off", here("caseU.c"), "-o", binary];
  if (spawnSync("gcc", args, { stdio: "inherit" }).status !== 0) return null;
  return new Worker(`gcc ${version.stdout.trim()} -O3 -mavx2`, binary, []);
}

/** Eager torch on one thread, from whichever Python has it, or null. */
export function openTorch(): Worker | null {
  for (const python of ["python3", "/usr/bin/python3"]) {
    const probe = spawnSync(python, ["-c", "import torch; print(torch.__version__)"], { encoding: "utf8" });
    if (probe.status === 0)
      return new Worker(`torch ${probe.stdout.trim()}`, python, ["-u", here("caseU.py")]);
  }
  return null;
}
