// Owns: the equation that a tableau integrates: dx/dt = A x + B P written in the variable u as y' = rate y + slope P for a
// scaled state y = x/weight. Over lambda, x0 and eps have a constant linear part, and the rule is an exponential one; in all
// other pairs the linear part goes into the weight, E(u) = e^(Int A), by variation of constants, and the rule is a classical
// one for dy/du = (B/E) P dt/du (mathematics.md, section 3).

import { div, fn, mul, neg, num, one, substitute, type Expr } from "../algebra/expr.js";
import { fail } from "../diagnostics/report.js";
import type { Level } from "../graph/level.js";
import { quantity, quantityData, type Quantity } from "../graph/quantity.js";
import type { TableauClause } from "../syntax/ast.js";
import { growth, NOW, type Base } from "./forecast.js";
import type { Frame } from "./frame.js";
import { noiseRate, semilinear, signalRate, type Semilinear } from "./semilinear.js";
import { levelWhere, variableOf, variableSlope } from "./variable.js";

/** y = x/weight; y' = rate y + slope P, the derivative by u. */
export interface TableauForm {
  readonly rate: -1 | 0 | 1;
  weight(level: Level): Expr;
  slope(level: Level): Expr;
  u(level: Level): Expr;
  /** The level at which u has a value. */
  at(value: Expr): Level;
}

const now = (name: Quantity): Expr => quantity(name, NOW);
const read = (e: Expr, level: Level): Expr =>
  substitute(e, (s) => {
    const data = quantityData(s);
    return data?.level === NOW ? quantity(data.quantity, level) : undefined;
  });

/** d(sigma/alpha) and d(alpha/sigma), and dt, by lambda or by time. */
const rates: Readonly<Record<Base, { readonly noise: Expr; readonly signal: Expr; readonly time: Expr }>> = {
  lambda: { noise: neg(now("rho")), signal: div(one, now("rho")), time: div(one, now("lambdaDot")) },
  time: { noise: noiseRate, signal: signalRate, time: one },
};

export function tableauForm(frame: Frame, clause: TableauClause): TableauForm {
  const variable = variableOf(clause.over, frame.scope, Number.MAX_SAFE_INTEGER, frame.step);
  const u = (level: Level): Expr => read(variable, level);
  const at = (value: Expr): Level =>
    levelWhere(variable, value) ??
    fail("D0307", "where this variable has a given value cannot be written down, so stages have no place", {
      at: clause.over.span,
      help: "use one coordinate, or a function of one such as `log(sigma)`, `rho^2` or `atan(rho)`",
    });
  const view = clause.prediction.text;
  const ends = { u, at };
  if (variable === now("lambda") && view === "x0")
    return { ...ends, rate: -1, weight: (level) => quantity("alpha", level), slope: () => one };
  if (variable === now("lambda") && view === "eps")
    return { ...ends, rate: 1, weight: (level) => quantity("sigma", level), slope: () => num(-1) };
  if (variable === now("time") && view === "flow")
    return { ...ends, rate: 0, weight: () => one, slope: () => one };

  const form = formOf(view, frame, clause);
  const { base, slope: turn } = variableSlope(variable, clause.over);
  const by = rates[base];
  const start = frame.source.point.level;
  const factor = form.kind === "scaled" ? form.factor : one;
  const like = form.kind === "scaled" ? form.like : form.kind;
  switch (like) {
    case "x0":
    case "eps": {
      const slope = div(like === "x0" ? by.signal : by.noise, mul(factor, turn));
      const weight = like === "x0" ? "sigma" : "alpha";
      return {
        ...ends,
        rate: 0,
        weight: (level) => quantity(weight, level),
        slope: (level) => read(slope, level),
      };
    }
    default: {
      const { B } = form as Extract<Semilinear, { readonly B: Expr }>;
      const slope = div(mul(B, by.time), turn);
      const weight = (level: Level): Expr =>
        form.kind === "general" && level !== start ? fn("exp", growth("time", form.A, start, level)) : one;
      return { ...ends, rate: 0, weight, slope: (level) => div(read(slope, level), weight(level)) };
    }
  }
}

function formOf(view: string, frame: Frame, clause: TableauClause): Semilinear {
  if (view === "x0" || view === "eps") return { kind: view };
  const { span } = clause.prediction;
  const { conversions } = frame.step;
  if (conversions.endpointNames.length > 2 || conversions.path.endpoints.length > 0)
    return fail("D0990", `a tableau of \`${view}\` on a path with a further endpoint is not yet supported`, {
      at: span,
      help: "on this path there are tableaux of x0, eps, and `flow over time`",
    });
  const form = frame.linearForm(view, span);
  if (form) return semilinear(form, view, span);
  return fail("D0306", `\`${view}\` is not a linear form in the state and one prediction`, {
    at: span,
    help: "name x0, eps, a parameterization such as `v` or `flow`, or a `quantity` of the solver",
  });
}
