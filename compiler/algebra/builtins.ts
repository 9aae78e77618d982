// Owns: the float64 meaning of every built-in function, by name. IEEE infinities flow through. Comparisons and logic
// are 0/1-valued. Names in `derived` never come from users: stable.ts writes them where the plain form would cancel.

import { betaQuantile } from "./beta.js";
import { factorial, phi } from "./phi.js";

type Numeric = (...args: number[]) => number;

const truth = (b: boolean): number => (b ? 1 : 0);

/** Ties go to the even neighbour, as in IEEE 754, NumPy and PyTorch (which timestep lists are rounded by). */
export function roundHalfEven(x: number): number {
  const below = Math.floor(x);
  const rest = x - below;
  if (rest !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

/** The remainder with the sign of the divisor: mod(-1, 3) = 2. */
export function floorMod(a: number, b: number): number {
  const r = a % b;
  return r !== 0 && r < 0 !== b < 0 ? r + b : r;
}

export function logistic(x: number): number {
  // Both forms are exact in the limit they serve, and neither overflows to NaN.
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

const language: Readonly<Record<string, Numeric>> = {
  pi: () => Math.PI,
  exp: Math.exp,
  expm1: Math.expm1,
  log: Math.log,
  log1p: Math.log1p,
  log2: Math.log2,
  sqrt: Math.sqrt,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  atan: Math.atan,
  atan2: Math.atan2,
  hypot: Math.hypot,
  abs: Math.abs,
  min: Math.min,
  max: Math.max,
  floor: Math.floor,
  round: roundHalfEven,
  mod: floorMod,
  clamp: (x, low, high) => Math.min(Math.max(x!, low!), high!),
  where: (c, a, b) => (c !== 0 ? a! : b!),
  factorial,
  phi,
  logistic,
  lt: (a, b) => truth(a! < b!),
  le: (a, b) => truth(a! <= b!),
  eq: (a, b) => truth(a === b),
  ne: (a, b) => truth(a !== b),
  and: (...args) => truth(args.every((x) => x !== 0)),
  or: (...args) => truth(args.some((x) => x !== 0)),
  not: (x) => truth(x === 0),
  beta_quantile: betaQuantile,
};

const derived: Readonly<Record<string, Numeric>> = {
  /** exp(u) - exp(v), given also u - v, which the caller knows without rounding the large parts of u and v. */
  exp_difference: (u, v, difference) => {
    if (difference! <= 0) return Math.exp(v!) * Math.expm1(difference!);
    if (difference! > 0) return -Math.exp(u!) * Math.expm1(-difference!);
    return Math.exp(u!) - Math.exp(v!);
  },
  /** log(1 - e^u) (Maechler, Accurately computing log(1 - exp(-|a|)), 2012: switch at -log 2). */
  log1mexp: (u) => (u! > -Math.LN2 ? Math.log(-Math.expm1(u!)) : Math.log1p(-Math.exp(u!))),
};

const all = new Map<string, Numeric>([...Object.entries(language), ...Object.entries(derived)]);

/** The numeric function of this name, if it is built in. */
export function builtin(name: string): Numeric | undefined {
  return all.get(name);
}
