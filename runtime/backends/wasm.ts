// Owns: the backend on the heap of tfjs' WebAssembly backend: its tensors are tfjs' tensors, its kernels WebAssembly of
// our own. Takes back what loading tfjs does to the process. Imported only when it is asked for.

import * as tf from "@tensorflow/tfjs-core";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { fail } from "../../compiler/diagnostics/report.js";
import type { Backend } from "../backend.js";
import { WasmEngine } from "../kernels/wasm/engine.js";
import type { WasmMemory } from "../kernels/wasm/platform.js";
import { checkIntact, checkTensor, noRoom } from "./checks.js";
import { FusedBackend, type Store } from "./fused.js";

interface TensorRecord {
  readonly id: number;
  readonly memoryOffset: number;
  readonly shape: readonly number[];
  readonly dtype: "float32";
  refCount: number;
}

/** The part of tfjs' wasm backend that is used here. */
interface WasmHeap {
  readonly wasm: {
    /** The threaded build imports its memory, the others export it. */
    readonly wasmMemory?: WasmMemory;
    readonly asm: { readonly memory: WasmMemory };
    /** 0 when there is no room. */
    _malloc(bytes: number): number;
    _free(address: number): void;
    readonly tfjs: { registerTensor(id: number, size: number, address: number): void };
  };
  dataIdNextNumber: number;
  readonly dataIdMap: { get(id: object): TensorRecord; set(id: object, record: TensorRecord): void };
  disposeData(id: object): boolean;
  refCount(id: object): number;
}

interface HeapBuffer {
  readonly dataId: object;
  /** In bytes. */
  readonly address: number;
  /** The tf.Tensor over the same memory, once there is one. */
  tensor: tf.Tensor | null;
}

/**
 * Bytes between neighbours. Tensors of a power of two would lie 16 bytes apart modulo 4096, and a load a little ahead of a
 * store in the last 12 bits of its address waits for it: up to half as long again for a kernel.
 */
const APART = 240;

/** Bytes a heap of 32-bit addresses can hand out at once. */
const LARGEST = 2 ** 32 - 2 ** 16;

class HeapStore implements Store<HeapBuffer, number> {
  readonly #backend = tf.findBackend("wasm");
  readonly #heap = this.#backend as unknown as WasmHeap;

  get memory(): WasmMemory {
    return this.#heap.wasm.wasmMemory ?? this.#heap.wasm.asm.memory;
  }

  allocate(size: number): HeapBuffer {
    const bytes = 4 * size + APART;
    if (bytes > LARGEST) noRoom(size);
    // As BackendWasm.move does, with the addresses apart, and with a look at what the allocator says.
    const { wasm, dataIdMap } = this.#heap;
    const address = wasm._malloc(bytes) >>> 0;
    if (address === 0) noRoom(size);
    const id = this.#heap.dataIdNextNumber++;
    try {
      wasm.tfjs.registerTensor(id, size, address);
    } catch (error) {
      // The last bytes were missing for tfjs' own record of the tensor: emscripten aborts with a RuntimeError.
      wasm._free(address);
      if (error instanceof Error && error.name === "RuntimeError") noRoom(size);
      throw error;
    }
    const dataId = {};
    dataIdMap.set(dataId, { id, memoryOffset: address, shape: [size], dtype: "float32", refCount: 1 });
    return { dataId, address, tensor: null };
  }
  release({ dataId, tensor }: HeapBuffer): void {
    if (tensor === null) this.#heap.disposeData(dataId);
    else if (!tensor.isDisposed) tensor.dispose();
  }
  intact({ tensor }: HeapBuffer): boolean {
    return tensor === null || !tensor.isDisposed;
  }
  locate({ address, tensor }: HeapBuffer): number {
    checkIntact(tensor);
    return address;
  }
  view({ address, tensor }: HeapBuffer, size: number): Float32Array {
    checkIntact(tensor);
    return new Float32Array(this.memory.buffer, address, size);
  }
  exclusive({ dataId }: HeapBuffer): boolean {
    return this.#heap.refCount(dataId) === 1;
  }
  share(buffer: HeapBuffer, shape: readonly number[]): tf.Tensor {
    if (tf.getBackend() !== "wasm") void tf.setBackend("wasm");
    const { dataId } = buffer;
    buffer.tensor ??= tf.keep(tf.engine().makeTensorFromDataId(dataId, [...shape], "float32", this.#backend));
    return buffer.tensor;
  }
  adopt(value: unknown): { buffer: HeapBuffer; shape: readonly number[] } {
    const tensor = checkTensor(value as tf.Tensor);
    // `get` fetches the data when another tfjs backend has it.
    const address = this.#heap.dataIdMap.get(tensor.dataId).memoryOffset;
    return { buffer: { dataId: tensor.dataId, address, tensor }, shape: tensor.shape };
  }
}

/** The part of Node's `process` that matters here. */
interface Listening {
  listeners(event: string): readonly unknown[];
  removeListener(event: string, listener: unknown): unknown;
}

const crashEvents = ["uncaughtException", "unhandledRejection"];

/**
 * Runs `load` and removes the crash listeners it installed: emscripten's rethrow, so an application's own come too
 * late (tensorflow/tfjs#5852).
 */
async function withoutListeners<T>(load: () => Promise<T>): Promise<T> {
  const { process } = globalThis as { readonly process?: Partial<Listening> };
  if (process?.listeners === undefined || process.removeListener === undefined) return load();
  const node = process as Listening;
  const before = new Map(crashEvents.map((event) => [event, new Set(node.listeners(event))]));
  try {
    return await load();
  } finally {
    for (const [event, known] of before) {
      for (const listener of node.listeners(event)) {
        if (!known.has(listener)) node.removeListener(event, listener);
      }
    }
  }
}

/** `path`: folder or URL of the .wasm files; default beside the tfjs package. Throws D0702 when it cannot start. */
export async function openWasm(path?: string): Promise<Backend> {
  if (path !== undefined && tf.findBackend("wasm") === null) setWasmPaths(path);
  const ready = await withoutListeners(() => tf.setBackend("wasm").catch(() => false));
  if (!ready) {
    fail("D0702", "the backend 'wasm' could not start", {
      help: "its .wasm files must be readable: pass their folder as wasmPath, or use the backend 'cpu'",
    });
  }
  const store = new HeapStore();
  return new FusedBackend("wasm", store, new WasmEngine(store.memory));
}
