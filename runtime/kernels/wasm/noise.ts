// Owns: Philox 4x32-10 (Salmon et al., SC 2011) and the three distributions as WebAssembly functions. Sixteen elements a
// turn, in the order and with the float32 operations of runtime/noise, to the last bit. Knows no tensors.

import type { Distribution } from "../../../compiler/plan/schema.js";
import { logConstants, sincosConstants } from "../../noise/float32.js";
import { philoxConstants } from "../../noise/philox.js";
import { words } from "./emit.js";
import { FunctionBody, I32, V128, type VectorOp } from "./encode.js";

/** Emits code that pushes one vector. */
type Push = () => void;

const HIGH_WORDS = [4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31];
const EVEN_FIRST = [0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23];
const EVEN_LAST = [8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31];
const LOW_HALVES = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const HIGH_HALVES = [8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31];

/** Parameters of every noise function. */
const OUT = 0;
const GROUPS = 1;
const BLOCK = 2;
const SAMPLE = 3;
const TIME = 4;
const KEY = 5;
const SEED_LOW = 6;
const SEED_HIGH = 7;

class NoiseEmitter {
  readonly code = new FunctionBody([I32, I32, I32, I32, I32, I32, I32, I32], []);

  get(local: number): Push {
    return () => this.code.op("local.get", local);
  }
  /** Evaluates once, for several uses. */
  keep(value: Push): Push {
    const local = this.code.local(V128);
    value();
    this.code.op("local.set", local);
    return this.get(local);
  }
  op(name: VectorOp, ...args: readonly Push[]): Push {
    return () => {
      for (const arg of args) arg();
      this.code.vector(name);
    };
  }
  shift(name: "i32x4.shl" | "i32x4.shr_s" | "i32x4.shr_u", value: Push, by: number): Push {
    return () => {
      value();
      this.code.i32(by);
      this.code.vector(name);
    };
  }
  shuffle(a: Push, b: Push, lanes: readonly number[]): Push {
    return () => {
      a();
      b();
      this.code.vector("i8x16.shuffle", lanes);
    };
  }
  int(value: number): Push {
    return () => this.code.v128(words(value | 0));
  }
  float(value: number): Push {
    return () => this.code.v128(new Uint8Array(new Float32Array(4).fill(value).buffer));
  }
  splat(parameter: number, plus = 0): Push {
    return this.keep(() => {
      this.code.op("local.get", parameter);
      if (plus !== 0) {
        this.code.i32(plus);
        this.code.op("i32.add");
      }
      this.code.vector("i32x4.splat");
    });
  }
  mul(a: Push, b: Push): Push {
    return this.op("f32x4.mul", a, b);
  }
  add(a: Push, b: Push): Push {
    return this.op("f32x4.add", a, b);
  }
  xor(a: Push, b: Push): Push {
    return this.op("v128.xor", a, b);
  }
  /** ((c0 z + c1) z + ...) , each operation rounded. */
  horner(z: Push, [first = 0, ...rest]: readonly number[]): Push {
    return rest.reduce((sum, c) => this.add(this.mul(sum, z), this.float(c)), this.float(first));
  }

  /** runtime/noise/philox.ts on four counters. */
  philox(counter: readonly Push[], keys: readonly (readonly [Push, Push])[]): Push[] {
    let [c0, c1, c2, c3] = counter as [Push, Push, Push, Push];
    const high = (a: Push, m: Push): Push =>
      this.shuffle(
        this.op("i64x2.extmul_low_i32x4_u", a, m),
        this.op("i64x2.extmul_high_i32x4_u", a, m),
        HIGH_WORDS,
      );
    const m0 = this.int(philoxConstants.m0);
    const m1 = this.int(philoxConstants.m1);
    for (const [k0, k1] of keys) {
      const first = this.keep(this.xor(this.xor(high(c2, m1), c1), k0));
      const third = this.keep(this.xor(this.xor(high(c0, m0), c3), k1));
      const second = this.keep(this.op("i32x4.mul", c2, m1));
      c3 = this.keep(this.op("i32x4.mul", c0, m0));
      [c0, c1, c2] = [first, second, third];
    }
    return [c0, c1, c2, c3];
  }

