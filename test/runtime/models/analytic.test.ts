// Mixtures and data sets against values that were worked out elsewhere, and at the ends of the noise scale.

import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  dataModel,
  gmmModel,
  openBackend,
  readMixtures,
  type Model,
  type ModelCall,
} from "../../../runtime/index.js";
import { modelCall } from "../../support/calls.js";

interface Points {
  readonly models: Readonly<Record<string, unknown>>;
  readonly points: readonly {
    readonly model: string;
    readonly alpha: number;
    readonly sigma: number;
    readonly x: readonly (readonly number[])[];
    readonly x0: readonly (readonly number[])[];
    readonly eps: readonly (readonly number[])[];
  }[];
}
const { models, points } = JSON.parse(
  readFileSync(new URL("mixturePoints.json", import.meta.url), "utf8"),
) as Points;

async function raw(
  model: Model,
  x: readonly (readonly number[])[],
  rest: Partial<ModelCall>,
): Promise<number[]> {
  const backend = await openBackend("reference");
  const state = backend.upload(Float64Array.from(x.flat()), [x.length, x[0]!.length]);
  const result = await model.evaluate(modelCall(backend, state, rest));
  return [...(result.raw as { readonly data: Float64Array }).data];
}

const close = (values: readonly number[], digits = 12): unknown[] =>
  values.map((value) => expect.closeTo(value, digits));

describe("gmm", () => {
  test.each(points)(
    "model $model at alpha $alpha, sigma $sigma",
    async ({ model, alpha, sigma, x, x0, eps }) => {
      const mixture = gmmModel(readMixtures(models[model], model));
      expect(await raw(mixture, x, { alpha, sigma })).toEqual(close(x0.flat()));
      // eps = (state - alpha x0) / sigma
      const form = { x: 1 / sigma, x0: -alpha / sigma };
      expect(await raw(mixture, x, { alpha, sigma, form })).toEqual(close(eps.flat(), 10));
    },
  );

  const mixture = gmmModel({ weights: [0.2, 0.8], means: [[-1], [3]], stds: [0.1, 0] });

  test("at sigma = 0 the data are the state", async () => {
    expect(await raw(mixture, [[2]], { alpha: 0.5, sigma: 0 })).toEqual([4]);
  });

  test("at huge sigma they are the mean, at tiny sigma the nearest component, without overflow", async () => {
    expect(await raw(mixture, [[1e5]], { sigma: 1e12 })).toEqual(close([2.2], 6));
    // 39 standard deviations from the broad component, 10^7 from the point at 3.
    expect(await raw(mixture, [[2.9]], { sigma: 1e-8 })).toEqual(close([2.9]));
    const points = gmmModel({ weights: [0.2, 0.8], means: [[-1], [3]], stds: [0, 0] });
    expect(await raw(points, [[2.9]], { sigma: 1e-8 })).toEqual([3]);
    expect(await raw(points, [[-1e4]], { sigma: 1e-8 })).toEqual([-1]);
  });

  const guided = gmmModel({
    weights: [1],
    means: [[0]],
    stds: [1],
    conditions: { "3": { weights: [1], means: [[4]], stds: [1] } },
  });

  test("conditions are other mixtures, sample by sample; none is the outer one", async () => {
    expect(await raw(guided, [[1], [1]], {})).toEqual([0.5, 0.5]);
    const labels = (values: readonly (number | string)[]): Partial<ModelCall> => ({
      conditions: [{ kind: "labels", name: "c", values }],
    });
    expect(await raw(guided, [[1], [1]], labels([3, "3"]))).toEqual([2.5, 2.5]);
    await expect(raw(guided, [[1]], labels(["dog"]))).rejects.toThrow(
      "D0603: the model 'gmm' has no condition 'dog' (input 'c')",
    );
  });

  test.each<[string, Partial<ModelCall>]>([
    ["is not linear", { form: null }],
    ["has no variant 'pag'", { variant: "pag" }],
    [
      "not vectors",
      { conditions: [{ kind: "vectors", name: "c", data: new Float32Array(2), shape: [1, 2] }] },
    ],
  ])("a call it cannot serve: %s", async (message, rest) => {
    await expect(raw(guided, [[1]], rest)).rejects.toThrow(message);
  });

  test("a mean of another size", async () => {
    await expect(raw(guided, [[1, 2]], {})).rejects.toThrow("means of 1 numbers, a sample has 2");
  });

  test.each<[unknown, string]>([
    [[], "is not a Gaussian mixture"],
    [{ kind: "gmm" }, "'weights' must be"],
    [{ kind: "gmm", weights: [-1], means: [[0]], stds: [1] }, "'weights' must be"],
    [{ kind: "gmm", weights: [1], means: [0], stds: [1] }, "'means' must be"],
    [{ kind: "gmm", weights: [1], means: [[0]], stds: [-1] }, "'stds' must be"],
    [{ kind: "gmm", weights: [1, 1], means: [[0]], stds: [1] }, "2 weights, 1 means and 1 stds"],
    [{ kind: "gmm", weights: [1, 1], means: [[0], [0, 1]], stds: [1, 1] }, "different lengths"],
    [{ kind: "gmm", d: 3, weights: [1], means: [[0]], stds: [1] }, "'d' is 3"],
    [{ kind: "gmm", weights: [1], means: [[0]], stds: [1], conditions: { a: 1 } }, "condition 'a'"],
    [
      {
        kind: "gmm",
        weights: [1],
        means: [[0]],
        stds: [1],
        conditions: { a: { weights: [1], means: [[0, 1]], stds: [1] } },
      },
      "means of 2 numbers, not 1",
    ],
  ])("a malformed file: %j", (value, message) => {
    expect(() => readMixtures(value, "m.json")).toThrow(`D0602: m.json`);
    expect(() => readMixtures(value, "m.json")).toThrow(message);
  });
});

