// Owns: numerical procedures on plain functions and arrays: adaptive quadrature, bracketed roots, small linear systems.
// Each has one failure value, `undefined`; none returns a number it could not reach its accuracy for.

// Gauss-Kronrod (7, 15): nodes and weights as in QUADPACK's dqk15 (Piessens et al. 1983).
const kronrodNodes = [
  0.991455371120812639206854697526329, 0.949107912342758524526189684047851,
  0.864864423359769072789712788640926, 0.741531185599394439863864773280788,
  0.58608723546769113029414482525873, 0.405845151377397166906606412076961,
  0.207784955007898467600689403773245, 0,
];
const kronrodWeights = [
  0.02293532201052922496373200805897, 0.063092092629978553290700663189204,
  0.104790010322250183839876322541518, 0.140653259715525918745189590510238,
  0.16900472663926790282829543403158, 0.190350578064785409913256402421014,
  0.204432940075298892414161999234649, 0.209482141084727828012999174891714,
];
const gaussWeights = [
  0.129484966168869693270611432679082, 0.27970539148927666790146777142378,
  0.381830050505118944950369775488975, 0.417959183673469387755102040816327,
];

interface Panel {
  readonly from: number;
  readonly to: number;
  readonly value: number;
  readonly error: number;
  /** Integral of |f|: the scale that rounding errors are measured by. */
  readonly size: number;
}

function panel(f: (x: number) => number, from: number, to: number): Panel {
  const center = (from + to) / 2;
  const halfWidth = (to - from) / 2;
  let kronrod = 0;
  let gauss = 0;
  let size = 0;
  for (let i = 0; i < 8; i++) {
    const offset = halfWidth * kronrodNodes[i]!;
    const left = f(center - offset);
    const right = i === 7 ? 0 : f(center + offset);
    kronrod += kronrodWeights[i]! * (left + right);
    size += kronrodWeights[i]! * (Math.abs(left) + Math.abs(right));
    if (i % 2 === 1) gauss += gaussWeights[(i - 1) / 2]! * (left + right);
  }
  return {
    from,
    to,
    value: kronrod * halfWidth,
    error: Math.abs((kronrod - gauss) * halfWidth),
    size: Math.abs(size * halfWidth),
  };
}

const relativeTolerance = 1e-13;
const maxPanels = 200;

/**
 * The integral of `f` from `a` to `b` (either may be infinite) to a relative 1e-13 of the integral of |f|, or to
 * `absolute` if that is more, or undefined when that is not reached. Smooth integrands take the Gauss-Kronrod path; what it cannot do (integrable
 * endpoint singularities, values that are not finite) goes to tanh-sinh, which never samples the ends.
 */
export function integrate(f: (x: number) => number, a: number, b: number, absolute = 0): number | undefined {
  if (Number.isNaN(a) || Number.isNaN(b)) return undefined;
  if (a === b) return 0;
  if (a > b) {
    const reversed = integrate(f, b, a, absolute);
    return reversed === undefined ? undefined : -reversed;
  }
  if (!Number.isFinite(a) || !Number.isFinite(b)) return integrateUnbounded(f, a, b);
  return gaussKronrod(f, a, b, absolute) ?? tanhSinh(f, a, b);
}

function gaussKronrod(f: (x: number) => number, a: number, b: number, absolute = 0): number | undefined {
  let panels = [panel(f, a, b)];
  for (;;) {
    let value = 0;
    let size = 0;
    let error = 0;
    for (const p of panels) {
      value += p.value;
      size += p.size;
      error += p.error;
    }
    if (!Number.isFinite(size)) return undefined;
    // The difference of the two rules is the error of the poorer one; on an analytic integrand the better rule has
    // about its 1.5th power, so asking the difference itself to be tiny is safe.
    if (error <= Math.max(relativeTolerance * size, absolute)) return value;
    if (panels.length >= maxPanels) return undefined;
    const worst = panels.reduce((m, p) => (p.error > m.error ? p : m));
    const middle = (worst.from + worst.to) / 2;
    if (middle <= worst.from || middle >= worst.to) return undefined;
    panels = panels.filter((p) => p !== worst);
    panels.push(panel(f, worst.from, middle), panel(f, middle, worst.to));
  }
}

