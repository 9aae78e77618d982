// Owns: compiling and running one replay and comparing it with what was recorded, number by number.

import { compile } from "../../compiler/compile.js";
import { memoryHost } from "../../compiler/host.js";
import type { Plan } from "../../compiler/plan/schema.js";
import { Failure } from "../../compiler/diagnostics/report.js";
import {
  gmmModel,
  sample,
  type Backend,
  type HostArray,
  type Model,
  type SampleResult,
} from "../../runtime/index.js";
import type { Case, CaseFile, Mixture, Tensor } from "./format.js";
import { Unsupported, type Calls, type Further, type Replay } from "./spec.js";

export type Status = "pass" | "fail" | "unsupported";

export interface Outcome {
  readonly status: Status;
  /** Worst |a-b|/max(1,|b|) over everything compared; null when nothing was. */
  readonly maxRelError: number | null;
  readonly reason: string | null;
}

/**
 * A network whose input and output pass through float32, as those of every float32 backend do: what this alone does to
 * a run in float64 is the least that such a backend can be off.
 */
function roundedModel(model: Model): Model {
  return {
    ...model,
    async evaluate(call) {
      const state = Float64Array.from(await call.state.read(), Math.fround);
      const view = { shape: call.state.shape, tensor: call.state.tensor, backend: call.state.backend };
      const result = await model.evaluate({
        ...call,
        state: { ...view, read: () => Promise.resolve(state) },
      });
      const { raw } = result;
      return ArrayBuffer.isView(raw)
        ? { ...result, raw: Float64Array.from(raw as HostArray, Math.fround) }
        : result;
    },
  };
}

/** A network of eps that is fed the state of a mean-reverting path without its mean. */
function centredModel(model: Model, mean: Tensor): Model {
  return {
    ...model,
    async evaluate(call) {
      const { alpha, sigma, shape, firstSample } = call;
      const first = (firstSample * mean.data.length) / (mean.shape[0] ?? 1);
      const state = Float64Array.from(
        await call.state.read(),
        (x, i) => x - (1 - alpha) * (mean.data[first + i] as number),
      );
      const view = { shape, tensor: call.state.tensor, backend: call.state.backend };
      return model.evaluate({
        ...call,
        state: { ...view, read: () => Promise.resolve(state) },
        // On such a path the runtime has no form of eps in x and x0 alone.
        form: { x: 1 / sigma, x0: -alpha / sigma },
      });
    },
  };
}

/** What the network was called with, call by call. */
interface CallLog {
  readonly levels: number[];
  readonly states: Tensor[];
}

/** The network, and a log of its calls. */
function logged(model: Model): { readonly model: Model; readonly log: CallLog } {
  const log: CallLog = { levels: [], states: [] };
  return {
    log,
    model: {
      ...model,
      async evaluate(call) {
        log.levels.push(call.sigma);
        log.states.push({ data: Float64Array.from(await call.state.read()), shape: call.shape });
        return model.evaluate(call);
      },
    },
  };
}

interface Run {
  readonly result: SampleResult;
  readonly log: CallLog;
}

/** Codes by which the compiler says that a construct is not there yet, or that this grid has no such step. */
const notThere: ReadonlySet<string> = new Set(["D0990", "D0402"]);

/** How far a number may be off whose recorded value has the size `size` = max(1, |b|). */
type Allowed = (size: number) => number;

export type Family = (entry: Case, file: CaseFile) => Replay;

interface Prepared extends Further {
  readonly plan: Plan;
}

const isOutcome = (value: Replay | Prepared | Outcome): value is Outcome => "status" in value;

const refused = (status: Status, reason: string): Outcome => ({ status, maxRelError: null, reason });

/**
 * Runs one case, with the further runs that it records, and compares it: on `reference` within the case's own tolerance,
 * on a float32 backend within `float32Allowed`, for which the case is run twice more on `reference`.
 */
export async function replay(
  entry: Case,
  file: CaseFile,
  family: Family,
  backend: Backend,
  reference: Backend,
): Promise<Outcome> {
  const made = ask(entry, file, family);
  if (isOutcome(made)) return made;
  let worst = 0;
  for (const run of [{ entry, made }, ...(made.further ?? [])]) {
    const outcome = await replayed(run, file, backend, reference);
    if (outcome.status !== "pass") return outcome;
    worst = Math.max(worst, outcome.maxRelError ?? 0);
  }
  return { status: "pass", maxRelError: worst, reason: null };
}

async function replayed(
  wanted: Further,
  file: CaseFile,
  backend: Backend,
  reference: Backend,
): Promise<Outcome> {
  const prepared = prepare(wanted);
  if (isOutcome(prepared)) return prepared;
  const { entry, made, plan } = prepared;
  const form = made.packed ?? entry;
  const run = (on: Backend, rounded = false): Promise<Run> => sampled(form, file, prepared, on, rounded);
  try {
    if (backend.name === "reference")
      return compare(form, made, await run(backend), (size) => form.atol + form.rtol * size);
    const controlled = plan.control !== undefined;
    const [exact, rough] = [await run(reference), await run(reference, true)];
    const rounding = distance(exact.result, rough.result, controlled);
    // Rounding moves the steps of a controlled run, so that its states on the way are not those of the recorded points.
    const trajectory = controlled ? (form.trajectory ?? []).map(() => null) : made.trajectory;
    const allowed = float32Allowed(form, rounding, controlled);
    return compare(form, { ...made, trajectory }, await run(backend), allowed);
  } catch (error) {
    return refused("fail", error instanceof Error ? error.message : String(error));
  }
}