  /** log32 of runtime/noise/float32.ts. */
  log(x: Push): Push {
    const { polynomial, ln2Low, ln2High, sqrt2 } = logConstants;
    const word = this.keep(x);
    const bits = this.op("v128.and", word, this.int(0x007fffff));
    const unit = this.keep(this.op("v128.or", bits, this.int(0x3f800000)));
    const big = this.keep(this.op("f32x4.gt", unit, this.float(sqrt2)));
    const power = this.op("i32x4.sub", this.shift("i32x4.shr_u", word, 23), this.int(127));
    // A true condition is -1.
    const exponent = this.keep(this.op("f32x4.convert_i32x4_s", this.op("i32x4.sub", power, big)));
    const mantissa = this.op("v128.bitselect", this.mul(unit, this.float(0.5)), unit, big);
    const m = this.keep(this.op("f32x4.sub", mantissa, this.float(1)));
    const z = this.keep(this.mul(m, m));
    const series = this.mul(this.mul(this.horner(m, polynomial), m), z);
    const low = this.add(series, this.mul(this.float(ln2Low), exponent));
    const y = this.op("f32x4.sub", low, this.mul(this.float(0.5), z));
    return this.add(this.add(m, y), this.mul(this.float(ln2High), exponent));
  }

  /** sincos32 of runtime/noise/float32.ts: [cos, sin]. */
  circle(turn: Push): [Push, Push] {
    const { sin, cos, radians, step } = sincosConstants;
    const angle = this.keep(turn);
    const quadrant = this.keep(
      this.shift("i32x4.shr_u", this.op("i32x4.add", angle, this.int(0x200000)), 22),
    );
    const rest = this.op("i32x4.sub", angle, this.shift("i32x4.shl", quadrant, 22));
    const part = this.mul(this.op("f32x4.convert_i32x4_s", rest), this.float(step));
    const a = this.keep(this.mul(part, this.float(radians)));
    const z = this.keep(this.mul(a, a));
    const s = this.keep(this.add(this.mul(this.mul(this.horner(z, sin), z), a), a));
    const even = this.mul(this.mul(this.horner(z, cos), z), z);
    const c = this.keep(this.add(this.op("f32x4.sub", even, this.mul(this.float(0.5), z)), this.float(1)));
    const odd = this.keep(this.shift("i32x4.shr_s", this.shift("i32x4.shl", quadrant, 31), 31));
    const sign = (turns: Push): Push =>
      this.op("v128.and", this.shift("i32x4.shl", turns, 30), this.int(0x80000000));
    const next = this.op("i32x4.add", quadrant, this.int(1));
    return [
      this.xor(this.op("v128.bitselect", s, c, odd), sign(next)),
      this.xor(this.op("v128.bitselect", c, s, odd), sign(quadrant)),
    ];
  }

  distribution(kind: Distribution, blockWords: readonly Push[]): Push[] {
    const unit = 2 ** -24;
    if (kind === "normal") {
      return [0, 2].flatMap((pair) => {
        const count = this.op("i32x4.add", this.shift("i32x4.shr_u", blockWords[pair]!, 8), this.int(1));
        const uniform = this.mul(this.op("f32x4.convert_i32x4_s", count), this.float(unit));
        const radius = this.keep(this.op("f32x4.sqrt", this.mul(this.float(-2), this.log(uniform))));
        const turn = this.shift("i32x4.shr_u", blockWords[pair + 1]!, 8);
        return this.circle(turn).map((value) => this.keep(this.mul(radius, value)));
      });
    }
    return blockWords.map((word) => {
      if (kind === "rademacher") {
        const bit = this.op("v128.and", word, this.int(1));
        const two = this.shift("i32x4.shl", bit, 1);
        return this.keep(this.op("f32x4.convert_i32x4_s", this.op("i32x4.sub", this.int(1), two)));
      }
      const odd = this.op(
        "v128.or",
        this.shift("i32x4.shl", this.shift("i32x4.shr_u", word, 9), 1),
        this.int(1),
      );
      const uniform = this.mul(this.op("f32x4.convert_i32x4_s", odd), this.float(unit));
      const negated = (value: Push): Push => this.op("f32x4.neg", value);
      return this.keep(negated(this.log(negated(this.log(uniform)))));
    });
  }

