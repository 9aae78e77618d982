// Owns: the kernels that are timed, and running them on a backend. Case U: x' = a x + b e0 + k e1 + d z with
// e0 = u + w (c - u): five inputs, ten operations.

import type { Kernel, KernelOp } from "../compiler/plan/schema.js";
import type { Backend, Tensor } from "../runtime/index.js";
import { timed, type Contender } from "./measure.js";

const inputs = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ op: "input", index }) as const);
const scalars = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ op: "scalar", index }) as const);
const node = (op: KernelOp, ...args: number[]) => ({ op, args });

/** Inputs x, u, c, e1, z; scalars w, a, b, k, d. */
export const caseU: Kernel = {
  key: "U",
  inputs: 5,
  scalars: 5,
  nodes: [
    ...inputs(5),
    ...scalars(5),
    node("sub", 2, 1),
    node("mul", 5, 10),
    node("add", 1, 11),
    node("mul", 6, 0),
    node("mul", 7, 12),
    node("add", 13, 14),
    node("mul", 8, 3),
    node("add", 15, 16),
    node("mul", 9, 4),
    node("add", 17, 18),
  ],
  outputs: [19],
};
export const caseUScalars = [7.5, 0.9, 0.1, 0.2, 0.3];

/** a x + d z. */
export const withNoise: Kernel = {
  key: "noise",
  inputs: 2,
  scalars: 2,
  nodes: [...inputs(2), ...scalars(2), node("mul", 2, 0), node("mul", 3, 1), node("add", 4, 5)],
  outputs: [6],
};

/** Numbers of a network's size. */
export const filled = (n: number, salt: number): Float32Array =>
  Float32Array.from({ length: n }, (_, i) => ((i * 7 + salt * 3) % 1000) / 500 - 1);

/** Case U on `n` elements into a fresh tensor; `close` frees the inputs. */
export function updateOn(backend: Backend, name: string, n: number): Contender & { close(): void } {
  const tensors = [0, 1, 2, 3, 4].map((salt) => backend.upload(filled(n, salt), [1, n]));
  const executable = backend.prepare(caseU);
  const kept = tensors.map(() => false);
  return {
    name,
    time: timed(() => {
      for (const tensor of backend.dispatch(executable, tensors, caseUScalars, kept)) backend.free(tensor);
    }),
    close: () => {
      for (const tensor of tensors) backend.free(tensor);
    },
  };
}

/** Noise made in the kernel that adds it. */
export function noiseOn(backend: Backend, name: string, n: number): Contender & { close(): void } {
  const x = backend.upload(filled(n, 1), [1, n]);
  const executable = backend.prepare(withNoise);
  let step = 0;
  const draw = (): Tensor =>
    backend.draw({
      distribution: "normal",
      seed: { low: 1, high: 2 },
      key: 3,
      step: (step = (step + 1) % 65535),
      pass: 0,
      firstSample: 0,
      shape: [1, n],
    });
  return {
    name,
    time: timed(() => {
      const [out] = backend.dispatch(executable, [x, draw()], [0.9, 0.1], [false, true]);
      backend.free(out!);
    }),
    close: () => backend.free(x),
  };
}
