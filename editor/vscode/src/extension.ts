// Owns: the VS Code client: starts the server that comes with the extension, or the one named in the settings, and stops
// it.

import { join } from "node:path";
import * as vscode from "vscode";
import { LanguageClient, TransportKind, type ServerOptions } from "vscode-languageclient/node.js";

let client: LanguageClient | undefined;

/** Called by VS Code when the first .dsamp file is opened. */
export async function activate(context: vscode.ExtensionContext): Promise<void> {
  context.subscriptions.push(
    vscode.commands.registerCommand("dsamp.restart", async () => {
      await client?.stop();
      await start(context);
    }),
    vscode.workspace.onDidChangeConfiguration(async (event) => {
      if (event.affectsConfiguration("dsamp.server")) await vscode.commands.executeCommand("dsamp.restart");
    }),
  );
  await start(context);
}

export async function deactivate(): Promise<void> {
  await client?.stop();
}

async function start(context: vscode.ExtensionContext): Promise<void> {
  const watcher = vscode.workspace.createFileSystemWatcher("**/*.dsamp");
  context.subscriptions.push(watcher);
  client = new LanguageClient("dsamp", "dsamp", serverOptions(context), {
    documentSelector: [
      { scheme: "file", language: "dsamp" },
      { scheme: "untitled", language: "dsamp" },
    ],
    synchronize: { fileEvents: watcher },
  });
  await client.start();
}

function serverOptions(context: vscode.ExtensionContext): ServerOptions {
  const own = vscode.workspace.getConfiguration("dsamp").get<string>("server", "");
  const module = own === "" ? join(context.extensionPath, "dist", "server.mjs") : own;
  return { module, args: own === "" ? [] : ["lsp"], transport: TransportKind.stdio };
}
