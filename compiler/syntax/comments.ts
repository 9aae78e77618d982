// Owns: comments of a file, and which `///` lines document which statement.

import type { IToken } from "chevrotain";
import { NL, Semi } from "../../grammar/tokens.js";
import type { SourceFile } from "../source/file.js";
import type { Comment } from "./ast.js";

const isDoc = (comment: Comment): boolean => comment.ownLine && /^\/\/\/(?!\/)/.test(comment.text);

/** The comments in source order. */
export function readComments(file: SourceFile, found: readonly IToken[]): readonly Comment[] {
  return found.map((token) => {
    const lineStart = file.text.lastIndexOf("\n", token.startOffset - 1) + 1;
    const before = file.text.slice(lineStart, token.startOffset);
    const text = token.image.trimEnd();
    const span = file.span(token.startOffset, token.startOffset + text.length);
    return { span, text, ownLine: before.trim() === "" };
  });
}

/** Documentation by the offset of the token it stands before: the last run of `///` lines wins. */
export function readDocs(
  file: SourceFile,
  comments: readonly Comment[],
  tokens: readonly IToken[],
): ReadonlyMap<number, readonly string[]> {
  const docs = new Map<number, readonly string[]>();
  const lineOf = (comment: Comment): number => file.position(comment.span.start).line;
  let at = 0;
  for (let i = 0; i < comments.length; i += 1) {
    const head = comments[i] as Comment;
    if (!isDoc(head)) continue;
    const lines = [head];
    for (let next = comments[i + 1]; next !== undefined && isDoc(next); next = comments[i + 1]) {
      if (lineOf(next) !== lineOf(head) + lines.length) break;
      lines.push(next);
      i += 1;
    }
    const end = (lines[lines.length - 1] as Comment).span.end;
    // What documents nothing, an empty statement, documents the statement after it.
    const skipped = (token: IToken): boolean =>
      token.startOffset < end || token.tokenType === NL || token.tokenType === Semi;
    while (at < tokens.length && skipped(tokens[at] as IToken)) at += 1;
    const target = tokens[at];
    if (target !== undefined) docs.set(target.startOffset, lines.map(docText));
  }
  return docs;
}

const docText = (comment: Comment): string => comment.text.slice(3).replace(/^ /, "");
