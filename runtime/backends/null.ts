// Owns: a backend without arithmetic. It follows shapes, launches, bytes and lifetimes, so fusion and memory are guarded
// where no device exists. Every download is zeros.

import type { Kernel, Per, ReduceFn } from "../../compiler/plan/schema.js";
import type { Backend, Executable, HostArray, Shape, Tensor } from "../backend.js";
import { Meter } from "../meter.js";
import type { NoiseRequest } from "../noise/noise.js";
import { nodeShapes, reducedShape, sizeOf } from "../shapes.js";
import { checkFill, checkReduction } from "./checks.js";

class NullBackend implements Backend {
  readonly name = "null";
  readonly floatBits = 32;
  readonly meter = new Meter(4);
  readonly #live = new Set<Tensor>();

  upload(data: HostArray, shape: Shape): Tensor {
    checkFill(data, shape);
    this.meter.uploads += 1;
    return this.#make(shape);
  }

  download(tensor: Tensor): Promise<HostArray> {
    this.meter.downloads += 1;
    return Promise.resolve(new Float32Array(this.#read(tensor)));
  }

  prepare(kernel: Kernel): Executable {
    return { kernel };
  }

  dispatch(
    { kernel }: Executable,
    inputs: readonly Tensor[],
    _scalars: readonly number[],
    donated: readonly boolean[],
  ): Tensor[] {
    for (const tensor of inputs) this.#read(tensor);
    const shapes = nodeShapes(
      kernel,
      inputs.map((tensor) => tensor.shape),
    );
    this.meter.dispatches += 1;
    // Outputs of a donated size take over the memory; the others are new.
    donated.forEach((given, i) => {
      if (given) this.free(inputs[i]!);
    });
    return kernel.outputs.map((node) => this.#make(shapes[node] ?? []));
  }

  reduce(fn: ReduceFn, per: Per, inputs: readonly Tensor[], _parameter: number | null): Tensor {
    for (const tensor of inputs) this.#read(tensor);
    checkReduction(fn, inputs);
    this.meter.reductions += 1;
    return this.#make(reducedShape(inputs[0]?.shape ?? [], per));
  }

  draw(request: NoiseRequest): Tensor {
    this.meter.draws += 1;
    return this.#make(request.shape);
  }

  maxAbs(tensor: Tensor): Promise<number> {
    this.#read(tensor);
    return Promise.resolve(0);
  }

  free(tensor: Tensor): void {
    if (!this.#live.delete(tensor)) throw new Error("this tensor was freed, or belongs to another backend");
    this.meter.release(sizeOf(tensor.shape));
  }

  liveTensors(): number {
    return this.#live.size;
  }

  dispose(): void {
    for (const tensor of [...this.#live]) this.free(tensor);
  }

  #make(shape: Shape): Tensor {
    const tensor: Tensor = { shape };
    this.#live.add(tensor);
    this.meter.allocate(sizeOf(shape));
    this.meter.move(sizeOf(shape));
    return tensor;
  }

  /** Counts a read of the tensor; returns its size. */
  #read(tensor: Tensor): number {
    if (!this.#live.has(tensor)) throw new Error("this tensor was freed, or belongs to another backend");
    const size = sizeOf(tensor.shape);
    this.meter.move(size);
    return size;
  }
}

/** Opens the backend that only counts; read the counts from `meter`. */
export const openNull = (): Backend => new NullBackend();
