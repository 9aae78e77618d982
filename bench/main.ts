// Owns: `npm run bench`: runs every measurement and writes bench/RESULTS.md. Figures are for reading; no test uses them.

import { writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { format } from "prettier";
import * as tf from "@tensorflow/tfjs-core";
import { openBackend } from "../runtime/index.js";
import { TfBackend } from "../runtime/backends/tfjs.js";
import { certifyTimes } from "./certify.js";
import { editorLatency } from "./editor.js";
import { executorCost, memoryOf } from "./executor.js";
import { compare, ratio, type Contender, type Measured } from "./measure.js";
import { openC, openTorch } from "./native.js";
import { startupTimes } from "./startup.js";
import { noiseOn, updateOn } from "./updates.js";
import { webgpuFigures } from "./webgpu.js";

const ROUNDS = 11;
const sizes = [16_384, 262_144, 2_097_152];

const figure = (value: number): string => value.toPrecision(3);
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");

/** An aim of the project and what was measured; `least`: the number is to be at least the aim. */
interface Target {
  readonly what: string;
  readonly aim: number;
  readonly least?: true;
  readonly found: number | undefined;
}
const targets: Target[] = [];

const wasm = await openBackend("wasm");
const cpu = await openBackend("cpu");
const stock = { wasm: new TfBackend(tf, "wasm"), cpu: new TfBackend(tf, "cpu") };
const c = openC();
const torch = openTorch();
const skipped = [...(c === null ? ["C: no gcc"] : []), ...(torch === null ? ["torch: not importable"] : [])];
for (const line of skipped) console.log(`skipped: ${line}`);

const log = (measured: readonly Measured[]): void => {
  for (const { name, ms } of measured) console.log(`  ${name.padEnd(22)} ${figure(ms)} ms`);
};

const updateRows: string[][] = [];
const ratioRows: string[][] = [];
const bounds: string[] = [];
for (const [i, n] of sizes.entries()) {
  console.log(`case U, ${n} elements`);
  const own = [
    updateOn(wasm, "wasm", n),
    updateOn(cpu, "cpu", n),
    updateOn(stock.wasm, "tfjs wasm", n),
    updateOn(stock.cpu, "tfjs cpu", n),
  ];
  const outside: Contender[] = [
    ...(c === null ? [] : [c.contender("C", "u", n)]),
    ...(torch === null ? [] : [torch.contender("torch", "u", n)]),
  ];
  const measured = await compare([...outside, ...own], ROUNDS, 50);
  log(measured);
  for (const contender of own) contender.close();
  const by = (name: string): Measured | undefined => measured.find((one) => one.name === name);
  const over = (a: string, b: string, aims: readonly number[], least?: true): string => {
    const [one, two] = [by(a), by(b)];
    const found = one === undefined || two === undefined ? undefined : ratio(one, two);
    const what = `${a} / ${b}, ${n} elements`;
    targets.push({ what, aim: aims[i]!, found, ...(least ? { least } : {}) });
    return found === undefined ? "skipped" : figure(found);
  };
  updateRows.push([
    String(n),
    ...["C", "wasm", "torch", "tfjs wasm", "cpu", "tfjs cpu"].map((name) => {
      const one = by(name);
      return one === undefined ? "skipped" : figure(one.ms);
    }),
  ]);
  const [native, slow, eager] = ["C", "tfjs wasm", "torch"].map(by);
  if (native && slow && eager)
    bounds.push(`${figure(ratio(slow, native))} and ${figure(ratio(eager, native))} at ${n} elements`);
  ratioRows.push([
    String(n),
    over("wasm", "C", [1.5, 1.25, 1.25]),
    over("tfjs wasm", "wasm", [8, 8, 4], true),
    over("torch", "wasm", [4, 4, 4], true),
    over("tfjs cpu", "cpu", [15, 15, 15], true),
  ]);
}

console.log("noise");
const noiseRows: string[][] = [];
for (const n of [262_144, 2_097_152]) {
  const own = [noiseOn(wasm, "wasm", n), noiseOn(cpu, "cpu", n)];
  const outside = torch === null ? [] : [torch.contender("torch.randn", "randn", n)];
  const measured = await compare([...own, ...outside], ROUNDS, 40);
  log(measured);
  for (const contender of own) contender.close();
  targets.push({
    what: `noise on wasm, ${n} elements, ns an element`,
    aim: 5,
    found: (measured[0]!.ms * 1e6) / n,
  });
  noiseRows.push([
    String(n),
    ...[0, 1, 2].map((i) => (measured[i] ? figure((measured[i].ms * 1e6) / n) : "skipped")),
  ]);
}

console.log("executor");
const checked = await executorCost(wasm, 262_144, 100, true);
const unchecked = await executorCost(wasm, 262_144, 100, false);
console.log(`  run / kernels          ${figure(checked.ratio)}, unchecked ${figure(unchecked.ratio)}`);
const memory = await memoryOf(await openBackend("wasm"), 262_144);
targets.push(
  { what: "a run / its kernels called bare", aim: 1.3, found: checked.ratio },
  { what: "most tensors at once, predicted by the plan", aim: memory.predicted, found: memory.peak },
);

console.log("size");
const sizeRows: string[][] = [];
const perElement: (number | undefined)[][] = [];
for (const n of [14, 16, 18, 20, 22, 24].map((power) => 2 ** power)) {
  const own = updateOn(wasm, "wasm", n);
  const loop = c === null ? [] : [c.contender("C", "u", n)];
  const [measured, native] = await compare([own, ...loop], 7, 60);
  own.close();
  log(native ? [measured!, native] : [measured!]);
  const each = [measured, native].map((one) => one && (one.ms * 1e6) / n);
  perElement.push(each);
  sizeRows.push([String(n), figure(measured!.ms), ...each.map((ns) => (ns ? figure(ns) : "skipped"))]);
}
/** How much more an element costs at 16M than at 262k, where what a dispatch costs by itself is small beside it. */
const growth = [0, 1].map((i) => {
  const [first, last] = [perElement[2]![i], perElement.at(-1)![i]];
  return first && last ? last / first : undefined;
});
targets.push({
  what: `growth of the cost of an element from 262k to 16M, times that of the C loop (${growth[1] ? figure(growth[1]) : "skipped"})`,
  aim: 1.25,
  found: growth[1] && growth[0]! / growth[1],
});
c?.close();
torch?.close();

console.log("webgpu");
const gpu = await webgpuFigures(262_144, ROUNDS);
/** "1 in each" or the list. */
const byStep = (counts: readonly number[]): string =>
  new Set(counts).size === 1 ? `${counts[0]!} in each` : counts.join(", ");
if (typeof gpu === "string") console.log(`  skipped: ${gpu}`);
else {
  log([gpu.fused, gpu.stock]);
  targets.push(
    { what: "webgpu: dispatches a step", aim: 1, found: Math.max(...gpu.dispatches) },
    {
      what: "webgpu: shaders compiled in steps whose kernels were there before",
      aim: 0,
      found: gpu.recompilations,
    },
  );
}

console.log("certificates");
certifyTimes();
const certificates = certifyTimes();
const whole = certificates.reduce((total, { whole: ms }) => total + ms, 0);
const orders = certificates.reduce((total, { order }) => total + order, 0);
console.log(`  ${certificates.length} solvers           ${figure(whole)} ms`);

console.log("editor");
const editor = await editorLatency(4);
console.log(`  findings, 95 of 100    ${figure(editor.p95)} ms`);
targets.push({
  what: `findings in an editor, ${editor.lines} lines, 95 of 100 keystrokes, ms`,
  aim: 100,
  found: editor.p95,
});

console.log("startup");
const startups = startupTimes(ROUNDS);
for (const { version, first, later } of startups) {
  console.log(`  ${version.padEnd(22)} ${figure(first)} ms, then ${figure(later)} ms`);
  const aim = { 20: 500, 24: 350 }[Number(version.slice(1).split(".")[0])];
  if (aim !== undefined) targets.push({ what: `dsamp check on Node ${version}, ms`, aim, found: first });
}

const verdict = ({ aim, least, found }: Target): string =>
  found === undefined ? "not measured" : (least ? found >= aim : found <= aim) ? "met" : "**missed**";
const byVerdict = (wanted: string): number => targets.filter((one) => verdict(one) === wanted).length;

const report = `# Measurements

Written by \`npm run bench\` on ${new Date().toISOString().slice(0, 10)}. Every figure is the median of ${ROUNDS} interleaved rounds; every ratio is the
median of ratios within a round. Times are processor time; everything runs on one thread. Other work on the machine
still moves them, through the caches and the memory: run it again before you believe a difference of a fifth.

- machine: ${cpus()[0]?.model ?? "unknown"}, ${cpus().length} cores seen
- Node ${process.versions.node}, V8 ${process.versions.v8}, tfjs ${tf.version_core}
- ${c?.version ?? "no C compiler"}; ${torch?.version ?? "no torch"}${torch ? ", 1 thread" : ""}
- load of the machine at the end, one minute: ${loadavg()[0]!.toFixed(1)} on ${cpus().length} cores
${skipped.map((line) => `- skipped: ${line}\n`).join("")}
## Aims

${byVerdict("met")} met, ${byVerdict("**missed**")} missed, ${byVerdict("not measured")} not measured.

${table(
  ["aim", "", "measured", ""],
  targets.map((target) => [
    target.what,
    `${target.least ? "at least" : "at most"} ${target.aim}`,
    target.found === undefined ? "" : figure(target.found),
    verdict(target),
  ]),
)}

## Case U

x' = a x + b e0 + k e1 + d z with e0 = u + w (c - u): five inputs, one result, ten operations, in milliseconds. \`C\` is
the same loop in C, \`wasm\` and \`cpu\` are this project's backends (one kernel, a fresh tensor as result), the others run
operation by operation.

${table(["elements", "C", "wasm", "torch", "tfjs wasm", "cpu", "tfjs cpu"], updateRows)}

Ratios, with the aim of the project:

${table(
  [
    "elements",
    "wasm / C (1.5, then 1.25)",
    "tfjs wasm / wasm (8, 8, 4)",
    "torch / wasm (4)",
    "tfjs cpu / cpu (15)",
  ],
  ratioRows,
)}

${bounds.length > 0 ? `The C loop itself is faster than tfjs wasm and torch by ${bounds.join(", ")}: where memory is the limit, no loop gets further.\n` : ""}
## Noise

a x + d z, z drawn in the kernel (Philox 4x32-10 and Box-Muller), nanoseconds an element; torch.randn alone. Aim: 5.

${table(["elements", "wasm", "cpu", "torch.randn"], noiseRows)}

## A whole run

DPM++ 2M with guidance, 20 steps, 262,144 elements, 40 calls of a network that only writes a tensor, whose time is taken
off, as is the download of the result; beside it the same kernels called bare, right after each run. The checks look for values that are not finite in every
result of the network and every state; kernels do that on the way, what comes from elsewhere is read once more.

${table(
  ["", "kernels, bare", "the run", "run / kernels (1.3)"],
  [
    ["with checks", figure(checked.kernels), figure(checked.run), figure(checked.ratio)],
    ["without", figure(unchecked.kernels), figure(unchecked.run), figure(unchecked.ratio)],
  ],
)}

Most tensors of the state's size at once: ${memory.peak}; the plan predicts ${memory.predicted} for backends that write results over inputs that die, as wasm, cpu and webgpu do.

## Cost against size

Case U on wasm. Where an element costs more, it comes from a slower cache or from memory: the C loop pays too.

${table(["elements", "ms", "ns an element", "C, ns an element"], sizeRows)}

## WebGPU

${
  typeof gpu === "string"
    ? `Not measured: ${gpu}. \`env $(scripts/swiftshader.sh | tail -n 1) npm run bench\` brings an adapter in software.`
    : `The same run on the adapter that is there, without checks, which add one or two small dispatches for a tensor. Kernels dispatched by step: ${byStep(gpu.dispatches)}. Shaders compiled by
step: ${byStep(gpu.compilations)}. Most tensors of the state's size at once: ${gpu.memory.peak}; ${gpu.memory.predicted} are predicted.
Case U at 262,144 elements, until the last of many results is read, milliseconds: fused ${figure(gpu.fused.ms)}, tfjs webgpu operation by
operation ${figure(gpu.stock.ms)}, ${figure(gpu.ratio)} times as long. In software these say little of a GPU.`
}

