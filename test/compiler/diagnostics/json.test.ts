// The JSON form of diagnostics is a contract: this test is its description.

import { expect, test } from "vitest";
import { renderJson, toJson } from "../../../compiler/diagnostics/json.js";
import { diagnostic } from "../../../compiler/diagnostics/report.js";
import { SourceFile } from "../../../compiler/source/file.js";

const file = new SourceFile("a.dsamp", "let a = 1\nlet b = 2x\n");
const found = diagnostic("D0101", "an operator is missing", {
  at: file.span(19, 20),
  label: "here",
  secondary: [{ span: { file: "std:x", start: 1, end: 2 }, text: "there" }],
  help: "write `*`",
  fix: { title: "write `*`", edits: [{ span: file.span(19, 19), text: "*" }], applicability: "unsafe" },
});
const sources = (id: string): SourceFile | undefined => (id === file.id ? file : undefined);

test("lines and columns count from 1, offsets from 0; unknown sources have offsets only", () => {
  expect(toJson([found], sources)).toEqual([
    {
      code: "D0101",
      severity: "error",
      message: "an operator is missing",
      primary: {
        file: "a.dsamp",
        start: { offset: 19, line: 2, column: 10 },
        end: { offset: 20, line: 2, column: 11 },
        text: "here",
      },
      secondary: [{ file: "std:x", start: { offset: 1 }, end: { offset: 2 }, text: "there" }],
      help: "write `*`",
      fix: {
        title: "write `*`",
        applicability: "unsafe",
        edits: [
          {
            file: "a.dsamp",
            start: { offset: 19, line: 2, column: 10 },
            end: { offset: 19, line: 2, column: 10 },
            text: "*",
          },
        ],
      },
    },
  ]);
});

test("the text is JSON and ends with a line end", () => {
  const text = renderJson([found], sources);
  expect(JSON.parse(text)).toEqual(toJson([found], sources));
  expect(text.endsWith("]\n")).toBe(true);
});
