#!/usr/bin/env node
// Owns: the process: real streams, Ctrl-C, the exit code. Everything else is dsamp.ts'.

import { writeSync } from "node:fs";
import * as nodeModule from "node:module";
import { setFlagsFromString } from "node:v8";

// The optimizing compiler of Node 20 starts early, and on code that runs for a second its work is mostly thrown away: with a
// nine times larger budget (default 67584) `dsamp check` takes two thirds of the time, be it half a second or four. Loops
// over tensors want it early. Later versions of V8 tier up in another way and do not know the flag.
if (process.versions.v8.startsWith("11.") && process.argv[2] !== "run")
  setFlagsFromString("--interrupt-budget=600000");

// Node 22 and later keep the compiled code of one run for the next; Node 20 compiles every time.
const { enableCompileCache } = nodeModule as { readonly enableCompileCache?: () => unknown };
enableCompileCache?.();
const { main } = await import("./dsamp.js");

/** The reader of a pipe has gone (`dsamp ... | head`): stop without a word. Else what was asked for is not there. */
function quit(error: NodeJS.ErrnoException): never {
  if (error.code === "EPIPE") process.exit(0);
  const why = error.code === "ENOSPC" ? "there is no space left" : error.message;
  try {
    writeSync(2, `error[D0704]: the output cannot be written: ${why}\n`);
  } catch {
    // The errors go where the output goes.
  }
  process.exit(3);
}
process.stdout.on("error", quit);
process.stderr.on("error", quit);

const code = await main(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  onInterrupt(listener) {
    let asked = false;
    const heard = (): void => {
      // Who asks twice does not want to wait for the call in progress.
      if (asked) process.exit(130);
      asked = true;
      listener();
    };
    process.on("SIGINT", heard);
    return () => process.off("SIGINT", heard);
  },
});
// Worker threads of a backend may still live; leave when what was written is out.
const leave = (): void => process.exit(code);
process.stdout.write("", (error) => (error ? quit(error) : process.stderr.write("", leave)));
