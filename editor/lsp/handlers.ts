// Owns: the answers to requests: from a position in a document to a feature, and its data back in the protocol's words.

import {
  CodeActionKind,
  DocumentHighlightKind,
  InlayHintKind,
  LSPErrorCodes,
  ResponseError,
  type Connection,
  type Position,
} from "vscode-languageserver/node.js";
import { fold, markup, symbolKind } from "./convert.js";
import { actions } from "./features/actions.js";
import { completion } from "./features/completion.js";
import { hover } from "./features/hover.js";
import { inlayHints } from "./features/inlay.js";
import { definition, highlights, references } from "./features/navigate.js";
import { prepareRename, rename } from "./features/rename.js";
import { signature } from "./features/signature.js";
import { folds, formatting, selection } from "./features/structure.js";
import { documentSymbols, workspaceSymbols } from "./features/symbols.js";
import { semanticTokens } from "./features/tokens.js";
import type { ServerState } from "./server.js";
import type { Analysis } from "./workspace.js";

interface At {
  readonly textDocument: { readonly uri: string };
  readonly position: Position;
}

const refuse = (message: string): never => {
  throw new ResponseError(LSPErrorCodes.RequestFailed, message);
};

/** Kinds of actions have parts: `refactor.rewrite` is a `refactor`, and everything is of the empty kind. */
const isKind = (kind: string, wanted: string): boolean =>
  wanted === "" || kind === wanted || kind.startsWith(`${wanted}.`);

export function handle(connection: Connection, state: ServerState): void {
  const { workspace, convert, uris } = state;
  const analysisOf = (document: { readonly uri: string }): Analysis | undefined =>
    workspace.analysis(uris.id(document.uri));
  const offsetIn = (analysis: Analysis, { line, character }: Position): number =>
    analysis.module.source.offset(line, character);
  const at = <T>(
    { textDocument, position }: At,
    none: T,
    answer: (analysis: Analysis, offset: number) => T,
  ): T => {
    const analysis = analysisOf(textDocument);
    return analysis ? answer(analysis, offsetIn(analysis, position)) : none;
  };
  const inside = <T>(document: { readonly uri: string }, none: T, answer: (analysis: Analysis) => T): T => {
    const analysis = analysisOf(document);
    return analysis ? answer(analysis) : none;
  };

  connection.onHover((params) =>
    at(params, null, (analysis, offset) => {
      const { facts, values } = state.found(analysis.id);
      const found = hover(analysis, offset, facts, values);
      return found ? { contents: markup(found.text), range: convert.range(found.span) } : null;
    }),
  );
  connection.onCompletion((params) =>
    at(params, [], (analysis, offset) => convert.completion(completion(workspace, analysis, offset))),
  );
  connection.onSignatureHelp((params) =>
    at(params, null, (analysis, offset) => {
      const found = signature(analysis, offset);
      if (!found) return null;
      const parameters = found.parameters.map((label) => ({ label }));
      const active = found.active ?? parameters.length;
      return {
        signatures: [{ label: found.label, documentation: markup(found.text), parameters }],
        activeSignature: 0,
        activeParameter: active,
      };
    }),
  );

  connection.onDefinition((params) =>
    at(params, [], (analysis, offset) => definition(analysis, offset).map((span) => convert.location(span))),
  );
  connection.onReferences((params) =>
    at(params, [], (analysis, offset) =>
      references(workspace, analysis, offset, { declaration: params.context.includeDeclaration }).map(
        (span) => convert.location(span),
      ),
    ),
  );
  connection.onDocumentHighlight((params) =>
    at(params, [], (analysis, offset) =>
      highlights(analysis, offset).map(({ span, write }) => ({
        range: convert.range(span),
        kind: write ? DocumentHighlightKind.Write : DocumentHighlightKind.Read,
      })),
    ),
  );
  connection.onPrepareRename((params) =>
    at(params, null, (analysis, offset) => {
      const found = prepareRename(analysis, offset);
      if (!found) return null;
      return "refused" in found
        ? refuse(found.refused)
        : { range: convert.range(found.span), placeholder: found.text };
    }),
  );
  connection.onRenameRequest((params) =>
    at(params, null, (analysis, offset) => {
      const done = rename(workspace, analysis, offset, params.newName);
      return "refused" in done ? refuse(done.refused) : convert.workspaceEdit(done.edits);
    }),
  );

  connection.onDocumentSymbol(({ textDocument }) =>
    inside(textDocument, [], (analysis) => documentSymbols(analysis).map((item) => convert.symbol(item))),
  );
  connection.onWorkspaceSymbol(({ query }) =>
    workspaceSymbols(workspace, query).map(({ name, kind, at: span }) => ({
      name,
      kind: symbolKind(kind),
      location: convert.location(span),
    })),
  );
  connection.onFoldingRanges(({ textDocument }) =>
    inside(textDocument, [], (analysis) => folds(analysis).map(fold)),
  );
  connection.onSelectionRanges(({ textDocument, positions }) =>
    inside(textDocument, [], (analysis) =>
      positions.map(
        (position) =>
          convert.selection(selection(analysis, offsetIn(analysis, position))) ?? {
            range: { start: position, end: position },
          },
      ),
    ),
  );
  connection.onDocumentFormatting(({ textDocument }) =>
    inside(textDocument, [], (analysis) => formatting(analysis).map((edit) => convert.edit(edit))),
  );
  connection.onCodeAction(({ textDocument, range, context }) =>
    inside(textDocument, [], (analysis) =>
      actions(
        workspace,
        analysis,
        state.diagnostics(analysis.id),
        {
          start: offsetIn(analysis, range.start),
          end: offsetIn(analysis, range.end),
        },
        state.found(analysis.id).facts,
      ).flatMap((action) => {
        const kind = action.diagnostic ? CodeActionKind.QuickFix : CodeActionKind.RefactorRewrite;
        if (context.only?.some((wanted) => isKind(kind, wanted)) === false) return [];
        return {
          title: action.title,
          kind,
          ...(action.diagnostic ? { diagnostics: [convert.diagnostic(action.diagnostic, analysis.id)] } : {}),
          isPreferred: action.preferred,
          edit: convert.workspaceEdit(action.edits),
        };
      }),
    ),
  );
  connection.languages.inlayHint.on(({ textDocument, range }) =>
    inside(textDocument, [], (analysis) =>
      inlayHints(analysis, state.found(analysis.id).facts, {
        start: offsetIn(analysis, range.start),
        end: offsetIn(analysis, range.end),
      }).map(({ at: offset, text, kind, tooltip }) => ({
        position: convert.range(analysis.module.source.span(offset, offset)).start,
        label: text,
        ...(kind === "parameter" ? { kind: InlayHintKind.Parameter } : {}),
        paddingLeft: kind === "fact",
        paddingRight: kind === "parameter",
        ...(tooltip === undefined ? {} : { tooltip: markup(tooltip) }),
      })),
    ),
  );
  connection.languages.semanticTokens.on(({ textDocument }) =>
    inside(textDocument, { data: [] as number[] }, (analysis) => ({
      data: convert.tokens(semanticTokens(analysis), analysis.module.source),
    })),
  );
}
