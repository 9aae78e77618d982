// Owns: one session of a real client with the real server, over standard input and output, as an editor has it. The
// server is the bundle that the VS Code extension ships.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  createProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
  type CodeAction,
  type CompletionItem,
  type Diagnostic,
  type Hover,
  type InitializeResult,
  type Location,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
  type TextEdit,
  type WorkspaceEdit,
} from "vscode-languageserver/node.js";
import { buildBundle, ServerProcess } from "./serverProcess.js";

let folder: string;
let bundle: string;
let running: ServerProcess;
let client: ProtocolConnection;
let published: readonly PublishDiagnosticsParams[];

const text = `/// A rule of the user.
solver mine(r = 1/2) {
  order 1
  step {
    let h = lambda[t] - lambda[s]
    x[t] = sigma[t]/sigma[s]*x[s] - alpha[t]*expm1(-h)*x0[s]
  }
}
`;
let uri: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dsamp-lsp-"));
  writeFileSync(join(folder, "a.dsamp"), text);
  writeFileSync(join(folder, "b.dsamp"), 'use "a.dsamp" { mine }\nexpect mine(r: 1/3) { calls 1 }\n');
  uri = pathToFileURL(join(folder, "a.dsamp")).href;
  bundle = buildBundle(folder);
  running = new ServerProcess(bundle);
  ({ client, published } = running);
});

