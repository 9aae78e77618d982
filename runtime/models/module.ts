// Owns: a user's own JavaScript module as a model. It runs with the user's rights: only `openModel` with `code: true`
// gets here, never a name inside a sampler. Knows no plans.

import { fail } from "../../compiler/diagnostics/report.js";
import type { Model } from "../model.js";
import { functionModel, type Predict } from "./function.js";

const isModel = (value: unknown): value is Model =>
  typeof value === "object" &&
  value !== null &&
  "evaluate" in value &&
  typeof value.evaluate === "function" &&
  "capabilities" in value;

/**
 * The model a module exports as `default` or `predict`: a `Model`, or a function
 * `(input: Float32Array | Float64Array, time: number, call: ModelCall) => numbers` that returns one number per element
 * of `call.shape`, or `{raw, outputs}`; it may be async. Throws D0602 for anything else.
 */
export function moduleModel(module: Readonly<Record<string, unknown>>, name: string): Model {
  const value = module["default"] ?? module["predict"];
  if (isModel(value)) return value;
  if (typeof value === "function") return functionModel(value as Predict, { name });
  return fail("D0602", `the module ${name} exports no model`, {
    help: "export default (input, time, call) => numbers",
  });
}
