// Owns: 20,000 broken and changed texts through lexer, parser, resolver, checks, formatter and language server, and some
// through the whole compiler. No exception, no hang, nothing slow, and what must hold of the answers holds. The inputs run
// in threads with the stack of a main thread. DSAMP_FUZZ_SEED begins elsewhere, DSAMP_FUZZ_INPUTS takes more.

import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Random } from "./random.js";
import { mutate, readSeeds } from "./mutate.js";
import { reduce } from "./reduce.js";
import { bundled, type Module } from "./threads.js";
import type { Again, Report, Share, Slow } from "./worker.js";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const first = Number(process.env["DSAMP_FUZZ_SEED"] ?? 20_000);
const inputs = Number(process.env["DSAMP_FUZZ_INPUTS"] ?? 20_000);
const compiled = Math.ceil(inputs / 100);
/** An input that takes so long hangs. Inputs take 5 ms; how long the slowest took is printed. */
const hangMs = 30_000;
const threads = 2;
/** What one thing may take that a person waits for while typing. */
const slowMs = 250;

let module: Module;
beforeAll(async () => {
  module = await bundled("worker.ts");
});
afterAll(() => module.dispose());

/** The report of one thread. Rejects when it is at one input for too long. */
function runThread(share: Omit<Share, "at" | "repository" | "slowMs">): Promise<Report> {
  const at = new SharedArrayBuffer(4);
  const current = new Int32Array(at);
  const worker = module.start({ ...share, repository, slowMs, at } satisfies Share);
  return new Promise((resolve, reject) => {
    let [seed, since] = [-1, performance.now()];
    const watch = setInterval(() => {
      if (current[0] !== seed) [seed, since] = [current[0] ?? 0, performance.now()];
      else if (performance.now() - since > hangMs) {
        void worker.terminate();
        const { text, changes } = mutate(new Random(seed), readSeeds(repository), share.whole);
        reject(new Error(`hangs on input ${seed} (${changes.join(", ")}):\n${text}`));
      }
    }, 500);
    worker.once("message", resolve);
    worker.once("error", reject);
    worker.once("exit", () => clearInterval(watch));
  });
}

async function run(from: number, count: number, whole: boolean): Promise<void> {
  const shares = Array.from({ length: threads }, (_, i) => i);
  const reports = await Promise.all(
    shares.map((i) => runThread({ from: from + i, to: from + count, every: threads, whole })),
  );
  const failed = reports.flatMap((report) => report.failed);
  const said = failed.map(
    ({ seed, stage, error, changes, text }) =>
      `input ${seed}, ${stage} (${changes.join(", ")}), short:\n${JSON.stringify(text)}\n${error}`,
  );
  expect(said.join("\n\n")).toBe("");
  expect(reports.reduce((sum, report) => sum + report.inputs, 0)).toBe(count);
  // What is compiled whole is asked the same as the others.
  if (!whole)
    await nothingSlow(
      reports.flatMap((report) => report.slow),
      count,
    );
}

/** What took long beside other work is measured again alone; the slowest suffice. */
const mostMeasured = 8;
/**
 * Times do not decide tests: how many things took over `slowMs` alone is printed. What takes so many times as long on any
 * machine is work that grows faster than the text (16.9 s for 64 kB of unknown names, once), and that is a failure.
 */
const patience = 8;

async function nothingSlow(candidates: readonly Slow[], count: number): Promise<void> {
  const slow = [...candidates].sort((a, b) => b.ms - a.ms).slice(0, mostMeasured);
  const measured = await new Promise<readonly Slow[]>((resolve, reject) => {
    const worker = module.start({ repository, slow } satisfies Again);
    worker.once("message", resolve);
    worker.once("error", reject);
  });
  const said = measured
    .toSorted((a, b) => b.ms - a.ms)
    .map(({ seed, stage, what, ms, length }) => ({
      ms,
      text: `${what} of input ${seed} (${stage}, ${length} characters) takes ${ms.toFixed(0)} ms`,
    }));
  const over = measured.filter(({ ms }) => ms > slowMs).length;
  process.stdout.write(
    `fuzzing: ${count} inputs; ${candidates.length} times something took over ${slowMs} ms beside ` +
      `other work, of the slowest ${measured.length} alone ${over}${said[0] ? `; the slowest: ${said[0].text}` : ""}\n`,
  );
  expect(said.filter(({ ms }) => ms > patience * slowMs).map(({ text }) => text)).toEqual([]);
}

test(
  `${inputs} inputs read, checked, formatted, edited`,
  () => run(first, inputs, false),
  600_000 + 60 * inputs,
);

test(`${compiled} inputs compiled`, () => run(first, compiled, true), 600_000 + 1000 * compiled);

test("a failing text is made short", () => {
  const long = "schedule a { time t from 1 to 0 }\nsolver b {\n  step { x[t] = BAD + x[s] }\n}\n";
  expect(reduce(long, (text) => text.includes("BAD"))).toBe("BAD");
});
