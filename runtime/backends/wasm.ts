// Owns: the backend on the heap of tfjs' WebAssembly backend: its tensors are tfjs' tensors, its kernels WebAssembly of
// our own. Takes back what loading tfjs does to the process. Imported only when it is asked for.

import * as tf from "@tensorflow/tfjs-core";
import { setWasmPaths } from "@tensorflow/tfjs-backend-wasm";
import { fail } from "../../compiler/diagnostics/report.js";
import type { Backend } from "../backend.js";
import { PARAMETER_BYTES, WasmEngine } from "../kernels/wasm/engine.js";
import type { WasmMemory } from "../kernels/wasm/platform.js";
import { checkIntact, noRoom } from "./checks.js";
import { FusedBackend, type Store } from "./fused.js";
import { SharedTensors } from "./shared.js";

interface TensorRecord {
  readonly id: number;
  memoryOffset: number;
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
  readonly dataIdMap: {
    has(id: object): boolean;
    get(id: object): TensorRecord;
    set(id: object, record: TensorRecord): void;
  };
  disposeData(id: object, force?: boolean): boolean;
  refCount(id: object): number;
}

interface HeapBuffer {
  readonly dataId: object;
  /** In elements. */
  readonly size: number;
  /** In bytes. */
  readonly address: number;
  /** The tf.Tensor over the same memory, once there is one. */
  tensor: tf.Tensor | null;
}

/**
 * Tensors begin with multiples of this many bytes, where tfjs' allocator gives multiples of 8. Of vectors that begin in the
 * middle every fourth lies in two lines of the cache and is read twice: a fourteenth of a kernel's time. And a load waits for
 * a store that it follows by up to some hundred bytes in the last 12 bits of its address: up to half as long again.
 */
const PLACE = 512;

/** Buffers kept for the next tensor of their size: the allocator and the books of tfjs cost a microsecond. */
const SPARE = 4;

/** Bytes a heap of 32-bit addresses can hand out at once. */
const LARGEST = 2 ** 32 - 2 ** 16;

const parameterBlocks = new WeakMap<WasmHeap["wasm"], number>();

/** Blocks of tensors that do not begin with them, by the tensor's dataId. */
const blocks = new WeakMap<object, number>();
const taught = new WeakSet<WasmHeap>();

/** tfjs frees the block of a tensor by the tensor's address: it is told the block's, when the last user is gone. */
function teachBlocks(heap: WasmHeap): void {
  if (taught.has(heap)) return;
  taught.add(heap);
  const { disposeData } = heap;
  heap.disposeData = (id, force = false) => {
    const block = blocks.get(id);
    if (block !== undefined && heap.dataIdMap.has(id)) {
      const record = heap.dataIdMap.get(id);
      if (force || record.refCount === 1) record.memoryOffset = block;
    }
    return disposeData.call(heap, id, force);
  };
}

class HeapStore implements Store<HeapBuffer, number> {
  readonly #backend = tf.findBackend("wasm");
  readonly #heap = this.#backend as unknown as WasmHeap;
  readonly #shared = new SharedTensors(tf);
  /** No tf.Tensor is over them. */
  readonly #spare: HeapBuffer[] = [];

  constructor() {
    teachBlocks(this.#heap);
  }

  get memory(): WasmMemory {
    return this.#heap.wasm.wasmMemory ?? this.#heap.wasm.asm.memory;
  }

  allocate(size: number): HeapBuffer {
    for (let i = this.#spare.length - 1; i >= 0; i--) {
      const found = this.#spare[i]!;
      if (found.size !== size) continue;
      this.#spare.splice(i, 1);
      return found;
    }
    const bytes = 4 * size + PLACE;
    if (bytes > LARGEST) noRoom(size);
    const made = this.#make(size, bytes);
    if (made !== null) return made;
    this.dispose();
    return this.#make(size, bytes) ?? noRoom(size);
  }
  /** As BackendWasm.move does, in a place of our own, and with a look at what the allocator says: null, no room. */
  #make(size: number, bytes: number): HeapBuffer | null {
    const { wasm, dataIdMap } = this.#heap;
    const block = wasm._malloc(bytes) >>> 0;
    if (block === 0) return null;
    const address = PLACE * Math.ceil(block / PLACE);
    const id = this.#heap.dataIdNextNumber++;
    try {
      wasm.tfjs.registerTensor(id, size, address);
    } catch (error) {
      // The last bytes were missing for tfjs' own record of the tensor: emscripten aborts with a RuntimeError.
      wasm._free(block);
      if (error instanceof Error && error.name === "RuntimeError") return null;
      throw error;
    }
    const dataId = {};
    dataIdMap.set(dataId, { id, memoryOffset: address, shape: [size], dtype: "float32", refCount: 1 });
    if (address !== block) blocks.set(dataId, block);
    return { dataId, size, address, tensor: null };
  }
  release(buffer: HeapBuffer): void {
    if (buffer.tensor !== null) return this.#end(buffer);
    this.#spare.push(buffer);
    if (this.#spare.length > SPARE) this.#end(this.#spare.shift()!);
  }
  #end({ dataId, tensor }: HeapBuffer): void {
    if (tensor === null) this.#heap.disposeData(dataId);
    else if (!tensor.isDisposed) tensor.dispose();
  }
  dispose(): void {
    for (const buffer of this.#spare.splice(0)) this.#end(buffer);
  }
  /** Where calls find their parameters: once in a heap, for all backends on it, since no two calls overlap. */
  parameters(): number {
    const { wasm } = this.#heap;
    const known = parameterBlocks.get(wasm);
    if (known !== undefined) return known;
    const address = wasm._malloc(PARAMETER_BYTES) >>> 0;
    if (address === 0) noRoom(PARAMETER_BYTES / 4);
    parameterBlocks.set(wasm, address);
    return address;
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
  exclusive({ dataId, tensor }: HeapBuffer): boolean {
    return tensor === null || this.#heap.refCount(dataId) === 1;
  }
  share(buffer: HeapBuffer, shape: readonly number[]): tf.Tensor {
    if (tf.getBackend() !== "wasm") void tf.setBackend("wasm");
    const { dataId } = buffer;
    return (buffer.tensor = this.#shared.give(buffer.tensor, shape, () =>
      tf.engine().makeTensorFromDataId(dataId, [...shape], "float32", this.#backend),
    ));
  }
  adopt(value: unknown): { buffer: HeapBuffer; shape: readonly number[] } {
    const tensor = this.#shared.take(value);
    // `get` fetches the data when another tfjs backend has it.
    const address = this.#heap.dataIdMap.get(tensor.dataId).memoryOffset;
    return {
      buffer: { dataId: tensor.dataId, size: tensor.size, address, tensor },
      shape: tensor.shape,
    };
  }
  part({ dataId, address, tensor }: HeapBuffer, start: number, size: number): HeapBuffer {
    return { dataId, size, address: address + 4 * start, tensor };
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
  return new FusedBackend("wasm", store, new WasmEngine(store.memory, store.parameters()));
}
