// Owns: stability of a rule as a recurrence in the states and carries before: zero-stability, the interval of the real
// axis in which errors do not grow, for dy/du = mu y in the integrated coordinate u with z = mu * (step in u), in the
// limit of small steps. The region of the plane is stabilityRegion.ts'.

import { complex, eigenvalues, multiplicityOf, type Complex } from "./complex.js";
import { carryRules } from "./carry.js";
import type { Problem } from "./exactAlgebra.js";
import { NotDecidable } from "./evaluateStep.js";
import { fixedField } from "./fixed.js";
import { LinearTest, type LinearForm } from "./linearTest.js";

/** Entries are polynomials in z, lowest power first. */
export interface Amplification {
  readonly symbols: readonly string[];
  readonly entries: readonly (readonly (readonly number[])[])[];
}

export type ZeroStability = "stable" | "weakly stable" | "unstable";

export interface Stability {
  readonly zero: ZeroStability;
  /** Why it is unstable, in words about the roots of its recurrence; absent where it is not. */
  readonly fault?: string;
  /** Moduli of the eigenvalues at z = 0 besides the principal one, largest first. */
  readonly parasitic: readonly number[];
  /** z in [-interval, 0] is stable; Infinity when no end was found above -1000. */
  readonly interval: number;
  readonly amplification: Amplification;
}

interface Update {
  /** The symbol after the step that gets this value. */
  readonly symbol: string;
  readonly form: LinearForm;
}

const parse = (symbol: string): { name: string; back: number } => {
  const at = symbol.lastIndexOf("@");
  return { name: symbol.slice(0, at), back: Number(symbol.slice(at + 1)) };
};

export function amplification(problem: Problem): Amplification {
  const { graph } = problem.branch;
  const test = new LinearTest(problem);
  if (!graph.next) throw new NotDecidable("the rule has no state");
  const updates: Update[] = [{ symbol: "x@0", form: test.of(graph.next) }];
  for (const { name, at, value } of carryRules(problem))
    // A carry assigned at s is one step old when the next step begins.
    updates.push({ symbol: `carry ${name}@${at === 1 ? 0 : 1}`, form: test.of(value) });
  if (problem.branch.given) {
    const x0 = problem.branch.given.endpoints.get("x0");
    if (!x0) throw new NotDecidable("the rule gives a prediction that is not one of x0");
    updates.push({ symbol: "given@0", form: test.of(x0) });
  }
  const deepest = new Map<string, number>();
  const see = (symbol: string): void => {
    const { name, back } = parse(symbol);
    deepest.set(name, Math.max(deepest.get(name) ?? 0, back));
  };
  for (const { symbol, form } of updates) {
    see(symbol);
    for (const key of form.keys()) see(key);
  }
  const firstOf = (name: string): number =>
    parse(updates.find(({ symbol }) => parse(symbol).name === name)?.symbol ?? `${name}@0`).back;
  const symbols = [...deepest].flatMap(([name, back]) =>
    Array.from({ length: back - firstOf(name) + 1 }, (_, k) => `${name}@${firstOf(name) + k}`),
  );
  const scale = weights(updates, problem);
  const entries = symbols.map((row) => {
    const update = updates.find(({ symbol }) => symbol === row);
    const { name, back } = parse(row);
    return symbols.map((column): readonly number[] => {
      if (!update) return column === `${name}@${back - 1}` ? [1] : [0];
      const shift = scale(row) - scale(column);
      return (update.form.get(column) ?? []).map((c) => {
        if (!c) return 0;
        for (let n = c.shift; n < shift; n += 1)
          if (!fixedField.isZero(problem.ring.coefficient(c, n) ?? 0n))
            throw new NotDecidable("the rule's coefficients grow as steps shrink");
        return fixedField.toNumber(problem.ring.coefficient(c, shift) ?? 0n);
      });
    });
  });
  return { symbols, entries };
}

/** The power of h with which a symbol scales: predictions are 1/h larger than states in the test problem. */
function weights(updates: readonly Update[], problem: Problem): (symbol: string) => number {
  const fast = new Set<string>(["given"]);
  for (const { symbol, form } of updates) {
    const { name } = parse(symbol);
    if (name === "x") continue;
    for (const byPower of form.values())
      for (const c of byPower)
        if (c && !fixedField.isZero(problem.ring.coefficient(c, -1) ?? 0n)) fast.add(name);
  }
  return (symbol) => (fast.has(parse(symbol).name) ? -1 : 0);
}

/** The matrix at one z. */
export function matrixAt(a: Amplification, z: Complex): Complex[][] {
  return a.entries.map((row) =>
    row.map((polynomial) =>
      polynomial.reduceRight<Complex>(
        (sum, c) => complex.add(complex.mul(sum, z), { re: c, im: 0 }),
        complex.zero,
      ),
    ),
  );
}

/** The largest modulus of an eigenvalue at z. */
export function spectralRadius(a: Amplification, z: Complex): number {
  return Math.max(0, ...eigenvalues(matrixAt(a, z)).map(complex.abs));
}

const rounding = 1e-6;

export function stability(problem: Problem): Stability {
  const a = amplification(problem);
  const atZero = matrixAt(a, complex.zero);
  const values = eigenvalues(atZero);
  const principal = values.reduce(
    (best, v, i) =>
      complex.abs(complex.sub(v, complex.one)) <
      complex.abs(complex.sub(values[best] as Complex, complex.one))
        ? i
        : best,
    0,
  );
  const others = values.filter((_, i) => i !== principal);
  const parasitic = others.map(complex.abs).sort((x, y) => y - x);
  const [largest = 0] = parasitic;
  const outside = largest > 1 + 1e-4;
  const onCircle = others.filter((v) => Math.abs(complex.abs(v) - 1) <= 1e-4);
  const defective = onCircle.some((v) => !multiplicityOf(atZero, v).semisimple);
  const zero: ZeroStability =
    outside || defective ? "unstable" : onCircle.length > 0 ? "weakly stable" : "stable";
  return {
    zero,
    ...(zero === "unstable"
      ? {
          fault: outside
            ? `a root of modulus ${Number(largest.toPrecision(4))}, outside the unit circle`
            : "a multiple root on the unit circle",
        }
      : {}),
    parasitic,
    interval: zero === "unstable" ? 0 : realInterval(a),
    amplification: a,
  };
}

const stableAt = (a: Amplification, x: number): boolean =>
  spectralRadius(a, { re: -x, im: 0 }) <= 1 + rounding;

function realInterval(a: Amplification): number {
  let inside = 0;
  for (let x = 1 / 64; x <= 1000; x += x < 16 ? 1 / 64 : x / 64) {
    if (stableAt(a, x)) {
      inside = x;
      continue;
    }
    let outside = x;
    for (let pass = 0; pass < 40; pass += 1) {
      const middle = (inside + outside) / 2;
      if (stableAt(a, middle)) inside = middle;
      else outside = middle;
    }
    return inside < 1e-3 ? 0 : inside;
  }
  return Infinity;
}
