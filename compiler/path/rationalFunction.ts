// Owns: quotients of polynomials in one variable, whose denominators have factors of degree 1 and 2: their partial fractions
// by one linear solve, and the antiderivative of (A t + B)/(a t^2 + b t + c).

import { diff } from "../algebra/diff.js";
import {
  add,
  constant,
  dependsOn,
  div,
  fn,
  isZero,
  mul,
  neg,
  num,
  one,
  pow,
  rationalValue,
  sub,
  substitute,
  type Expr,
  type Sym,
} from "../algebra/expr.js";
import { solveLinear } from "../algebra/linear.js";
import { simplify } from "../algebra/simplify.js";

/** Coefficients in t, lowest first; undefined for what is no polynomial of a degree up to `most`. */
function coefficients(e: Expr, t: Sym, most: number): readonly Expr[] | undefined {
  const found: Expr[] = [];
  let rest = e;
  for (let k = 0; k <= most; k += 1) {
    if (isZero(rest)) return found;
    const start = simplify(substitute(rest, (s) => (s === t ? num(0) : undefined)));
    if (!Number.isFinite(constant(start) ?? 0)) return undefined;
    found.push(div(start, fn("factorial", num(k))));
    rest = simplify(diff(rest, t));
  }
  return isZero(rest) ? found : undefined;
}

interface Denominator {
  readonly base: Expr;
  readonly degree: number;
  readonly power: number;
}

const largest = 8;

/** The product of the factors as a sum of polynomials and simple fractions; undefined when it is no such quotient. */
export function partialFractions(factors: readonly Expr[], t: Sym): readonly Expr[] | undefined {
  const above: Expr[] = [];
  const below: Denominator[] = [];
  for (const factor of factors) {
    const exponent = factor.kind === "power" ? rationalValue(factor.exponent) : undefined;
    if (factor.kind !== "power" || exponent === undefined || exponent.d !== 1n || exponent.n > 0n) {
      above.push(factor);
      continue;
    }
    const degree = (coefficients(factor.base, t, 2)?.length ?? 0) - 1;
    if (degree < 1) return undefined;
    below.push({ base: factor.base, degree, power: Number(-exponent.n) });
  }
  const total = below.reduce((sum, { degree, power }) => sum + degree * power, 0);
  if (below.length === 0 || total > largest) return undefined;
  const numerator = coefficients(mul(...above, one), t, largest);
  if (!numerator) return undefined;
  const [single] = below;
  // Already a simple fraction: there is nothing to take apart.
  if (
    below.length === 1 &&
    single &&
    (single.power === 1 || single.degree === 1) &&
    numerator.length <= single.degree
  )
    return undefined;

  const whole = mul(...below.map(({ base, power }) => pow(base, num(power))));
  const size = Math.max(numerator.length, total);
  const powers = (count: number): readonly Expr[] => Array.from({ length: count }, (_, k) => pow(t, num(k)));
  const parts = [
    ...powers(size - total),
    ...below.flatMap(({ base, degree, power }) =>
      Array.from({ length: power }, (_, k) => pow(base, num(-k - 1))).flatMap((simple) =>
        powers(degree).map((p) => mul(p, simple)),
      ),
    ),
  ];
  const columns = parts.map((part) => coefficients(simplify(mul(part, whole)), t, size));
  if (columns.some((column) => column === undefined)) return undefined;
  const matrix = Array.from({ length: size }, (_, row) => columns.map((column) => column?.[row] ?? num(0)));
  const right = Array.from({ length: size }, (_, row) => numerator[row] ?? num(0));
  const solution = solveLinear(matrix, right);
  return solution?.map((a, i) => mul(simplify(a), parts[i] as Expr)).filter((part) => !isZero(part));
}

/** The antiderivative of (A t + B)/(a t^2 + b t + c), or of a multiple of 1/(a t^2 + b t + c). */
export function ofQuadratic(e: Expr, t: Sym): Expr | undefined {
  const factors = e.kind === "product" ? e.factors : [e];
  const below = factors.find(
    (factor) => factor.kind === "power" && rationalValue(factor.exponent)?.n === -1n,
  );
  if (below?.kind !== "power" || rationalValue(below.exponent)?.d !== 1n) return undefined;
  const q = coefficients(below.base, t, 2);
  const p = coefficients(mul(...factors.filter((factor) => factor !== below), one), t, 1);
  if (q?.length !== 3 || !p) return undefined;
  const [c, b, a] = q as [Expr, Expr, Expr];
  const [B, A] = [p[0] ?? num(0), p[1] ?? num(0)];
  const logarithm = mul(div(A, mul(num(2), a)), fn("log", fn("abs", below.base)));
  const rest = simplify(sub(B, div(mul(A, b), mul(num(2), a))));
  if (isZero(rest)) return logarithm;
  const slope = add(mul(num(2), a, t), b);
  const discriminant = simplify(sub(mul(num(4), a, c), mul(b, b)));
  const sign = constant(discriminant);
  if (sign === undefined || dependsOn(discriminant, t)) return undefined;
  if (sign === 0) return add(logarithm, mul(rest, div(num(-2), slope)));
  const root = pow(sign > 0 ? discriminant : neg(discriminant), num("0.5"));
  const arc =
    sign > 0
      ? div(mul(num(2), fn("atan", div(slope, root))), root)
      : div(fn("log", fn("abs", div(sub(slope, root), add(slope, root)))), root);
  return add(logarithm, mul(rest, arc));
}
