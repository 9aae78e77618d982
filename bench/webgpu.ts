// Owns: what is measured on WebGPU, where there is an adapter: dispatches and compilations by step of a run, memory, and
// case U fused against tfjs' own operations. In Node, scripts/swiftshader.sh makes an adapter in software.

import * as tf from "@tensorflow/tfjs-core";
import { Failure } from "../compiler/diagnostics/report.js";
import { TfBackend } from "../runtime/backends/tfjs.js";
import type { WebGpuBackend } from "../runtime/backends/webgpu/backend.js";
import { openBackend, sample, type Backend } from "../runtime/index.js";
import { dpmpp2m, memoryOf, networkOn, shapeOf } from "./executor.js";
import { compare, now, ratio, type Contender, type Measured } from "./measure.js";
import { caseU, caseUScalars, filled } from "./updates.js";

export interface GpuFigures {
  /** Kernels of the plan dispatched in each step. */
  readonly dispatches: readonly number[];
  /** Shaders compiled in each step. */
  readonly compilations: readonly number[];
  /** Those compiled in steps that run the program of an earlier one. */
  readonly recompilations: number;
  readonly memory: { readonly peak: number; readonly predicted: number };
  readonly fused: Measured;
  readonly stock: Measured;
  readonly ratio: number;
}

/** Case U; the clock stops when the last result has been read. */
function updateOnGpu(backend: Backend, name: string, n: number): Contender {
  const tensors = [0, 1, 2, 3, 4].map((salt) => backend.upload(filled(n, salt), [1, n]));
  const executable = backend.prepare(caseU);
  const kept = tensors.map(() => false);
  return {
    name,
    time: async (repeats) => {
      const start = now();
      for (let i = 0; i < repeats; i++) {
        const [made] = backend.dispatch(executable, tensors, caseUScalars, kept);
        if (i === repeats - 1) await backend.download(made!);
        backend.free(made!);
      }
      return (now() - start) / repeats;
    },
  };
}

/** Figures for `n` elements, or why there are none. */
export async function webgpuFigures(n: number, rounds: number): Promise<GpuFigures | string> {
  let backend: WebGpuBackend;
  try {
    backend = (await openBackend("webgpu")) as WebGpuBackend;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.diagnostic.message;
  }
  const { device } = backend;
  const counts: (readonly [number, number])[] = [];
  const plan = dpmpp2m();
  const model = networkOn(backend);
  let network = 0;
  await sample(plan, {
    models: {
      ...model,
      async evaluate(call) {
        const before = device.dispatches;
        const result = await model.evaluate(call);
        network += device.dispatches - before;
        return result;
      },
    },
    // Checks are dispatches too.
    ...{ backend, shape: shapeOf(n), check: false },
    onStep: () => void counts.push([device.dispatches - network, device.compilations]),
  });
  const steps = (which: 0 | 1): number[] =>
    counts.slice(1).map((count, i) => count[which] - counts[i]![which]);
  const programs = plan.steps.map(({ program }) => program);
  const compilations = steps(1);
  const again = compilations.filter((_, i) => programs.indexOf(programs[i]!) < i);
  const memory = await memoryOf(await openBackend("webgpu"), n);
  const contenders = [updateOnGpu(backend, "fused", n), updateOnGpu(new TfBackend(tf, "webgpu"), "stock", n)];
  const [fused, stock] = await compare(contenders, rounds, 50);
  return {
    ...{ dispatches: steps(0), compilations, memory },
    recompilations: again.reduce((sum, count) => sum + count, 0),
    ...{ fused: fused!, stock: stock!, ratio: ratio(stock!, fused!) },
  };
}