/** A substitution to a finite interval; the integrand must fall off at the infinite end for the result to exist. */
function integrateUnbounded(f: (x: number) => number, a: number, b: number): number | undefined {
  if (a === -Infinity && b === Infinity) {
    const left = integrateUnbounded(f, a, 0);
    const right = integrateUnbounded(f, 0, b);
    return left === undefined || right === undefined ? undefined : left + right;
  }
  const mapped =
    b === Infinity
      ? (u: number): number => f(a + u / (1 - u)) / ((1 - u) * (1 - u))
      : (u: number): number => f(b - u / (1 - u)) / ((1 - u) * (1 - u));
  if (a === Infinity || b === -Infinity) return undefined;
  return gaussKronrod(mapped, 0, 1) ?? tanhSinh(mapped, 0, 1);
}

/**
 * The double exponential rule (Takahasi & Mori 1974): x = center + halfWidth*tanh(pi/2 sinh t). Nodes are placed by
 * their distance to the nearer end, so x^(-1/2) at 0 keeps its digits. Halves the step until two results agree.
 */
function tanhSinh(f: (x: number) => number, a: number, b: number): number | undefined {
  const width = b - a;
  const sample = (t: number): number => {
    const u = (Math.PI / 2) * Math.sinh(Math.abs(t));
    const distance = (width * Math.exp(-2 * u)) / (1 + Math.exp(-2 * u));
    const x = t < 0 ? a + distance : b - distance;
    if (x <= a || x >= b) return 0;
    const weight = ((Math.PI / 2) * Math.cosh(t)) / (Math.cosh(u) * Math.cosh(u));
    const value = f(x);
    return Number.isFinite(value) ? value * weight : weight < 1e-15 ? 0 : NaN;
  };
  const reach = 6.2;
  let step = 1;
  let sum = sample(0);
  let absolute = Math.abs(sum);
  let before = NaN;
  for (let level = 0; level < 11; level++) {
    const stride = level === 0 ? 1 : 2;
    for (let k = 1; k * step <= reach; k += stride) {
      const right = sample(k * step);
      const left = sample(-k * step);
      sum += right + left;
      absolute += Math.abs(right) + Math.abs(left);
    }
    const value = (sum * step * width) / 2;
    if (Number.isNaN(value)) return undefined;
    if (level >= 3 && Math.abs(value - before) <= (relativeTolerance * absolute * step * width) / 2)
      return value;
    before = value;
    step /= 2;
  }
  return undefined;
}

/**
 * A root of `f` between `a` and `b`, to the last bit the function resolves, by Brent's method (Algorithms for
 * Minimization Without Derivatives, 1973, chapter 4). Undefined when `f` has the same sign at both ends or is NaN.
 */
export function findRoot(f: (x: number) => number, a: number, b: number): number | undefined {
  let left = a;
  let right = b;
  let fLeft = f(left);
  let fRight = f(right);
  if (fLeft === 0) return left;
  if (fRight === 0) return right;
  if (!(fLeft < 0 !== fRight < 0) || Number.isNaN(fLeft + fRight)) return undefined;
  let other = left;
  let fOther = fLeft;
  let step = right - left;
  let previous = step;
  for (let i = 0; i < 300; i++) {
    if (fRight < 0 === fOther < 0) {
      other = left;
      fOther = fLeft;
      step = previous = right - left;
    }
    if (Math.abs(fOther) < Math.abs(fRight)) {
      [left, right, other] = [right, other, right];
      [fLeft, fRight, fOther] = [fRight, fOther, fRight];
    }
    const tolerance = Number.EPSILON * Math.abs(right) + Number.MIN_VALUE;
    const middle = (other - right) / 2;
    if (Math.abs(middle) <= tolerance || fRight === 0) return right;
    const interpolated = interpolate(left, right, other, fLeft, fRight, fOther, middle);
    const small = Math.min(1.5 * Math.abs(middle) - tolerance / 2, Math.abs(previous) / 2);
    if (Math.abs(previous) >= tolerance && Math.abs(interpolated) < small) {
      previous = step;
      step = interpolated;
    } else {
      previous = step = middle;
    }
    left = right;
    fLeft = fRight;
    right += Math.abs(step) > tolerance ? step : Math.sign(middle) * tolerance;
    fRight = f(right);
    if (Number.isNaN(fRight)) return undefined;
  }
  return right;
}

