// Owns: 5,000 random edits of a client against the server's own process, with requests among them: it stays alive, its
// memory does not grow, and what it publishes in the end is what a server publishes that was just started.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { TextDocument } from "vscode-languageserver-textdocument";
import { Random } from "../../fuzz/random.js";
import { buildBundle, ServerProcess } from "./serverProcess.js";
import { editPieces } from "./support.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const starts = ["examples/digits.dsamp", "test/specs/solvers/basic/heun.dsamp"].map((path) =>
  readFileSync(join(root, path), "utf8"),
);
const edits = 5000;
/** Edits until the document begins anew. */
const life = 40;
/** Of every thousand edits, the one after which findings are compared: some way into a life of the document. */
const compared = 987;

/** On SIGUSR2, the heap in use goes into a file, with what nobody holds taken away. */
const preload = (file: string): string =>
  `import { writeFileSync } from "node:fs";
process.on("SIGUSR2", () => { gc(); gc(); writeFileSync(${JSON.stringify(file)}, String(process.memoryUsage().heapUsed)); });
`;

let folder: string;
let bundle: string;
const clients: Client[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "dsamp-lsp-"));
  bundle = buildBundle(folder);
});

afterAll(() => {
  for (const client of clients) client.stop();
  rmSync(folder, { recursive: true, force: true });
});

class Client extends ServerProcess {
  readonly #heap: string;

  constructor(name: string) {
    const heap = join(folder, `${name}.heap`);
    const hook = join(folder, `${name}.mjs`);
    writeFileSync(hook, preload(heap));
    super(bundle, ["--expose-gc", "--import", pathToFileURL(hook).href]);
    this.#heap = heap;
    clients.push(this);
  }

  async start(): Promise<void> {
    const rootUri = pathToFileURL(folder).href;
    await this.client.sendRequest("initialize", { processId: process.pid, rootUri, capabilities: {} });
    await this.client.sendNotification("initialized", {});
  }

  open(uri: string, version: number, text: string): Promise<void> {
    const textDocument = { uri, languageId: "dsamp", version, text };
    return this.client.sendNotification("textDocument/didOpen", { textDocument });
  }

  close(uri: string): Promise<void> {
    return this.client.sendNotification("textDocument/didClose", { textDocument: { uri } });
  }

  /** What was published last, of that version. */
  findings(version: number): readonly string[] | undefined {
    const last = this.published.at(-1);
    if (last?.version !== version) return undefined;
    return last.diagnostics.map(({ code, message, range }) => JSON.stringify([code, message, range])).sort();
  }

  async heap(): Promise<number> {
    writeFileSync(this.#heap, "");
    this.server.kill("SIGUSR2");
    return vi.waitFor(
      () => {
        const text = readFileSync(this.#heap, "utf8");
        if (text === "") throw new Error("the heap is not known yet");
        return Number(text);
      },
      { timeout: 20_000, interval: 20 },
    );
  }
}

/** A request that an editor makes, somewhere in the document. */
function request(client: Client, document: TextDocument, random: Random): Promise<unknown> {
  const textDocument = { uri: document.uri };
  const position = document.positionAt(random.below(document.getText().length + 1));
  const whole = { start: { line: 0, character: 0 }, end: document.positionAt(document.getText().length) };
  const [method, params] = random.pick([
    ["hover", { position }],
    ["completion", { position }],
    ["signatureHelp", { position }],
    ["definition", { position }],
    ["references", { position, context: { includeDeclaration: true } }],
    ["documentSymbol", {}],
    ["inlayHint", { range: whole }],
    ["formatting", { options: { tabSize: 2, insertSpaces: true } }],
    ["codeAction", { range: whole, context: { diagnostics: [] } }],
    ["semanticTokens/full", {}],
  ] as const);
  return client.client.sendRequest(`textDocument/${method}`, { textDocument, ...params });
}

test.skipIf(process.platform === "win32")(
  `${edits} edits of a client: the process lives, does not grow, and knows what a new one knows`,
  async () => {
    const [client, fresh] = [new Client("edited"), new Client("fresh")];
    await Promise.all([client.start(), fresh.start()]);
    const random = new Random(20261129);
    const uri = pathToFileURL(join(folder, "a.dsamp")).href;
    let document = TextDocument.create(uri, "dsamp", 1, starts[0] as string);
    await client.open(uri, 1, document.getText());
    let [heapBefore, found] = [0, 0];
    const change = (offset: number, end: number, text: string): Promise<void> => {
      const range = { start: document.positionAt(offset), end: document.positionAt(end) };
      const version = document.version + 1;
      document = TextDocument.update(document, [{ range, text }], version);
      const contentChanges = [{ range, text }];
      return client.client.sendNotification("textDocument/didChange", {
        textDocument: { uri, version },
        contentChanges,
      });
    };
    for (let i = 1; i <= edits; i += 1) {
      const { length } = document.getText();
      if (i % life === 0) await change(0, length, random.pick(starts));
      else {
        const offset = random.below(length + 1);
        await change(offset, Math.min(length, offset + random.below(13)), random.pick(editPieces));
      }
      if (i % 5 === 0) await request(client, document, random);
      if (i % 1000 !== compared) continue;
      const { version } = document;
      await fresh.open(uri, version, document.getText());
      await vi.waitFor(
        () => {
          expect(client.findings(version)).toBeDefined();
          expect(client.findings(version)).toEqual(fresh.findings(version));
        },
        { timeout: 30_000, interval: 100 },
      );
      found += client.findings(version)?.length ?? 0;
      await fresh.close(uri);
      if (i === compared) heapBefore = await client.heap();
    }
    expect((await client.heap()) - heapBefore).toBeLessThan(50 * 2 ** 20);
    expect(found).toBeGreaterThan(5);
    expect([client.ended, client.stderr]).toEqual([false, ""]);
  },
  300_000,
);
