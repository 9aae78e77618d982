// Owns: compiling and running one replay and comparing it with what was recorded, number by number.

import { compile } from "../../compiler/compile.js";
import { memoryHost } from "../../compiler/host.js";
import { Failure } from "../../compiler/diagnostics/report.js";
import { gmmModel, sample, type Backend, type HostArray, type SampleResult } from "../../runtime/index.js";
import type { Case, CaseFile, Mixture, Tensor } from "./format.js";
import { Unsupported, type Recorded, type Replay } from "./spec.js";

export type Status = "pass" | "fail" | "unsupported";

export interface Outcome {
  readonly status: Status;
  /** Worst |a-b|/max(1,|b|) over everything compared; null when nothing was. */
  readonly maxRelError: number | null;
  readonly reason: string | null;
}

/** Codes by which the compiler says that a construct is not there yet, or that this grid has no such step. */
const notThere: ReadonlySet<string> = new Set(["D0990", "D0402"]);

export async function replay(
  entry: Case,
  file: CaseFile,
  family: (entry: Case, file: CaseFile) => Replay,
  backend: Backend,
): Promise<Outcome> {
  let made: Replay;
  try {
    made = family(entry, file);
  } catch (error) {
    const refused = error instanceof Failure && ["D0710", "D0712"].includes(error.diagnostic.code);
    if (error instanceof Unsupported || refused)
      return { status: "unsupported", maxRelError: null, reason: error.message };
    if (error instanceof Failure) return { status: "fail", maxRelError: null, reason: error.message };
    throw error;
  }
  const compiled = compile({
    host: memoryHost({}),
    file: `${entry.id}.dsamp`,
    text: made.text,
  });
  if (!compiled.plan) {
    const errors = compiled.diagnostics.filter((item) => item.severity === "error");
    const reason = errors.map((item) => `${item.code}: ${item.message}`).join("; ");
    const status = errors.some((item) => notThere.has(item.code)) ? "unsupported" : "fail";
    return { status, maxRelError: null, reason };
  }
  try {
    const result = await sample(compiled.plan, {
      backend,
      models: modelOf(made, file),
      count: entry.init.shape[0] ?? 1,
      shape: entry.init.shape.slice(1),
      inputs: { x_init: entry.init, ...made.labels },
      noise: (path, step, pass) => recordedNoise(entry, made, path, step, pass),
      trajectory: true,
      check: false,
    });
    return compare(entry, made.trajectory, result);
  } catch (error) {
    return {
      status: "fail",
      maxRelError: null,
      reason: error instanceof Error ? error.message : String(error),
    };
  }
}

function modelOf(made: Replay, file: CaseFile): ReturnType<typeof gmmModel> {
  const mixture = (name: string): Mixture => {
    const found = file.models.get(name);
    if (!found) throw new Error(`the file has no mixture '${name}'`);
    return found;
  };
  const conditions = Object.entries(made.conditions).map(([label, name]) => [label, mixture(name)] as const);
  const base = mixture(made.model);
  return gmmModel(conditions.length > 0 ? { ...base, conditions: Object.fromEntries(conditions) } : base);
}

function recordedNoise(entry: Case, made: Replay, path: string, step: number, pass: number): Float64Array {
  const index = made.noise(path, step, pass);
  const tensor = index === undefined ? undefined : entry.noise[index];
  if (!tensor)
    throw new Error(`the replay draws '${path}' at step ${step}, pass ${pass}, which was not recorded`);
  return tensor.data;
}

function compare(entry: Case, trajectory: readonly Recorded[], result: SampleResult): Outcome {
  let worst = 0;
  let excess: string | null = null;
  const check = (name: string, actual: HostArray | undefined, expected: Tensor): void => {
    if (!actual || actual.length !== expected.data.length) {
      excess ??= `${name}: ${actual ? `${actual.length} numbers` : "nothing"} where ${expected.data.length} were recorded`;
      worst = Infinity;
      return;
    }
    expected.data.forEach((b, i) => {
      const a = actual[i] as number;
      const size = Math.max(1, Math.abs(b));
      const error = Object.is(a, b) || a === b ? 0 : Math.abs(a - b);
      if (error / size > worst || Number.isNaN(error)) worst = Number.isNaN(error) ? Infinity : error / size;
      if (!(error <= entry.atol + entry.rtol * size)) excess ??= `${name}, element ${i}: ${a}, recorded ${b}`;
    });
  };
  entry.trajectory?.forEach((expected, k) => {
    const place = trajectory[k];
    if (place === null) return;
    const actual =
      place === "result" ? result.results[0] : place === undefined ? null : result.trajectory[place];
    check(`state ${k}`, actual?.data, expected);
  });
  check("x_final", result.results[0]?.data, entry.final);
  return { status: excess === null ? "pass" : "fail", maxRelError: worst, reason: excess };
}
