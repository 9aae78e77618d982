#!/usr/bin/env node
// Owns: the process: real streams, Ctrl-C, the exit code. Everything else is dsamp.ts'.

import { main } from "./dsamp.js";

/** The reader of a pipe has gone (`dsamp ... | head`): stop without a word. */
function quitOnClosedPipe(error: NodeJS.ErrnoException): void {
  process.exit(error.code === "EPIPE" ? 0 : 3);
}
process.stdout.on("error", quitOnClosedPipe);
process.stderr.on("error", quitOnClosedPipe);

const code = await main(process.argv.slice(2), {
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
  cwd: process.cwd(),
  onInterrupt(listener) {
    process.on("SIGINT", listener);
    return () => process.off("SIGINT", listener);
  },
});
// Worker threads of a backend may still live; leave when what was written is out.
process.stdout.write("", () => process.stderr.write("", () => process.exit(code)));
