// Owns: the semilinear form of a prediction: with P a linear form in x0 and eps the probability-flow equation
// dx/dt = alpha' x0 + sigma' eps reads dx/dt = A x + B P (mathematics.md, section 1). For eps and x0 the linear part is
// integrated in closed form; for a velocity it is zero; for the rest it is a function of time.

import { add, div, isZero, mul, num, sub, type Expr } from "../algebra/expr.js";
import { proveEqual } from "../algebra/simplify.js";
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

/** P = x0 * (data prediction) + eps * (noise prediction) at NOW. */
export interface LinearForm {
  readonly x0: Expr;
  readonly eps: Expr;
}

/** Reads a linear form off a combination of the unknowns x, x0 and eps; undefined when it holds anything else. */
export function linearForm(value: Linear, conversions: Conversions): LinearForm | undefined {
  const node = (name: string): Node => [...conversions.unknown(name).terms.keys()][0] as Node;
  const known = ["x", "x0", "eps"].map(node);
  if (!isZero(value.constant) || [...value.terms.keys()].some((term) => !known.includes(term)))
    return undefined;
  const part = (name: string): Expr => value.terms.get(node(name)) ?? num(0);
  // x = alpha x0 + sigma eps
  return {
    x0: add(part("x0"), mul(at("alpha"), part("x"))),
    eps: add(part("eps"), mul(at("sigma"), part("x"))),
  };
}

/** Proofs are slow, and a form is met once for every lowering. */
const known = new WeakMap<Expr, Map<Expr, Semilinear>>();

export function semilinear(form: LinearForm, name: string, span: Span): Semilinear {
  const before = known.get(form.x0)?.get(form.eps);
  if (before) return before;
  const result = classify(form, name, span);
  const own = known.get(form.x0) ?? new Map<Expr, Semilinear>();
  known.set(form.x0, own.set(form.eps, result));
  return result;
}

function classify(form: LinearForm, name: string, span: Span): Semilinear {
  const { x0: Q, eps: R } = form;
  const same = (left: Expr, right: Expr): boolean => proveEqual(left, right) === "equal";
  if (same(mul(at("alpha"), R), mul(at("sigma"), Q)))
    return fail("D0306", `\`${name}\` does not depend on the prediction, so it cannot be integrated`, {
      at: span,
      help: "it must contain x0, eps or another view",
    });
  if (same(R, num(0))) return same(Q, num(1)) ? { kind: "x0" } : { kind: "scaled", like: "x0", factor: Q };
  if (same(Q, num(0))) return same(R, num(1)) ? { kind: "eps" } : { kind: "scaled", like: "eps", factor: R };
  // Solved for x0 and eps: with D = alpha R - sigma Q, x0 = (R x - sigma P)/D and eps = (alpha P - Q x)/D.
  const D = sub(mul(at("alpha"), R), mul(at("sigma"), Q));
  const [turnR, turnQ] = [mul(at("alphaDot"), R), mul(at("sigmaDot"), Q)];
  const gain = sub(mul(at("sigmaDot"), at("alpha")), mul(at("alphaDot"), at("sigma")));
  if (same(turnR, turnQ)) return { kind: "velocity", B: same(gain, D) ? num(1) : div(gain, D) };
  return { kind: "general", A: div(sub(turnR, turnQ), D), B: div(gain, D) };
}

/** d(sigma/alpha)/dt and d(alpha/sigma)/dt at NOW. */
export const noiseRate: Expr = at("rhoDot");
export const signalRate: Expr = mul(num(-1), at("rhoDot"), div(num(1), mul(at("rho"), at("rho"))));
