// Owns: the tf.Tensors inside the tensors of one backend: each is inside one tensor only, and has its shape. Knows no
// memory.

import type * as tfjs from "@tensorflow/tfjs-core";
import type { Shape } from "../backend.js";
import { sameShape } from "../shapes.js";
import { checkTensor } from "./checks.js";

type TfTensor = tfjs.Tensor;

export class SharedTensors {
  /** Those that were taken or handed out; the disposed ones among them are never seen again. */
  readonly #known = new WeakSet<TfTensor>();

  constructor(readonly core: typeof tfjs) {}

  /** Takes over `value`, or a clone of it where it is inside a tensor already: a model may give back what it got. */
  take(value: unknown): TfTensor {
    const tensor = checkTensor(value as TfTensor);
    return this.mark(this.#known.has(tensor) ? this.core.keep(this.core.clone(tensor)) : tensor);
  }

  /** What is inside already, or else what `make` gives. Memory that was written over may have had another shape. */
  give(inside: TfTensor | null, shape: Shape, make: () => TfTensor): TfTensor {
    if (inside === null) return this.mark(this.core.keep(make()));
    if (sameShape(inside.shape, shape)) return this.mark(inside);
    const reshaped = this.core.keep(this.core.reshape(inside, [...shape]));
    inside.dispose();
    return this.mark(reshaped);
  }

  /** Notes what is handed out. */
  mark(tensor: TfTensor): TfTensor {
    this.#known.add(tensor);
    return tensor;
  }
}
