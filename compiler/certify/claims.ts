// Owns: all claims of a file: those of its solvers and those of its `expect` blocks; and the orders of its runs.

import { Failure } from "../diagnostics/report.js";
import type { Def, Module, Program } from "../resolve/module.js";
import { lowerRun, type LoweredRun } from "../sampler/run.js";
import { readSampler } from "../sampler/sampler.js";
import { checkExpectations, type ClaimReport } from "./expect/check.js";
import { checkOrderClaims, type SolverReport } from "./orderClaims.js";
import { samplerOrder, type SamplerOrder } from "./samplerOrder.js";
import { samplerWarning } from "./warnings.js";

/** What is certified of a file. */
export interface Claims {
  readonly solvers: readonly SolverReport[];
  /** Claims of `expect` blocks that hold. */
  readonly expected: readonly ClaimReport[];
  /** Runs of samplers as they are written, by name. */
  readonly runs: ReadonlyMap<string, CertifiedRun>;
}

export interface CertifiedRun {
  readonly run: LoweredRun;
  readonly order: SamplerOrder;
}

/** Checks the claims of solvers (D041x) and of `expect` blocks (D0910), and says what is certified. */
export function checkClaims(module: Module, program: Program): Claims {
  const found = program.diagnostics.attempt(() => ({
    solvers: checkOrderClaims(module, program),
    expected: checkExpectations(module, program),
    runs: certifyRuns(module, program),
  }));
  return found ?? { solvers: [], expected: [], runs: new Map() };
}

/** A file's samplers with the orders of their runs, by name; reports those that start or final rules lower (D0414). */
export function certifyRuns(module: Module, program: Program): ReadonlyMap<string, CertifiedRun> {
  const runs = new Map<string, CertifiedRun>();
  for (const def of module.definitions.values()) {
    if (def.sort !== "sampler") continue;
    const found = certifyRun(def, program);
    if (!found) continue;
    runs.set(def.name, found);
    const warning = samplerWarning(def.name, found.order);
    if (warning) program.diagnostics.add(warning);
  }
  return runs;
}

/** Samplers that do not compile as they stand are reported where they are compiled. */
function certifyRun(def: Def, program: Program): CertifiedRun | undefined {
  try {
    const run = lowerRun(readSampler(def, program, {}));
    return { run, order: samplerOrder(run) };
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
