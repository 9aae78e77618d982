// Owns: double-double arithmetic: a number as an unevaluated sum of two doubles, about 32 digits. It serves the places
// where double precision would cancel and 50-digit decimals would be slow. Algorithms: Dekker 1971 (products), Knuth
// (sums); exp and phi as in Hida, Li & Bailey, Library for double-double arithmetic, 2001.

/** high + low, |low| <= ulp(high)/2. */
export interface DoubleDouble {
  readonly high: number;
  readonly low: number;
}

const make = (high: number, low: number): DoubleDouble => ({ high, low });
export const ddOf = (x: number): DoubleDouble => make(x, 0);
export const ddValue = (x: DoubleDouble): number => x.high + x.low;

const normal = (a: number, b: number): DoubleDouble => {
  const sum = a + b;
  return make(sum, b - (sum - a));
};

/** a + b exactly. */
function exactSum(a: number, b: number): DoubleDouble {
  const sum = a + b;
  const part = sum - a;
  return make(sum, a - (sum - part) + (b - part));
}

/** a - b exactly. */
export const ddDifference = (a: number, b: number): DoubleDouble => exactSum(a, -b);

const splitter = 2 ** 27 + 1;

function exactProduct(a: number, b: number): DoubleDouble {
  const product = a * b;
  const [aHigh, aLow] = halves(a);
  const [bHigh, bLow] = halves(b);
  return make(product, aHigh * bHigh - product + aHigh * bLow + aLow * bHigh + aLow * bLow);
}

function halves(a: number): readonly [number, number] {
  const scaled = splitter * a;
  const high = scaled - (scaled - a);
  return [high, a - high];
}

export function ddAdd(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const high = exactSum(a.high, b.high);
  const low = exactSum(a.low, b.low);
  const first = normal(high.high, high.low + low.high);
  return normal(first.high, first.low + low.low);
}

export const ddNeg = (a: DoubleDouble): DoubleDouble => make(-a.high, -a.low);
export const ddSub = (a: DoubleDouble, b: DoubleDouble): DoubleDouble => ddAdd(a, ddNeg(b));

export function ddMul(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const product = exactProduct(a.high, b.high);
  return normal(product.high, product.low + (a.high * b.low + a.low * b.high));
}

export function ddDiv(a: DoubleDouble, b: DoubleDouble): DoubleDouble {
  const first = a.high / b.high;
  const rest = ddSub(a, ddMul(b, ddOf(first)));
  const second = rest.high / b.high;
  const last = ddSub(rest, ddMul(b, ddOf(second)));
  return ddAdd(normal(first, second), ddOf(last.high / b.high));
}

const LN2 = make(0.6931471805599453, 2.3190468138462996e-17);
const halvings = 9;

/** e^z - 1 by a short series after 9 halvings of the reduced argument, then doubled back. */
export function ddExp(z: DoubleDouble): DoubleDouble {
  if (z.high === 0) return ddOf(1);
  if (z.high < -745) return ddOf(0);
  if (!(z.high < 709)) return ddOf(z.high > 0 ? Infinity : NaN);
  const power = Math.round(z.high / Math.LN2);
  const reduced = ddSub(z, ddMul(LN2, ddOf(power)));
  const r = make(reduced.high / 2 ** halvings, reduced.low / 2 ** halvings);
  let term = r;
  let sum = r;
  for (let k = 2; k <= 9; k += 1) {
    term = ddDiv(ddMul(term, r), ddOf(k));
    sum = ddAdd(sum, term);
  }
  for (let i = 0; i < halvings; i += 1) sum = ddAdd(ddMul(sum, sum), make(2 * sum.high, 2 * sum.low));
  const value = ddAdd(sum, ddOf(1));
  // Two factors, because 2^power alone may leave the range where the result does not.
  const half = 2 ** Math.trunc(power / 2);
  const rest = 2 ** (power - Math.trunc(power / 2));
  return make(value.high * half * rest, value.low * half * rest);
}

/** phi_0(z) .. phi_count(z): phi_0 = e^z, phi_{k+1} = (phi_k - 1/k!)/z. */
export function ddPhis(count: number, z: DoubleDouble): readonly DoubleDouble[] {
  const inverse: DoubleDouble[] = [ddOf(1)];
  for (let k = 1; k <= count; k += 1) inverse.push(ddDiv(inverse[k - 1]!, ddOf(k)));
  const phis = new Array<DoubleDouble>(count + 1);
  if (Math.abs(z.high) >= 1) {
    phis[0] = ddExp(z);
    for (let k = 1; k <= count; k += 1) phis[k] = ddDiv(ddSub(phis[k - 1]!, inverse[k - 1]!), z);
    return phis;
  }
  // The series of the last one, then the recurrence downwards, which does not cancel.
  let term = inverse[count]!;
  let sum = term;
  for (let n = count + 1; Math.abs(term.high) > 1e-33 * Math.abs(sum.high) && n < count + 60; n += 1) {
    term = ddDiv(ddMul(term, z), ddOf(n));
    sum = ddAdd(sum, term);
  }
  phis[count] = sum;
  for (let k = count; k >= 1; k -= 1) phis[k - 1] = ddAdd(ddMul(z, phis[k]!), inverse[k - 1]!);
  return phis;
}
