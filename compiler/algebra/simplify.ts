// Owns: simplification and proofs of equality. An expression competes with its normal forms and the smallest wins, so
// nothing is expanded that was better factored. A difference that normalizes to 0 is a proof of equality; inequality
// is only claimed on numerical evidence.

import { children, rebuild, sub, type Expr } from "./expr.js";
import { evaluate, type Environment } from "./evaluate.js";
import { constantOf } from "./fraction.js";
import { makeNum } from "./node.js";
import { Normalizer } from "./normal.js";
import { TooLarge } from "./polynomial.js";
import type { Mode } from "./rules.js";

const normalizers: Readonly<Record<Mode, Normalizer>> = {
  exponential: new Normalizer("exponential"),
  expm1: new Normalizer("expm1"),
  proof: new Normalizer("proof"),
};

/**
 * The expression written from its normal form: a quotient of expanded polynomials. `exponential` writes expm1(u) as
 * exp(u) - 1, `expm1` keeps it, `proof` also writes out functions whose definitions cancel numerically. Undefined
 * when the form is too large or has no meaning (division by zero, infinities).
 */
export function normalForm(e: Expr, mode: Mode = "exponential"): Expr | undefined {
  return guarded(() => normalizers[mode].expression(e));
}

function guarded<T>(compute: () => T): T | undefined {
  try {
    return compute();
  } catch (error) {
    if (error instanceof TooLarge) return undefined;
    throw error;
  }
}

const costs = new WeakMap<Expr, number>();

/** What the eye and the evaluator pay for an expression. */
function cost(e: Expr): number {
  let known = costs.get(e);
  if (known === undefined) costs.set(e, (known = findCost(e)));
  return known;
}

function findCost(e: Expr): number {
  const parts = children(e).reduce((sum, child) => sum + cost(child), 0);
  switch (e.kind) {
    case "num": {
      const { n, d } = e.value;
      const digits = n.toString().length + d.toString().length;
      return (n === -1n && d === 1n ? 0.5 : d === 1n ? 1 : 1.5) + (digits > 4 ? digits / 4 : 0);
    }
    case "real":
    case "sym":
      return 1;
    case "sum":
      return parts + e.terms.length - 1;
    case "product":
      return parts + (e.factors.length - 1) / 2;
    case "power":
      return e.exponent.kind === "num" ? cost(e.base) + 1 : parts + 1;
    case "fn":
    case "binder":
      return parts + 2;
    default:
      return e satisfies never;
  }
}

const simplified = new WeakMap<Expr, Expr>();
const maxRounds = 8;

/** A simplest known expression of the same value. Idempotent; the result for an expression never depends on history. */
export function simplify(e: Expr): Expr {
  const known = simplified.get(e);
  if (known !== undefined) return known;
  let current = e;
  // Every round that changes the expression makes it cheaper, except the first, which only canonicalizes children.
  for (let round = 0; round < maxRounds; round++) {
    const next = cheapest(current);
    if (next === current) break;
    current = next;
  }
  simplified.set(e, current);
  return current;
}

function cheapest(e: Expr): Expr {
  const parts = children(e);
  const inner = e.kind === "binder" ? [e.variable, ...parts.slice(1).map(simplify)] : parts.map(simplify);
  let best = parts.length === 0 ? e : rebuild(e, inner);
  if (parts.length === 0) return best;
  const proven = guarded(() => constantOf(normalizers.proof.of(best)));
  if (proven !== undefined && best.kind !== "num" && isExact(best)) return makeNum(proven);
  for (const mode of ["exponential", "expm1"] as const) {
    const start = best;
    for (const candidate of [
      guarded(() => normalizers[mode].expression(start)),
      guarded(() => normalizers[mode].expandedExpression(start)),
    ]) {
      if (candidate !== undefined && cost(candidate) < cost(best)) best = candidate;
    }
  }
  return best;
}

/** Doubles are exact in proofs, but a rational number made of them is not what their owner wrote. */
function isExact(e: Expr): boolean {
  return e.kind === "real" ? false : children(e).every(isExact);
}

/** Points at which two expressions are compared before they are called different. */
const samplePoints = 12;
const clearlyApart = 1e-8;

/**
 * Whether two expressions are the same function of their symbols (positive where data.positive says so). Symbols are
 * independent of each other here; substitute known relations first. `equal` is proved, `different` is measured.
 */
export function proveEqual(a: Expr, b: Expr): "equal" | "different" | "unknown" {
  if (a === b) return "equal";
  const difference = guarded(() => normalizers.proof.of(sub(a, b)));
  if (difference?.num.size === 0) return "equal";
  let apart = 0;
  for (let i = 0; i < samplePoints; i++) {
    const env = samplePoint(i);
    const x = evaluate(a, env);
    const y = evaluate(b, env);
    if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
    if (Math.abs(x - y) > clearlyApart * (Math.abs(x) + Math.abs(y) + 1e-300)) apart++;
  }
  return apart >= 2 ? "different" : "unknown";
}

/** FNV-1a with a final mix: a reproducible number in [0, 1) for a text. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return ((h ^ (h >>> 15)) >>> 0) / 2 ** 32;
}

/** Rational values (multiples of 1/1024) for all symbols; unknown functions get arbitrary but consistent values. */
function samplePoint(seed: number): Environment {
  return {
    symbol: (s) => {
      const size = Math.round(64 + 2048 * hash(`${seed} ${s.key}`)) / 1024;
      return s.data["positive"] === true || seed % 2 === 0 || hash(`sign ${seed} ${s.key}`) < 0.5
        ? size
        : -size;
    },
    call: (name, args) => 0.25 + hash(`${name}(${args.map((x) => x.toPrecision(10)).join()})`),
  };
}
