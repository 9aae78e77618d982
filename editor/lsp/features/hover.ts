// Owns: hover: what the name or word under the cursor is.

import type { Span } from "../../../compiler/source/span.js";
import { lex } from "../../../grammar/lexer.js";
import { arrangeLines } from "../../../grammar/lines.js";
import { describe, describeKeyword, type Description } from "../describe.js";
import { occurrencesAt } from "../model.js";
import type { Analysis } from "../workspace.js";

export interface Hover {
  readonly span: Span;
  /** Markdown. */
  readonly text: string;
}

export function hover(analysis: Analysis, offset: number): Hover | undefined {
  const found = occurrencesAt(analysis.model, offset);
  const [first] = found;
  if (first)
    return {
      span: first.span,
      text: found.map(({ entity }) => markdown(describe(entity))).join("\n\n---\n\n"),
    };
  return keyword(analysis, offset);
}

function keyword(analysis: Analysis, offset: number): Hover | undefined {
  const { source } = analysis.module;
  const token = arrangeLines(lex(source.text).tokens).find(
    ({ startOffset, image }) => startOffset <= offset && offset < startOffset + image.length,
  );
  if (!token?.tokenType.name.startsWith("word_")) return undefined;
  const description = describeKeyword(token.image);
  const span = source.span(token.startOffset, token.startOffset + token.image.length);
  return description && { span, text: markdown(description) };
}

export function markdown({ code, kind, text }: Description): string {
  const parts = [`\`\`\`dsamp\n${code}\n\`\`\``, kind === "" ? "" : `*${kind}*`, text];
  return parts.filter((part) => part !== "").join("\n\n");
}
