// Owns: the rules applied when a function node is made: constants fold where the result is exact, special values and
// inverse pairs disappear, lerp and sqrt become arithmetic. Functions without rules stay opaque.

import { add, div, expOf, isPositive, mul, neg, pow, real, splitCoefficient, sub } from "./arithmetic.js";
import { constant } from "./evaluate.js";
import {
  compareExpr,
  half,
  isZero,
  makeFn,
  makeNum,
  one,
  rationalValue,
  smallInteger,
  zero,
  type Expr,
} from "./node.js";
import * as Q from "./rational.js";
import { rational, type Rational } from "./rational.js";

type Rule = (args: readonly Expr[]) => Expr | undefined;

/** `fn(name, args)` in canonical form. */
export function fn(name: string, ...args: Expr[]): Expr {
  return rules.get(name)?.(args) ?? makeFn(name, args);
}

const truth = (b: boolean): Expr => (b ? one : zero);

/**
 * The sign of a constant difference. Rationals decide exactly; other constants only when they are clearly apart, since
 * a rounded 0 proves nothing.
 */
function knownSign(difference: Expr): -1 | 0 | 1 | undefined {
  const exact = rationalValue(difference);
  if (exact !== undefined) return Q.sign(exact);
  const value = constant(difference);
  if (value === undefined || Number.isNaN(value)) return undefined;
  const parts = difference.kind === "sum" ? difference.terms : [difference];
  const size = parts.reduce((m, t) => Math.max(m, Math.abs(constant(t) ?? 0)), 0);
  return Math.abs(value) > 1e-12 * size || value === Infinity || value === -Infinity
    ? (Math.sign(value) as -1 | 1)
    : undefined;
}

function comparison(decide: (sign: -1 | 0 | 1) => boolean): Rule {
  return ([a, b]) => {
    const sign = knownSign(sub(a!, b!));
    return sign === undefined ? undefined : truth(decide(sign));
  };
}

function knownTruth(e: Expr): boolean | undefined {
  const value = constant(e);
  return value === undefined || Number.isNaN(value) ? undefined : value !== 0;
}

/** `and` and `or`: the absorbing constant decides, the other one disappears; operands are a set. */
function logical(name: "and" | "or", absorbing: boolean): Rule {
  return (args) => {
    const open: Expr[] = [];
    for (const arg of args) {
      const known = knownTruth(arg);
      if (known === absorbing) return truth(absorbing);
      if (known === undefined) open.push(arg);
    }
    if (open.length === 0) return truth(!absorbing);
    return makeFn(name, [...new Set(open)].sort(compareExpr));
  };
}

/** Rational arguments fold into one, nested calls flatten, operands are a set. */
function extreme(name: "min" | "max"): Rule {
  return (args) => {
    const flat = args.flatMap((a) => (a.kind === "fn" && a.name === name ? a.args : [a]));
    let best: Rational | undefined;
    const open = new Set<Expr>();
    for (const arg of flat) {
      const value = rationalValue(arg);
      if (value === undefined) open.add(arg);
      else if (best === undefined || Q.compare(value, best) === (name === "min" ? -1 : 1)) best = value;
    }
    const kept = [...open, ...(best === undefined ? [] : [makeNum(best)])].sort(compareExpr);
    return kept.length === 1 ? kept[0] : makeFn(name, kept);
  };
}

/** Whether the coefficient in front is negative: -x, -2*x*y. For odd and even functions. */
function isNegated(e: Expr): boolean {
  if (e.kind === "sum") return Q.sign(splitCoefficient(e.terms[0]!)[0]) < 0;
  return Q.sign(splitCoefficient(e)[0]) < 0;
}

function odd(name: string): Rule {
  return ([x]) => {
    if (isZero(x!)) return zero;
    return isNegated(x!) ? neg(makeFn(name, [neg(x!)])) : undefined;
  };
}

function rounding(round: (x: Rational) => bigint): Rule {
  return ([x]) => {
    const value = rationalValue(x!);
    return value === undefined ? undefined : makeNum(rational(round(value)));
  };
}

function roundRational(x: Rational): bigint {
  const below = Q.floor(x);
  const rest = Q.sub(x, rational(below));
  const side = Q.compare(rest, rational(1, 2));
  if (side !== 0) return side > 0 ? below + 1n : below;
  return below + (((below % 2n) + 2n) % 2n);
}

function factorialOf(n: number): Expr {
  let value = 1n;
  for (let i = 2n; i <= BigInt(n); i++) value *= i;
  return makeNum(rational(value));
}

