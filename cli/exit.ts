// Owns: exit codes and which diagnostic leads to which. docs/cli.md and `dsamp --help` state the same table.

import type { Code } from "../compiler/diagnostics/codes.js";
import type { Diagnostic } from "../compiler/diagnostics/diagnostic.js";

export const exit = {
  ok: 0,
  /** The spec has errors. */
  spec: 1,
  /** Unknown command or flag, bad value, an input of the run missing or wrong. */
  usage: 2,
  /** A file, model, plan or backend cannot be used. */
  resource: 3,
  /** The run itself failed. */
  run: 4,
  /** A mistake of dsamp's own. */
  internal: 70,
  interrupted: 130,
} as const;

export const exitTable = `Exit codes:
  0    all went well
  1    the spec has errors
  2    wrong use: unknown command or flag, bad value, an input of the run missing or wrong
  3    a file, model, plan or backend cannot be used
  4    the run failed
  70   internal error, please report it
  130  interrupted`;

function exitOf(code: Code): number {
  if (code === "D0703" || code === "D0706" || code === "D0710" || code === "D0711") return exit.usage;
  if (code === "D0701" || code === "D0705" || code === "D0707") return exit.run;
  if (/^D0[567]/.test(code)) return exit.resource;
  return exit.spec;
}

/** The exit code for what was found: that of the first error, 0 without errors. */
export function exitFor(diagnostics: readonly Diagnostic[]): number {
  const first = diagnostics.find((item) => item.severity === "error");
  return first === undefined ? exit.ok : exitOf(first.code);
}
