// Owns: the named rewrite rules of the normal form, as data. A definition rule replaces a function by others; a power
// rule replaces the n-th power of an atom. Each rule keeps the value wherever its left side has one, except that
// `phi-as-exponential` is 0/0 at z = 0; it only serves proofs, which are about functions and not about points.

import { add, div, fn, mul, neg, num, one, pow, sub, type Expr, type Fn } from "./expr.js";
import { smallInteger } from "./node.js";
import { factorial } from "./phi.js";

/** What a normal form is for: see `normalForm` in simplify.ts. */
export type Mode = "exponential" | "expm1" | "proof";

export interface DefinitionRule {
  readonly name: string;
  readonly functions: readonly string[];
  /** Modes the rule works in. Most definitions cancel numerically and are for proofs only. */
  readonly modes: readonly Mode[];
  rewrite(args: readonly Expr[]): Expr | undefined;
}

export interface PowerRule {
  readonly name: string;
  readonly functions: readonly string[];
  readonly degree: number;
  /** The value of atom^degree. */
  rewrite(atom: Fn): Expr;
  /** Whether a lone power is better left alone: cos(u)^2 should not turn into 1 - sin(u)^2 without need. */
  readonly onlyInSums: boolean;
}

const square = (e: Expr): Expr => pow(e, num(2));

export const definitionRules: readonly DefinitionRule[] = [
  {
    name: "expm1-as-exponential", // expm1(u) = exp(u) - 1, so expm1(-log a) = 1/a - 1
    functions: ["expm1"],
    modes: ["exponential", "proof"],
    rewrite: ([u]) => sub(fn("exp", u!), one),
  },
  {
    name: "log1p-as-log",
    functions: ["log1p"],
    modes: ["proof"],
    rewrite: ([u]) => fn("log", add(one, u!)),
  },
  {
    name: "log2-as-log",
    functions: ["log2"],
    modes: ["proof"],
    rewrite: ([u]) => div(fn("log", u!), fn("log", num(2))),
  },
  {
    name: "tan-as-sine-over-cosine",
    functions: ["tan"],
    modes: ["proof"],
    rewrite: ([u]) => div(fn("sin", u!), fn("cos", u!)),
  },
  {
    name: "logistic-as-exponential",
    functions: ["logistic"],
    modes: ["proof"],
    rewrite: ([u]) => div(one, add(one, fn("exp", neg(u!)))),
  },
  {
    name: "hypot-as-root",
    functions: ["hypot"],
    modes: ["proof"],
    rewrite: (args) => fn("sqrt", add(...args.map(square))),
  },
  {
    name: "clamp-as-min-max",
    functions: ["clamp"],
    modes: ["proof"],
    rewrite: ([x, low, high]) => fn("min", fn("max", x!, low!), high!),
  },
  {
    name: "phi-as-exponential", // phi_k(z) = (e^z - sum_{j<k} z^j/j!)/z^k
    functions: ["phi"],
    modes: ["proof"],
    rewrite: ([order, z]) => {
      const k = smallInteger(order!);
      if (k === undefined || k < 1 || k > 12) return undefined;
      const terms = Array.from({ length: k }, (_, j) => div(pow(z!, num(j)), num(factorial(j))));
      return mul(sub(fn("exp", z!), add(...terms)), pow(z!, num(-k)));
    },
  },
];

export const powerRules: readonly PowerRule[] = [
  {
    name: "sine-and-cosine", // cos(u)^2 = 1 - sin(u)^2
    functions: ["cos"],
    degree: 2,
    rewrite: (atom) => sub(one, square(fn("sin", atom.args[0]!))),
    onlyInSums: true,
  },
  {
    name: "square-of-absolute",
    functions: ["abs"],
    degree: 2,
    rewrite: (atom) => square(atom.args[0]!),
    onlyInSums: false,
  },
  {
    name: "truth-is-idempotent", // comparisons are 0 or 1
    functions: ["lt", "le", "eq", "ne", "and", "or", "not"],
    degree: 2,
    rewrite: (atom) => atom,
    onlyInSums: false,
  },
];

const definitions = new Map(definitionRules.flatMap((r) => r.functions.map((f) => [f, r] as const)));
const powers = new Map(powerRules.flatMap((r) => r.functions.map((f) => [f, r] as const)));

/** The function replaced by its definition, when a rule says so in this mode. */
export function applyDefinition(e: Fn, mode: Mode): Expr | undefined {
  const rule = definitions.get(e.name);
  return rule?.modes.includes(mode) === true ? rule.rewrite(e.args) : undefined;
}

export function powerRuleFor(atom: Expr): PowerRule | undefined {
  return atom.kind === "fn" ? powers.get(atom.name) : undefined;
}
