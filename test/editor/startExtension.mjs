// Starts the extension in a folder as VS Code would, up to the answer of its server, and stops it. In place of VS Code
// there is an object that takes every call: the protocol and the server are real, the window is not. Prints what the
// client registered. `node startExtension.mjs FOLDER`

import { EventEmitter } from "node:events";
import Module from "node:module";
import { join } from "node:path";

const folder = process.argv[2] ?? "";
const registered = [];

const disposable = { dispose: () => undefined };
/** Anything: can be called, made with `new`, extended, read. */
const anything = (name) =>
  new Proxy(
    class Anything {
      dispose() {}
    },
    {
      apply: () => disposable,
      construct: (target, args, made) => Reflect.construct(target, args, made),
      get: (target, key) => {
        if (key in target || typeof key === "symbol") return target[key];
        return (target[key] = /^on[A-Z]/.test(key) ? () => disposable : anything(`${name}.${key}`));
      },
    },
  );

const call = (answer) => () => answer;
const api = {
  EventEmitter: class extends EventEmitter {
    event = call(disposable);
    fire = () => undefined;
    dispose = () => undefined;
  },
  Uri: {
    file: (path) => ({ fsPath: path, toString: () => `file://${path}` }),
    parse: (text) => ({ toString: () => text }),
  },
  env: { appName: "stub", language: "en", uriScheme: "stub" },
  version: "1.82.0",
  window: {
    createOutputChannel: () => ({
      append: (text) => process.stderr.write(text),
      appendLine: (text) => process.stderr.write(`${text}\n`),
      show: () => undefined,
      ...disposable,
    }),
    showErrorMessage: async (text) => void process.stderr.write(`${text}\n`),
    visibleTextEditors: [],
    tabGroups: { all: [], onDidChangeTabs: call(disposable) },
  },
  workspace: {
    createFileSystemWatcher: () => withRest({ ...disposable }, "watcher"),
    textDocuments: [],
    notebookDocuments: [],
    workspaceFolders: undefined,
    getConfiguration: () => ({ get: (_key, otherwise) => otherwise }),
  },
  languages: {
    createDiagnosticCollection: () => ({ clear: () => undefined, set: () => undefined, ...disposable }),
  },
  commands: { registerCommand: (name) => (registered.push(name), disposable) },
};
const withRest = (known, name) =>
  new Proxy(known, {
    get: (target, key) => {
      if (key in target || typeof key === "symbol") return target[key];
      if (/^register[A-Z]/.test(key)) return () => (registered.push(key), disposable);
      return /^on[A-Z]/.test(key) ? call(disposable) : (target[key] = anything(`${name}.${key}`));
    },
  });
for (const part of ["window", "workspace", "languages", "commands", "env"])
  api[part] = withRest(api[part], part);
const vscode = withRest(api, "vscode");

const load = Module._load;
Module._load = (request, ...rest) => (request === "vscode" ? vscode : load(request, ...rest));
const extension = Module.createRequire(import.meta.url)(join(folder, "dist", "extension.cjs"));
await extension.activate({ extensionPath: folder, subscriptions: [] });
await extension.deactivate();
process.stdout.write(`${JSON.stringify(registered)}\n`);
