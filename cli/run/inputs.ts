// Owns: inputs of a run from the command line: conditions and tensors, what stands in for those left out, and how many
// samples they ask for.

import { extname, resolve } from "node:path";
import { fail } from "../../compiler/diagnostics/report.js";
import type { Plan } from "../../compiler/plan/schema.js";
import { didYouMean } from "../../compiler/resolve/suggest.js";
import {
  readBytes,
  readJson,
  readNpy,
  type ConditionInput,
  type HostArray,
  type HostTensor,
  type Model,
  type RunInputs,
  type TensorInput,
} from "../../runtime/node.js";
import { assignment, plainValue, wrongUse } from "../usage.js";

type Labels = readonly (number | string)[];
/** A condition as given: labels to repeat in a cycle, vectors, or no condition. */
type Given = { readonly labels: Labels } | HostTensor | null;

export interface InputFlags {
  readonly cond?: readonly string[];
  readonly input?: readonly string[];
}

export interface GivenInputs {
  readonly conditions: ReadonlyMap<string, Given>;
  readonly tensors: ReadonlyMap<string, TensorInput | readonly TensorInput[]>;
}

function checkName(plan: Plan, flag: string, name: string, condition: boolean): void {
  const input = plan.inputs.find((other) => other.name === name);
  const fits = plan.inputs.filter((other) => (other.kind === "condition") === condition);
  if (input !== undefined && fits.includes(input)) return;
  const names = fits.map((other) => other.name);
  wrongUse(
    input === undefined
      ? `${flag}: \`${plan.sampler}\` has no ${condition ? "condition" : "input"} \`${name}\``
      : `${flag}: \`${name}\` is a ${input.kind}; use ${condition ? "--input" : "--cond"}`,
    didYouMean(name, names) ??
      (names.length > 0 ? `it has ${names.map((other) => `\`${other}\``).join(", ")}` : undefined),
  );
}

const isLabel = (value: unknown): value is number | string =>
  typeof value === "number" || typeof value === "string";

/** Nested arrays as a tensor. */
function tensorOf(value: unknown, what: string): HostTensor {
  const shape: number[] = [];
  for (let inner = value; Array.isArray(inner); inner = inner[0] as unknown) shape.push(inner.length);
  const flat = (Array.isArray(value) ? value.flat(Infinity) : [value]) as unknown[];
  const size = shape.reduce((product, extent) => product * extent, 1);
  if (flat.length !== size || !flat.every((item) => typeof item === "number"))
    fail("D0602", `${what} is no array of numbers with equal rows`);
  return { data: Float64Array.from(flat as number[]), shape };
}

/** An array file; pictures in bytes become [-1, 1], as everywhere. */
async function readTensor(path: string): Promise<HostTensor> {
  const extension = extname(path).toLowerCase();
  if (extension === ".json") return tensorOf(await readJson(path), path);
  if (extension !== ".npy") wrongUse(`${path}: arrays are read from .npy and .json files`);
  const { data, shape } = readNpy(await readBytes(path), path);
  const values: HostArray =
    data instanceof Float32Array || data instanceof Float64Array
      ? data
      : Float64Array.from(data, data instanceof Uint8Array ? (value) => value / 127.5 - 1 : Number);
  return { data: values, shape };
}

async function readCondition(text: string, cwd: string): Promise<Given> {
  if (text === "none") return null;
  if (!text.startsWith("@")) return { labels: text.split(",").map((part) => plainValue(part.trim())) };
  const path = resolve(cwd, text.slice(1));
  if (extname(path).toLowerCase() === ".json") {
    const value = await readJson(path);
    if (value === null) return null;
    if (isLabel(value)) return { labels: [value] };
    if (Array.isArray(value) && value.length > 0 && value.every(isLabel)) return { labels: value };
    return tensorOf(value, path);
  }
  if (extname(path).toLowerCase() !== ".npy")
    wrongUse(`${path}: conditions are read from .json and .npy files`);
  const { data, shape } = readNpy(await readBytes(path), path);
  if (shape.length <= 1) return { labels: [...data] };
  return { data: data instanceof Float64Array ? data : Float64Array.from(data), shape };
}

/** Reads --cond and --input. Throws D0706 for names and forms, D0601 and D0602 for files. */
export async function readInputs(plan: Plan, flags: InputFlags, cwd: string): Promise<GivenInputs> {
  const conditions = new Map<string, Given>();
  for (const text of flags.cond ?? []) {
    const [name, value] = assignment("--cond", text, "prompt=0,1,2");
    checkName(plan, "--cond", name, true);
    conditions.set(name, await readCondition(value, cwd));
  }
  const tensors = new Map<string, TensorInput | readonly TensorInput[]>();
  for (const text of flags.input ?? []) {
    const [name, value] = assignment("--input", text, "image=start.npy");
    checkName(plan, "--input", name, false);
    const number = plainValue(value);
    const tensor = typeof number === "number" ? number : await readTensor(resolve(cwd, value));
    const { kind } = plan.inputs.find((input) => input.name === name)!;
    tensors.set(name, kind === "trajectory" && typeof tensor === "object" ? rowsOf(tensor) : tensor);
  }
  return { conditions, tensors };
}

/** A tensor cut along axis 0. */
function rowsOf({ data, shape }: HostTensor): readonly HostTensor[] {
  const [count = 0, ...rest] = shape;
  const size = rest.reduce((product, extent) => product * extent, 1);
  return Array.from({ length: count }, (_, i) => ({
    data: data.subarray(i * size, (i + 1) * size),
    shape: rest,
  }));
}

/** Number of classes the networks state. */
function classesOf(models: Iterable<Model>): number | undefined {
  for (const { capabilities } of models) if (capabilities.classes !== undefined) return capabilities.classes;
  return undefined;
}

export interface BoundRun {
  readonly inputs: RunInputs;
  readonly count: number;
  /** Samples that belong together in a row of a picture. */
  readonly columns: number | undefined;
  /** Labels of the samples, when there is one condition of labels. */
  readonly labels: Labels | undefined;
}

const points = 1000;
const samplesPerClass = 4;

/**
 * Inputs for all samples, and how many there are: as asked, else as many as were given, else 4 of each class, else 1000
 * points or 1 of anything larger. Throws D0703 for what is missing.
 */
export function bindRun(
  plan: Plan,
  given: GivenInputs,
  models: ReadonlyMap<string, Model>,
  shape: readonly number[] | undefined,
  asked: number | undefined,
): BoundRun {
  const conditions = new Map(given.conditions);
  const open = plan.inputs.filter(({ kind, name }) => kind === "condition" && !conditions.has(name));
  const classes = classesOf(models.values());
  const isOnly = plan.inputs.filter(({ kind }) => kind === "condition").length === 1;
  let columns: number | undefined;
  let usual: number | undefined;
  for (const { name } of open) {
    if (classes === undefined || !isOnly)
      fail("D0703", `the condition \`${name}\` of \`${plan.sampler}\` is not given`, {
        help: `pass \`--cond ${name}=0,1,2\`, \`--cond ${name}=@file.json\` or, for none, \`--cond ${name}=none\``,
      });
    conditions.set(name, { labels: Array.from({ length: classes }, (_, i) => i) });
    columns = classes;
    usual = samplesPerClass * classes;
  }
  for (const { name, kind } of plan.inputs)
    if (kind !== "condition" && !given.tensors.has(name))
      fail("D0703", `the ${kind} \`${name}\` of \`${plan.sampler}\` is not given`, {
        help: `pass it: \`--input ${name}=file.npy\``,
      });
  const size = shape?.reduce((product, extent) => product * extent, 1) ?? Infinity;
  const count = asked ?? givenCount(given, shape) ?? usual ?? (size <= 3 ? points : 1);
  const inputs: Record<string, ConditionInput | TensorInput | readonly TensorInput[]> = {
    ...Object.fromEntries(given.tensors),
  };
  let labels: Labels | undefined;
  for (const [name, value] of conditions) {
    if (value === null || "shape" in value) inputs[name] = value;
    else {
      const all = Array.from({ length: count }, (_, i) => value.labels[i % value.labels.length]!);
      inputs[name] = all;
      if (conditions.size === 1) {
        labels = all;
        if (value.labels.length > 1) columns ??= value.labels.length;
      }
    }
  }
  return { inputs, count, columns, labels };
}

/** The number of samples that inputs are given for. */
function givenCount(given: GivenInputs, shape: readonly number[] | undefined): number | undefined {
  const counts: number[] = [];
  for (const value of given.conditions.values()) {
    if (value === null) continue;
    counts.push("shape" in value ? (value.shape[0] ?? 1) : value.labels.length);
  }
  for (const value of given.tensors.values())
    if (typeof value === "object" && "shape" in value && value.shape.length === (shape?.length ?? NaN) + 1)
      counts.push(value.shape[0] ?? 1);
  const largest = Math.max(0, ...counts);
  return largest > 1 ? largest : undefined;
}
