// Owns: the oracle: float64 in plain JavaScript, written to be obviously right. All other backends are compared with
// it. Kernels are interpreted block by block, so cost stays near memory speed without generated code.

import type { Kernel, Per, ReduceFn } from "../../compiler/plan/schema.js";
import type { Backend, Executable, HostArray, Rows, Shape, Tensor } from "../backend.js";
import { Meter } from "../meter.js";
import { makeNoise, type NoiseRequest } from "../noise/noise.js";
import { broadcastIndices, nodeShapes, reducedShape, sameShape, sizeOf } from "../shapes.js";
import { checkFill, checkReduction, inRoom } from "./checks.js";
import { hostMaxAbs, hostReduce } from "./hostReduce.js";
import { isOperation, kernelStructure, scalarNodes, scalarOps, scalarValues } from "./scalarOps.js";
import { Siblings } from "./siblings.js";

const BLOCK = 1024;

class HostStorage implements Tensor {
  constructor(
    readonly shape: Shape,
    public values: Float64Array | null,
    /** Those whose values lie in the same memory. */
    readonly siblings: Siblings<Float64Array> | null = null,
  ) {}
}

interface ReferenceExecutable extends Executable {
  readonly isScalar: readonly boolean[];
}

class ReferenceBackend implements Backend {
  readonly name = "reference";
  readonly floatBits = 64;
  readonly isWide = true;
  readonly meter = new Meter(8);
  readonly rows: Rows = {
    repeat: (tensor, times) => {
      const data = this.#data(tensor);
      const all = this.#room(data.length * times);
      for (let k = 0; k < times; k++) all.set(data, k * data.length);
      const [samples = 1, ...rest] = tensor.shape;
      return this.#make(all, [samples * times, ...rest]);
    },
    split: (tensor, parts) => {
      const data = this.#data(tensor);
      const size = data.length / parts;
      const [samples = 1, ...rest] = tensor.shape;
      const siblings = new Siblings(data, parts);
      this.free(tensor);
      return Array.from({ length: parts }, (_, k) => {
        const part = new HostStorage(
          [samples / parts, ...rest],
          data.subarray(k * size, (k + 1) * size),
          siblings,
        );
        this.#live.add(part);
        this.meter.allocate(size);
        return part;
      });
    },
  };
  readonly #live = new Set<HostStorage>();
  readonly #cache = new Map<string, ReferenceExecutable>();

  upload(data: HostArray, shape: Shape): Tensor {
    checkFill(data, shape);
    this.meter.uploads += 1;
    const values = this.#room(data.length);
    values.set(data);
    return this.#make(values, shape);
  }

  download(tensor: Tensor): Promise<HostArray> {
    const data = this.#data(tensor);
    this.meter.downloads += 1;
    this.meter.move(data.length);
    return Promise.resolve(inRoom(data.length, () => data.slice()));
  }

  prepare(kernel: Kernel): Executable {
    const structure = kernelStructure(kernel);
    let executable = this.#cache.get(structure);
    if (executable === undefined) {
      executable = { kernel, isScalar: scalarNodes(kernel) };
      this.#cache.set(structure, executable);
    }
    return executable;
  }

