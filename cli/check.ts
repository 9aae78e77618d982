// Owns: `dsamp check`: every sampler of every file is compiled; what was found and what each sampler does is printed.

import pc from "picocolors";
import { describeOrder, describeRun } from "../compiler/certify/describe.js";
import { NotDecidable } from "../compiler/certify/evaluateStep.js";
import { gaussianReport, type GaussianReport, type GaussianTarget } from "../compiler/certify/gaussian.js";
import type { ClaimReport } from "../compiler/certify/expect/check.js";
import { samplerOrder, type SamplerOrder } from "../compiler/certify/samplerOrder.js";
import type { SolverReport } from "../compiler/certify/orderClaims.js";
import type { Diagnostic } from "../compiler/diagnostics/diagnostic.js";
import { Failure } from "../compiler/diagnostics/report.js";
import type { Sources } from "../compiler/diagnostics/text.js";
import type { LoweredRun } from "../compiler/sampler/run.js";
import { describePlan } from "../compiler/plan/describe.js";
import type { Plan } from "../compiler/plan/schema.js";
import { isLibrary, type Module } from "../compiler/resolve/module.js";
import { describeClaim, describeGaussian } from "./describe.js";
import { exitFor } from "./exit.js";
import { namedFiles, namedFolders } from "./folders.js";
import { githubLine, sarif } from "./formats.js";
import { shown, STANDARD_INPUT } from "./host.js";
import { wantsColor, type Io } from "./io.js";
import { jsonOf, noSources, printDiagnostics, printJson } from "./print.js";
import {
  checkSettings,
  compileSampler,
  distinct,
  inspect,
  readSpec,
  type Inspection,
  type Spec,
  type SpecFlags,
} from "./spec.js";
import { gaussianTarget, oneOf, wrongUse } from "./usage.js";
import { watchFiles } from "./watch.js";

export interface CheckFlags extends SpecFlags {
  readonly json?: boolean;
  /** `text`, `json`, `sarif` or `github`; `--json` is short for `--format json`. */
  readonly format?: string;
  readonly watch?: boolean;
  /** `mean,variance`; true for the default target. */
  readonly gaussian?: string | true;
}

interface CheckedSampler {
  readonly name: string;
  readonly plan: Plan | undefined;
  /** When it was asked for: the report, or why there is none. */
  readonly gaussian?: GaussianReport | string;
  readonly order?: SamplerOrder;
}

interface CheckedFile {
  readonly file: string;
  readonly module: Module | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: Sources;
  readonly samplers: readonly CheckedSampler[];
  readonly orders: readonly SolverReport[];
  readonly expected: readonly ClaimReport[];
}

/** A file as it was read, or why it could not be. */
interface ReadFile extends Inspection {
  readonly file: string;
  readonly spec: Spec | undefined;
}

const formats = ["text", "json", "sarif", "github"] as const;
type Format = (typeof formats)[number];

function formatOf({ json, format }: CheckFlags): Format {
  const named = format === undefined ? undefined : oneOf("--format", format, formats);
  if (json === true && named !== undefined && named !== "json")
    wrongUse("--json and --format name different forms", "leave one of them out");
  return named ?? (json === true ? "json" : "text");
}

export async function check(files: readonly string[], flags: CheckFlags, io: Io): Promise<number> {
  if (files.filter((file) => file === STANDARD_INPUT).length > 1)
    wrongUse("standard input (`-`) can be read once only");
  const format = formatOf(flags);
  if (flags.watch !== true) return (await checkOnce(files, flags, format, io)).code;
  if (files.includes(STANDARD_INPUT)) wrongUse("--watch needs files: standard input cannot be read again");
  if (format !== "text") wrongUse(`--watch writes text, not ${format}`);
  return watchFiles(async () => {
    const folders = namedFolders(io.cwd, files);
    try {
      return { files: (await checkOnce(files, flags, format, io)).read, folders };
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      printDiagnostics(io, [error.diagnostic]);
      return { files: files.filter((file) => !folders.includes(file)), folders };
    }
  }, io);
}

