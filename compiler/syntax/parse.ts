// Owns: text -> tree. Never throws: what cannot be read is reported, and the tree holds what could be.

import { lex } from "../../grammar/lexer.js";
import { arrangeLines } from "../../grammar/lines.js";
import { parseTokens } from "../../grammar/parser.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { diagnostic } from "../diagnostics/report.js";
import type { SourceFile } from "../source/file.js";
import type { SyntaxTree } from "./ast.js";
import { build } from "./build.js";
import { readComments, readDocs } from "./comments.js";

export interface ParseResult {
  readonly tree: SyntaxTree;
  readonly diagnostics: readonly Diagnostic[];
}

/** Parses one file. */
export function parse(file: SourceFile): ParseResult {
  const raw = lex(file.text);
  const comments = readComments(file, raw.comments);
  const docs = readDocs(file, comments, raw.tokens);
  const { cst, errors } = parseTokens(arrangeLines(raw.tokens));
  const diagnostics = errors.map((error) => {
    const start = Number.isFinite(error.token.startOffset) ? error.token.startOffset : file.text.length;
    return diagnostic("D0101", `unexpected \`${error.token.image}\``, { at: file.span(start, start + 1) });
  });
  return { tree: build(file, cst, comments, docs), diagnostics };
}
