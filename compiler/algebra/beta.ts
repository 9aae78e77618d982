// Owns: the regularized incomplete beta function and its inverse, the quantiles of beta distributions (timestep grids
// are spaced by them). Continued fraction: DLMF 8.17.22, evaluated by Lentz's method (Thompson & Barnett 1986).

// Lanczos approximation of gamma with g = 607/128, coefficients by P. Godfrey (2001); relative error below 1e-15.
const lanczos = [
  0.99999999999999709182, 57.156235665862923517, -59.597960355475491248, 14.136097974741747174,
  -0.49191381609762019978, 0.33994649984811888699e-4, 0.46523628927048575665e-4, -0.98374475304879564677e-4,
  0.15808870322491248884e-3, -0.21026444172410488319e-3, 0.2174396181152126432e-3, -0.16431810653676389022e-3,
  0.84418223983852743293e-4, -0.2619083840158140867e-4, 0.36899182659531622704e-5,
];

/** log(gamma(x)) for x > 0. */
export function logGamma(x: number): number {
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const y = x - 1;
  const t = y + 607 / 128 + 0.5;
  let sum = lanczos[0]!;
  for (let i = 1; i < lanczos.length; i++) sum += lanczos[i]! / (y + i);
  return (y + 0.5) * Math.log(t) - t + Math.log(Math.sqrt(2 * Math.PI) * sum);
}

/** The continued fraction of I_x(a, b); converges fast for x < (a + 1)/(a + b + 2). */
function fraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  let c = 1;
  let d = 1 - ((a + b) * x) / (a + 1);
  d = 1 / (Math.abs(d) < tiny ? tiny : d);
  let value = d;
  for (let m = 1; m < 2000; m++) {
    for (const coefficient of [
      (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m)),
      (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1)),
    ]) {
      d = 1 + coefficient * d;
      c = 1 + coefficient / c;
      d = 1 / (Math.abs(d) < tiny ? tiny : d);
      if (Math.abs(c) < tiny) c = tiny;
      value *= d * c;
      if (Math.abs(d * c - 1) < 1e-16) return value;
    }
  }
  return value;
}

/** I_x(a, b) and its complement 1 - I_x(a, b), each without cancellation where it is the smaller one. */
function regularizedPair(x: number, y: number, a: number, b: number): readonly [number, number] {
  const logFront = a * Math.log(x) + b * Math.log(y) + logGamma(a + b) - logGamma(a) - logGamma(b);
  const front = Math.exp(logFront);
  if (x < (a + 1) / (a + b + 2)) {
    const value = (front * fraction(x, a, b)) / a;
    return [value, 1 - value];
  }
  const complement = (front * fraction(y, b, a)) / b;
  return [1 - complement, complement];
}

/** The regularized incomplete beta function I_x(a, b) for 0 <= x <= 1. */
export function betaCdf(x: number, a: number, b: number): number {
  if (!(a > 0 && b > 0) || !(x >= 0 && x <= 1)) return NaN;
  if (x === 0 || x === 1) return x;
  return regularizedPair(x, 1 - x, a, b)[0];
}

/**
 * The x with I_x(a, b) = p. NaN outside 0 <= p <= 1 or for parameters that are not positive. The unknown is
 * logit(x), so quantiles near either end keep their relative accuracy; Newton steps are kept inside a bracket.
 */
export function betaQuantile(p: number, a: number, b: number): number {
  if (!(a > 0 && b > 0 && Number.isFinite(a + b)) || !(p >= 0 && p <= 1)) return NaN;
  if (p === 0 || p === 1) return p;
  let low = -745;
  let high = 745;
  // Start at the mean; a poor start only costs bisections.
  let w = Math.log(a / b);
  for (let i = 0; i < 200; i++) {
    const x = w < 0 ? Math.exp(w) / (1 + Math.exp(w)) : 1 / (1 + Math.exp(-w));
    const y = w < 0 ? 1 / (1 + Math.exp(w)) : Math.exp(-w) / (1 + Math.exp(-w));
    const [value, complement] = regularizedPair(x, y, a, b);
    const excess = value < 0.5 ? value - p : 1 - p - complement;
    if (excess === 0) return x;
    if (excess > 0) high = w;
    else low = w;
    const logDensity = a * Math.log(x) + b * Math.log(y) + logGamma(a + b) - logGamma(a) - logGamma(b);
    let next = w - excess / Math.exp(logDensity);
    if (!(next > low && next < high)) next = (low + high) / 2;
    if (Math.abs(next - w) <= 1e-16 * Math.max(1, Math.abs(w))) return x;
    w = next;
  }
  return w < 0 ? Math.exp(w) / (1 + Math.exp(w)) : 1 / (1 + Math.exp(-w));
}
