// Owns: the device: tensors' memory, recording of dispatches and copies beside those of tfjs, reading back, and what
// happens when the device is lost or has no room. Knows no kernels and no shapes.

import { fail } from "../../../compiler/diagnostics/report.js";
import { noRoom } from "../checks.js";
import { RECORD } from "./reduce.js";
import {
  mapForReading,
  usage,
  type GpuBuffer,
  type GpuErrorEvent,
  type GpuLoss,
  type GpuPipeline,
  type TfGpu,
} from "./platform.js";

/** Compiled WGSL. Binding 0 are the uniform words, then the buffers. */
export interface Shader {
  readonly pipeline: GpuPipeline;
  readonly layout: object;
}

/** A tensor's memory in tfjs, or a part of it. */
export interface Buffer {
  readonly dataId: object;
  /** In elements. */
  readonly size: number;
  /** Of a part: where it begins, in elements. */
  readonly start?: number;
}

/** A number for a dispatch to leave in its slot of the flags if a result is not finite, greater than all before. */
export interface Stamp {
  readonly stamp: number;
  readonly slot: number;
}

/** Buffers kept for the next tensor of their size: the books of tfjs and a new buffer take longer. */
const SPARE = 6;
/** Answers to "was a result finite", one per dispatch, used in turn. */
const SLOTS = 64;
/** tfjs submits after as many. */
const DISPATCHES_PER_SUBMIT = 15;

export class Device {
  readonly #spare: Buffer[] = [];
  readonly #shaders = new Map<string, Shader>();
  #lost: GpuLoss | undefined;
  /** The first error since the last reading that no call has thrown. */
  #error: { readonly outOfMemory: boolean; readonly message: string } | undefined;
  #flags: GpuBuffer | undefined;
  #stamp = 0;
  /** Dispatches recorded and shaders compiled since the device was opened. */
  dispatches = 0;
  compilations = 0;
  /** Times that results were waited for. */
  waits = 0;

  constructor(readonly tfjs: TfGpu) {
    void tfjs.device.lost.then((loss) => {
      this.#lost = loss;
    });
    tfjs.device.addEventListener("uncapturederror", this.#onError);
  }

  readonly #onError = (event: GpuErrorEvent): void => {
    const { message, constructor } = event.error;
    this.#error ??= { outOfMemory: constructor.name === "GPUOutOfMemoryError", message };
  };

  /** Storage buffers that a kernel may use beside the flags. */
  get bindings(): number {
    return this.tfjs.device.limits.maxStorageBuffersPerShaderStage - 1;
  }

