// Owns: the functions of kernels as WGSL in float32. WGSL's own are not used: it promises sin and cos to 2^-11 only, pow
// and exp to many ulp, and lets a driver do as it likes with NaN. Polynomials and reductions are Cephes' (S. Moshier:
// expf.c, logf.c, sinf.c, atanf.c); conditions on NaN look at bits. Knows no kernels.

import { logConstants, sincosConstants } from "../../noise/float32.js";

/** Elements that one invocation computes. */
export type Width = 1 | 2 | 4;

/** A float literal of WGSL. */
const num = (value: number): string => {
  const text = String(value);
  return /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
};

/** c[0] x^n + .. + c[n], as a text over the variable `x`. */
const horner = (x: string, [first = 0, ...rest]: readonly number[]): string =>
  rest.reduce((sum, c) => `(${sum} * ${x} + ${num(c)})`, num(first));

/** A function and those that it calls. F, I, U and B are float, int, uint and bool of the width, `_` its suffix. */
interface Source {
  readonly calls: readonly string[];
  readonly text: string;
}

const source = (text: string, ...calls: readonly string[]): Source => ({ calls, text });

const [HALF_PI, QUARTER_PI, PI] = [Math.PI / 2, Math.PI / 4, Math.PI].map((x) => num(Math.fround(x)));
/** log 2 in parts, the first of 9 bits. */
const LN2_HIGH = num(0.693359375);
const LN2_LOW = num(-2.1219444e-4);
/** The first 12 bits of 2 / log 2. */
const TWO_BY_LN2_HEAD = Math.floor((2 / Math.LN2) * 1024) / 1024;

