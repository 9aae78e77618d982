// Owns: the whole loop: batches, models, progress, trajectory, abort, and what is kept when something fails. Steps are
// Run's business; this file must not look inside a plan's programs.

import { Failure, fail } from "../compiler/diagnostics/report.js";
import type { Plan } from "../compiler/plan/schema.js";
import type { Backend, HostArray, HostTensor, Shape } from "./backend.js";
import { progressSteps, type ControlledBatch, type ControlProgress } from "./control.js";
import { failureFrom, place, RunAborted, RunFailure } from "./failure.js";
import { bindInputs, sliceInputs, type RunInputs } from "./inputs.js";
import { checkModel, type Model, type ModelResult, type TensorView } from "./model.js";
import { Run, type NoiseSource, type RunEvent } from "./run.js";
import { sameShape, showShape, sizeOf } from "./shapes.js";

export interface Progress {
  readonly batch: number;
  readonly batches: number;
  /** Steps done in this batch. */
  readonly step: number;
  readonly steps: number;
  /** Samples of finished batches. */
  readonly samples: number;
  readonly count: number;
  /** Model calls made in the whole run so far. */
  readonly calls: number;
}

/** The state at one grid point of one batch. `state.read()` downloads; only call it where it is needed. */
export interface StepEvent {
  /** 0 after the start, k after k steps. */
  readonly point: number;
  readonly batch: number;
  readonly firstSample: number;
  readonly state: TensorView;
}

export interface SampleOptions {
  /** By name as the plan declares them; a plan with one model also takes the model itself. */
  readonly models: Model | Readonly<Record<string, Model>>;
  readonly backend: Backend;
  /** 0 .. 2^64-1; default 0. */
  readonly seed?: number | bigint | undefined;
  /** Number of samples; default 1. */
  readonly count?: number | undefined;
  /** Largest batch; default: all at once. Results do not depend on it, except through reductions over the batch. */
  readonly batch?: number | undefined;
  /** Shape of one sample, channels first. Default: the model's, when it has one. */
  readonly shape?: Shape | undefined;
  /** Absolute index of the first sample, for runs that continue another. Default 0. */
  readonly firstSample?: number | undefined;
  readonly inputs?: RunInputs | undefined;
  /** Recorded noise in place of draws. */
  readonly noise?: NoiseSource | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Called with the state at every grid point; awaited. */
  readonly onStep?: ((event: StepEvent) => void | Promise<void>) | undefined;
  /** Keep the state at every grid point in the result; default false. */
  readonly trajectory?: boolean | undefined;
  /** Check for non-finite values after every call and step, on webgpu for a step at once; default true. */
  readonly check?: boolean | undefined;
  /** Stop after one batch, as if `count` had been its size; inputs are still those of all samples. Default false. */
  readonly firstBatchOnly?: boolean | undefined;
}

export interface SampleResult {
  /** One per result of the plan: [count, ...shape], extents 1 where a result is the same along an axis. Empty when no batch was finished. */
  readonly results: readonly HostTensor[];
  /** The state at each grid point, null where a rule has no state; empty unless asked for. */
  readonly trajectory: readonly (HostTensor | null)[];
  /** Samples finished. */
  readonly count: number;
  /** Model calls made, all batches together. */
  readonly calls: number;
  /** Of an error-controlled run, batch by batch; empty for runs on a grid. */
  readonly control: readonly ControlledBatch[];
}

/** Joins along axis 0. */
function concatenate(parts: readonly HostTensor[]): HostTensor | null {
  const [first] = parts;
  if (first === undefined) return null;
  if (parts.length === 1) return first;
  const samples = parts.reduce((total, part) => total + (part.shape[0] ?? 1), 0);
  const shape = [samples, ...first.shape.slice(1)];
  const size = sizeOf(shape);
  const data: HostArray =
    first.data instanceof Float32Array ? new Float32Array(size) : new Float64Array(size);
  let offset = 0;
  for (const part of parts) {
    data.set(part.data, offset);
    offset += part.data.length;
  }
  return { data, shape };
}

