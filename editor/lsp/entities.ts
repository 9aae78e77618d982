// Owns: making entities from what declares them: definitions, values of files, parameters, words of the language.

import type { Definition, LetStmt, Name, Param, TableStmt } from "../../compiler/syntax/ast.js";
import { keyOf, type Entity, type WordKind } from "./model.js";

export function definitionEntity(node: Definition): Entity {
  return {
    key: keyOf(node.name.span),
    name: node.name.text,
    kind: node.sort,
    at: node.name.span,
    node,
    ...(node.doc ? { doc: node.doc } : {}),
  };
}

/** A `let` or `table` of a file. */
export function valueEntity(name: Name, node: LetStmt | TableStmt): Entity {
  const kind = node.kind === "Table" ? "table" : node.params || node.index ? "function" : "let";
  return {
    key: keyOf(name.span),
    name: name.text,
    kind,
    at: name.span,
    node,
    ...(node.doc ? { doc: node.doc } : {}),
  };
}

export function parameterEntity(param: Param): Entity {
  return {
    key: keyOf(param.name.span),
    name: param.name.text,
    kind: "parameter",
    at: param.name.span,
    node: param,
    ...(param.type ? { type: param.type.text } : {}),
  };
}

export const wordEntity = (name: string, kind: WordKind): Entity => ({ key: `word ${name}`, name, kind });
