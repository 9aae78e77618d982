// Owns: reading explanation pages: their fenced examples, and compiling one as a file of its own.

import { checkClaims } from "../../compiler/certify/claims.js";
import { checkProgram } from "../../compiler/check/check.js";
import { compile } from "../../compiler/compile.js";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.js";
import { Diagnostics } from "../../compiler/diagnostics/report.js";
import { memoryHost } from "../../compiler/host.js";
import { Program } from "../../compiler/resolve/module.js";

export interface Example {
  readonly kind: "wrong" | "right";
  readonly text: string;
}

export const examplesOf = (page: string): readonly Example[] =>
  [...page.matchAll(/^```dsamp (wrong|right)\n([\s\S]*?)^```$/gm)].map(([, kind, text]) => ({
    kind: kind as Example["kind"],
    text: text as string,
  }));

/** Everything found in a file: by its own checks, and by compiling each of its samplers. */
export function findings(text: string, file = "page.dsamp"): readonly Diagnostic[] {
  const host = memoryHost({ [file]: text });
  const diagnostics = new Diagnostics();
  const program = new Program(host, diagnostics);
  const module = program.load(file);
  if (module !== undefined) {
    checkProgram(program);
    if (!diagnostics.hasErrors) checkClaims(module, program);
  }
  const samplers = [...(module?.definitions.values() ?? [])].filter((def) => def.sort === "sampler");
  return [
    ...diagnostics.all,
    ...samplers.flatMap((def) => compile({ host, file, sampler: def.name }).diagnostics),
  ];
}
