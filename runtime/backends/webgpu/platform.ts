// Owns: the parts of WebGPU and of tfjs' WebGPU backend that are used here, as types: both packages are optional, so the
// project must compile without theirs. Knows no kernels.

/** Bits of GPUBufferUsage. */
export const usage = { mapRead: 1, copySource: 4, copyTarget: 8, uniform: 64, storage: 128 } as const;
/** GPUMapMode.READ */
export const mapForReading = 1;

export interface GpuBuffer {
  readonly size: number;
  mapAsync(mode: number): Promise<void>;
  getMappedRange(): ArrayBuffer;
  unmap(): void;
  destroy(): void;
}

export interface GpuPipeline {
  getBindGroupLayout(index: number): object;
}

interface GpuPass {
  setPipeline(pipeline: GpuPipeline): void;
  setBindGroup(index: number, group: object): void;
  dispatchWorkgroups(x: number, y: number): void;
}

interface GpuEncoder {
  beginComputePass(): GpuPass;
  copyBufferToBuffer(from: GpuBuffer, at: number, to: GpuBuffer, toAt: number, bytes: number): void;
}

export interface GpuLimits {
  readonly maxBufferSize: number;
  readonly maxComputeWorkgroupsPerDimension: number;
  readonly maxStorageBufferBindingSize: number;
  readonly maxStorageBuffersPerShaderStage: number;
  readonly minStorageBufferOffsetAlignment: number;
}

export interface GpuLoss {
  readonly reason: string;
  readonly message: string;
}

export interface GpuDevice {
  readonly limits: GpuLimits;
  readonly lost: Promise<GpuLoss>;
  readonly queue: { writeBuffer(buffer: GpuBuffer, at: number, data: ArrayBuffer): void };
  createBindGroup(of: { layout: object; entries: readonly object[] }): object;
  createBuffer(of: { size: number; usage: number }): GpuBuffer;
  createComputePipeline(of: { compute: object; layout: "auto"; label: string }): GpuPipeline;
  createShaderModule(of: { code: string; label: string }): object;
  addEventListener(type: "uncapturederror", listener: (event: GpuErrorEvent) => void): void;
  removeEventListener(type: "uncapturederror", listener: (event: GpuErrorEvent) => void): void;
  destroy(): void;
}

/** `error` is a GPUOutOfMemoryError, GPUValidationError or GPUInternalError. */
export interface GpuErrorEvent {
  readonly error: { readonly message: string; readonly constructor: { readonly name: string } };
  preventDefault?(): void;
}

export interface GpuAdapter {
  readonly limits: GpuLimits & Readonly<Record<string, number>>;
  readonly features: { has(name: string): boolean };
  /** Absent in old browsers. */
  readonly info?: { readonly vendor: string; readonly architecture: string; readonly description: string };
  requestDevice(of: {
    requiredLimits: Record<string, number>;
    requiredFeatures: string[];
  }): Promise<GpuDevice>;
}

export interface Gpu {
  requestAdapter(of: { powerPreference: string }): Promise<GpuAdapter | null>;
}

/** What tfjs keeps of a tensor. `values` is a copy on the host, which reads are answered from while it is there. */
export interface TensorData {
  values: Float32Array | null;
  resource: GpuBuffer | null;
  /** Whether the buffer is the application's, who may have more uses for it. */
  readonly external?: boolean;
}

/** tfjs' WebGPU backend, 4.22.0, its last release; the package is pinned to it. */
export interface TfGpu {
  readonly device: GpuDevice;
  readonly bufferManager: {
    acquireBuffer(size: number, usage: number): GpuBuffer;
    releaseBuffer(buffer: GpuBuffer): void;
  };
  readonly tensorMap: { get(id: object): TensorData };
  /** Tensors that commands not yet submitted use: their buffers are kept until then. */
  readonly commandQueueOwnedIds: WeakSet<object>;
  /** Given back when the commands are submitted. */
  readonly uniformPendingDisposal: GpuBuffer[];
  commandEncoder: GpuEncoder | null;
  computePassEncoder: GpuPass | null;
  dispatchCountInPass: number;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  /** Throws with a pass open, and with nothing recorded. */
  submitQueue(): void;
  /** Registers a tensor; keeps the array it is given. */
  write(values: Float32Array | null, shape: readonly number[], type: "float32"): object;
  /** Gives a tensor its buffer, with its values if there are some. */
  uploadToGPU(id: object): void;
  disposeData(id: object): boolean;
  refCount(id: object): number;
}
