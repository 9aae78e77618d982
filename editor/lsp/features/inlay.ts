// Owns: inlay hints: the names of parameters given by place, and what a later stage found out about a definition.

import type { Fact } from "../later.js";
import { walk } from "../../../compiler/syntax/walk.js";
import type { Argument, CallExpr } from "../../../compiler/syntax/ast.js";
import { occurrenceAt } from "../model.js";
import type { Analysis } from "../workspace.js";

export interface Hint {
  readonly at: number;
  readonly text: string;
  readonly kind: "parameter" | "fact";
  /** Markdown. */
  readonly tooltip?: string;
}

export function inlayHints(
  analysis: Analysis,
  facts: readonly Fact[],
  range: { readonly start: number; readonly end: number },
): readonly Hint[] {
  const found: Hint[] = [];
  walk(analysis.module.tree, {
    Call: (call) => {
      if (call.span.end >= range.start && call.span.start <= range.end)
        found.push(...parameterHints(analysis, call));
    },
  });
  for (const fact of facts)
    if (fact.at.file === analysis.id && fact.text !== "")
      found.push({ at: fact.at.end, text: fact.text, kind: "fact", tooltip: fact.tooltip });
  return found.filter(({ at }) => at >= range.start && at <= range.end).sort((a, b) => a.at - b.at);
}

function parameterHints(analysis: Analysis, { callee, args }: CallExpr): readonly Hint[] {
  const node =
    callee.kind === "Name" ? occurrenceAt(analysis.model, callee.span.end)?.entity.node : undefined;
  if (node?.kind !== "Definition") return [];
  const plain = args.filter((arg): arg is Argument => !arg.name && !arg.to);
  return plain.flatMap((arg, i) => {
    const name = node.params?.[i]?.name.raw;
    const same = arg.value.kind === "Name" && arg.value.raw === name;
    return name === undefined || same
      ? []
      : [{ at: arg.span.start, text: `${name}:`, kind: "parameter" as const }];
  });
}
