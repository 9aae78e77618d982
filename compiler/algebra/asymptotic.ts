// Owns: asymptotic expansions for a positive variable s -> 0: finite sums of c * s^a * L^b * M^d, with L = log(1/s) and
// M = log(L), plus an error term. The scale is a fragment of Hardy's logarithmico-exponential functions (Orders of
// Infinity, 1910; algorithms: Gruntz, On Computing Limits in a Symbolic Manipulation System, 1996).

/** The function s^a * L^b * M^d. */
export interface Scale {
  readonly a: number;
  readonly b: number;
  readonly d: number;
}

interface Term extends Scale {
  readonly c: number;
}

/** Terms from the largest to the smallest, and a bound of what is missing (undefined: nothing is). */
export interface Expansion {
  readonly terms: readonly Term[];
  readonly error: Scale | undefined;
}

/** The expansion cannot be found in this scale, or hangs on digits that are not known. */
export class Undecided extends Error {
  override readonly name = "Undecided";
}

/** Terms kept, and powers of a small quantity used. */
export const depth = 12;

const sameExponent = (x: number, y: number): boolean => x === y || Math.abs(x - y) < 1e-11;

const unitScale: Scale = { a: 0, b: 0, d: 0 };

/** Negative when x is the larger function near s = 0, zero when they are the same. */
function compareScales(x: Scale, y: Scale): number {
  if (!sameExponent(x.a, y.a)) return x.a - y.a;
  if (!sameExponent(x.b, y.b)) return y.b - x.b;
  if (!sameExponent(x.d, y.d)) return y.d - x.d;
  return 0;
}

function timesScale(x: Scale, y: Scale): Scale {
  return { a: x.a + y.a, b: x.b + y.b, d: x.d + y.d };
}

function larger(x: Scale | undefined, y: Scale | undefined): Scale | undefined {
  if (x === undefined || y === undefined) return x ?? y;
  return compareScales(x, y) <= 0 ? x : y;
}

const isDecaying = (x: Scale): boolean => compareScales(x, unitScale) > 0;
const isGrowing = (x: Scale): boolean => compareScales(x, unitScale) < 0;

/** Coefficients smaller than this against what was added up are rounding errors of a true zero. */
const cancelled = 1e-12;

function normalize(terms: readonly Term[], error: Scale | undefined): Expansion {
  const sorted = [...terms].sort(compareScales);
  const merged: Term[] = [];
  let bound = error;
  for (let i = 0; i < sorted.length;) {
    const first = sorted[i]!;
    let c = 0;
    let size = 0;
    for (; i < sorted.length && compareScales(first, sorted[i]!) === 0; i++) {
      c += sorted[i]!.c;
      size += Math.abs(sorted[i]!.c);
    }
    if (!Number.isFinite(c)) throw new Undecided();
    if (Math.abs(c) <= cancelled * size) continue;
    if (error !== undefined && compareScales(first, error) >= 0) break;
    if (merged.length === depth) {
      bound = larger(bound, first);
      break;
    }
    merged.push({ a: first.a, b: first.b, d: first.d, c });
  }
  return { terms: merged, error: bound };
}

export function constantExpansion(c: number): Expansion {
  if (!Number.isFinite(c)) throw new Undecided();
  return { terms: c === 0 ? [] : [{ ...unitScale, c }], error: undefined };
}

/** The variable s itself. */
export const smallExpansion: Expansion = { terms: [{ a: 1, b: 0, d: 0, c: 1 }], error: undefined };

/** A value of which only the limit is known, and how far it may be off. */
export function approximately(c: number, error: Scale | undefined): Expansion {
  return normalize(constantExpansion(c).terms, error);
}

const isExactZero = (x: Expansion): boolean => x.terms.length === 0 && x.error === undefined;

export function addExpansions(...list: readonly Expansion[]): Expansion {
  const error = list.reduce<Scale | undefined>((e, x) => larger(e, x.error), undefined);
  return normalize(
    list.flatMap((x) => x.terms),
    error,
  );
}

export function scaleExpansion(x: Expansion, factor: number): Expansion {
  if (factor === 0) return constantExpansion(0);
  return { terms: x.terms.map((t) => ({ ...t, c: t.c * factor })), error: x.error };
}

export function mulExpansions(x: Expansion, y: Expansion): Expansion {
  if (isExactZero(x) || isExactZero(y)) return constantExpansion(0);
  const top = (e: Expansion): Scale => e.terms[0] ?? e.error!;
  const errors = [
    y.error === undefined ? undefined : timesScale(top(x), y.error),
    x.error === undefined ? undefined : timesScale(top(y), x.error),
  ];
  const terms = x.terms.flatMap((t) => y.terms.map((u) => ({ ...timesScale(t, u), c: t.c * u.c })));
  return normalize(terms, larger(errors[0], errors[1]));
}

/** The leading term; undecided when cancellation left only an error bound. The exact 0 has none. */
function lead(x: Expansion): Term | undefined {
  const first = x.terms[0];
  if (first === undefined && x.error !== undefined) throw new Undecided();
  return first;
}

