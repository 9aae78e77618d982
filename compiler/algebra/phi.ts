// Owns: the phi functions of exponential integrators in double precision: phi_0(z) = e^z and
// phi_{k+1}(z) = (phi_k(z) - 1/k!)/z (Hochbruck & Ostermann, Exponential integrators, Acta Numerica 2010, section 2.1).
// The recurrence cancels for small z, so each range of z uses a form in which nothing cancels.

const factorials: number[] = [1];

/** k! as a double; exact through 22!, Infinity beyond 170!. */
export function factorial(k: number): number {
  if (!Number.isInteger(k) || k < 0) return NaN;
  if (k > 170) return Infinity;
  for (let i = factorials.length; i <= k; i++) factorials.push(factorials[i - 1]! * i);
  return factorials[k]!;
}

/** phi_k(z) for integer k >= 0 and any real z; NaN for other k. The relative error is a few units of 2^-53. */
export function phi(k: number, z: number): number {
  if (!Number.isInteger(k) || k < 0 || Number.isNaN(z)) return NaN;
  if (k === 0) return Math.exp(z);
  if (z === 0) return 1 / factorial(k);
  if (z === Infinity) return Infinity;
  if (z === -Infinity) return 0;
  if (k === 1) return Math.expm1(z) / z;
  const limit = 2 * k + 2;
  if (z > limit) return above(k, z);
  if (z < -limit) return below(k, -z);
  return z > -1 ? taylor(k, z) : kummer(k, -z);
}

/** z^-k (e^z - sum_{j<k} z^j/j!): for z > 2k + 2 the sum is small against e^z. */
function above(k: number, z: number): number {
  let sum = 0;
  let term = 1;
  for (let j = 0; j < k; j++) {
    sum += term;
    term *= z / (j + 1);
  }
  // e^z overflows before phi_k does; half of the exponential at a time keeps the range.
  if (z > 700) return (Math.exp(z / 2) / z ** k) * Math.exp(z / 2);
  return (Math.exp(z) - sum) / z ** k;
}

/**
 * phi_k(-y) = sum_{i=1..k} (-1)^(i+1) y^-i/(k-i)! + (-1)^k y^-k e^-y. For y > 2k + 2 each term is less than half of
 * the one before it, and the nested form adds them from the smallest.
 */
function below(k: number, y: number): number {
  let nested = 1 - Math.exp(-y);
  for (let i = k - 1; i >= 1; i--) nested = 1 - ((k - i) / y) * nested;
  return nested / (y * factorial(k - 1));
}

/** 1/k! (1 + z/(k+1) (1 + z/(k+2) (1 + ...))): positive terms for z > 0, a rapidly shrinking series for -1 < z < 0. */
function taylor(k: number, z: number): number {
  let terms = 1;
  let size = 1;
  while (size > 1e-18) {
    size *= Math.abs(z) / (k + terms);
    terms++;
  }
  let nested = 1;
  for (let j = terms; j >= 1; j--) nested = 1 + (z / (k + j)) * nested;
  return nested / factorial(k);
}

/** Kummer's transformation of phi_k(-y) = 1F1(1; k+1; -y)/k!: e^-y/k! sum_j k/(k+j) y^j/j!, all terms positive. */
function kummer(k: number, y: number): number {
  const weights: number[] = [];
  let term = 1;
  for (let j = 0; term > 1e-19 || j < y; j++) {
    weights.push((term * k) / (k + j));
    term *= y / (j + 1);
  }
  weights.sort((a, b) => a - b);
  return (Math.exp(-y) / factorial(k)) * weights.reduce((sum, w) => sum + w, 0);
}
