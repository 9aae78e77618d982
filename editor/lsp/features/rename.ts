// Owns: renaming. Refused for what is not the user's; done only when afterwards every name still means what it meant
// before, which is checked on the changed texts.

import type { Diagnostic, Edit } from "../../../compiler/diagnostics/diagnostic.js";
import { isLibrary } from "../../../compiler/resolve/module.js";
import type { FileId, Span } from "../../../compiler/source/span.js";
import { Name, reservedWords } from "../../../grammar/tokens.js";
import { occurrencesAt, type Entity, type Occurrence } from "../model.js";
import { analyse, type Analysis, type Workspace } from "../workspace.js";
import { occurrencesOf } from "./navigate.js";

export type Renamable = { readonly span: Span; readonly text: string } | { readonly refused: string };
export type Renaming = { readonly edits: readonly Edit[] } | { readonly refused: string };

/** Whether the name under the cursor can be renamed. Undefined where no name is. */
export function prepareRename(analysis: Analysis, offset: number): Renamable | undefined {
  const found = occurrencesAt(analysis.model, offset);
  const [first] = found;
  if (!first) return undefined;
  const refused = refusal(found);
  if (refused !== undefined) return { refused };
  return { span: first.span, text: analysis.module.source.text.slice(first.span.start, first.span.end) };
}

function refusal(found: readonly Occurrence[]): string | undefined {
  const [{ entity }] = found as [Occurrence];
  if (entity.at === undefined) return `\`${entity.name}\` belongs to the language`;
  if (isLibrary(entity.at.file)) return `\`${entity.name}\` belongs to the library`;
  if (found.length > 1)
    return `\`${entity.name}\` names ${found.length} definitions here; rename one where it is defined`;
  return undefined;
}

const whole = new RegExp(`^(?:${(Name.PATTERN as RegExp).source})$`);

export function rename(workspace: Workspace, analysis: Analysis, offset: number, to: string): Renaming {
  const found = occurrencesAt(analysis.model, offset);
  const [first] = found;
  if (!first) return { refused: "there is no name here" };
  const refused = refusal(found);
  if (refused !== undefined) return { refused };
  if (!whole.test(to))
    return { refused: `\`${to}\` is not a name: letters, digits and \`_\`, no digit first` };
  if ((reservedWords as readonly string[]).includes(to)) return { refused: `\`${to}\` is a reserved word` };
  const { entity } = first;
  const all = occurrencesOf(workspace, analysis, entity);
  const shared = findShared(workspace, all);
  if (shared)
    return {
      refused: `the \`use\` in ${shared.span.file} brings in several definitions named \`${entity.name}\``,
    };
  const edits = all.map(({ span }) => ({ span, text: to }));
  const clash = changedMeaning(workspace, entity, edits, to);
  return clash === undefined ? { edits } : { refused: clash };
}

/** In a `use`, one name may stand for definitions of several kinds. */
function findShared(workspace: Workspace, all: readonly Occurrence[]): Occurrence | undefined {
  const meanings = new Map<string, number>();
  const place = ({ file, start }: Span): string => `${file} ${start}`;
  for (const file of new Set(all.map(({ span }) => span.file)))
    for (const { span } of workspace.analysis(file)?.model.occurrences ?? [])
      meanings.set(place(span), (meanings.get(place(span)) ?? 0) + 1);
  return all.find(({ span }) => (meanings.get(place(span)) ?? 0) > 1);
}

/** Applies the edits to copies and compares what every name means. */
function changedMeaning(
  workspace: Workspace,
  entity: Entity,
  edits: readonly Edit[],
  to: string,
): string | undefined {
  const texts = new Map<FileId, string>();
  for (const id of new Set(edits.map(({ span }) => span.file)))
    texts.set(
      id,
      applyEdits(
        workspace.text(id) ?? "",
        edits.filter(({ span }) => span.file === id),
      ),
    );
  const host = { ...workspace.host, readText: (id: FileId) => texts.get(id) ?? workspace.text(id) };
  const users = [...texts.keys()].flatMap((id) => workspace.dependents(id));
  for (const id of new Set([...texts.keys(), ...users])) {
    const before = workspace.analysis(id);
    const parsed = [...(before?.program.modules.values() ?? [])].filter((module) => isLibrary(module.id));
    const after = analyse(id, texts.get(id) ?? workspace.text(id) ?? "", host, parsed);
    if (!before || !after) continue;
    const hidden = hiding(after)[hiding(before).length];
    if (hidden) return hidden.message;
    const [a, b] = [meanings(before, texts), meanings(after, texts)];
    const at = a.findIndex((key, i) => key !== b[i]);
    if (at >= 0 || a.length !== b.length) {
      const place = before.model.occurrences[at]?.span ?? edits[0]?.span;
      const line = place ? before.module.source.position(place.start).line + 1 : 1;
      return `\`${to}\` already means something where \`${entity.name}\` is used (line ${line} of ${id})`;
    }
  }
  return undefined;
}

/** Names that hide others or are defined twice. */
const hiding = ({ diagnostics }: Analysis): readonly Diagnostic[] =>
  diagnostics.filter(({ code }) => code === "D0202" || code === "D0204");

/** What each name means, without places that the edits move: the number of its first naming instead. */
function meanings(analysis: Analysis, changed: ReadonlyMap<FileId, string>): readonly string[] {
  const numbers = new Map<string, number>();
  return analysis.model.occurrences.map(({ entity, role }) => {
    if (!entity.at || !changed.has(entity.at.file)) return `${role} ${entity.key}`;
    const number = numbers.get(entity.key) ?? numbers.size;
    numbers.set(entity.key, number);
    return `${role} ${entity.kind} ${entity.at.file} ${number}`;
  });
}

/** The text with all edits done; they must not overlap. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  let result = text;
  for (const { span, text: replacement } of [...edits].sort((a, b) => b.span.start - a.span.start))
    result = result.slice(0, span.start) + replacement + result.slice(span.end);
  return result;
}
