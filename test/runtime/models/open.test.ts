// Which file becomes which model, and what is said about files that become none. Networks are fed through a stand-in
// for onnxruntime, so that layouts, label types and names are seen exactly.

import { mkdtemp, mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { PlanModel } from "../../../compiler/plan/schema.js";
import { channelsFirst, channelsLast, lastShape } from "../../../runtime/models/layout.js";
import { loadOrt, onnxModel, type Ort, type OrtTensor } from "../../../runtime/models/onnx.js";
import { openBackend, openModel, writeNpy, type ModelCall, type ModelResult } from "../../../runtime/node.js";
import { modelCall } from "../../support/calls.js";
import { model as declare } from "../../support/plans.js";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "dsamp-models-"));
  const put = (name: string, content: string | Uint8Array): Promise<void> =>
    writeFile(join(folder, name), content);
  await put("m.json", '{"kind":"gmm","weights":[1],"means":[[1,2]],"stds":[0]}');
  await put("bad.json", "{");
  await put("other.json", '{"kind":"sgd"}');
  await put("images.npy", writeNpy({ shape: [2, 1, 2], data: Uint8Array.of(0, 255, 255, 0) }));
  await put("images-labels.npy", writeNpy({ shape: [2], data: Uint8Array.of(3, 4) }));
  await put("broken.npy", "hello, this is text");
  await put("f.mjs", "export default (x, time) => x.map((v) => v * time);");
  await put("g.mjs", "export const predict = async (x) => ({ raw: x });");
  await put("none.mjs", "export const a = 1;");
  await put("weights.bin", "x");
  await mkdir(join(folder, "empty"));
  await mkdir(join(folder, "evil"));
  await put(
    "evil/model.json",
    '{"modelTopology":{},"weightsManifest":[{"paths":["../weights.bin"],"weights":[]}]}',
  );
});

async function evaluate(
  opened: Awaited<ReturnType<typeof openModel>>,
  x: readonly number[],
  shape: readonly number[],
  rest: Partial<ModelCall> = {},
): Promise<ModelResult> {
  const backend = await openBackend("reference");
  return opened.evaluate(modelCall(backend, backend.upload(Float64Array.from(x), shape), rest));
}

describe("openModel", () => {
  test("a mixture", async () => {
    const result = await evaluate(await openModel(join(folder, "m.json")), [0, 0], [1, 2]);
    expect(result.raw).toMatchObject({ data: Float64Array.of(1, 2) });
  });

  test("a data set: bytes become -1 .. 1, grey images get a channel, labels stand beside", async () => {
    const model = await openModel(join(folder, "images.npy"));
    expect(model.capabilities).toMatchObject({ sampleShape: [1, 1, 2], conditions: "labels", classes: 2 });
    const result = await evaluate(model, [0, 0], [1, 1, 1, 2], {
      conditions: [{ kind: "labels", name: "y", values: [4] }],
    });
    expect(result.raw).toMatchObject({ data: Float64Array.of(1, -1) });
  });

  test("a module, only where code is allowed", async () => {
    const model = await openModel(join(folder, "f.mjs"), undefined, { code: true });
    expect((await evaluate(model, [1, 2], [1, 2], { time: 3 })).raw).toEqual(Float64Array.of(3, 6));
    const other = await openModel(join(folder, "g.mjs"), undefined, { code: true });
    expect((await evaluate(other, [1, 2], [1, 2])).raw).toEqual(Float64Array.of(1, 2));
    await expect(openModel(join(folder, "f.mjs"))).rejects.toThrow("a sampler may not start programs");
  });

  test.each([
    ["missing.onnx", "D0601"],
    ["bad.json", "D0602"],
    ["other.json", "D0602"],
    ["broken.npy", "D0602"],
    ["weights.bin", "D0602"],
    ["empty", "D0602"],
    ["evil", "D0602"],
  ])("%s: %s", async (name, code) => {
    await expect(openModel(join(folder, name))).rejects.toMatchObject({ diagnostic: { code } });
  });

  test("a module without a model", async () => {
    await expect(openModel(join(folder, "none.mjs"), undefined, { code: true })).rejects.toThrow(
      "exports no model",
    );
  });
});

test("a missing onnxruntime is named with its install line", async () => {
  await expect(loadOrt("onnxruntime-that-does-not-exist")).rejects.toMatchObject({
    diagnostic: { code: "D0604", help: expect.stringContaining("npm install onnxruntime-node") as string },
  });
});

interface Fed {
  readonly type: string;
  readonly data: unknown;
  readonly dims: readonly number[];
}

