// Owns: the backend in plain JavaScript: float32 arrays, kernels run block by block. Its tensors can be handed to tfjs'
// cpu backend, which shares the arrays. Imported only when it is asked for.

import * as tf from "@tensorflow/tfjs-core";
import "@tensorflow/tfjs-backend-cpu";
import type { Backend } from "../backend.js";
import { BlockEngine } from "../kernels/blocks.js";
import { checkIntact, inRoom } from "./checks.js";
import { FusedBackend, type Store } from "./fused.js";
import { SharedTensors } from "./shared.js";

interface ArrayBuffer32 {
  readonly values: Float32Array;
  /** The tf.Tensor over the same array, once there is one. */
  tensor: tf.Tensor | null;
}

/** The part of tfjs' cpu backend that is used here. */
interface CpuMemory {
  readonly data: { get(id: object): { readonly values: Float32Array } };
  refCount(id: object): number;
}

/** Arrays kept for the next tensor of their size. */
const SPARE = 4;

class ArrayStore implements Store<ArrayBuffer32, Float32Array> {
  readonly #backend = tf.findBackend("cpu");
  /** Arrays that were freed last: a new one costs its zeros and a garbage collection. */
  readonly #spare: Float32Array[] = [];
  readonly #shared = new SharedTensors(tf);
  readonly #memory = this.#backend as unknown as CpuMemory;

  allocate(size: number): ArrayBuffer32 {
    const spare = this.#spare.findIndex((values) => values.length === size);
    if (spare >= 0) return { values: this.#spare.splice(spare, 1)[0]!, tensor: null };
    return { values: inRoom(size, () => new Float32Array(size)), tensor: null };
  }
  release({ values, tensor }: ArrayBuffer32): void {
    if (tensor !== null) {
      if (!tensor.isDisposed) tensor.dispose();
      return;
    }
    this.#spare.push(values);
    if (this.#spare.length > SPARE) this.#spare.shift();
  }
  dispose(): void {
    this.#spare.length = 0;
  }
  intact({ tensor }: ArrayBuffer32): boolean {
    return tensor === null || !tensor.isDisposed;
  }
  locate({ values, tensor }: ArrayBuffer32): Float32Array {
    checkIntact(tensor);
    return values;
  }
  view({ values, tensor }: ArrayBuffer32, size: number): Float32Array {
    checkIntact(tensor);
    return values.subarray(0, size);
  }
  exclusive({ tensor }: ArrayBuffer32): boolean {
    return tensor === null || this.#memory.refCount(tensor.dataId) === 1;
  }
  share(buffer: ArrayBuffer32, shape: readonly number[]): tf.Tensor {
    if (tf.getBackend() !== "cpu") void tf.setBackend("cpu");
    return (buffer.tensor = this.#shared.give(buffer.tensor, shape, () =>
      tf.engine().makeTensor(buffer.values, [...shape], "float32", this.#backend),
    ));
  }
  adopt(value: unknown): { buffer: ArrayBuffer32; shape: readonly number[] } {
    const tensor = this.#shared.take(value);
    // `get` fetches the data when another tfjs backend has it.
    return { buffer: { values: this.#memory.data.get(tensor.dataId).values, tensor }, shape: tensor.shape };
  }
  part({ values, tensor }: ArrayBuffer32, start: number, size: number): ArrayBuffer32 {
    return { values: values.subarray(start, start + size), tensor };
  }
}

let greeted = false;

/** tfjs prints an advertisement on the first tensor in Node; production mode keeps it quiet, for that one tensor. */
function quietStart(): void {
  if (greeted) return;
  greeted = true;
  const environment = tf.env();
  const before = environment.getBool("PROD");
  environment.set("PROD", true);
  tf.tensor1d([0]).dispose();
  environment.set("PROD", before);
}

/** Always there; slow for networks. */
export async function openCpu(): Promise<Backend> {
  await tf.setBackend("cpu");
  quietStart();
  return new FusedBackend("cpu", new ArrayStore(), new BlockEngine());
}
