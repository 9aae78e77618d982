// Owns: fast values of running integrals that have no closed form. The integrand is approximated once by Chebyshev series
// on panels that are fine near the start of integration, so that small values keep their digits; a value then costs one
// short sum (Trefethen, Approximation Theory and Approximation Practice, 2013, chapters 3 and 19).

import { compileExprs } from "../algebra/evaluate.js";
import { binder, children, constant, fn, rebuild, symbols, type Binder, type Expr } from "../algebra/expr.js";
import { integrate } from "../algebra/numeric.js";
import { remembered } from "../algebra/remembered.js";

interface Panel {
  readonly from: number;
  readonly to: number;
  /** Chebyshev coefficients of the integral from the panel's lower end. */
  readonly integral: readonly number[];
  /** Integral from the start of integration to the panel's lower end. */
  before: number;
}

const points = 25;
const deepest = 44;

/** cos(pi j (k + 1/2) / points): row j is the polynomial T_j at the points, and row 1 the points themselves. */
const cosines = Array.from({ length: points }, (_, j) =>
  Float64Array.from({ length: points }, (_, k) => Math.cos((Math.PI * j * (k + 0.5)) / points)),
);

function chebyshev(f: (x: number) => number, from: number, to: number): readonly number[] | undefined {
  const values = (cosines[1] as Float64Array).map((x) => f((from + to) / 2 + ((to - from) / 2) * x));
  if (!values.every(Number.isFinite)) return undefined;
  return cosines.map((row, j) => {
    let sum = 0;
    for (let k = 0; k < points; k += 1) sum += (values[k] as number) * (row[k] as number);
    return ((j === 0 ? 1 : 2) / points) * sum;
  });
}

function clenshaw(c: readonly number[], x: number): number {
  let [b1, b2] = [0, 0];
  for (let k = c.length - 1; k >= 1; k -= 1) [b1, b2] = [2 * x * b1 - b2 + (c[k] as number), b1];
  return x * b1 - b2 + (c[0] as number);
}

/** Coefficients of Int_-1^x, times the half width. */
function integrated(c: readonly number[], half: number): readonly number[] {
  const result = Array.from({ length: c.length + 1 }, (_, k) => {
    if (k === 0) return 0;
    const below = (k === 1 ? 2 : 1) * (c[k - 1] as number);
    return (half * (below - (c[k + 1] ?? 0))) / (2 * k);
  });
  result[0] = -clenshaw(result, -1);
  return result;
}

/** Panels that may be tried before an integrand counts as not smooth. */
const most = 300;

/** Panels over [from, to]; false when the integrand is not resolved. */
function cover(
  f: (x: number) => number,
  from: number,
  to: number,
  depth: number,
  panels: Panel[],
  tried: { count: number; readonly absolute: number },
): boolean {
  tried.count += 1;
  if (tried.count > most) return false;
  const c = chebyshev(f, from, to);
  const size = c ? Math.max(...c.map(Math.abs)) : 0;
  const tail = c ? Math.max(...c.slice(-3).map(Math.abs)) : Infinity;
  if (c && (tail <= 1e-14 * size || tail * Math.abs(to - from) <= tried.absolute)) {
    panels.push({ from, to, integral: integrated(c, (to - from) / 2), before: 0 });
    return true;
  }
  if (depth >= deepest) return false;
  const middle = (from + to) / 2;
  return cover(f, from, middle, depth + 1, panels, tried) && cover(f, middle, to, depth + 1, panels, tried);
}

/** x -> Int_start^x f for x between low and high, on each panel to a relative 1e-14 of f or to `absolute`; undefined when f is not smooth enough. */
export function runningIntegral(
  f: (x: number) => number,
  start: number,
  low: number,
  high: number,
  /** With an absolute accuracy the panels need no refinement towards the start. */
  absolute = 0,
): ((x: number) => number) | undefined {
  const tried = { count: 0, absolute };
  const sides = [Math.min(low, start), Math.max(high, start)].map((end) => {
    const panels: Panel[] = [];
    const reach = end - start;
    if (reach === 0) return panels;
    const grades = absolute > 0 ? 0 : 30;
    const ends = [start, ...Array.from({ length: grades + 1 }, (_, k) => start + reach * 2 ** (k - grades))];
    for (let i = 0; i + 1 < ends.length; i += 1) {
      const [a, b] = [ends[i] as number, ends[i + 1] as number];
      if (a !== b && !cover(f, a, b, 0, panels, tried)) return undefined;
    }
    accumulate(panels);
    return panels;
  });
  const [left, right] = sides;
  if (!left || !right) return undefined;
  return (x) => {
    if (x === start) return 0;
    const panels = x > start ? right : left;
    const last = panels.at(-1);
    const sign = Math.sign(x - start);
    if (!last || sign * (x - last.to) > 0) {
      const edge = last?.to ?? start;
      const beyond = integrate(f, edge, x) ?? NaN;
      return (last ? last.before + clenshaw(last.integral, 1) : 0) + beyond;
    }
    return valueIn(panels, sign, x);
  };
}

/** Sets the integrals before each panel. */
function accumulate(panels: readonly Panel[]): void {
  let sum = 0;
  for (const panel of panels) {
    panel.before = sum;
    sum += clenshaw(panel.integral, 1);
  }
}

