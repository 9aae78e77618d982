// Owns: the outline of a document and the search for symbols in all files.

import type { FileId, Span } from "../../../compiler/source/span.js";
import type { Definition, Expression, Item, Statement } from "../../../compiler/syntax/ast.js";
import { headName } from "../../../compiler/check/bodies.js";
import { library } from "../../../stdlib/index.js";
import type { EntityKind } from "../model.js";
import type { Analysis, Workspace } from "../workspace.js";

export interface DocumentSymbol {
  readonly name: string;
  readonly kind: EntityKind;
  readonly detail: string;
  readonly span: Span;
  /** The name within `span`. */
  readonly at: Span;
  readonly children: readonly DocumentSymbol[];
}

/** Definitions and values, with what each declares. */
export function documentSymbols(analysis: Analysis): readonly DocumentSymbol[] {
  return analysis.module.tree.items.flatMap((item) => itemSymbol(item));
}

function itemSymbol(item: Item): readonly DocumentSymbol[] {
  switch (item.kind) {
    case "Definition":
      return symbol(item.name.raw, item.sort, item.sort, item.span, item.name.span, inside(item));
    case "Let":
    case "Table":
      return statementSymbols(item);
    case "Expect": {
      const head = item.subject.kind === "Call" ? item.subject.callee : item.subject;
      const name = head.kind === "Name" ? head.raw : "";
      return symbol(`expect ${name}`.trim(), "word", "claims", item.span, item.subject.span, []);
    }
    default:
      return [];
  }
}

function symbol(
  name: string,
  kind: EntityKind,
  detail: string,
  span: Span,
  at: Span,
  children: readonly DocumentSymbol[],
): readonly DocumentSymbol[] {
  if (name === "") return [];
  const within = at.start >= span.start && at.end <= span.end;
  return [{ name, kind, detail, span, at: within ? at : { ...span, end: span.start }, children }];
}

function inside({ params, body }: Definition): readonly DocumentSymbol[] {
  const own = (params ?? []).flatMap((param) =>
    symbol(param.name.raw, "parameter", param.type?.raw ?? "parameter", param.span, param.name.span, []),
  );
  return body.kind === "Block" ? [...own, ...body.statements.flatMap(statementSymbols)] : own;
}

function statementSymbols(statement: Statement): readonly DocumentSymbol[] {
  const { span } = statement;
  const named = (target: Expression, kind: EntityKind): readonly DocumentSymbol[] => {
    const name = headName(target);
    return name ? symbol(name.raw, kind, kind, span, name.span, []) : [];
  };
  switch (statement.kind) {
    case "Let": {
      const kind = statement.params ? "function" : "let";
      return symbol(statement.name.raw, kind, kind, span, statement.name.span, []);
    }
    case "Table":
      return symbol(statement.name.raw, "table", "table", span, statement.name.span, []);
    case "Input":
      return statement.names.flatMap((name) => symbol(name.raw, "input", "input", span, name.span, []));
    case "Noise":
      return statement.names.flatMap((name) => symbol(name.raw, "noise", "noise", span, name.span, []));
    case "Point":
      return statement.names.flatMap((name) => symbol(name.raw, "point", "point", span, name.span, []));
    case "CallClause":
      return symbol(statement.name.raw, "call", "call", span, statement.name.span, []);
    case "Quantity":
      return symbol(statement.name.raw, "quantity", "quantity", span, statement.name.span, []);
    case "Brownian":
      return symbol(statement.name.raw, "brownian", "brownian", span, statement.name.span, []);
    case "Carry":
      return named(statement.target, "carry");
    case "State":
      return statement.targets.flatMap((target) => named(target, "state"));
    case "Step":
      return symbol("step", "word", "step", span, { ...span, end: Math.min(span.end, span.start + 4) }, [
        ...statement.body.statements.flatMap(statementSymbols),
      ]);
    default:
      return [];
  }
}

export interface WorkspaceSymbol {
  readonly name: string;
  readonly kind: EntityKind;
  readonly at: Span;
  readonly file: FileId;
}

/** Definitions and values of all files whose name has the letters of the query, in order; the library's last. */
export function workspaceSymbols(workspace: Workspace, query: string): readonly WorkspaceSymbol[] {
  const letters = query.toLowerCase();
  const files = [...workspace.userFiles, ...(letters === "" ? [] : libraryFiles(letters))];
  return files.flatMap((file) => {
    const analysis = workspace.analysis(file);
    if (!analysis) return [];
    return documentSymbols(analysis)
      .filter(({ name, kind }) => kind !== "word" && hasLetters(name.toLowerCase(), letters))
      .map(({ name, kind, at }) => ({ name, kind, at, file }));
  });
}

const libraryFiles = (letters: string): readonly FileId[] =>
  Object.keys(library).filter((id) =>
    library[id]?.names.some((name) => hasLetters(name.split(" ")[1] ?? "", letters)),
  );

function hasLetters(name: string, letters: string): boolean {
  let at = 0;
  for (const letter of name) if (letter === letters[at]) at += 1;
  return at >= letters.length;
}
