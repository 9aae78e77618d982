// Owns: all claims of a file: those of its solvers and those of its `expect` blocks.

import type { Module, Program } from "../resolve/module.js";
import { checkExpectations } from "./expect/check.js";
import { checkOrderClaims, type SolverReport } from "./orderClaims.js";

/** Checks the claims of solvers (D041x) and of `expect` blocks (D0910), and says what is certified of each solver. */
export function checkClaims(module: Module, program: Program): readonly SolverReport[] {
  const reports = checkOrderClaims(module, program);
  checkExpectations(module, program);
  return reports;
}
