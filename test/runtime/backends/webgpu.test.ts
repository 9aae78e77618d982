// The backend on WebGPU: what is said where it cannot start, and, where there is an adapter (scripts/swiftshader.sh), every
// operation, noise, packing of buffers, whole runs, counts of dispatches and compilations, and faults. Reductions and
// single rows are in table.test.ts.

import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compile } from "../../../compiler/compile.js";
import { memoryHost } from "../../../compiler/host.js";
import type { Distribution, KernelNode, KernelOp, Plan } from "../../../compiler/plan/schema.js";
import { scalarOps } from "../../../runtime/backends/scalarOps.js";
import { openWebGpu, type WebGpuHost } from "../../../runtime/backends/webgpu.js";
import type { WebGpuBackend } from "../../../runtime/backends/webgpu/backend.js";
import type { GpuDevice } from "../../../runtime/backends/webgpu/platform.js";
import { philoxText } from "../../../runtime/backends/webgpu/noise.js";
import {
  FIXED_STEP,
  functionModel,
  makeNoise,
  makeSeed,
  openBackend,
  Run,
  RunFailure,
  sample,
  type Backend,
  type HostArray,
  type NoiseRequest,
} from "../../../runtime/index.js";
import { philox } from "../../../runtime/noise/philox.js";
import { broadcastIndices } from "../../../runtime/shapes.js";
import { runFile } from "../../conformance/run.js";
import { combined, eulerPlan, kernel } from "../../support/plans.js";
import { allOps, arities, caseOf, runCase, type Case } from "../kernels/support.js";
import { skipped, webgpuBackend } from "./webgpuDevice.js";

const absent = Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });
const nothing: WebGpuHost = {
  load: () => Promise.reject(absent),
  gpu: undefined,
  isNode: true,
  env: {},
};
const noAdapter = { requestAdapter: () => Promise.resolve(null) };

describe("where it cannot start", () => {
  // An adapter that another test has opened would be used.
  beforeAll(() => {
    if (tf.findBackend("webgpu")) tf.removeBackend("webgpu");
  });

  test.each<readonly [string, Partial<WebGpuHost>, object]>([
    [
      "Node without the package webgpu",
      {},
      {
        message: "the backend 'webgpu' needs the package webgpu, which is not installed",
        help: expect.stringContaining("npm install webgpu@0.6.2 @tensorflow/tfjs-backend-webgpu@4.22.0"),
      },
    ],
    [
      "Node without the package of tfjs",
      { gpu: noAdapter },
      { message: expect.stringContaining("needs the package @tensorflow/tfjs-backend-webgpu") },
    ],
    [
      "a package whose native part is missing",
      { load: () => Promise.reject(new Error("dawn.node: cannot open\nmore")) },
      { message: expect.stringContaining("does not load"), why: "dawn.node: cannot open" },
    ],
    [
      "a machine without a driver",
      {
        load: () => Promise.resolve({ create: () => noAdapter, globals: {} }),
        env: { VK_DRIVER_FILES: "/x.json" },
      },
      {
        message: "the backend 'webgpu' finds no adapter, that is no GPU with a driver",
        why: "requestAdapter gives none; VK_DRIVER_FILES=/x.json",
        help: expect.stringContaining("docs/backends.md"),
      },
    ],
    [
      "a browser without WebGPU",
      { isNode: false },
      {
        message: expect.stringContaining("this browser does not have"),
        why: expect.stringContaining("HTTPS"),
      },
    ],
  ])("%s", async (_, host, expected) => {
    await expect(openWebGpu({ ...nothing, ...host })).rejects.toMatchObject({
      diagnostic: { code: "D0702", ...expected },
    });
  });
});

const SMALLEST = 2 ** -126;
const LARGEST = (2 - 2 ** -23) * 2 ** 127;
/** As a device may see it: subnormal numbers are 0. */
const flushed = (x: number): number => (Math.abs(x) < SMALLEST ? 0 * x : x);
const ulp = (x: number): number => 2 ** (Math.max(-126, Math.floor(Math.log2(Math.abs(x)))) - 23);

