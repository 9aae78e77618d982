// Owns: names in completion that a `use` must bring: values of the library, and what the user's other files define. The
// chosen item adds the `use`.

import type { Sort } from "../../../compiler/syntax/ast.js";
import { describe } from "../describe.js";
import { definitionEntity, valueEntity } from "../entities.js";
import { libraryEntries } from "../library.js";
import type { Analysis, Workspace } from "../workspace.js";
import type { CompletionItem } from "./completion.js";
import { otherFiles, partOf, useEdit } from "./useEdit.js";

/** Of definitions the one kind, or values; none that the file knows already. */
export function importItems(
  workspace: Workspace,
  analysis: Analysis,
  prefix: string,
  wanted: Sort | "value",
): readonly CompletionItem[] {
  const { module, program } = analysis;
  const known = (name: string): boolean =>
    wanted === "value"
      ? program.value(module, name) !== undefined
      : program.definition(module, wanted, name) !== undefined;
  const item = (label: string, from: string, detail: string, text: string): readonly CompletionItem[] =>
    known(label)
      ? []
      : [
          {
            label,
            kind: wanted === "value" ? "variable" : "definition",
            detail: `${detail}  (use ${from})`,
            text,
            rank: 5,
            edits: [useEdit(analysis, from, label)],
          },
        ];
  const library = libraryEntries
    .filter((entry) => wanted === "value" && entry.sort === "let")
    .flatMap((entry) => item(entry.name, partOf(entry), entry.head, entry.doc));
  const own = otherFiles(workspace, analysis, (text) => text.includes(prefix)).flatMap(
    ({ from, module: other }) => {
      const entities =
        wanted === "value"
          ? [...other.values.values()].map(({ node }) => valueEntity(node.name, node))
          : [...other.definitions.values()]
              .filter((def) => def.sort === wanted)
              .map((def) => definitionEntity(def.node));
      return entities.flatMap((entity) => {
        const { code, text } = describe(entity);
        return item(entity.name, from, code.split("\n")[0] ?? "", text);
      });
    },
  );
  return [...library, ...own];
}
