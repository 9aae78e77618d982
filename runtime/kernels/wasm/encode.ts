// Owns: the bytes of a WebAssembly module: numbers, sections, and the instructions the kernels use (WebAssembly core
// specification 2.0, chapter 5, with SIMD). Knows nothing of kernels.

/** Value types. */
export const I32 = 0x7f;
export const F64 = 0x7c;
export const V128 = 0x7b;
export type ValueType = typeof I32 | typeof F64 | typeof V128;

const VOID = 0x40;

const plain = {
  br: 0x0c,
  br_if: 0x0d,
  "local.get": 0x20,
  "local.set": 0x21,
  "i32.eqz": 0x45,
  "i32.lt_u": 0x49,
  "i32.ge_u": 0x4f,
  "i32.add": 0x6a,
  "i32.sub": 0x6b,
  "i32.and": 0x71,
  "i32.shl": 0x74,
  "f64.add": 0xa0,
  "f64.min": 0xa4,
  "f64.max": 0xa5,
  "f64.promote_f32": 0xbb,
} as const;

const vector = {
  "i8x16.shuffle": 0x0d,
  "i32x4.splat": 0x11,
  "f32x4.splat": 0x13,
  "f64x2.splat": 0x14,
  "f32x4.extract_lane": 0x1f,
  "f64x2.extract_lane": 0x21,
  "f32x4.eq": 0x41,
  "f32x4.ne": 0x42,
  "f32x4.lt": 0x43,
  "f32x4.gt": 0x44,
  "f32x4.le": 0x45,
  "f64x2.eq": 0x47,
  "f64x2.lt": 0x49,
  "i32x4.ge_s": 0x3f,
  "v128.and": 0x4e,
  "v128.or": 0x50,
  "v128.xor": 0x51,
  "v128.bitselect": 0x52,
  "v128.any_true": 0x53,
  "f32x4.demote_f64x2_zero": 0x5e,
  "f64x2.promote_low_f32x4": 0x5f,
  "f32x4.floor": 0x68,
  "f32x4.nearest": 0x6a,
  "f64x2.floor": 0x75,
  "i32x4.shl": 0xab,
  "i32x4.shr_s": 0xac,
  "i32x4.shr_u": 0xad,
  "i32x4.add": 0xae,
  "i32x4.sub": 0xb1,
  "i32x4.mul": 0xb5,
  "i32x4.max_u": 0xb9,
  "i64x2.shl": 0xcb,
  "i64x2.shr_s": 0xcc,
  "i64x2.shr_u": 0xcd,
  "i64x2.add": 0xce,
  "i64x2.extmul_low_i32x4_u": 0xde,
  "i64x2.extmul_high_i32x4_u": 0xdf,
  "f32x4.abs": 0xe0,
  "f32x4.neg": 0xe1,
  "f32x4.sqrt": 0xe3,
  "f32x4.add": 0xe4,
  "f32x4.sub": 0xe5,
  "f32x4.mul": 0xe6,
  "f32x4.div": 0xe7,
  "f32x4.min": 0xe8,
  "f32x4.max": 0xe9,
  "f64x2.abs": 0xec,
  "f64x2.neg": 0xed,
  "f64x2.add": 0xf0,
  "f64x2.sub": 0xf1,
  "f64x2.mul": 0xf2,
  "f64x2.div": 0xf3,
  "f64x2.min": 0xf4,
  "f64x2.max": 0xf5,
  "f32x4.convert_i32x4_s": 0xfa,
} as const;

const memory = {
  "v128.load": 0x00,
  "v128.load32_splat": 0x09,
  "v128.store": 0x0b,
  "v128.load32_zero": 0x5c,
  "v128.load64_zero": 0x5d,
} as const;

export type PlainOp = keyof typeof plain;
export type VectorOp = keyof typeof vector;
export type MemoryOp = keyof typeof memory;

