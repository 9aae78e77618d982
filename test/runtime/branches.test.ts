// Guided predictions in one call: what the model is given, that results are those of single calls to the last bit, and
// how many calls there are.

import * as tf from "@tensorflow/tfjs-core";
import { afterEach, describe, expect, test } from "vitest";
import { callsTogether } from "../../compiler/plan/branches.js";
import { peakTensors } from "../../compiler/plan/lifetimes.js";
import type { Plan } from "../../compiler/plan/schema.js";
import type { WebGpuBackend } from "../../runtime/backends/webgpu/backend.js";
import {
  functionModel,
  openBackend as openOne,
  sample,
  type Backend,
  type Capabilities,
  type Model,
  type ModelCall,
  type SampleOptions,
} from "../../runtime/index.js";
import { sizeOf } from "../../runtime/shapes.js";
import { cosinePlan } from "../stdlib/harness.js";
import { kernel } from "../support/plans.js";
import { webgpuBackend } from "./backends/webgpuDevice.js";

/** Where there is an adapter (scripts/swiftshader.sh). */
const webgpu = webgpuBackend ? ["webgpu"] : [];

const opened: Backend[] = [];
async function openBackend(name: string): Promise<Backend> {
  const backend = await openOne(name);
  opened.push(backend);
  return backend;
}
afterEach(() => {
  for (const backend of opened.splice(0)) backend.dispose();
});

const planOf = (solver: string, more = ""): Plan =>
  cosinePlan(solver, { more: `guidance cfg(scale: 3)\n  ${more}` });

/** Row-wise: each sample by itself, with its label; no label counts as 7. */
function rowWise(options: Partial<Capabilities>, seen: ModelCall[] = []): SampleOptions["models"] {
  return functionModel((x, _, call) => {
    seen.push(call);
    const branches = call.branches ?? [call.conditions];
    const each = call.shape[0]! / branches.length;
    const labels = branches.flatMap(([condition]) =>
      condition?.kind === "labels" ? condition.values.map(Number) : Array<number>(each).fill(7),
    );
    const size = x.length / labels.length;
    return x.map((value, i) => Math.tanh(value * (1 + labels[Math.floor(i / size)]! / 8)));
  }, options);
}

const inputs = { prompt: [1, 2, 3] };

describe.each(["reference", "cpu", "wasm", ...webgpu])("%s", (name) => {
  test.each(["dpmpp_2m", "heun", "euler_ancestral"])(
    "%s: the same bits in half the calls",
    async (solver) => {
      const plan = planOf(solver);
      const backend = await openBackend(name);
      const run = (batched: boolean) =>
        sample(plan, { models: rowWise({ batched }), backend, shape: [2, 5], count: 3, inputs, seed: 4 });
      const single = await run(false);
      const together = await run(true);
      expect(together.results).toEqual(single.results);
      expect([single.calls, together.calls]).toEqual([plan.report.calls, plan.report.calls / 2]);
      expect(backend.liveTensors()).toBe(0);
    },
  );

  test("a model that computes on the tensors gets them repeated, and gives one back", async () => {
    const plan = planOf("ddim");
    const backend = await openBackend(name);
    const run = (batched: boolean) =>
      sample(plan, {
        models: functionModel(
          async (_, __, call) => {
            const data = await backend.download(call.state.tensor);
            expect(call.state.tensor.shape).toEqual(call.shape);
            return { raw: backend.upload(data.map(Math.sin), call.shape) };
          },
          { batched },
        ),
        backend,
        shape: [2, 5],
        count: 3,
        inputs,
      });
    expect((await run(true)).results).toEqual((await run(false)).results);
    expect(backend.liveTensors()).toBe(0);
    expect(backend.meter.liveBytes).toBe(0);
  });

  test.each([
    [
      "a result of one branch",
      (size: number) => new Float32Array(size / 2),
      /D0603.*step 0.*call 0.*15 numbers|D0603.*call 0.*numbers/,
    ],
    [
      "NaN in the second",
      (size: number) => new Float32Array(size).fill(NaN, size - 1),
      /D0701.*branch 1 of the result of call 0/,
    ],
  ])("%s: nothing is left", async (_, answer, message) => {
    const backend = await openBackend(name);
    const models = functionModel((x) => answer(x.length), { batched: true });
    await expect(sample(planOf("ddim"), { models, backend, shape: [5], count: 3, inputs })).rejects.toThrow(
      message,
    );
    expect(backend.liveTensors()).toBe(0);
  });
});

const FULL = 4 * 8 * 8 * 2;

