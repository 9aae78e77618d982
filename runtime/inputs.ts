// Owns: what a user passes as inputs of a run: their forms, their check against the plan's declarations, and the cut
// into batches. Knows shapes, not backends or steps.

import { fail } from "../compiler/diagnostics/report.js";
import type { Plan, PlanInput } from "../compiler/plan/schema.js";
import type { HostArray, HostTensor, Shape } from "./backend.js";
import type { Condition } from "./model.js";
import { showShape, sizeOf } from "./shapes.js";

export type NestedNumbers = readonly (number | NestedNumbers)[];
/** A number, nested arrays, a flat typed array of the state's size (one or all samples), or data with a shape. */
export type TensorInput = number | NestedNumbers | HostArray | HostTensor;
/**
 * One label for all samples, one label per sample, or vectors: data with a shape whose axis 0 is 1 or the number of
 * samples. null: the unconditional call.
 */
export type ConditionInput = number | string | readonly (number | string)[] | HostTensor | null;
/** By name. A trajectory is one tensor per grid point. */
export type RunInputs = Readonly<Record<string, TensorInput | ConditionInput | readonly TensorInput[]>>;

/** Inputs checked and in one form, for `count` samples. */
export interface BoundInputs {
  readonly count: number;
  readonly tensors: ReadonlyMap<string, HostTensor>;
  readonly trajectories: ReadonlyMap<string, readonly HostTensor[]>;
  /** null: given as "no condition". */
  readonly conditions: ReadonlyMap<string, Condition | null>;
}

const isHostArray = (value: unknown): value is HostArray =>
  value instanceof Float32Array || value instanceof Float64Array;

const isHostTensor = (value: unknown): value is HostTensor =>
  typeof value === "object" &&
  value !== null &&
  "data" in value &&
  "shape" in value &&
  isHostArray(value.data);

const wrong = (name: string, problem: string, help?: string): never =>
  fail("D0703", `input '${name}' ${problem}`, { help });

/** Flattens nested arrays, which must be rectangular. */
function flatten(name: string, value: NestedNumbers): HostTensor {
  const shape: number[] = [];
  for (let inner: unknown = value; Array.isArray(inner); inner = inner[0]) shape.push(inner.length);
  const data = new Float64Array(sizeOf(shape));
  let next = 0;
  const walk = (part: unknown, axis: number): void => {
    if (axis === shape.length) {
      if (typeof part !== "number") wrong(name, "has something other than numbers in it");
      data[next++] = part as number;
    } else {
      if (!Array.isArray(part) || part.length !== shape[axis]) wrong(name, "is not rectangular");
      for (const item of part as unknown[]) walk(item, axis + 1);
    }
  };
  walk(value, 0);
  return { data, shape };
}

/** One tensor input as host data whose shape broadcasts to [count, ...sample] with a batch axis of count, or 1. */
function bindTensor(name: string, value: unknown, sample: Shape, count: number): HostTensor {
  const full = [count, ...sample];
  let given: HostTensor;
  if (typeof value === "number") given = { data: Float64Array.of(value), shape: [] };
  else if (isHostTensor(value)) given = value;
  else if (Array.isArray(value)) given = flatten(name, value as NestedNumbers);
  else if (isHostArray(value)) {
    if (value.length === sizeOf(full)) given = { data: value, shape: full };
    else if (value.length === sizeOf(sample)) given = { data: value, shape: sample };
    else {
      return wrong(
        name,
        `has ${value.length} numbers; one sample has ${sizeOf(sample)}, all have ${sizeOf(full)}`,
      );
    }
  } else return wrong(name, "is not a tensor", "pass a typed array, nested arrays or {data, shape}");
  if (given.data.length !== sizeOf(given.shape)) {
    wrong(name, `has ${given.data.length} numbers for the shape ${showShape(given.shape)}`);
  }
  const missing = full.length - given.shape.length;
  const padded = missing > 0 ? [...Array<number>(missing).fill(1), ...given.shape] : given.shape;
  const fits =
    padded.length === full.length && padded.every((extent, i) => extent === 1 || extent === full[i]);
  if (!fits) wrong(name, `has shape ${showShape(given.shape)}, which does not fit ${showShape(full)}`);
  return { data: given.data, shape: padded };
}

