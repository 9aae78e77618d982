// Owns: the verbs of a step: jump, renoise, integrate. Each becomes a linear combination of graph nodes with scalar
// coefficients (language reference, section 6; mathematics.md, sections 1 and 3).

import { add, div, fn, isZero, mul, neg, num, one, pow, sub, type Expr } from "../algebra/expr.js";
import { fail } from "../diagnostics/report.js";
import type { Level, Point } from "../graph/level.js";
import { quantity } from "../graph/quantity.js";
import { constantLinear, isConstantLinear, plus, scale, type Linear } from "../graph/node.js";
import type { Argument, CallExpr, Expression } from "../syntax/ast.js";
import { evaluate, levelKey, levelName, toTensor } from "./expression.js";
import { forecastWeight } from "./forecast.js";
import type { Scope } from "./scope.js";
import type { SolverFrame } from "./solver.js";
import { HistoryMissing } from "./template.js";
import { tensorValue, type Value } from "./value.js";

type Verb = (frame: SolverFrame, node: CallExpr, scope: Scope, seq: number) => Value;

const alpha = (level: Level): Expr => quantity("alpha", level);
const sigma = (level: Level): Expr => quantity("sigma", level);
const square = (e: Expr): Expr => pow(e, num(2));
const root = (e: Expr): Expr => pow(e, num("0.5"));
/** A variance that rounding may push below zero. */
const variance = (e: Expr): Expr => (isZero(e) ? e : fn("max", num(0), e));

function argument(node: CallExpr, name: string): Expression | undefined {
  return node.args.find((arg) => arg.name?.text === name)?.value;
}

function checkNames(node: CallExpr, allowed: readonly string[]): void {
  for (const arg of node.args)
    if (arg.name && !allowed.includes(arg.name.text))
      fail("D0220", `\`${calleeName(node)}\` has no argument \`${arg.name.text}\``, {
        at: arg.name.span,
        help: `its arguments are ${allowed.map((name) => `\`${name}:\``).join(", ")}`,
      });
}

const calleeName = (node: CallExpr): string => (node.callee.kind === "Name" ? node.callee.text : "this verb");

/** A draw to be added with a given standard deviation; Brownian increments are divided by their own. */
function noiseOf(node: CallExpr, scope: Scope, seq: number, frame: SolverFrame): Linear | undefined {
  const e = argument(node, "noise");
  if (!e) return undefined;
  const value = evaluate(e, scope, seq, frame.step);
  return value.kind === "increment" ? value.standard : toTensor(value, e.span).value;
}

/** jump(p -> q, x0: A, eps: B, eta: e, noise: z): DDIM with its noise (Song et al. 2021, eq. 12 and 16). */
const jump: Verb = (frame, node, scope, seq) => {
  checkNames(node, ["x0", "eps", "eta", "noise"]);
  const { from, to } = frame.arrow(node, scope, seq);
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
  const { from, to } = frame.arrow(node, scope, seq);
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

/** integrate(p -> q, P, ...): the exact solution along a forecast of the prediction (mathematics.md, section 3). */
const integrate: Verb = (frame, node, scope, seq) => {
  checkNames(node, ["over", "through", "tau", "noise"]);
  const { from, to } = frame.arrow(node, scope, seq);
  const subject = node.args.find((arg) => !arg.name && !arg.to) as Argument | undefined;
  if (!subject)
    return fail("D0220", "`integrate` needs the prediction to integrate: `integrate(s -> t, x0, ...)`", {
      at: node.span,
    });
  const tauArg = argument(node, "tau");
  const tauValue = tauArg ? evaluate(tauArg, scope, seq, frame.step) : undefined;
  if (tauValue && tauValue.kind !== "number")
    return fail("D0302", "`tau:` is a number known before the run", { at: (tauArg as Expression).span });
  const tau = tauValue?.expr ?? num(0);
  const view = viewIn(subject.value, frame);
  const through = argument(node, "through");
  const x = frame.xAt(from, node.span, seq).value;
  const noise = isZero(tau) ? undefined : noiseOf(node, scope, seq, frame);
  if (!isZero(tau) && !noise)
    return fail("D0220", "`integrate` with `tau:` needs `noise:`", { at: node.span });
  const [p, q] = [from.level, to.level];
  if (!through) {
    const value = toTensor(evaluate(subject.value, scope, seq, frame.step), subject.value.span).value;
    return tensorValue(constantForecast(view, value, x, p, q, tau, noise, frame, node), q);
  }
  if (subject.value.kind !== "Name")
    return fail(
      "D0220",
      "with `through:` the prediction is named alone: `integrate(s -> t, x0, over: lambda, through: s-1 .. s)`",
      { at: subject.value.span },
    );
  const over = argument(node, "over");
  const coordinate = over?.kind === "Name" ? over.text : "";
  if (!["lambda", "rho", "time"].includes(coordinate) || !["x0", "eps"].includes(view))
    return fail(
      "D0990",
      "`integrate ... through:` knows x0 and eps over lambda, rho or time; other pairs are not yet supported",
      { at: (over ?? node).span },
    );
  const nodes = nodesOf(through, frame, scope, seq);
  if (!isZero(tau) && (view !== "x0" || coordinate !== "lambda"))
    return fail("D0990", "with `tau:` only x0 over lambda can be integrated through points so far", {
      at: node.span,
    });
  const weights = nodes.map((_, j) =>
    forecastWeight({
      view: view as "x0" | "eps",
      over: coordinate as "lambda" | "rho" | "time",
      from: p,
      to: q,
      nodes: nodes.map((point) => point.level),
      j,
      tau,
    }),
  );
  const terms = nodes.map((point, j) =>
    scale(toTensor(frame.viewAt(view, point, node.span, seq), node.span).value, weights[j] as Expr),
  );
  return tensorValue(plus(linearPart(view, x, p, q, tau, noise), ...terms), q);
};

/** The part of the exact solution that does not depend on the prediction, and its noise. */
function linearPart(
  view: string,
  x: Linear,
  p: Level,
  q: Level,
  tau: Expr,
  noise: Linear | undefined,
): Linear {
  if (view === "eps") return scale(x, div(alpha(q), alpha(p)));
  const h = sub(quantity("lambda", q), quantity("lambda", p));
  const square2 = square(tau);
  const decay = isZero(tau) ? one : fn("exp", neg(mul(square2, h)));
  const kept = scale(x, mul(div(sigma(q), sigma(p)), decay));
  return noise
    ? plus(kept, scale(noise, mul(sigma(q), root(neg(fn("expm1", mul(num(-2), square2, h)))))))
    : kept;
}

function constantForecast(
  view: string,
  value: Linear,
  x: Linear,
  p: Level,
  q: Level,
  tau: Expr,
  noise: Linear | undefined,
  frame: SolverFrame,
  node: CallExpr,
): Linear {
  if (frame.step.conversions.path.endpoints.length > 0)
    return fail("D0990", "`integrate` on a path with further endpoints is not yet supported", {
      at: node.span,
    });
  const h = sub(quantity("lambda", q), quantity("lambda", p));
  const spread = add(one, square(tau));
  switch (view) {
    case "x0":
      return plus(
        linearPart("x0", x, p, q, tau, noise),
        scale(value, neg(mul(alpha(q), fn("expm1", neg(mul(spread, h)))))),
      );
    case "eps": {
      const drift = scale(value, neg(mul(spread, sigma(q), fn("expm1", h))));
      const fresh = noise ? [scale(noise, mul(tau, sigma(q), root(fn("expm1", mul(num(2), h)))))] : [];
      return plus(scale(x, div(alpha(q), alpha(p))), drift, ...fresh);
    }
    case "flow":
      if (isZero(tau)) return plus(x, scale(value, sub(quantity("time", q), quantity("time", p))));
      break;
    default:
      break;
  }
  return fail(
    "D0990",
    `\`integrate\` knows constant forecasts of x0, eps and (without noise) flow; \`${view}\` is not yet supported`,
    { at: node.span },
  );
}

