// One table, every backend: kernels, reductions, noise and lifetimes against the reference. Tolerances follow from the
// float size of the backend.

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Failure } from "../../../compiler/diagnostics/report.js";
import type { Kernel, KernelOp, Per, ReduceFn } from "../../../compiler/plan/schema.js";
import type { Backend, HostArray, Shape } from "../../../runtime/index.js";
import { TfBackend } from "../../../runtime/backends/tfjs.js";
import { hostMaxAbs } from "../../../runtime/backends/hostReduce.js";
import { functionModel, makeSeed, openBackend, sample } from "../../../runtime/index.js";
import { combined, eulerPlan, kernel } from "../../support/plans.js";
import { nodeBackend } from "./tensorflow.js";
import { webgpuBackend } from "./webgpuDevice.js";

interface Row {
  readonly name: string;
  readonly kernel: Kernel;
  readonly shapes: readonly Shape[];
  readonly scalars?: readonly number[];
  /** Values are drawn from here; default -2 .. 2. */
  readonly range?: readonly [number, number];
}

const unary: readonly KernelOp[] = [
  "neg",
  "abs",
  "exp",
  "expm1",
  "sin",
  "cos",
  "tan",
  "atan",
  "floor",
  "round",
  "logistic",
  "not",
];
const binary: readonly KernelOp[] = [
  "add",
  "sub",
  "mul",
  "div",
  "min",
  "max",
  "atan2",
  "lt",
  "le",
  "eq",
  "ne",
  "and",
  "or",
];

const rows: readonly Row[] = [
  ...unary.map((op): Row => ({ name: op, kernel: kernel(["x0", [op, 0]]), shapes: [[2, 3, 5]] })),
  ...binary.map((op): Row => ({
    name: op,
    kernel: kernel(["x0", "x1", [op, 0, 1]]),
    shapes: [
      [2, 7],
      [2, 7],
    ],
  })),
  ...binary.map((op): Row => ({
    name: `${op} with a number`,
    kernel: kernel(["x0", "s0", [op, 0, 1], [op, 1, 2]]),
    shapes: [[3, 4]],
    scalars: [0.75],
  })),
  { name: "sqrt", kernel: kernel(["x0", ["sqrt", 0]]), shapes: [[9]], range: [0, 4] },
  { name: "log", kernel: kernel(["x0", ["log", 0]]), shapes: [[9]], range: [0.1, 4] },
  { name: "pow", kernel: kernel(["x0", "x1", ["pow", 0, 1]]), shapes: [[9], [9]], range: [0.1, 2] },
  {
    name: "where",
    kernel: kernel(["x0", 0, ["lt", 0, 1], "x1", "x2", ["where", 2, 3, 4]]),
    shapes: [
      [4, 3],
      [4, 3],
      [4, 1],
    ],
  },
  {
    name: "where with a number as condition",
    kernel: kernel(["x0", "x1", "s0", ["where", 2, 0, 1]]),
    shapes: [
      [4, 1],
      [4, 3],
    ],
    scalars: [1],
  },
  {
    name: "a linear combination",
    kernel: combined,
    shapes: [
      [2, 3, 4],
      [2, 3, 4],
    ],
    scalars: [0.3, -1.7],
  },
  {
    name: "one value per sample",
    kernel: combined,
    shapes: [
      [3, 1, 1],
      [3, 2, 4],
    ],
    scalars: [0.3, -1.7],
  },
  {
    name: "a sum in a sum, one part an output of its own",
    kernel: kernel(
      [
        "x0",
        "x1",
        "s0",
        ["sub", 1, 0],
        ["mul", 2, 3],
        ["add", 0, 4],
        ["neg", 5],
        ["sub", 6, 1],
        ["div", 7, 2],
        ["add", 8, 2],
      ],
      [5, 9, 7],
    ),
    shapes: [
      [2, 3],
      [2, 3],
    ],
    scalars: [0.7],
  },
  {
    name: "a sum under a function, of two shapes",
    kernel: kernel([
      "x0",
      "x1",
      ["sub", 0, 1],
      ["exp", 2],
      ["mul", 3, 0],
      "s0",
      ["mul", 5, 1],
      ["add", 6, 4],
      ["sub", 7, 0],
    ]),
    shapes: [
      [2, 3],
      [2, 1],
    ],
    scalars: [-1.3],
  },
  {
    name: "a sum that cancels to its input",
    kernel: kernel(["x0", "x1", ["add", 0, 1], ["sub", 2, 1]]),
    shapes: [[4], [4]],
  },
  { name: "a lower rank", kernel: combined, shapes: [[4], [3, 2, 4]], scalars: [0.3, -1.7] },
  {
    name: "numbers only inside",
    kernel: kernel(["s0", "s1", ["sub", 0, 1], ["exp", 2], "x0", ["mul", 3, 4]]),
    shapes: [[5]],
    scalars: [0.3, 0.1],
  },
  { name: "no tensor reaches it", kernel: kernel([2, "s0", ["mul", 0, 1]]), shapes: [], scalars: [4] },
  { name: "the input handed on", kernel: kernel(["x0"]), shapes: [[2, 2]] },
  {
    name: "several outputs, one twice",
    kernel: kernel(["x0", "x1", ["add", 0, 1], ["mul", 2, 0]], [2, 3, 0, 2, 1]),
    shapes: [
      [2, 3],
      [2, 1],
    ],
  },
  { name: "more than one block", kernel: kernel(["x0", ["mul", 0, 0]]), shapes: [[3, 1000]] },
];

