// Owns: what a whole run costs beside its kernels: 20 steps of DPM++ 2M with guidance on a network that does nothing but
// write a tensor. The time of the network is taken off, and the kernels are called once more, bare, right after the run.

import { compile } from "../compiler/compile.js";
import { memoryHost } from "../compiler/host.js";
import { peakTensors } from "../compiler/plan/lifetimes.js";
import type { Kernel, Plan } from "../compiler/plan/schema.js";
import {
  sample,
  type Backend,
  type Executable,
  type Model,
  type NoiseRequest,
  type Shape,
  type Tensor,
} from "../runtime/index.js";
import { median, now } from "./measure.js";

const text = `
sampler s {
  schedule cosine
  model    predicts eps
  guidance cfg(scale: 7.5)
  grid     log_snr
  steps    20
  solver   dpmpp_2m
}
schedule cosine {
  time t from 0.995 to 0.005
  alpha = cos(pi/2*t)
  sigma = sin(pi/2*t)
}`;

export function dpmpp2m(): Plan {
  const { plan, diagnostics } = compile({ host: memoryHost({}), file: "bench.dsamp", text });
  if (plan === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
  return plan;
}

const CHANNELS = 4;
/** Of one sample with `n` elements. */
export const shapeOf = (n: number): number[] => [CHANNELS, n / CHANNELS / 256, 256];

/** The network: a new tensor, just written, as a network's result is. */
const nothing: Kernel = {
  key: "nothing",
  inputs: 1,
  scalars: 0,
  nodes: [
    { op: "input", index: 0 },
    { op: "const", value: 0.5 },
    { op: "mul", args: [0, 1] },
  ],
  outputs: [2],
};

/** A network that only writes a tensor. */
export function networkOn(backend: Backend): Model {
  const fresh = backend.prepare(nothing);
  return {
    capabilities: { name: "nothing", sampleShape: null, conditions: "any", outputs: null, time: null },
    evaluate: ({ state }) =>
      Promise.resolve({ raw: backend.dispatch(fresh, [state.tensor], [], [false])[0]! }),
  };
}

export interface ExecutorCost {
  /** Milliseconds of the same kernels on tensors that are there, one dispatch after the other. */
  readonly kernels: number;
  /** Of the run without the network and the download of its result. */
  readonly run: number;
  /** Median of the ratio within a run. */
  readonly ratio: number;
}

/** A kernel of the run as it was dispatched: what it takes to dispatch it again on tensors of the same shapes. */
interface Recorded {
  readonly executable: Executable;
  /** Noise where it was made on the way. */
  readonly inputs: readonly (Shape | NoiseRequest)[];
  readonly scalars: readonly number[];
  readonly donated: readonly boolean[];
}

const sizeOf = (shape: Shape): number => shape.reduce((size, extent) => size * extent, 1);
const isNoise = (input: Shape | NoiseRequest): input is NoiseRequest => "seed" in input;

/** Milliseconds of the recorded kernels, each on tensors that were just filled, which is outside of the time. */
function bareTime(backend: Backend, recorded: readonly Recorded[], values: Float32Array): number {
  let spent = 0;
  for (const { executable, inputs: made, scalars, donated } of recorded) {
    const inputs = made.map((input) =>
      isNoise(input) ? backend.draw(input) : backend.upload(values.subarray(0, sizeOf(input)), input),
    );
    const start = now();
    const outputs = backend.dispatch(executable, inputs, scalars, donated);
    spent += now() - start;
    for (const tensor of outputs) backend.free(tensor);
    inputs.forEach((tensor, i) => {
      if (donated[i] !== true) backend.free(tensor);
    });
  }
  return spent;
}

/**
 * Times the network and the download inside a run, which are taken off it, and then its kernels bare, so that both sides
 * of the ratio come from the same moment. `check` as in `sample`.
 */
export async function executorCost(
  backend: Backend,
  n: number,
  runs: number,
  check: boolean,
): Promise<ExecutorCost> {
  const plan = dpmpp2m();
  const fresh = backend.prepare(nothing);
  const spent = { network: 0, download: 0 };
  const recorded: Recorded[] = [];
  const values = new Float32Array(n).fill(0.5);
  let records = true;
  const drawn = new WeakMap<Tensor, NoiseRequest>();
  const { dispatch, download, draw } = backend;
  backend.draw = (request) => {
    const tensor = draw.call(backend, request);
    drawn.set(tensor, request);
    return tensor;
  };
  backend.dispatch = (executable, inputs, scalars, donated) => {
    if (executable !== fresh) {
      const made = inputs.map((tensor) => drawn.get(tensor) ?? tensor.shape);
      if (records) recorded.push({ executable, inputs: made, scalars, donated });
      return dispatch.call(backend, executable, inputs, scalars, donated);
    }
    const start = now();
    const outputs = dispatch.call(backend, executable, inputs, scalars, donated);
    spent.network += now() - start;
    return outputs;
  };
  backend.download = async (tensor) => {
    const start = now();
    const data = await download.call(backend, tensor);
    spent.download += now() - start;
    return data;
  };
  const model = networkOn(backend);
  const kernels: number[] = [];
  const solver: number[] = [];
  for (let i = -runs; i < runs; i++) {
    Object.assign(spent, { network: 0, download: 0 });
    const start = now();
    await sample(plan, { models: model, backend, shape: shapeOf(n), check });
    const total = now() - start;
    records = false;
    const bare = bareTime(backend, recorded, values);
    // The first half warms up.
    if (i < 0) continue;
    kernels.push(bare);
    solver.push(total - spent.network - spent.download);
  }
  Object.assign(backend, { dispatch, download, draw });
  const ratio = median(solver.map((time, i) => time / kernels[i]!));
  return { kernels: median(kernels), run: median(solver), ratio };
}

/** Most tensors of the state's size at once in a run, and what is predicted. */
export async function memoryOf(backend: Backend, n: number): Promise<{ peak: number; predicted: number }> {
  const plan = dpmpp2m();
  await sample(plan, { models: networkOn(backend), backend, shape: shapeOf(n) });
  return { peak: backend.meter.peakOfSize(n), predicted: peakTensors(plan) };
}
