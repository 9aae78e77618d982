// Owns: complex numbers and eigenvalues of the small matrices of stability: characteristic polynomial by Faddeev and
// LeVerrier, its roots by Durand and Kerner.

export interface Complex {
  readonly re: number;
  readonly im: number;
}

const add = (a: Complex, b: Complex): Complex => ({ re: a.re + b.re, im: a.im + b.im });
const sub = (a: Complex, b: Complex): Complex => ({ re: a.re - b.re, im: a.im - b.im });
const mul = (a: Complex, b: Complex): Complex => ({
  re: a.re * b.re - a.im * b.im,
  im: a.re * b.im + a.im * b.re,
});
const div = (a: Complex, b: Complex): Complex => {
  const size = b.re * b.re + b.im * b.im;
  return { re: (a.re * b.re + a.im * b.im) / size, im: (a.im * b.re - a.re * b.im) / size };
};

export const complex = {
  zero: { re: 0, im: 0 },
  one: { re: 1, im: 0 },
  add,
  sub,
  mul,
  div,
  abs: (a: Complex): number => Math.hypot(a.re, a.im),
} as const;

type Matrix = readonly (readonly Complex[])[];

const product = (a: Matrix, b: Matrix): Complex[][] =>
  a.map((row) =>
    (b[0] ?? []).map((_, j) =>
      row.reduce((sum, x, k) => add(sum, mul(x, b[k]?.[j] ?? complex.zero)), complex.zero as Complex),
    ),
  );

/** Coefficients of det(x - A), highest power first. */
function characteristic(a: Matrix): Complex[] {
  const n = a.length;
  const coefficients: Complex[] = [complex.one];
  let m: Complex[][] = a.map((row) => row.map(() => complex.zero));
  for (let k = 1; k <= n; k += 1) {
    const last = coefficients[k - 1] as Complex;
    m = product(a, m).map((row, i) => row.map((x, j) => (i === j ? add(x, last) : x)));
    const trace = product(a, m).reduce(
      (sum, row, i) => add(sum, row[i] ?? complex.zero),
      complex.zero as Complex,
    );
    coefficients.push(div(trace, { re: -k, im: 0 }));
  }
  return coefficients;
}

export function eigenvalues(a: Matrix): Complex[] {
  const coefficients = characteristic(a);
  const zeros: Complex[] = [];
  // Delays give eigenvalues that are exactly 0; taking them out keeps the others simple.
  while (coefficients.length > 1 && complex.abs(coefficients.at(-1) as Complex) < 1e-13) {
    coefficients.pop();
    zeros.push(complex.zero);
  }
  const n = coefficients.length - 1;
  const size = 1 + Math.max(0, ...coefficients.slice(1).map(complex.abs));
  let roots: Complex[] = Array.from({ length: n }, (_, k) => {
    const angle = (2 * Math.PI * k) / Math.max(1, n) + 0.4;
    const radius = Math.min(size, 1.1);
    return { re: radius * Math.cos(angle), im: radius * Math.sin(angle) };
  });
  for (let pass = 0; pass < 300; pass += 1) {
    let change = 0;
    roots = roots.map((root, i) => {
      const value = coefficients.reduce((sum, c) => add(mul(sum, root), c), complex.zero as Complex);
      const others = roots.reduce(
        (p, other, j) => (j === i ? p : mul(p, sub(root, other))),
        complex.one as Complex,
      );
      if (complex.abs(others) === 0) return add(root, { re: 1e-9, im: 1e-9 });
      const delta = div(value, others);
      change = Math.max(change, complex.abs(delta));
      return sub(root, delta);
    });
    if (change < 1e-15 * size) break;
  }
  return [...roots, ...zeros];
}

/** How often a value is an eigenvalue, and whether it has as many eigenvectors. */
export function multiplicityOf(a: Matrix, value: Complex): { count: number; semisimple: boolean } {
  const count = eigenvalues(a).filter((v) => complex.abs(sub(v, value)) < 1e-3).length;
  const rows = a.map((row, i) => row.map((x, j) => (i === j ? sub(x, value) : x)));
  let rank = 0;
  for (let column = 0; column < rows.length; column += 1) {
    let pivot = rank;
    for (let r = rank; r < rows.length; r += 1)
      if (complex.abs(rows[r]?.[column] as Complex) > complex.abs(rows[pivot]?.[column] ?? complex.zero))
        pivot = r;
    const top = rows[pivot];
    if (!top || complex.abs(top[column] as Complex) < 1e-4) continue;
    rows[pivot] = rows[rank] as Complex[];
    rows[rank] = top;
    for (let r = rank + 1; r < rows.length; r += 1) {
      const factor = div(rows[r]?.[column] as Complex, top[column] as Complex);
      rows[r] = (rows[r] as Complex[]).map((x, j) => sub(x, mul(factor, top[j] as Complex)));
    }
    rank += 1;
  }
  return { count, semisimple: rows.length - rank >= count };
}
