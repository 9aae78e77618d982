// Owns: all claims of a file: those of its solvers and those of its `expect` blocks; and the orders of its runs.

import { Failure } from "../diagnostics/report.js";
import type { Def, Module, Program } from "../resolve/module.js";
import { lowerRun } from "../sampler/run.js";
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
  /** Orders of the runs of samplers, by name. */
  readonly runs: ReadonlyMap<string, SamplerOrder>;
}

/** Checks the claims of solvers (D041x) and of `expect` blocks (D0910), and says what is certified. */
export function checkClaims(module: Module, program: Program): Claims {
  const found = program.diagnostics.attempt(() => ({
    solvers: checkOrderClaims(module, program),
    expected: checkExpectations(module, program),
    runs: runOrders(module, program),
  }));
  return found ?? { solvers: [], expected: [], runs: new Map() };
}

/** The orders of a file's samplers, by name; reports those that start or final rules lower (D0414). */
export function runOrders(module: Module, program: Program): ReadonlyMap<string, SamplerOrder> {
  const runs = new Map<string, SamplerOrder>();
  for (const def of module.definitions.values()) {
    if (def.sort !== "sampler") continue;
    const found = orderOf(def, program);
    if (!found) continue;
    runs.set(def.name, found);
    const warning = samplerWarning(def.name, found);
    if (warning) program.diagnostics.add(warning);
  }
  return runs;
}

/** Samplers that do not compile as they stand are reported where they are compiled. */
function orderOf(def: Def, program: Program): SamplerOrder | undefined {
  try {
    return samplerOrder(lowerRun(readSampler(def, program, {})));
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}