  /** Where dispatches leave their stamps. */
  get flags(): GpuBuffer {
    return (this.#flags ??= this.tfjs.device.createBuffer({
      size: SLOTS * 4,
      usage: usage.storage | usage.copySource,
    }));
  }

  /** Throws D0707 when the device cannot have a buffer of `size` elements, D0709 when it is lost. */
  allocate(size: number): Buffer {
    this.#checkLost();
    const found = this.#spare.findLastIndex((buffer) => buffer.size === size);
    if (found >= 0) return this.#spare.splice(found, 1)[0]!;
    return this.#made(null, size);
  }

  upload(values: Float32Array): Buffer {
    this.#checkLost();
    return this.#made(values, values.length);
  }

  #made(values: Float32Array | null, size: number): Buffer {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.tfjs.device.limits;
    if (size * 4 > Math.min(maxBufferSize, maxStorageBufferBindingSize)) noRoom(size);
    const dataId = this.tfjs.write(values, [size], "float32");
    try {
      this.tfjs.uploadToGPU(dataId);
    } catch (error) {
      this.tfjs.disposeData(dataId);
      // A buffer that is mapped when it is made cannot be: the host has no room for its copy.
      if (error instanceof RangeError) noRoom(size);
      throw error;
    }
    return { dataId, size };
  }

  /** Whether no more than one tf.Tensor is over a buffer, and the buffer is that of tfjs. */
  exclusive({ dataId }: Buffer): boolean {
    return this.tfjs.refCount(dataId) === 1 && this.tfjs.tensorMap.get(dataId).external !== true;
  }

  /** Whether parts of `size` elements each can be bound where they lie. */
  dividesInto(size: number): boolean {
    return (size * 4) % this.tfjs.device.limits.minStorageBufferOffsetAlignment === 0;
  }

  /** Gives back a buffer that nobody else uses, and no part. */
  release(buffer: Buffer): void {
    this.#spare.push(buffer);
    if (this.#spare.length > SPARE) this.tfjs.disposeData(this.#spare.shift()!.dataId);
  }

  /** The shader of a WGSL text; each text is compiled once. */
  compile(code: string, label: string): Shader {
    let shader = this.#shaders.get(code);
    if (shader === undefined) {
      const { device } = this.tfjs;
      const module = device.createShaderModule({ code, label });
      const pipeline = device.createComputePipeline({
        compute: { module, entryPoint: "main" },
        layout: "auto",
        label,
      });
      shader = { pipeline, layout: pipeline.getBindGroupLayout(0) };
      this.#shaders.set(code, shader);
      this.compilations += 1;
    }
    return shader;
  }

  /** Records a dispatch over a grid of workgroups, `inputs` and `outputs` in the order of the shader's bindings. */
  run(
    { pipeline, layout }: Shader,
    words: ArrayBuffer,
    buffers: readonly (Buffer | GpuBuffer)[],
    [x, y]: readonly [number, number],
  ): void {
    this.#checkLost();
    const { tfjs } = this;
    const uniform = tfjs.bufferManager.acquireBuffer(words.byteLength, usage.copyTarget | usage.uniform);
    tfjs.device.queue.writeBuffer(uniform, 0, words);
    tfjs.uniformPendingDisposal.push(uniform);
    const entries = [uniform, ...buffers].map((given, binding) => {
      const buffer = this.#resource(given);
      if (!("dataId" in given) || given.start === undefined) return { binding, resource: { buffer } };
      return { binding, resource: { buffer, offset: given.start * 4, size: given.size * 4 } };
    });
    const group = tfjs.device.createBindGroup({ layout, entries });
    tfjs.ensureCommandEncoderReady();
    const pass = (tfjs.computePassEncoder ??= tfjs.commandEncoder!.beginComputePass());
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(x, y);
    this.dispatches += 1;
    tfjs.dispatchCountInPass += 1;
    if (tfjs.dispatchCountInPass >= DISPATCHES_PER_SUBMIT) this.#submit();
  }

  /** Records a copy of `count` elements to a buffer that is no part. */
  copy(from: Buffer, at: number, to: Buffer, toAt: number, count: number): void {
    this.#checkLost();
    const [source, target] = [this.#resource(from), this.#resource(to)];
    this.tfjs.ensureCommandEncoderReady();
    this.tfjs.endComputePassEncoder();
    const first = (from.start ?? 0) + at;
    this.tfjs.commandEncoder!.copyBufferToBuffer(source, first * 4, target, toAt * 4, count * 4);
  }

  /** The elements of a buffer; the array belongs to the caller. Throws D0707 and D0709. */
  async read(buffer: Buffer): Promise<Float32Array> {
    this.#checkLost();
    const { size, start = 0 } = buffer;
    return new Float32Array(await this.#fetch([this.#resource(buffer)], start * 4, size * 4));
  }

  /** A buffer for what is said of one tensor. */
  record(): GpuBuffer {
    this.#checkLost();
    return this.tfjs.bufferManager.acquireBuffer(RECORD * 4, usage.storage | usage.copySource);
  }

  /** Gives back a record. Commands that use it may wait to be submitted: those of its next owner come after them. */
  releaseRecord(record: GpuBuffer): void {
    this.tfjs.bufferManager.releaseBuffer(record);
  }

  /** What is in records, in one wait. Throws D0707 and D0709. */
  async readRecords(records: readonly GpuBuffer[]): Promise<Uint32Array[]> {
    this.#checkLost();
    const data = await this.#fetch(records, 0, RECORD * 4);
    return records.map((_, i) => new Uint32Array(data, i * RECORD * 4, RECORD));
  }

  nextStamp(): Stamp {
    this.#stamp += 1;
    return { stamp: this.#stamp, slot: this.#stamp % SLOTS };
  }

  /** Gives back what is left; the device belongs to tfjs and stays. */
  dispose(): void {
    for (const { dataId } of this.#spare.splice(0)) this.tfjs.disposeData(dataId);
    this.#shaders.clear();
    // Commands that use it may wait to be submitted.
    if (this.tfjs.commandEncoder !== null) this.#submit();
    this.#flags?.destroy();
    this.#flags = undefined;
    this.tfjs.device.removeEventListener("uncapturederror", this.#onError);
  }

  #resource(buffer: Buffer | GpuBuffer): GpuBuffer {
    if (!("dataId" in buffer)) return buffer;
    const { dataId } = buffer;
    this.tfjs.uploadToGPU(dataId);
    const data = this.tfjs.tensorMap.get(dataId);
    // A copy that tfjs keeps on the host would answer reads after this buffer is written again.
    data.values = null;
    this.tfjs.commandQueueOwnedIds.add(dataId);
    return data.resource!;
  }

  #submit(): void {
    this.tfjs.endComputePassEncoder();
    this.tfjs.submitQueue();
  }

  /** `bytes` of each of the buffers from `at` on, one behind the other. */
  async #fetch(buffers: readonly GpuBuffer[], at: number, bytes: number): Promise<ArrayBuffer> {
    const { tfjs } = this;
    const all = buffers.length * bytes;
    const staging = tfjs.bufferManager.acquireBuffer(all, usage.copyTarget | usage.mapRead);
    tfjs.ensureCommandEncoderReady();
    tfjs.endComputePassEncoder();
    buffers.forEach((buffer, i) =>
      tfjs.commandEncoder!.copyBufferToBuffer(buffer, at, staging, i * bytes, bytes),
    );
    tfjs.submitQueue();
    this.waits += 1;
    try {
      await staging.mapAsync(mapForReading);
    } catch (error) {
      // Nobody else unmaps or destroys it, so it is the device that is gone; its promise may be resolved later.
      if (error instanceof Error && error.name === "AbortError") this.#lost ??= await tfjs.device.lost;
      tfjs.bufferManager.releaseBuffer(staging);
      this.#checkLost();
      this.#checkError();
      throw error;
    }
    const data = staging.getMappedRange().slice(0);
    staging.unmap();
    tfjs.bufferManager.releaseBuffer(staging);
    this.#checkError();
    return data;
  }

  #checkLost(): void {
    if (this.#lost === undefined) return;
    const { reason, message } = this.#lost;
    fail("D0709", "the WebGPU device was lost", {
      why: `${reason}: ${message.trim() || "it gave no reason"}`,
      help: "open the backend again, which asks for a new device, and repeat the run; or use the backend 'wasm'",
    });
  }

  /** Throws what a call before has done wrong: WebGPU says so later. */
  #checkError(): void {
    const found = this.#error;
    if (found === undefined) return;
    this.#error = undefined;
    if (found.outOfMemory)
      fail("D0707", "the WebGPU device has no memory left", {
        why: found.message.trim().split("\n")[0]!,
        help: "use a smaller batch, or smaller samples",
      });
    throw new Error(`WebGPU refuses a command: ${found.message}`);
  }
}