/** How many ulp an operation may be off. */
const allowed: Partial<Readonly<Record<KernelOp, number>>> = {
  ...{
    div: 2.5,
    sqrt: 3,
    exp: 3,
    expm1: 3,
    log: 3,
    sin: 3,
    cos: 3,
    tan: 6,
    atan: 4,
    atan2: 6,
    logistic: 6,
    pow: 4,
  },
};
const periodic: readonly KernelOp[] = ["sin", "cos", "tan"];

/** Whether `value` is what `op` may give of float32 arguments; `near`: an argument may be the exact one before rounding. */
function isRight(op: KernelOp, args: readonly number[], value: number, near = 0): boolean {
  // Beyond 2^13 the reduction loses digits: an angle is known to an ulp of the argument.
  const loose = periodic.includes(op) ? Math.abs(args[0]!) * 2 ** -24 : 0;
  if (loose > 2 ** -11) return Math.abs(value) <= 1 || op === "tan" || !Number.isFinite(args[0]!);
  return [args, args.map(flushed)].some(([a = 0, b = 0, c = 0]) => {
    const unrounded = scalarOps[op](a, b, c);
    const exact = Math.fround(unrounded);
    if (Object.is(value, exact) || value === exact || (Number.isNaN(value) && Number.isNaN(exact)))
      return true;
    if (Number.isNaN(exact) || Number.isNaN(value)) return false;
    const error = (allowed[op] ?? 0) * ulp(unrounded) + SMALLEST + near + 4 * loose;
    // Too large for float32, or nearly so: an error within bounds may lead to either side.
    if (!Number.isFinite(value)) return Math.sign(value) * unrounded + error >= LARGEST;
    return Math.abs(value - (Number.isFinite(exact) ? exact : unrounded)) <= error;
  });
}

const edges = [
  ...[0, -0, 1, -1, 2, -2, 0.5, -0.5, 1.5, 2.5, -2.5, 3, NaN, Infinity, -Infinity, 1.2e-38, 3.4e38, -3.4e38],
  ...[8388607.5, 8388608, -8388609, 88.7, 88.73, -87.3, -103.9, -104, 1e-8, -1e-8, 100.5, 1e5, 16777216],
  ...[Math.PI, Math.PI / 2, Math.PI / 4, Math.SQRT2 - 1, Math.SQRT2 + 1],
].map(Math.fround);

const planOf = (solver: string, steps = 20): Plan => {
  const text = `
sampler s {
  schedule cosine
  model    predicts eps
  guidance cfg(scale: 7.5)
  grid     log_snr
  steps    ${steps}
  solver   ${solver}
}
schedule cosine {
  time t from 0.995 to 0.005
  alpha = cos(pi/2*t)
  sigma = sin(pi/2*t)
}`;
  const { plan, diagnostics } = compile({ host: memoryHost({}), file: "test.dsamp", text });
  if (plan === undefined) throw new Error(diagnostics.map(({ message }) => message).join("; "));
  return plan;
};
const network = functionModel((x, _, { conditions }) =>
  x.map((value) => Math.tanh(value) * (conditions.length > 0 ? 0.9 : 1)),
);

const request = (rest: Partial<NoiseRequest>): NoiseRequest => ({
  distribution: "normal",
  seed: makeSeed(20261122n + (7n << 32n)),
  key: 0x9abcdef0,
  step: 3,
  pass: 1,
  firstSample: 5,
  shape: [2, 100],
  ...rest,
});
const requests = (distribution: Distribution): readonly NoiseRequest[] => [
  ...[[1], [7, 2], [3, 5, 3], [2, 31], [2, 32], [4, 16, 16], [2, 2049], [3, 4100]].map((shape) =>
    request({ shape, distribution }),
  ),
  request({
    ...{ shape: [2, 70], step: FIXED_STEP, pass: 65535, firstSample: 2 ** 32 - 2, key: 0xffffffff },
    distribution,
  }),
  request({ shape: [2, 72], seed: makeSeed(2n ** 64n - 1n), distribution }),
];

