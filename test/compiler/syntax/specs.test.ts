// Every worked file parses without a word, and prints to a text that means the same.

import { describe, expect, test } from "vitest";
import { children } from "../../../compiler/syntax/walk.js";
import type { Node } from "../../../compiler/syntax/ast.js";
import { print } from "../../../compiler/syntax/print.js";
import { stripSpans } from "../../support/stripSpans.js";
import { findings, parseText, specs } from "../../support/syntax.js";

test("there are 104 worked files", () => {
  expect(specs).toHaveLength(104);
});

describe.each(specs)("%s", (_path, text) => {
  const { tree } = parseText(text);

  test("parses", () => {
    expect(findings(text)).toBe("");
  });

  test("prints to the same tree, and printing twice changes nothing", () => {
    const printed = print(tree);
    expect(findings(printed)).toBe("");
    const again = parseText(printed).tree;
    expect(stripSpans(again)).toEqual(stripSpans(tree));
    expect(print(again)).toBe(printed);
  });

  test("children lie inside their parents, in order", () => {
    const check = (node: Node): void => {
      let end = node.span.start;
      for (const child of children(node)) {
        expect(child.span.start).toBeGreaterThanOrEqual(end);
        expect(child.span.end).toBeLessThanOrEqual(node.span.end);
        expect(child.span.end).toBeGreaterThan(child.span.start);
        end = child.span.end;
        check(child);
      }
    };
    check(tree);
  });
});
