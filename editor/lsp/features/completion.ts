// Owns: completion: which words and names fit where the cursor is. At the start of a line the words of the block; after
// `[` points; after `.` views and quantities; in `name(` parameters; else what the place and the names in scope offer.

import type { IToken } from "chevrotain";
import { codes } from "../../../compiler/diagnostics/codes.js";
import type { Edit } from "../../../compiler/diagnostics/diagnostic.js";
import type { Span } from "../../../compiler/source/span.js";
import { sorts } from "../../../compiler/syntax/ast.js";
import { blockKind, contextAt, openCall, type CursorContext } from "../context.js";
import { lookUp, scopeAt } from "../model.js";
import type { Analysis, Workspace } from "../workspace.js";
import { argumentSort, wantedSort } from "./callee.js";
import { importItems } from "./completionImports.js";
import {
  argumentItems,
  coordinateItems,
  definitionItems,
  kindItems,
  memberItems,
  modelItems,
  nameItems,
  pointItems,
  predictionItems,
  valueItems,
} from "./completionNames.js";
import { useItems } from "./completionUse.js";
import { innerWordItems, startItems } from "./completionWords.js";

export type CompletionKind =
  "keyword" | "function" | "definition" | "variable" | "parameter" | "property" | "point" | "file" | "value";

export interface CompletionItem {
  readonly label: string;
  readonly kind: CompletionKind;
  /** One line: the form or the kind. */
  readonly detail?: string;
  /** Markdown. */
  readonly text?: string;
  /** What is inserted, when it is not the label. */
  readonly insert?: string;
  /** Items with lower numbers come first. */
  readonly rank: number;
  /** What else changes: the `use` that brings the name. */
  readonly edits?: readonly Edit[];
}

export interface Completion {
  /** What the chosen item replaces. */
  readonly span: Span;
  readonly items: readonly CompletionItem[];
}

export function completion(workspace: Workspace, analysis: Analysis, offset: number): Completion {
  const { source } = analysis.module;
  const context = contextAt(source.text, offset);
  const quote = context.inside === "string" ? source.text.lastIndexOf('"', offset - 1) + 1 : context.start;
  const seen = new Set<string>();
  return {
    span: source.span(quote, Math.max(context.end, offset)),
    items: itemsFor(workspace, analysis, context, offset).filter(
      ({ label }) => !seen.has(label) && seen.add(label),
    ),
  };
}

function itemsFor(
  workspace: Workspace,
  analysis: Analysis,
  context: CursorContext,
  offset: number,
): readonly CompletionItem[] {
  if (context.inside === "comment" || /^\d/.test(context.prefix)) return [];
  const { statement, inner, frames } = context;
  const word = statement[0]?.image;
  if (word === "use" || blockKind(frames) === "names") return useItems(workspace, analysis, context);
  if (context.inside === "string") return word === "fails" ? codeItems() : [];
  const last = inner[inner.length - 1]?.image ?? "";
  if (last === ".") return memberItems(analysis, inner, offset);
  const innermost = frames[frames.length - 1];
  if (statement.length === 0 && (innermost === undefined || innermost.open === "{"))
    return startItems(analysis, context, offset);
  if (last === ":" && declaresKind(context)) return kindItems();
  if (declares(context)) return [];
  return (
    special(workspace, analysis, context, offset) ?? expressionItems(workspace, analysis, context, offset)
  );
}