const gpuOf = (backend: Backend): GpuDevice => (backend as WebGpuBackend).device.tfjs.device;
/** Tensors of tfjs, and what tfjs keeps on the device. */
const held = (): readonly number[] => [
  tf.memory().numTensors,
  (tf.findBackend("webgpu") as { numDataIds(): number }).numDataIds(),
];

describe.skipIf(!webgpuBackend)(`webgpu${skipped}`, () => {
  let backend: WebGpuBackend;
  beforeAll(async () => {
    backend = (await openBackend("webgpu")) as WebGpuBackend;
  });
  afterAll(() => backend.dispose());

  describe("operations", () => {
    const pairs = edges.flatMap((a) => edges.map((b) => [a, b] as const));
    test.each(
      allOps.flatMap((op) =>
        [pairs.length - 1, pairs.length - (pairs.length % 4)].map((n) => [op, n] as const),
      ),
    )("%s on pairs of edge values, %d at once", async (op, count) => {
      const given: Case = {
        kernel: kernel(["x0", "x1", [op, ...[0, 1, 1].slice(0, arities[op])]]),
        shapes: [[count], [count]],
        data: [0, 1].map((side) => Float32Array.from({ length: count }, (_, i) => pairs[i]![side]!)),
        scalars: [],
        donated: [false, true],
      };
      const [result] = await runCase(backend, given);
      const wrong = pairs.slice(0, count).flatMap(([a, b], i) => {
        const value = result!.data[i]!;
        return isRight(op, [a, b, b].slice(0, arities[op]), value) ? [] : [`${op}(${a}, ${b}) = ${value}`];
      });
      expect(wrong).toEqual([]);
    });

    test.each([
      ["exp", -87, 88],
      ["expm1", -20, 80],
      ["log", 1e-37, 3e38],
      ["sin", -8000, 8000],
      ["cos", -100, 100],
      ["tan", -100, 100],
      ["atan", -50, 50],
      ["logistic", -80, 80],
      ["sqrt", 0, 1e6],
    ] as const)("%s over its range", async (op, low, high) => {
      const count = 100_003;
      const x = Float32Array.from({ length: count }, (_, i) =>
        op === "log" ? 2 ** (-122 + (248 * i) / count) * 1.3 : low + ((high - low) * i) / count,
      );
      const [result] = await runCase(backend, {
        ...{ kernel: kernel(["x0", [op, 0]]), shapes: [[count]], data: [x], scalars: [], donated: [true] },
      });
      expect(x.filter((value, i) => !isRight(op, [value], result!.data[i]!))).toEqual(new Float32Array(0));
    });

    test("pow where the result is close to the largest number, or the exponent large", async () => {
      const near = Array.from({ length: 400 }, (_, i): readonly [number, number] => {
        const base = 2 ** (-126 + (253 * i) / 399);
        const most = 127.99 / Math.log2(base);
        return [base, [most, -most, most / 3, -most / 7][i % 4]!];
      });
      const close = [2 ** -23, -(2 ** -24), 1e-4, -1e-3, 0.01].flatMap((d) =>
        [1, -1].map((sign): readonly [number, number] => [1 + d, (sign * 80) / d]),
      );
      // The first is a case that fast-check has found.
      const given = [[-3.4028117e38, 1], [3.4028117e38, -1], [-1e19, 2], [1e-40, 0.5], ...near, ...close];
      const [base, exponent] = [0, 1].map((side) => Float32Array.from(given, (pair) => pair[side]!));
      const [result] = await runCase(backend, {
        ...{ kernel: kernel(["x0", "x1", ["pow", 0, 1]]), shapes: [[given.length], [given.length]] },
        ...{ data: [base!, exponent!], scalars: [], donated: [true, true] },
      });
      const wrong = given.flatMap((_, i) => {
        const [a, b, value] = [base![i]!, exponent![i]!, result!.data[i]!];
        return isRight("pow", [a, b], value) ? [] : [`pow(${a}, ${b}) = ${value}, not ${a ** b}`];
      });
      expect(wrong).toEqual([]);
    });

    test("every node of a random kernel is its operation on its arguments, however many buffers it has", async () => {
      await fc.assert(
        fc.asyncProperty(caseOf(true), fc.constantFrom(3, 5, 7, 11), async (given, bindings) => {
          const device = Object.defineProperty(backend.device, "bindings", {
            value: bindings,
            configurable: true,
          });
          const results = await runCase(backend, {
            ...given,
            kernel: { ...given.kernel, key: `${bindings}` },
          });
          Reflect.deleteProperty(device, "bindings");
          backend.dispose();
          backend = (await openBackend("webgpu")) as WebGpuBackend;
          given.kernel.nodes.forEach((node, i) => {
            if (!("args" in node) || node.args.every((arg) => results[arg]!.shape.length === 0)) return;
            const { shape, data } = results[i]!;
            const args = node.args.map((arg) => {
              const { shape: own, data: values } = results[arg]!;
              const indices = broadcastIndices(own, shape);
              return (k: number): number => values[indices[k]!]!;
            });
            const product = (each: KernelNode): boolean => each.op === "mul" || each.op === "div";
            // SwiftShader cancels: x * (y / x) is y, where y / x alone is NaN or infinite too.
            const cancels = product(node) && node.args.some((arg) => product(given.kernel.nodes[arg]!));
            data.forEach((value, k) => {
              const given = args.map((arg) => arg(k));
              if (cancels && given.some((argument) => argument === 0 || !Number.isFinite(argument))) return;
              // A product that is added may keep the digits that its own output has not.
              const near = ["add", "sub"].includes(node.op) ? ulp(Math.max(...given.map(Math.abs))) : 0;
              if (!isRight(node.op, given, value, near))
                expect.fail(`${node.op}(${given.join(", ")}) = ${value}`);
            });
          });
          expect(backend.liveTensors()).toBe(0);
        }),
        { numRuns: 60 },
      );
    });
  });

  describe("noise", () => {
    test("Philox gives the same integers", async () => {
      const { device } = backend;
      const count = 1000;
      const words = Uint32Array.of(0x9abcdef0, 0x10003, 0xffffff00, 0, 0x01352d22, 7, 0, 0);
      const shader = device.compile(
        `@group(0) @binding(0) var<uniform> words: array<vec4<u32>, 2>;
         @group(0) @binding(1) var<storage, read_write> result: array<vec4<u32>>;
         ${philoxText}
         @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
           if (id.x < ${count}u) {
             result[id.x] = philox(vec4<u32>(id.x, words[0].z + id.x, words[0].y, words[0].x), words[1].xy);
           }
         }`,
        "philox",
      );
      const result = device.allocate(4 * count);
      device.run(shader, words.buffer, [result], [16, 1]);
      const actual = new Uint32Array((await device.read(result)).buffer);
      const expected = new Uint32Array(4);
      for (let i = 0; i < count; i++) {
        philox(i, 0xffffff00 + i, 0x10003, 0x9abcdef0, 0x01352d22, 7, expected);
        expect(actual.slice(4 * i, 4 * i + 4)).toEqual(expected);
      }
      device.release(result);
    });

    test.each([
      ["rademacher", 0],
      ["normal", 2 ** -20],
      ["gumbel", 2 ** -20],
    ] as const)("%s, alone and in a kernel, is that of the reference", async (distribution, tolerance) => {
      for (const given of requests(distribution)) {
        const expected = makeNoise(given);
        const alone = backend.draw(given);
        const x = backend.upload(new Float32Array(expected.length).fill(1), given.shape);
        const [fused] = backend.dispatch(
          backend.prepare(combined),
          [x, backend.draw(given)],
          [0.5, 2],
          [true, true],
        );
        const [one, other] = [await backend.download(alone), await backend.download(fused!)];
        expected.forEach((value, i) => {
          expect(Math.abs(one[i]! - value)).toBeLessThanOrEqual(tolerance);
          expect(Math.abs(other[i]! - (0.5 + 2 * value))).toBeLessThanOrEqual(2 * tolerance + 2 ** -21);
        });
        backend.free(alone);
        backend.free(fused!);
      }
      expect([backend.liveTensors(), backend.meter.liveBytes]).toEqual([0, 0]);
    });

    test("noise that two kernels use is one tensor; noise that one uses is none", () => {
      const given = request({ shape: [2, 64] });
      const before = backend.device.dispatches;
      const [noise, x] = [backend.draw(given), backend.upload(new Float32Array(128), [2, 64])];
      const run = (last: boolean): void => {
        const made = backend.dispatch(backend.prepare(combined), [x, noise], [1, 1], [false, last]);
        backend.free(made[0]!);
      };
      run(false);
      expect(backend.meter.liveBytes).toBe(2 * 128 * 4);
      run(true);
      const alone = backend.draw(given);
      const made = backend.dispatch(backend.prepare(combined), [x, alone], [1, 1], [true, true]);
      backend.free(made[0]!);
      // Three kernels, and one that makes the tensor.
      expect(backend.device.dispatches - before).toBe(4);
      expect([backend.liveTensors(), backend.meter.liveBytes]).toEqual([0, 0]);
    });
  });

  describe("runs", () => {
    const shapes = [[4, 8, 8], [3, 5, 7], [1]];
    test.each(
      ["ddim", "heun", "euler_ancestral", "dpmpp_2m", "dpmpp_sde", "unipc"].flatMap((solver) =>
        shapes.map((shape) => [solver, shape] as const),
      ),
    )("%s on samples of %j is that of the reference", async (solver, shape) => {
      const plan = planOf(solver, 8);
      const options = { models: network, shape, count: 3, batch: 2, seed: 3 };
      const before = held();
      const { results } = await sample(plan, { ...options, backend });
      const reference = await openBackend("reference");
      const [expected] = (await sample(plan, { ...options, backend: reference })).results;
      const largest = Math.max(1, ...Array.from(expected!.data, Math.abs));
      results[0]!.data.forEach((value, i) =>
        expect(Math.abs(value - expected!.data[i]!)).toBeLessThanOrEqual(2e-5 * largest),
      );
      expect([backend.liveTensors(), backend.meter.liveBytes]).toEqual([0, 0]);
      // Buffers that were given up wait for the next tensor of their size, a few of them.
      const [tensors, buffers] = held();
      expect(tensors).toBe(before[0]);
      expect(buffers! - before[1]!).toBeLessThanOrEqual(6);
    });

    test("one kernel dispatched a step with guidance, and every kernel compiled once", async () => {
      const { device } = backend;
      const plan = planOf("dpmpp_2m");
      const counts: (readonly number[])[] = [];
      const run = async (check: boolean): Promise<void> => {
        await sample(plan, {
          ...{ models: network, backend, shape: [4, 8, 8], count: 2, check },
          onStep: () => void counts.push([device.dispatches, device.compilations]),
        });
      };
      const before = device.compilations;
      await run(false);
      const dispatches = counts.map(([count]) => count!);
      expect(dispatches.slice(1).map((count, i) => count - dispatches[i]!)).toEqual(Array(20).fill(1));
      // Beside the kernels, what looks for values that are not finite, and what tells of them.
      expect(device.compilations - before).toBeLessThanOrEqual(plan.kernels.length + 2);
      expect(new Set(counts.map(([, count]) => count)).size).toBe(1);
      const compiled = device.compilations;
      await run(true);
      expect(device.compilations).toBe(compiled);
      // With checks, one more: it tells of the state. Results of the network were looked at when they came.
      expect(counts.at(-1)![0]! - counts.at(-2)![0]!).toBe(2);
    });

    test.each(["dpmpp_2m", "heun", "euler_ancestral", "dpmpp_sde"])(
      "%s compiles all pipelines before the run starts",
      async (solver) => {
        const own = (await openBackend("webgpu")) as WebGpuBackend;
        const plan = planOf(solver);
        const run = new Run(plan, { backend: own, shape: [4, 8, 8], count: 2 });
        const before = own.device.compilations;
        expect(before).toBeGreaterThan(1);
        for (let event = await run.next(); event.kind !== "done";)
          event = await run.next(event.kind === "call" ? await network.evaluate(event.call) : undefined);
        expect(own.device.compilations).toBe(before);
        run.dispose();
        own.dispose();
      },
    );

    test("a solver of one kernel compiles nothing after its first step", async () => {
      const { device } = backend;
      const after: number[] = [];
      await sample(planOf("ddim"), {
        ...{ models: network, backend, shape: [3, 8, 8] },
        onStep: () => void after.push(device.compilations),
      });
      expect(after.slice(1)).toEqual(after.slice(1).fill(after[1]!));
    });

    test("a model of the user's own tfjs computes on the tensors of the run", async () => {
      const before = tf.memory().numTensors;
      const uploads = backend.meter.uploads;
      const halving = functionModel((_, __, { state }) => {
        const shared = backend.tf.unwrap(state.tensor) as tf.Tensor;
        return { raw: backend.tf.adopt(tf.mul(shared, 0.5)) };
      });
      const plan = eulerPlan([4, 3, 2, 1, 0], 0.3);
      for (const shape of [[2], [4, 32, 32]]) {
        const options = { backend, shape, count: 2, seed: 1 };
        const shared = await sample(plan, { ...options, models: halving });
        const copied = await sample(plan, {
          ...options,
          models: functionModel((x) => x.map((value) => value / 2)),
        });
        expect(shared.results).toEqual(copied.results);
      }
      expect(backend.meter.uploads - uploads).toBe(2 * 4);
      expect([backend.liveTensors(), tf.memory().numTensors]).toEqual([0, before]);
    });

    const cases = fileURLToPath(new URL("../../conformance/cases/", import.meta.url));
    const files = readdirSync(cases).filter(
      (name) => name.endsWith(".json") && /"cases"\s*:/.test(readFileSync(cases + name, "utf8")),
    );
    test.each(files)("recorded runs conform where they do on wasm: %s", async (name) => {
      const text = readFileSync(cases + name, "utf8");
      const reports = await runFile(name, text, backend);
      const failed = reports.flatMap(({ status }, i) => (status === "fail" ? [i] : []));
      const there = await runFile(name, text, await openBackend("wasm"), undefined, (i) =>
        failed.includes(i),
      );
      const wrong = there.filter(({ status }) => status !== "fail").map(({ id }) => id);
      expect(wrong.map((id) => reports.find((report) => report.id === id))).toEqual([]);
    });
  });

  describe("faults", () => {
    const good = (x: HostArray): HostArray => x.map((value) => value / 10);

    test("a device that is lost in the middle of a run", async () => {
      const own = (await openBackend("webgpu")) as WebGpuBackend;
      const before = tf.memory().numTensors;
      const lost = tf.findBackend("webgpu") as unknown as { numDataIds(): number };
      const run = (on: WebGpuBackend, destroys: boolean): ReturnType<typeof sample> =>
        sample(eulerPlan([4, 3, 2, 1, 0], 0.3), {
          models: functionModel((x, _, { call }) => {
            if (destroys && call === 2) gpuOf(on).destroy();
            return good(x);
          }),
          ...{ backend: on, shape: [3, 5], count: 2 },
        });
      const whole = await run(own, false);
      const error = await run(own, true).then(
        () => undefined,
        (caught: unknown) => caught,
      );
      expect(error).toBeInstanceOf(RunFailure);
      expect((error as RunFailure).message).toMatch(
        /^D0709: step 2 of 4 \(euler\), after call 2: the WebGPU device was lost$/,
      );
      expect((error as RunFailure).diagnostic.why).toContain("destroyed");
      expect([own.liveTensors(), own.meter.liveBytes]).toEqual([0, 0]);
      expect(() => own.upload(new Float32Array(2), [2])).toThrow("D0709");
      own.dispose();
      backend.dispose();
      expect(tf.memory().numTensors).toBe(before);
      expect(lost.numDataIds()).toBe(0);
      backend = (await openBackend("webgpu")) as WebGpuBackend;
      expect((await run(backend, false)).results).toEqual(whole.results);
    });

    test("a tensor that no device can have", async () => {
      const { maxBufferSize, maxStorageBufferBindingSize } = gpuOf(backend).limits;
      const size = Math.floor(Math.min(maxBufferSize, maxStorageBufferBindingSize) / 4) + 1;
      const noise = backend.draw(request({ shape: [1, size] }));
      await expect(backend.download(noise)).rejects.toThrow(
        `D0707: there is no memory for a tensor of ${size}`,
      );
      const x = backend.upload(new Float32Array(1), [1, 1]);
      expect(() => backend.dispatch(backend.prepare(combined), [x, noise], [1, 1], [true, true])).toThrow(
        "D0707",
      );
      backend.free(x);
      backend.free(noise);
      expect([backend.liveTensors(), backend.meter.liveBytes]).toEqual([0, 0]);
    });

    test("a model that disposes the state", async () => {
      const disposing = functionModel((x, _, { state }) => {
        (backend.tf.unwrap(state.tensor) as tf.Tensor).dispose();
        return good(x);
      });
      const run = sample(eulerPlan([2, 1, 0]), { models: disposing, backend, shape: [2] });
      await expect(run).rejects.toThrow(/D0705: .*disposed a tensor of the run/);
      expect([backend.liveTensors(), backend.meter.liveBytes]).toEqual([0, 0]);
    });

    test("a model that gives back the state, as the identity does, is no fault", async () => {
      const plan = planOf("heun", 4);
      const options = { backend, shape: [3, 5], count: 2 };
      const expected = await sample(plan, { ...options, models: functionModel((x) => x) });
      const before = tf.memory().numTensors;
      const identity = functionModel((_, __, { state }) => ({
        raw: backend.tf.adopt(backend.tf.unwrap(state.tensor)),
      }));
      expect((await sample(plan, { ...options, models: identity })).results).toEqual(expected.results);
      expect([backend.liveTensors(), tf.memory().numTensors]).toEqual([0, before]);
    });

    test("a network's NaN is found on the device", async () => {
      const models = functionModel(() => ({ raw: backend.tf.adopt(tf.fill([1, 2000], NaN)) }));
      const run = sample(eulerPlan([2, 1, 0]), { models, backend, shape: [2000] });
      await expect(run).rejects.toThrow(/D0701: step 0.*2000 of 2000/);
      expect(backend.liveTensors()).toBe(0);
    });

    test("an answer that later dispatches have overwritten is asked for again", async () => {
      const root = backend.prepare(kernel(["x0", ["sqrt", 0]]));
      const take = (value: number) =>
        backend.dispatch(root, [backend.upload(Float32Array.of(value, 1), [2])], [], [true])[0]!;
      const tensors = Array.from({ length: 200 }, (_, i) => take(i % 2 === 0 ? 4 : -4));
      const answers = await Promise.all(tensors.map((tensor) => backend.finite(tensor)));
      expect(answers).toEqual(tensors.map((_, i) => i % 2 === 0));
      for (const tensor of tensors) backend.free(tensor);
    });
  });

  test("the command runs on it and ends", () => {
    const root = fileURLToPath(new URL("../../../", import.meta.url));
    const args = [
      "cli/main.ts",
      "run",
      "examples/toy.dsamp",
      "--backend",
      "webgpu",
      "--count",
      "3",
      "--json",
    ];
    const out = execFileSync(`${root}node_modules/.bin/tsx`, args, {
      cwd: root,
      encoding: "utf8",
      timeout: 60_000,
    });
    expect(JSON.parse(out)).toMatchObject({ backend: "webgpu" });
  });
});
