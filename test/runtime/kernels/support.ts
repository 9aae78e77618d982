// Owns: random kernels over random shapes, and running them on a backend, for the tests of the fused backends.

import fc from "fast-check";
import type { Kernel, KernelNode, KernelOp } from "../../../compiler/plan/schema.js";
import type { Backend, HostArray, Shape } from "../../../runtime/index.js";

export const arities: Readonly<Record<KernelOp, 1 | 2 | 3>> = {
  add: 2,
  sub: 2,
  mul: 2,
  div: 2,
  neg: 1,
  abs: 1,
  min: 2,
  max: 2,
  sqrt: 1,
  pow: 2,
  exp: 1,
  expm1: 1,
  log: 1,
  sin: 1,
  cos: 1,
  tan: 1,
  atan: 1,
  atan2: 2,
  floor: 1,
  round: 1,
  logistic: 1,
  lt: 2,
  le: 2,
  eq: 2,
  ne: 2,
  and: 2,
  or: 2,
  not: 1,
  where: 3,
};
export const allOps = Object.keys(arities) as KernelOp[];

export interface Case {
  readonly kernel: Kernel;
  readonly shapes: readonly Shape[];
  readonly data: readonly Float32Array[];
  readonly scalars: readonly number[];
  readonly donated: readonly boolean[];
}

export const sizeOf = (shape: Shape): number => shape.reduce((product, extent) => product * extent, 1);

const special = [0, -0, 1, -1, 0.5, -2, 3, NaN, Infinity, -Infinity, 1e-40, -3e38, 16777217, 8388607.5];
const element = fc.oneof(
  { weight: 6, arbitrary: fc.double({ min: -4, max: 4, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(...special) },
  { weight: 1, arbitrary: fc.float({ noNaN: true }) },
);

/** A shape that broadcasts to `full`: some axes are 1, some leading ones missing. */
const partOf = (full: Shape): fc.Arbitrary<Shape> =>
  fc
    .tuple(
      fc.integer({ min: 0, max: full.length - 1 }),
      fc.array(fc.boolean(), { minLength: 3, maxLength: 3 }),
    )
    .map(([missing, keep]) => full.map((extent, i) => (keep[i] === false ? 1 : extent)).slice(missing));

const fullShape: fc.Arbitrary<Shape> = fc.oneof(
  fc.integer({ min: 1, max: 67 }).map((n) => [n]),
  fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 67 })),
  fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 17 })),
  fc.tuple(fc.integer({ min: 1, max: 2 }), fc.integer({ min: 1, max: 2 }), fc.integer({ min: 64, max: 131 })),
);

/** A random kernel of up to 40 operations; with `all`, every node a tensor reaches is an output. */
export function caseOf(all: boolean): fc.Arbitrary<Case> {
  return fullShape.chain((full) =>
    fc
      .record({
        shapes: fc.array(fc.oneof({ weight: 2, arbitrary: fc.constant(full) }, partOf(full)), {
          minLength: 1,
          maxLength: 5,
        }),
        scalars: fc.array(fc.double({ min: -3, max: 3, noNaN: true }), { minLength: 1, maxLength: 4 }),
        constants: fc.array(fc.constantFrom(0, 1, 2, 0.5, -1.25), { minLength: 0, maxLength: 2 }),
        steps: fc.array(fc.tuple(fc.constantFrom(...allOps), fc.nat(), fc.nat(), fc.nat()), {
          minLength: 1,
          maxLength: 40,
        }),
        picks: fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
        donated: fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }),
        seed: fc.array(element, { minLength: 16, maxLength: 64 }),
      })
      .map(({ shapes, scalars, constants, steps, picks, donated, seed }): Case => {
        const nodes: KernelNode[] = [
          ...shapes.map((_, index) => ({ op: "input", index }) as const),
          ...scalars.map((_, index) => ({ op: "scalar", index }) as const),
          ...constants.map((value) => ({ op: "const", value }) as const),
        ];
        for (const [op, ...places] of steps) {
          const args = places
            .slice(0, arities[op])
            .map((place) => nodes.length - 1 - (place % Math.min(nodes.length, 12)));
          nodes.push({ op, args });
        }
        const outputs = all
          ? nodes.map((_, i) => i)
          : [nodes.length - 1, ...picks.map((pick) => pick % nodes.length)];
        return {
          kernel: {
            key: "random",
            inputs: shapes.length,
            scalars: scalars.length,
            nodes,
            outputs,
          },
          shapes,
          data: shapes.map((shape, i) =>
            Float32Array.from({ length: sizeOf(shape) }, (_, k) => seed[(k * 7 + i * 5) % seed.length]!),
          ),
          scalars,
          donated: shapes.map((_, i) => donated[i] === true),
        };
      }),
  );
}

/** Runs a case; the inputs and outputs are freed. */
export async function runCase(
  backend: Backend,
  { kernel, shapes, data, scalars, donated }: Case,
): Promise<{ readonly shape: Shape; readonly data: HostArray }[]> {
  const inputs = data.map((values, i) => backend.upload(values, shapes[i]!));
  const outputs = backend.dispatch(backend.prepare(kernel), inputs, scalars, donated);
  const results = await Promise.all(
    outputs.map(async (tensor) => ({ shape: tensor.shape, data: await backend.download(tensor) })),
  );
  for (const tensor of outputs) backend.free(tensor);
  inputs.forEach((tensor, i) => {
    if (donated[i] !== true) backend.free(tensor);
  });
  return results;
}

/** The bits of float32 values; every NaN is the same. */
export const bitsOf = (data: HostArray): Uint32Array =>
  new Uint32Array(Float32Array.from(data, (value) => (Number.isNaN(value) ? NaN : value)).buffer);
