// Owns: expressions, from CST to AST. Chains of one precedence become left-deep trees; their length is bounded before
// parsing, so recursion here and later is safe.

import type { CstNode, IToken } from "chevrotain";
import { operatorText } from "../../grammar/tokens.js";
import { cover, type Span } from "../source/span.js";
import { properNumber } from "./lexical.js";
import type { Argument, BinaryOp, CompareOp, Expression, Family } from "./ast.js";
import { first, has, missing, name, nodes, outerSpan, spanOf, stringLit, token, tokens } from "./cst.js";
import type { BuildContext, Cst } from "./cst.js";

type Build = (cx: BuildContext, node: Cst) => Expression;

const text = (op: IToken): string => operatorText(op.tokenType, op.image);

/** `operand { op operand }`, grouped from the left. */
function chain(cx: BuildContext, node: Cst, operandKey: string, opKey: string, build: Build): Expression {
  const operands = nodes(node, operandKey);
  let left = build(cx, operands[0]);
  tokens(node, opKey).forEach((op, i) => {
    spanOf(cx, op);
    const right = build(cx, operands[i + 1]);
    left = { kind: "Binary", span: cover(left.span, right.span), op: text(op) as BinaryOp, left, right };
  });
  return left;
}

export const expression: Build = (cx, node) => chain(cx, node, "and", "word_or", conjunction);
const conjunction: Build = (cx, node) => chain(cx, node, "not", "word_and", negation);

const negation: Build = (cx, node) => {
  const not = token(node, "word_not");
  if (not === undefined) return comparison(cx, first(node, "cmp"));
  const start = spanOf(cx, not);
  const operand = comparison(cx, first(node, "cmp"));
  return { kind: "Unary", span: cover(start, operand.span), op: "not", operand };
};

const comparison: Build = (cx, node) => {
  const operands = nodes(node, "range");
  const start = range(cx, operands[0]);
  const rest = tokens(node, "CompareOp").map((op, i) => {
    spanOf(cx, op);
    return { op: text(op) as CompareOp, right: range(cx, operands[i + 1]) };
  });
  const last = rest[rest.length - 1];
  if (last === undefined) return start;
  return { kind: "Compare", span: cover(start.span, last.right.span), first: start, rest };
};

const range: Build = (cx, node) => {
  const [low, high] = nodes(node, "sum");
  const from = sum(cx, low);
  const dots = token(node, "DotDot");
  if (dots === undefined) return from;
  spanOf(cx, dots);
  const to = sum(cx, high);
  return { kind: "Range", span: cover(from.span, to.span), from, to };
};

const sum: Build = (cx, node) => chain(cx, node, "product", "AddOp", product);
const product: Build = (cx, node) => chain(cx, node, "unary", "MulOp", unary);

const unary: Build = (cx, node) => {
  const minus = token(node, "Minus");
  if (minus === undefined) return power(cx, first(node, "power"));
  const start = spanOf(cx, minus);
  const operand = unary(cx, first(node, "unary"));
  return { kind: "Unary", span: cover(start, operand.span), op: "-", operand };
};

const power: Build = (cx, node) => {
  const left = postfix(cx, first(node, "postfix"));
  const caret = token(node, "Caret");
  if (caret === undefined) return left;
  spanOf(cx, caret);
  const right = unary(cx, first(node, "unary"));
  return { kind: "Binary", span: cover(left.span, right.span), op: "^", left, right };
};

const startOf = (part: CstNode | IToken): number =>
  ("image" in part ? part.startOffset : part.location?.startOffset) ?? Number.NaN;

export const postfix: Build = (cx, node) => {
  let object = primary(cx, first(node, "primary"));
  const kinds = [nodes(node, "args"), nodes(node, "index"), tokens(node, "Dot"), tokens(node, "Prime")];
  const suffixes = kinds.flat();
  if (suffixes.length === 0) return object;
  const names = [...tokens(node, "Name")];
  suffixes.sort((a, b) => startOf(a) - startOf(b));
  for (const suffix of suffixes) object = applySuffix(cx, object, suffix, names);
  return object;
};

function applySuffix(
  cx: BuildContext,
  object: Expression,
  part: CstNode | IToken,
  names: IToken[],
): Expression {
  if ("image" in part) {
    const span = cover(object.span, spanOf(cx, part));
    if (part.tokenType.name !== "Dot") return { kind: "Prime", span, object };
    const member = name(cx, names.shift());
    return { kind: "Member", span: cover(span, member.span), object, name: member };
  }
  const span = (): Span => cover(object.span, outerSpan(cx, part));
  if (part.name === "index")
    return { kind: "Index", span: span(), object, indices: expressions(cx, first(part, "exprs")) };
  return {
    kind: "Call",
    span: span(),
    callee: object,
    args: nodes(part, "arg").map((arg) => argument(cx, arg)),
  };
}

/** The items of an `exprs` node. */
export const expressions = (cx: BuildContext, node: Cst): readonly Expression[] =>
  nodes(node, "expr").map((item) => expression(cx, item));

export function argument(cx: BuildContext, node: Cst): Argument {
  const span = outerSpan(cx, node);
  const [valueNode, toNode] = nodes(node, "expr");
  const label = has(node, "Colon") ? { name: name(cx, token(node, "Name")) } : {};
  const value = expression(cx, valueNode);
  const to = has(node, "Arrow") ? { to: expression(cx, toNode) } : {};
  return { kind: "Argument", span, ...label, value, ...to };
}

export function family(cx: BuildContext, node: Cst): Family {
  const span = outerSpan(cx, node);
  return {
    kind: "Family",
    span,
    variable: name(cx, token(node, "Name")),
    domain: expression(cx, first(node, "expr")),
  };
}

/** The `for` part of an equation or a list, as an optional property. */
export const familyOf = (cx: BuildContext, node: Cst): { readonly family?: Family } =>
  has(node, "family") ? { family: family(cx, first(node, "family")) } : {};

const primary: Build = (cx, node) => {
  const number = token(node, "Number");
  if (number !== undefined)
    return { kind: "Number", span: spanOf(cx, number), text: properNumber(number.image) };
  if (has(node, "String")) return stringLit(cx, token(node, "String"));
  if (has(node, "Name")) return name(cx, token(node, "Name"));
  if (has(node, "LParen")) {
    const span = outerSpan(cx, node);
    const inner = expression(cx, first(node, "expr"));
    spanOf(cx, node);
    return { kind: "Paren", span, inner };
  }
  if (has(node, "LBracket")) {
    const span = outerSpan(cx, node);
    const items = expressions(cx, first(node, "exprs"));
    const range = familyOf(cx, node);
    spanOf(cx, node);
    return { kind: "List", span, items, ...range };
  }
  return missing(cx);
};
