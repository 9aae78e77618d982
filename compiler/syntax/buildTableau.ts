// Owns: the `tableau` block, from CST to AST.

import type { TableauClause, TableauRow } from "./ast.js";
import { expression } from "./buildExpression.js";
import { letStmt } from "./buildLet.js";
import { first, has, name, nodes, outerSpan, token } from "./cst.js";
import type { BuildContext, Cst, Head } from "./cst.js";

export function buildTableau(cx: BuildContext, node: Cst, head: Head): TableauClause {
  const prediction = name(cx, token(node, "Name"));
  const [overNode, sweepsNode] = nodes(node, "expr");
  const over = expression(cx, overNode);
  const sweeps = has(node, "word_sweeps") ? { sweeps: expression(cx, sweepsNode) } : {};
  const lets = nodes(node, "let").map((item) => letStmt(cx, item));
  const rows = nodes(node, "row").map((item) => row(cx, item));
  return { kind: "Tableau", ...head, prediction, over, ...sweeps, lets, rows };
}

function row(cx: BuildContext, node: Cst): TableauRow {
  const span = outerSpan(cx, node);
  const label = has(node, "node") ? { node: expression(cx, first(node, "node")) } : {};
  return {
    kind: "TableauRow",
    span,
    ...label,
    entries: nodes(node, "expr").map((item) => expression(cx, item)),
  };
}