/** The sign for all small enough s. */
export function signOf(x: Expansion): -1 | 0 | 1 {
  const first = lead(x);
  return first === undefined ? 0 : first.c > 0 ? 1 : -1;
}

/** The limit as s -> 0+, infinities included. */
export function limitOf(x: Expansion): number {
  const first = x.terms[0];
  if (first === undefined) {
    if (x.error !== undefined && !isDecaying(x.error)) throw new Undecided();
    return 0;
  }
  const order = compareScales(first, unitScale);
  return order === 0 ? first.c : order > 0 ? 0 : first.c * Infinity;
}

/** sum_k coefficients[k] * delta^k for a decaying delta; the next power bounds what is left out. */
export function powerSeries(coefficients: readonly number[], delta: Expansion): Expansion {
  let sum = constantExpansion(coefficients[0] ?? 0);
  if (isExactZero(delta)) return sum;
  const top = delta.terms[0] ?? delta.error!;
  if (!isDecaying(top)) throw new Undecided();
  let power = constantExpansion(1);
  for (const c of coefficients.slice(1)) {
    power = mulExpansions(power, delta);
    sum = addExpansions(sum, scaleExpansion(power, c));
  }
  const beyond: Scale = { a: top.a, b: top.b, d: top.d };
  let error: Scale = unitScale;
  for (let k = 0; k < coefficients.length; k++) error = timesScale(error, beyond);
  return normalize(sum.terms, larger(sum.error, error));
}

/** x = (its limit) + (a decaying rest); undecided when x grows or its limit is not known. */
export function aroundLimit(x: Expansion): { readonly limit: number; readonly delta: Expansion } {
  const limit = limitOf(x);
  if (!Number.isFinite(limit)) throw new Undecided();
  return { limit, delta: addExpansions(x, constantExpansion(-limit)) };
}

/** x / (leading term) - 1, which decays. */
function relativeRest(x: Expansion, first: Term): Expansion {
  const inverse: Expansion = {
    terms: [{ a: -first.a, b: -first.b, d: -first.d, c: 1 / first.c }],
    error: undefined,
  };
  return addExpansions(mulExpansions(x, inverse), constantExpansion(-1));
}

export function powExpansion(x: Expansion, p: number): Expansion {
  const first = lead(x);
  if (p === 0) return constantExpansion(1);
  if (first === undefined) {
    if (p > 0) return x;
    throw new Undecided();
  }
  if (first.c < 0 && !Number.isInteger(p)) throw new Undecided();
  const coefficients = [1];
  for (let k = 1; k <= depth; k++) coefficients.push((coefficients[k - 1]! * (p - k + 1)) / k);
  const outer: Expansion = {
    terms: [{ a: first.a * p, b: first.b * p, d: first.d * p, c: Math.pow(first.c, p) }],
    error: undefined,
  };
  return mulExpansions(outer, powerSeries(coefficients, relativeRest(x, first)));
}

export function logExpansion(x: Expansion): Expansion {
  const first = lead(x);
  if (first === undefined || first.c < 0 || first.d !== 0) throw new Undecided();
  const coefficients = [0];
  for (let k = 1; k <= depth; k++) coefficients.push((k % 2 === 1 ? 1 : -1) / k);
  const terms: Term[] = [{ ...unitScale, c: Math.log(first.c) }];
  if (first.a !== 0) terms.push({ a: 0, b: 1, d: 0, c: -first.a });
  if (first.b !== 0) terms.push({ a: 0, b: 0, d: 1, c: first.b });
  const kept = terms.filter((t) => t.c !== 0);
  return addExpansions(normalize(kept, undefined), powerSeries(coefficients, relativeRest(x, first)));
}

const logScale: Scale = { a: 0, b: 1, d: 0 };
const logLogScale: Scale = { a: 0, b: 0, d: 1 };

/** Smaller than every function of the scale. */
const negligible: Scale = { a: Infinity, b: 0, d: 0 };

/** exp(k*L + m*M + c + delta) = s^-k * L^m * e^c * exp(delta). */
export function expExpansion(x: Expansion): Expansion {
  const first = x.terms[0];
  // Beyond every multiple of L: zero to all orders when it falls, outside the scale when it grows.
  if (first !== undefined && compareScales(first, logScale) < 0) {
    if (first.c < 0) return { terms: [], error: negligible };
    throw new Undecided();
  }
  if (x.error !== undefined && !isDecaying(x.error)) throw new Undecided();
  let outer: Scale = unitScale;
  let constant = 0;
  const rest: Term[] = [];
  for (const t of x.terms) {
    if (compareScales(t, logScale) === 0) outer = { ...outer, a: -t.c };
    else if (compareScales(t, logLogScale) === 0) outer = { ...outer, b: t.c };
    else if (isGrowing(t)) throw new Undecided();
    else if (compareScales(t, unitScale) === 0) constant = t.c;
    else rest.push(t);
  }
  const coefficients = [1];
  for (let k = 1; k <= depth; k++) coefficients.push(coefficients[k - 1]! / k);
  const factor: Expansion = { terms: [{ ...outer, c: Math.exp(constant) }], error: undefined };
  return mulExpansions(factor, powerSeries(coefficients, { terms: rest, error: x.error }));
}
