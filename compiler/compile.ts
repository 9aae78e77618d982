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

/** A sampler of a file, and what replaces values in it. */
export interface SamplerChoice {
  /** Which sampler of the file; may be left out when there is one. */
  readonly sampler?: string | undefined;
  /** Overrides the sampler's number of steps. */
  readonly steps?: number | undefined;
  /** Values for the sampler's parameters. */
  readonly set?: Readonly<Record<string, number | string>> | undefined;
}

export interface CompileOptions extends SamplerChoice {
  readonly host: Host;
  readonly file: FileId;
  /** Text of the file, when the host does not have it (standard input, editor buffers). */
  readonly text?: string | undefined;
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
  if (module) checkProgram(program);
  if (!module || diagnostics.hasErrors) return compilation(program, module);
  const compiled = plan(module, program, options);
  // A false claim of order is an error of the text, found before a run spends anything on it.
  if (compiled.plan) checkSolverClaims(module, program);
  return compilation(program, module, compiled);
}

/**
 * Compiles one sampler of a program that is loaded, checked and without errors, and whose claims are decided; `lowered` is
 * that sampler where it is lowered already.
 */
export function compileLoaded(
  module: Module,
  loaded: Program,
  choice: SamplerChoice,
  lowered?: LoweredRun,
): Compilation {
  const program = new Program(loaded.host, new Diagnostics(), loaded.modules);
  return compilation(program, module, plan(module, program, choice, lowered));
}

type Compiled = Pick<Compilation, "run" | "plan">;

function compilation(
  program: Program,
  module: Module | undefined,
  compiled: Compiled = { run: undefined, plan: undefined },
): Compilation {
  const { diagnostics } = program;
  return {
    diagnostics: diagnostics.all,
    source: (file) => program.source(file),
    module,
    run: compiled.run,
    plan: diagnostics.hasErrors ? undefined : compiled.plan,
  };
}

function plan(module: Module, program: Program, choice: SamplerChoice, lowered?: LoweredRun): Compiled {
  const { diagnostics } = program;
  const def = chooseSampler(module, choice, diagnostics);
  const run =
    lowered ??
    (def &&
      diagnostics.attempt(() =>
        lowerRun(readSampler(def, program, { steps: choice.steps, set: choice.set })),
      ));
  const built =
    run &&
    diagnostics.attempt(() =>
      buildPlan(run, {
        compiler: VERSION,
        source: { name: module.id, sha256: sha256(module.source.text) },
      }),
    );
  return { run, plan: built };
}

function chooseSampler(module: Module, options: SamplerChoice, diagnostics: Diagnostics): Def | undefined {
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