## Certificates

Milliseconds for the order of a solver on arbitrary grids, and for all that \`dsamp check\` says of it; each in a program
of its own, code already compiled. All ${certificates.length} solvers of the library: ${figure(orders)} and ${figure(whole)} ms. The slowest:

${table(
  ["solver", "order", "everything"],
  certificates.slice(0, 6).map(({ name, order, whole: all }) => [name, figure(order), figure(all)]),
)}

## Editor

The language server in a process of its own, a file of ${editor.lines} lines, ${editor.keystrokes} keystrokes in the middle of it, each after the
findings of the one before; milliseconds on the wall from the keystroke to its findings, of which the server waits 15 for
the next key: ${figure(editor.median)} (median), ${figure(editor.p95)} (95 of 100), ${figure(editor.worst)} (the slowest). From the last keystroke to the last
certificate: ${figure(editor.certificates)}.

## Start

\`dsamp check\` of the built command on bench/startup.dsamp, a hundred lines with three solvers and their claims, in
fresh processes; milliseconds on the wall. Node 22 and later keep compiled code from one run for the next; the aim counts
the time without.

${table(
  ["Node", "an empty program", "the first time", "later"],
  startups.map(({ version, empty, first, later }) => [version, figure(empty), figure(first), figure(later)]),
)}
`;
writeFileSync(
  new URL("RESULTS.md", import.meta.url),
  await format(report, { parser: "markdown", printWidth: 110 }),
);
console.log("wrote bench/RESULTS.md");
process.exit(0);
