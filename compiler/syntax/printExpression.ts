// Owns: expressions as text. Parentheses are nodes, so a parsed tree prints as it was grouped; around operands of built
// trees that would group otherwise they are added.

import type { Argument, BinaryOp, Expression, Family } from "./ast.js";

/** Strength of the operators, weakest first; 8 binds like a name. */
const strength: Readonly<Record<BinaryOp, number>> = {
  or: 0,
  and: 1,
  "+": 5,
  "-": 5,
  "*": 6,
  "/": 6,
  "^": 8,
};
const postfixStrength = 9;

function strengthOf(node: Expression): number {
  switch (node.kind) {
    case "Binary":
      return strength[node.op];
    case "Unary":
      return node.op === "not" ? 2 : 7;
    case "Compare":
      return 3;
    case "Range":
      return 4;
    default:
      return postfixStrength;
  }
}

/** The text of an operand that must bind at least as strongly as `least`. */
const operand = (node: Expression, least: number): string =>
  strengthOf(node) < least ? `(${printExpression(node)})` : printExpression(node);

export const printList = (items: readonly Expression[]): string => items.map(printExpression).join(", ");

export const printFamily = (family: Family | undefined): string =>
  family === undefined ? "" : ` for ${family.variable.raw} in ${printExpression(family.domain)}`;

/** Behind a statement a family stands a little apart. */
export const printTail = (family: Family | undefined): string =>
  family === undefined ? "" : ` ${printFamily(family)}`;

export function printArgument({ name, value, to }: Argument): string {
  const label = name === undefined ? "" : `${name.raw}: `;
  return `${label}${printExpression(value)}${to === undefined ? "" : ` -> ${printExpression(to)}`}`;
}

export function printExpression(node: Expression): string {
  switch (node.kind) {
    case "Name":
      return node.raw;
    case "Number":
      return node.text;
    case "String":
      return `"${node.value}"`;
    case "Paren":
      return `(${printExpression(node.inner)})`;
    case "List":
      return `[${printList(node.items)}${printFamily(node.family)}]`;
    case "Call":
      return `${operand(node.callee, postfixStrength)}(${node.args.map(printArgument).join(", ")})`;
    case "Index":
      return `${operand(node.object, postfixStrength)}[${node.indices.map((index) => place(index, 0)).join(", ")}]`;
    case "Member":
      // A dot right behind a number would be its decimal point.
      return `${operand(node.object, postfixStrength)}${node.object.kind === "Number" ? " " : ""}.${node.name.raw}`;
    case "Prime":
      return `${operand(node.object, postfixStrength)}'`;
    case "Unary":
      return node.op === "not" ? `not ${operand(node.operand, 3)}` : `-${operand(node.operand, 7)}`;
    case "Binary":
      return binary(node.op, node.left, node.right);
    case "Compare":
      return [
        operand(node.first, 4),
        ...node.rest.map((part) => `${part.op} ${operand(part.right, 4)}`),
      ].join(" ");
    case "Range":
      return `${place(node.from, 5)} .. ${place(node.to, 5)}`;
    case "ErrorExpr":
      return "";
    default:
      return node satisfies never;
  }
}

/** Places read better close together: `s-1`, `0 .. steps-1`. */
function place(node: Expression, least: number): string {
  const isWord = (e: Expression): boolean => ["Name", "Number", "Member", "Call"].includes(e.kind);
  const close = (e: Expression): string | undefined => {
    if (isWord(e)) return printExpression(e);
    if (e.kind !== "Binary" || (e.op !== "+" && e.op !== "-") || !isWord(e.right)) return undefined;
    const left = close(e.left);
    return left === undefined ? undefined : `${left}${e.op}${printExpression(e.right)}`;
  };
  return close(node) ?? operand(node, least);
}

function binary(op: BinaryOp, left: Expression, right: Expression): string {
  if (op === "^") return `${operand(left, postfixStrength)}^${operand(right, 7)}`;
  const own = strength[op];
  const tight = op === "*" || op === "/";
  return `${operand(left, own)}${tight ? op : ` ${op} `}${operand(right, own + 1)}`;
}
