// Owns: from a file on the command line to compilations of its samplers, with the flags all verbs share.

import { checkProgram } from "../compiler/check/check.js";
import { checkDefinitions } from "../compiler/check/definitions.js";
import { checkClaims, type CertifiedRun } from "../compiler/certify/claims.js";
import type { ClaimReport } from "../compiler/certify/expect/check.js";
import type { SolverReport } from "../compiler/certify/orderClaims.js";
import { compile, compileLoaded, type Compilation } from "../compiler/compile.js";
import type { Diagnostic } from "../compiler/diagnostics/diagnostic.js";
import { Diagnostics } from "../compiler/diagnostics/report.js";
import type { Sources } from "../compiler/diagnostics/text.js";
import { limits } from "../compiler/limits.js";
import { Program, type Module } from "../compiler/resolve/module.js";
import { didYouMean } from "../compiler/resolve/suggest.js";
import type { LoweredRun } from "../compiler/sampler/run.js";
import { fileHost, readText, shown } from "./host.js";
import type { Io } from "./io.js";
import { parseSettings, wrongUse } from "./usage.js";

export interface SpecFlags {
  readonly sampler?: string;
  readonly steps?: number;
  readonly set?: readonly string[];
}

/** A spec as the user named it. */
export interface Spec {
  readonly file: string;
  readonly text: string;
}

/** Reads a spec. Throws D0601, D0102, D0801. */
export const readSpec = async (io: Io, file: string): Promise<Spec> => ({
  file,
  text: await readText(io, file, limits.sourceBytes),
});

/** What a spec defines, and what is wrong with it whatever sampler is compiled. */
export interface Inspection {
  readonly program?: Program;
  readonly module: Module | undefined;
  readonly diagnostics: readonly Diagnostic[];
  readonly sources: Sources;
  readonly samplers: readonly string[];
  /** What is certified of the file's solvers. */
  readonly orders: readonly SolverReport[];
  /** Claims of `expect` blocks that hold. */
  readonly expected: readonly ClaimReport[];
  /** Runs of samplers as they are written, by name. */
  readonly runs?: ReadonlyMap<string, CertifiedRun>;
}

/** Programs of specs without errors, so that their samplers are compiled without reading and deciding it all again. */
const inspected = new WeakMap<Spec, { readonly program: Program; readonly module: Module }>();

export function inspect(io: Io, spec: Spec): Inspection {
  const { file, text } = spec;
  const diagnostics = new Diagnostics();
  const program = new Program(fileHost(io.cwd, file), diagnostics);
  const module = program.load(shown(file), text);
  if (module !== undefined) {
    checkProgram(program);
    checkDefinitions(module, program);
  }
  const claims = module === undefined || diagnostics.hasErrors ? undefined : checkClaims(module, program);
  if (module !== undefined && !diagnostics.hasErrors) inspected.set(spec, { program, module });
  const definitions = module === undefined ? [] : [...module.definitions.values()];
  return {
    program,
    module,
    orders: claims?.solvers ?? [],
    expected: claims?.expected ?? [],
    ...(claims ? { runs: claims.runs } : {}),
    diagnostics: diagnostics.all,
    sources: (id) => program.source(id),
    samplers: definitions.filter((def) => def.sort === "sampler").map((def) => def.name),
  };
}

/**
 * Compiles one sampler of a spec; without a name the only one. What `inspect` found is not found again. `lowered` is the
 * sampler as `inspect` has lowered it, if the flags change nothing of it; its findings are the inspection's.
 */
export function compileSampler(
  io: Io,
  spec: Spec,
  sampler: string | undefined,
  flags: SpecFlags,
  lowered?: LoweredRun,
): Compilation {
  const choice = { sampler, steps: flags.steps, set: parseSettings(flags.set ?? []) };
  const known = inspected.get(spec);
  if (known) return compileLoaded(known.module, known.program, choice, lowered);
  const { file, text } = spec;
  return compile({ host: fileHost(io.cwd, file), file: shown(file), text, ...choice });
}

/** Throws D0706 when a `--set` names a parameter that none of these samplers has. */
export function checkSettings(
  modules: readonly (Module | undefined)[],
  samplers: readonly string[],
  flags: SpecFlags,
): void {
  const known = modules.flatMap((module) =>
    [...(module?.definitions.values() ?? [])]
      .filter((def) => def.sort === "sampler" && samplers.includes(def.name))
      .flatMap((def) => (def.node.params ?? []).map((param) => param.name.text)),
  );
  for (const name of Object.keys(parseSettings(flags.set ?? [])))
    if (!known.includes(name))
      wrongUse(
        `--set: there is no parameter \`${name}\``,
        didYouMean(name, known) ??
          (known.length > 0
            ? `the parameters are ${[...new Set(known)].map((other) => `\`${other}\``).join(", ")}`
            : "the sampler has no parameters"),
      );
}

/** Diagnostics without those that say the same at the same place. */
export function distinct(diagnostics: readonly Diagnostic[]): readonly Diagnostic[] {
  const all = new Diagnostics();
  for (const item of diagnostics) all.add(item);
  return all.all;
}
