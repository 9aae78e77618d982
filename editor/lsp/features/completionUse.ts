// Owns: completion in a `use`: files, parts of the library, and the names in them.

import { isLibrary } from "../../../compiler/resolve/module.js";
import type { FileId } from "../../../compiler/source/span.js";
import { libraryPrefix } from "../../../stdlib/index.js";
import type { CursorContext } from "../context.js";
import { libraryEntries } from "../library.js";
import type { Analysis, Workspace } from "../workspace.js";
import type { CompletionItem } from "./completion.js";

export function useItems(
  workspace: Workspace,
  analysis: Analysis,
  context: CursorContext,
): readonly CompletionItem[] {
  const { frames, statement } = context;
  const names = frames[frames.length - 1];
  if (names?.open === "{" && names.before[0]?.image === "use")
    return namesIn(
      workspace,
      analysis,
      names.before
        .slice(1)
        .map(({ image }) => image)
        .join(""),
    );
  if (context.inside === "string") return files(workspace, analysis.id, false);
  const written = statement
    .slice(1)
    .map(({ image }) => image)
    .join("");
  if (written === "")
    return [
      { label: "std", kind: "file", detail: "the library", rank: 0 },
      ...files(workspace, analysis.id, true),
    ];
  if (!written.endsWith(".")) return [];
  const prefix = pathOf(written.slice(0, -1));
  const parts = new Set(
    libraryEntries.flatMap(({ file }) =>
      file.startsWith(prefix) ? (file.slice(prefix.length).split("/")[0] ?? "").replace(/\.dsamp$/, "") : [],
    ),
  );
  return [...parts].sort().map((label) => ({ label, kind: "file", rank: 0 }));
}

/** `std.solvers` as the beginning of library files. */
const pathOf = (dotted: string): string =>
  `${libraryPrefix}${dotted
    .split(".")
    .slice(1)
    .map((part) => `${part}/`)
    .join("")}`;

function namesIn(workspace: Workspace, analysis: Analysis, from: string): readonly CompletionItem[] {
  if (from.startsWith('"')) {
    const file = workspace.host.resolve(analysis.id, from.slice(1, -1));
    const module = file === undefined ? undefined : workspace.analysis(file)?.module;
    const names = module ? [...module.definitions.values(), ...module.values.values()] : [];
    return names.map(({ name, node }) => ({
      label: name,
      kind: "definition",
      ...("doc" in node && node.doc ? { text: node.doc.join("\n") } : {}),
      rank: 0,
    }));
  }
  const prefix = pathOf(from);
  return libraryEntries
    .filter(({ file }) => file.startsWith(prefix) || file === `${prefix.slice(0, -1)}.dsamp`)
    .map(({ name, head, doc }) => ({ label: name, kind: "definition", detail: head, text: doc, rank: 0 }));
}

/** Other files, as paths from the folder of this one. */
function files(workspace: Workspace, here: FileId, quoted: boolean): readonly CompletionItem[] {
  if (isLibrary(here)) return [];
  return workspace.userFiles
    .filter((id) => id !== here)
    .map((id) => relativePath(here, id))
    .filter((path) => path !== undefined)
    .map((path) => ({ label: quoted ? `"${path}"` : path, kind: "file", rank: 1 }));
}

/** How `here` names another file; undefined when they share no folder. */
export function relativePath(here: FileId, other: FileId): string | undefined {
  const [from, to] = [here.split("/").slice(0, -1), other.split("/")];
  let same = 0;
  while (same < from.length && from[same] === to[same]) same += 1;
  if (same === 0 && from.length > 0) return undefined;
  return [...from.slice(same).map(() => ".."), ...to.slice(same)].join("/");
}
