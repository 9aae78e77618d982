// Owns: the language server: documents, when what is checked, what is published. Wiring only; what is found out stands
// in features/ and later.ts.

import {
  TextDocuments,
  TextDocumentSyncKind,
  type Connection,
  type InitializeResult,
} from "vscode-languageserver/node.js";
import { TextDocument } from "vscode-languageserver-textdocument";
import { Diagnostics } from "../../compiler/diagnostics/report.js";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.js";
import type { FileId } from "../../compiler/source/span.js";
import { VERSION } from "../../compiler/version.js";
import { Convert } from "./convert.js";
import { diagnosticsOf } from "./features/diagnostics.js";
import { tokenModifiers, tokenTypes } from "./features/tokens.js";
import { handle } from "./handlers.js";
import type { Fact, Values } from "./later.js";
import type { LaterRunner } from "./laterRunner.js";
import { pathOf, Uris } from "./uris.js";
import { Workspace, type Files } from "./workspace.js";

export interface ServerOptions {
  /** Files below the folders that the client has open. */
  readonly files: (folders: readonly string[]) => Files & { readonly forget: () => void };
  /** Folder of the library's files. */
  readonly library: string;
  /** Folder with a page for every diagnostic code. */
  readonly explain: string;
  readonly later: LaterRunner;
  /** Milliseconds of quiet before the static checks, and before what takes longer. */
  readonly delays?: { readonly first: number; readonly later: number };
}

/** What a later stage found, for the text it was found in. */
interface Found {
  readonly text: string;
  readonly diagnostics: Diagnostic[];
  readonly facts: Fact[];
  readonly values: Values[];
}

/** What requests need to be answered. */
export interface ServerState {
  readonly workspace: Workspace;
  readonly convert: Convert;
  readonly uris: Uris;
  readonly diagnostics: (id: FileId) => readonly Diagnostic[];
  readonly found: (id: FileId) => Pick<Found, "facts" | "values">;
}

/** Serves a client until it says `exit`. */
export function startServer(connection: Connection, options: ServerOptions): void {
  const uris = new Uris(options.library);
  connection.onInitialize((params): InitializeResult => {
    const folders = (params.workspaceFolders ?? []).flatMap(({ uri }) => pathOf(uri) ?? []);
    const root = params.rootUri ? pathOf(params.rootUri) : undefined;
    const files = options.files(folders.length > 0 ? folders : root === undefined ? [] : [root]);
    new Session(connection, options, uris, files);
    return { capabilities, serverInfo: { name: "dsamp", version: VERSION } };
  });
  connection.onShutdown(() => options.later.dispose());
  connection.listen();
}

const capabilities: InitializeResult["capabilities"] = {
  textDocumentSync: TextDocumentSyncKind.Incremental,
  hoverProvider: true,
  completionProvider: { triggerCharacters: [".", "[", "(", ":", " ", '"'] },
  definitionProvider: true,
  referencesProvider: true,
  documentHighlightProvider: true,
  documentSymbolProvider: true,
  workspaceSymbolProvider: true,
  signatureHelpProvider: { triggerCharacters: ["(", ","] },
  renameProvider: { prepareProvider: true },
  foldingRangeProvider: true,
  selectionRangeProvider: true,
  documentFormattingProvider: true,
  codeActionProvider: { codeActionKinds: ["quickfix", "refactor.rewrite"] },
  inlayHintProvider: true,
  semanticTokensProvider: {
    legend: { tokenTypes: [...tokenTypes], tokenModifiers: [...tokenModifiers] },
    full: true,
  },
};

class Session {
  readonly #documents = new TextDocuments(TextDocument);
  readonly #workspace: Workspace;
  readonly #convert: Convert;
  readonly #timers = new Map<FileId, NodeJS.Timeout>();
  readonly #laterTimers = new Map<FileId, NodeJS.Timeout>();
  readonly #running = new Map<FileId, () => void>();
  readonly #found = new Map<FileId, Found>();
  readonly #delays: { readonly first: number; readonly later: number };

