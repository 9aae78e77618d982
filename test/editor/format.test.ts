// Owns: the formatter's promises: twice is once, the tree is unchanged, no comment is lost, and it looks as intended.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse } from "../../compiler/syntax/parse.js";
import { SourceFile } from "../../compiler/source/file.js";
import { format } from "../../editor/fmt/format.js";
import { stripSpans } from "../support/stripSpans.js";

const files = ["test/specs", "stdlib", "examples"].flatMap((root) =>
  readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".dsamp"))
    .map((file) => join(root, file)),
);

const tree = (text: string): ReturnType<typeof parse>["tree"] => parse(new SourceFile("a.dsamp", text)).tree;

/** The tree without places; whether a block stood on one line is layout, too. */
const shape = (text: string): unknown =>
  JSON.parse(
    JSON.stringify(stripSpans({ ...tree(text), comments: [] }), (key, value) =>
      key === "inline" ? 0 : value,
    ),
  );

const comments = (text: string): string[] => tree(text).comments.map((comment) => comment.text);

describe.each(files)("%s", (file) => {
  const text = readFileSync(file, "utf8");
  const once = format(text).text ?? "";

  test("formatting twice equals once", () => expect(format(once).text).toBe(once));
  test("the tree is unchanged", () => expect(shape(once)).toEqual(shape(text)));
  test("every comment is kept, in order", () => expect(comments(once)).toEqual(comments(text)));
});

const cases: readonly (readonly [string, string, string])[] = [
  [
    "runs line up, comments stay behind their code",
    "solver a{\n step{ // one step\nlet h=lambda[t]-lambda[s]\nlet ratio = h/2 // half\nx[t]=x[s]\n}}",
    "solver a {\n  step {  // one step\n    let h     = lambda[t] - lambda[s]\n    let ratio = h/2  // half\n    x[t] = x[s]\n  }\n}\n",
  ],
  [
    "a sampler's clauses line up",
    "sampler a {\nschedule flow\nmodel predicts flow\n\n\ngrid uniform_time\nsteps 4\nsolver ddim }",
    "sampler a {\n  schedule flow\n  model    predicts flow\n\n  grid   uniform_time\n  steps  4\n  solver ddim\n}\n",
  ],
  [
    "a comment inside an expression keeps the author's lines",
    "let a = sum(k, // the index\n   k in 0 .. 3)",
    "let a = sum(k, // the index\n  k in 0 .. 3)\n",
  ],
  [
    "a comment inside the condition of a later branch keeps the author's lines, too",
    "guidance g { when a { x0 = x0 } // one\nelse when b(// two\n1) { x0 = 2*x0 } // three\n}",
    "guidance g {\n  when a { x0 = x0 }  // one\n  else when b(// two\n    1) {\n    x0 = 2*x0\n  }  // three\n}\n",
  ],
  [
    "a comment in a head leaves the body as it always is",
    "solver mine(r = 1/2, // the r\n q = 3) {\n step {\n let h = 1\n x[t]=x[s]\n }\n}",
    "solver mine(r = 1/2, // the r\n  q = 3) {\n  step {\n    let h = 1\n    x[t] = x[s]\n  }\n}\n",
  ],
  [
    "and so in heads of `expect`, of statements and of a tableau",
    "expect a(b, // c\nd) {\norder 2\n}\nsolver a {\nstep {\nwhen f( // g\n1) {\nx[t]=x[s]\n}\ntableau x0 over g( // h\n1) {\n // i\n0 | 0\n}\n}\n}",
    "expect a(b, // c\n  d) {\n  order 2\n}\nsolver a {\n  step {\n    when f( // g\n      1) {\n      x[t] = x[s]\n    }\n    tableau x0 over g( // h\n      1) {\n      // i\n      0 | 0\n    }\n  }\n}\n",
  ],
  [
    "lines around comments are as deep as their brackets",
    'use "a.dsamp" { b, // c\n  d\n}\nlet a = f(\n[1, // one (\n2,\n3\n], g(\n"(", 4\n)\n)',
    'use "a.dsamp" { b, // c\n  d\n}\nlet a = f(\n  [1, // one (\n    2,\n    3\n  ], g(\n    "(", 4\n  )\n)\n',
  ],
  ["a member of a number stands apart from it", "let a=0 .s\n", "let a = 0 .s\n"],
  [
    "one-line blocks stay on one line while they fit",
    "schedule s {time t from 1 to 0;alpha=1-t;sigma=t}",
    "schedule s { time t from 1 to 0; alpha = 1 - t; sigma = t }\n",
  ],
  [
    "branches",
    "guidance g { when sigma>1 {x0=x0} else when sigma>0 {x0=2*x0}\nelse {x0=0*x0}}",
    "guidance g {\n  when sigma > 1 { x0 = x0 }\n  else when sigma > 0 { x0 = 2*x0 }\n  else { x0 = 0*x0 }\n}\n",
  ],
];

test.each(cases)("%s", (_, text, formatted) => expect(format(text).text).toBe(formatted));

test("a file that does not resolve is formatted, one that does not parse is refused with its diagnostics", () => {
  expect(format("solver a { step { x[t]=nothing } }").text).toBe(
    "solver a {\n  step { x[t] = nothing }\n}\n",
  );
  const broken = format("solver a { step { x[t] = } }");
  expect(broken.text).toBeUndefined();
  expect(broken.diagnostics.map((item) => item.code)).toEqual(["D0101"]);
});
