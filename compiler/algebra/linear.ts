// Owns: linear forms in chosen unknowns, and exact solution of small linear systems with symbolic entries.

import { add, children, div, fn, isZero, mul, one, sub, symbols, zero, type Expr, type Sym } from "./expr.js";
import { diff } from "./diff.js";
import { simplify } from "./simplify.js";

export interface LinearForm {
  readonly coefficients: Expr[];
  readonly rest: Expr;
}

/** `e` as sum_i coefficients[i]*unknowns[i] + rest, or undefined when it is not linear in the unknowns. */
export function linearForm(e: Expr, unknowns: readonly Sym[]): LinearForm | undefined {
  return structuralForm(e, unknowns) ?? differentiatedForm(e, unknowns);
}

function mentions(e: Expr, unknowns: readonly Sym[]): boolean {
  const free = symbols(e);
  return unknowns.some((u) => free.has(u));
}

function structuralForm(e: Expr, unknowns: readonly Sym[]): LinearForm | undefined {
  if (!mentions(e, unknowns)) return { coefficients: unknowns.map(() => zero), rest: e };
  switch (e.kind) {
    case "sym":
      return { coefficients: unknowns.map((u) => (u === e ? one : zero)), rest: zero };
    case "sum": {
      const parts: LinearForm[] = [];
      for (const term of e.terms) {
        const part = structuralForm(term, unknowns);
        if (part === undefined) return undefined;
        parts.push(part);
      }
      return combine(parts, (list) => add(...list));
    }
    case "product": {
      const carriers = e.factors.filter((f) => mentions(f, unknowns));
      if (carriers.length !== 1) return undefined;
      const part = structuralForm(carriers[0]!, unknowns);
      const others = mul(...e.factors.filter((f) => f !== carriers[0]));
      return part === undefined ? undefined : combine([part], ([x]) => mul(others, x!));
    }
    case "fn": {
      const [condition, a, b] = e.args;
      if (e.name !== "where" || mentions(condition!, unknowns)) return undefined;
      const yes = structuralForm(a!, unknowns);
      const no = structuralForm(b!, unknowns);
      if (yes === undefined || no === undefined) return undefined;
      return combine([yes, no], ([x, y]) => fn("where", condition!, x!, y!));
    }
    default:
      return undefined;
  }
}

function combine(parts: readonly LinearForm[], join: (list: readonly Expr[]) => Expr): LinearForm {
  const n = parts[0]!.coefficients.length;
  return {
    coefficients: Array.from({ length: n }, (_, i) => join(parts.map((p) => p.coefficients[i]!))),
    rest: join(parts.map((p) => p.rest)),
  };
}

/** For forms that are linear only after cancellation: the derivatives must come out free of the unknowns. */
function differentiatedForm(e: Expr, unknowns: readonly Sym[]): LinearForm | undefined {
  const coefficients = unknowns.map((u) => simplify(diff(e, u)));
  if (coefficients.some((c) => mentions(c, unknowns))) return undefined;
  const products = unknowns.map((u, i) => mul(coefficients[i]!, u));
  const rest = simplify(sub(e, add(...products)));
  if (mentions(rest, unknowns)) return undefined;
  return { coefficients, rest };
}

/** How costly an expression is as a pivot: constants first, then small ones. */
function weight(e: Expr): number {
  if (e.kind === "num") return 0;
  return 1 + children(e).reduce((sum, child) => sum + weight(child), 0);
}

/**
 * The solution of A x = b by Gaussian elimination with exact expressions; undefined when A is singular as a matrix of
 * functions (a pivot column simplifies to zero). Results are simplified.
 */
export function solveLinear(A: readonly (readonly Expr[])[], b: readonly Expr[]): Expr[] | undefined {
  const n = b.length;
  const rows = A.map((row, i) => [...row, b[i]!].map(simplify));
  for (let k = 0; k < n; k++) {
    let best: number | undefined;
    for (let i = k; i < n; i++) {
      if (isZero(rows[i]![k]!)) continue;
      if (best === undefined || weight(rows[i]![k]!) < weight(rows[best]![k]!)) best = i;
    }
    if (best === undefined) return undefined;
    [rows[k], rows[best]] = [rows[best]!, rows[k]!];
    const pivotRow = rows[k]!;
    for (let i = k + 1; i < n; i++) {
      const row = rows[i]!;
      if (isZero(row[k]!)) continue;
      const factor = div(row[k]!, pivotRow[k]!);
      for (let j = k + 1; j <= n; j++) row[j] = simplify(sub(row[j]!, mul(factor, pivotRow[j]!)));
      row[k] = zero;
    }
  }
  const x = new Array<Expr>(n).fill(zero);
  for (let i = n - 1; i >= 0; i--) {
    const row = rows[i]!;
    const known = x.slice(i + 1).map((value, j) => mul(row[i + 1 + j]!, value));
    x[i] = simplify(div(sub(row[n]!, add(...known)), row[i]!));
  }
  return x;
}
