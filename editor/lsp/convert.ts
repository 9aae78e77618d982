// Owns: plain data of the features in the words of the protocol. Offsets become lines and columns here and nowhere else.

import {
  CompletionItemKind,
  DiagnosticSeverity,
  DiagnosticTag,
  FoldingRangeKind,
  MarkupKind,
  SymbolKind,
  type CompletionItem as LspCompletionItem,
  type Diagnostic as LspDiagnostic,
  type DocumentSymbol as LspDocumentSymbol,
  type FoldingRange,
  type Location,
  type MarkupContent,
  type Range,
  type SelectionRange,
  type TextEdit,
  type WorkspaceEdit,
} from "vscode-languageserver/node.js";
import type { Diagnostic, Edit } from "../../compiler/diagnostics/diagnostic.js";
import { SourceFile } from "../../compiler/source/file.js";
import type { FileId, Span } from "../../compiler/source/span.js";
import type { Completion, CompletionKind } from "./features/completion.js";
import type { Fold } from "./features/structure.js";
import type { DocumentSymbol } from "./features/symbols.js";
import { tokenModifiers, tokenTypes, type SemanticToken } from "./features/tokens.js";
import type { EntityKind } from "./model.js";
import { fileUri, type Uris } from "./uris.js";

export interface ConvertOptions {
  readonly uris: Uris;
  /** Text of a file, as the positions count it. */
  readonly source: (file: FileId) => SourceFile | undefined;
  /** Folder with a page for every diagnostic code. */
  readonly explain: string;
}

const severities = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  note: DiagnosticSeverity.Information,
} as const;

const completionKinds: Readonly<Record<CompletionKind, CompletionItemKind>> = {
  keyword: CompletionItemKind.Keyword,
  function: CompletionItemKind.Function,
  definition: CompletionItemKind.Class,
  variable: CompletionItemKind.Variable,
  parameter: CompletionItemKind.Field,
  property: CompletionItemKind.Property,
  point: CompletionItemKind.EnumMember,
  file: CompletionItemKind.Module,
  value: CompletionItemKind.Value,
};

const symbolKinds: Readonly<Partial<Record<EntityKind, SymbolKind>>> = {
  schedule: SymbolKind.Interface,
  parameterization: SymbolKind.Interface,
  guidance: SymbolKind.Class,
  grid: SymbolKind.Array,
  solver: SymbolKind.Function,
  sampler: SymbolKind.Class,
  function: SymbolKind.Function,
  parameter: SymbolKind.Field,
  point: SymbolKind.EnumMember,
  quantity: SymbolKind.Property,
  table: SymbolKind.Array,
  word: SymbolKind.Namespace,
};

export const markup = (value: string): MarkupContent => ({ kind: MarkupKind.Markdown, value });
export const symbolKind = (kind: EntityKind): SymbolKind => symbolKinds[kind] ?? SymbolKind.Variable;

export class Convert {
  constructor(readonly options: ConvertOptions) {}

  range({ file, start, end }: Span): Range {
    const source = this.options.source(file) ?? new SourceFile(file, "");
    const place = (offset: number): Range["start"] => {
      const { line, column } = source.position(offset);
      return { line, character: column };
    };
    return { start: place(start), end: place(end) };
  }

  location(span: Span): Location {
    return { uri: this.options.uris.uri(span.file), range: this.range(span) };
  }

  edit({ span, text }: Edit): TextEdit {
    return { range: this.range(span), newText: text };
  }

  workspaceEdit(edits: readonly Edit[]): WorkspaceEdit {
    const changes: Record<string, TextEdit[]> = {};
    for (const edit of edits) (changes[this.options.uris.uri(edit.span.file)] ??= []).push(this.edit(edit));
    return { changes };
  }

  diagnostic(item: Diagnostic, file: FileId): LspDiagnostic {
    const span = item.primary?.span ?? { file, start: 0, end: 0 };
    const label = item.primary?.text;
    const lines = [
      item.message,
      ...(label ? [label] : []),
      ...(item.why ? [`why: ${item.why}`] : []),
      ...(item.help ? [`help: ${item.help}`] : []),
    ];
    return {
      range: this.range(span),
      severity: severities[item.severity],
      code: item.code,
      codeDescription: { href: fileUri(`${this.options.explain}/${item.code}.md`) },
      source: "dsamp",
      message: lines.join("\n"),
      relatedInformation: item.secondary.map((other) => ({
        location: this.location(other.span),
        message: other.text,
      })),
      ...(item.code === "D0203" ? { tags: [DiagnosticTag.Unnecessary] } : {}),
    };
  }

  completion({ span, items }: Completion): LspCompletionItem[] {
    const range = this.range(span);
    return items.map(({ label, kind, detail, text, insert, rank, edits }) => ({
      label,
      kind: completionKinds[kind],
      ...(detail === undefined ? {} : { detail }),
      ...(text === undefined || text === "" ? {} : { documentation: markup(text) }),
      sortText: `${rank}${label}`,
      textEdit: { range, newText: insert ?? label },
      ...(edits ? { additionalTextEdits: edits.map((edit) => this.edit(edit)) } : {}),
    }));
  }

  symbol(item: DocumentSymbol): LspDocumentSymbol {
    return {
      name: item.name,
      detail: item.detail,
      kind: symbolKind(item.kind),
      range: this.range(item.span),
      selectionRange: this.range(item.at),
      children: item.children.map((child) => this.symbol(child)),
    };
  }

  selection(spans: readonly Span[]): SelectionRange | undefined {
    return [...spans]
      .reverse()
      .reduce<SelectionRange | undefined>(
        (parent, span) => ({ range: this.range(span), ...(parent ? { parent } : {}) }),
        undefined,
      );
  }

  /** Five numbers a token, each place relative to the one before; tokens over several lines are left out. */
  tokens(found: readonly SemanticToken[], source: SourceFile): number[] {
    const data: number[] = [];
    let [line, column] = [0, 0];
    for (const { start, length, type, modifiers } of found) {
      const at = source.position(start);
      if (source.position(start + length).line !== at.line) continue;
      const bits = modifiers.reduce((sum, modifier) => sum | (1 << tokenModifiers.indexOf(modifier)), 0);
      data.push(
        at.line - line,
        at.line === line ? at.column - column : at.column,
        length,
        tokenTypes.indexOf(type),
        bits,
      );
      [line, column] = [at.line, at.column];
    }
    return data;
  }
}

const foldKinds: Readonly<Partial<Record<Fold["kind"], FoldingRangeKind>>> = {
  comment: FoldingRangeKind.Comment,
  imports: FoldingRangeKind.Imports,
};

export function fold({ startLine, endLine, kind }: Fold): FoldingRange {
  const lsp = foldKinds[kind];
  return { startLine, endLine, ...(lsp === undefined ? {} : { kind: lsp }) };
}