const sources: Readonly<Record<string, Source>> = {
  isNan: source("fn isNan_(x: F) -> B { return (bitcast<U>(x) & U(0x7fffffffu)) > U(0x7f800000u); }"),
  negative: source("fn negative_(x: F) -> B { return (bitcast<U>(x) >> U(31u)) != U(0u); }"),
  // Literals of them are refused, so they are uniforms.
  infinity: source("fn infinity_() -> F { return F(bitcast<f32>(words[0].x)); }"),
  nan: source("fn nan_() -> F { return F(bitcast<f32>(words[0].y)); }"),
  least: source(
    "fn least_(a: F, b: F) -> F { return select(min(a, b), a + b, isNan_(a) | isNan_(b)); }",
    "isNan",
  ),
  greatest: source(
    "fn greatest_(a: F, b: F) -> F { return select(max(a, b), a + b, isNan_(a) | isNan_(b)); }",
    "isNan",
  ),
  powerOfTwo: source("fn powerOfTwo_(n: I) -> F { return bitcast<F>(U(n + I(127)) << U(23u)); }"),
  // expm1 of |r| <= log(2) / 2
  expm1Rest: source(
    `fn expm1Rest_(r: F) -> F { return r + r * r * ${horner("r", [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1])}; }`,
  ),
  expRest: source(`fn expRest_(x: F, n: F) -> F { return (x - n * ${LN2_HIGH}) - n * ${LN2_LOW}; }`),
  exp: source(
    `fn exp_(x: F) -> F {
      let b = clamp(x, F(-104.0), F(89.0));
      let n = round(b * ${num(Math.fround(Math.LOG2E))});
      let m = 1.0 + expm1Rest_(expRest_(b, n));
      let k = I(n);
      let half = k >> U(1u);
      return select((m * powerOfTwo_(half)) * powerOfTwo_(k - half), x, isNan_(x));
    }`,
    "expm1Rest",
    "expRest",
    "powerOfTwo",
    "isNan",
  ),
  expm1: source(
    `fn expm1_(x: F) -> F {
      let b = clamp(x, F(-30.0), F(80.0));
      let n = round(b * ${num(Math.fround(Math.LOG2E))});
      let scale = powerOfTwo_(I(n));
      let value = scale * expm1Rest_(expRest_(b, n)) + (scale - 1.0);
      return select(select(value, exp_(x), x > F(80.0)), x, isNan_(x));
    }`,
    "expm1Rest",
    "expRest",
    "powerOfTwo",
    "exp",
    "isNan",
  ),
  // Of a positive normal number; the operations of log32 in noise/float32.ts, in their order.
  logNormal: source(
    `fn logNormal_(x: F) -> F {
      let w = bitcast<U>(x);
      let s = bitcast<F>((w & U(0x007fffffu)) | U(0x3f800000u));
      let big = s > F(${num(logConstants.sqrt2)});
      let e = F(I(w >> U(23u)) - I(127)) + select(F(0.0), F(1.0), big);
      let m = select(s, s * 0.5, big) - 1.0;
      let z = m * m;
      var y = (${horner("m", logConstants.polynomial)} * m) * z;
      y = y + ${num(logConstants.ln2Low)} * e;
      y = y - 0.5 * z;
      return (m + y) + ${num(logConstants.ln2High)} * e;
    }`,
  ),
  log: source(
    `fn log_(x: F) -> F {
      let small = x < F(1.17549435e-38f);
      let value = logNormal_(select(x, x * 8388608.0, small)) - select(F(0.0), F(${num(Math.fround(23 * Math.LN2))}), small);
      let upper = select(value, x, (bitcast<U>(x) & U(0x7fffffffu)) >= U(0x7f800000u));
      return select(select(upper, nan_(), x < F(0.0)), -infinity_(), x == F(0.0));
    }`,
    "logNormal",
    "nan",
    "infinity",
  ),
  sinRest: source(
    `fn sinRest_(a: F) -> F { let z = a * a; return (${horner("z", sincosConstants.sin)} * z) * a + a; }`,
  ),
  cosRest: source(
    `fn cosRest_(a: F) -> F { let z = a * a; return (((${horner("z", sincosConstants.cos)} * z) * z) - 0.5 * z) + 1.0; }`,
  ),
  // Pi / 2 in three parts: exact for quarter turns of up to 13 bits.
  turnRest: source(
    "fn turnRest_(x: F, n: F) -> F { return ((x - n * 1.5703125) - n * 4.837512969970703125e-4) - n * 7.549789948768648e-8; }",
  ),
  // Sine of the angle that is `more` quarter turns ahead.
  sinAhead: source(
    `fn sinAhead_(x: F, more: i32) -> F {
      let n = round(x * ${num(Math.fround(2 / Math.PI))});
      // Beyond 2^13 turns the rest means less and less; it stays bounded.
      let r = clamp(turnRest_(x, n), F(-0.8), F(0.8));
      let k = I(n) + I(more);
      let value = select(sinRest_(r), cosRest_(r), (k & I(1)) != I(0));
      let endless = (bitcast<U>(x) & U(0x7f800000u)) == U(0x7f800000u);
      return select(select(value, -value, (k & I(2)) != I(0)), nan_(), endless);
    }`,
    "nan",
    "turnRest",
    "sinRest",
    "cosRest",
  ),
  sin: source("fn sin_(x: F) -> F { return sinAhead_(x, 0); }", "sinAhead"),
  cos: source("fn cos_(x: F) -> F { return sinAhead_(x, 1); }", "sinAhead"),
  tan: source("fn tan_(x: F) -> F { return sinAhead_(x, 0) / sinAhead_(x, 1); }", "sinAhead"),
  atanPositive: source(
    `fn atanPositive_(x: F) -> F {
      let high = x > F(${num(Math.fround(1 + Math.SQRT2))});
      let middle = x > F(${num(Math.fround(Math.SQRT2 - 1))});
      let t = select(select(x, (x - 1.0) / (x + 1.0), middle), -1.0 / x, high);
      let base = select(select(F(0.0), F(${QUARTER_PI!}), middle), F(${HALF_PI!}), high);
      let z = t * t;
      return base + (${horner("z", [8.05374449538e-2, -1.38776856032e-1, 1.99777106478e-1, -3.33329491539e-1])} * z * t + t);
    }`,
  ),
  atan: source(
    "fn atan_(x: F) -> F { let value = atanPositive_(abs(x)); return select(select(value, -value, negative_(x)), x, isNan_(x)); }",
    "atanPositive",
    "negative",
    "isNan",
  ),
  // Angle of (x, y) from the axis of x.
  atan2: source(
    `fn atan2_(y: F, x: F) -> F {
      let up = abs(y);
      let along = abs(x);
      let large = max(up, along);
      let ratio = select(select(min(up, along) / large, F(1.0), up == along), F(0.0), large == F(0.0));
      let angle = atanPositive_(ratio);
      let first = select(angle, ${HALF_PI!} - angle, along < up);
      let half = select(first, ${PI!} - first, negative_(x));
      return select(select(half, -half, negative_(y)), x + y, isNan_(x) | isNan_(y));
    }`,
    "atanPositive",
    "negative",
    "isNan",
  ),
  // The first 12 bits of a number: products of two such are exact.
  head: source("fn head_(x: F) -> F { return bitcast<F>(bitcast<U>(x) & U(0xfffff000u)); }"),
  // x^y for a positive finite x and |y log x| <= 105. The logarithm is the sum of two floats, for the power makes its
  // errors larger; after e_powf.c of fdlibm (Sun Microsystems, I. L. Taylor): x = m 2^n, log m = 2 atanh s.
  powNear: source(
    `fn powNear_(x: F, y: F) -> F {
      let small = x < F(1.17549435e-38f);
      let w = bitcast<U>(select(x, x * 8388608.0, small));
      let one = bitcast<F>((w & U(0x007fffffu)) | U(0x3f800000u));
      let big = one > F(${num(logConstants.sqrt2)});
      let n = F(I(w >> U(23u)) - I(127)) + select(F(0.0), F(1.0), big) - select(F(0.0), F(23.0), small);
      let m = select(one, one * 0.5, big);
      let f = m - 1.0;
      let below = m + 1.0;
      let belowHead = head_(below);
      let s = f / below;
      let sHead = head_(s);
      let sTail = ((f - sHead * belowHead) - sHead * (m - (belowHead - 1.0))) / below;
      let z = s * s;
      let more = s * (z * ${horner("z", [1 / 11, 1 / 9, 1 / 7, 1 / 5, 1 / 3].map(Math.fround))});
      let high = sHead * ${num(TWO_BY_LN2_HEAD)};
      let low = sHead * ${num(Math.fround(2 / Math.LN2 - TWO_BY_LN2_HEAD))} + (sTail + more) * ${num(Math.fround(2 / Math.LN2))};
      let logHead = head_(n + (high + low));
      let logTail = ((n - logHead) + high) + low;
      let yHead = head_(y);
      let product = yHead * logHead;
      let rest = (y - yHead) * logHead + y * logTail;
      let k = round(product + rest);
      let r = ((product - k) + rest) * ${num(Math.fround(Math.LN2))};
      let value = 1.0 + expm1Rest_(r);
      let half = I(k) >> U(1u);
      return (value * powerOfTwo_(half)) * powerOfTwo_(I(k) - half);
    }`,
    "head",
    "expm1Rest",
    "powerOfTwo",
  ),
  // As Math.pow: NaN for a finite negative base with a broken exponent, 1 for the exponent 0.
  pow: source(
    `fn pow_(base: F, exponent: F) -> F {
      let rough = exponent * log_(abs(base));
      let far = isNan_(rough) | (abs(rough) > F(105.0));
      let size = select(powNear_(abs(base), exponent), exp_(rough), far);
      let whole = floor(exponent) == exponent;
      let half = exponent * 0.5;
      let signed = select(-size, size, floor(half) == half);
      let ofSign = select(size, signed, negative_(base) & whole);
      let broken = (base < F(0.0)) & (base > -infinity_()) & !whole;
      return select(select(ofSign, nan_(), broken), F(1.0), exponent == F(0.0));
    }`,
    "powNear",
    "exp",
    "log",
    "isNan",
    "negative",
    "infinity",
    "nan",
  ),
  logistic: source("fn logistic_(x: F) -> F { return 1.0 / (1.0 + exp_(-x)); }", "exp"),
};

const typeOf = (base: string, width: Width): string => (width === 1 ? base : `vec${width}<${base}>`);

/** The type of `width` floats. */
export const floatType = (width: Width): string => typeOf("f32", width);

/** WGSL under construction: its functions, each once, before those that call it. */
export class FunctionText {
  readonly #texts = new Map<string, string>();

  /** The name of a function at a width; its text, and those of what it calls, are in `text` from now on. */
  use(name: string, width: Width): string {
    const full = `${name}${width}`;
    if (this.#texts.has(full)) return full;
    const { calls, text } = sources[name]!;
    for (const called of calls) this.use(called, width);
    const types = { F: "f32", I: "i32", U: "u32", B: "bool" } as const;
    this.#texts.set(
      full,
      text
        .replace(/\b([FIUB])\b/g, (letter) => typeOf(types[letter as keyof typeof types], width))
        .replace(/\b([a-zA-Z0-9]+)_(?=\()/g, `$1${width}`),
    );
    return full;
  }

  /** Adds a text of its own under a name, after what it calls. */
  add(name: string, text: string): void {
    this.#texts.set(name, text);
  }

  get text(): string {
    return [...this.#texts.values()].join("\n");
  }
}