/** The integral to x, which lies in one of the panels; `sign` is the direction they follow one another in. */
function valueIn(panels: readonly Panel[], sign: number, x: number): number {
  let [a, b] = [0, panels.length - 1];
  while (a < b) {
    const middle = (a + b) >> 1;
    if (sign * ((panels[middle] as Panel).to - x) >= 0) b = middle;
    else a = middle + 1;
  }
  const panel = panels[a] as Panel;
  return panel.before + clenshaw(panel.integral, (2 * x - panel.from - panel.to) / (panel.to - panel.from));
}

/** Each panel near the start is this many times as long as the one before it. */
const grading = 16;
/** Panels that near the start are worth remembering; closer places are integrated to directly. */
const gradings = 12;

/**
 * x -> Int_0^x f, where f is smooth between `breaks` only. Panels are made when a value needs them. Values are relatively
 * accurate down to x = 0, or to `absolute` if that is given. `direct` integrates from one place to another where f is not
 * resolved by panels, and beyond `low` and `high`.
 */
export function lazyIntegral(
  f: (x: number) => number,
  breaks: readonly number[],
  low: number,
  high: number,
  direct: (from: number, to: number) => number,
  absolute = 0,
): (x: number) => number {
  const panelsOf = remembered((to: number, from: number): readonly Panel[] | undefined => {
    const panels: Panel[] = [];
    if (!cover(f, from, to, 0, panels, { count: 0, absolute })) return undefined;
    accumulate(panels);
    return panels;
  });
  const toEdge = remembered((to: number) => direct(0, to));
  /** Int_from^x for x between two edges. */
  const within = (from: number, to: number, x: number): number => {
    const panels = panelsOf(to, from);
    return panels ? valueIn(panels, Math.sign(to - from), x) : direct(from, x);
  };
  /** Int_0^x where no break lies between 0 and `end`. */
  const first = (end: number, x: number): number => {
    if (absolute > 0) return within(0, end, x);
    let to = end;
    for (let k = 0; k < gradings; k += 1) {
      const from = to / grading;
      if (Math.abs(x) >= Math.abs(from)) return toEdge(from) + within(from, to, x);
      to = from;
    }
    return direct(0, x);
  };
  const sides = [-1, 1].map((sign) => {
    const reach = sign < 0 ? low : high;
    const edges = breaks.filter((x) => x * sign > 0 && x * sign < reach * sign);
    return { edges: [...edges, reach].sort((a, b) => (a - b) * sign), totals: [] as number[] };
  });
  return (x) => {
    if (x === 0) return 0;
    const { edges, totals } = sides[x < 0 ? 0 : 1] as (typeof sides)[number];
    if (edges.at(-1) === 0) return direct(0, x);
    const later = edges.findIndex((edge) => Math.abs(edge) >= Math.abs(x));
    const index = later < 0 ? edges.length : later;
    const edge = (i: number): number => edges[i] as number;
    for (let i = totals.length; i < index; i += 1)
      totals.push(
        i === 0 ? first(edge(0), edge(0)) : (totals[i - 1] as number) + within(edge(i - 1), edge(i), edge(i)),
      );
    if (index === 0) return first(edge(0), x);
    const before = totals[index - 1] as number;
    return before + (later < 0 ? direct(edge(index - 1), x) : within(edge(index - 1), edge(index), x));
  };
}

type Call = (name: string, args: readonly number[]) => number | undefined;

/** Running integrals of one path, replaced by functions with remembered values. */
export class Accumulations {
  readonly #functions = new Map<string, (x: number) => number>();
  /** Names by integrand: the same integral to another end is the same function. */
  readonly #made = new Map<string, string>();

  constructor(
    readonly low: number,
    readonly high: number,
    readonly outer: Call | undefined,
  ) {}

  readonly call: Call = (name, args) =>
    this.#functions.get(name)?.(args[0] as number) ?? this.outer?.(name, args);

  /** The expression with integrals from a fixed start as functions of their upper end. */
  replace(e: Expr): Expr {
    const parts = children(e);
    if (parts.length === 0) return e;
    if (e.kind === "binder") return this.#binder(e);
    const inner = parts.map((part) => this.replace(part));
    return inner.every((part, i) => part === parts[i]) ? e : rebuild(e, inner);
  }

  #binder(e: Binder): Expr {
    const to = this.replace(e.to);
    const start = constant(e.from);
    const key = `${e.name} ${e.variable.id} ${e.body.id} ${e.from.id}`;
    const known = this.#made.get(key);
    if (known !== undefined) return fn(known, to);
    const body = this.replace(e.body);
    const plain = (): Expr => binder(e.name, e.variable, body, e.from, to);
    if (e.name !== "integral" || start === undefined || [...symbols(body)].some((s) => s !== e.variable))
      return plain();
    const program = compileExprs([body], [e.variable], this.call);
    const f = (x: number): number => program(Float64Array.of(x))[0] as number;
    const value = runningIntegral(f, start, this.low, this.high);
    if (!value) return plain();
    const name = `running integral ${this.#functions.size + 1}`;
    this.#functions.set(name, value);
    this.#made.set(key, name);
    return fn(name, to);
  }
}
