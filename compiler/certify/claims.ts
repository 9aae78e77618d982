// Owns: all claims of a file: those of its solvers and those of its `expect` blocks.

import type { Module, Program } from "../resolve/module.js";
import { checkExpectations, type ClaimReport } from "./expect/check.js";
import { checkOrderClaims, type SolverReport } from "./orderClaims.js";

/** What is certified of a file. */
export interface Claims {
  readonly solvers: readonly SolverReport[];
  /** Claims of `expect` blocks that hold. */
  readonly expected: readonly ClaimReport[];
}

/** Checks the claims of solvers (D041x) and of `expect` blocks (D0910), and says what is certified. */
export function checkClaims(module: Module, program: Program): Claims {
  return { solvers: checkOrderClaims(module, program), expected: checkExpectations(module, program) };
}
