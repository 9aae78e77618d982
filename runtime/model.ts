// Owns: the contract between the executor and a network: what a call carries, what a model can do, and whether a model
// fits the declaration in a plan. Must not know steps, solvers or any particular kind of model.

import { fail } from "../compiler/diagnostics/report.js";
import type { PlanModel } from "../compiler/plan/schema.js";
import type { Backend, HostArray, HostTensor, Shape, Tensor } from "./backend.js";

/** A tensor of a run, read when needed. It is valid until the call or event it came with is over. */
export interface TensorView {
  readonly shape: Shape;
  /** Copies the values to the host, once; later reads give the same array. */
  read(): Promise<HostArray>;
  /** The handle on `backend`, for models that compute there. */
  readonly tensor: Tensor;
  readonly backend: Backend;
}

/** Values of one condition input for the samples of a call. */
export type Condition =
  | { readonly kind: "labels"; readonly name: string; readonly values: readonly (number | string)[] }
  | { readonly kind: "vectors"; readonly name: string; readonly data: HostArray; readonly shape: Shape };

/** One call of a network. Axis 0 of every tensor is the sample; `shape[0]` samples take part. */
export interface ModelCall {
  readonly shape: Shape;
  /** What the network is fed. */
  readonly inputs: readonly TensorView[];
  /** The state at the level of the call, unscaled. */
  readonly state: TensorView;
  /** input = scale * state, where that is so. */
  readonly scale: number | null;
  /** The time argument as the network takes it; null when it takes none. */
  readonly time: number | null;
  /** state = alpha * x0 + sigma * eps. */
  readonly alpha: number;
  readonly sigma: number;
  /** raw = form.x * state + form.x0 * x0, for models that know x0 in closed form. */
  readonly form: { readonly x: number; readonly x0: number } | null;
  /** Empty: the unconditional call. */
  readonly conditions: readonly Condition[];
  /**
   * Several calls in one, for models that are `batched`: the conditions of each. Axis 0 of every tensor then holds the
   * samples of the first branch, those of the second, and so on, and so does the result; `conditions` is empty.
   */
  readonly branches?: readonly (readonly Condition[])[];
  readonly variant: string | null;
  /** Further scalar inputs by name. */
  readonly extras: Readonly<Record<string, number>>;
  /** Names of the extra results wanted. */
  readonly outputs: readonly string[];
  /** Absolute index of sample 0 of this call. */
  readonly firstSample: number;
  /** Step of the run (-1 during init) and number of the call in the run, from 0; for messages. */
  readonly step: number;
  readonly call: number;
}

/** What a model returns: host arrays, nested or flat numbers are not accepted; a backend tensor changes hands. */
export type ModelTensor = HostArray | HostTensor | Tensor;

export interface ModelResult {
  /** Of the shape of the call. */
  readonly raw: ModelTensor;
  readonly outputs?: Readonly<Record<string, ModelTensor>>;
}

/** What a model can do; checked against the plan before a run. */
export interface Capabilities {
  readonly name: string;
  /** Shape of one sample; null: any. */
  readonly sampleShape: Shape | null;
  /** Where any shape will do: the one to take when nobody states another. */
  readonly usualShape?: Shape;
  /** `any`: the model decides at each call. `none`: unconditional only. */
  readonly conditions: "none" | "labels" | "vectors" | "any";
  /** Number of classes, when conditions are labels and the number is known. */
  readonly classes?: number;
  /** Label that stands for "no condition". */
  readonly nullLabel?: number;
  /** Names of the extra results; null: unknown until it is called. */
  readonly outputs: readonly string[] | null;
  /** Whether it serves calls with `branches`: guided predictions then take one call. Default: no. */
  readonly batched?: boolean;
  /** Whether it takes a time argument; null: does not matter, it reads the level. */
  readonly time: boolean | null;
}

export interface Model {
  readonly capabilities: Capabilities;
  /** Evaluates one call. May throw anything; the executor says where it happened. */
  evaluate(call: ModelCall): Promise<ModelResult>;
  /** Gives back memory. */
  dispose?(): void;
}

/** Throws D0603, naming both sides, when the model cannot be what the sampler declares. */
export function checkModel(declared: PlanModel, model: Model): void {
  const { capabilities } = model;
  const both = `the sampler's model '${declared.name}' and the model '${capabilities.name}' bound to it`;
  for (const output of declared.outputs) {
    if (capabilities.outputs !== null && !capabilities.outputs.includes(output)) {
      const known = capabilities.outputs.length > 0 ? capabilities.outputs.join(", ") : "none";
      fail("D0603", `${both} differ: the sampler wants the extra result '${output}', the model has ${known}`);
    }
  }
  if (capabilities.time !== null && capabilities.time !== declared.time) {
    fail(
      "D0603",
      `${both} differ: ${declared.time ? "the sampler passes a time argument, the model takes none" : "the model takes a time argument, the sampler says 'time: none'"}`,
    );
  }
}
