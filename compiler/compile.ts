// Owns: stage order. text -> syntax tree -> resolved program -> sampler -> step graphs -> plan. Each stage is a plain
// function; what the user did wrong is reported, never thrown.

import type { Diagnostic } from "./diagnostics/diagnostic.js";
import { Diagnostics, diagnostic } from "./diagnostics/report.js";
import { checkSolverClaims } from "./certify/orderClaims.js";
import { checkProgram } from "./check/check.js";
import type { Host } from "./host.js";
import { buildPlan } from "./link/plan.js";
import type { Plan } from "./plan/schema.js";
import { Program, type Def, type Module } from "./resolve/module.js";
import { didYouMean } from "./resolve/suggest.js";
import { lowerRun, type LoweredRun } from "./sampler/run.js";
import { readSampler } from "./sampler/sampler.js";
import type { SourceFile } from "./source/file.js";
import type { FileId } from "./source/span.js";
import { sha256 } from "./sha256.js";
import { VERSION } from "./version.js";

export interface CompileOptions {
  readonly host: Host;
  readonly file: FileId;
  /** Text of the file, when the host does not have it (standard input, editor buffers). */
  readonly text?: string | undefined;
  /** Which sampler of the file; may be left out when there is one. */
  readonly sampler?: string | undefined;
  /** Overrides the sampler's number of steps. */
  readonly steps?: number | undefined;
  /** Values for the sampler's parameters. */
  readonly set?: Readonly<Record<string, number | string>> | undefined;
}

export interface Compilation {
  readonly diagnostics: readonly Diagnostic[];
  /** Source files by name, for renderers. */
  readonly source: (file: FileId) => SourceFile | undefined;
  readonly module: Module | undefined;
  readonly run: LoweredRun | undefined;
  readonly plan: Plan | undefined;
}

/** Compiles one sampler to a plan. Never throws for anything in the text; the plan is there when nothing is an error. */
export function compile(options: CompileOptions): Compilation {
  const diagnostics = new Diagnostics();
  const program = new Program(options.host, diagnostics);
  const module = program.load(options.file, options.text);
  let run: LoweredRun | undefined;
  let plan: Plan | undefined;
  if (module) checkProgram(program);
  if (module && !diagnostics.hasErrors) {
    const def = chooseSampler(module, options, diagnostics);
    run =
      def &&
      diagnostics.attempt(() =>
        lowerRun(readSampler(def, program, { steps: options.steps, set: options.set })),
      );
    plan =
      run &&
      diagnostics.attempt(() =>
        buildPlan(run as LoweredRun, {
          compiler: VERSION,
          source: { name: module.id, sha256: sha256(module.source.text) },
        }),
      );
    // A false claim of order is an error of the text, found before a run spends anything on it.
    if (plan) checkSolverClaims(module, program);
  }
  return {
    diagnostics: diagnostics.all,
    source: (file) => program.source(file),
    module,
    run,
    plan: diagnostics.hasErrors ? undefined : plan,
  };
}

function chooseSampler(module: Module, options: CompileOptions, diagnostics: Diagnostics): Def | undefined {
  const samplers = [...module.definitions.values()].filter((def) => def.sort === "sampler");
  const names = samplers.map((def) => `\`${def.name}\``).join(", ");
  if (options.sampler !== undefined) {
    const found = samplers.find((def) => def.name === options.sampler);
    if (!found)
      diagnostics.add(
        diagnostic("D0201", `there is no sampler \`${options.sampler}\` in ${module.id}`, {
          help:
            didYouMean(
              options.sampler,
              samplers.map((def) => def.name),
            ) ?? (names ? `it has ${names}` : undefined),
        }),
      );
    return found;
  }
  const [only] = samplers;
  if (samplers.length === 1 && only) return only;
  diagnostics.add(
    diagnostic(
      "D0211",
      samplers.length === 0
        ? `${module.id} defines no sampler`
        : `${module.id} defines several samplers: ${names}`,
      {
        help: samplers.length === 0 ? "add a block `sampler name { ... }`" : "say which: `--sampler NAME`",
      },
    ),
  );
  return undefined;
}
