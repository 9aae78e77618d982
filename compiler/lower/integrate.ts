// Owns: the verb `integrate`: the exact solution of the probability-flow equation (or, with `tau:`, of the reverse SDE)
// from one point to another when a prediction is replaced by a curve: a constant, or the polynomial in any coordinate
// through given points (mathematics.md, sections 1 and 3; for tau, SA-Solver, Xue et al. 2023, proposition 4.2).

import { add, div, fn, isZero, mul, neg, num, one, pow, sub, type Expr } from "../algebra/expr.js";
import { fail } from "../diagnostics/report.js";
import type { Level, Point } from "../graph/level.js";
import { quantity } from "../graph/quantity.js";
import { plus, scale, type Linear } from "../graph/node.js";
import type { Argument, CallExpr, Expression } from "../syntax/ast.js";
import { applyFunction, evaluate, toTensor } from "./expression.js";
import { alongForecast, exponentialForecast, growth, NOW, type ForecastKernel } from "./forecast.js";
import type { Frame } from "./frame.js";
import { arrow } from "./points.js";
import type { Scope } from "./scope.js";
import { noiseRate, semilinear, signalRate, type LinearForm, type Semilinear } from "./semilinear.js";
import { HistoryMissing } from "./template.js";
import { numberValue, tensorValue, type Value } from "./value.js";
import { variableOf } from "./variable.js";
import { argument, checkNames, noiseOf } from "./verbArguments.js";

const at = (name: Parameters<typeof quantity>[0], level: Level): Expr => quantity(name, level);
const square = (e: Expr): Expr => pow(e, num(2));
const root = (e: Expr): Expr => pow(e, num("0.5"));

/** Noise level of the reverse SDE: none, one number over the step, or a function of lambda. */
type Tau =
  | { readonly kind: "none" }
  | { readonly kind: "constant"; readonly square: Expr }
  | { readonly kind: "function"; readonly square: Expr };

/** A prediction between two levels, its nodes and the coordinate of its interpolant. */
interface Forecast {
  readonly form: Semilinear;
  readonly p: Level;
  readonly q: Level;
  readonly nodes: readonly Level[];
  /** Coordinate at NOW. */
  readonly over: Expr;
  readonly tau: Tau;
}

export function integrate(frame: Frame, node: CallExpr, scope: Scope, seq: number): Value {
  checkNames(node, ["over", "through", "tau", "noise"]);
  const { from, to } = arrow(node, scope, seq, frame.step);
  const subject = node.args.find((arg) => !arg.name && !arg.to) as Argument | undefined;
  if (!subject)
    return fail("D0220", "`integrate` needs the prediction to integrate: `integrate(s -> t, x0, ...)`", {
      at: node.span,
    });
  const { conversions } = frame.step;
  if (conversions.endpointNames.length > 2)
    return fail("D0990", "`integrate` on a path with a further unknown endpoint is not yet supported", {
      at: node.span,
    });
  const tau = tauOf(argument(node, "tau"), frame, scope, seq);
  const noise = tau.kind === "none" ? undefined : noiseOf(node, scope, seq, frame);
  if (tau.kind !== "none" && !noise)
    return fail("D0220", "`integrate` with `tau:` needs `noise:`", {
      at: node.span,
      help: "declare `noise z` in the solver and pass `noise: z`",
    });
  const through = argument(node, "through");
  const name = through ? namedAlone(subject.value) : viewIn(subject.value, frame);
  const [p, q] = [from.level, to.level];
  const points = through ? nodesOf(through, frame, scope, seq) : [from];
  const nodes = points.map((point) => point.level);
  const given = argument(node, "over");
  const over = through ? overOf(given, nodes.length, frame, scope, seq, node) : one;
  if (given && nodes.length > 1)
    frame.step.interpolants.push({ over, levels: [p, q, ...nodes], at: given.span });

  // With noise the families differ; predictions other than x0 and eps are converted to x0 first.
  const convert = tau.kind !== "none" && name !== "x0" && name !== "eps";
  const form: Semilinear =
    name === "eps" ? { kind: "eps" } : name === "x0" || convert ? { kind: "x0" } : formOf(name, frame, node);
  const linear = forms[name] ?? frame.linearForm(name, node.span);
  if (linear) frame.step.integrands.push({ name, form: linear, over: nodes.length > 1 ? over : undefined });
  const values = through
    ? points.map((point) => valueAt(convert ? "x0" : name, point, frame, node, seq))
    : [constantValue(subject.value, name, convert, from, frame, scope, seq)];
  if (form.kind !== "x0" && form.kind !== "eps" && conversions.path.endpoints.length > 0)
    return fail(
      "D0990",
      `\`integrate\` on a path with a known endpoint takes x0 and eps; \`${name}\` is not yet supported`,
      { at: subject.value.span },
    );

  const forecast: Forecast = { form, p, q, nodes, over, tau };
  const kept = linearPart(forecast);
  const x = frame.xAt(from, node.span, seq).value;
  const terms = values.map((value, j) => scale(value, weight(forecast, j)));
  const shift = [conversions.known(q), scale(conversions.known(p), neg(kept))];
  const fresh = noise ? [scale(noise, deviation(forecast))] : [];
  return tensorValue(plus(scale(x, kept), ...shift, ...terms, ...fresh), q);
}

