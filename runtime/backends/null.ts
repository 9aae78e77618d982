// Owns: a backend without arithmetic. It follows shapes, launches, bytes and lifetimes, so fusion and memory are guarded
// where no device exists. Every download is zeros.

import type { Kernel, Per, ReduceFn } from "../../compiler/plan/schema.js";
import type { Backend, Executable, HostArray, Rows, Shape, Tensor } from "../backend.js";
import { Meter } from "../meter.js";
import { checkRequest, type NoiseRequest } from "../noise/noise.js";
import { nodeShapes, reducedShape, sizeOf } from "../shapes.js";
import { checkFill, checkReduction } from "./checks.js";
import { planReuse } from "./reuse.js";
import { Siblings } from "./siblings.js";

class NullTensor implements Tensor {
  /** `made`: it takes up memory. Noise does not until it is used by more than a kernel it dies in. */
  constructor(
    readonly shape: Shape,
    public made: boolean,
    /** Those it shares memory with; nothing is written over it. */
    readonly siblings: Siblings<null> | null = null,
  ) {}
}

class NullBackend implements Backend {
  readonly name = "null";
  readonly floatBits = 32;
  readonly isWide = true;
  readonly meter = new Meter(4);
  readonly rows: Rows = {
    repeat: (tensor, times) => {
      this.#read(tensor);
      const [samples = 1, ...rest] = tensor.shape;
      return this.#make([samples * times, ...rest]);
    },
    split: (tensor, parts) => {
      this.#store(this.#tensor(tensor));
      const [samples = 1, ...rest] = tensor.shape;
      const siblings = new Siblings(null, parts);
      this.free(tensor);
      return Array.from({ length: parts }, () => {
        const part = new NullTensor([samples / parts, ...rest], true, siblings);
        this.#live.add(part);
        this.meter.allocate(sizeOf(part.shape));
        return part;
      });
    },
  };
  readonly #live = new Set<NullTensor>();

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
    const given = inputs.map((tensor) => this.#tensor(tensor));
    const shapes = nodeShapes(
      kernel,
      given.map((tensor) => tensor.shape),
    );
    const outputs = kernel.outputs.map((node) => shapes[node] ?? []);
    given.forEach((tensor, i) => {
      if (tensor.made || donated[i] !== true) this.#read(tensor);
    });
    this.meter.dispatches += 1;
    const reuse = planReuse(
      outputs,
      given.map((tensor, i) =>
        donated[i] === true && tensor.made && tensor.siblings === null ? sizeOf(tensor.shape) : null,
      ),
    );
    for (const input of reuse) if (input >= 0) this.free(given[input]!);
    const made = outputs.map((shape) => this.#make(shape));
    given.forEach((tensor, i) => {
      if (donated[i] === true && !reuse.includes(i)) this.free(tensor);
    });
    return made;
  }

  reduce(fn: ReduceFn, per: Per, inputs: readonly Tensor[], _parameter: number | null): Tensor {
    for (const tensor of inputs) this.#read(tensor);
    checkReduction(fn, inputs);
    this.meter.reductions += 1;
    return this.#make(reducedShape(inputs[0]?.shape ?? [], per));
  }

  draw(request: NoiseRequest): Tensor {
    checkRequest(request);
    this.meter.draws += 1;
    const tensor = new NullTensor(request.shape, false);
    this.#live.add(tensor);
    return tensor;
  }

  finite(tensor: Tensor): Promise<boolean> {
    this.#tensor(tensor);
    return Promise.resolve(true);
  }

  free(tensor: Tensor): void {
    const own = this.#tensor(tensor);
    this.#live.delete(own);
    const { made, siblings, shape } = own;
    if (siblings !== null) siblings.leave(this.meter, sizeOf(shape));
    else if (made) this.meter.release(sizeOf(shape));
  }

  liveTensors(): number {
    return this.#live.size;
  }

  dispose(): void {
    for (const tensor of [...this.#live]) this.free(tensor);
  }

  #make(shape: Shape): NullTensor {
    const tensor = new NullTensor(shape, true);
    this.#live.add(tensor);
    this.#count(tensor);
    return tensor;
  }

  #count({ shape }: NullTensor): void {
    this.meter.allocate(sizeOf(shape));
    this.meter.move(sizeOf(shape));
  }

  #tensor(tensor: Tensor): NullTensor {
    if (!(tensor instanceof NullTensor) || !this.#live.has(tensor)) {
      throw new Error("this tensor was freed, or belongs to another backend");
    }
    return tensor;
  }

  /** Counts a read of the tensor; returns its size. */
  #read(tensor: Tensor): number {
    const own = this.#tensor(tensor);
    this.#store(own);
    const size = sizeOf(own.shape);
    this.meter.move(size);
    return size;
  }

  #store(tensor: NullTensor): void {
    if (tensor.made) return;
    tensor.made = true;
    this.#count(tensor);
  }
}

/** Opens the backend that only counts; read the counts from `meter`. */
export const openNull = (): Backend => new NullBackend();
