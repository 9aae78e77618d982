// Owns: the state of a run between two steps, as data and as bytes, so that a run can be stopped, moved to another
// process and resumed. Knows no backend, and of the plan only a fingerprint.

import { fail } from "../compiler/diagnostics/report.js";
import { hashPath } from "../compiler/plan/keys.js";
import type { Plan, Register } from "../compiler/plan/schema.js";
import type { HostArray, Shape } from "./backend.js";
import { sizeOf } from "./shapes.js";

export interface SavedRegister {
  readonly register: Register;
  readonly shape: Shape;
  readonly data: HostArray;
}

/** Everything that changes while a run goes on. Plain data: it can be cloned to a worker as it is. */
export interface RunState {
  /** Fingerprint of the plan, checked on resuming. */
  readonly plan: string;
  readonly sampler: string;
  /** Steps done. */
  readonly position: number;
  /** Seed in decimal digits. */
  readonly seed: string;
  readonly firstSample: number;
  /** [samples, ...sample shape]. */
  readonly shape: Shape;
  readonly calls: number;
  readonly registers: readonly SavedRegister[];
  /** Of an error-controlled run: attempts made, and the variables of its host. */
  readonly control?: { readonly attempts: number; readonly variables: readonly number[] };
}

/** Tells plans apart: hash of the source and of the compiled text. */
export const fingerprint = (plan: Plan): string =>
  `${plan.source.sha256}-${hashPath(JSON.stringify(plan)).toString(16).padStart(8, "0")}`;

const MAGIC = "dsamp-run-1\n";

/** Bytes: a line of magic, the length of a JSON header (uint32, little endian), the header, then the raw arrays. */
export function encodeState(state: RunState): Uint8Array {
  const header = {
    ...state,
    registers: state.registers.map(({ register, shape, data }) => ({
      register,
      shape,
      bits: data.BYTES_PER_ELEMENT * 8,
    })),
  };
  const magic = new TextEncoder().encode(MAGIC);
  const json = new TextEncoder().encode(JSON.stringify(header));
  const size = state.registers.reduce((total, { data }) => total + data.byteLength, 0);
  const bytes = new Uint8Array(magic.length + 4 + json.length + size);
  const view = new DataView(bytes.buffer);
  bytes.set(magic);
  view.setUint32(magic.length, json.length, true);
  bytes.set(json, magic.length + 4);
  let offset = magic.length + 4 + json.length;
  for (const { data } of state.registers) {
    for (const value of data) {
      if (data instanceof Float32Array) view.setFloat32(offset, value, true);
      else view.setFloat64(offset, value, true);
      offset += data.BYTES_PER_ELEMENT;
    }
  }
  return bytes;
}

const broken = (problem: string): never =>
  fail("D0602", `these bytes are not the state of a run: ${problem}`);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const isShape = (value: unknown): value is number[] => Array.isArray(value) && value.every(isCount);

function readControl(value: unknown): NonNullable<RunState["control"]> {
  const { attempts, variables } = value as { attempts?: unknown; variables?: unknown };
  if (!isCount(attempts) || !Array.isArray(variables) || !variables.every((x) => Number.isFinite(x)))
    return broken("the numbers of its host are malformed");
  return { attempts, variables: variables as number[] };
}

/** The inverse of `encodeState`. Throws D0602 on anything else. */
export function decodeState(bytes: Uint8Array): RunState {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = MAGIC.length + 4;
  if (bytes.length < start || new TextDecoder().decode(bytes.subarray(0, MAGIC.length)) !== MAGIC) {
    broken("the first line is not dsamp's");
  }
  const length = view.getUint32(MAGIC.length, true);
  let header: Partial<Record<keyof RunState, unknown>>;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(start, start + length))) as typeof header;
  } catch {
    return broken("the header is not JSON");
  }
  const { plan, sampler, position, seed, firstSample, shape, calls, registers, control } = header;
  if (typeof plan !== "string" || typeof sampler !== "string" || typeof seed !== "string") {
    return broken("the header lacks plan, sampler or seed");
  }
  if (!/^\d+$/.test(seed) || !isShape(shape) || !Array.isArray(registers)) {
    return broken("seed, shape or registers are malformed");
  }
  if (!isCount(position) || !isCount(firstSample) || !isCount(calls)) {
    return broken("position, firstSample or calls is not a count");
  }
  let offset = start + length;
  const saved = registers.map(
    (item: Partial<Record<"register" | "shape" | "bits", unknown>>): SavedRegister => {
      const { register, shape: own, bits } = item;
      if (!isCount(register) || !isShape(own) || (bits !== 32 && bits !== 64)) {
        return broken("a register is malformed");
      }
      const size = sizeOf(own);
      if (offset + (size * bits) / 8 > bytes.length) broken("it ends too early");
      const data = bits === 32 ? new Float32Array(size) : new Float64Array(size);
      for (let i = 0; i < size; i++) {
        data[i] = bits === 32 ? view.getFloat32(offset, true) : view.getFloat64(offset, true);
        offset += bits / 8;
      }
      return { register, shape: own, data };
    },
  );
  const state = { plan, sampler, position, seed, firstSample, shape, calls, registers: saved };
  return control === undefined ? state : { ...state, control: readControl(control) };
}