/** What is finished so far. */
class Collected {
  readonly #results: HostTensor[][];
  readonly #trajectory: HostTensor[][];
  readonly #control: { attempts: number; lambdas: number[] }[] = [];
  count = 0;
  calls = 0;

  constructor(plan: Plan, trajectory: boolean) {
    this.#results = plan.results.map(() => []);
    this.#trajectory = trajectory ? plan.grid.map(() => []) : [];
  }

  addPoint(point: number, state: HostTensor): void {
    (this.#trajectory[point] ??= []).push(state);
  }

  addControl(batch: number, { attempts, lambda }: ControlProgress): void {
    const entry = (this.#control[batch] ??= { attempts, lambdas: [] });
    entry.attempts = attempts;
    entry.lambdas.push(lambda);
  }

  addResults(results: readonly HostTensor[], count: number): void {
    results.forEach((result, i) => this.#results[i]!.push(result));
    this.count += count;
  }

  result(): SampleResult {
    return {
      results: this.#results.flatMap((parts) => concatenate(parts) ?? []),
      trajectory: this.#trajectory.map(concatenate),
      count: this.count,
      calls: this.calls,
      control: this.#control,
    };
  }
}

/** Reads a tensor with one entry per sample; what all samples share is repeated, so that batches can be joined. */
async function readSamples(view: TensorView, samples: number, rank: number): Promise<HostTensor> {
  const data = await view.read();
  const missing = Math.max(0, rank - view.shape.length);
  const shape = [...Array<number>(missing).fill(1), ...view.shape];
  if (shape[0] === samples) return { data, shape };
  const repeated =
    data instanceof Float32Array
      ? new Float32Array(data.length * samples)
      : new Float64Array(data.length * samples);
  for (let i = 0; i < samples; i++) repeated.set(data, i * data.length);
  return { data: repeated, shape: [samples, ...shape.slice(1)] };
}

/** The models in the plan's order, checked. Throws D0603, D0703. */
function bindModels(plan: Plan, given: SampleOptions["models"]): Model[] {
  return plan.models.map((declared) => {
    const isModel = (value: object): value is Model =>
      "evaluate" in value && typeof value.evaluate === "function";
    const model = isModel(given)
      ? plan.models.length === 1
        ? given
        : fail("D0703", `'${plan.sampler}' has ${plan.models.length} models; pass them by name`)
      : (given as Readonly<Record<string, Model>>)[declared.name];
    if (model === undefined) {
      return fail("D0703", `model '${declared.name}' of '${plan.sampler}' is missing`);
    }
    checkModel(declared, model);
    return model;
  });
}

/** The shape stated after a model: `model predicts v with shape: [1, 28, 28]`. */
export function statedShape(plan: Plan): Shape | undefined {
  for (const { convention } of plan.models) {
    const stated = [convention["shape"] ?? []].flat();
    if (stated.length > 0 && stated.every((extent) => Number.isInteger(extent) && Number(extent) > 0))
      return stated.map(Number);
  }
  return undefined;
}

/**
 * The shape of one sample: asked for, else the models', else stated in the sampler, else a model's usual one. Throws
 * D0703 without one, D0603 when a model has another.
 */
export function findShape(plan: Plan, models: readonly Model[], asked: Shape | undefined): Shape {
  let shape = asked;
  for (const { capabilities } of models) {
    const own = capabilities.sampleShape;
    if (own === null) continue;
    shape ??= own;
    if (!sameShape(own, shape)) {
      fail(
        "D0603",
        `the model '${capabilities.name}' makes samples of shape ${showShape(own)}, the run has ${showShape(shape)}`,
      );
    }
  }
  shape ??= statedShape(plan);
  shape ??= models.find(({ capabilities }) => capabilities.usualShape)?.capabilities.usualShape;
  return (
    shape ??
    fail("D0703", `the shape of a sample of \`${plan.sampler}\` is not known`, {
      help: "pass it, channels first: `--shape 3,32,32`; or state it after the model: `shape: [3, 32, 32]`",
    })
  );
}

function checkCount(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) fail("D0703", `${name} is ${value}, not a positive integer`);
  return value;
}

async function evaluate(
  plan: Plan,
  models: readonly Model[],
  run: Run,
  event: Extract<RunEvent, { kind: "call" }>,
): Promise<ModelResult> {
  try {
    return await models[event.model]!.evaluate(event.call);
  } catch (thrown) {
    const error = await run.cause(thrown);
    if (error !== thrown) throw error;
    const where = `${place(plan, event.call.step)}, call ${event.call.call}`;
    if (error instanceof Failure) {
      const { diagnostic: found } = error;
      throw found.message.startsWith(where)
        ? error
        : new Failure({ ...found, message: `${where}: ${found.message}` });
    }
    const { name } = plan.models[event.model]!;
    const words = error instanceof Error ? error.message : String(error);
    throw failureFrom("D0705", `${where}: model '${name}' failed: ${words}`, error);
  }
}

/**
 * Runs a plan, which must have passed `checkPlan`, and returns its results on the host. Throws RunFailure (D0503, D06xx, D07xx) and RunAborted, both with
 * what was finished in `partial`; the backend holds no tensor of the run afterwards, however it ends.
 */
export async function sample(plan: Plan, options: SampleOptions): Promise<SampleResult> {
  const { backend, signal, onStep, onProgress } = options;
  const collected = new Collected(plan, options.trajectory === true);
  let run: Run | undefined;
  try {
    const models = bindModels(plan, options.models);
    const shape = findShape(plan, models, options.shape);
    const count = checkCount("count", options.count ?? 1);
    const size = checkCount("batch", options.batch ?? count);
    const inputs = bindInputs(plan, options.inputs ?? {}, shape, count);
    const batches = options.firstBatchOnly === true ? 1 : Math.ceil(count / size);
    if (plan.control && options.trajectory === true && batches > 1)
      fail(
        "D0703",
        `the steps of \`${plan.sampler}\` differ from batch to batch, so ${batches} batches have no common trajectory`,
        {
          help: "ask for the trajectory of one batch",
        },
      );
    for (let batch = 0; batch < batches; batch++) {
      const first = batch * size;
      const samples = Math.min(size, count - first);
      const firstSample = (options.firstSample ?? 0) + first;
      const { seed, noise, check } = options;
      const previous = collected.calls;
      run = new Run(plan, {
        backend,
        seed,
        shape,
        count: samples,
        firstSample,
        inputs: sliceInputs(inputs, first, samples),
        noise,
        check,
        batched: models.map(({ capabilities }) => capabilities.batched === true),
      });
      const read = (view: TensorView): Promise<HostTensor> => readSamples(view, samples, shape.length + 1);
      let answer: ModelResult | undefined;
      for (;;) {
        signal?.throwIfAborted();
        const event: RunEvent = await run.next(answer);
        answer = undefined;
        collected.calls = previous + run.calls;
        if (event.kind === "call") answer = await evaluate(plan, models, run, event);
        else if (event.kind === "step") {
          if (run.control) collected.addControl(batch, run.control);
          if (event.state !== null) {
            if (options.trajectory === true) collected.addPoint(event.point, await read(event.state));
            await onStep?.({ point: event.point, batch, firstSample, state: event.state });
          }
          onProgress?.({
            batch,
            batches,
            step: run.control ? Math.floor(run.control.done * progressSteps(plan)) : event.point,
            steps: progressSteps(plan),
            samples: collected.count,
            count,
            calls: collected.calls,
          });
        } else {
          collected.addResults(await Promise.all(event.results.map(read)), samples);
          break;
        }
      }
      run.dispose();
    }
    return collected.result();
  } catch (error) {
    run?.dispose();
    if (signal?.aborted === true) throw new RunAborted(collected.result(), error);
    if (error instanceof Failure) throw new RunFailure(error.diagnostic, collected.result(), error.cause);
    throw error;
  }
}