/** The one view that an expression combines. */
function viewIn(e: Expression, frame: SolverFrame): string {
  const found = new Set<string>();
  const visit = (node: Expression): void => {
    switch (node.kind) {
      case "Name":
        if (frame.step.conversions.viewNamed(node.text)) found.add(node.text);
        return;
      case "Index":
        visit(node.object);
        return;
      case "Paren":
        return visit(node.inner);
      case "Binary":
        visit(node.left);
        visit(node.right);
        return;
      case "Unary":
        return visit(node.operand);
      case "Call":
        for (const arg of node.args) visit(arg.value);
        return;
      default:
        return;
    }
  };
  visit(e);
  const [view] = found;
  if (found.size === 1 && view) return view;
  return fail(
    "D0306",
    found.size === 0
      ? "`integrate` needs a prediction such as `x0[s]`"
      : `\`integrate\` needs one view, this combines ${[...found].join(" and ")}`,
    { at: e.span },
  );
}

/** The points named by `through:`; those before the start of the run are left out. */
function nodesOf(through: Expression, frame: SolverFrame, scope: Scope, seq: number): readonly Point[] {
  const value = evaluate(through, scope, seq, frame.step);
  const items = value.kind === "list" ? value.items : [value];
  const points: Point[] = [];
  for (const item of items) {
    if (item.kind !== "point")
      return fail("D0304", "`through:` lists points, for example `s-2 .. s`", { at: through.span });
    const { level } = item.point;
    const past = level.kind === "grid" && level.offset < 0;
    if (past && !frame.step.oracle.history(frame.place, -level.offset)) continue;
    points.push(item.point);
  }
  const keys = points.map((point) => point.level.key);
  const twice = keys.find((key, i) => keys.indexOf(key) !== i);
  if (twice)
    return fail("D0402", `two nodes of \`through:\` lie at ${twice}`, {
      at: through.span,
      help: "each node must lie at its own level",
    });
  if (points.length === 0) throw new HistoryMissing(frame.place, through.span);
  return points;
}

export const verbs: Readonly<Record<string, Verb>> = { jump, renoise, integrate };