/** An Ort whose network copies its input "x" to "out" and remembers what it was fed. */
function fakeOrt(fed: Record<string, Fed>, metadata: boolean): Ort {
  class FakeTensor implements OrtTensor {
    constructor(
      readonly type: string,
      readonly data: unknown,
      readonly dims: readonly number[],
    ) {}
  }
  const inputs = [
    { name: "labels", type: "int64", shape: ["N"] },
    { name: "t", type: "float32", shape: ["N"] },
    { name: "x", type: "float32", shape: ["N", 2, 1, 3] },
  ];
  return {
    Tensor: FakeTensor,
    InferenceSession: {
      create: () =>
        Promise.resolve({
          inputNames: inputs.map(({ name }) => name),
          outputNames: ["out", "logvar"],
          ...(metadata ? { inputMetadata: inputs } : {}),
          run: (feeds) => {
            Object.assign(fed, feeds);
            return Promise.resolve({
              out: feeds["x"]!,
              logvar: new FakeTensor("float32", new Float32Array(2), [1, 2]),
            });
          },
        }),
    },
  };
}

describe("feeding a network", () => {
  const x = [1, 2, 3, 4, 5, 6];
  const shape = [1, 2, 1, 3];
  const labels: Partial<ModelCall> = {
    time: 0.5,
    conditions: [{ kind: "labels", name: "y", values: [7] }],
  };
  const declared = (convention: PlanModel["convention"], outputs: readonly string[] = []): PlanModel => ({
    ...declare("net", outputs),
    convention,
  });

  test("parts are found by rank and type; labels are int64", async () => {
    const fed: Record<string, Fed> = {};
    const net = await onnxModel(new Uint8Array(), "n.onnx", declared({}), fakeOrt(fed, true));
    expect(net.capabilities.sampleShape).toEqual([2, 1, 3]);
    const result = await evaluate(net, x, shape, labels);
    expect(fed["x"]).toMatchObject({ type: "float32", dims: shape, data: Float32Array.from(x) });
    expect(fed["t"]).toMatchObject({ type: "float32", dims: [1], data: Float32Array.of(0.5) });
    expect(fed["labels"]).toMatchObject({ type: "int64", dims: [1], data: BigInt64Array.of(7n) });
    expect(result.raw).toMatchObject({ shape });
  });

  test("without metadata names must be stated; channels-last is reordered both ways", async () => {
    const fed: Record<string, Fed> = {};
    const net = await onnxModel(
      new Uint8Array(),
      "n.onnx",
      declared({ names: ["x", "t", "labels"], layout: "NHWC", null: 9 }, ["logvar"]),
      fakeOrt(fed, false),
    );
    const result = await evaluate(net, x, shape, { time: 1, outputs: ["logvar"] });
    expect(fed["x"]).toMatchObject({ dims: [1, 1, 3, 2], data: Float32Array.of(1, 4, 2, 5, 3, 6) });
    expect(fed["labels"]).toMatchObject({ data: BigInt64Array.of(9n) });
    expect(result.raw).toEqual({ shape, data: Float32Array.from(x) });
    expect(result.outputs).toEqual({ logvar: { shape: [1, 2], data: new Float32Array(2) } });
  });

  test("an input nobody feeds is named", async () => {
    const net = await onnxModel(
      new Uint8Array(),
      "n.onnx",
      declared({ names: ["x", "t"] }),
      fakeOrt({}, true),
    );
    await expect(evaluate(net, x, shape, { time: 1 })).rejects.toThrow(
      "has an input 'labels' that the sampler does not feed",
    );
  });

  test("a second tensor and a scalar go to the inputs that are left", async () => {
    const fed: Record<string, Fed> = {};
    const net = await onnxModel(
      new Uint8Array(),
      "n.onnx",
      { ...declared({ names: ["x"] }), time: false },
      fakeOrt(fed, true),
    );
    const backend = await openBackend("reference");
    const call = modelCall(backend, backend.upload(Float64Array.from(x), shape), {
      extras: { t: 2.5 },
    });
    await net.evaluate({ ...call, inputs: [call.state, call.state] });
    expect(fed["t"]).toMatchObject({ data: Float32Array.of(2.5) });
    expect(fed["labels"]).toMatchObject({ data: expect.anything() as unknown, dims: shape });
  });

  test.each<[PlanModel["convention"], readonly string[], string]>([
    [{ names: ["z", "t"] }, [], "names the input 'z', the file n.onnx has 'labels', 't', 'x'"],
    [{}, ["logvar", "more"], "wants the result 'more', the file n.onnx has 'out', 'logvar'"],
  ])("%j %j does not fit", async (convention, outputs, message) => {
    await expect(
      onnxModel(new Uint8Array(), "n.onnx", declared(convention, outputs), fakeOrt({}, true)),
    ).rejects.toThrow(message);
  });
});

test("layouts are inverse to each other", () => {
  const shape = [2, 3, 2, 2];
  const data = Float32Array.from({ length: 24 }, (_, i) => i);
  expect(lastShape(shape)).toEqual([2, 2, 2, 3]);
  expect([...channelsLast(data, shape).slice(0, 6)]).toEqual([0, 4, 8, 1, 5, 9]);
  expect(channelsFirst(channelsLast(data, shape), shape)).toEqual(data);
});
