// Owns: the lines of one statement or definition head, before alignment. Statements with a block inside are assembled
// in format.ts; this file prints what stands on their first line.

import type { Argument, Definition, Expression, Statement } from "../../compiler/syntax/ast.js";
import { printArgument, printExpression, printTail } from "../../compiler/syntax/printExpression.js";
import { printStatement } from "../../compiler/syntax/print.js";
import { commas, wrap, WIDTH } from "./wrap.js";

/** A statement as text that may be aligned: `left` and `right` of the column at which neighbours line up. */
export interface Columns {
  readonly left: string;
  readonly right: string;
  readonly class: "equation" | "let" | "clause";
}

/** First words that line up in a sampler. */
const clauses: ReadonlySet<string> = new Set([
  "Parts",
  "Model",
  "Value",
  "SolverClause",
  "Start",
  "Final",
  "Input",
  "Noise",
  "Table",
]);

/** How a one-line statement lines up with its neighbours, if it does. */
export function columnsOf(node: Statement, text: string, inSampler: boolean): Columns | undefined {
  if (text.includes("\n") && !inSampler) return undefined;
  if (node.kind === "Equation" && node.op === "=" && !node.then)
    return split(printExpression(node.left), text, "equation");
  if (node.kind === "Let") return split(text.slice(0, text.indexOf(" = ")), text, "let");
  if (inSampler && clauses.has(node.kind)) {
    const space = text.indexOf(" ");
    return { left: text.slice(0, space), right: text.slice(space + 1), class: "clause" };
  }
  return undefined;
}

const split = (left: string, text: string, kind: "equation" | "let"): Columns => ({
  left,
  right: text.slice(left.length + 1),
  class: kind,
});

/** A statement without a block, broken where it is too long. */
export function simple(node: Statement, indent: number): string {
  const flat = printStatement(node, " ".repeat(indent));
  if (indent + flat.length <= WIDTH) return flat;
  switch (node.kind) {
    case "Equation": {
      const head = `${node.then ? "then " : ""}${printExpression(node.left)} ${node.op} `;
      return head + value(node.right, head.length, indent, printTail(node.family));
    }
    case "Let": {
      const head = `${flat.slice(0, flat.indexOf(" = "))} = `;
      return head + value(node.value, head.length, indent, printTail(node.family));
    }
    case "Model": {
      const [head] = flat.split(" with ") as [string];
      return `${head} with ${list(node.args, indent + head.length + 6, indent)}`;
    }
    case "Point":
    case "Carry":
    case "CallClause":
    case "Quantity": {
      const right = node.kind === "Point" ? node.value : node.value;
      const head = flat.slice(0, flat.indexOf(" = ") + 3);
      const session = node.kind === "Carry" && node.session ? " session" : "";
      return right ? head + value(right, head.length, indent, session) : flat;
    }
    case "Parts":
      return `${node.part} ${commas(
        "",
        node.values.map((e) => (at: number, deep: number) => wrap(e, at, deep)),
        "",
        indent + node.part.length + 1,
        indent,
      )}`;
    default:
      return flat;
  }
}

const value = (e: Expression, column: number, indent: number, tail: string): string =>
  `${wrap(e, indent + column, indent)}${tail}`;

const list = (args: readonly Argument[], column: number, indent: number): string =>
  commas(
    "",
    args.map((arg) => () => printArgument(arg)),
    "",
    column,
    indent,
  );

/** `solver name(parameters)` up to its body. */
export function definitionHead(node: Definition): string {
  const params = node.params?.map(({ name, type, default: given }) => {
    const kind = type ? `: ${type.raw}` : "";
    return `${name.raw}${kind}${given ? ` = ${printExpression(given)}` : ""}`;
  });
  const head = `${node.sort} ${node.name.raw}`;
  if (!params) return head;
  return `${head}${commas(
    "(",
    params.map((text) => () => text),
    ")",
    head.length,
    0,
  )}`;
}
