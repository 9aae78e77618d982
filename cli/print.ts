// Owns: putting diagnostics and notes on the terminal, or into the one JSON document of `--json`. Words nothing itself.

import type { Diagnostic } from "../compiler/diagnostics/diagnostic.js";
import { toJson, type JsonDiagnostic } from "../compiler/diagnostics/json.js";
import { renderText, type Sources } from "../compiler/diagnostics/text.js";
import { wantsColor, type Io } from "./io.js";

export const noSources: Sources = () => undefined;

/** Diagnostics as text on stderr, an empty line after each. */
export function printDiagnostics(
  io: Io,
  diagnostics: readonly Diagnostic[],
  sources: Sources = noSources,
): void {
  if (diagnostics.length === 0) return;
  io.stderr.write(`${renderText(diagnostics, sources, { color: wantsColor(io.stderr, io.env) })}\n`);
}

/** A remark that is no finding, on stderr. */
export function printNote(io: Io, text: string): void {
  io.stderr.write(`note: ${text}\n`);
}

/** The JSON document of a command, on stdout. */
export function printJson(io: Io, document: object): void {
  io.stdout.write(`${JSON.stringify(document, undefined, 2)}\n`);
}

export const jsonOf = (
  diagnostics: readonly Diagnostic[],
  sources: Sources = noSources,
): readonly JsonDiagnostic[] => toJson(diagnostics, sources);