/** Places where only one sort of name fits. */
function special(
  workspace: Workspace,
  analysis: Analysis,
  context: CursorContext,
  offset: number,
): readonly CompletionItem[] | undefined {
  const { statement, inner, frames } = context;
  const scope = scopeAt(analysis.model, offset);
  const last = inner[inner.length - 1]?.image ?? "";
  const sort = wantedSort(context);
  if (sort !== undefined)
    return [
      ...(sort === "parameterization" ? predictionItems() : []),
      ...definitionItems(analysis, scope, sort),
      ...importItems(workspace, analysis, context.prefix, sort),
    ];
  const [first] = statement;
  if (statement.length === 1 && first?.image === "expect" && frames.length === 0)
    return sorts.flatMap((kind) => definitionItems(analysis, scope, kind));
  if (statement.length === 1 && first?.image === "tableau")
    return [...predictionItems(), ...definitionItems(analysis, scope, "parameterization")];
  if (first?.image === "model" && last === ":" && inner[inner.length - 2]?.image === "time")
    return coordinateItems(scope);
  if (["point", "brownian", "tableau"].includes(statement[0]?.image ?? "") && ["at", "over"].includes(last))
    return [...(last === "at" ? pointItems(scope) : []), ...coordinateItems(scope)];
  if (statement[0]?.image === "model" && [",", "with"].includes(last)) return modelItems(labelsOf(statement));
  const words = innerWordItems(context);
  if (words) return words;
  const innermost = frames[frames.length - 1];
  if (innermost?.open === "[" && isIndexed(innermost.before)) {
    const points = pointItems(scope);
    const counters = nameItems(analysis, scope).filter(
      ({ label }) => lookUp(scope, label)?.kind === "variable",
    );
    return points.length + counters.length > 0 ? [...points, ...counters] : undefined;
  }
  const call = openCall(context);
  if (call?.label === "over") return coordinateItems(scope);
  if (call?.label === "per") return valueItems(["sample", "channel", "position", "frame", "batch"]);
  const typed = call?.label === undefined ? undefined : argumentSort(analysis, context, call);
  return typed && last === ":" ? definitionItems(analysis, scope, typed) : undefined;
}

function expressionItems(
  workspace: Workspace,
  analysis: Analysis,
  context: CursorContext,
  offset: number,
): readonly CompletionItem[] {
  const call = openCall(context);
  const scope = scopeAt(analysis.model, offset);
  const moves = call !== undefined && context.frames[context.frames.length - 1]?.open === "(";
  return [
    ...(call?.fresh ? argumentItems(analysis, context, call) : []),
    ...(moves ? pointItems(scope).map((item) => ({ ...item, rank: 2 })) : []),
    ...nameItems(analysis, scope),
    ...importItems(workspace, analysis, context.prefix, "value"),
    ...(scope?.place.acts === true ? importItems(workspace, analysis, context.prefix, "solver") : []),
  ];
}

/** Words after which a new name or a number is written, and what completion could offer is neither. */
const declaring: ReadonlySet<string> = new Set([
  ...["let", "table", "point", "noise", "brownian", "call", "quantity", "input", "carry", "state"],
  ...["order", "calls", "time", "index"],
]);

function declares({ statement, frames }: CursorContext): boolean {
  const [first, second] = statement.map(({ image }) => image);
  const innermost = frames[frames.length - 1];
  if (first === undefined || (innermost !== undefined && innermost.open !== "{")) return false;
  const isSort = frames.length === 0 && (sorts as readonly string[]).includes(first);
  if (statement.length === 1) return isSort || declaring.has(first);
  return statement.length === 2 && (first === "weak" || first === "run") && second === "order";
}

/** An open `[` right after a name or a `'`, not that of a list. */
function isIndexed(before: readonly IToken[]): boolean {
  const last = before[before.length - 1];
  return last !== undefined && (/[\p{L}\p{N}_']$/u.test(last.image) || last.image === ")");
}

/** After the colon of a parameter's declaration or of an `input`. */
function declaresKind({ statement, frames }: CursorContext): boolean {
  if (statement[0]?.image === "input") return true;
  return frames.length === 1 && frames[0]?.open === "(" && frames[0].before.length === 2;
}

const labelsOf = (tokens: readonly IToken[]): ReadonlySet<string> =>
  new Set(tokens.filter((_, i) => tokens[i + 1]?.image === ":").map(({ image }) => image));

const codeItems = (): readonly CompletionItem[] =>
  Object.entries(codes).map(([label, { title }]) => ({ label, kind: "value", detail: title, rank: 0 }));
