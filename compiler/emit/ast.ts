// Owns: the syntax tree as an outline: one node a line, with its place and its own words. For people and for golden
// files; the tree as source text is syntax/print.ts'.

import type { SourceFile } from "../source/file.js";
import type { Node, SyntaxTree } from "../syntax/ast.js";
import { children } from "../syntax/walk.js";

/** Two spaces a level; `Kind words line:column`. */
export function emitAst(tree: SyntaxTree, source: SourceFile): string {
  const lines: string[] = [];
  const visit = (node: Node, depth: number): void => {
    const { line, column } = source.position(node.span.start);
    const words = wordsOf(node);
    lines.push(
      `${"  ".repeat(depth)}${node.kind}${words === "" ? "" : ` ${words}`}  ${line + 1}:${column + 1}`,
    );
    for (const child of children(node)) visit(child, depth + 1);
  };
  visit(tree, 0);
  return `${lines.join("\n")}\n`;
}

const unspoken = new Set(["kind", "span", "doc"]);

/** What a node says beside its children: names, operators, flags. */
function wordsOf(node: Node): string {
  const own = new Set<unknown>(children(node));
  const words: string[] = [];
  for (const [key, value] of Object.entries(node)) {
    if (unspoken.has(key) || own.has(value)) continue;
    if (key === "raw" && "text" in node && node.text === value) continue;
    if (typeof value === "string" || typeof value === "number") words.push(JSON.stringify(value));
    else if (value === true) words.push(key);
  }
  return words.join(" ");
}