const crashListeners = (): number =>
  process.listenerCount("uncaughtException") + process.listenerCount("unhandledRejection");
/** Before tfjs is loaded. */
const listenersAtStart = crashListeners();

/** Float32 values, the same for every backend. */
function values(size: number, salt: number, [low, high]: readonly [number, number] = [-2, 2]): Float32Array {
  let state = salt * 7919 + 1;
  return Float32Array.from({ length: size }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return low + ((high - low) * state) / 2 ** 32;
  });
}

const sizeOf = (shape: Shape): number => shape.reduce((product, extent) => product * extent, 1);

function expectClose(actual: HostArray, expected: HostArray, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(Math.abs(actual[i]! - value)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(value)));
  });
}

async function runRow(backend: Backend, row: Row): Promise<{ shape: Shape; data: HostArray }[]> {
  const inputs = row.shapes.map((shape, i) => backend.upload(values(sizeOf(shape), i, row.range), shape));
  const outputs = backend.dispatch(
    backend.prepare(row.kernel),
    inputs,
    row.scalars ?? [],
    inputs.map((_, i) => i === 0),
  );
  const read = await Promise.all(
    outputs.map(async (tensor) => ({ shape: tensor.shape, data: await backend.download(tensor) })),
  );
  for (const tensor of [...outputs, ...inputs.slice(1)]) backend.free(tensor);
  return read;
}

/** Backends by name; `stock` names are those of tfjs, run operation by operation, `folded` ones sum by sum. */
async function open(name: string): Promise<Backend> {
  const [kind, plain] = name.split(" ");
  if (plain === undefined) return openBackend(name);
  await openBackend(plain);
  return new TfBackend(await import("@tensorflow/tfjs-core"), plain, { folds: kind === "folded" });
}

