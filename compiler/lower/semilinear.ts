// Owns: the semilinear form of a prediction: with P = a x + b x0 the probability-flow equation
// dx/dt = alpha' x0 + sigma' eps reads dx/dt = A x + B P (mathematics.md, section 1). For eps and x0 the linear part is
// integrated in closed form; for a velocity it is zero; for the rest it is a function of time.

import { add, div, isZero, mul, num, sub, type Expr } from "../algebra/expr.js";
import { proveEqual, simplify } from "../algebra/simplify.js";
import { fail } from "../diagnostics/report.js";
import type { Linear, Node } from "../graph/node.js";
import { quantity } from "../graph/quantity.js";
import type { Span } from "../source/span.js";
import { NOW } from "./forecast.js";
import type { Conversions } from "./prediction.js";

/** How the state between two levels is carried along when P is 0, and what P is multiplied by. */
export type Semilinear =
  /** x/sigma grows by P d(alpha/sigma). */
  | { readonly kind: "x0" }
  /** x/alpha grows by P d(sigma/alpha). */
  | { readonly kind: "eps" }
  /** As x0 or eps, with a factor that depends on the level. */
  | { readonly kind: "scaled"; readonly like: "x0" | "eps"; readonly factor: Expr }
  /** dx/dt = B P. */
  | { readonly kind: "velocity"; readonly B: Expr }
  | { readonly kind: "general"; readonly A: Expr; readonly B: Expr };

const at = (name: Parameters<typeof quantity>[0]): Expr => quantity(name, NOW);

/** Coefficients of P = x * state + x0 * (data prediction) at NOW. */
export interface LinearForm {
  readonly x: Expr;
  readonly x0: Expr;
}

/** Reads a linear form off a combination of the unknowns x, x0 and eps; undefined when it holds anything else. */
export function linearForm(value: Linear, conversions: Conversions): LinearForm | undefined {
  const node = (name: string): Node => [...conversions.unknown(name).terms.keys()][0] as Node;
  const known = ["x", "x0", "eps"].map(node);
  if (!isZero(value.constant) || [...value.terms.keys()].some((term) => !known.includes(term)))
    return undefined;
  const part = (name: string): Expr => value.terms.get(node(name)) ?? num(0);
  const eps = part("eps");
  if (isZero(eps)) return { x: part("x"), x0: part("x0") };
  // eps = (x - alpha x0)/sigma
  return {
    x: add(part("x"), div(eps, at("sigma"))),
    x0: sub(part("x0"), div(mul(eps, at("alpha")), at("sigma"))),
  };
}

export function semilinear(form: LinearForm, name: string, span: Span): Semilinear {
  const { x: a, x0: b } = form;
  const same = (left: Expr, right: Expr): boolean => proveEqual(left, right) === "equal";
  if (same(b, num(0)))
    return fail("D0306", `\`${name}\` does not depend on the prediction, so it cannot be integrated`, {
      at: span,
      help: "it must contain x0, eps or another view",
    });
  if (same(a, num(0))) return same(b, num(1)) ? { kind: "x0" } : { kind: "scaled", like: "x0", factor: b };
  // In terms of eps: P = (a + b/alpha) x - b sigma/alpha eps.
  if (same(mul(a, at("alpha")), mul(num(-1), b))) {
    const factor = simplify(mul(num(-1), b, at("sigma"), div(num(1), at("alpha"))));
    return same(factor, num(1)) ? { kind: "eps" } : { kind: "scaled", like: "eps", factor };
  }
  const sigmaRate = div(at("sigmaDot"), at("sigma"));
  const gain = sub(at("alphaDot"), mul(at("alpha"), sigmaRate));
  // A = sigma'/sigma - gain a/b is zero when a gain = b sigma'/sigma.
  if (same(mul(a, gain), mul(b, sigmaRate)))
    return { kind: "velocity", B: same(gain, b) ? num(1) : div(gain, b) };
  return { kind: "general", A: sub(sigmaRate, div(mul(gain, a), b)), B: div(gain, b) };
}

/** d(sigma/alpha)/dt and d(alpha/sigma)/dt at NOW. */
export const noiseRate: Expr = at("rhoDot");
export const signalRate: Expr = mul(num(-1), at("rhoDot"), div(num(1), mul(at("rho"), at("rho"))));
