// Owns: the contract between the executor and whatever does the arithmetic. A backend knows tensors, kernels, noise
// and reductions; it must not know samplers, grids, schedules, models or plans.

import type { Kernel, Per, ReduceFn } from "../compiler/plan/schema.js";
import type { Meter } from "./meter.js";
import type { NoiseRequest } from "./noise/noise.js";

/** Extents, outermost first. Axis 0 counts the samples. */
export type Shape = readonly number[];
/** Host data in C order. */
export type HostArray = Float32Array | Float64Array;

/** Host data with its shape. */
export interface HostTensor {
  readonly data: HostArray;
  readonly shape: Shape;
}

/**
 * A tensor on a backend: an opaque handle, owned by one holder, who frees it. A backend may leave it unevaluated until
 * it is used, so noise can be made inside the kernel that consumes it.
 */
export interface Tensor {
  readonly shape: Shape;
}

/** A kernel made ready for one backend. */
export interface Executable {
  readonly kernel: Kernel;
}

/** Lets a model share memory with a backend that is made of tfjs tensors. */
export interface TfInterop {
  /** Name of the tfjs backend that holds the data: `cpu`, `wasm`. */
  readonly backend: string;
  /** The tf.Tensor inside; it still belongs to `tensor` and must not be disposed. */
  unwrap(tensor: Tensor): unknown;
  /** Takes over a float32 tf.Tensor; of one that a live tensor has inside, as `unwrap` gives it, a clone. */
  adopt(value: unknown): Tensor;
  /** False when somebody disposed the tf.Tensor inside. */
  intact(tensor: Tensor): boolean;
}

/** Moves whole samples, for networks that take several branches in one call. */
export interface Rows {
  /** A new tensor with `tensor` `times` times along axis 0. */
  repeat(tensor: Tensor, times: number): Tensor;
  /**
   * Equal parts along axis 0, which may lie in the memory of `tensor`; that goes with the last of them. `tensor` is given
   * up, unless it throws.
   */
  split(tensor: Tensor, parts: number): Tensor[];
}

/** What is said of a tensor with elements that are not finite. */
export interface Odd {
  readonly count: number;
  /** The first one, and its index among all elements. */
  readonly value: number;
  readonly index: number;
  /** The largest magnitude among the finite ones; 0 without any. */
  readonly largest: number;
}

/** Looks for elements that are not finite, started one by one and waited for together. */
export interface Looks {
  /** Looks at the elements as they are now; the tensor may be given up right after. */
  start(tensor: Tensor): void;
  /** With one wait at most, what each look since the last time has found, in their order; null: all are finite. */
  end(): Promise<readonly (Odd | null)[]>;
  /** Gives up what was started. */
  drop(): void;
}

/** What is known of a tensor before there is one. */
export interface Outline {
  readonly shape: Shape;
  /** Noise that nobody has needed as a tensor yet. */
  readonly noise: NoiseRequest["distribution"] | null;
  /** Whether it is one of the parts that `Rows.split` gives. */
  readonly part: boolean;
}

/** Compiles before a run what the methods of a backend will need. Throws D0703 where they do: shapes do not broadcast. */
export interface Warming {
  dispatch(executable: Executable, inputs: readonly Outline[], donated: readonly boolean[]): void;
  reduce(fn: ReduceFn, per: Per, inputs: readonly Outline[]): void;
  /** What makes noise a tensor. */
  store(noise: Outline): void;
  looks(): void;
}

export interface Backend {
  readonly name: string;
  readonly floatBits: 32 | 64;
  /** Whether it runs kernels that are `wide` (compiler/plan/schema.ts); default: no. */
  readonly isWide?: boolean;
  /** Counts of work and memory since the backend was opened. */
  readonly meter: Meter;
  /** Copies host data in. Throws D0703 when `data` does not fill `shape`. */
  upload(data: HostArray, shape: Shape): Tensor;
  /** Copies a tensor out; the array belongs to the caller. */
  download(tensor: Tensor): Promise<HostArray>;
  /** Compiles a kernel; kernels of equal structure share one executable. */
  prepare(kernel: Kernel): Executable;
  /** Absent: nothing depends on shapes, or nothing is compiled. */
  readonly warm?: Warming;
  /**
   * Runs a kernel: fresh tensors, one per output, each of the broadcast shape of the inputs that reach it. Inputs
   * marked in `donated` are given up by the caller: the backend frees them or writes a result into their memory. A
   * tensor that stands at two places is never donated. When it throws, nothing has been given up.
   */
  dispatch(
    executable: Executable,
    inputs: readonly Tensor[],
    scalars: readonly number[],
    donated: readonly boolean[],
  ): Tensor[];
  /** Reduces one tensor (two of one shape for `dot`); keeps the rank, reduced axes become 1. `parameter` is the quantile's p. */
  reduce(fn: ReduceFn, per: Per, inputs: readonly Tensor[], parameter: number | null): Tensor;
  /** Noise; a backend may leave it unmade until it is used. Throws D0703 when its counters are out of range. */
  draw(request: NoiseRequest): Tensor;
  /** Whether all elements are finite. */
  finite(tensor: Tensor): Promise<boolean>;
  /** For a backend that works behind its caller, who would wait for each answer. Absent: `finite` answers at once. */
  looks?(): Looks;
  /** Ends the life of a tensor. A second call for the same one throws: it is a fault of the caller. */
  free(tensor: Tensor): void;
  /** Tensors made and not yet freed. */
  liveTensors(): number;
  /** Frees what is left and gives back the device. */
  dispose(): void;
  readonly tf?: TfInterop;
  /** Absent: branches are called one by one. */
  readonly rows?: Rows;
}