describe.each([
  "reference",
  "cpu",
  "wasm",
  "stock cpu",
  "stock wasm",
  "folded cpu",
  ...(nodeBackend ? ["node"] : []),
  ...(webgpuBackend ? ["webgpu"] : []),
])("%s", (name) => {
  let backend: Backend;
  let reference: Backend;
  let tolerance: number;
  beforeAll(async () => {
    backend = await open(name);
    reference = await openBackend("reference");
    tolerance = backend.floatBits === 64 ? 1e-15 : 1e-5;
  });
  afterAll(() => {
    backend.dispose();
    reference.dispose();
  });

  test.each(rows)("kernel: $name", async (row) => {
    const actual = await runRow(backend, row);
    const expected = await runRow(reference, row);
    expect(actual.map(({ shape }) => shape)).toEqual(expected.map(({ shape }) => shape));
    actual.forEach(({ data }, i) => expectClose(data, expected[i]!.data, tolerance));
    expect(backend.liveTensors()).toBe(0);
  });

  const functions: readonly ReduceFn[] = ["sum", "mean", "std", "norm", "dot", "max", "min", "quantile"];
  const pers: readonly Per[] = ["sample", "channel", "position", "frame", "batch"];
  test.each(functions.flatMap((fn) => pers.map((per) => ({ fn, per }))))(
    "reduction: $fn per $per",
    async ({ fn, per }) => {
      for (const shape of [
        [3, 2, 4, 5],
        [3, 4],
      ]) {
        const run = async (on: Backend): Promise<{ shape: Shape; data: HostArray }> => {
          const inputs = (fn === "dot" ? [1, 2] : [1]).map((salt) =>
            on.upload(values(sizeOf(shape), salt), shape),
          );
          const result = on.reduce(fn, per, inputs, fn === "quantile" ? 0.9 : null);
          const data = await on.download(result);
          for (const tensor of [result, ...inputs]) on.free(tensor);
          return { shape: result.shape, data };
        };
        const actual = await run(backend);
        const expected = await run(reference);
        expect(actual.shape).toEqual(expected.shape);
        expectClose(actual.data, expected.data, tolerance);
      }
      expect(backend.liveTensors()).toBe(0);
    },
  );

  test("noise is the same float32 values everywhere", async () => {
    const request = {
      distribution: "normal",
      seed: makeSeed(5),
      key: 9,
      step: 2,
      pass: 1,
      firstSample: 3,
      shape: [2, 3, 5],
    } as const;
    const read = async (on: Backend): Promise<number[]> => {
      const tensor = on.draw(request);
      const data = await on.download(tensor);
      on.free(tensor);
      return [...data];
    };
    const [actual, expected] = [await read(backend), await read(reference)];
    // A driver of a GPU may contract sums and products.
    if (name === "webgpu") expectClose(Float32Array.from(actual), Float32Array.from(expected), 2 ** -20);
    else expect(actual).toEqual(expected);
  });

  test("uploads and downloads are copies", async () => {
    const source = Float32Array.of(1, 2, 3);
    const tensor = backend.upload(source, [3]);
    source[0] = 9;
    (await backend.download(tensor))[1] = 9;
    expect([...(await backend.download(tensor))]).toEqual([1, 2, 3]);
    backend.free(tensor);
    expect(() => backend.free(tensor)).toThrow("freed");
  });

  test("NaN and infinity are seen, wherever they stand", async () => {
    for (let place = 0; place < 70; place += 3) {
      for (const [value, expected] of [
        [-3e38, true],
        [NaN, false],
        [-Infinity, false],
      ] as const) {
        const tensor = backend.upload(new Float32Array(70).fill(value, place, place + 1), [7, 10]);
        expect(await backend.finite(tensor)).toBe(expected);
        backend.free(tensor);
      }
    }
  });

  test("results of kernels that are not finite are seen", async () => {
    const executable = backend.prepare(kernel(["x0", ["sqrt", 0], ["mul", 1, 1]], [1, 2]));
    for (const size of [1, 19, 131, 150]) {
      for (let place = -1; place < size; place += 1 + (size >> 4)) {
        // The sum of all the results is too large for float32; they are not.
        const data = new Float32Array(size).fill(3e38);
        if (place >= 0) data[place] = -1;
        const made = backend.dispatch(executable, [backend.upload(data, [size])], [], [true]);
        for (const tensor of made) {
          expect(await backend.finite(tensor)).toBe(place < 0);
          backend.free(tensor);
        }
      }
    }
  });

  test("shapes that do not fit are refused and nothing is lost", () => {
    const a = backend.upload(new Float32Array(6), [2, 3]);
    const b = backend.upload(new Float32Array(4), [2, 2]);
    expect(() => backend.dispatch(backend.prepare(combined), [a, b], [1, 1], [true, true])).toThrow(Failure);
    expect(() => backend.upload(new Float32Array(5), [2, 3])).toThrow("D0703");
    expect(() => backend.reduce("dot", "sample", [a, b], null)).toThrow("D0703");
    expect(backend.liveTensors()).toBe(2);
    backend.free(a);
    backend.free(b);
  });
});

test.each([
  [[1, -3, 2], 3],
  [[1, NaN, 2], NaN],
  [[NaN, Infinity], NaN],
  [[1, -Infinity], Infinity],
])("max |x| of %j is %d", (data, expected) => {
  expect(hostMaxAbs(Float32Array.from(data))).toBe(expected);
});

describe("openBackend", () => {
  test("an unknown name lists what exists", async () => {
    await expect(openBackend("cuda")).rejects.toMatchObject({
      diagnostic: { code: "D0702", help: "available: reference, null, cpu, wasm, node, node-gpu, webgpu" },
    });
    await expect(openBackend("toString")).rejects.toThrow("D0702");
  });

  test("wasm leaves no crash listeners behind", async () => {
    await openBackend("wasm");
    expect(crashListeners()).toBe(listenersAtStart);
  });
});

test.each(["cpu", "wasm"])(
  "a model of the user's own tfjs computes on the tensors of a run on %s",
  async (name) => {
    const tf = await import("@tensorflow/tfjs-core");
    const backend = await openBackend(name);
    const before = tf.memory().numTensors;
    const halving = functionModel((_, __, { state }) => {
      const shared = backend.tf!.unwrap(state.tensor) as import("@tensorflow/tfjs-core").Tensor;
      return { raw: backend.tf!.adopt(tf.mul(shared, 0.5)) };
    });
    const plan = eulerPlan([2, 1, 0]);
    const options = { backend, shape: [2], seed: 1 };
    const shared = await sample(plan, { ...options, models: halving });
    const copied = await sample(plan, {
      ...options,
      models: functionModel((x) => x.map((value) => value / 2)),
    });
    expect(shared.results).toEqual(copied.results);
    expect(backend.meter.uploads).toBe(2);
    expect(backend.liveTensors()).toBe(0);
    expect(tf.memory().numTensors).toBe(before);
  },
);
