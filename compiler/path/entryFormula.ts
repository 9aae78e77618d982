// Owns: one formula for all entries of a table: an expression in the table's variable and in readings, numbers that
// differ from entry to entry but are no formulas of it (other entries, running products). A table of a thousand entries
// is then computed in float64 at once, not expression by expression.

import { children, sym, type Expr, type Sym } from "../algebra/node.js";
import { compileExprs } from "../algebra/operation.js";
import { numberValue, type Value } from "../lower/value.js";

/** Stands for the table's variable while a formula is read. */
export const INDEX: Sym = sym("i#table");

/**
 * Functions without jumps. Across a jump the last bit of an argument would decide (`floor(i/10*10)`), and a formula
 * rounds differently from an exact entry.
 */
const smooth: ReadonlySet<string> = new Set([
  ...["pi", "exp", "expm1", "log", "log2", "sin", "cos", "tan", "atan", "atan2", "hypot", "logistic", "phi"],
  ...["abs", "min", "max"],
]);

/** Reads a formula once: symbols for what is looked up at every entry, then a function of the index. */
export class EntryFormula {
  readonly #readings: { readonly symbol: Sym; readonly at: (i: number) => number }[] = [];

  /** A number that is looked up: at entry i, `at(number of the place)`. */
  reading(place: Expr, at: (place: number) => number): Value | undefined {
    const where = this.compiled(place);
    if (!where) return undefined;
    const symbol = sym(`reading ${this.#readings.length}#table`);
    this.#readings.push({ symbol, at: (i) => at(Math.round(where(i))) });
    return numberValue(symbol);
  }

  /** The formula as a function of the index, or undefined when it cannot be one. */
  compiled(e: Expr): ((i: number) => number) | undefined {
    const readings = [...this.#readings];
    const inputs = [INDEX, ...readings.map((reading) => reading.symbol)];
    if (!isSmooth(e, new Set(inputs))) return undefined;
    const run = compileExprs([e], inputs);
    const values = new Float64Array(inputs.length);
    return (i) => {
      const read = readings.map((reading) => reading.at(i));
      values[0] = i;
      values.set(read, 1);
      return run(values)[0] as number;
    };
  }
}

function isSmooth(e: Expr, inputs: ReadonlySet<Expr>): boolean {
  const seen = new Set<Expr>();
  const stack = [e];
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (seen.has(node)) continue;
    seen.add(node);
    if (node.kind === "binder" || (node.kind === "sym" && !inputs.has(node))) return false;
    if (node.kind === "fn" && !smooth.has(node.name)) return false;
    stack.push(...children(node));
  }
  return true;
}
