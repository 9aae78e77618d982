// Owns: the prettier plugin: `npx prettier --plugin dsamp/prettier x.dsamp`. One printer, format.ts; prettier only
// carries the text. Comments are the printer's business, so prettier's own comment handling has nothing to attach.

import type { AstPath, Doc, Parser, Plugin, Printer, SupportLanguage } from "prettier";
import { SourceFile } from "../../compiler/source/file.js";
import { format } from "./format.js";

interface Root {
  readonly type: "dsamp";
  readonly text: string;
}

export const languages: SupportLanguage[] = [
  { name: "dsamp", parsers: ["dsamp"], extensions: [".dsamp"], vscodeLanguageIds: ["dsamp"] },
];

/** Carries the place of the first syntax error in the shape prettier shows. */
class SyntaxFailure extends SyntaxError {
  constructor(
    message: string,
    readonly loc: { readonly start: { readonly line: number; readonly column: number } },
  ) {
    super(message);
  }
}

const parser: Parser<Root> = {
  astFormat: "dsamp",
  locStart: () => 0,
  locEnd: (root) => root.text.length,
  parse(text) {
    const result = format(text);
    if (result.text !== undefined) return { type: "dsamp", text: result.text };
    const first = result.diagnostics.find((item) => item.severity === "error");
    const { line, column } = new SourceFile("", text).position(first?.primary?.span.start ?? 0);
    throw new SyntaxFailure(`${first?.code}: ${first?.message}`, {
      start: { line: line + 1, column: column + 1 },
    });
  },
};

const printer: Printer<Root> = {
  // Prettier wants documents without bare line ends; they are literal here.
  print: (path: AstPath<Root>): Doc =>
    path.node.text.split("\n").flatMap((line, i): Doc[] => (i === 0 ? [line] : [literal, line])),
};

const literal: Doc = [{ type: "line", hard: true, literal: true }, { type: "break-parent" }];

export const parsers: Plugin["parsers"] = { dsamp: parser };
export const printers: Plugin["printers"] = { dsamp: printer };
