// Owns: the formatter's promises on 2,000 random programs: twice is once, the tree is unchanged, no comment is lost.

import { expect, test } from "vitest";
import { SourceFile } from "../../compiler/source/file.js";
import { parse } from "../../compiler/syntax/parse.js";
import { walk } from "../../compiler/syntax/walk.js";
import { format } from "../../editor/fmt/format.js";
import { Random } from "../fuzz/random.js";
import { reduce } from "../fuzz/reduce.js";
import { layoutFree } from "../support/stripSpans.js";
import { program } from "./programs.js";

const count = 2000;

/** What does not hold for a text; undefined when all does. */
function broken(text: string): string | undefined {
  const before = parse(new SourceFile("a.dsamp", text));
  const [found] = before.diagnostics;
  if (found?.severity === "error") return `does not parse: ${found.code} ${found.message}`;
  const once = format(text).text;
  if (once === undefined) return "is not formatted";
  const after = parse(new SourceFile("a.dsamp", once));
  if (after.diagnostics.length > before.diagnostics.length)
    return `formatted, does not parse: ${after.diagnostics[0]?.message}`;
  if (JSON.stringify(layoutFree(after.tree)) !== JSON.stringify(layoutFree(before.tree)))
    return "the tree is another one";
  const comments = (result: typeof after): string =>
    result.tree.comments.map((item) => item.text.trim()).join("\n");
  if (comments(after) !== comments(before)) return "the comments are others";
  return format(once).text === once ? undefined : "twice is not once";
}

const kinds = new Set<string>();
let comments = 0;
let inHeads = 0;

test(`${count} random programs`, () => {
  for (let seed = 0; seed < count; seed += 1) {
    const text = program(new Random(seed));
    const what = broken(text);
    if (what !== undefined) {
      const short = reduce(text, (part) => broken(part) === what);
      expect.fail(`program ${seed} ${what}, short:\n${short}\n--- formatted:\n${format(short).text}`);
    }
    const { tree } = parse(new SourceFile("a.dsamp", text));
    comments += tree.comments.length;
    walk(tree, {
      Definition: ({ span, body }) => {
        const inHead = ({ start }: { readonly start: number }): boolean =>
          span.start < start && start < body.span.start;
        inHeads += tree.comments.filter((comment) => inHead(comment.span)).length;
      },
    });
    const note = ({ kind }: { readonly kind: string }): unknown => kinds.add(kind);
    walk(tree, Object.fromEntries(statementKinds.map((kind) => [kind, note])));
  }
});

const statementKinds = [
  ...["Use", "Definition", "Expect", "Table", "Let", "Equation", "When", "If", "For", "Domain", "Between"],
  ...["Point", "Noise", "Brownian", "CallClause", "Carry", "State", "Input", "Step", "Repeat", "Accept"],
  ...["Tableau", "TableauRow", "Init", "Order", "Quantity", "Requires", "Start", "Final", "Model", "Fails"],
  ...["SolverClause", "Parts", "Value", "Equals", "Is", "Paren", "List", "Call", "Index", "Member", "Prime"],
  ...["Unary", "Binary", "Compare", "Range", "Family", "Argument", "Number", "String", "Name"],
] as const;

test("they hold every kind of node, and many comments", () => {
  expect(statementKinds.filter((kind) => !kinds.has(kind))).toEqual([]);
  expect(comments).toBeGreaterThan(count);
  expect(inHeads).toBeGreaterThan(count / 40);
});
