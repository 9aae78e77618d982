// Owns: a model call made by hand, for tests of models without a plan.

import type { Backend, ModelCall, Tensor } from "../../runtime/index.js";
import { viewOf } from "../../runtime/view.js";

/** A call at `state`, its only input; alpha 1, sigma 1, raw = x0. */
export function modelCall(backend: Backend, state: Tensor, rest: Partial<ModelCall> = {}): ModelCall {
  const view = viewOf(backend, state);
  return {
    shape: state.shape,
    inputs: [view],
    state: view,
    scale: 1,
    time: 1,
    alpha: 1,
    sigma: 1,
    form: { x: 0, x0: 1 },
    conditions: [],
    variant: null,
    extras: {},
    outputs: [],
    firstSample: 0,
    step: 0,
    call: 0,
    ...rest,
  };
}