/** Checks, prints, and says which files were read or would have been. */
async function checkOnce(
  named: readonly string[],
  flags: CheckFlags,
  format: Format,
  io: Io,
): Promise<{ readonly code: number; readonly read: readonly string[] }> {
  const target = flags.gaussian === undefined ? undefined : gaussianTarget(flags.gaussian);
  const files = namedFiles(io.cwd, named);
  const read: ReadFile[] = [];
  for (const file of files) read.push(await readFile(io, file));
  const names = read.flatMap((file) => file.samplers);
  if (!read.some((file) => hasErrors(file.diagnostics)))
    checkSettings(
      read.map((file) => file.module),
      flags.sampler === undefined ? names : [flags.sampler],
      flags,
    );
  const checked = read.map((file) => checkSamplers(io, file, flags, names, target));
  const reports = checked.flatMap((file) => jsonOf(file.diagnostics, file.sources));
  if (format === "json") printJson(io, documentOf(checked));
  else if (format === "sarif") printJson(io, sarif(reports));
  else if (format === "github") for (const report of reports) io.stdout.write(`${githubLine(report)}\n`);
  else for (const file of checked) printFile(io, file, files.length > 1);
  const imported = read.flatMap(({ program }) => [
    ...(program?.modules.keys() ?? []),
    ...(program?.missing ?? []),
  ]);
  return {
    code: Math.max(...checked.map((file) => exitFor(file.diagnostics))),
    read: [...files, ...imported.filter((id) => !isLibrary(id))],
  };
}

const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some((item) => item.severity === "error");

async function readFile(io: Io, file: string): Promise<ReadFile> {
  try {
    const spec = await readSpec(io, file);
    return { file, spec, ...inspect(io, spec) };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const nothing = { module: undefined, sources: noSources, samplers: [], orders: [], expected: [] };
    return { file, spec: undefined, diagnostics: [error.diagnostic], ...nothing };
  }
}

function checkSamplers(
  io: Io,
  read: ReadFile,
  flags: CheckFlags,
  allNames: readonly string[],
  target: GaussianTarget | undefined,
): CheckedFile {
  const { file, spec, module } = read;
  const found: Diagnostic[] = [...read.diagnostics];
  const sources: Sources[] = [read.sources];
  const samplers: CheckedSampler[] = [];
  if (spec !== undefined && !hasErrors(found))
    for (const name of wantedOf(read, flags.sampler, allNames)) {
      // What was certified is the sampler as it is written; flags make it another one.
      const written = flags.set === undefined && flags.steps === undefined ? read.runs?.get(name) : undefined;
      const { plan, run, diagnostics, source } = compileSampler(io, spec, name, flags, written?.run);
      sources.push(source);
      found.push(...diagnostics);
      const measured = plan && run && target && { gaussian: onGaussian(run, target) };
      const order = written?.order ?? (plan && run && orderOfRun(run));
      samplers.push({ name, plan, ...measured, ...(order ? { order } : {}) });
    }
  return {
    file,
    module,
    diagnostics: distinct(found),
    sources: (id) => sources.map((of) => of(id)).find((source) => source !== undefined),
    samplers,
    orders: read.orders,
    expected: read.expected,
  };
}