  constructor(
    readonly connection: Connection,
    readonly options: ServerOptions,
    readonly uris: Uris,
    files: ReturnType<ServerOptions["files"]>,
  ) {
    this.#delays = options.delays ?? { first: 15, later: 350 };
    this.#workspace = new Workspace(files);
    this.#convert = new Convert({
      uris,
      explain: options.explain,
      source: (id) => this.#workspace.source(id),
    });
    this.#documents.onDidChangeContent(({ document }) => this.#changed(document));
    this.#documents.onDidClose(({ document }) => this.#closed(uris.id(document.uri)));
    connection.onDidChangeWatchedFiles(({ changes }) => {
      files.forget();
      for (const { uri } of changes) this.#workspace.refresh(uris.id(uri));
      for (const id of this.#workspace.openFiles) this.#schedule(id);
    });
    this.#documents.listen(connection);
    handle(connection, {
      workspace: this.#workspace,
      convert: this.#convert,
      uris,
      diagnostics: (id) => this.#diagnostics(id),
      found: (id) => this.#current(id) ?? { facts: [], values: [] },
    });
  }

  #changed(document: TextDocument): void {
    const id = this.uris.id(document.uri);
    const users = this.#workspace.dependents(id);
    this.#workspace.set(id, document.getText());
    this.#schedule(id);
    for (const user of users) if (this.#workspace.openFiles.includes(user)) this.#schedule(user);
  }

  #closed(id: FileId): void {
    for (const timers of [this.#timers, this.#laterTimers]) {
      clearTimeout(timers.get(id));
      timers.delete(id);
    }
    this.#stop(id);
    this.#found.delete(id);
    this.#workspace.close(id);
    this.#send(this.uris.uri(id), []);
  }

  #stop(id: FileId): void {
    this.#running.get(id)?.();
    this.#running.delete(id);
  }

  #schedule(id: FileId): void {
    this.#stop(id);
    clearTimeout(this.#laterTimers.get(id));
    clearTimeout(this.#timers.get(id));
    this.#timers.set(
      id,
      setTimeout(() => this.#check(id), this.#delays.first),
    );
  }

  /** Publishes the static findings and plans the rest. */
  #check(id: FileId): void {
    this.#found.delete(id);
    this.#publish(id);
    const analysis = this.#workspace.analysis(id);
    if (!analysis || analysis.diagnostics.some((item) => item.severity === "error")) return;
    this.#laterTimers.set(
      id,
      setTimeout(() => this.#runLater(id), this.#delays.later),
    );
  }

  #runLater(id: FileId): void {
    const text = this.#workspace.text(id);
    if (text === undefined) return;
    const found: Found = { text, diagnostics: [], facts: [], values: [] };
    const stop = this.options.later.run({ file: id, texts: this.#workspace.openTexts }, (part) => {
      if (this.#workspace.text(id) !== text) return;
      this.#found.set(id, found);
      found.diagnostics.push(...part.diagnostics);
      found.facts.push(...part.facts);
      found.values.push(...(part.values ?? []));
      this.#publish(id);
      if (part.facts.length > 0) void this.connection.languages.inlayHint.refresh().catch(() => undefined);
    });
    this.#running.set(id, stop);
  }

  /** What later stages found in this very text. */
  #current(id: FileId): Found | undefined {
    const found = this.#found.get(id);
    return found?.text === this.#workspace.text(id) ? found : undefined;
  }

  #diagnostics(id: FileId): readonly Diagnostic[] {
    const all = new Diagnostics();
    const analysis = this.#workspace.analysis(id);
    for (const item of analysis ? diagnosticsOf(analysis) : []) all.add(item);
    for (const item of this.#current(id)?.diagnostics ?? []) all.add(item);
    return all.all;
  }

  #publish(id: FileId): void {
    const uri = this.uris.uri(id);
    const version = this.#documents.get(uri)?.version;
    const items = this.#diagnostics(id).map((item) => this.#convert.diagnostic(item, id));
    this.#send(uri, items, version);
  }

  #send(uri: string, diagnostics: ReturnType<Convert["diagnostic"]>[], version?: number): void {
    void this.connection.sendDiagnostics({
      uri,
      diagnostics,
      ...(version === undefined ? {} : { version }),
    });
  }
}
