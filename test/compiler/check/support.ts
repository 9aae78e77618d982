// Owns: running the checks that need no sampler, and compiling texts, for tests.

import { checkDefinitions } from "../../../compiler/check/definitions.js";
import { checkModule } from "../../../compiler/check/check.js";
import { compile } from "../../../compiler/compile.js";
import type { Diagnostic } from "../../../compiler/diagnostics/diagnostic.js";
import { Diagnostics } from "../../../compiler/diagnostics/report.js";
import { renderText } from "../../../compiler/diagnostics/text.js";
import { memoryHost } from "../../../compiler/host.js";
import { Program } from "../../../compiler/resolve/module.js";

export type Files = Readonly<Record<string, string>>;

export interface Checked {
  readonly diagnostics: readonly Diagnostic[];
  /** As the user sees them. */
  readonly text: string;
  /** `D0201 sigmma`: code and the text under the carets. */
  readonly marks: readonly string[];
}

function result(program: Program): Checked {
  const { all } = program.diagnostics;
  return {
    diagnostics: all,
    text: renderText(all, (file) => program.source(file), { color: false }),
    marks: all.map(({ code, primary }) =>
      primary
        ? `${code} ${program.source(primary.span.file)?.text.slice(primary.span.start, primary.span.end) ?? ""}`
        : code,
    ),
  };
}

const program = (files: Files): Program => new Program(memoryHost(files), new Diagnostics());

/** Static checks of one file; with `definitions`, also lowering what no sampler uses. */
export function check(files: Files, file: string, options: { readonly definitions?: boolean } = {}): Checked {
  const all = program(files);
  const module = all.load(file);
  if (module) checkModule(module, all);
  if (module && options.definitions) checkDefinitions(module, all);
  return result(all);
}

export const checkText = (text: string): Checked => check({ "a.dsamp": text }, "a.dsamp");
export const tryText = (text: string): Checked =>
  check({ "a.dsamp": text }, "a.dsamp", { definitions: true });

/** Source and what compiling it reports, for snapshots. */
export function compiled(text: string, files: Files = {}): string {
  const host = memoryHost({ ...files, "a.dsamp": text });
  const { diagnostics, source } = compile({ host, file: "a.dsamp" });
  return `\n${renderText(diagnostics, source, { color: false })}`;
}
