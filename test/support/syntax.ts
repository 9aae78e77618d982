// Owns: the helpers of syntax tests: parse a text, render what was found, list the worked files.

import { readdirSync, readFileSync } from "node:fs";
import { renderText } from "../../compiler/diagnostics/text.js";
import { SourceFile } from "../../compiler/source/file.js";
import type { Statement } from "../../compiler/syntax/ast.js";
import { parse, type ParseResult } from "../../compiler/syntax/parse.js";
import { print } from "../../compiler/syntax/print.js";

const root = new URL("../specs/", import.meta.url);

/** The worked files of the language, by path. */
export const specs: readonly (readonly [string, string])[] = readdirSync(root, {
  recursive: true,
  encoding: "utf8",
})
  .filter((path) => path.endsWith(".dsamp"))
  .sort()
  .map((path) => [path, readFileSync(new URL(path, root), "utf8")]);

export const parseText = (text: string): ParseResult => parse(new SourceFile("a.dsamp", text));

/** The rendered diagnostics of a text. */
export function findings(text: string): string {
  const file = new SourceFile("a.dsamp", text);
  return renderText(parse(file).diagnostics, () => file, { color: false });
}

/** Source and rendered diagnostics, for snapshots. */
export const annotated = (text: string): string => `${text.trimEnd()}\n\n${findings(text).trimEnd()}\n`;

/** The canonical text of a text without mistakes. */
export function canonical(text: string): string {
  const { tree, diagnostics } = parseText(text);
  if (diagnostics.length > 0) throw new Error(findings(text));
  return print(tree);
}

/** The statements of the first definition. */
export function statementsOf(text: string): readonly Statement[] {
  const item = parseText(text).tree.items[0];
  return item?.kind === "Definition" && item.body.kind === "Block" ? item.body.statements : [];
}
