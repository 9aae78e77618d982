// Owns: `let` and `table`, which stand in files and in blocks alike, from CST to AST.

import type { LetStmt, TableStmt } from "./ast.js";
import { expression, expressions, familyOf } from "./buildExpression.js";
import { first, has, headOf, name, spanOf, stringLit, token, tokens } from "./cst.js";
import type { BuildContext, Cst } from "./cst.js";

export function letStmt(cx: BuildContext, node: Cst): LetStmt {
  const head = headOf(cx, node);
  spanOf(cx, token(node, "word_let"));
  const target = name(cx, token(node, "Name"));
  const params = has(node, "LParen")
    ? { params: tokens(node, "parameter").map((item) => name(cx, item)) }
    : {};
  const index = has(node, "index") ? { index: expressions(cx, first(first(node, "index"), "exprs")) } : {};
  return {
    kind: "Let",
    ...head,
    name: target,
    ...params,
    ...index,
    value: expression(cx, first(node, "expr")),
    ...familyOf(cx, node),
  };
}

export function tableStmt(cx: BuildContext, node: Cst): TableStmt {
  const head = headOf(cx, node);
  const target = name(cx, token(node, "Name"));
  if (has(node, "word_from"))
    return { kind: "Table", ...head, name: target, from: stringLit(cx, token(node, "String")) };
  return { kind: "Table", ...head, name: target, value: expression(cx, first(node, "expr")) };
}
