// Owns: the checks every backend makes on what it is given. Knows no backend.

import { fail } from "../../compiler/diagnostics/report.js";
import type { ReduceFn } from "../../compiler/plan/schema.js";
import type { HostArray, Shape, Tensor } from "../backend.js";
import { sameShape, showShape, sizeOf } from "../shapes.js";

/** Throws D0703 unless `data` has one number per element of `shape`. */
export function checkFill(data: HostArray, shape: Shape): void {
  if (data.length !== sizeOf(shape)) {
    fail("D0703", `${data.length} numbers do not fill a tensor of shape ${showShape(shape)}`, {
      help: `${sizeOf(shape)} are needed`,
    });
  }
}

/** Throws D0703 unless a reduction has the inputs it takes: two of one shape for `dot`, one otherwise. */
export function checkReduction(fn: ReduceFn, inputs: readonly Tensor[]): void {
  const [first, second] = inputs;
  if (fn === "dot" && first && second && !sameShape(first.shape, second.shape)) {
    fail(
      "D0703",
      `dot takes two tensors of one shape, not ${showShape(first.shape)} and ${showShape(second.shape)}`,
    );
  }
}

/** Throws unless a tf.Tensor can be taken over. */
export function checkTensor<T extends { readonly isDisposed: boolean; readonly dtype: string }>(
  tensor: T,
): T {
  if (tensor.isDisposed) {
    throw new Error(
      "the tensor that was handed over is disposed; `adopt` takes over what it is given, so one that is given again must be a tf.clone",
    );
  }
  if (tensor.dtype !== "float32") {
    throw new Error(`the tensor that was handed over is ${tensor.dtype}, not float32`);
  }
  return tensor;
}

/** Throws D0707. */
export const noRoom = (size: number): never =>
  fail("D0707", `there is no memory for a tensor of ${size} elements`, {
    help: "use a smaller batch, or smaller samples",
  });

/** What `make` gives; throws D0707 when JavaScript has no room for its `size` elements. */
export function inRoom<T>(size: number, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) return noRoom(size);
    throw error;
  }
}

/** Throws D0705 when somebody disposed the tf.Tensor over the memory of a tensor. */
export function checkIntact(tensor: { readonly isDisposed: boolean } | null): void {
  if (tensor?.isDisposed !== true) return;
  fail("D0705", "the model disposed a tensor of the run", {
    help: "what `unwrap` gives and what `adopt` takes belong to the run: use tf.clone where the model needs its own",
  });
}