/** Half the distance from 1 to the next float32. */
const halfUlp = 2 ** -24;

/**
 * The tolerance of a float32 run, explained in docs/conformance.md: 64 times what rounding the network's inputs and
 * outputs alone does to this run, and one rounding of the largest state a call. A run that chooses its steps by its error
 * keeps the tolerance it was asked for and no more: the error is a difference of nearly equal states, so rounding moves
 * the steps.
 */
function float32Allowed(entry: Case, rounding: number, controlled: boolean): Allowed {
  const states = [entry.init, ...(entry.trajectory ?? []), entry.final];
  const sizes = states.flatMap(({ data }) => Array.from(data, Math.abs).filter(Number.isFinite));
  const largest = sizes.reduce((a, b) => Math.max(a, b), 1);
  const calls = entry.fields.number("nfe", entry.trajectory?.length ?? 1);
  const steps = controlled ? entry.options.number("rtol") : 0;
  return (size) => (64 * rounding + calls * halfUlp * largest + steps) * size;
}

/** Largest |a-b|/max(1,|b|) between two runs: of their results and, if they have the same points, of their states. */
function distance(one: SampleResult, other: SampleResult, resultsOnly: boolean): number {
  const all = ({ trajectory, results }: SampleResult): readonly number[] =>
    [...(resultsOnly ? [] : trajectory), ...results].flatMap((tensor) =>
      tensor ? Array.from(tensor.data) : [],
    );
  const [a, b] = [all(one), all(other)];
  return a.reduce(
    (worst, x, i) => Math.max(worst, Math.abs(x - (b[i] as number)) / Math.max(1, Math.abs(b[i] as number))),
    0,
  );
}

function ask(entry: Case, file: CaseFile, family: Family): Replay | Outcome {
  try {
    return family(entry, file);
  } catch (error) {
    if (error instanceof Unsupported) return refused("unsupported", error.message);
    if (!(error instanceof Failure)) throw error;
    const unknown = ["D0710", "D0712"].includes(error.diagnostic.code);
    return refused(unknown ? "unsupported" : "fail", error.message);
  }
}

function prepare({ entry, made }: Further): Prepared | Outcome {
  const compiled = compile({
    host: memoryHost({}),
    file: `${entry.id}.dsamp`,
    text: made.text,
  });
  if (compiled.plan) return { entry, made, plan: compiled.plan };
  const errors = compiled.diagnostics.filter((item) => item.severity === "error");
  const reason = errors.map((item) => `${item.code}: ${item.message}`).join("; ");
  return refused(errors.some((item) => notThere.has(item.code)) ? "unsupported" : "fail", reason);
}

async function sampled(
  entry: Case,
  file: CaseFile,
  { made, plan }: Prepared,
  backend: Backend,
  rounded: boolean,
): Promise<Run> {
  const network = modelOf(made, file);
  const { model, log } = logged(rounded ? roundedModel(network) : network);
  const result = await sample(plan, {
    backend,
    models: model,
    count: entry.init.shape[0] ?? 1,
    shape: entry.init.shape.slice(1),
    inputs: { x_init: entry.init, ...made.inputs, ...made.labels },
    noise: (path, step, pass) => recordedNoise(entry, made, path, step, pass),
    trajectory: true,
    check: false,
  });
  return { result, log };
}

function modelOf(made: Replay, file: CaseFile): Model {
  if (made.network) return made.network;
  const mixture = (name: string): Mixture => {
    const found = file.models.get(name);
    if (!found) throw new Error(`the file has no mixture '${name}'`);
    return found;
  };
  const conditions = Object.entries(made.conditions).map(([label, name]) => [label, mixture(name)] as const);
  const base = mixture(made.model);
  const model = gmmModel(
    conditions.length > 0 ? { ...base, conditions: Object.fromEntries(conditions) } : base,
  );
  return made.mean ? centredModel(model, made.mean) : model;
}

function recordedNoise(entry: Case, made: Replay, path: string, step: number, pass: number): Float64Array {
  const index = made.noise(path, step, pass);
  const tensor = index === undefined ? undefined : entry.noise[index];
  if (!tensor)
    throw new Error(`the replay draws '${path}' at step ${step}, pass ${pass}, which was not recorded`);
  return tensor.data;
}

function compare(
  entry: Case,
  { trajectory, outputs = [], numbers = [], calls }: Replay,
  { result, log }: Run,
  allowed: Allowed,
): Outcome {
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
      if (!(error <= allowed(size))) excess ??= `${name}, element ${i}: ${a}, recorded ${b}`;
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
  for (const { name, actual, recorded } of numbers)
    check(name, Float64Array.from(actual), { data: Float64Array.from(recorded), shape: [recorded.length] });
  outputs.forEach((expected, k) => {
    check(`output ${k + 1}`, result.results[k + 1]?.data, expected);
  });
  if (calls) compareCalls(calls, log, check);
  return { status: excess === null ? "pass" : "fail", maxRelError: worst, reason: excess };
}

function compareCalls(
  { count, levels, states }: Calls,
  log: CallLog,
  check: (name: string, actual: HostArray | undefined, expected: Tensor) => void,
): void {
  const row = (data: readonly number[]): Tensor => ({ data: Float64Array.from(data), shape: [data.length] });
  check("number of calls", Float64Array.of(log.levels.length), row([count]));
  if (levels) check("levels of the calls", Float64Array.from(log.levels), row(levels));
  states?.forEach((expected, k) => {
    check(`state of call ${k}`, log.states[k]?.data, expected);
  });
}