  dispatch(
    executable: Executable,
    inputs: readonly Tensor[],
    scalars: readonly number[],
    donated: readonly boolean[],
  ): Tensor[] {
    const { kernel, isScalar } = executable as ReferenceExecutable;
    const data = inputs.map((tensor) => this.#data(tensor));
    const inputShapes = inputs.map((tensor) => tensor.shape);
    const shapes = nodeShapes(kernel, inputShapes);
    const constants = scalarValues(kernel, scalars, isScalar);
    const results = kernel.outputs.map((node) => {
      const shape = shapes[node] ?? [];
      return { node, shape, data: this.#room(sizeOf(shape)) };
    });
    const done = new Set<object>();
    for (const { shape } of results) {
      const group = results.filter((other) => !done.has(other) && sameShape(other.shape, shape));
      if (group.length > 0) runGroup(kernel, constants, shapes, data, inputShapes, shape, group);
      for (const other of group) done.add(other);
    }
    // Nothing was rounded.
    if (kernel.wide !== undefined) results[kernel.wide.rest]!.data.fill(0);
    this.meter.dispatches += 1;
    for (const array of data) this.meter.move(array.length);
    donated.forEach((given, i) => {
      if (given) this.free(inputs[i]!);
    });
    return results.map((result) => this.#make(result.data, result.shape));
  }

  reduce(fn: ReduceFn, per: Per, inputs: readonly Tensor[], parameter: number | null): Tensor {
    const data = inputs.map((tensor) => this.#data(tensor));
    const shape = inputs[0]?.shape ?? [];
    checkReduction(fn, inputs);
    this.meter.reductions += 1;
    for (const array of data) this.meter.move(array.length);
    return this.#make(hostReduce(fn, per, data, shape, parameter), reducedShape(shape, per));
  }

  draw(request: NoiseRequest): Tensor {
    this.meter.draws += 1;
    const values = inRoom(sizeOf(request.shape), () => Float64Array.from(makeNoise(request)));
    return this.#make(values, request.shape);
  }

  finite(tensor: Tensor): Promise<boolean> {
    const data = this.#data(tensor);
    this.meter.move(data.length);
    return Promise.resolve(Number.isFinite(hostMaxAbs(data)));
  }

  free(tensor: Tensor): void {
    const length = this.#data(tensor).length;
    const storage = tensor as HostStorage;
    storage.values = null;
    this.#live.delete(storage);
    const { siblings } = storage;
    if (siblings === null) this.meter.release(length);
    else siblings.leave(this.meter, length);
  }

  liveTensors(): number {
    return this.#live.size;
  }

  dispose(): void {
    for (const storage of [...this.#live]) this.free(storage);
    this.#cache.clear();
  }

  /** Zeros. Throws D0707. */
  #room(size: number): Float64Array {
    return inRoom(size, () => new Float64Array(size));
  }

  #make(data: Float64Array, shape: Shape): Tensor {
    const storage = new HostStorage(shape, data);
    this.#live.add(storage);
    this.meter.allocate(data.length);
    this.meter.move(data.length);
    return storage;
  }

  #data(tensor: Tensor): Float64Array {
    if (!(tensor instanceof HostStorage) || tensor.values === null || !this.#live.has(tensor)) {
      throw new Error("this tensor was freed, or belongs to another backend");
    }
    return tensor.values;
  }
}

/** Computes the outputs of one shape, block by block: all nodes of a block, then its results. */
function runGroup(
  kernel: Kernel,
  constants: readonly (number | undefined)[],
  shapes: readonly (Shape | null)[],
  inputs: readonly Float64Array[],
  inputShapes: readonly Shape[],
  shape: Shape,
  outputs: readonly { readonly node: number; readonly data: Float64Array }[],
): void {
  const needed = new Set(outputs.map((output) => output.node));
  for (let i = kernel.nodes.length - 1; i >= 0; i--) {
    const node = kernel.nodes[i]!;
    if (needed.has(i) && isOperation(node)) for (const arg of node.args) needed.add(arg);
  }
  const total = sizeOf(shape);
  const indices = kernel.nodes.map((node, i) => {
    if (node.op !== "input" || !needed.has(i)) return null;
    const own = inputShapes[node.index]!;
    return sameShape(own, shape) ? null : broadcastIndices(own, shape);
  });
  const blocks = kernel.nodes.map((_, i) => {
    const block = new Float64Array(Math.min(BLOCK, total));
    return shapes[i] === null ? block.fill(constants[i] ?? NaN) : block;
  });
  for (let start = 0; start < total; start += BLOCK) {
    const count = Math.min(BLOCK, total - start);
    kernel.nodes.forEach((node, i) => {
      if (!needed.has(i) || shapes[i] === null) return;
      const block = blocks[i]!;
      if (node.op === "input") {
        const data = inputs[node.index]!;
        const index = indices[i];
        if (index) for (let k = 0; k < count; k++) block[k] = data[index[start + k]!]!;
        else block.set(data.subarray(start, start + count));
      } else if (isOperation(node)) {
        const operation = scalarOps[node.op];
        const a = blocks[node.args[0] ?? 0]!;
        const b = blocks[node.args[1] ?? 0]!;
        const c = blocks[node.args[2] ?? 0]!;
        for (let k = 0; k < count; k++) block[k] = operation(a[k]!, b[k]!, c[k]!);
      }
    });
    for (const { node, data } of outputs) data.set(blocks[node]!.subarray(0, count), start);
  }
}

/** Opens the float64 backend; it has no resources beyond its tensors. */
export const openReference = (): Backend => new ReferenceBackend();
