// Owns: how long findings take after a keystroke: the real server over standard input and output, a file of five hundred
// lines, a line typed into the middle of it. Alone: `npx tsx bench/editor.ts`.

import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  createProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
} from "vscode-languageserver/node.js";

const root = fileURLToPath(new URL("../", import.meta.url));

/** What a person waits for after a keystroke, in milliseconds, on a machine as it is. */
export interface EditorLatency {
  readonly lines: number;
  readonly keystrokes: number;
  readonly median: number;
  readonly p95: number;
  readonly worst: number;
  /** From the end of typing to the last certificate of the file. */
  readonly certificates: number;
}

const rule = (
  i: number,
): string => `/// Rule ${i}: a step through a point between, with a memory of the step before.
solver rule_${i}(r = 1/2, k = ${i + 1}) {
  order 1
  step {
    let h = lambda[t] - lambda[s]
    let weight = 1/(2*r)
    point m at lambda = lerp(lambda[s], lambda[t], r)
    // The first half, with the data prediction at s.
    x[m] = ddim(s -> m)
    let change = x0[m] - x0[s]
    when k > 3 {
      x[t] = sigma[t]/sigma[s]*x[s] - alpha[t]*expm1(-h)*(x0[s] + weight*change)
    } else {
      x[t] = integrate(s -> t, x0, through: [s, m])
    }
  }
}
`;

const sampler = (i: number): string => `/// Sampler ${i}.
sampler run_${i}(n = 20) {
  schedule cosine
  model    predicts eps with time: time
  grid     log_snr
  steps    n
  solver   rule_${i}
}

`;

/** A file of five hundred lines: rules, samplers with them, a schedule. */
export function longSpec(): string {
  const schedule =
    "schedule cosine {\n  time t from 0.99 to 0.01\n  alpha = cos(pi/2*t)\n  sigma = sin(pi/2*t)\n}\n\n";
  const parts = [schedule, ...[0, 1, 2].map(sampler)];
  for (let i = 0; parts.join("\n").split("\n").length < 500; i += 1) parts.push(rule(i));
  return parts.join("\n");
}

/** Typed one key after another; half of its states are mistakes. */
const typed = "    let gamma = (lambda[t] - rho[s])*weight + exp(-h)\n";
/** Between keystrokes, as fast fingers have it; every tenth time long enough for the later stages to begin. */
const pause = { short: 60, long: 500 };

/** Types `rounds` lines into the file, each key after the findings of the one before. */
export async function editorLatency(rounds: number): Promise<EditorLatency> {
  const folder = mkdtempSync(join(tmpdir(), "dsamp-bench-"));
  try {
    const bundle = join(folder, "node_modules", "bundle");
    execFileSync(process.execPath, [join(root, "editor/vscode/build.mjs"), bundle]);
    const file = join(folder, "a.dsamp");
    const text = longSpec();
    writeFileSync(file, text);
    const server = spawn(process.execPath, [join(bundle, "server.mjs"), "--stdio"], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const client = createProtocolConnection(
      new StreamMessageReader(server.stdout),
      new StreamMessageWriter(server.stdin),
    );
    try {
      return await typeInto(client, { uri: pathToFileURL(file).href, text, rounds });
    } finally {
      client.dispose();
      server.kill();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function typeInto(
  client: ProtocolConnection,
  { uri, text, rounds }: { readonly uri: string; readonly text: string; readonly rounds: number },
): Promise<EditorLatency> {
  let arrived: (params: PublishDiagnosticsParams) => void = () => undefined;
  let last = performance.now();
  client.onNotification("textDocument/publishDiagnostics", (params: PublishDiagnosticsParams) => {
    last = performance.now();
    arrived(params);
  });
  client.onRequest("workspace/inlayHint/refresh", () => null);
  client.listen();
  await client.sendRequest("initialize", { processId: process.pid, rootUri: null, capabilities: {} });
  await client.sendNotification("initialized", {});
  const found = (version: number): Promise<void> =>
    new Promise((done) => {
      arrived = (params) => {
        if (params.version === version) done();
      };
    });
  const opened = found(1);
  await client.sendNotification("textDocument/didOpen", {
    textDocument: { uri, languageId: "dsamp", version: 1, text },
  });
  await opened;

  const times: number[] = [];
  let version = 1;
  const change = async (start: Position, end: Position, added: string): Promise<number> => {
    version += 1;
    const findings = found(version);
    const begin = performance.now();
    await client.sendNotification("textDocument/didChange", {
      textDocument: { uri, version },
      contentChanges: [{ range: { start, end }, text: added }],
    });
    await findings;
    return performance.now() - begin;
  };
  const lines = text.split("\n");
  const middle = lines.findIndex((line, i) => i > lines.length / 2 && line.includes("let weight")) + 1;
  for (let round = 0; round < rounds; round += 1) {
    let at = { line: middle, character: 0 };
    for (const [i, key] of [...typed].entries()) {
      times.push(await change(at, at, key));
      at = key === "\n" ? { line: at.line + 1, character: 0 } : { ...at, character: at.character + 1 };
      await new Promise((done) => setTimeout(done, i % 10 === 9 ? pause.long : pause.short));
    }
    await change({ line: middle, character: 0 }, at, "");
  }
  const stopped = performance.now();
  while (performance.now() - last < 3000) await new Promise((done) => setTimeout(done, 100));
  times.sort((a, b) => a - b);
  const quantile = (q: number): number => times[Math.min(times.length - 1, Math.floor(q * times.length))]!;
  return {
    lines: lines.length,
    keystrokes: times.length,
    median: quantile(0.5),
    p95: quantile(0.95),
    worst: times.at(-1)!,
    certificates: last - stopped,
  };
}

interface Position {
  readonly line: number;
  readonly character: number;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { lines, keystrokes, median, p95, worst, certificates } = await editorLatency(4);
  const ms = (value: number): string => `${value.toFixed(0)} ms`;
  console.log(
    `${lines} lines, ${keystrokes} keystrokes: findings after ${ms(median)} (median), ${ms(p95)} (95 of 100), ${ms(worst)} (worst); everything of the last text after ${ms(certificates)}`,
  );
}
