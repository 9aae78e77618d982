// Owns: the integrals that a schedule is made of, and whether they converge over its interval. Quadrature of one that does
// not would only say that alpha or sigma has no value, and would say it late.

import { withLetters } from "../algebra/bound.js";
import { divergence } from "../algebra/divergence.js";
import { compileExprs, evaluate, type Environment } from "../algebra/evaluate.js";
import { children, constant, symbols, type Binder, type Expr } from "../algebra/expr.js";
import { print } from "../algebra/print.js";
import { fail } from "../diagnostics/report.js";
import type { Span } from "../source/span.js";
import { closeIntegrals } from "./antiderivative.js";
import { TIME } from "./path.js";

/** An integral of a schedule as it was written, or as it follows from `f` and `g`. */
export interface ScheduleIntegral {
  readonly integral: Binder;
  /** Name of the integrand; without one it is written out. */
  readonly integrand: string | undefined;
  readonly at: Span;
}

/** Integrals inside an expression, inner ones first. */
export function integralsIn(e: Expr): readonly Binder[] {
  const inner = children(e).flatMap(integralsIn);
  return e.kind === "binder" && e.name === "integral" ? [...inner, e] : inner;
}

/** Where an integral does not converge. */
interface Found {
  readonly found: ScheduleIntegral;
  readonly from: number;
  readonly to: number;
  readonly place: number;
}

/** The first integral without a value, up to one of these times. */
function divergent(
  integrals: readonly ScheduleIntegral[],
  times: readonly number[],
  outer: Environment,
  closedToo: boolean,
): Found | undefined {
  const call = (name: string, args: readonly number[]): number | undefined => outer.call?.(name, args);
  for (const found of integrals) {
    const { variable, body, from, to } = found.integral;
    const start = constant(from);
    if (start === undefined || [...symbols(body)].some((s) => s !== variable)) continue;
    const program = compileExprs([closeIntegrals(body)], [variable], call);
    const f = (x: number): number => program(Float64Array.of(x))[0] as number;
    for (const time of times) {
      const end = evaluate(to, { symbol: (s) => (s === TIME ? time : outer.symbol(s)), call });
      const place = divergence(f, start, end);
      if (place === undefined) continue;
      // A closed form has its limit at the end of the interval, such as alpha = 1 - t for f = -1/(1-t).
      if (place === end && !closedToo && integralsIn(closeIntegrals(found.integral)).length === 0) continue;
      return { found, from: start, to: end, place };
    }
  }
  return undefined;
}

const short = (x: number): string => String(Number(x.toPrecision(6)));

/** What is wrong with the integrals of a schedule that has no value at a time; undefined when nothing is found. */
export function whyNoValue(
  integrals: readonly ScheduleIntegral[],
  time: number,
  outer: Environment,
): string | undefined {
  const found = divergent(integrals, [time], outer, true);
  return found && sentence(found);
}

/** The integrand as it would be written. */
function written(integral: Binder): string {
  const shown = withLetters(integral);
  return print(shown.kind === "binder" ? shown.body : shown);
}

const sentence = ({ found, from, to, place }: Found): string =>
  `the integral of ${found.integrand ?? `\`${written(found.integral)}\``} from ${short(from)} to ${short(to)} does not converge at ${short(place)}`;

export function checkConvergence(
  integrals: readonly ScheduleIntegral[],
  times: readonly number[],
  name: string,
  outer: Environment,
): void {
  const bad = divergent(integrals, times, outer, false);
  if (!bad) return;
  const derived = bad.found.integrand !== undefined;
  fail("D0311", `\`${name}\` is not a path: ${sentence(bad)}`, {
    at: bad.found.at,
    ...(derived
      ? {
          why: "from `f` and `g`, log(alpha) is the integral of f and (sigma/alpha)^2 that of g^2/alpha^2, both from time 0, where alpha = 1 and sigma = 0",
        }
      : {}),
    help: derived
      ? "give alpha and sigma themselves, or an f and a g that can be integrated from time 0"
      : "begin or end where the integrand is finite",
  });
}
