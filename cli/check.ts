// Owns: `dsamp check`: every sampler of every file is compiled; what was found and what each sampler does is printed.

import pc from "picocolors";
import type { Diagnostic } from "../compiler/diagnostics/diagnostic.js";
import { Failure } from "../compiler/diagnostics/report.js";
import type { Sources } from "../compiler/diagnostics/text.js";
import type { Plan } from "../compiler/plan/schema.js";
import { describePlan } from "./describe.js";
import { exit, exitFor } from "./exit.js";
import { shown } from "./host.js";
import { wantsColor, type Io } from "./io.js";
import { jsonOf, noSources, printDiagnostics, printJson } from "./print.js";
import { checkSettings, compileSampler, distinct, readSpec, type Spec, type SpecFlags } from "./spec.js";
import { wrongUse } from "./usage.js";

export interface CheckFlags extends SpecFlags {
  readonly json?: boolean;
}

interface CheckedSampler {
  readonly name: string;
  readonly plan: Plan | undefined;
}

interface CheckedFile {
  readonly file: string;
  readonly spec: Spec | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: Sources;
  readonly samplers: readonly CheckedSampler[];
}

export async function check(files: readonly string[], flags: CheckFlags, io: Io): Promise<number> {
  if (files.filter((file) => file === "-").length > 1) wrongUse("standard input (`-`) can be read once only");
  const specs = [];
  for (const file of files) specs.push(await readSpecOrFailure(io, file));
  const read = specs.flatMap(({ spec }) => spec ?? []);
  const names = read.flatMap((spec) => spec.samplers);
  if (read.every((spec) => !hasErrors(spec.diagnostics)))
    checkSettings(
      read.map((spec) => spec.module),
      flags.sampler === undefined ? names : [flags.sampler],
      flags,
    );
  const checked = specs.map(({ file, spec, diagnostics }) =>
    spec === undefined
      ? { file, spec, diagnostics, sources: noSources, samplers: [] }
      : checkSpec(io, spec, flags, names),
  );
  if (flags.json === true) printJson(io, documentOf(checked));
  else for (const file of checked) printFile(io, file, files.length > 1);
  const worst = checked.map((file) => exitFor(file.diagnostics)).filter((code) => code !== exit.ok);
  return worst.length === 0 ? exit.ok : Math.max(...worst);
}

const hasErrors = (diagnostics: readonly Diagnostic[]): boolean =>
  diagnostics.some((item) => item.severity === "error");

async function readSpecOrFailure(
  io: Io,
  file: string,
): Promise<{ file: string; spec: Spec | undefined; diagnostics: readonly Diagnostic[] }> {
  try {
    return { file, spec: await readSpec(io, file), diagnostics: [] };
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { file, spec: undefined, diagnostics: [error.diagnostic] };
  }
}

function checkSpec(io: Io, spec: Spec, flags: CheckFlags, allNames: readonly string[]): CheckedFile {
  const found: Diagnostic[] = [...spec.diagnostics];
  const samplers: CheckedSampler[] = [];
  const sources: Sources[] = [spec.sources];
  if (!hasErrors(found)) {
    const { sampler } = flags;
    // A name that no file has is an error of each; one that another file has says nothing about this one.
    const wanted =
      sampler === undefined
        ? spec.samplers
        : spec.samplers.includes(sampler) || !allNames.includes(sampler)
          ? [sampler]
          : [];
    for (const name of wanted) {
      const { plan, diagnostics, source } = compileSampler(io, spec, name, flags);
      sources.push(source);
      found.push(...diagnostics);
      samplers.push({ name, plan });
    }
  }
  return {
    file: spec.file,
    spec,
    diagnostics: distinct(found),
    sources: (id) => sources.map((of) => of(id)).find((source) => source !== undefined),
    samplers,
  };
}

function printFile(
  io: Io,
  { file, spec, diagnostics, sources, samplers }: CheckedFile,
  several: boolean,
): void {
  printDiagnostics(io, diagnostics, sources);
  const good = pc.createColors(wantsColor(io.stdout, io.env)).green("ok");
  const where = several ? `${shown(file)} ` : "";
  for (const { name, plan } of samplers)
    if (plan !== undefined) io.stdout.write(`${good}  ${where}${name}: ${describePlan(plan)}\n`);
  if (spec?.samplers.length === 0 && !hasErrors(diagnostics))
    io.stdout.write(`${good}  ${shown(file)}: ${describeDefinitions(spec)}\n`);
}

function describeDefinitions({ module }: Spec): string {
  const counts = new Map<string, number>();
  for (const { sort } of module?.definitions.values() ?? []) counts.set(sort, (counts.get(sort) ?? 0) + 1);
  const parts = [...counts].map(([sort, count]) => `${count} ${plural(sort, count)}`);
  return `${parts.join(", ") || "no definitions"}, no sampler to compile`;
}

const plural = (sort: string, count: number): string =>
  count === 1 || sort === "guidance" ? sort : `${sort}s`;

function documentOf(files: readonly CheckedFile[]): object {
  const entry = ({ file, diagnostics, sources, samplers }: CheckedFile): object => ({
    file: shown(file),
    ok: !hasErrors(diagnostics),
    diagnostics: jsonOf(diagnostics, sources),
    samplers: samplers.map(({ name, plan }) => ({
      name,
      ok: plan !== undefined,
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
    })),
  });
  return { ok: files.every((file) => !hasErrors(file.diagnostics)), files: files.map(entry) };
}
