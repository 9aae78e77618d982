// Owns: files and definitions, from CST to AST. The CST may come from a broken text: every child may be missing, and
// what is missing becomes an `ErrorExpr`, an empty block or nothing, never an exception.

import type { CstNode, IToken } from "chevrotain";
import { sortWords } from "../../grammar/tokens.js";
import type { SourceFile } from "../source/file.js";
import type { Comment, Definition, ExpectDef, Item, Param, Sort, SyntaxTree, UseItem } from "./ast.js";
import { expression } from "./buildExpression.js";
import { letStmt, tableStmt } from "./buildLet.js";
import { block } from "./buildStatement.js";
import {
  docOf,
  first,
  has,
  missing,
  name,
  nodes,
  outerSpan,
  spanOf,
  stringLit,
  token,
  tokens,
} from "./cst.js";
import type { BuildContext, Cst } from "./cst.js";

/** Builds the tree of one file. `docs` maps the offset of a token to the documentation before it. */
export function build(
  file: SourceFile,
  cst: CstNode | undefined,
  comments: readonly Comment[],
  docs: ReadonlyMap<number, readonly string[]>,
): SyntaxTree {
  const cx: BuildContext = { file, docs, near: 0 };
  const start = (node: CstNode): number => node.location?.startOffset ?? Number.NaN;
  const parts = ["use", "let", "table", "expect", "define"].flatMap((key) => nodes(cst, key));
  const items = parts.sort((a, b) => start(a) - start(b)).map((node) => item(cx, node));
  return { kind: "File", span: file.span(0, file.text.length), items, comments };
}

function item(cx: BuildContext, node: CstNode): Item {
  if (node.name === "use") return use(cx, node);
  if (node.name === "let") return letStmt(cx, node);
  if (node.name === "table") return tableStmt(cx, node);
  return node.name === "expect" ? expect(cx, node) : define(cx, node);
}

function use(cx: BuildContext, node: Cst): UseItem {
  const span = outerSpan(cx, node);
  const from = has(node, "String")
    ? stringLit(cx, token(node, "String"))
    : tokens(node, "Name").map((part) => name(cx, part));
  const names = has(node, "LBrace") ? { names: tokens(node, "item").map((part) => name(cx, part)) } : {};
  return { kind: "Use", span, ...docOf(cx, span), from, ...names };
}

const sortOf = (at: IToken | undefined): Sort | undefined => sortWords.find((word) => word === at?.image);

function expect(cx: BuildContext, node: Cst): ExpectDef {
  const span = outerSpan(cx, node);
  const sort = sortOf(token(node, "SortWord"));
  spanOf(cx, token(node, "SortWord") ?? token(node, "word_expect"));
  const subject = expression(cx, first(node, "expr"));
  const body = block(cx, first(node, "block"));
  return { kind: "Expect", span, ...docOf(cx, span), ...(sort ? { sort } : {}), subject, body };
}

function define(cx: BuildContext, node: Cst): Definition {
  const span = outerSpan(cx, node);
  const word = token(node, "SortWord");
  spanOf(cx, word);
  const head = { kind: "Definition", span, ...docOf(cx, span), sort: sortOf(word) ?? "solver" } as const;
  const own = name(cx, token(node, "Name"));
  const list = has(node, "params")
    ? { params: nodes(first(node, "params"), "param").map((p) => param(cx, p)) }
    : {};
  if (has(node, "block")) return { ...head, name: own, ...list, body: block(cx, first(node, "block")) };
  if (has(node, "Eq")) return { ...head, name: own, ...list, body: expression(cx, first(node, "expr")) };
  return { ...head, name: own, ...list, body: missing(cx) };
}

function param(cx: BuildContext, node: Cst): Param {
  const span = outerSpan(cx, node);
  const own = name(cx, token(node, "Name"));
  const type = has(node, "type") ? { type: name(cx, token(node, "type")) } : {};
  const value = has(node, "Eq") ? { default: expression(cx, first(node, "expr")) } : {};
  return { kind: "Param", span, name: own, ...type, ...value };
}