function orderOfRun(run: LoweredRun): SamplerOrder | undefined {
  try {
    return samplerOrder(run);
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** The error on a Gaussian target in closed form, or why it has none. */
function onGaussian(run: LoweredRun, target: GaussianTarget): GaussianReport | string {
  try {
    return gaussianReport(run, target);
  } catch (error) {
    if (error instanceof NotDecidable) return error.message;
    if (error instanceof Failure) return error.diagnostic.message;
    throw error;
  }
}

/** The samplers of a file to compile. A name that no file has is an error; one that another file has is not. */
function wantedOf(
  { samplers }: ReadFile,
  asked: string | undefined,
  allNames: readonly string[],
): readonly string[] {
  if (asked === undefined) return samplers;
  return samplers.includes(asked) || !allNames.includes(asked) ? [asked] : [];
}

function printFile(
  io: Io,
  { file, module, diagnostics, sources, samplers, orders, expected }: CheckedFile,
  several: boolean,
): void {
  printDiagnostics(io, diagnostics, sources);
  const good = pc.createColors(wantsColor(io.stdout, io.env)).green("ok");
  const where = several ? `${shown(file)} ` : "";
  for (const report of orders)
    if (!hasErrors(diagnostics) || report.held !== false)
      io.stdout.write(`${good}  ${where}${describeOrder(report)}\n`);
  for (const claim of expected) io.stdout.write(`${good}  ${where}${describeClaim(claim)}\n`);
  for (const { name, plan, gaussian, order } of samplers) {
    if (plan === undefined) continue;
    io.stdout.write(`${good}  ${where}${name}: ${describePlan(plan)}${describeRun(order)}\n`);
    if (gaussian !== undefined) io.stdout.write(`    ${describeGaussian(gaussian)}\n`);
  }
  if (samplers.length + orders.length + expected.length === 0 && !hasErrors(diagnostics))
    io.stdout.write(`${good}  ${shown(file)}: ${describeDefinitions(module)}\n`);
}

function describeDefinitions(module: Module | undefined): string {
  const counts = new Map<string, number>();
  for (const { sort } of module?.definitions.values() ?? []) counts.set(sort, (counts.get(sort) ?? 0) + 1);
  const parts = [...counts].map(([sort, count]) => `${count} ${plural(sort, count)}`);
  return `${parts.join(", ") || "no definitions"}`;
}

const plural = (sort: string, count: number): string =>
  count === 1 || sort === "guidance" ? sort : `${sort}s`;

/** Everything of the line of a solver, as fields. */
const solverDocument = (report: SolverReport): object => {
  const { name, claimed, claimedOn, claimedFor, held, certificate, integrates, weights, weak } = report;
  const { kind, why, orders, calls, history, stability, constant, start, carries } = certificate;
  return {
    name,
    claimed: claimed ?? null,
    ...(claimed === undefined ? {} : { claimedOn, held }),
    ...(claimedFor === undefined ? {} : { claimedFor }),
    certified: kind,
    ...(why === undefined ? {} : { why }),
    orders,
    start,
    ...(weak ? { weak: { claimed: weak.claimed ?? null, ...weakDocument(weak.verdict) } } : {}),
    integrates: integrates ?? null,
    error: constant ? { ...constant, power: constant.values.length } : null,
    calls,
    history,
    carries,
    stability: stability
      ? {
          zero: stability.zero,
          // Infinity is no number of JSON.
          interval: Number.isFinite(stability.interval) ? stability.interval : null,
          parasitic: stability.parasitic,
        }
      : null,
    weights,
  };
};

const weakDocument = (verdict: NonNullable<SolverReport["weak"]>["verdict"]): object =>
  verdict.kind === "order" ? { certified: "order", order: verdict.order } : { certified: verdict.kind };

function documentOf(files: readonly CheckedFile[]): object {
  const entry = ({ file, diagnostics, sources, samplers, orders, expected }: CheckedFile): object => ({
    file: shown(file),
    ok: !hasErrors(diagnostics),
    diagnostics: jsonOf(diagnostics, sources),
    solvers: orders.map(solverDocument),
    expected,
    samplers: samplers.map(({ name, plan, gaussian, order }) => ({
      name,
      ok: plan !== undefined,
      runOrder: order?.order ?? null,
      ...(order === undefined ? {} : { runOrderWhy: order.why }),
      ...(plan === undefined
        ? {}
        : {
            steps: plan.steps.length,
            calls: plan.report.calls,
            nfe: plan.report.nfe,
            peakTensors: plan.report.peakTensors,
            rules: plan.report.rules,
            grid: plan.grid,
          }),
      ...(gaussian === undefined
        ? {}
        : { gaussian: typeof gaussian === "string" ? { notDecidable: gaussian } : gaussian }),
    })),
  });
  return { ok: files.every((file) => !hasErrors(file.diagnostics)), files: files.map(entry) };
}
