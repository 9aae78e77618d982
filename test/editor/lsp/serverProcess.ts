// Owns: the real server in a process of its own, as an editor has it: the bundle that the VS Code extension ships, over
// standard input and output.

import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  createProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
} from "vscode-languageserver/node.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));

/** Builds the bundle below `folder`; returns its folder. */
export function buildBundle(folder: string): string {
  const bundle = join(folder, "node_modules", "bundle");
  execFileSync(process.execPath, [join(root, "editor/vscode/build.mjs"), bundle]);
  return bundle;
}

/** A running server and its client. */
export class ServerProcess {
  readonly server: ChildProcess;
  readonly client: ProtocolConnection;
  readonly published: PublishDiagnosticsParams[] = [];
  stderr = "";
  ended = false;

  /** `flags`: of Node. */
  constructor(bundle: string, flags: readonly string[] = []) {
    this.server = spawn(process.execPath, [...flags, join(bundle, "server.mjs"), "--stdio"], {
      stdio: "pipe",
    });
    this.server.stderr?.on("data", (data) => (this.stderr += String(data)));
    this.server.once("exit", () => (this.ended = true));
    if (!this.server.stdout || !this.server.stdin) throw new Error("no streams");
    this.client = createProtocolConnection(
      new StreamMessageReader(this.server.stdout),
      new StreamMessageWriter(this.server.stdin),
    );
    this.client.onNotification("textDocument/publishDiagnostics", (params: PublishDiagnosticsParams) => {
      this.published.push(params);
    });
    this.client.onRequest("workspace/inlayHint/refresh", () => null);
    this.client.listen();
  }

  stop(): void {
    this.client.dispose();
    this.server.kill();
  }
}