  /** Lane k of vectors a, b, c, d becomes the k-th group of four. */
  transpose([a, b, c, d]: readonly Push[]): Push[] {
    const [w, x, y, z] = [a!, b!, c!, d!];
    const low = this.keep(this.shuffle(w, x, EVEN_FIRST));
    const lowRight = this.keep(this.shuffle(y, z, EVEN_FIRST));
    const high = this.keep(this.shuffle(w, x, EVEN_LAST));
    const highRight = this.keep(this.shuffle(y, z, EVEN_LAST));
    return [
      this.shuffle(low, lowRight, LOW_HALVES),
      this.shuffle(low, lowRight, HIGH_HALVES),
      this.shuffle(high, highRight, LOW_HALVES),
      this.shuffle(high, highRight, HIGH_HALVES),
    ];
  }
}

/**
 * The function (out, groups, block, sample, time, key, seed low, seed high): writes `groups` times 16 elements, those
 * of the blocks from `block` on.
 */
export function emitNoise(kind: Distribution): FunctionBody {
  const emitter = new NoiseEmitter();
  const { code } = emitter;
  const { w0, w1 } = philoxConstants;
  const keys = Array.from({ length: 10 }, (_, round): [Push, Push] => [
    emitter.splat(SEED_LOW, Math.imul(w0, round)),
    emitter.splat(SEED_HIGH, Math.imul(w1, round)),
  ]);
  const [sample, time, key] = [SAMPLE, TIME, KEY].map((parameter) => emitter.splat(parameter));
  code.loop(() => {
    code.op("local.get", GROUPS);
    code.op("i32.eqz");
    code.op("br_if", 1);
    const block = emitter.keep(
      emitter.op("i32x4.add", emitter.splat(BLOCK), () => code.v128(words(0, 1, 2, 3))),
    );
    const drawn = emitter.philox([block, sample!, time!, key!], keys);
    emitter.transpose(emitter.distribution(kind, drawn)).forEach((vector, i) => {
      code.op("local.get", OUT);
      vector();
      code.access("v128.store", 16 * i);
    });
    const advance = (local: number, by: number): void => {
      code.op("local.get", local);
      code.i32(by);
      code.op("i32.add");
      code.op("local.set", local);
    };
    advance(OUT, 64);
    advance(BLOCK, 4);
    advance(GROUPS, -1);
    code.op("br", 0);
  });
  return code;
}

/** The function (address, count) -> 1 when one of `count` elements is not finite, else 0. */
export function emitScan(): FunctionBody {
  const code = new FunctionBody([I32, I32], [I32]);
  const worst = [0, 1, 2, 3].map(() => code.local(V128));
  const end = code.local(I32);
  const sizes = words(0x7fffffff);
  const walk = (stride: number, lanes: number, read: "v128.load" | "v128.load32_zero"): void => {
    code.loop(() => {
      code.op("local.get", end);
      code.op("local.get", 0);
      code.op("i32.sub");
      code.i32(stride);
      code.op("i32.lt_u");
      code.op("br_if", 1);
      for (let lane = 0; lane < lanes; lane++) {
        code.op("local.get", worst[lane]!);
        code.op("local.get", 0);
        code.access(read, 16 * lane);
        code.v128(sizes);
        code.vector("v128.and");
        code.vector("i32x4.max_u");
        code.op("local.set", worst[lane]!);
      }
      code.op("local.get", 0);
      code.i32(stride);
      code.op("i32.add");
      code.op("local.set", 0);
      code.op("br", 0);
    });
  };
  code.op("local.get", 1);
  code.i32(2);
  code.op("i32.shl");
  code.op("local.get", 0);
  code.op("i32.add");
  code.op("local.set", end);
  walk(64, 4, "v128.load");
  walk(4, 1, "v128.load32_zero");
  worst.forEach((local, i) => {
    code.op("local.get", local);
    if (i > 0) code.vector("i32x4.max_u");
  });
  code.v128(words(0x7f800000));
  code.vector("i32x4.ge_s");
  code.vector("v128.any_true");
  return code;
}
