// Owns: solving formula(variable) = value for the variable by undoing the formula's outermost functions. All real
// candidates are returned; the caller picks the one on its branch. Formulas it cannot undo give none.

import { constant, symbols, type Expr, type Sym } from "../algebra/expr.js";

/** Real solutions, possibly none, possibly spurious by branch (the caller checks them in the formula). */
export function invert(formula: Expr, variable: Sym, value: number): readonly number[] {
  if (formula === variable) return [value];
  if (!symbols(formula).has(variable)) return [];
  switch (formula.kind) {
    case "sum":
      return invertSum(formula.terms, variable, value);
    case "product": {
      const dependent = formula.factors.filter((factor) => symbols(factor).has(variable));
      const rest = productOf(formula.factors.filter((factor) => !symbols(factor).has(variable)));
      const [only] = dependent;
      if (dependent.length !== 1 || !only || rest === undefined || rest === 0) return [];
      return invert(only, variable, value / rest);
    }
    case "power": {
      const exponent = constant(formula.exponent);
      if (exponent !== undefined)
        return powerRoots(value, exponent).flatMap((root) => invert(formula.base, variable, root));
      const base = constant(formula.base);
      return base !== undefined && base > 0 && value > 0
        ? invert(formula.exponent, variable, Math.log(value) / Math.log(base))
        : [];
    }
    case "fn": {
      const [argument] = formula.args;
      const undo = inverses[formula.name];
      if (formula.args.length !== 1 || !argument || !undo) return [];
      return undo(value)
        .filter(Number.isFinite)
        .flatMap((inner) => invert(argument, variable, inner));
    }
    default:
      return [];
  }
}

const inverses: Readonly<Record<string, (v: number) => readonly number[]>> = {
  exp: (v) => [Math.log(v)],
  expm1: (v) => [Math.log1p(v)],
  log: (v) => [Math.exp(v)],
  log1p: (v) => [Math.expm1(v)],
  sin: (v) => [Math.asin(v), Math.PI - Math.asin(v)],
  cos: (v) => [Math.acos(v), -Math.acos(v)],
  tan: (v) => [Math.atan(v)],
  atan: (v) => [Math.tan(v)],
};

function powerRoots(value: number, exponent: number): readonly number[] {
  const root = Math.pow(Math.abs(value), 1 / exponent);
  if (Number.isInteger(exponent) && exponent % 2 === 0) return value < 0 ? [] : [root, -root];
  if (Number.isInteger(exponent)) return [Math.sign(value) * root];
  return value < 0 ? [] : [root];
}

/** A sum with one dependent term, or a quadratic in the variable. */
function invertSum(terms: readonly Expr[], variable: Sym, value: number): readonly number[] {
  const free = terms.filter((term) => !symbols(term).has(variable));
  const dependent = terms.filter((term) => symbols(term).has(variable));
  const offset = free.reduce<number | undefined>((sum, term) => {
    const number = constant(term);
    return sum === undefined || number === undefined ? undefined : sum + number;
  }, 0);
  if (offset === undefined) return [];
  const [only] = dependent;
  if (dependent.length === 1 && only) return invert(only, variable, value - offset);
  const quadratic = quadraticOf(dependent, variable);
  if (!quadratic) return [];
  const { a, b } = quadratic;
  const c = offset - value;
  const discriminant = b * b - 4 * a * c;
  if (discriminant < 0) return [];
  const q = -(b + (b < 0 ? -1 : 1) * Math.sqrt(discriminant)) / 2;
  return q === 0 ? [0] : [q / a, c / q];
}

function quadraticOf(terms: readonly Expr[], variable: Sym): { a: number; b: number } | undefined {
  let a = 0;
  let b = 0;
  for (const term of terms) {
    const factors = term.kind === "product" ? term.factors : [term];
    const dependent = factors.filter((factor) => symbols(factor).has(variable));
    const coefficient = productOf(factors.filter((factor) => !symbols(factor).has(variable)));
    const [only] = dependent;
    if (dependent.length !== 1 || !only || coefficient === undefined) return undefined;
    if (only === variable) b += coefficient;
    else if (only.kind === "power" && only.base === variable && constant(only.exponent) === 2)
      a += coefficient;
    else return undefined;
  }
  return a === 0 ? undefined : { a, b };
}

function productOf(factors: readonly Expr[]): number | undefined {
  return factors.reduce<number | undefined>((product, factor) => {
    const number = constant(factor);
    return product === undefined || number === undefined ? undefined : product * number;
  }, 1);
}