afterAll(() => {
  running.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** The findings published for a version of the document. */
async function diagnostics(version: number): Promise<Diagnostic[]> {
  for (let waited = 0; waited < 400; waited += 1) {
    const found = published.find((params) => params.uri === uri && params.version === version);
    if (found) return found.diagnostics;
    await new Promise((done) => setTimeout(done, 25));
  }
  throw new Error(`no diagnostics for version ${version}; ${running.stderr}`);
}

const at = (line: number, character: number) => ({ textDocument: { uri }, position: { line, character } });

test("a session from initialize to exit", async () => {
  const started: InitializeResult = await client.sendRequest("initialize", {
    processId: process.pid,
    rootUri: pathToFileURL(folder).href,
    workspaceFolders: [{ uri: pathToFileURL(folder).href, name: "specs" }],
    capabilities: {},
  });
  expect(started.serverInfo?.name).toBe("dsamp");
  await client.sendNotification("initialized", {});

  await client.sendNotification("textDocument/didOpen", {
    textDocument: { uri, languageId: "dsamp", version: 1, text },
  });
  const first = await diagnostics(1);
  expect(first.map(({ code }) => code)).toEqual(["D0203"]);

  // `x0[s]` becomes `x0[s] + z`, and a line is added that nobody needs.
  const edit = (version: number, line: number, character: number, added: string): Promise<void> =>
    client.sendNotification("textDocument/didChange", {
      textDocument: { uri, version },
      contentChanges: [{ range: { start: { line, character }, end: { line, character } }, text: added }],
    });
  await edit(2, 5, 60, " + r*zz");
  const broken = await diagnostics(2);
  expect(broken.map(({ code, severity }) => `${code} ${severity}`)).toEqual(["D0201 1"]);
  expect(broken[0]?.range.start).toEqual({ line: 5, character: 65 });
  expect(broken[0]?.codeDescription?.href).toMatch(/D0201\.md$/);

  const completions: CompletionItem[] = await client.sendRequest("textDocument/completion", at(5, 67));
  expect(completions.map(({ label }) => label)).toEqual(expect.arrayContaining(["h", "r", "sigma", "ddim"]));

  await client.sendNotification("textDocument/didChange", {
    textDocument: { uri, version: 3 },
    contentChanges: [
      { range: { start: { line: 5, character: 60 }, end: { line: 5, character: 67 } }, text: " +0*r" },
    ],
  });
  expect(await diagnostics(3)).toEqual([]);

  const hover: Hover = await client.sendRequest("textDocument/hover", at(1, 9));
  expect(hover.contents).toMatchObject({ kind: "markdown" });
  expect(JSON.stringify(hover.contents)).toContain("A rule of the user.");

  const references: Location[] = await client.sendRequest("textDocument/references", {
    ...at(1, 9),
    context: { includeDeclaration: true },
  });
  expect(references.map((found) => found.uri.split("/").at(-1))).toEqual(["a.dsamp", "b.dsamp", "b.dsamp"]);

  const renamed: WorkspaceEdit = await client.sendRequest("textDocument/rename", {
    ...at(1, 9),
    newName: "ours",
  });
  expect(Object.values(renamed.changes ?? {}).flat().length).toBe(3);
  await expect(client.sendRequest("textDocument/rename", { ...at(4, 8), newName: "sigma" })).rejects.toThrow(
    /hides the path quantity/,
  );

  const formatted: TextEdit[] = await client.sendRequest("textDocument/formatting", {
    textDocument: { uri },
    options: { tabSize: 2, insertSpaces: true },
  });
  expect(formatted.length).toBe(1);

  await edit(4, 4, 0, "    let unused = 1\n");
  const [unused] = await diagnostics(4);
  expect(unused?.code).toBe("D0203");
  const actions: CodeAction[] = await client.sendRequest("textDocument/codeAction", {
    textDocument: { uri },
    range: unused?.range,
    context: { diagnostics: [unused] },
  });
  expect(actions.map(({ title }) => title)).toEqual(["remove `unused`", "call it `_unused`"]);

  const library: Location[] = await client.sendRequest("textDocument/definition", {
    textDocument: { uri },
    position: { line: 1, character: 9 },
  });
  expect(library[0]?.uri).toBe(uri);

  await client.sendNotification("textDocument/didClose", { textDocument: { uri } });
  await client.sendRequest("shutdown");
  const exited = once(running.server, "exit");
  await client.sendNotification("exit");
  expect(await exited).toEqual([0, null]);
  expect(running.stderr.replaceAll(/npm warn.*\n/g, "")).toBe("");
}, 60_000);

test("samplers are compiled in the background, and their calls shown", async () => {
  const second = spawn(process.execPath, [join(bundle, "server.mjs")], { stdio: "pipe" });
  const other = createProtocolConnection(
    new StreamMessageReader(second.stdout),
    new StreamMessageWriter(second.stdin),
  );
  const refreshed = new Promise<void>((done) => {
    other.onRequest("workspace/inlayHint/refresh", () => {
      done();
      return null;
    });
  });
  other.listen();
  await other.sendRequest("initialize", { processId: process.pid, rootUri: null, capabilities: {} });
  await other.sendNotification("initialized", {});
  const sampler = `sampler one {
  schedule cosine
  model    predicts eps with time: time
  grid     log_snr
  steps    4
  solver   ddim(0)
}
schedule cosine {
  time t from 0.99 to 0.01
  alpha = cos(pi/2*t)
  sigma = sin(pi/2*t)
}
solver mine { step { x[t] = ddim(s -> t) } }
`;
  const textDocument = { uri: "untitled:Untitled-1", languageId: "dsamp", version: 1, text: sampler };
  await other.sendNotification("textDocument/didOpen", { textDocument });
  await refreshed;
  const range = { start: { line: 0, character: 0 }, end: { line: 7, character: 0 } };
  const hints: { label: string }[] = await other.sendRequest("textDocument/inlayHint", {
    textDocument,
    range,
  });
  expect(hints.map(({ label }) => label)).toEqual([expect.stringMatching(/^4 NFE, \d tensors$/), "eta:"]);
  // The certificate of the solver follows, and with it the action that states the order.
  const line = sampler.split("\n").findIndex((text) => text.startsWith("solver mine"));
  const head = { start: { line, character: 7 }, end: { line, character: 7 } };
  const titles = async (): Promise<readonly string[]> => {
    const offered: { title: string }[] = await other.sendRequest("textDocument/codeAction", {
      textDocument,
      range: head,
      context: { diagnostics: [] },
    });
    return offered.map(({ title }) => title);
  };
  await expect.poll(titles, { timeout: 30_000 }).toContain("declare the verified order: `order 1`");
  const shown: { contents: { value: string } } = await other.sendRequest("textDocument/hover", {
    textDocument,
    position: { line, character: 8 },
  });
  expect(shown.contents.value).toContain("mine: order 1, in x0");
  const found: Location[] = await other.sendRequest("textDocument/definition", {
    textDocument,
    position: { line: 5, character: 12 },
  });
  expect(found[0]?.uri).toMatch(/^file:\/\/.*\/stdlib\/solvers\/basic\/ddim\.dsamp$/);
  await other.sendRequest("shutdown");
  const exited = once(second, "exit");
  await other.sendNotification("exit");
  expect(await exited).toEqual([0, null]);
  other.dispose();
}, 60_000);