// ---- coefficients ----------------------------------------------------------------------------------------------

const step = ({ p, q }: Forecast): Expr => sub(at("lambda", q), at("lambda", p));

/** What x[p] is multiplied by. */
function linearPart(forecast: Forecast): Expr {
  const { form, p, q, tau } = forecast;
  const like = form.kind === "scaled" ? form.like : form.kind;
  switch (like) {
    case "eps":
      return div(at("alpha", q), at("alpha", p));
    case "x0": {
      const ratio = div(at("sigma", q), at("sigma", p));
      if (tau.kind === "none") return ratio;
      if (tau.kind === "constant") return mul(ratio, fn("exp", neg(mul(tau.square, step(forecast)))));
      return mul(ratio, fn("exp", growth("lambda", neg(tau.square), p, q)));
    }
    case "velocity":
      return one;
    case "general":
      return fn("exp", growth("time", (form as { A: Expr }).A, p, q));
  }
}

/** Standard deviation of the fresh noise. */
function deviation(forecast: Forecast): Expr {
  const { form, p, q, tau } = forecast;
  const sigma = at("sigma", q);
  if (tau.kind === "none") return num(0);
  if (form.kind === "eps")
    return tau.kind === "constant"
      ? mul(sigma, root(mul(tau.square, fn("expm1", mul(num(2), step(forecast))))))
      : mul(
          sigma,
          root(
            alongForecast(
              0,
              { base: "lambda", A: num(2), B: mul(num(2), tau.square), u: at("lambda", NOW) },
              p,
              q,
              [p],
            ),
          ),
        );
  const exponent =
    tau.kind === "constant"
      ? mul(num(-2), tau.square, step(forecast))
      : mul(num(2), growth("lambda", neg(tau.square), p, q));
  return mul(sigma, root(neg(fn("expm1", exponent))));
}

/** What the prediction at node j is multiplied by. */
function weight(forecast: Forecast, j: number): Expr {
  const { form, p, q, nodes, over, tau } = forecast;
  const along = (kernel: Omit<ForecastKernel, "u">): Expr =>
    alongForecast(j, { ...kernel, u: over === one ? at(kernel.base, NOW) : over }, p, q, nodes);
  const closed = (rate: Expr, coordinate: "lambda" | "rho" | "time"): Expr =>
    exponentialForecast(
      j,
      rate,
      at(coordinate, p),
      at(coordinate, q),
      nodes.map((level) => at(coordinate, level)),
    );
  const constant = nodes.length === 1;
  const overIs = (name: "lambda" | "rho" | "time"): boolean => over === at(name, NOW);
  const spread = tau.kind === "none" ? one : add(one, tau.square);
  switch (form.kind) {
    case "x0": {
      const alpha = at("alpha", q);
      if (tau.kind !== "function") {
        if (constant) return neg(mul(alpha, fn("expm1", neg(mul(spread, step(forecast))))));
        if (overIs("lambda")) return mul(alpha, spread, closed(spread, "lambda"));
      }
      if (tau.kind === "none") return mul(at("sigma", q), along({ base: "time", A: num(0), B: signalRate }));
      return mul(alpha, along({ base: "lambda", A: neg(spread), B: spread }));
    }
    case "eps": {
      if (tau.kind !== "function") {
        if (constant) return neg(mul(spread, at("sigma", q), fn("expm1", step(forecast))));
        if (overIs("lambda")) return neg(mul(spread, at("sigma", q), closed(num(-1), "lambda")));
      }
      if (tau.kind === "none") {
        if (overIs("rho")) return mul(at("alpha", q), closed(num(0), "rho"));
        return mul(at("alpha", q), along({ base: "time", A: num(0), B: noiseRate }));
      }
      return neg(mul(at("sigma", q), along({ base: "lambda", A: one, B: spread })));
    }
    case "scaled": {
      const rate = form.like === "eps" ? noiseRate : signalRate;
      const outer = at(form.like === "eps" ? "alpha" : "sigma", q);
      return mul(outer, along({ base: "time", A: num(0), B: div(rate, form.factor) }));
    }
    case "velocity": {
      if (form.B === one && constant) return sub(at("time", q), at("time", p));
      if (form.B === one && overIs("time")) return closed(num(0), "time");
      return along({ base: "time", A: num(0), B: form.B });
    }
    case "general":
      return along({ base: "time", A: form.A, B: form.B });
  }
}

