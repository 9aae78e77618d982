// Owns: reading what a model returned: is it a tensor, has it the right shape, which parts are handles of the backend.
// Knows no registers and no steps; the caller says where it stands.

import { fail } from "../compiler/diagnostics/report.js";
import type { HostArray, HostTensor, Shape, Tensor } from "./backend.js";
import type { ModelResult, ModelTensor } from "./model.js";
import { sameShape, showShape, sizeOf } from "./shapes.js";

const isHostArray = (value: unknown): value is HostArray =>
  value instanceof Float32Array || value instanceof Float64Array;

const isShaped = (value: unknown): value is HostTensor | Tensor =>
  typeof value === "object" && value !== null && "shape" in value && Array.isArray(value.shape);

export const isHostTensor = (value: HostTensor | Tensor): value is HostTensor =>
  "data" in value && isHostArray(value.data);

/** The backend tensors among a model's results, each once. */
export function handlesOf(result: ModelResult): Set<Tensor> {
  const values: readonly unknown[] = [result.raw, ...Object.values(result.outputs ?? {})];
  return new Set(values.filter(isShaped).filter((value) => !isHostTensor(value)));
}

/**
 * A model's result in one form. `shape` is that of the state: a bare array must fill it, and so must anything when
 * `exact`. `what` begins the message. Throws D0603.
 */
export function readResult(
  value: ModelTensor,
  shape: Shape,
  exact: boolean,
  what: string,
): HostTensor | Tensor {
  if (isHostArray(value)) {
    if (value.length !== sizeOf(shape)) {
      fail("D0603", `${what} has ${value.length} numbers, not ${sizeOf(shape)}`, {
        help: `the state has shape ${showShape(shape)}`,
      });
    }
    return { data: value, shape };
  }
  if (!isShaped(value)) {
    return fail("D0603", `${what} is not a tensor`, {
      help: "return a Float32Array, a Float64Array, {data, shape} or a tensor of the backend",
    });
  }
  if (exact && !sameShape(value.shape, shape)) {
    fail("D0603", `${what} has shape ${showShape(value.shape)}, the state has ${showShape(shape)}`);
  }
  if (isHostTensor(value) && value.data.length !== sizeOf(value.shape)) {
    fail("D0603", `${what} has ${value.data.length} numbers for the shape ${showShape(value.shape)}`);
  }
  return value;
}
