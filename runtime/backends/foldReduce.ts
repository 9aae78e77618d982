// Owns: reductions out of the folds of an engine, group by group. Knows where groups lie, not what memory is.

import type { ReduceFn } from "../../compiler/plan/schema.js";
import type { FoldRun } from "../kernels/engine.js";

/** `groups` results, each of `size` consecutive elements of `a` (and `b`, for `dot`). Formulas as in hostReduce.ts. */
export function foldReduce<Memory>(
  run: FoldRun<Memory>,
  fn: Exclude<ReduceFn, "quantile">,
  a: Memory,
  b: Memory,
  groups: number,
  size: number,
): Float64Array {
  return Float64Array.from({ length: groups }, (_, group) => {
    const start = group * size;
    switch (fn) {
      case "mean":
        return run("sum", a, b, start, size, 0) / size;
      case "std": {
        const mean = run("sum", a, b, start, size, 0) / size;
        return Math.sqrt(run("deviations", a, b, start, size, mean) / size);
      }
      case "norm":
        return Math.sqrt(run("squares", a, b, start, size, 0));
      default:
        return run(fn, a, b, start, size, 0);
    }
  });
}
