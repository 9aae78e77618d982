// What the tree holds: grouping, spans, documentation, comments, and what is left of broken statements.

import { describe, expect, test } from "vitest";
import type { Expression } from "../../../compiler/syntax/ast.js";
import { printExpression } from "../../../compiler/syntax/printExpression.js";
import { walk } from "../../../compiler/syntax/walk.js";
import { canonical, parseText, statementsOf } from "../../support/syntax.js";

/** The value of `let a = ...`. */
function valueOf(text: string): Expression {
  const item = parseText(`let a = ${text}\n`).tree.items[0];
  if (item?.kind !== "Let") throw new Error("no let");
  return item.value;
}

/** With a pair of parentheses around every operation. */
function grouped(node: Expression): string {
  switch (node.kind) {
    case "Binary":
      return `(${grouped(node.left)} ${node.op} ${grouped(node.right)})`;
    case "Unary":
      return `(${node.op} ${grouped(node.operand)})`;
    case "Range":
      return `(${grouped(node.from)} .. ${grouped(node.to)})`;
    case "Compare":
      return `(${[grouped(node.first), ...node.rest.map((part) => `${part.op} ${grouped(part.right)}`)].join(" ")})`;
    case "Paren":
      return grouped(node.inner);
    default:
      return printExpression(node);
  }
}

describe("grouping", () => {
  test.each([
    ["a - b - c", "((a - b) - c)"],
    ["a/b*c", "((a / b) * c)"],
    ["a + b*c^d", "(a + (b * (c ^ d)))"],
    ["a^b^c", "(a ^ (b ^ c))"],
    ["-a^2", "(- (a ^ 2))"],
    ["a^-b^c", "(a ^ (- (b ^ c)))"],
    ["-a*b", "((- a) * b)"],
    ["a or b and not c < d", "(a or (b and (not (c < d))))"],
    ["lo < sigma <= hi", "(lo < sigma <= hi)"],
    ["k in 0 .. n-1", "(k in (0 .. (n - 1)))"],
    ["a - (b - c)", "(a - (b - c))"],
  ])("%s is %s", (text, expected) => {
    expect(grouped(valueOf(text))).toBe(expected);
  });

  test("postfix operators apply from left to right", () => {
    expect(valueOf("y.eps[s]'(t)")).toMatchObject({
      kind: "Call",
      callee: { kind: "Prime", object: { kind: "Index", object: { kind: "Member", name: { text: "eps" } } } },
    });
  });

  test("arguments are positional, named, or go from point to point", () => {
    expect(valueOf("f(a, b: c, s -> t)")).toMatchObject({
      args: [
        { value: { text: "a" } },
        { name: { text: "b" }, value: { text: "c" } },
        { value: { text: "s" }, to: { text: "t" } },
      ],
    });
  });
});

test("spans are half-open and narrow", () => {
  const text = "let abc = f( σ_max )*2\n";
  const seen: string[] = [];
  walk(parseText(text).tree, {
    Let: ({ span }) => seen.push(text.slice(span.start, span.end)),
    Call: ({ span }) => seen.push(text.slice(span.start, span.end)),
    Name: ({ span, raw }) => {
      expect(text.slice(span.start, span.end)).toBe(raw);
    },
  });
  expect(seen).toEqual(["let abc = f( σ_max )*2", "f( σ_max )"]);
});

describe("documentation and comments", () => {
  const text = [
    "/// Lost: another comment follows.",
    "",
    "/// First line.",
    "///   Second line, indented.",
    "// not documentation",
    "solver a {",
    "  /// Of the order.",
    "  order 2 /// not of the next",
    "  steps 3",
    "  step { x[t] = x[s] } // end",
    "}",
  ].join("\n");

  test("documentation goes to what follows", () => {
    expect(parseText(text).tree.items[0]?.doc).toEqual(["First line.", "  Second line, indented."]);
    expect(statementsOf(text).map((item) => item.doc)).toEqual([["Of the order."], undefined, undefined]);
  });

  test("all comments are listed", () => {
    const { comments } = parseText(text).tree;
    expect(comments.map((item) => item.ownLine)).toEqual([true, true, true, true, true, false, false]);
    expect(comments.at(-1)?.text).toBe("// end");
  });
});

test("blocks know whether they were written on one line", () => {
  const [order, step] = statementsOf("solver a {\n  order 2\n  step { x[t] = x[s] }\n}\n");
  expect(order?.kind).toBe("Order");
  expect(step).toMatchObject({ kind: "Step", body: { inline: true } });
});

test("printing is canonical", () => {
  const text = "solver   a( b=2,c : solver = d ){order 1 ;;step{ x[t]=x[s]+b *\n(1-c)\n let d=3}}";
  expect(canonical(text)).toBe(
    [
      "solver a(b = 2, c: solver = d) {",
      "  order 1",
      "  step {",
      "    x[t] = x[s] + b*(1 - c)",
      "    let d = 3",
      "  }",
      "}",
      "",
    ].join("\n"),
  );
});

test("built trees get the parentheses they need", () => {
  const a = valueOf("a - b");
  const span = a.span;
  const product: Expression = { kind: "Binary", span, op: "*", left: a, right: a };
  const power: Expression = { kind: "Binary", span, op: "^", left: product, right: product };
  expect(printExpression(power)).toBe("((a - b)*(a - b))^((a - b)*(a - b))");
});

describe("what is left of broken statements", () => {
  test("a missing operand is an error node where it is missing", () => {
    const [equation] = statementsOf("solver a {\n  x[t] = x[s] +\n  order 2\n}\n");
    expect(equation).toMatchObject({
      kind: "Equation",
      right: { kind: "Binary", right: { kind: "ErrorExpr" } },
    });
  });

  test("later statements and definitions are whole", () => {
    const text = "solver a {\n  oder 2\n  when x = 1 { y = 2 }\n  order 3\n}\nsolver b { order 1 }\n";
    expect(statementsOf(text).at(-1)).toMatchObject({ kind: "Order", value: { text: "3" } });
    expect(parseText(text).tree.items).toHaveLength(2);
  });

  test("a half-typed member access keeps its object", () => {
    expect(valueOf("x[s].")).toMatchObject({ kind: "Member", object: { kind: "Index" }, name: { text: "" } });
  });

  test("numbers with a dot at their edge have a proper text", () => {
    expect(valueOf(".5 + 2.")).toMatchObject({ left: { text: "0.5" }, right: { text: "2" } });
  });
});
