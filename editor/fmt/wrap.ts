// Owns: breaking expressions that are too long for a line: sums before `+` and `-`, logic before `and` and `or`,
// arguments and lists after commas. Where the language ends a statement at a line end, a break never stands.

import type { Argument, BinaryOp, Expression } from "../../compiler/syntax/ast.js";
import { printArgument, printExpression, printFamily } from "../../compiler/syntax/printExpression.js";

export const WIDTH = 110;

/** Text of an expression that starts at column `column`; continuation lines stand `indent` deep. */
export function wrap(e: Expression, column: number, indent: number): string {
  const flat = printExpression(e);
  if (column + flat.length <= WIDTH) return flat;
  switch (e.kind) {
    case "Binary":
      return chain(e, column, indent) ?? flat;
    case "Paren":
      return `(${wrap(e.inner, column + 1, indent + 1)})`;
    case "Call":
      return commas(
        `${printExpression(e.callee)}(`,
        e.args.map((arg) => argument(arg)),
        ")",
        column,
        indent,
      );
    case "List":
      return commas(
        "[",
        e.items.map((item) => (at, deep) => wrap(item, at, deep)),
        `${printFamily(e.family)}]`,
        column,
        indent,
      );
    default:
      return flat;
  }
}

type Piece = (column: number, indent: number) => string;

const argument =
  (arg: Argument): Piece =>
  (column, indent) => {
    const flat = printArgument(arg);
    if (arg.to || column + flat.length <= WIDTH) return flat;
    const label = arg.name ? `${arg.name.raw}: ` : "";
    return `${label}${wrap(arg.value, column + label.length, indent)}`;
  };

/** Fills lines with pieces separated by commas; a line may end after a comma. */
export function commas(
  open: string,
  pieces: readonly Piece[],
  close: string,
  column: number,
  indent: number,
): string {
  let text = open;
  let at = column + open.length;
  const deep = indent + 2;
  pieces.forEach((piece, i) => {
    const end = i === pieces.length - 1 ? close : ",";
    const flat = piece(0, deep);
    if (i > 0 && at + 1 + firstLine(flat).length + end.length > WIDTH) {
      text += `\n${" ".repeat(deep)}`;
      at = deep;
    } else if (i > 0) {
      text += " ";
      at += 1;
    }
    const placed = piece(at, deep);
    text += placed + end;
    at = placed.includes("\n") ? lastLine(placed).length + end.length : at + placed.length + end.length;
  });
  return pieces.length === 0 ? `${open}${close}` : text;
}

const firstLine = (text: string): string => text.split("\n", 1)[0] as string;
const lastLine = (text: string): string => text.slice(text.lastIndexOf("\n") + 1);

const breakable: readonly (readonly BinaryOp[])[] = [["or"], ["and"], ["+", "-"]];

/** A chain of operators of one strength, filled; a continuation line begins with its operator. */
function chain(
  e: Extract<Expression, { kind: "Binary" }>,
  column: number,
  indent: number,
): string | undefined {
  const group = breakable.find((ops) => ops.includes(e.op));
  if (!group) return undefined;
  const parts: { op: BinaryOp | undefined; node: Expression }[] = [];
  const visit = (node: Expression, op: BinaryOp | undefined): void => {
    if (node.kind === "Binary" && group.includes(node.op) && op === undefined) {
      visit(node.left, undefined);
      parts.push({ op: node.op, node: node.right });
    } else parts.push({ op, node });
  };
  visit(e, undefined);
  const deep = indent + 2;
  let text = "";
  let at = column;
  parts.forEach(({ op, node }, i) => {
    const operator = op ? `${op} ` : "";
    const flat = printExpression(node);
    if (i > 0 && at + 1 + operator.length + flat.length > WIDTH) {
      text += `\n${" ".repeat(deep)}`;
      at = deep;
    } else if (i > 0) {
      text += " ";
      at += 1;
    }
    const placed = `${operator}${wrap(node, at + operator.length, deep)}`;
    text += placed;
    at = placed.includes("\n") ? lastLine(placed).length : at + placed.length;
  });
  return text;
}
