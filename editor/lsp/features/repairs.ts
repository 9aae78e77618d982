// Owns: changes that a finding's help names: the word that was meant, the line to add, the name that says a value is
// meant to be unused. Help is written in forms (compiler/diagnostics/diagnostic.ts), which are read here.

import type { Diagnostic, Edit } from "../../../compiler/diagnostics/diagnostic.js";
import { suggest } from "../../../compiler/resolve/suggest.js";
import type { Span } from "../../../compiler/source/span.js";
import type { Definition } from "../../../compiler/syntax/ast.js";
import { keyOf } from "../model.js";
import type { Analysis, Workspace } from "../workspace.js";

export interface Repair {
  readonly title: string;
  readonly edits: readonly Edit[];
}

export function repairs(workspace: Workspace, analysis: Analysis, item: Diagnostic): readonly Repair[] {
  const at = item.primary?.span;
  if (at?.file !== analysis.id) return [];
  return [
    ...meant(analysis, item, at),
    ...line(analysis, item, at),
    ...unused(workspace, analysis, item, at),
  ];
}

/** "did you mean `x`?" where the finding stands at a name that `x` is close to. */
function meant(analysis: Analysis, item: Diagnostic, at: Span): readonly Repair[] {
  const names = /^did you mean (.*)\?$/.exec(item.help ?? "")?.[1] ?? "";
  const written = analysis.module.source.text.slice(at.start, at.end);
  if (item.fix) return [];
  return [...names.matchAll(/`([^`]+)`/g)]
    .map(([, name = ""]) => name)
    .filter((name) => suggest(written, [name]) !== undefined)
    .map((name) => ({ title: `replace by \`${name}\``, edits: [{ span: at, text: name }] }));
}

/** "add `final ddim` to the sampler", "add a line such as `grid karras`": at the end of the sampler around the finding. */
function line(analysis: Analysis, item: Diagnostic, at: Span): readonly Repair[] {
  const text = /^add (?:a line such as )?`([a-z]+ [^`.]+)`/.exec(item.help ?? "")?.[1];
  const around = analysis.module.tree.items.find(
    (node): node is Definition =>
      node.kind === "Definition" &&
      node.sort === "sampler" &&
      node.span.start <= at.start &&
      at.end <= node.span.end,
  );
  if (text === undefined || around?.body.kind !== "Block") return [];
  return [{ title: `add \`${text}\``, edits: [added(analysis, around.body, text)] }];
}

function added(
  analysis: Analysis,
  block: Extract<Definition["body"], { kind: "Block" }>,
  text: string,
): Edit {
  const { source } = analysis.module;
  const last = block.statements[block.statements.length - 1];
  const end = last?.span.end ?? block.span.start + 1;
  const start = source.position(last?.span.start ?? end);
  if (block.inline && source.position(block.span.end).line === start.line)
    return { span: source.span(end, end), text: last ? `; ${text}` : ` ${text}` };
  const indent = last ? /^[ \t]*/.exec(source.line(start.line))?.[0] : "  ";
  // Behind a comment that ends the line.
  const after = source.offset(source.position(end).line, 0) + source.line(source.position(end).line).length;
  return { span: source.span(after, after), text: `\n${indent}${text}` };
}

/** A name that begins with `_` is meant to be unused. It is written at few places, and read nowhere: a clash is a name known. */
function unused(workspace: Workspace, analysis: Analysis, item: Diagnostic, at: Span): readonly Repair[] {
  if (item.code !== "D0203") return [];
  const to = `_${analysis.module.source.text.slice(at.start, at.end)}`;
  const { occurrences } = analysis.model;
  const key = keyOf(at);
  if (occurrences.some(({ entity }) => entity.name === to)) return [];
  const users = workspace.dependents(analysis.id).flatMap((id) => workspace.analysis(id) ?? []);
  const edits = [occurrences, ...users.map(({ model }) => model.occurrences)]
    .flat()
    .filter(({ entity }) => entity.key === key)
    .map(({ span }) => ({ span, text: to }));
  return edits.length === 0 ? [] : [{ title: `call it \`${to}\``, edits }];
}
