// Owns: the Gaussian-mixture model and its JSON form. Exact, float64, for tests, teaching and small problems. Knows no
// files: `runtime/models/open.ts` reads them.

import { fail } from "../../compiler/diagnostics/report.js";
import { sizeOf } from "../shapes.js";
import type { Model, ModelCall } from "../model.js";
import { checkPlain, formRaw } from "./analytic.js";
import { posteriorMean, type Mixture } from "./mixture.js";

/** A mixture and, by name, the mixtures that conditions stand for. No condition: the outer one. */
export interface GaussianMixtures extends Mixture {
  readonly conditions?: Readonly<Record<string, Mixture>>;
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.length > 0 && value.every((item) => Number.isFinite(item));

function readMixture(value: Readonly<Record<string, unknown>>, where: string): Mixture {
  const { weights, means, stds } = value;
  const wrong = (problem: string): never => fail("D0602", `${where}: ${problem}`);
  if (!isNumbers(weights) || weights.some((weight) => weight <= 0)) {
    return wrong("'weights' must be a list of positive numbers");
  }
  if (!isNumbers(stds) || stds.some((std) => std < 0)) {
    return wrong("'stds' must be a list of numbers, none negative");
  }
  if (!Array.isArray(means) || !means.every(isNumbers)) {
    return wrong("'means' must be a list of lists of numbers");
  }
  const rows = means as readonly (readonly number[])[];
  if (rows.length !== weights.length || stds.length !== weights.length) {
    return wrong(`there are ${weights.length} weights, ${rows.length} means and ${stds.length} stds`);
  }
  if (rows.some((row) => row.length !== rows[0]?.length)) wrong("the means have different lengths");
  return { weights, means: rows, stds };
}

/**
 * Checks parsed JSON: {"kind": "gmm", "weights": [K], "means": [K][D], "stds": [K], "conditions": {name: mixture}};
 * "d", when it is there, must equal D. `where` names the file. Throws D0602.
 */
export function readMixtures(value: unknown, where: string): GaussianMixtures {
  if (typeof value !== "object" || value === null || !("kind" in value) || value.kind !== "gmm") {
    return fail("D0602", `${where}: this is not a Gaussian mixture`, {
      help: 'write {"kind": "gmm", "weights": [...], "means": [[...]], "stds": [...]}',
    });
  }
  const record = value as Readonly<Record<string, unknown>>;
  const outer = readMixture(record, where);
  const size = outer.means[0]!.length;
  if (record["d"] !== undefined && record["d"] !== size) {
    fail("D0602", `${where}: 'd' is ${String(record["d"])}, the means have ${size} numbers`);
  }
  const { conditions } = record;
  if (conditions === undefined) return outer;
  if (typeof conditions !== "object" || conditions === null || Array.isArray(conditions)) {
    return fail("D0602", `${where}: 'conditions' must be an object of mixtures`);
  }
  const entries = Object.entries(conditions).map(([name, mixture]): [string, Mixture] => {
    if (typeof mixture !== "object" || mixture === null) {
      return fail("D0602", `${where}: condition '${name}' is not a mixture`);
    }
    const inner = readMixture(mixture as Readonly<Record<string, unknown>>, `${where}, condition '${name}'`);
    if (inner.means[0]!.length !== size) {
      fail(
        "D0602",
        `${where}: condition '${name}' has means of ${inner.means[0]!.length} numbers, not ${size}`,
      );
    }
    return [name, inner];
  });
  return { ...outer, conditions: Object.fromEntries(entries) };
}

/** The mixture each sample of the call is drawn from. */
function mixturesOf(call: ModelCall, model: GaussianMixtures, name: string): readonly Mixture[] {
  const samples = call.shape[0] ?? 1;
  const [condition] = call.conditions;
  if (condition === undefined) return Array<Mixture>(samples).fill(model);
  if (condition.kind !== "labels") {
    return fail("D0603", `the model '${name}' takes names of conditions, not vectors ('${condition.name}')`);
  }
  const known = model.conditions ?? {};
  return condition.values.map((value) => {
    const key = String(value);
    const mixture = Object.hasOwn(known, key) ? known[key] : undefined;
    return (
      mixture ??
      fail("D0603", `the model '${name}' has no condition '${key}' (input '${condition.name}')`, {
        help: `it has: ${Object.keys(known).join(", ") || "none"}`,
      })
    );
  });
}

/** An exact denoiser for Gaussian mixtures; samples may have any shape with as many numbers as a mean. */
export function gmmModel(mixtures: GaussianMixtures, name = "gmm"): Model {
  const size = mixtures.means[0]?.length ?? 0;
  return {
    capabilities: {
      name,
      sampleShape: null,
      usualShape: [size],
      conditions: mixtures.conditions === undefined ? "none" : "labels",
      outputs: [],
      time: null,
    },
    async evaluate(call) {
      checkPlain(call, name);
      const [samples = 1, ...shape] = call.shape;
      if (sizeOf(shape) !== size) {
        fail("D0603", `the model '${name}' has means of ${size} numbers, a sample has ${sizeOf(shape)}`);
      }
      const chosen = mixturesOf(call, mixtures, name);
      const state = await call.state.read();
      const x0 = new Float64Array(state.length);
      for (let i = 0; i < samples; i++) {
        posteriorMean(chosen[i]!, state, x0, i * size, size, call.alpha, call.sigma);
      }
      return formRaw(call, name, state, x0);
    },
  };
}
