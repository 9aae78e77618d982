// Rendered diagnostics: frames, labels on other lines and in other files, tabs, long lines, colours.

import { describe, expect, test } from "vitest";
import type { Finding } from "../../../compiler/diagnostics/diagnostic.js";
import { diagnostic } from "../../../compiler/diagnostics/report.js";
import { renderText } from "../../../compiler/diagnostics/text.js";
import { SourceFile } from "../../../compiler/source/file.js";

const render = (file: SourceFile, finding: Finding, color = false): string =>
  renderText([diagnostic("D0412", "the message", finding)], (id) => (id === file.id ? file : undefined), {
    color,
  });

const solver = new SourceFile(
  "mine.dsamp",
  "solver mine {\n\n\n  order 3\n  step {\n    x[t] = x[s]\n  }\n}\n",
);

test("the frame of language.md, section 16", () => {
  const at = solver.span(solver.text.indexOf("order 3"), solver.text.indexOf("order 3") + 7);
  expect(render(solver, { at, label: "first mismatch at h^3", why: "it is so", help: "declare `order 2`" }))
    .toMatchInlineSnapshot(`
    "error[D0412]: the message
      --> mine.dsamp:4:3
       4 |   order 3
         |   ^^^^^^^ first mismatch at h^3
         = why: it is so
         = help: declare \`order 2\`
    "
  `);
});

test("secondary labels stand on their own lines, in order; one line between is shown, more are not", () => {
  const at = solver.text.indexOf("x[s]");
  const finding: Finding = {
    at: solver.span(at, at + 4),
    label: "here",
    secondary: [
      { span: solver.span(7, 11), text: "of this solver" },
      { span: solver.span(at - 7, at - 3), text: "" },
      { span: solver.span(18, 23), text: "the claim" },
    ],
    fix: { title: "write `order 2`", edits: [], applicability: "safe" },
  };
  expect(render(solver, finding)).toMatchInlineSnapshot(`
    "error[D0412]: the message
      --> mine.dsamp:6:12
       1 | solver mine {
         |        ---- of this solver
       ...
       4 |   order 3
         |   ----- the claim
       5 |   step {
       6 |     x[t] = x[s]
         |            ^^^^ here
         |     ----
         = fix: write \`order 2\`
    "
  `);
});

test("a label over several lines marks its first and last", () => {
  const start = solver.text.indexOf("step");
  const end = solver.text.indexOf("  }\n") + 3;
  expect(render(solver, { at: solver.span(start, end), label: "this step" })).toMatchInlineSnapshot(`
    "error[D0412]: the message
      --> mine.dsamp:5:3
       5 |   step {
         |   ^^^^^^
       6 |     x[t] = x[s]
       7 |   }
         |   ^ this step
    "
  `);
});

test("a label that ends with the line end stays on its line", () => {
  expect(render(solver, { at: solver.span(0, 14), label: "all of it" })).toMatchInlineSnapshot(`
    "error[D0412]: the message
      --> mine.dsamp:1:1
       1 | solver mine {
         | ^^^^^^^^^^^^^ all of it
    "
  `);
});

test("labels in other files come after; files without text are named", () => {
  const secondary = [{ span: { file: "std:other", start: 3, end: 4 }, text: "from there" }];
  expect(render(solver, { at: solver.span(0, 6), secondary })).toMatchInlineSnapshot(`
    "error[D0412]: the message
      --> mine.dsamp:1:1
       1 | solver mine {
         | ^^^^^^
      --> std:other
         from there
    "
  `);
});

test("tabs are shown as spaces and carets stand below their text", () => {
  const file = new SourceFile("tabs.dsamp", "\torder\t3\n");
  expect(render(file, { at: file.span(7, 8), label: "here" })).toMatchInlineSnapshot(`
    "error[D0412]: the message
      --> tabs.dsamp:1:8
       1 |     order    3
         |              ^ here
    "
  `);
});

test("control and direction characters do not reach the terminal", () => {
  const file = new SourceFile("a.dsamp", "let a = \u001b[31m\u202e2\n");
  expect(render(file, { at: file.span(8, 9) })).not.toMatch(/[\u001b\u202e]/);
});

test("long lines are cut to a window around the label", () => {
  const file = new SourceFile("long.dsamp", `let a = [${"1, ".repeat(5000)}b]\n`);
  const at = file.text.indexOf("b]");
  const lines = render(file, { at: file.span(at, at + 1), label: "here" }).split("\n");
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(200);
  const [source, carets] = [lines[2] ?? "", lines[3] ?? ""];
  expect(source[carets.indexOf("^")]).toBe("b");
});

test("a finding without a place has no frame", () => {
  expect(render(solver, { help: "do this\nand that" })).toMatchInlineSnapshot(`
    "error[D0412]: the message
         = help: do this
                 and that
    "
  `);
});

test("an empty place at the end of a text is one caret", () => {
  const file = new SourceFile("a.dsamp", "let a");
  expect(render(file, { at: file.span(5, 5), label: "missing" })).toMatchInlineSnapshot(`
    "error[D0412]: the message
      --> a.dsamp:1:6
       1 | let a
         |      ^ missing
    "
  `);
});

describe("colour", () => {
  test("changes nothing but adds escapes", () => {
    const finding: Finding = { at: solver.span(0, 6), label: "here", help: "help" };
    const colored = render(solver, finding, true);
    expect(colored).toContain("\u001b[1;31merror[D0412]\u001b[0m");

    expect(colored.replace(/\u001b\[[0-9;]*m/g, "")).toBe(render(solver, finding));
  });
});

test("several diagnostics are separated by an empty line; none give nothing", () => {
  const one = diagnostic("D0203", "first");
  const two = diagnostic("D0902", "second");
  const none = (): undefined => undefined;
  expect(renderText([one, two], none, { color: false })).toBe(
    "warning[D0203]: first\n\nnote[D0902]: second\n",
  );
  expect(renderText([], none, { color: false })).toBe("");
});