// ---- arguments -------------------------------------------------------------------------------------------------

function tauOf(e: Expression | undefined, frame: Frame, scope: Scope, seq: number): Tau {
  if (!e) return { kind: "none" };
  const value = evaluate(e, scope, seq, frame.step);
  if (value.kind === "function" || value.kind === "native") {
    const lambda = numberValue(at("lambda", NOW));
    const result = applyFunction(
      value,
      [{ name: undefined, value: lambda, to: undefined, at: e }],
      e,
      frame.step,
    );
    if (result.kind !== "number")
      return fail("D0302", "`tau:` as a function gives a number for each lambda", { at: e.span });
    return isZero(result.expr) ? { kind: "none" } : { kind: "function", square: square(result.expr) };
  }
  if (value.kind !== "number")
    return fail("D0302", "`tau:` is a number known before the run, or a function of lambda", { at: e.span });
  return isZero(value.expr) ? { kind: "none" } : { kind: "constant", square: square(value.expr) };
}

/** The coordinate of the interpolant, at NOW. */
function overOf(
  e: Expression | undefined,
  count: number,
  frame: Frame,
  scope: Scope,
  seq: number,
  node: CallExpr,
): Expr {
  if (e) return variableOf(e, scope, seq, frame.step);
  return count === 1
    ? one
    : fail("D0220", "with several points in `through:`, `over:` says in which variable to interpolate", {
        at: node.span,
        help: "write `over: lambda`, `over: rho` or `over: time`",
      });
}

function namedAlone(e: Expression): string {
  if (e.kind === "Name") return e.text;
  return fail(
    "D0220",
    "with `through:` the prediction is named alone: `integrate(s -> t, x0, over: lambda, through: s-1 .. s)`",
    { at: e.span },
  );
}

function formOf(name: string, frame: Frame, node: CallExpr): Semilinear {
  const form = frame.linearForm(name, node.span);
  if (form) return semilinear(form, name, node.span);
  return fail("D0306", `\`${name}\` is not a linear form in the state and one prediction`, {
    at: node.span,
    help: "name x0, eps, a parameterization such as `v` or `flow`, or a `quantity` of the solver",
  });
}

const forms: Readonly<Record<string, LinearForm>> = {
  x0: { x0: one, eps: num(0) },
  eps: { x0: num(0), eps: one },
};

function valueAt(name: string, point: Point, frame: Frame, node: CallExpr, seq: number): Linear {
  return toTensor(frame.viewAt(name, point, node.span, seq), node.span).value;
}

/** The value of a constant forecast; with noise, as a data prediction at p. */
function constantValue(
  e: Expression,
  name: string,
  convert: boolean,
  from: Point,
  frame: Frame,
  scope: Scope,
  seq: number,
): Linear {
  const value = toTensor(evaluate(e, scope, seq, frame.step), e.span).value;
  if (!convert) return value;
  const view = frame.step.conversions.viewNamed(name);
  if (!view)
    return fail("D0990", `a constant forecast of \`${name}\` with \`tau:\` is not yet supported`, {
      at: e.span,
      help: "write it in x0, or name it alone with `through: s`",
    });
  const x = frame.xAt(from, e.span, seq).value;
  const endpoints = frame.step.conversions.endpointsFrom(new Map([[view, value]]), x, from.level, e.span);
  return endpoints.get("x0") as Linear;
}

/** The one view or quantity that an expression combines. */
function viewIn(e: Expression, frame: Frame): string {
  const found = new Set<string>();
  const visit = (node: Expression): void => {
    switch (node.kind) {
      case "Name":
        if (frame.isPrediction(node.text)) found.add(node.text);
        return;
      case "Index":
        visit(node.object);
        return;
      case "Member":
        if (frame.isPrediction(node.name.text)) found.add(node.name.text);
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

/**
 * The points named by `through:`. Those before the start of the run are left out, unless a `start` rule is written for the
 * steps that lack them.
 */
function nodesOf(through: Expression, frame: Frame, scope: Scope, seq: number): readonly Point[] {
  const value = evaluate(through, scope, seq, frame.step);
  const items = value.kind === "list" ? value.items : [value];
  const points: Point[] = [];
  for (const item of items) {
    if (item.kind !== "point")
      return fail("D0304", "`through:` lists points, for example `s-2 .. s`", { at: through.span });
    const { level } = item.point;
    const past = level.kind === "grid" && level.offset < 0;
    if (past && !frame.step.oracle.history(frame.place, -level.offset)) {
      if (frame.body.hasStart === true) throw new HistoryMissing(frame.place, through.span);
      continue;
    }
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