describe.each(["null", "cpu", "wasm", ...webgpu])("memory on %s", (name) => {
  // The state, the history, both branches: the result of the call is cut up where it lies.
  test.each([
    ["dpmpp_2m", 4],
    ["ddim", 3],
    ["heun", 6],
    // History that is read late is not written over branches.
    ["exp_adams", 7],
  ])("%s holds %d tensors when both branches come in one call", async (solver, peak) => {
    const plan = planOf(solver);
    const backend = await openBackend(name);
    const models: Model = {
      capabilities: { ...functionModel((x) => x, { batched: true }).capabilities },
      evaluate: ({ shape }) =>
        Promise.resolve({ raw: backend.upload(new Float32Array(sizeOf(shape)), shape) }),
    };
    await sample(plan, { models, backend, shape: [4, 8, 8], count: 2, inputs: { prompt: [1, 2] } });
    expect(Math.floor(backend.meter.peakBytes / (4 * FULL))).toBe(peak);
    expect(peakTensors(plan, { batched: true })).toBe(peak);
    expect([backend.liveTensors(), backend.meter.live, backend.meter.liveBytes]).toEqual([0, 0, 0]);
  });
});

describe.each(["reference", "cpu", "wasm", ...webgpu])("parts on %s", (name) => {
  const numbers = (from: number, count: number) => Float32Array.from({ length: count }, (_, i) => from + i);
  const split = async () => {
    const backend = await openBackend(name);
    // 256 bytes a row: webgpu binds parts from such a place on.
    const [first, second] = backend.rows!.split(backend.upload(numbers(0, 384), [6, 64]), 2);
    return { backend, first: first!, second: second! };
  };

  test.each([0, 1])("memory goes with the last one, whichever it is: %d first", async (k) => {
    const { backend, first, second } = await split();
    const before = backend.meter.liveBytes;
    const [gone, left] = k === 0 ? [first, second] : [second, first];
    backend.free(gone);
    expect(backend.meter.liveBytes).toBe(before);
    // What is made next is not made in the memory of the part that lives.
    const others = [0, 1, 2].map(() => backend.upload(numbers(100, 384), [6, 64]));
    expect([...(await backend.download(left))]).toEqual([...numbers(k === 0 ? 192 : 0, 192)]);
    expect(() => backend.free(gone)).toThrow("was freed");
    for (const tensor of [left, ...others]) backend.free(tensor);
    expect([backend.liveTensors(), backend.meter.live, backend.meter.liveBytes]).toEqual([0, 0, 0]);
  });

  test("a part that dies in a kernel is not written over", async () => {
    const { backend, first, second } = await split();
    const ready = backend.prepare(kernel(["x0", "s0", ["mul", 0, 1]]));
    const [doubled] = backend.dispatch(ready, [first], [2], [true]);
    const [halved] = backend.dispatch(ready, [second], [0.5], [true]);
    expect([...(await backend.download(doubled!))]).toEqual([...numbers(0, 192).map((x) => 2 * x)]);
    expect([...(await backend.download(halved!))]).toEqual([...numbers(192, 192).map((x) => x / 2)]);
    // Results have memory of their own size.
    expect(backend.meter.liveBytes).toBe((384 * backend.floatBits) / 8);
    backend.dispose();
  });

  test("a part can be cut up again, and keeps what is known of its values", async () => {
    const { backend, first, second } = await split();
    backend.free(second);
    const parts = backend.rows!.split(first, 3);
    const read = await Promise.all(parts.map((part) => backend.download(part)));
    expect(read.map(([value]) => value)).toEqual([0, 64, 128]);
    expect(await Promise.all(parts.map((part) => backend.finite(part)))).toEqual([true, true, true]);
    for (const part of parts) backend.free(part);
    expect([backend.liveTensors(), backend.meter.live, backend.meter.liveBytes]).toEqual([0, 0, 0]);
  });
});

describe.each(["cpu", "wasm", ...webgpu])("tfjs and parts on %s", (name) => {
  test("a model gets a tensor with the values of the part alone", async () => {
    const backend = await openBackend(name);
    const before = tf.memory().numTensors;
    const whole = backend.tf!.adopt(
      tf.tensor(
        Float32Array.from({ length: 256 }, (_, i) => i),
        [4, 64],
      ),
    );
    const [first, second] = backend.rows!.split(whole, 2);
    const shared = backend.tf!.unwrap(second!) as tf.Tensor;
    const values = Array.from({ length: 128 }, (_, i) => 128 + i);
    expect([shared.shape, [...(await shared.data())]]).toEqual([[2, 64], values]);
    backend.free(first!);
    expect([...(await shared.data())]).toEqual(values);
    backend.free(second!);
    expect(tf.memory().numTensors).toBe(before);
    expect(backend.meter.liveBytes).toBe(0);
  });

  test("a model that disposes its result breaks both parts, and the run says so", async () => {
    const backend = await openBackend(name);
    const value = tf.tensor(new Float32Array(256), [4, 64]);
    const parts = backend.rows!.split(backend.tf!.adopt(value), 2);
    value.dispose();
    for (const part of parts) {
      expect(backend.tf!.intact(part)).toBe(false);
      await expect(async () => backend.download(part)).rejects.toThrow("D0705");
      backend.free(part);
    }
    expect(backend.meter.liveBytes).toBe(0);
  });
});

