// Owns: a plain function as a model. Knows nothing of files.

import { fail } from "../../compiler/diagnostics/report.js";
import type { HostArray, Shape } from "../backend.js";
import type { Capabilities, Model, ModelCall, ModelResult } from "../model.js";

/**
 * Takes what the network is fed (C order, shape `call.shape`) and the time argument (NaN when there is none); returns
 * one number per element, or a whole ModelResult for extra outputs.
 */
export type Predict = (
  input: HostArray,
  time: number,
  call: ModelCall,
) => HostArray | readonly number[] | ModelResult | Promise<HostArray | readonly number[] | ModelResult>;

const isResult = (value: object): value is ModelResult => "raw" in value;

/** Wraps `predict`; further inputs are in `call.inputs`. Throws D0603 when it returns something else than numbers. */
export function functionModel(
  predict: Predict,
  options: Partial<Capabilities> & { readonly sampleShape?: Shape | null } = {},
): Model {
  const capabilities: Capabilities = {
    name: "function",
    sampleShape: null,
    conditions: "any",
    outputs: null,
    time: null,
    ...options,
  };
  return {
    capabilities,
    async evaluate(call) {
      const input = await call.inputs[0]!.read();
      const value: unknown = await predict(input, call.time ?? NaN, call);
      if (value instanceof Float32Array || value instanceof Float64Array) return { raw: value };
      if (Array.isArray(value) && value.every((item) => typeof item === "number")) {
        return { raw: Float64Array.from(value as number[]) };
      }
      if (typeof value === "object" && value !== null && isResult(value)) return value;
      return fail("D0603", `the model '${capabilities.name}' returned no numbers`, {
        help: "return a Float32Array, a Float64Array, an array of numbers, or {raw, outputs}",
      });
    },
  };
}
