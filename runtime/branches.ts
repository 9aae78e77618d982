// Owns: model calls that differ in nothing but their conditions, made as one: the state repeated once a branch, the
// result cut up again. Knows no registers' contents and no model.

import { fail } from "../compiler/diagnostics/report.js";
import type { Backend, HostArray, HostTensor, Tensor } from "./backend.js";
import type { TensorView } from "./model.js";
import { isHostTensor } from "./results.js";
import { showShape, sizeOf } from "./shapes.js";

/** All samples once a branch. The repeated tensor is made when somebody asks for it, and then given to `made`. */
export function repeatedView(view: TensorView, times: number, made: (tensor: Tensor) => void): TensorView {
  const { backend } = view;
  let tensor: Tensor | undefined;
  let data: Promise<HostArray> | undefined;
  return {
    shape: [(view.shape[0] ?? 1) * times, ...view.shape.slice(1)],
    backend,
    get tensor() {
      if (tensor === undefined) {
        tensor = backend.rows!.repeat(view.tensor, times);
        made(tensor);
      }
      return tensor;
    },
    read: () => (data ??= view.read().then((one) => repeated(one, times))),
  };
}

function repeated(data: HostArray, times: number): HostArray {
  const size = data.length * times;
  const all = data instanceof Float32Array ? new Float32Array(size) : new Float64Array(size);
  for (let k = 0; k < times; k++) all.set(data, k * data.length);
  return all;
}

/**
 * A result of a call of `branches` branches, one part each; a tensor of the backend is used up. `what` begins the
 * message. Throws D0603 when axis 0 does not divide.
 */
export function cutUp(
  backend: Backend,
  value: HostTensor | Tensor,
  branches: number,
  what: string,
): readonly (HostTensor | Tensor)[] {
  const [rows = 1, ...rest] = value.shape;
  if (rows % branches !== 0) {
    fail("D0603", `${what} has shape ${showShape(value.shape)}, which is not ${branches} branches`);
  }
  if (!isHostTensor(value)) return backend.rows!.split(value, branches);
  const shape = [rows / branches, ...rest];
  const size = sizeOf(shape);
  return Array.from({ length: branches }, (_, k) => ({
    data: value.data.subarray(k * size, (k + 1) * size),
    shape,
  }));
}
