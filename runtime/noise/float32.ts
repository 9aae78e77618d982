// Owns: logarithm, sine and cosine in float32, made only of + - * and integer operations, each rounded to float32.
// The polynomials are Cephes' (S. Moshier, logf.c and sinf.c). Any machine with IEEE float32 gives the same bits,
// which Math.log and Math.cos do not promise. Nothing here may use another function of Math than fround and imul.

const f = Math.fround;

const bits = new Uint32Array(1);
const value = new Float32Array(bits.buffer);

/** Polynomial of log(1 + m), highest power first, and log 2 in two parts, the higher of 9 bits. */
export const logConstants = {
  polynomial: [
    7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
    2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
  ].map(f),
  ln2Low: f(-2.1219444e-4),
  ln2High: f(0.693359375),
  sqrt2: f(Math.SQRT2),
} as const;

const [L0, L1, L2, L3, L4, L5, L6, L7, L8] = logConstants.polynomial as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];
const { ln2Low: LN2_LOW, ln2High: LN2_HIGH, sqrt2: SQRT2 } = logConstants;

/** Natural logarithm of a positive, normal float32. */
export function log32(x: number): number {
  value[0] = x;
  const word = bits[0]!;
  let exponent = (word >>> 23) - 127;
  bits[0] = (word & 0x007fffff) | 0x3f800000;
  let mantissa = value[0];
  if (mantissa > SQRT2) {
    mantissa = f(mantissa * 0.5);
    exponent += 1;
  }
  const m = f(mantissa - 1);
  const z = f(m * m);
  let y = L0;
  y = f(f(y * m) + L1);
  y = f(f(y * m) + L2);
  y = f(f(y * m) + L3);
  y = f(f(y * m) + L4);
  y = f(f(y * m) + L5);
  y = f(f(y * m) + L6);
  y = f(f(y * m) + L7);
  y = f(f(y * m) + L8);
  y = f(f(y * m) * z);
  y = f(y + f(LN2_LOW * exponent));
  y = f(y - f(0.5 * z));
  return f(f(m + y) + f(LN2_HIGH * exponent));
}

/**
 * Polynomials of (sin a / a - 1) / a^2 and (cos a - 1 + a^2 / 2) / a^4 in a^2, highest power first; radians of a quarter
 * turn; quarter turns of a step of 2^-24 turns (2^-22 exactly, so one rounding).
 */
export const sincosConstants = {
  sin: [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1].map(f),
  cos: [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2].map(f),
  radians: f(Math.PI / 2),
  step: 2.384185791015625e-7,
} as const;

const [S0, S1, S2] = sincosConstants.sin as [number, number, number];
const [C0, C1, C2] = sincosConstants.cos as [number, number, number];
const { radians: RADIANS, step: STEP } = sincosConstants;

/**
 * Cosine and sine of `turn` * 2^-24 of a full turn, `turn` an integer in 0 .. 2^24-1. The quadrant is found in
 * integers, so the reduction is exact. Writes [cos, sin] to `out`.
 */
export function sincos32(turn: number, out: Float32Array): void {
  const quadrant = (turn + 0x200000) >>> 22;
  const rest = f((turn - (quadrant << 22)) * STEP);
  const a = f(rest * RADIANS);
  const z = f(a * a);
  let s = S0;
  s = f(f(s * z) + S1);
  s = f(f(s * z) + S2);
  s = f(f(f(s * z) * a) + a);
  let c = C0;
  c = f(f(c * z) + C1);
  c = f(f(c * z) + C2);
  c = f(f(f(f(c * z) * z) - f(0.5 * z)) + 1);
  switch (quadrant & 3) {
    case 0:
      out[0] = c;
      out[1] = s;
      break;
    case 1:
      out[0] = -s;
      out[1] = c;
      break;
    case 2:
      out[0] = -c;
      out[1] = -s;
      break;
    default:
      out[0] = s;
      out[1] = -c;
  }
}
