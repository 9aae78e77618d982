// Owns: diagnostics as JSON. The form is stable: offsets count UTF-16 units from 0, lines and columns from 1; absent
// parts are absent keys.

import type { SourceFile } from "../source/file.js";
import type { FileId, Span } from "../source/span.js";
import type { Code, Severity } from "./codes.js";
import type { Applicability, Diagnostic, Label } from "./diagnostic.js";

export interface JsonPosition {
  readonly offset: number;
  /** From 1; absent when the source is not at hand. */
  readonly line?: number;
  readonly column?: number;
}

export interface JsonRange {
  readonly file: FileId;
  readonly start: JsonPosition;
  readonly end: JsonPosition;
}

export interface JsonLabel extends JsonRange {
  readonly text: string;
}

export interface JsonDiagnostic {
  readonly code: Code;
  readonly severity: Severity;
  readonly message: string;
  readonly primary?: JsonLabel;
  readonly secondary: readonly JsonLabel[];
  readonly why?: string;
  readonly help?: string;
  readonly fix?: {
    readonly title: string;
    readonly applicability: Applicability;
    readonly edits: readonly JsonLabel[];
  };
}

/** Plain objects, ready for `JSON.stringify`. */
export function toJson(
  diagnostics: readonly Diagnostic[],
  sources: (file: FileId) => SourceFile | undefined,
): readonly JsonDiagnostic[] {
  const position = (file: FileId, offset: number): JsonPosition => {
    const at = sources(file)?.position(offset);
    return at === undefined ? { offset } : { offset, line: at.line + 1, column: at.column + 1 };
  };
  const range = ({ file, start, end }: Span): JsonRange => ({
    file,
    start: position(file, start),
    end: position(file, end),
  });
  const label = ({ span, text }: Label): JsonLabel => ({ ...range(span), text });
  return diagnostics.map(({ code, severity, message, primary, secondary, why, help, fix }) => ({
    code,
    severity,
    message,
    ...(primary === undefined ? {} : { primary: label(primary) }),
    secondary: secondary.map(label),
    ...(why === undefined ? {} : { why }),
    ...(help === undefined ? {} : { help }),
    ...(fix === undefined
      ? {}
      : { fix: { title: fix.title, applicability: fix.applicability, edits: fix.edits.map(label) } }),
  }));
}

/** The JSON text of a list of diagnostics, indented by two spaces, with a line end. */
export const renderJson = (
  diagnostics: readonly Diagnostic[],
  sources: (file: FileId) => SourceFile | undefined,
): string => `${JSON.stringify(toJson(diagnostics, sources), undefined, 2)}\n`;
