// Owns: hover: what the name or word under the cursor is.

import type { Span } from "../../../compiler/source/span.js";
import { lex } from "../../../grammar/lexer.js";
import { arrangeLines } from "../../../grammar/lines.js";
import { describe, describeKeyword, type Description } from "../describe.js";
import type { Fact, Values } from "../later.js";
import { occurrencesAt } from "../model.js";
import { describeValues } from "../samplerFacts.js";
import type { Analysis } from "../workspace.js";

export interface Hover {
  readonly span: Span;
  /** Markdown. */
  readonly text: string;
}

/** `facts` and `values` are what later stages found in this text; what is not found yet is left out. */
export function hover(
  analysis: Analysis,
  offset: number,
  facts: readonly Fact[] = [],
  values: readonly Values[] = [],
): Hover | undefined {
  const found = occurrencesAt(analysis.model, offset);
  const [first] = found;
  if (!first) return keyword(analysis, offset, facts);
  const about = found.flatMap(({ entity }) => [
    ...factsAt(facts, entity.at),
    ...(entity.kind === "path quantity" ? [describeValues(entity.name, values)] : []),
  ]);
  const texts = [...about, ...factsAt(facts, first.span)].filter((text) => text !== "");
  return {
    span: first.span,
    text: [...found.map(({ entity }) => markdown(describe(entity))), ...new Set(texts)].join("\n\n---\n\n"),
  };
}

/** Facts about a name where it is declared, or about the very stretch where it is used. */
const factsAt = (facts: readonly Fact[], at: Span | undefined): readonly string[] =>
  facts
    .filter((fact) => at && fact.at.file === at.file && fact.at.start <= at.start && at.end <= fact.at.end)
    .map(({ tooltip }) => tooltip);

function keyword(analysis: Analysis, offset: number, facts: readonly Fact[]): Hover | undefined {
  const { source } = analysis.module;
  const token = arrangeLines(lex(source.text).tokens).find(
    ({ startOffset, image }) => startOffset <= offset && offset < startOffset + image.length,
  );
  if (!token?.tokenType.name.startsWith("word_")) return undefined;
  const description = describeKeyword(token.image);
  const span = source.span(token.startOffset, token.startOffset + token.image.length);
  return description && { span, text: [markdown(description), ...factsAt(facts, span)].join("\n\n---\n\n") };
}

export function markdown({ code, kind, text }: Description): string {
  const parts = [`\`\`\`dsamp\n${code}\n\`\`\``, kind === "" ? "" : `*${kind}*`, text];
  return parts.filter((part) => part !== "").join("\n\n");
}