/** The step of inverse quadratic (or, with two points, linear) interpolation; NaN or wrong-way steps are refused. */
function interpolate(
  left: number,
  right: number,
  other: number,
  fLeft: number,
  fRight: number,
  fOther: number,
  middle: number,
): number {
  const s = fRight / fLeft;
  let p: number;
  let q: number;
  if (left === other) {
    p = 2 * middle * s;
    q = 1 - s;
  } else {
    const r = fRight / fOther;
    const v = fLeft / fOther;
    p = s * (2 * middle * v * (v - r) - (right - left) * (r - 1));
    q = (v - 1) * (r - 1) * (s - 1);
  }
  if (p > 0) q = -q;
  else p = -p;
  const step = p / q;
  return Number.isFinite(step) && step > 0 === middle > 0 ? step : Infinity;
}

/**
 * An interval around `[a, b]` over which `f` changes sign, grown outwards by doubling but never past `low` and
 * `high`. Undefined when there is none to be found.
 */
export function expandBracket(
  f: (x: number) => number,
  a: number,
  b: number,
  low = -Infinity,
  high = Infinity,
): readonly [number, number] | undefined {
  let left = Math.min(a, b);
  let right = Math.max(a, b);
  let width = right - left || Math.abs(left) * 1e-3 || 1e-3;
  let fLeft = f(left);
  let fRight = f(right);
  for (let i = 0; i < 1100; i++) {
    if (fLeft === 0 || fRight === 0 || (fLeft < 0 && fRight > 0) || (fLeft > 0 && fRight < 0))
      return [left, right];
    if ((left <= low && right >= high) || !Number.isFinite(width)) return undefined;
    const nextLeft = Math.max(low, left - width);
    const nextRight = Math.min(high, right + width);
    if (nextLeft < left) fLeft = f((left = nextLeft));
    if (nextRight > right) fRight = f((right = nextRight));
    width *= 2;
  }
  return undefined;
}

/**
 * The solution x of A x = b by Gaussian elimination with scaled partial pivoting; undefined when A is singular to
 * working precision or has entries that are not finite.
 */
export function solveDense(A: readonly (readonly number[])[], b: readonly number[]): number[] | undefined {
  const n = b.length;
  const rows = A.map((row, i) => {
    const scale = Math.max(...row.map(Math.abs)) || 1;
    return [...row.map((v) => v / scale), b[i]! / scale];
  });
  for (let k = 0; k < n; k++) {
    let best = k;
    for (let i = k + 1; i < n; i++) if (Math.abs(rows[i]![k]!) > Math.abs(rows[best]![k]!)) best = i;
    const pivotRow = rows[best]!;
    const pivot = pivotRow[k]!;
    if (!(Math.abs(pivot) > n * Number.EPSILON) || !Number.isFinite(pivot)) return undefined;
    [rows[k], rows[best]] = [pivotRow, rows[k]!];
    for (let i = k + 1; i < n; i++) {
      const row = rows[i]!;
      const factor = row[k]! / pivot;
      if (factor !== 0) for (let j = k; j <= n; j++) row[j] = row[j]! - factor * pivotRow[j]!;
    }
  }
  const x = new Array<number>(n).fill(0);
  for (let i = n - 1; i >= 0; i--) {
    let value = rows[i]![n]!;
    for (let j = i + 1; j < n; j++) value -= rows[i]![j]! * x[j]!;
    x[i] = value / rows[i]![i]!;
  }
  return x.every(Number.isFinite) ? x : undefined;
}
