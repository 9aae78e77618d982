// The backends on TensorFlow's C library: what is said where they cannot start, and, where the package is there
// (scripts/tfjsNode.sh), that they run. The operations themselves are in table.test.ts.

import { describe, expect, test } from "vitest";
import { openNode, type NodeHost } from "../../../runtime/backends/node.js";
import { functionModel, openBackend, sample } from "../../../runtime/index.js";
import { combined, eulerPlan } from "../../support/plans.js";
import { nodeBackend, skipped } from "./tensorflow.js";

const rejects =
  (error: unknown): NodeHost["load"] =>
  () =>
    Promise.reject(error as Error);
const absent = Object.assign(new Error("Cannot find package"), { code: "ERR_MODULE_NOT_FOUND" });

describe("where it cannot start", () => {
  test.each([
    ["23.1.0", "D0702: the backend 'node' does not start on Node 23.1.0"],
    ["24.0.0", "D0702: the backend 'node' does not start on Node 24.0.0"],
    [undefined, "D0702: the backend 'node' needs Node"],
  ])("on Node %s", async (version, message) => {
    await expect(openNode("node", { load: rejects(absent), version })).rejects.toThrow(message);
  });

  test("without the package the help installs it", async () => {
    await expect(openNode("node-gpu", { load: rejects(absent), version: "22.1.0" })).rejects.toMatchObject({
      diagnostic: {
        code: "D0702",
        message: "the backend 'node-gpu' needs the package @tensorflow/tfjs-node-gpu, which is not installed",
        help: "npm install @tensorflow/tfjs-node-gpu@4.22.0, or use the backend 'wasm', which needs nothing",
      },
    });
  });

  test("with a package whose native part is missing, its reason is given", async () => {
    const broken = new Error("The Node.js native addon module can not be found at path: x. \nPlease run");
    await expect(openNode("node", { load: rejects(broken), version: "20.0.0" })).rejects.toMatchObject({
      diagnostic: { code: "D0702", why: "The Node.js native addon module can not be found at path: x. " },
    });
  });

  test("node-gpu without a GPU", async () => {
    const tf = { setBackend: () => Promise.resolve(true), backend: () => ({ isUsingGpuDevice: false }) };
    const host = { load: () => Promise.resolve({ default: tf }), version: "20.0.0" };
    await expect(openNode("node-gpu", host)).rejects.toThrow("D0702: the backend 'node-gpu' finds no GPU");
  });
});

describe.skipIf(!nodeBackend)(`node${skipped}`, () => {
  test("a linear combination takes k + 1 operations", async () => {
    const backend = await openBackend("node");
    const [x, y] = [1, 2].map((value) => backend.upload(new Float32Array(6).fill(value), [2, 3]));
    const before = backend.meter.dispatches;
    const [sum] = backend.dispatch(backend.prepare(combined), [x!, y!], [0.5, 2], [true, true]);
    expect(backend.meter.dispatches - before).toBe(3);
    backend.free(sum!);
    expect(backend.liveTensors()).toBe(0);
  });

  test("a run gives what cpu gives, and leaves nothing in TensorFlow", async () => {
    const plan = eulerPlan([4, 3, 2, 1, 0], 0.3);
    const models = functionModel((x) => x.map((value) => Math.tanh(value)));
    const backend = await openBackend("node");
    const { engine } = await import("@tensorflow/tfjs-core");
    const before = engine().memory().numTensors;
    const shape = [3, 8, 8];
    const there = await sample(plan, { models, backend, shape, count: 2 });
    const here = await sample(plan, { models, backend: await openBackend("cpu"), shape, count: 2 });
    there.results[0]!.data.forEach((value, i) => expect(value).toBeCloseTo(here.results[0]!.data[i]!, 5));
    expect(backend.liveTensors()).toBe(0);
    expect(engine().memory().numTensors).toBe(before);
  });

  test("a model of the user's own tfjs computes on the tensors of the run", async () => {
    const tf = await import("@tensorflow/tfjs-core");
    const backend = await openBackend("node");
    const halving = functionModel((_, __, { state }) => {
      const shared = backend.tf!.unwrap(state.tensor) as import("@tensorflow/tfjs-core").Tensor;
      return { raw: backend.tf!.adopt(tf.mul(shared, 0.5)) };
    });
    const options = { backend, shape: [2], seed: 1 };
    const shared = await sample(eulerPlan([2, 1, 0]), { ...options, models: halving });
    const copied = await sample(eulerPlan([2, 1, 0]), {
      ...options,
      models: functionModel((x) => x.map((value) => value / 2)),
    });
    expect(shared.results).toEqual(copied.results);
    expect(backend.liveTensors()).toBe(0);
  });
});
