// Owns: logarithm, sine and cosine in float32, made only of + - * and integer operations, each rounded to float32.
// The polynomials are Cephes' (S. Moshier, logf.c and sinf.c). Any machine with IEEE float32 gives the same bits,
// which Math.log and Math.cos do not promise. Nothing here may use another function of Math than fround and imul.

const f = Math.fround;

const bits = new Uint32Array(1);
const value = new Float32Array(bits.buffer);

const L0 = f(7.0376836292e-2);
const L1 = f(-1.151461031e-1);
const L2 = f(1.167699874e-1);
const L3 = f(-1.2420140846e-1);
const L4 = f(1.4249322787e-1);
const L5 = f(-1.6668057665e-1);
const L6 = f(2.0000714765e-1);
const L7 = f(-2.4999993993e-1);
const L8 = f(3.3333331174e-1);
const LN2_LOW = f(-2.1219444e-4);
const LN2_HIGH = f(0.693359375);
const SQRT2 = f(Math.SQRT2);

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

const S0 = f(-1.9515295891e-4);
const S1 = f(8.3321608736e-3);
const S2 = f(-1.6666654611e-1);
const C0 = f(2.443315711809948e-5);
const C1 = f(-1.388731625493765e-3);
const C2 = f(4.166664568298827e-2);
/** Quarter turns per unit of a 24-bit angle, times pi/2. 2^-22 is exact, so one rounding. */
const RADIANS = f(Math.PI / 2);

/**
 * Cosine and sine of `turn` * 2^-24 of a full turn, `turn` an integer in 0 .. 2^24-1. The quadrant is found in
 * integers, so the reduction is exact. Writes [cos, sin] to `out`.
 */
export function sincos32(turn: number, out: Float32Array): void {
  const quadrant = (turn + 0x200000) >>> 22;
  const rest = f((turn - (quadrant << 22)) * 2.384185791015625e-7);
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
