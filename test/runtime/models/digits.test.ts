// The digits network gives the numbers of its reference.json through every adapter. onnxruntime-node is optional: its
// row is skipped, visibly, where it cannot be imported; DSAMP_ORT may name a path to it.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import type { PlanModel } from "../../../compiler/plan/schema.js";
import { loadOrt, onnxModel } from "../../../runtime/models/onnx.js";
import { openBackend, openModel, readBytes, type Model } from "../../../runtime/node.js";
import { modelCall } from "../../support/calls.js";

const folder = fileURLToPath(new URL("../../../examples/models/digits/", import.meta.url));

interface Reference {
  readonly x: readonly (readonly (readonly number[])[])[];
  readonly lam: readonly number[];
  readonly y: readonly number[];
  readonly v: readonly (readonly (readonly number[])[])[];
}
const reference = JSON.parse(readFileSync(`${folder}reference.json`, "utf8")) as Reference;

const declared: PlanModel = {
  name: "digits",
  predicts: "v",
  file: null,
  time: true,
  outputs: [],
  convention: { names: ["x", "lam", "y"], null: 10, classes: 10 },
};

/** Largest difference over the three references, relative to the largest |v| of each. */
async function worst(model: Model, backendName: string): Promise<number> {
  const backend = await openBackend(backendName);
  let largest = 0;
  for (const [i, label] of reference.y.entries()) {
    const state = backend.upload(Float32Array.from(reference.x[i]!.flat()), [1, 1, 28, 28]);
    const { raw } = await model.evaluate(
      modelCall(backend, state, {
        time: reference.lam[i]!,
        conditions: label === 10 ? [] : [{ kind: "labels", name: "y", values: [label] }],
      }),
    );
    const v = reference.v[i]!.flat();
    const scale = Math.max(...v.map(Math.abs));
    const { data } = raw as { readonly data: Float32Array };
    v.forEach((value, k) => (largest = Math.max(largest, Math.abs(data[k]! - value) / scale)));
    backend.free(state);
  }
  expect(backend.liveTensors()).toBe(0);
  return largest;
}

const ortName = process.env["DSAMP_ORT"] ?? "onnxruntime-node";
const ort = await loadOrt(ortName).catch(() => undefined);

describe("digits", () => {
  test("tfjs on wasm", async () => {
    const model = await openModel(`${folder}tfjs`, declared);
    const error = await worst(model, "wasm");
    expect(error).toBeLessThan(1e-4);
    expect(await worst(model, "reference")).toBe(error);
    model.dispose?.();
  });

  test("tfjs on cpu", { timeout: 60_000 }, async () => {
    const model = await openModel(`${folder}tfjs`, declared, { tfBackend: "cpu" });
    expect(await worst(model, "cpu")).toBeLessThan(1e-4);
    model.dispose?.();
  });

  test.skipIf(ort === undefined)("onnx (needs onnxruntime-node)", async () => {
    const model = await onnxModel(await readBytes(`${folder}digits-v.onnx`), "digits-v.onnx", declared, ort);
    expect(await worst(model, "reference")).toBeLessThan(1e-4);
  });

  test("names and layout are found in the file", async () => {
    const model = await openModel(`${folder}tfjs`, { ...declared, convention: { null: 10 } });
    expect(model.capabilities).toMatchObject({ sampleShape: [1, 28, 28], time: true, nullLabel: 10 });
    expect(await worst(model, "wasm")).toBeLessThan(1e-4);
  });

  test.each([
    [{ names: ["x", "sigma", "y"] }, "names the input 'sigma', the file"],
    [{ names: ["x"] }, "takes a time argument, but 'names' has only 'x'"],
    [{ layout: "HWC" }, 'the layout is NCHW or NHWC, not "HWC"'],
    [{ null: "ten" }, "'null' must be an integer"],
  ])("a declaration that does not fit is refused: %j", async (convention, message) => {
    const opening = openModel(`${folder}tfjs`, { ...declared, convention });
    await expect(opening).rejects.toThrow(message);
    await expect(opening).rejects.toThrow("D0603");
  });

  test("calls that do not fit are refused", async () => {
    const model = await openModel(`${folder}tfjs`, { ...declared, convention: { classes: 10 } });
    const backend = await openBackend("reference");
    const state = backend.upload(new Float32Array(784), [1, 1, 28, 28]);
    const failing = (rest: Parameters<typeof modelCall>[2]): Promise<unknown> =>
      model.evaluate(modelCall(backend, state, rest));
    await expect(failing({})).rejects.toThrow("D0603: an unconditional call, but the network");
    await expect(failing({ conditions: [{ kind: "labels", name: "y", values: [11] }] })).rejects.toThrow(
      "D0703: '11' is not a label",
    );
    await expect(
      failing({ conditions: [{ kind: "labels", name: "y", values: [1] }], extras: { guidance: 2 } }),
    ).rejects.toThrow("D0603: the sampler passes 'guidance'");
    await expect(failing({ variant: "perturbed" })).rejects.toThrow("has no variant 'perturbed'");
  });
});
