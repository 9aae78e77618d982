// What a run on WebGPU waits for, compiles and holds, where there is an adapter (scripts/swiftshader.sh): values that are not
// finite are asked about once a step and reported as on other backends; all is compiled before the first step; results are
// written over inputs that die.

import * as tf from "@tensorflow/tfjs-core";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { peakTensors } from "../../../compiler/plan/lifetimes.js";
import type { Plan } from "../../../compiler/plan/schema.js";
import type { WebGpuBackend } from "../../../runtime/backends/webgpu/backend.js";
import {
  functionModel,
  openBackend,
  sample,
  type Backend,
  type HostArray,
  type Model,
  type ModelCall,
  type NoiseSource,
  type RunFailure,
  type SampleOptions,
  type Shape,
} from "../../../runtime/index.js";
import { compiled, cosinePlan } from "../../stdlib/harness.js";
import { call, combined, draw, kernel, model, plan as handmade } from "../../support/plans.js";
import { caseOf, runCase } from "../kernels/support.js";
import { skipped, webgpuBackend } from "./webgpuDevice.js";

const planOf = (solver: string, more = "guidance cfg(scale: 3)", steps = 5): Plan =>
  cosinePlan(solver, { more, steps });

const tfOf = (backend: Backend, { state }: ModelCall): tf.Tensor =>
  backend.tf!.unwrap(state.tensor) as tf.Tensor;

/** A network that computes on the tensors of the run, where they lie. */
const onDevice = (backend: Backend): Model => ({
  ...functionModel((x) => x),
  evaluate: (call) =>
    Promise.resolve({ raw: backend.tf!.adopt(tf.tidy(() => tf.mul(tfOf(backend, call), 0.5))) }),
});