describe("data", () => {
  const data = Float64Array.of(0, 0, 2, 0, 0, 4);
  const model = dataModel({ data, shape: [3, 2], labels: [5, 5, 6] });

  test("is the softmax mean of the points", async () => {
    const weights = [
      [0.5, 1],
      [0.5, 1],
    ].map(([x = 0, y = 0]) =>
      [x ** 2 + y ** 2, (x - 2) ** 2 + y ** 2, x ** 2 + (y - 4) ** 2].map((d) => Math.exp(-d / 2)),
    );
    const total = weights[0]!.reduce((sum, weight) => sum + weight, 0);
    const expected = [(2 * weights[0]![1]!) / total, (4 * weights[0]![2]!) / total];
    expect(await raw(model, [[0.5, 1]], {})).toEqual(close(expected));
  });

  test("equals a mixture of points, also with more points than a block", async () => {
    const means = Array.from({ length: 200 }, (_, i) => [Math.sin(i), Math.cos(3 * i)]);
    const mixture = gmmModel({ weights: means.map(() => 1), means, stds: means.map(() => 0) });
    const set = dataModel({ data: Float64Array.from(means.flat()), shape: [200, 2] });
    const x = [
      [0.3, -0.2],
      [2, 1],
    ];
    for (const sigma of [1e-3, 0.1, 1, 100]) {
      expect(await raw(set, x, { alpha: 0.7, sigma })).toEqual(
        close(await raw(mixture, x, { alpha: 0.7, sigma })),
      );
    }
  });

  test("labels choose the points; sigma = 0 gives the state", async () => {
    const labels = (values: readonly number[]): Partial<ModelCall> => ({
      sigma: 100,
      conditions: [{ kind: "labels", name: "y", values }],
    });
    const [x, y] = await raw(model, [[0, 0]], labels([6]));
    expect([x, y]).toEqual([0, 4]);
    await expect(raw(model, [[0, 0]], labels([7]))).rejects.toThrow("no data with the label '7'");
    expect(await raw(model, [[3, 1]], { alpha: 0.5, sigma: 0 })).toEqual([6, 2]);
  });

  test("shapes and labels that do not fit are refused", () => {
    expect(() => dataModel({ data, shape: [4, 2] })).toThrow("D0602");
    expect(() => dataModel({ data, shape: [3, 2], labels: [1] })).toThrow("3 points and 1 labels");
  });
});
