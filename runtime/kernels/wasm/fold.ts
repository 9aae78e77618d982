// Owns: reductions of consecutive float32 elements as WebAssembly: products and sums in float64, sixteen running values, so
// that neither the number of groups nor the rest of the memory has a say in the result. Knows no tensors.

import type { Fold } from "../engine.js";
import { words } from "./emit.js";
import { F64, FunctionBody, I32, V128, type VectorOp } from "./encode.js";

/** Elements of one turn of the loop; what is left over is folded by `foldRest`. */
export const FOLD_TURN = 16;

const NEGATIVE_INFINITY = words(0xff800000 | 0);
const INFINITY = words(0x7f800000);

/** (a, b, end of a, mean) -> the fold of whole turns; addresses in bytes. `b` counts for `dot`, `mean` for `deviations`. */
export function emitFold(fold: Fold): FunctionBody {
  const code = new FunctionBody([I32, I32, I32, F64], [F64]);
  if (fold === "max" || fold === "min") emitExtreme(code, fold);
  else emitSum(code, fold);
  return code;
}

/** Turns until `a` reaches its end. */
function walk(code: FunctionBody, turn: () => void): void {
  code.loop(() => {
    code.op("local.get", 0);
    code.op("local.get", 2);
    code.op("i32.ge_u");
    code.op("br_if", 1);
    turn();
    for (const pointer of [0, 1]) {
      code.op("local.get", pointer);
      code.i32(4 * FOLD_TURN);
      code.op("i32.add");
      code.op("local.set", pointer);
    }
    code.op("br", 0);
  });
}

function emitSum(code: FunctionBody, fold: "sum" | "squares" | "dot" | "deviations"): void {
  const sums = Array.from({ length: FOLD_TURN / 2 }, () => code.local(V128));
  const mean = code.local(V128);
  const value = code.local(V128);
  code.op("local.get", 3);
  code.vector("f64x2.splat");
  code.op("local.set", mean);
  const load = (pointer: number, k: number): void => {
    code.op("local.get", pointer);
    code.access("v128.load64_zero", 8 * k);
    code.vector("f64x2.promote_low_f32x4");
  };
  walk(code, () => {
    sums.forEach((sum, k) => {
      code.op("local.get", sum);
      load(0, k);
      if (fold === "dot") {
        load(1, k);
        code.vector("f64x2.mul");
      } else if (fold !== "sum") {
        if (fold === "deviations") {
          code.op("local.get", mean);
          code.vector("f64x2.sub");
        }
        code.op("local.set", value);
        code.op("local.get", value);
        code.op("local.get", value);
        code.vector("f64x2.mul");
      }
      code.vector("f64x2.add");
      code.op("local.set", sum);
    });
  });
  sums.forEach((sum, k) => {
    code.op("local.get", sum);
    if (k > 0) code.vector("f64x2.add");
  });
  code.op("local.set", value);
  for (const lane of [0, 1]) {
    code.op("local.get", value);
    code.vector("f64x2.extract_lane", [lane]);
  }
  code.op("f64.add");
}

function emitExtreme(code: FunctionBody, fold: "max" | "min"): void {
  const better: VectorOp = fold === "max" ? "f32x4.max" : "f32x4.min";
  const best = Array.from({ length: FOLD_TURN / 4 }, () => code.local(V128));
  for (const local of best) {
    code.v128(fold === "max" ? NEGATIVE_INFINITY : INFINITY);
    code.op("local.set", local);
  }
  walk(code, () => {
    best.forEach((local, k) => {
      code.op("local.get", local);
      code.op("local.get", 0);
      code.access("v128.load", 16 * k);
      code.vector(better);
      code.op("local.set", local);
    });
  });
  best.forEach((local, k) => {
    code.op("local.get", local);
    if (k > 0) code.vector(better);
  });
  code.op("local.set", best[0]!);
  for (const lane of [0, 1, 2, 3]) {
    code.op("local.get", best[0]!);
    code.vector("f32x4.extract_lane", [lane]);
    code.op("f64.promote_f32");
    if (lane > 0) code.op(fold === "max" ? "f64.max" : "f64.min");
  }
}

/** Goes on from the fold of whole turns with the elements left over. */
export function foldRest(fold: Fold, turns: number, a: Float32Array, b: Float32Array, mean: number): number {
  let result = turns;
  for (let i = 0; i < a.length; i++) {
    const x = a[i]!;
    if (fold === "max") result = Math.max(result, x);
    else if (fold === "min") result = Math.min(result, x);
    else if (fold === "sum") result += x;
    else result += fold === "deviations" ? (x - mean) * (x - mean) : x * (fold === "dot" ? b[i]! : x);
  }
  return result;
}