/** An unsigned number in groups of seven bits, least significant first. */
function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  while (rest > 0x7f) {
    bytes.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  return [...bytes, rest];
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

/** The body of one function. */
export class FunctionBody {
  readonly #bytes: number[] = [];
  readonly #prelude: number[] = [];
  readonly #locals: ValueType[] = [];
  readonly #constants = new Map<string, number>();

  constructor(
    readonly params: readonly ValueType[],
    readonly results: readonly ValueType[],
  ) {}

  /** A new local variable; returns its index. */
  local(type: ValueType): number {
    return this.params.length + this.#locals.push(type) - 1;
  }

  op(name: PlainOp, operand?: number): void {
    this.#bytes.push(plain[name]);
    if (operand !== undefined) this.#emit(unsigned(operand));
  }

  vector(name: VectorOp, immediate: readonly number[] = []): void {
    this.#emit([0xfd, ...unsigned(vector[name]), ...immediate]);
  }

  /** Alignment 4: offsets of tensors are multiples of 8 only, and alignment is a hint. */
  access(name: MemoryOp, offset: number): void {
    this.#emit([0xfd, ...unsigned(memory[name]), 2, ...unsigned(offset)]);
  }

  loadWord(offset: number): void {
    this.#emit([0x28, 2, ...unsigned(offset)]);
  }

  /** Stores lane 0 of a vector. */
  storeLane(offset: number): void {
    this.#emit([0xfd, ...unsigned(0x5a), 2, ...unsigned(offset), 0]);
  }

  i32(value: number): void {
    this.#emit([0x41, ...signed(value)]);
  }

  /** Pushes a constant vector. It is made once, at the start of the function: engines do not hoist it out of loops. */
  v128(bytes: Uint8Array): void {
    const key = bytes.join();
    let local = this.#constants.get(key);
    if (local === undefined) {
      local = this.local(V128);
      this.#constants.set(key, local);
      this.#prelude.push(0xfd, 0x0c, ...bytes, plain["local.set"], ...unsigned(local));
    }
    this.op("local.get", local);
  }

  /** block { loop { body } }: inside, `br 0` goes round again and `br 1` leaves. */
  loop(body: () => void): void {
    this.#bytes.push(0x02, VOID, 0x03, VOID);
    body();
    this.#bytes.push(0x0b, 0x0b);
  }

  #emit(bytes: readonly number[]): void {
    for (const byte of bytes) this.#bytes.push(byte);
  }

  /** The function as an entry of the code section. */
  encode(): number[] {
    const groups: { type: ValueType; count: number }[] = [];
    for (const type of this.#locals) {
      const last = groups.at(-1);
      if (last?.type === type) last.count += 1;
      else groups.push({ type, count: 1 });
    }
    const locals = groups.flatMap(({ type, count }) => [...unsigned(count), type]);
    const content = unsigned(groups.length).concat(locals, this.#prelude, this.#bytes, [0x0b]);
    return unsigned(content.length).concat(content);
  }
}

const nameBytes = (text: string): number[] => {
  const bytes = [...new TextEncoder().encode(text)];
  return [...unsigned(bytes.length), ...bytes];
};

const section = (id: number, entries: readonly (readonly number[])[]): number[] => {
  const body = unsigned(entries.length).concat(...entries);
  return [id].concat(unsigned(body.length), body);
};

/**
 * A module that imports the memory "m" "memory" and exports the functions under their names. `shared`: the memory is
 * one of threads, with its largest number of pages.
 */
export function encodeModule(
  functions: Readonly<Record<string, FunctionBody>>,
  shared: number | null,
): Uint8Array<ArrayBuffer> {
  const entries = Object.entries(functions);
  const types = entries.map(([, { params, results }]) => [
    0x60,
    ...unsigned(params.length),
    ...params,
    ...unsigned(results.length),
    ...results,
  ]);
  const limits = shared === null ? [0x00, ...unsigned(0)] : [0x03, ...unsigned(0), ...unsigned(shared)];
  const bytes = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00].concat(
    section(1, types),
    section(2, [[...nameBytes("m"), ...nameBytes("memory"), 0x02, ...limits]]),
    section(
      3,
      entries.map((_, i) => unsigned(i)),
    ),
    section(
      7,
      entries.map(([name], i) => [...nameBytes(name), 0x00, ...unsigned(i)]),
    ),
    section(
      10,
      entries.map(([, body]) => body.encode()),
    ),
  );
  return Uint8Array.from(bytes);
}
