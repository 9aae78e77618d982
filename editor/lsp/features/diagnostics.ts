// Owns: what is shown for one document: its own findings, and a line at a `use` for a file that has errors.

import type { Diagnostic } from "../../../compiler/diagnostics/diagnostic.js";
import { isLibrary } from "../../../compiler/resolve/module.js";
import type { FileId } from "../../../compiler/source/span.js";
import type { UseItem } from "../../../compiler/syntax/ast.js";
import type { Analysis } from "../workspace.js";

/** Findings of the static checks. */
export function diagnosticsOf(analysis: Analysis): readonly Diagnostic[] {
  const own = analysis.diagnostics.filter((item) => (item.primary?.span.file ?? analysis.id) === analysis.id);
  return [...own, ...usedErrors(analysis)];
}

function usedErrors(analysis: Analysis): readonly Diagnostic[] {
  return analysis.module.tree.items.flatMap((item) => {
    const file = item.kind === "Use" ? fileOf(item, analysis) : undefined;
    const first = analysis.diagnostics.find(
      (found) => found.severity === "error" && found.primary?.span.file === file,
    );
    if (file === undefined || item.kind !== "Use" || !first?.primary || !("kind" in item.from)) return [];
    return {
      code: first.code,
      severity: first.severity,
      message: `\`${item.from.value}\` has errors: ${first.message}`,
      primary: { span: item.from.span, text: "" },
      secondary: [{ span: first.primary.span, text: first.message }],
    };
  });
}

/** The user's file that a `use` names. */
export function fileOf(item: UseItem, analysis: Analysis): FileId | undefined {
  if (!("kind" in item.from) || isLibrary(analysis.id)) return undefined;
  return analysis.program.host.resolve(analysis.id, item.from.value);
}
