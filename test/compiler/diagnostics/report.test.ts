// Owns: collecting diagnostics: the same once, so many of a file, and the number of the rest.

import { expect, test } from "vitest";
import { checkProgram } from "../../../compiler/check/check.js";
import { diagnostic, Diagnostics } from "../../../compiler/diagnostics/report.js";
import { memoryHost } from "../../../compiler/host.js";
import { limits } from "../../../compiler/limits.js";
import { Program } from "../../../compiler/resolve/module.js";
import { SourceFile } from "../../../compiler/source/file.js";

const file = new SourceFile("a.dsamp", "x".repeat(1000));

test("the same finding at the same place is kept once", () => {
  const found = new Diagnostics();
  found.add(diagnostic("D0201", "unknown", { at: file.span(0, 1) }));
  found.add(diagnostic("D0201", "unknown", { at: file.span(0, 1) }));
  found.add(diagnostic("D0201", "unknown", { at: file.span(1, 2) }));
  expect(found.all).toHaveLength(2);
});

test("errors, warnings and files are counted apart, and what is not shown is counted", () => {
  const found = new Diagnostics();
  const other = new SourceFile("b.dsamp", "x");
  for (let i = 0; i < limits.errorsShown; i += 1) {
    found.add(diagnostic("D0203", `unused ${i}`, { at: file.span(i, i + 1) }));
    found.add(diagnostic("D0201", `unknown ${i}`, { at: file.span(i, i + 1) }));
  }
  expect(found.all).toHaveLength(2 * limits.errorsShown);
  found.add(diagnostic("D0201", "unknown", { at: other.span(0, 1) }));
  found.add(diagnostic("D0203", "unused", { at: file.span(500, 501) }));
  found.add(diagnostic("D0201", "unknown", { at: file.span(501, 502) }));
  found.add(diagnostic("D0201", "unknown", { at: file.span(502, 503) }));
  expect(found.all.slice(2 * limits.errorsShown)).toMatchObject([
    { code: "D0201", primary: { span: { file: "b.dsamp" } } },
    { code: "D0807", message: "1 further warning is not shown", primary: { span: { start: 500 } } },
    { code: "D0807", message: "2 further errors are not shown", primary: { span: { start: 501 } } },
  ]);
});

test("a file of unknown names: a hundred are told, each with what was meant, and the rest is counted", () => {
  const lines = Array.from({ length: 3000 }, (_, i) => `let a${i} = b${i}\n`);
  const diagnostics = new Diagnostics();
  const program = new Program(memoryHost({}), diagnostics);
  program.load("a.dsamp", lines.join(""));
  checkProgram(program);
  const { all } = diagnostics;
  expect(all).toHaveLength(limits.errorsShown + 1);
  expect(all[limits.errorsShown - 1]).toMatchObject({ code: "D0201", help: "did you mean `a99`?" });
  expect(all[limits.errorsShown]).toMatchObject({
    code: "D0807",
    message: "2900 further errors are not shown",
  });
});