describe.skipIf(!webgpuBackend)("parts on webgpu", () => {
  test("where they cannot be bound from where they begin they are copies", async () => {
    const backend = await openBackend("webgpu");
    const values = Float32Array.from({ length: 24 }, (_, i) => i);
    const parts = backend.rows!.split(backend.upload(values, [4, 6]), 2);
    backend.free(parts[0]!);
    expect(backend.meter.liveBytes).toBe(48);
    expect([...(await backend.download(parts[1]!))]).toEqual([...values.subarray(12)]);
    backend.free(parts[1]!);
    expect([backend.liveTensors(), backend.meter.live, backend.meter.liveBytes]).toEqual([0, 0, 0]);
  });

  test.each([
    ["sum", 6 * 128 + (127 * 128) / 2],
    ["max", 133],
    ["quantile", 69.5],
  ] as const)("one is reduced for itself: %s", async (fn, expected) => {
    const backend = await openBackend("webgpu");
    const values = Float32Array.from({ length: 256 }, (_, i) => (i < 128 ? 1e6 : i - 122));
    const [first, second] = backend.rows!.split(backend.upload(values, [2, 128]), 2);
    const reduced = backend.reduce(fn, "sample", [second!], 0.5);
    expect([...(await backend.download(reduced))]).toEqual([expected]);
    for (const tensor of [first!, second!, reduced]) backend.free(tensor);
  });

  // 256 and 60 bytes a sample: parts where they lie, and copies.
  test.each([
    [64, true],
    [15, true],
    [64, false],
  ])(
    "all is compiled before the first step: %d numbers a sample, answered on the device: %s",
    async (n, there) => {
      const backend = (await openBackend("webgpu")) as WebGpuBackend;
      const compilations: number[] = [];
      const models = functionModel(
        (x, _, { shape }) => (there ? { raw: backend.upload(x.map(Math.tanh), shape) } : x.map(Math.tanh)),
        { batched: true },
      );
      await sample(planOf("dpmpp_2m"), {
        ...{ models, backend, shape: [n], count: 3, inputs },
        onStep: () => void compilations.push(backend.device.compilations),
      });
      expect(new Set(compilations).size).toBe(1);
    },
  );
});

test("the null backend counts one call a guided prediction", async () => {
  const plan = planOf("dpmpp_2m");
  const count = async (batched: boolean): Promise<number> => {
    const backend = await openBackend("null");
    const models = functionModel((x) => new Float32Array(x.length), { batched });
    await sample(plan, { models, backend, shape: [4], count: 2, inputs: { prompt: [0, 1] } });
    return backend.meter.calls;
  };
  expect([await count(false), await count(true)]).toEqual([10, 5]);
});

test("the model is told the branches, in the order of the plan", async () => {
  const seen: ModelCall[] = [];
  const backend = await openBackend("reference");
  await sample(planOf("ddim"), {
    models: rowWise({ batched: true }, seen),
    backend,
    shape: [2],
    count: 3,
    inputs,
  });
  const [first] = seen;
  expect(first!.shape).toEqual([6, 2]);
  expect(first!.conditions).toEqual([]);
  expect(first!.branches!.map((conditions) => conditions.map(({ name }) => name))).toEqual(
    expect.arrayContaining([[], ["prompt"]]),
  );
  const data = await first!.state.read();
  expect(data.slice(0, 6)).toEqual(data.slice(6));
});

test("calls of other states or other numbers are not put together", () => {
  const plan = planOf("heun");
  for (const step of plan.steps) {
    const { ops } = plan.programs[step.program]!;
    const groups = ops.flatMap((op, i) =>
      op.op === "call" && ops[i - 1]?.op !== "call" ? [callsTogether(ops, i, step).length] : [],
    );
    expect(groups).toEqual(groups.map(() => 2));
    const index = ops.findIndex(({ op }) => op === "call");
    const [one, other] = ops.slice(index) as [never, never];
    const later = { ...step, scalars: [...step.scalars, 0.123] };
    const moved = { ...(other as object), alpha: step.scalars.length } as never;
    expect(callsTogether([one, moved], 0, later)).toHaveLength(1);
    expect(
      callsTogether([one, { ...(other as object), state: 999, inputs: [999] } as never], 0, step),
    ).toHaveLength(1);
  }
});
