// Owns: the ideal denoiser of a data set: the exact posterior mean when the data are its points and nothing else. A
// network that has memorized its training set; useful for tests and for teaching. Knows no files.

import { fail } from "../../compiler/diagnostics/report.js";
import type { HostArray, Shape } from "../backend.js";
import type { Model, ModelCall } from "../model.js";
import { showShape, sizeOf } from "../shapes.js";
import { checkPlain, formRaw } from "./analytic.js";

export interface DataSet {
  /** [points, ...sample shape], in the units of the data: images in [-1, 1]. */
  readonly data: HostArray;
  readonly shape: Shape;
  /** One label per point, for conditional means. */
  readonly labels?: ArrayLike<number> | undefined;
}

/** Points per block: a block of 784 numbers each stays in the second-level cache. */
const BLOCK = 64;
/** Shares below this do not change a float64 sum. */
const NEGLIGIBLE = 1e-20;

/**
 * E[x0 | x] over the points listed in `members`: softmax of -|x - alpha p|^2 / (2 sigma^2). Distances are taken block
 * by block over the points so that a block serves all samples.
 */
function denoise(
  points: HostArray,
  size: number,
  members: readonly Int32Array[],
  state: HostArray,
  alpha: number,
  sigma: number,
): Float64Array {
  const logits = members.map((own) => new Float64Array(own.length));
  const longest = Math.max(...members.map((own) => own.length));
  for (let start = 0; start < longest; start += BLOCK) {
    members.forEach((own, sample) => {
      for (let k = start; k < Math.min(start + BLOCK, own.length); k++) {
        let distance = 0;
        for (let i = 0, at = own[k]! * size, x = sample * size; i < size; i++) {
          const difference = state[x + i]! - alpha * points[at + i]!;
          distance += difference * difference;
        }
        logits[sample]![k] = -distance / (2 * sigma * sigma);
      }
    });
  }
  const x0 = new Float64Array(state.length);
  members.forEach((own, sample) => {
    const values = logits[sample]!;
    const largest = values.reduce((best, value) => Math.max(best, value), -Infinity);
    const total = values.reduce((sum, value) => sum + Math.exp(value - largest), 0);
    own.forEach((point, k) => {
      const share = Math.exp(values[k]! - largest) / total;
      if (share < NEGLIGIBLE) return;
      for (let i = 0, at = point * size, x = sample * size; i < size; i++) {
        x0[x + i] = x0[x + i]! + share * points[at + i]!;
      }
    });
  });
  return x0;
}

/** Which points each sample of the call may come from. */
function membersOf(
  call: ModelCall,
  all: Int32Array,
  classes: ReadonlyMap<number, Int32Array>,
  name: string,
): Int32Array[] {
  const [condition] = call.conditions;
  const samples = call.shape[0] ?? 1;
  if (condition === undefined) return Array<Int32Array>(samples).fill(all);
  if (condition.kind !== "labels") {
    return fail("D0603", `the model '${name}' takes labels, not vectors ('${condition.name}')`);
  }
  return condition.values.map(
    (value) =>
      classes.get(Number(value)) ??
      fail("D0603", `the model '${name}' has no data with the label '${value}' (input '${condition.name}')`, {
        help:
          classes.size === 0
            ? "give the data set labels"
            : `labels: ${[...classes.keys()].sort((a, b) => a - b).join(", ")}`,
      }),
  );
}

/** The ideal denoiser; at sigma = 0 the data are the state itself. Throws D0602 when shape and labels do not fit. */
export function dataModel({ data, shape, labels }: DataSet, name = "data"): Model {
  const [points = 0, ...sampleShape] = shape;
  const size = sizeOf(sampleShape);
  if (points === 0 || data.length !== points * size) {
    fail("D0602", `the data set '${name}' has ${data.length} numbers for the shape ${showShape(shape)}`);
  }
  if (labels !== undefined && labels.length !== points) {
    fail("D0602", `the data set '${name}' has ${points} points and ${labels.length} labels`);
  }
  const all = Int32Array.from({ length: points }, (_, i) => i);
  const classes = new Map<number, Int32Array>();
  if (labels !== undefined) {
    for (const label of new Set(Array.from(labels))) {
      classes.set(
        label,
        all.filter((i) => labels[i] === label),
      );
    }
  }
  return {
    capabilities: {
      name,
      sampleShape,
      conditions: labels === undefined ? "none" : "labels",
      classes: classes.size,
      outputs: [],
      time: null,
    },
    async evaluate(call) {
      checkPlain(call, name);
      const state = await call.state.read();
      const members = membersOf(call, all, classes, name);
      const x0 =
        call.sigma === 0
          ? Float64Array.from(state, (value) => value / call.alpha)
          : denoise(data, size, members, state, call.alpha, call.sigma);
      return formRaw(call, name, state, x0);
    },
  };
}