describe.skipIf(!webgpuBackend)(`runs on webgpu${skipped}`, () => {
  let backend: WebGpuBackend;
  let before: number;
  beforeEach(async () => {
    backend = (await openBackend("webgpu")) as WebGpuBackend;
    before = tf.memory().numTensors;
  });
  afterEach(() => {
    expect([backend.liveTensors(), backend.meter.liveBytes, tf.memory().numTensors]).toEqual([0, 0, before]);
    backend.dispose();
  });

  describe("waits", () => {
    test.each(["ddim", "heun", "dpmpp_2m"])("one a step with checks, none without: %s", async (solver) => {
      const waits = async (check: boolean): Promise<number[]> => {
        const counts: number[] = [];
        await sample(planOf(solver), {
          ...{ models: onDevice(backend), backend, shape: [4, 8, 8], count: 2, check },
          onStep: () => void counts.push(backend.device.waits),
        });
        return counts.slice(1).map((count, i) => count - counts[i]!);
      };
      expect(await waits(true)).toEqual([1, 1, 1, 1, 1]);
      expect(await waits(false)).toEqual([0, 0, 0, 0, 0]);
    });
  });

  describe("everything is compiled before the first step", () => {
    const compiles = async (plan: Plan, rest: Partial<SampleOptions> = {}): Promise<void> => {
      const counts: number[] = [];
      await sample(plan, {
        ...{ models: network, backend, shape: [4, 8, 8], count: 2, ...rest },
        onStep: () => void counts.push(backend.device.compilations),
      });
      expect(counts.length).toBeGreaterThan(2);
      expect([...new Set([...counts, backend.device.compilations])]).toHaveLength(1);
    };
    const network = functionModel((x) => x.map((value) => Math.tanh(value)));
    const recorded: NoiseSource = (_, step, __, { shape: [count = 1, ...rest] }) =>
      Float32Array.from({ length: count * rest.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i + step));

    test.each([
      ["a norm and a dot product", "dpmpp_2m", "guidance apg(scale: 3)", [4, 8, 8]],
      ["folds of several parts", "dpmpp_2m", "guidance apg(scale: 3)", [1, 200, 200]],
      ["standard deviations", "ddim", "guidance cfg_rescale(scale: 3)", [3, 5, 7]],
      ["a quantile", "ddim", "guidance dynamic_threshold", [4, 8, 8]],
      ["noise that is kept", "dpmpp_sde", "", [3, 5, 7]],
    ])("%s", async (_, solver, guidance, shape) => {
      await compiles(planOf(solver, guidance), { shape });
    });

    test.each(["dpmpp_sde", "euler_ancestral", "seeds_3"])("recorded noise: %s", async (solver) => {
      await compiles(planOf(solver), { noise: recorded });
      await compiles(planOf(solver), {
        noise: (path, ...rest) => (rest[0] < 0 ? undefined : recorded(path, ...rest)),
      });
    });

    test("steps that are chosen on the way, and refused", async () => {
      const { plan } = compiled(`sampler s {
  schedule cosine
  model    predicts eps
  solver   dpm_adaptive
}
schedule cosine {
  time t from 0.99 to 0.01
  alpha = cos(pi/2*t)
  sigma = sin(pi/2*t)
}`);
      await compiles(plan!);
    });

    test.each<[string, Shape]>([
      ["full", [2, 4, 8, 8]],
      ["one number a sample", [2, 1, 1, 1]],
      ["one a channel", [2, 4, 1, 1]],
    ])("a further result of a network: %s", async (_, shape) => {
      const plan = handmade({
        models: [model("model", ["scale"])],
        kernels: [kernel(["x0", "x1", "x2", ["mul", 1, 2], ["add", 0, 3]])],
        draws: [draw("initial")],
        programs: [
          [{ op: "draw", draw: 0, pass: 0, out: 0 }],
          [
            call(0, 1, { outputs: [{ name: "scale", out: 2 }] }),
            { op: "kernel", kernel: 0, inputs: [0, 1, 2], scalars: [], outputs: [0] },
            { op: "free", registers: [1, 2] },
          ],
          [],
        ],
        init: { program: 0, scalars: [], step: 0, state: 0 },
        steps: [0, 1, 2].map((step) => ({ program: 1, scalars: [0, 1, 1, 0, 0], step, state: 0 })),
        output: { program: 2, scalars: [], step: 3, state: null },
      });
      const models = functionModel((x) => ({
        raw: x.map(Math.tanh),
        outputs: { scale: { data: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(0.5), shape } },
      }));
      await compiles(plan, { models });
    });

    test("a state that is the same for all samples is spread for the network", async () => {
      const plan = handmade({
        inputs: [{ name: "y", kind: "tensor" }],
        models: [model()],
        kernels: [kernel(["x0", "x1", ["add", 0, 1]])],
        programs: [
          [{ op: "input", input: 0, point: null, out: 0 }],
          [
            call(0, 1),
            { op: "kernel", kernel: 0, inputs: [0, 1], scalars: [], outputs: [2] },
            { op: "free", registers: [1, 2] },
          ],
          [],
        ],
        init: { program: 0, scalars: [], step: 0, state: 0 },
        steps: [0, 1].map((step) => ({ program: 1, scalars: [0, 1, 1, 0, 0], step, state: 0 })),
        output: { program: 2, scalars: [], step: 2, state: null },
      });
      await compiles(plan, { inputs: { y: { data: new Float32Array(4).fill(1), shape: [4, 1, 1] } } });
    });
  });

  describe("results over inputs that die", () => {
    const memory = (): number => (tf.findBackend("webgpu") as { numDataIds(): number }).numDataIds();

    test.each([
      ["ddim", 3],
      ["heun", 6],
      ["dpmpp_2m", 4],
      ["euler_ancestral", 3],
      ["dpmpp_sde", 7],
      // Nine tensors are read for three: more buffers than the device has, if results had their own.
      ["dpmpp_2m", 7, "guidance apg"],
    ])("%s with guidance holds as many tensors as predicted: %d", async (solver, peak, guidance?: string) => {
      const plan = planOf(solver, guidance);
      const compilations: number[] = [];
      await sample(plan, {
        ...{ models: onDevice(backend), backend, shape: [4, 8, 8], count: 2 },
        onStep: () => void compilations.push(backend.device.compilations),
      });
      expect(peakTensors(plan)).toBe(peak);
      expect(backend.meter.peakOfSize(512)).toBe(peak);
      // What is written over what was known before the run.
      expect(new Set(compilations).size).toBe(1);
    });

    test("random kernels give the same bits, whatever is donated and however many buffers there are", async () => {
      await fc.assert(
        fc.asyncProperty(caseOf(false), fc.constantFrom(4, 9), async (given, bindings) => {
          const device = Object.defineProperty(backend.device, "bindings", {
            value: bindings,
            configurable: true,
          });
          const own = { ...given, kernel: { ...given.kernel, key: `${bindings}` } };
          const run = async (donates: boolean): Promise<Uint32Array[]> =>
            (await runCase(backend, { ...own, donated: own.donated.map(() => donates) })).map(
              ({ data }) => new Uint32Array((data as Float32Array).buffer),
            );
          const [beside, over] = [await run(false), await run(true)];
          Reflect.deleteProperty(device, "bindings");
          backend.dispose();
          backend = (await openBackend("webgpu")) as WebGpuBackend;
          expect(over).toEqual(beside);
        }),
        { numRuns: 60 },
      );
    });

    test("a kernel takes the memory of a donated input and no other", () => {
      const x = backend.upload(new Float32Array(64).fill(1), [2, 32]);
      const y = backend.upload(new Float32Array(64).fill(2), [2, 32]);
      const held = memory();
      const ready = backend.prepare(combined);
      const [one] = backend.dispatch(ready, [x, y], [1, 1], [true, false]);
      expect([memory() - held, backend.meter.peakOfSize(64)]).toEqual([0, 2]);
      const [other] = backend.dispatch(ready, [one!, y], [1, 1], [false, false]);
      expect([memory() - held, backend.meter.peakOfSize(64)]).toEqual([1, 3]);
      for (const tensor of [one!, other!, y]) backend.free(tensor);
    });

    test.each<[string, (value: tf.Tensor) => tf.Tensor]>([
      ["has a clone of", (value) => tf.clone(value)],
      ["has reshaped", (value) => tf.reshape(value, [64])],
    ])("what somebody %s is not written over", async (_, share) => {
      const value = tf.fill([2, 32], 3);
      const kept = share(value);
      const x = backend.tf.adopt(value);
      const y = backend.upload(new Float32Array(64).fill(2), [2, 32]);
      const [made] = backend.dispatch(backend.prepare(combined), [x, y], [1, 10], [true, false]);
      expect([...(await backend.download(made!))]).toEqual(Array(64).fill(23));
      expect([...(await kept.data())]).toEqual(Array(64).fill(3));
      kept.dispose();
      for (const tensor of [made!, y]) backend.free(tensor);
    });

    test("a buffer of the application is not written over", async () => {
      const { device } = backend.device.tfjs;
      const buffer = device.createBuffer({ size: 64 * 4, usage: 4 | 8 | 128 });
      device.queue.writeBuffer(buffer, 0, new Float32Array(64).fill(3).buffer);
      const own = tf.tensor({ buffer, zeroCopy: true } as never, [2, 32], "float32");
      const again = tf.tensor({ buffer, zeroCopy: true } as never, [2, 32], "float32");
      const x = backend.tf.adopt(own);
      const [made] = backend.dispatch(backend.prepare(kernel(["x0", ["neg", 0]])), [x], [], [true]);
      expect([...(await backend.download(made!))]).toEqual(Array(64).fill(-3));
      expect([...(await again.data())]).toEqual(Array(64).fill(3));
      again.dispose();
      backend.free(made!);
      buffer.destroy();
    });

    test("a result in the memory of a network's tensor is that tensor, of its own shape", async () => {
      const value = tf.fill([1, 2, 32], 3);
      const shape = [2, 32];
      const x = backend.tf.adopt(tf.reshape(value, shape));
      value.dispose();
      const y = backend.upload(new Float32Array(64).fill(2), shape);
      const [made] = backend.dispatch(backend.prepare(combined), [x, y], [1, 10], [true, true]);
      const shared = backend.tf.unwrap(made!) as tf.Tensor;
      expect([shared.shape, ...(await shared.data())]).toEqual([shape, ...Array<number>(64).fill(23)]);
      expect(backend.tf.intact(made!)).toBe(true);
      backend.free(made!);
      expect(shared.isDisposed).toBe(true);
    });

    test("when there is no room nothing is given up, nor written over", async () => {
      const [x, y] = [1, 2].map((v) => backend.upload(new Float32Array(8).fill(v), [8]));
      const executable = backend.prepare(kernel(["x0", "x1", ["add", 0, 1], ["mul", 0, 1]], [2, 3, 2]));
      const { allocate } = backend.device;
      backend.device.allocate = () => {
        throw new Error("no room");
      };
      expect(() => backend.dispatch(executable, [x!, y!], [], [true, true])).toThrow("no room");
      backend.device.allocate = allocate;
      expect([backend.liveTensors(), ...(await backend.download(x!))]).toEqual([
        2,
        ...Array<number>(8).fill(1),
      ]);
      for (const tensor of backend.dispatch(executable, [x!, y!], [], [true, true])) backend.free(tensor);
    });
  });

  describe("values that are not finite", () => {
    const size = 3 * 5 * 2;
    const bad = [
      ["NaN in the middle", new Float32Array(size).fill(-2.5).fill(NaN, 17, 19)],
      ["infinity first", new Float32Array(size).fill(1e-3).fill(Infinity, 0, 1).fill(NaN, 29)],
      ["less than infinity last", new Float32Array(size).fill(-Infinity, 29)],
      ["nothing else", new Float32Array(size).fill(NaN)],
    ] as const;
    /** How a run ends whose call number `at` answers with `data`; what comes after it is up to `then`. */
    const failing = async (name: string, at: number, data: HostArray, then?: Error): Promise<unknown> => {
      const own = name === "webgpu" ? backend : await openBackend(name);
      const models: Model = {
        ...functionModel((x) => x),
        evaluate: (call) => {
          if (then && call.call > at) return Promise.reject(then);
          const values = call.call === at ? data : new Float32Array(size).fill(0.5);
          return Promise.resolve({ raw: own.tf!.adopt(tf.tensor(values, [2, 3, 5])) });
        },
      };
      const run = sample(planOf("ddim"), { models, backend: own, shape: [3, 5], count: 2, firstSample: 7 });
      return run.then(
        () => undefined,
        (error: unknown) => (error as RunFailure).diagnostic,
      );
    };

    test.each(bad)("%s: the words of other backends, for either call of a step", async (_, data) => {
      for (const at of [0, 1, 4, 5]) {
        const here = await failing("webgpu", at, data);
        expect(here).toMatchObject({
          code: "D0701",
          message: expect.stringContaining(`the result of call ${at} of model`),
        });
        expect(here).toEqual(await failing("wasm", at, data));
        await tf.setBackend("webgpu");
      }
    });

    test("they are why a later call fails, and are what is reported", async () => {
      const [, data] = bad[0];
      const expected = await failing("webgpu", 2, data);
      expect(await failing("webgpu", 2, data, new Error("the input has NaN"))).toEqual(expected);
      expect(await failing("webgpu", 2, new Float32Array(size), new Error("no answer"))).toMatchObject({
        message: expect.stringContaining("call 3: model 'model' failed: no answer"),
      });
    });

    test("a state whose kernel is at fault, and results of it that are larger than a workgroup", async () => {
      const models = functionModel((x, _, { call }) => x.map((v) => (call === 3 ? 3e38 * Math.sign(v) : v)));
      const run = (own: Backend): Promise<unknown> =>
        sample(planOf("dpmpp_2m", "guidance cfg(scale: -20)"), {
          models,
          backend: own,
          shape: [3, 1000],
        }).then(
          () => undefined,
          (error: unknown) => (error as RunFailure).diagnostic,
        );
      const here = await run(backend);
      expect(here).toMatchObject({ code: "D0701", message: expect.stringContaining("the state has") });
      expect(here).toEqual(await run(await openBackend("wasm")));
    });

    test("a tensor can be given up, or written over, once a look has started", async () => {
      const root = backend.prepare(kernel(["x0", ["sqrt", 0]]));
      const looks = backend.looks();
      for (let i = 0; i < 200; i++) {
        const values = new Float32Array(300).fill(4);
        if (i % 3 === 0) values.fill(-4, i);
        const [made] = backend.dispatch(root, [backend.upload(values, [300])], [], [true]);
        looks.start(made!);
        for (const tensor of backend.dispatch(root, [made!], [], [true])) backend.free(tensor);
      }
      const { waits } = backend.device;
      const found = await looks.end();
      expect(backend.device.waits).toBe(waits + 1);
      expect(found).toHaveLength(200);
      found.forEach((odd, i) =>
        i % 3 === 0
          ? expect(odd).toEqual({ count: 300 - i, value: NaN, index: i, largest: i === 0 ? 0 : 2 })
          : expect(odd).toBeNull(),
      );
      looks.start(backend.upload(Float32Array.of(1), [1]));
      looks.drop();
      expect(await looks.end()).toEqual([]);
      backend.dispose();
    });
  });
});
