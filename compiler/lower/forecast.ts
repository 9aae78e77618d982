// Owns: the weights of `integrate`: the coefficient of one node's prediction when the prediction is replaced by its
// interpolating polynomial and the linear equation is then solved exactly (mathematics.md, section 3).
//
// In the graph a weight is a function of the algebra, so that every algebra gives it a value in its own numbers. All
// have the form  W_j = Int_from^to e^(Int_b^to A) B(b) l_j(u(b)) db  with l_j the Lagrange polynomial of node j:
//
//   `forecast exp`(j, rate, from, to, node0, node1, ...)   A = -rate, B = 1, u = b. With theta = (u - from)/h it is
//        h * sum_i a_i i! phi_{i+1}(-rate h), a_i the coefficients of l_j in theta; `expandForecasts` writes that out.
//   `forecast along #k`(j, n, parameter1 .. parameterN, from, to, node0, ...)   A, B, u are functions of the base b (time
//        or lambda): `forecastKernel(name)` has them as expressions in quantities at the level NOW and in PARAMETERS.
//        `from`, `to` and the nodes are values of the base.
//   `forecast growth #k`(n, parameter1 .. parameterN, from, to)   Int_from^to A.

import {
  add,
  div,
  fn,
  mul,
  num,
  one,
  rebuild,
  sub,
  sym,
  symbols,
  type Expr,
  type Sym,
} from "../algebra/expr.js";
import { children, substitute } from "../algebra/expr.js";
import { print } from "../algebra/print.js";
import { rationalValue } from "../algebra/expr.js";
import type { Level } from "../graph/level.js";
import { quantity, quantityData } from "../graph/quantity.js";

/** The level at the integration variable. */
export const NOW: Level = {
  kind: "located",
  key: "now",
  coordinate: "time",
  value: sym("time of now", { bound: true }),
};

/** Stands for the n-th number that a kernel takes from its step. */
export const parameter = (n: number): Sym => sym(`parameter#${n}`, { parameter: n });

export type Base = "time" | "lambda";

/** y' = A y + B P along the base, P a polynomial in u. */
export interface ForecastKernel {
  readonly base: Base;
  readonly A: Expr;
  readonly B: Expr;
  readonly u: Expr;
}

const kernels = new Map<string, ForecastKernel>();

/** What `forecast along ...` and `forecast growth ...` integrate; undefined for other names. */
export const forecastKernel = (name: string): ForecastKernel | undefined =>
  kernels.get(name.replace(/^forecast (along|growth) /, ""));

/** Int_from^to e^(-rate (to - u)) l_j(u) du over the coordinate the arguments are values of. */
export const exponentialForecast = (
  j: number,
  rate: Expr,
  from: Expr,
  to: Expr,
  nodes: readonly Expr[],
): Expr => fn("forecast exp", num(j), rate, from, to, ...nodes);

/** Registers a kernel; numbers of the step in it become parameters, so that one kernel serves every step. */
function register(kernel: ForecastKernel): { readonly key: string; readonly parameters: readonly Expr[] } {
  const foreign = [...new Set([kernel.A, kernel.B, kernel.u].flatMap((e) => [...symbols(e)]))]
    .filter((s) => quantityData(s)?.level !== NOW)
    .sort((a, b) => (a.key < b.key ? -1 : 1));
  const place = (e: Expr): Expr =>
    substitute(e, (s) => {
      const n = foreign.indexOf(s);
      return n < 0 ? undefined : parameter(n);
    });
  const stored = { base: kernel.base, A: place(kernel.A), B: place(kernel.B), u: place(kernel.u) };
  const key = `${stored.base}: y' = (${print(stored.A)})*y + (${print(stored.B)})*P(${print(stored.u)})`;
  kernels.set(key, stored);
  return { key, parameters: foreign };
}

export function alongForecast(
  j: number,
  kernel: ForecastKernel,
  from: Level,
  to: Level,
  nodes: readonly Level[],
): Expr {
  const { key, parameters } = register(kernel);
  const place = (level: Level): Expr => quantity(kernel.base, level);
  return fn(
    `forecast along ${key}`,
    num(j),
    num(parameters.length),
    ...parameters,
    place(from),
    place(to),
    ...nodes.map(place),
  );
}

/** Int_from^to A. */
export function growth(base: Base, A: Expr, from: Level, to: Level): Expr {
  const { key, parameters } = register({ base, A, B: one, u: quantity(base, NOW) });
  return fn(
    `forecast growth ${key}`,
    num(parameters.length),
    ...parameters,
    quantity(base, from),
    quantity(base, to),
  );
}

/** Lagrange polynomial of node j in theta, lowest power first. */
function lagrange(nodes: readonly Expr[], j: number): readonly Expr[] {
  let coefficients: readonly Expr[] = [one];
  let scale: Expr = one;
  nodes.forEach((node, k) => {
    if (k === j) return;
    const before = coefficients;
    coefficients = Array.from({ length: before.length + 1 }, (_, i) =>
      sub(before[i - 1] ?? num(0), mul(node, before[i] ?? num(0))),
    );
    scale = mul(scale, sub(nodes[j] as Expr, node));
  });
  return coefficients.map((coefficient) => div(coefficient, scale));
}

/** The expression with `forecast exp` written in phi functions: for limits, proofs and series. */
export function expandForecasts(e: Expr): Expr {
  const parts = children(e);
  if (parts.length === 0) return e;
  if (e.kind === "fn" && e.name === "forecast exp") {
    const [j, rate, from, to, ...nodes] = e.args.map(expandForecasts) as [Expr, Expr, Expr, Expr, ...Expr[]];
    const h = sub(to, from);
    const z = mul(num(-1), rate, h);
    const coefficients = lagrange(
      nodes.map((node) => div(sub(node, from), h)),
      Number(rationalValue(j)?.n ?? 0n),
    );
    const terms = coefficients.map((a, i) => mul(a, fn("factorial", num(i)), fn("phi", num(i + 1), z)));
    return mul(h, add(...terms));
  }
  const inner = parts.map((part, i) => (e.kind === "binder" && i === 0 ? part : expandForecasts(part)));
  return inner.every((part, i) => part === parts[i]) ? e : rebuild(e, inner);
}
