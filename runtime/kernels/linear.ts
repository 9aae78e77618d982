// Owns: the loops most of a solver is made of: products with a number, alone or in a sum of two terms, and the step from
// one value towards another that guidance takes. Which values of a tape they fit. Every operation is rounded, in the order of the tape. Longer sums are a chain of these: with more terms
// in one loop V8 runs out of registers, and is slower. Eight elements a turn also keep V8 from inlining the loops into
// their caller, where they are slower too.

import type { Tape } from "./tape.js";

type F = Float32Array;
const f = Math.fround;

/** Arrays a, b from their places; numbers s[0], t[0], which as plain arguments would have to be allocated. */
export type LinearLoop = (
  o: F,
  oi: number,
  a: F,
  ai: number,
  b: F,
  bi: number,
  s: F,
  t: F,
  n: number,
) => void;

/** s a */
const scaled: LinearLoop = (o, oi, a, ai, _b, _bi, factor, _t, n) => {
  const s = factor[0]!;
  let k = 0;
  for (; k < n - 7; k += 8) {
    const p = oi + k;
    const q = ai + k;

    o[p] = a[q]! * s;
    o[p + 1] = a[q + 1]! * s;
    o[p + 2] = a[q + 2]! * s;
    o[p + 3] = a[q + 3]! * s;
    o[p + 4] = a[q + 4]! * s;
    o[p + 5] = a[q + 5]! * s;
    o[p + 6] = a[q + 6]! * s;
    o[p + 7] = a[q + 7]! * s;
  }
  for (; k < n; k++) o[oi + k] = a[ai + k]! * s;
};

/** s a + t b */
const sum: LinearLoop = (o, oi, a, ai, b, bi, first, second, n) => {
  const s = first[0]!;
  const t = second[0]!;
  let k = 0;
  for (; k < n - 7; k += 8) {
    const p = oi + k;
    const q = ai + k;
    const r = bi + k;
    o[p] = f(a[q]! * s) + f(b[r]! * t);
    o[p + 1] = f(a[q + 1]! * s) + f(b[r + 1]! * t);
    o[p + 2] = f(a[q + 2]! * s) + f(b[r + 2]! * t);
    o[p + 3] = f(a[q + 3]! * s) + f(b[r + 3]! * t);
    o[p + 4] = f(a[q + 4]! * s) + f(b[r + 4]! * t);
    o[p + 5] = f(a[q + 5]! * s) + f(b[r + 5]! * t);
    o[p + 6] = f(a[q + 6]! * s) + f(b[r + 6]! * t);
    o[p + 7] = f(a[q + 7]! * s) + f(b[r + 7]! * t);
  }
  for (; k < n; k++) o[oi + k] = f(a[ai + k]! * s) + f(b[bi + k]! * t);
};

/** a + t b */
const onto: LinearLoop = (o, oi, a, ai, b, bi, _s, second, n) => {
  const t = second[0]!;
  let k = 0;
  for (; k < n - 7; k += 8) {
    const p = oi + k;
    const q = ai + k;
    const r = bi + k;
    o[p] = a[q]! + f(b[r]! * t);
    o[p + 1] = a[q + 1]! + f(b[r + 1]! * t);
    o[p + 2] = a[q + 2]! + f(b[r + 2]! * t);
    o[p + 3] = a[q + 3]! + f(b[r + 3]! * t);
    o[p + 4] = a[q + 4]! + f(b[r + 4]! * t);
    o[p + 5] = a[q + 5]! + f(b[r + 5]! * t);
    o[p + 6] = a[q + 6]! + f(b[r + 6]! * t);
    o[p + 7] = a[q + 7]! + f(b[r + 7]! * t);
  }
  for (; k < n; k++) o[oi + k] = a[ai + k]! + f(b[bi + k]! * t);
};

/** a + t (b - a) */
const towards: LinearLoop = (o, oi, a, ai, b, bi, _s, second, n) => {
  const t = second[0]!;
  let k = 0;
  for (; k < n - 7; k += 8) {
    const p = oi + k;
    const q = ai + k;
    const r = bi + k;
    o[p] = a[q]! + f(f(b[r]! - a[q]!) * t);
    o[p + 1] = a[q + 1]! + f(f(b[r + 1]! - a[q + 1]!) * t);
    o[p + 2] = a[q + 2]! + f(f(b[r + 2]! - a[q + 2]!) * t);
    o[p + 3] = a[q + 3]! + f(f(b[r + 3]! - a[q + 3]!) * t);
    o[p + 4] = a[q + 4]! + f(f(b[r + 4]! - a[q + 4]!) * t);
    o[p + 5] = a[q + 5]! + f(f(b[r + 5]! - a[q + 5]!) * t);
    o[p + 6] = a[q + 6]! + f(f(b[r + 6]! - a[q + 6]!) * t);
    o[p + 7] = a[q + 7]! + f(f(b[r + 7]! - a[q + 7]!) * t);
  }
  for (; k < n; k++) o[oi + k] = a[ai + k]! + f(f(b[bi + k]! - a[ai + k]!) * t);
};

/** A value, or a value times a number that stands still. */
interface Term {
  readonly value: number;
  readonly factor: number | null;
}

/** One or two terms; of two, the last is a product. */
export interface LinearForm {
  readonly terms: readonly Term[];
  readonly loop: LinearLoop;
}

/**
 * The sums and products of a tape that are such loops, by value, and the products that exist inside a sum only. `fixed`
 * says what stands still, `users` how often a value is read.
 */
export function linearForms(
  { values }: Tape,
  fixed: readonly boolean[],
  users: readonly number[],
): { readonly forms: ReadonlyMap<number, LinearForm>; readonly inner: ReadonlySet<number> } {
  const forms = new Map<number, LinearForm>();
  const inner = new Set<number>();
  const term = (i: number): Term => {
    const product = users[i] === 1 ? forms.get(i)?.terms : undefined;
    return product?.length === 1 ? product[0]! : { value: i, factor: null };
  };
  values.forEach((value, i) => {
    if (fixed[i] || value.kind !== "op") return;
    const [a = 0, b = 0] = value.args;
    if (value.prim === "mul" && (fixed[a] || fixed[b])) {
      const terms = [fixed[a] ? { value: b, factor: a } : { value: a, factor: b }];
      forms.set(i, { terms, loop: scaled });
    }
    if (value.prim !== "add" || fixed[a] || fixed[b]) return;
    // a + b is b + a, so a product may always go last.
    const terms = [term(a), term(b)].sort((x, y) => Number(x.factor !== null) - Number(y.factor !== null));
    if (terms[1]!.factor === null) return;
    for (const arg of [a, b]) {
      if (term(arg).factor === null) continue;
      forms.delete(arg);
      inner.add(arg);
    }
    const [first, second] = terms as [Term, Term];
    const rest = values[second.value]!;
    const isDifference = rest.kind === "op" && rest.prim === "sub" && users[second.value] === 1;
    if (isDifference && first.factor === null && rest.args[1] === first.value && !fixed[rest.args[0]!]) {
      inner.add(second.value);
      forms.set(i, { terms: [first, { value: rest.args[0]!, factor: second.factor }], loop: towards });
    } else forms.set(i, { terms, loop: first.factor === null ? onto : sum });
  });
  return { forms, inner };
}
