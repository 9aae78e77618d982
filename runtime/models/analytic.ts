// Owns: what models with a known posterior mean share: from x0 to what the network would return. Knows no particular
// distribution.

import { fail } from "../../compiler/diagnostics/report.js";
import type { HostArray } from "../backend.js";
import type { ModelCall, ModelResult } from "../model.js";

/** raw = form.x * state + form.x0 * x0. Throws D0603 when the sampler's view has no such form. */
export function formRaw(call: ModelCall, name: string, state: HostArray, x0: Float64Array): ModelResult {
  const { form } = call;
  if (form === null) {
    return fail("D0603", `the model '${name}' knows x0, but the view the sampler wants is not linear in it`, {
      help: "an analytic model can stand for eps, x0, v, flow, score and other linear views",
    });
  }
  const data = new Float64Array(state.length);
  for (let i = 0; i < data.length; i++) data[i] = form.x * state[i]! + form.x0 * x0[i]!;
  return { raw: { data, shape: call.shape } };
}

/** Throws D0603 when a call wants something an analytic model has not. */
export function checkPlain(call: ModelCall, name: string): void {
  if (call.variant !== null) fail("D0603", `the model '${name}' has no variant '${call.variant}'`);
  if (call.conditions.length > 1) {
    fail("D0603", `the model '${name}' takes one condition, the call has ${call.conditions.length}`);
  }
}
