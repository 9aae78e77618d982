// Owns: entities in words: the line that declares one, its documentation, its parameters. Hover, completion and
// signature help show the same words.

import { kindNames } from "../../compiler/check/locals.js";
import type { Definition, Param } from "../../compiler/syntax/ast.js";
import { sorts } from "../../compiler/syntax/ast.js";
import { printExpression } from "../../compiler/syntax/printExpression.js";
import { definitionHead } from "../fmt/statement.js";
import { constantValue } from "./constant.js";
import type { Entity } from "./model.js";
import {
  constantInfo,
  counterInfo,
  functionInfo,
  innerInfo,
  kindInfo,
  pointInfo,
  quantityInfo,
  statementInfo,
  viewInfo,
  type WordInfo,
} from "./words.js";

export interface Description {
  /** Source text: what is declared. */
  readonly code: string;
  /** What kind of thing it is. */
  readonly kind: string;
  /** Paragraphs of documentation. */
  readonly text: string;
}

export function describe(entity: Entity): Description {
  const text = paragraphs(entity.doc ?? []);
  const sort = sorts.find((candidate) => candidate === entity.kind);
  if (sort && entity.node?.kind === "Definition") return { code: headOf(entity.node), kind: sort, text };
  if (entity.at === undefined) return describeWord(entity);
  const value = entity.node && constantValue(entity.node);
  const kind = kindNames[entity.kind as keyof typeof kindNames].replaceAll("`", "");
  const typed = entity.type ? `${kind} of kind ${entity.type}` : kind;
  return {
    code: codeOf(entity),
    kind: typed,
    text: [text, value === undefined ? "" : `Value: ${value}`].filter((part) => part !== "").join("\n\n"),
  };
}

function describeWord(entity: Entity): Description {
  const { name, kind } = entity;
  const call = functionInfo.get(name);
  const table: Partial<Record<string, string>> = {
    "path quantity": quantityInfo[name],
    view: viewInfo[name],
    "fixed point": pointInfo[name],
    counter: counterInfo[name],
    constant: constantInfo[name],
  };
  const says = table[kind] ?? (kind === "verb" || kind === "built-in" ? call?.says : undefined);
  const fallback = kindInfo[name] ?? constantInfo[name] ?? "";
  const form = kind === "verb" || kind === "built-in" ? (call?.form ?? name) : name;
  return { code: form, kind: kind === "word" ? "" : kind, text: says ?? fallback };
}

/** What a keyword of a statement means. */
export function describeKeyword(word: string): Description | undefined {
  const statement = (statementInfo as Readonly<Record<string, WordInfo>>)[word];
  if (statement) return { code: statement.form, kind: "statement", text: statement.says };
  const inner = (innerInfo as Readonly<Record<string, string>>)[word];
  return inner === undefined ? undefined : { code: word, kind: "word", text: inner };
}

/** Lines of a doc comment as Markdown: an empty line ends a paragraph, indented lines are code. */
function paragraphs(doc: readonly string[]): string {
  return doc
    .map((line) => (line.startsWith("  ") ? `  ${line}` : line))
    .join("\n")
    .trim();
}

/** `solver dpmpp_2s(r = 1/2)`, with the claims it makes about its order. */
function headOf(node: Definition): string {
  const claims =
    node.body.kind === "Block"
      ? node.body.statements.flatMap((statement) =>
          statement.kind === "Order"
            ? `  ${statement.weak ? "weak " : statement.run ? "run " : ""}order ${printExpression(statement.value)}`
            : [],
        )
      : [];
  const short =
    node.body.kind === "Block" || node.body.kind === "ErrorExpr" ? "" : ` = ${printExpression(node.body)}`;
  return [`${definitionHead(node)}${short}`, ...claims].join("\n");
}

/** The declaration of a local name, or of a value of a file. */
function codeOf({ node, name }: Entity): string {
  switch (node?.kind) {
    case "Let": {
      const list = node.params ?? node.index;
      const index = node.index ? `[${node.index.map(printExpression).join(", ")}]` : "";
      const params = node.params ? `(${node.params.map((param) => param.raw).join(", ")})` : index;
      return `let ${node.name.raw}${list ? params : ""} = ${printExpression(node.value)}`;
    }
    case "Table":
      return node.value
        ? `table ${node.name.raw} = ${shorten(printExpression(node.value))}`
        : `table ${node.name.raw}`;
    case "Param":
      return parameterText(node);
    case "Input":
      return `input ${name}: ${printExpression(node.type)}`;
    case "Point":
      return `point ${name} at ${printExpression(node.place)}${node.value ? ` = ${printExpression(node.value)}` : ""}`;
    case "Noise":
      return `noise ${name}${node.fixed ? " fixed" : ""}${node.value ? ` = ${printExpression(node.value)}` : ""}`;
    case "Brownian":
      return `brownian ${name} over ${printExpression(node.over)}`;
    case "CallClause":
      return `call ${name} = ${printExpression(node.value)}`;
    case "Quantity":
      return `quantity ${name} = ${printExpression(node.value)}`;
    case "Carry":
      return `carry ${printExpression(node.target)} = ${printExpression(node.value)}`;
    case "State":
      return `state ${node.targets.map(printExpression).join(", ")}${node.value ? ` = ${printExpression(node.value)}` : ""}`;
    case "Domain":
      return `${node.coordinate} ${node.variable.raw} from ${printExpression(node.from)} to ${printExpression(node.to)}`;
    default:
      return name;
  }
}

const shorten = (text: string): string => (text.length > 80 ? `${text.slice(0, 77)}...` : text);

export function parameterText(param: Param): string {
  const type = param.type ? `: ${param.type.raw}` : "";
  return `${param.name.raw}${type}${param.default ? ` = ${printExpression(param.default)}` : ""}`;
}

/** Parameters of what a name stands for, as they are written. */
export function parametersOf(
  entity: Entity,
): readonly { readonly name: string; readonly text: string }[] | undefined {
  const { node } = entity;
  if (node?.kind === "Definition")
    return (node.params ?? []).map((param) => ({ name: param.name.text, text: parameterText(param) }));
  if (node?.kind === "Let" && node.params)
    return node.params.map((param) => ({ name: param.text, text: param.raw }));
  if (entity.at !== undefined) return undefined;
  return functionInfo.get(entity.name)?.parameters.map((text) => ({ name: text.replace(/:$/, ""), text }));
}
