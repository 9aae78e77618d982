// Owns: exact rational numbers on bigint. Every value is reduced with a positive denominator, so two equal
// rationals have equal parts. Conversion to a double rounds once, correctly, whatever the size of the parts.

export interface Rational {
  readonly n: bigint;
  readonly d: bigint;
}

export function gcdBigint(a: bigint, b: bigint): bigint {
  let x = a < 0n ? -a : a;
  let y = b < 0n ? -b : b;
  while (y !== 0n) [x, y] = [y, x % y];
  return x;
}

/** The reduced quotient. Throws a RangeError when `d` is zero. */
export function rational(n: bigint | number, d: bigint | number = 1n): Rational {
  const top = BigInt(n);
  const bottom = BigInt(d);
  if (bottom === 0n) throw new RangeError("a rational number needs a denominator other than 0");
  if (bottom === 1n) return { n: top, d: 1n };
  const g = gcdBigint(top, bottom) * (bottom < 0n ? -1n : 1n);
  return { n: top / g, d: bottom / g };
}

/** Exponents beyond this are refused: `1e999999999` must not allocate a gigabyte. */
const maxDecimalExponent = 20000;

/** Reads `12`, `0.7`, `1e-3`, `-2.5e+4` or `3/4` exactly. Throws a SyntaxError on anything else. */
export function parseRational(text: string): Rational {
  const slash = text.indexOf("/");
  if (slash >= 0) return div(parseRational(text.slice(0, slash)), parseRational(text.slice(slash + 1)));
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text.trim());
  const [, sign = "", whole = "", fraction = "", exponent = "0"] = match ?? [];
  if (match === null || whole + fraction === "") throw new SyntaxError(`'${text}' is not a number`);
  const power = Number(exponent) - fraction.length;
  if (Math.abs(power) > maxDecimalExponent)
    throw new SyntaxError(`the exponent of '${text}' is out of range`);
  const digits = BigInt(whole + fraction) * (sign === "-" ? -1n : 1n);
  return power >= 0 ? rational(digits * 10n ** BigInt(power)) : rational(digits, 10n ** BigInt(-power));
}

/** The exact value of a finite double (a dyadic rational). Throws a RangeError on NaN and infinities. */
export function fromDouble(x: number): Rational {
  if (!Number.isFinite(x)) throw new RangeError(`${x} is not a rational number`);
  if (Number.isInteger(x)) return rational(BigInt(x));
  let scaled = x;
  let shift = 0n;
  // Doubling is exact, and a double that is no integer has at most 1074 fractional bits.
  while (!Number.isInteger(scaled)) {
    scaled *= 2;
    shift += 1n;
  }
  return rational(BigInt(scaled), 1n << shift);
}

export function add(a: Rational, b: Rational): Rational {
  if (a.d === 1n && b.d === 1n) return { n: a.n + b.n, d: 1n };
  return rational(a.n * b.d + b.n * a.d, a.d * b.d);
}

export function mul(a: Rational, b: Rational): Rational {
  return rational(a.n * b.n, a.d * b.d);
}

export function div(a: Rational, b: Rational): Rational {
  return rational(a.n * b.d, a.d * b.n);
}

export function neg(a: Rational): Rational {
  return { n: -a.n, d: a.d };
}

/** `a` to an integer power, negative ones included (throws on 0 to a negative power). */
export function pow(a: Rational, exponent: number | bigint): Rational {
  const e = BigInt(exponent);
  if (e >= 0n) return { n: a.n ** e, d: a.d ** e };
  return rational(a.d ** -e, a.n ** -e);
}

export function compare(a: Rational, b: Rational): -1 | 0 | 1 {
  const left = a.n * b.d;
  const right = b.n * a.d;
  return left < right ? -1 : left > right ? 1 : 0;
}

function bitLength(x: bigint): number {
  const hex = x.toString(16);
  return (hex.length - 1) * 4 + (32 - Math.clz32(parseInt(hex.charAt(0), 16)));
}

/** Multiplies by a power of two in steps that stay in range; exact unless the result is subnormal. */
function scaleByPowerOfTwo(x: number, exponent: number): number {
  let value = x;
  let left = exponent;
  while (left > 1000) {
    value *= 2 ** 1000;
    left -= 1000;
  }
  while (left < -1000) {
    value *= 2 ** -1000;
    left += 1000;
  }
  return value * 2 ** left;
}

/** The nearest double, ties to even, also for parts far beyond the range of doubles. */
export function toNumber(a: Rational): number {
  if (a.d === 1n) return Number(a.n);
  const negative = a.n < 0n;
  const top = negative ? -a.n : a.n;
  // The quotient gets 66 bits or more with a sticky last bit, so `Number` rounds it exactly as it would round the
  // true quotient. A subnormal result has fewer bits: then the quotient stops at 2^-1074, plus two guard bits.
  const wanted = 66 - (bitLength(top) - bitLength(a.d));
  const shift = Math.min(wanted, 1074);
  const scaledTop = shift >= 0 ? top << BigInt(shift) : top;
  const scaledBottom = shift >= 0 ? a.d : a.d << BigInt(-shift);
  const quotient = scaledTop / scaledBottom;
  const rest = scaledTop % scaledBottom;
  let value: number;
  if (bitLength(quotient) > 53) {
    value = scaleByPowerOfTwo(Number(quotient * 2n + (rest === 0n ? 0n : 1n)), -shift - 1);
  } else {
    const twice = rest * 2n;
    const up = twice > scaledBottom || (twice === scaledBottom && (quotient & 1n) === 1n);
    value = scaleByPowerOfTwo(Number(up ? quotient + 1n : quotient), -shift);
  }
  return negative ? -value : value;
}

export function equals(a: Rational, b: Rational): boolean {
  return a.n === b.n && a.d === b.d;
}

export function isInteger(a: Rational): boolean {
  return a.d === 1n;
}

export function sign(a: Rational): -1 | 0 | 1 {
  return a.n < 0n ? -1 : a.n > 0n ? 1 : 0;
}

/** The largest integer that is not above `a`. */
export function floor(a: Rational): bigint {
  const q = a.n / a.d;
  return a.n < 0n && q * a.d !== a.n ? q - 1n : q;
}

/** `3`, `-7/10`. */
export function format(a: Rational): string {
  return a.d === 1n ? a.n.toString() : `${a.n}/${a.d}`;
}

export function sub(a: Rational, b: Rational): Rational {
  return add(a, neg(b));
}
