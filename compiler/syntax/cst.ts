// Owns: reading Chevrotain's tree. Every child may be missing, because the parser recovers from errors; positions of
// recovered parts may be NaN. Nothing outside `syntax` sees a CST node or an inclusive end offset.

import type { CstNode, IToken } from "chevrotain";
import { normalizeName } from "../../grammar/tokens.js";
import type { SourceFile } from "../source/file.js";
import type { Span } from "../source/span.js";
import type { ErrorExpr, Name, StringLit } from "./ast.js";

/** What building needs beside the tree. */
export interface BuildContext {
  readonly file: SourceFile;
  /** Documentation by the offset of the token it stands before. */
  readonly docs: ReadonlyMap<number, readonly string[]>;
  /** End of the last part seen: where a missing part is said to be. */
  near: number;
}

export type Cst = CstNode | undefined;

/** Most nodes have no children of most kinds: nothing is made for those. */
const none: readonly never[] = [];

export const nodes = (node: Cst, key: string): readonly CstNode[] =>
  node?.children[key]?.filter((child): child is CstNode => "children" in child) ?? none;

export const tokens = (node: Cst, key: string): readonly IToken[] =>
  node?.children[key]?.filter((child): child is IToken => "image" in child) ?? none;

export const first = (node: Cst, key: string): Cst => nodes(node, key)[0];
export const token = (node: Cst, key: string): IToken | undefined => tokens(node, key)[0];
export const has = (node: Cst, key: string): boolean => (node?.children[key]?.length ?? 0) > 0;

/** The part's place, or an empty span after the last part seen. */
export function spanOf(cx: BuildContext, part: CstNode | IToken | undefined): Span {
  const place = part === undefined ? undefined : "image" in part ? part : part.location;
  const start = place?.startOffset;
  const end = place?.endOffset;
  if (start === undefined || end === undefined || !Number.isFinite(start) || !Number.isFinite(end))
    return cx.file.span(cx.near, cx.near);
  const span = cx.file.span(start, Math.max(start, end + 1));
  cx.near = span.end;
  return span;
}

/** Like `spanOf`, without moving on: for a whole whose parts are still to be built. */
export function outerSpan(cx: BuildContext, part: Cst): Span {
  const near = cx.near;
  const span = spanOf(cx, part);
  cx.near = Math.max(near, span.start);
  return span;
}

export const missing = (cx: BuildContext): ErrorExpr => ({ kind: "ErrorExpr", span: spanOf(cx, undefined) });

export function name(cx: BuildContext, at: IToken | undefined): Name {
  const raw = at?.image ?? "";
  return { kind: "Name", span: spanOf(cx, at), text: normalizeName(raw), raw };
}

export function stringLit(cx: BuildContext, at: IToken | undefined): StringLit {
  const value = (at?.image ?? "").replace(/^["“”]|["“”]$/g, "");
  return { kind: "String", span: spanOf(cx, at), value };
}

/** The documentation directly before a statement or definition, as an optional property. */
export function docOf(cx: BuildContext, span: Span): { readonly doc?: readonly string[] } {
  const doc = cx.docs.get(span.start);
  return doc === undefined ? {} : { doc };
}

/** What every statement has: its place and its documentation. */
export interface Head {
  readonly span: Span;
  readonly doc?: readonly string[];
}

export function headOf(cx: BuildContext, node: Cst): Head {
  const span = outerSpan(cx, node);
  return { span, ...docOf(cx, span) };
}
