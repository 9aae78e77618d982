import type { Expr } from "./expr.js";
export function simplify(e: Expr): Expr {
  return e;
}
