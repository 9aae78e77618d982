// Owns: what a whole run costs beside its kernels: 20 steps of DPM++ 2M with guidance on a network that does nothing,
// against the same kernels called bare. The time spent in the network is taken off.

import * as tf from "@tensorflow/tfjs-core";
import { compile } from "../compiler/compile.js";
import { memoryHost } from "../compiler/host.js";
import type { Plan } from "../compiler/plan/schema.js";
import { sample, type Backend, type Model, type Tensor } from "../runtime/index.js";
import { compare, now, ratio, type Contender, type Measured } from "./measure.js";

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

/** A tensor that has just been written, as a network's result has. */
const written = (backend: Backend, n: number): Tensor => backend.tf!.adopt(tf.zeros([1, ...shapeOf(n)]));

export interface ExecutorCost {
  readonly bare: Measured;
  readonly checked: Measured;
  readonly unchecked: Measured;
  readonly checkedRatio: number;
  readonly uncheckedRatio: number;
  readonly peak: number;
  readonly predicted: number;
}

export async function executorCost(backend: Backend, n: number, rounds: number): Promise<ExecutorCost> {
  const plan = dpmpp2m();
  let inModel = 0;
  const model: Model = {
    capabilities: { name: "nothing", sampleShape: null, conditions: "any", outputs: null, time: null },
    evaluate: () => {
      const start = now();
      const raw = written(backend, n);
      inModel += now() - start;
      return Promise.resolve({ raw });
    },
  };
  const run = (check: boolean): Contender => ({
    name: check ? "run" : "run without checks",
    time: async (repeats) => {
      inModel = 0;
      const start = now();
      for (let i = 0; i < repeats; i++) {
        await sample(plan, { models: model, backend, shape: shapeOf(n), check, onStep: () => undefined });
      }
      return (now() - start - inModel) / repeats;
    },
  });
  const bare: Contender = {
    name: "kernels",
    time: (repeats) => {
      let total = 0;
      for (let i = 0; i < repeats; i++) {
        const held = new Map<number, Tensor>([[0, written(backend, n)]]);
        for (const step of plan.steps) {
          for (const op of plan.programs[step.program]!.ops) {
            if (op.op === "call") held.set(op.raw, written(backend, n));
            else if (op.op === "move") {
              held.set(op.to, held.get(op.from)!);
              held.delete(op.from);
            } else if (op.op === "kernel") {
              const executable = backend.prepare(plan.kernels[op.kernel]!);
              const inputs = op.inputs.map((register) => held.get(register)!);
              const values = op.scalars.map((slot) => step.scalars[slot]!);
              const start = now();
              const outputs = backend.dispatch(
                executable,
                inputs,
                values,
                inputs.map(() => true),
              );
              total += now() - start;
              for (const register of op.inputs) held.delete(register);
              op.outputs.forEach((register, k) => held.set(register, outputs[k]!));
            }
          }
        }
        for (const tensor of held.values()) backend.free(tensor);
      }
      return total / repeats;
    },
  };
  const [one, two, three] = await compare([bare, run(true), run(false)], rounds, 60);
  return {
    bare: one!,
    checked: two!,
    unchecked: three!,
    checkedRatio: ratio(two!, one!),
    uncheckedRatio: ratio(three!, one!),
    peak: backend.meter.peakOfSize(n),
    predicted: plan.report.peakTensors,
  };
}