const ruleTable: Readonly<Record<string, Rule>> = {
  exp: ([x]) => expOf(x!),
  expm1: ([x]) => (isZero(x!) ? zero : undefined),
  log: ([x]) => {
    if (x === one) return zero;
    if (x!.kind === "fn" && x!.name === "exp") return x!.args[0];
    if (isZero(x!)) return real(-Infinity);
    return undefined;
  },
  log1p: ([x]) => (isZero(x!) ? zero : undefined),
  log2: ([x]) => {
    const value = rationalValue(x!);
    if (value === undefined || value.n <= 0n) return undefined;
    const exponent = value.n.toString(2).length - value.d.toString(2).length;
    const power = Q.pow(rational(2), exponent);
    return Q.equals(power, value) ? makeNum(rational(exponent)) : undefined;
  },
  sqrt: ([x]) => pow(x!, half),
  sin: odd("sin"),
  tan: odd("tan"),
  atan: odd("atan"),
  cos: ([x]) => {
    if (isZero(x!)) return one;
    return isNegated(x!) ? makeFn("cos", [neg(x!)]) : undefined;
  },
  atan2: ([y, x]) => (isZero(y!) && isPositive(x!) ? zero : undefined),
  abs: ([x]) => {
    if (isZero(x!) || isPositive(x!)) return x;
    const [c, rest] = splitCoefficient(x!);
    if (isPositive(rest)) return mul(makeNum(absolute(c)), rest);
    if (rest.kind === "fn" && rest.name === "abs") return mul(makeNum(absolute(c)), rest);
    if (rest.kind === "sum" && isNegated(rest)) return mul(makeNum(absolute(c)), makeFn("abs", [neg(rest)]));
    return rest === x ? undefined : mul(makeNum(absolute(c)), makeFn("abs", [rest]));
  },
  min: extreme("min"),
  max: extreme("max"),
  floor: rounding(Q.floor),
  round: rounding(roundRational),
  mod: ([a, b]) => {
    const x = rationalValue(a!);
    const y = rationalValue(b!);
    if (x === undefined || y === undefined || y.n === 0n) return undefined;
    return makeNum(Q.sub(x, Q.mul(y, rational(Q.floor(Q.div(x, y))))));
  },
  clamp: ([x, low, high]) => {
    if (low === high) return low;
    const under = knownSign(sub(x!, low!));
    const over = knownSign(sub(x!, high!));
    if (under === undefined || over === undefined) return undefined;
    return over > 0 ? high : under < 0 ? low : x;
  },
  lerp: ([a, b, u]) => add(a!, mul(sub(b!, a!), u!)),
  where: ([c, a, b]) => {
    if (a === b) return a;
    const known = knownTruth(c!);
    return known === undefined ? undefined : known ? a : b;
  },
  factorial: ([n]) => {
    const k = smallInteger(n!);
    return k !== undefined && k >= 0 && k <= 170 ? factorialOf(k) : undefined;
  },
  phi: ([k, z]) => {
    const order = smallInteger(k!);
    if (order === 0) return expOf(z!);
    if (order !== undefined && order > 0 && order <= 170 && isZero(z!)) return div(one, factorialOf(order));
    return undefined;
  },
  logistic: ([x]) => (isZero(x!) ? half : undefined),
  lt: comparison((s) => s < 0),
  le: comparison((s) => s <= 0),
  gt: ([a, b]) => fn("lt", b!, a!),
  ge: ([a, b]) => fn("le", b!, a!),
  eq: symmetric(
    "eq",
    comparison((s) => s === 0),
  ),
  ne: symmetric(
    "ne",
    comparison((s) => s !== 0),
  ),
  and: logical("and", false),
  or: logical("or", true),
  not: ([x]) => {
    const known = knownTruth(x!);
    if (known !== undefined) return truth(!known);
    return x!.kind === "fn" ? negatedComparison(x!.name, x!.args) : undefined;
  },
};

// A map, because names come from files: `constructor` must not find what every object has.
const rules: ReadonlyMap<string, Rule> = new Map(Object.entries(ruleTable));

/** Operands in canonical order, for relations that do not depend on it. */
function symmetric(name: string, rule: Rule): Rule {
  return (args) => rule(args) ?? makeFn(name, [...args].sort(compareExpr));
}

// `not (a < b)` is not `b <= a` when one of them is NaN, but comparisons with NaN have no meaning in the language.
function negatedComparison(name: string, [a, b]: readonly Expr[]): Expr | undefined {
  if (name === "lt") return makeFn("le", [b!, a!]);
  if (name === "le") return makeFn("lt", [b!, a!]);
  if (name === "eq") return makeFn("ne", [a!, b!]);
  return name === "ne" ? makeFn("eq", [a!, b!]) : undefined;
}

function absolute(x: Rational): Rational {
  return x.n < 0n ? Q.neg(x) : x;
}