function bindCondition(name: string, value: unknown, count: number): Condition | null {
  if (value === null) return null;
  if (typeof value === "number" || typeof value === "string") {
    return { kind: "labels", name, values: Array<number | string>(count).fill(value) };
  }
  if (isHostTensor(value)) {
    const [first = 0, ...rest] = value.shape;
    if (value.data.length !== sizeOf(value.shape) || (first !== 1 && first !== count)) {
      wrong(
        name,
        `has ${value.data.length} numbers and shape ${showShape(value.shape)}; axis 0 must be 1 or ${count}`,
      );
    }
    if (first === count) return { kind: "vectors", name, data: value.data, shape: value.shape };
    const data = new Float64Array(count * value.data.length);
    for (let i = 0; i < count; i++) data.set(value.data, i * value.data.length);
    return { kind: "vectors", name, data, shape: [count, ...rest] };
  }
  if (Array.isArray(value)) {
    const values = value as readonly unknown[];
    if (!values.every((item) => typeof item === "number" || typeof item === "string")) {
      wrong(name, "is a list of something other than labels", "pass vectors as {data, shape}");
    }
    if (values.length !== count) {
      wrong(name, `has ${values.length} labels for ${count} samples`, "pass one label, or one per sample");
    }
    return { kind: "labels", name, values: values as readonly (number | string)[] };
  }
  return wrong(name, "is not a condition", "pass a label, a list of labels or {data, shape}");
}

function bindTrajectory(
  plan: Plan,
  name: string,
  value: unknown,
  sample: Shape,
  count: number,
): HostTensor[] {
  if (!Array.isArray(value)) wrong(name, "is not a trajectory", "pass a list with one tensor per grid point");
  const points = value as readonly unknown[];
  if (points.length !== plan.grid.length) {
    wrong(name, `has ${points.length} tensors; the grid has ${plan.grid.length} points`);
  }
  return points.map((point, i) => bindTensor(`${name}[${i}]`, point, sample, count));
}

const describe = (input: PlanInput): string => `'${input.name}' (${input.kind})`;

/**
 * Checks what was passed against what the plan declares. `sample` is the shape of one sample. Conditions may be left
 * out: then they are unconditional. Throws D0703.
 */
export function bindInputs(plan: Plan, given: RunInputs, sample: Shape, count: number): BoundInputs {
  const tensors = new Map<string, HostTensor>();
  const trajectories = new Map<string, readonly HostTensor[]>();
  const conditions = new Map<string, Condition | null>();
  const known = plan.inputs.map(describe).join(", ") || "none";
  for (const name of Object.keys(given)) {
    if (!plan.inputs.some((input) => input.name === name)) {
      fail("D0703", `'${plan.sampler}' has no input '${name}'`, { help: `its inputs: ${known}` });
    }
  }
  for (const { name, kind } of plan.inputs) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (kind === "condition") conditions.set(name, bindCondition(name, value ?? null, count));
    else if (value === undefined || value === null) {
      fail("D0703", `input '${name}' (${kind}) of '${plan.sampler}' is missing`);
    } else if (kind === "trajectory") {
      trajectories.set(name, bindTrajectory(plan, name, value, sample, count));
    } else tensors.set(name, bindTensor(name, value, sample, count));
  }
  return { count, tensors, trajectories, conditions };
}

/** Samples `first` .. `first + count - 1`. */
export function sliceInputs(inputs: BoundInputs, first: number, count: number): BoundInputs {
  if (first === 0 && count === inputs.count) return inputs;
  const slice = (tensor: HostTensor): HostTensor => {
    const [samples = 1, ...rest] = tensor.shape;
    if (samples !== inputs.count || samples === 1) return tensor;
    const size = sizeOf(rest);
    return { data: tensor.data.subarray(first * size, (first + count) * size), shape: [count, ...rest] };
  };
  const cut = (condition: Condition | null): Condition | null => {
    if (condition === null) return null;
    if (condition.kind === "labels")
      return { ...condition, values: condition.values.slice(first, first + count) };
    return { ...condition, ...slice(condition) };
  };
  const map = <A, B>(source: ReadonlyMap<string, A>, change: (value: A) => B): Map<string, B> =>
    new Map([...source].map(([name, value]) => [name, change(value)]));
  return {
    count,
    tensors: map(inputs.tensors, slice),
    trajectories: map(inputs.trajectories, (points) => points.map(slice)),
    conditions: map(inputs.conditions, cut),
  };
}
