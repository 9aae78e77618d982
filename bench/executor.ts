// Owns: what a whole run costs beside its kernels: 20 steps of DPM++ 2M with guidance on a network that does nothing but
// write a tensor. The time of the network is taken off.

import { compile } from "../compiler/compile.js";
import { memoryHost } from "../compiler/host.js";
import type { Kernel, Plan } from "../compiler/plan/schema.js";
import { sample, type Backend, type Model } from "../runtime/index.js";
import { median } from "./measure.js";

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
const shapeOf = (n: number): number[] => [CHANNELS, n / CHANNELS / 256, 256];

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

export interface ExecutorCost {
  /** Milliseconds of the kernels of a run, called as they are in it. */
  readonly kernels: number;
  /** Of the run without the network and the download of its result. */
  readonly run: number;
  /** Median of the ratio within a run. */
  readonly ratio: number;
}

/**
 * Times every dispatch and download inside a run, so that both sides of the ratio come from the same run. `check` as in
 * `sample`.
 */
export async function executorCost(
  backend: Backend,
  n: number,
  runs: number,
  check: boolean,
): Promise<ExecutorCost> {
  const plan = dpmpp2m();
  const fresh = backend.prepare(nothing);
  const spent = { network: 0, kernels: 0, download: 0 };
  const { dispatch, download } = backend;
  backend.dispatch = (executable, ...rest) => {
    const start = performance.now();
    const outputs = dispatch.call(backend, executable, ...rest);
    spent[executable === fresh ? "network" : "kernels"] += performance.now() - start;
    return outputs;
  };
  backend.download = async (tensor) => {
    const start = performance.now();
    const data = await download.call(backend, tensor);
    spent.download += performance.now() - start;
    return data;
  };
  const model: Model = {
    capabilities: { name: "nothing", sampleShape: null, conditions: "any", outputs: null, time: null },
    evaluate: ({ state }) =>
      Promise.resolve({ raw: backend.dispatch(fresh, [state.tensor], [], [false])[0]! }),
  };
  const kernels: number[] = [];
  const solver: number[] = [];
  for (let i = -runs; i < runs; i++) {
    Object.assign(spent, { network: 0, kernels: 0, download: 0 });
    const start = performance.now();
    await sample(plan, { models: model, backend, shape: shapeOf(n), check });
    const total = performance.now() - start;
    // The first half warms up.
    if (i < 0) continue;
    kernels.push(spent.kernels);
    solver.push(total - spent.network - spent.download);
  }
  Object.assign(backend, { dispatch, download });
  const ratio = median(solver.map((time, i) => time / kernels[i]!));
  return { kernels: median(kernels), run: median(solver), ratio };
}

/** Most tensors of the state's size at once in a run, and what the plan predicts. */
export async function memoryOf(backend: Backend, n: number): Promise<{ peak: number; predicted: number }> {
  await executorCost(backend, n, 1, true);
  return { peak: backend.meter.peakOfSize(n), predicted: dpmpp2m().report.peakTensors };
}
