// Owns: the verbs of a step: jump, renoise, integrate. Each becomes a linear combination of graph nodes with scalar
// coefficients (language reference, section 6; mathematics.md, sections 1 and 3).

import { div, fn, isZero, mul, neg, num, one, pow, sub, type Expr } from "../algebra/expr.js";
import { fail } from "../diagnostics/report.js";
import type { Level, Point } from "../graph/level.js";
import { quantity } from "../graph/quantity.js";
import { constantLinear, isConstantLinear, plus, scale, type Linear } from "../graph/node.js";
import type { CallExpr, Expression } from "../syntax/ast.js";
import { evaluate, levelKey, levelName, toTensor } from "./expression.js";
import type { Frame } from "./frame.js";
import { integrate } from "./integrate.js";
import { arrow } from "./points.js";
import type { Scope } from "./scope.js";
import { tensorValue, type Value } from "./value.js";
import { argument, checkNames, noiseOf } from "./verbArguments.js";

type Verb = (frame: Frame, node: CallExpr, scope: Scope, seq: number) => Value;

const alpha = (level: Level): Expr => quantity("alpha", level);
const sigma = (level: Level): Expr => quantity("sigma", level);
const square = (e: Expr): Expr => pow(e, num(2));
const root = (e: Expr): Expr => pow(e, num("0.5"));
/** A variance that rounding may push below zero. */
const variance = (e: Expr): Expr => (isZero(e) ? e : fn("max", num(0), e));

/** jump(p -> q, x0: A, eps: B, eta: e, noise: z): DDIM with its noise (Song et al. 2021, eq. 12 and 16). */
const jump: Verb = (frame, node, scope, seq) => {
  checkNames(node, ["x0", "eps", "eta", "noise"]);
  const { from, to } = arrow(node, scope, seq, frame.step);
  const { step } = frame;
  const slot = (name: "x0" | "eps"): Linear => {
    const given = argument(node, name);
    if (given) return toTensor(evaluate(given, scope, seq, step), given.span).value;
    const view = frame.viewAt(name, from, node.span, seq);
    return toTensor(view, node.span).value;
  };
  const etaArg = argument(node, "eta");
  const eta: Value = etaArg ? evaluate(etaArg, scope, seq, step) : { kind: "number", expr: num(0) };
  const [p, q] = [from.level, to.level];
  // 1 - (ratio)^2 is the part of the variance at q that fresh noise may take.
  const ratio = square(div(mul(alpha(p), sigma(q)), mul(alpha(q), sigma(p))));
  const base = plus(scale(slot("x0"), alpha(q)), step.conversions.known(q));
  const others = step.conversions.endpointNames.filter((name) => name !== "x0" && name !== "eps");
  if (others.length > 0)
    fail("D0990", "`jump` on a path with a further unknown endpoint is not yet supported", { at: node.span });
  const form = etaArg ? toTensor(eta, etaArg.span).value : constantLinear(num(0));
  if (isConstantLinear(form)) {
    const e = form.constant;
    if (isZero(e)) return tensorValue(plus(base, scale(slot("eps"), sigma(q))), q);
    const z =
      noiseOf(node, scope, seq, frame) ??
      fail("D0220", "`jump` with `eta:` needs `noise:`", {
        at: node.span,
        help: "declare `noise z` in the solver and pass `noise: z`",
      });
    const kept = root(variance(sub(one, mul(square(e), variance(sub(one, ratio))))));
    const fresh = mul(e, sigma(q), root(variance(sub(one, ratio))));
    return tensorValue(plus(base, scale(slot("eps"), mul(sigma(q), kept)), scale(z, fresh)), q);
  }
  // eta is a tensor (a map in [0, 1]): the same with pointwise coefficients.
  const z =
    noiseOf(node, scope, seq, frame) ?? fail("D0220", "`jump` with `eta:` needs `noise:`", { at: node.span });
  const graph = step.graph;
  const fresh = scale(form, mul(sigma(q), root(variance(sub(one, ratio)))));
  const kept = graph.map("sqrt", [
    graph.map("max", [
      plus(constantLinear(square(sigma(q))), scale(graph.map("mul", [fresh, fresh]), num(-1))),
      constantLinear(num(0)),
    ]),
  ]);
  return tensorValue(plus(base, graph.map("mul", [kept, slot("eps")]), graph.map("mul", [fresh, z])), q);
};

/** renoise(p -> q, A, noise: z): the forward kernel from p up to q; A defaults to x[p]. */
const renoise: Verb = (frame, node, scope, seq) => {
  checkNames(node, ["noise"]);
  const { from, to } = arrow(node, scope, seq, frame.step);
  const z =
    noiseOf(node, scope, seq, frame) ??
    fail("D0220", "`renoise` needs `noise:`", {
      at: node.span,
      help: "declare `noise z` in the solver and pass `noise: z`",
    });
  const given = node.args.find((arg) => !arg.name && !arg.to)?.value;
  const form = given
    ? toTensor(evaluate(given, scope, seq, frame.step), given.span)
    : frame.xAt(from, node.span, seq);
  if (given) checkLevel(form.level, from, given);
  const { known } = { known: (level: Level) => frame.step.conversions.known(level) };
  const [p, q] = [from.level, to.level];
  if (p.kind === "clean")
    return tensorValue(plus(scale(form.value, alpha(q)), scale(z, sigma(q)), known(q)), q);
  const shrink = div(alpha(q), alpha(p));
  const spread = root(variance(sub(square(sigma(q)), mul(square(shrink), square(sigma(p))))));
  return tensorValue(
    plus(scale(form.value, shrink), known(q), scale(known(p), neg(shrink)), scale(z, spread)),
    q,
  );
};

function checkLevel(level: ReturnType<typeof toTensor>["level"], from: Point, given: Expression): void {
  const ok =
    level === "free" || (from.level.kind === "clean" ? level === "data" : levelKey(level) === from.level.key);
  if (!ok)
    fail(
      "D0301",
      `\`renoise\` starts at ${levelName(from.level)}, but this tensor is at ${levelName(level)}`,
      {
        at: given.span,
        help:
          level === "data"
            ? "data is noised from the clean end: `renoise(clean -> t, ...)`"
            : "start from the tensor's own level",
      },
    );
}

export const verbs: Readonly<Record<string, Verb>> = { jump, renoise, integrate };
