// Owns: looking at tensors: lazy downloads, and spreading a small tensor over a larger shape. Knows no run.

import type { Kernel } from "../compiler/plan/schema.js";
import type { Backend, HostArray, Shape, Tensor } from "./backend.js";
import type { TensorView } from "./model.js";
import { sizeOf } from "./shapes.js";

/** A view on a live tensor. */
export function viewOf(backend: Backend, tensor: Tensor): TensorView {
  let data: Promise<HostArray> | undefined;
  return {
    shape: tensor.shape,
    tensor,
    backend,
    read: () => (data ??= backend.download(tensor)),
  };
}

/** Input 0, over the shape of input 1. */
export const spreading: Kernel = {
  key: "spread",
  inputs: 2,
  scalars: 0,
  nodes: [
    { op: "input", index: 0 },
    { op: "input", index: 1 },
    { op: "const", value: 1 },
    { op: "where", args: [2, 0, 1] },
  ],
  outputs: [3],
};

/** A new tensor of shape `shape` that repeats `tensor`. Throws D0703 when it does not broadcast. */
export function spread(backend: Backend, tensor: Tensor, shape: Shape): Tensor {
  const like = backend.upload(new Float32Array(sizeOf(shape)), shape);
  try {
    return backend.dispatch(backend.prepare(spreading), [tensor, like], [], [false, false])[0]!;
  } finally {
    backend.free(like);
  }
}
