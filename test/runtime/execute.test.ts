// What `sample` promises: the loop, batches, conditions, trajectories, failures and what they leave behind.

import { describe, expect, test } from "vitest";
import type { Plan } from "../../compiler/plan/schema.js";
import {
  functionModel,
  gmmModel,
  openBackend,
  RunAborted,
  RunFailure,
  sample,
  type Model,
  type RunInputs,
  type SampleOptions,
} from "../../runtime/index.js";
import { call, draw, eulerPlan, model, plan } from "../support/plans.js";

const gmm = gmmModel({ weights: [1], means: [[0.5, -1]], stds: [0.5] });
const sigmas = [4, 2, 1, 0.5, 0];

describe("sample", () => {
  test("runs Euler on a Gaussian exactly as the recurrence says", async () => {
    const backend = await openBackend("reference");
    const noise = Float64Array.of(0.3, -0.7);
    const result = await sample(eulerPlan(sigmas), {
      models: gmm,
      backend,
      shape: [2],
      noise: () => noise,
    });
    const expected = [0.5, -1].map((mean, i) => {
      let x = 4 * noise[i]!;
      for (let k = 0; k < 4; k++) {
        const eps = (sigmas[k]! / (0.25 + sigmas[k]! ** 2)) * (x - mean);
        x += (sigmas[k + 1]! - sigmas[k]!) * eps;
      }
      return x;
    });
    expect(result.results[0]!.shape).toEqual([1, 2]);
    result.results[0]!.data.forEach((value, i) => expect(value).toBeCloseTo(expected[i]!, 13));
    expect(result.calls).toBe(4);
    expect(backend.liveTensors()).toBe(0);
  });

  test("does not depend on the batch size", async () => {
    const backend = await openBackend("reference");
    const options = { models: gmm, backend, shape: [2], count: 7, seed: 11 };
    const whole = await sample(eulerPlan(sigmas, 0.1), options);
    const split = await sample(eulerPlan(sigmas, 0.1), { ...options, batch: 3 });
    expect(split.results).toEqual(whole.results);
    const tail = await sample(eulerPlan(sigmas, 0.1), { ...options, count: 2, firstSample: 5 });
    expect([...tail.results[0]!.data]).toEqual([...whole.results[0]!.data.slice(10)]);
  });

  test("frees everything after a failure in the middle", async () => {
    const backend = await openBackend("reference");
    const broken = functionModel((input, time) => (time < 1 ? input.map(() => NaN) : input));
    await expect(
      sample(eulerPlan(sigmas, 0.1), { models: broken, backend, shape: [2] }),
    ).rejects.toMatchObject({ diagnostic: { code: "D0701" } });
    expect(backend.liveTensors()).toBe(0);
  });
});

/** state at the end = the named input, spread over the samples. */
const inputPlan = (kind: "tensor" | "trajectory"): Plan =>
  plan({
    inputs: [{ name: "y", kind }],
    programs: [[{ op: "input", input: 0, point: kind === "trajectory" ? 0 : null, out: 0 }], []],
    init: { program: 0, scalars: [1], step: 0, state: 0 },
    steps: [{ program: 1, scalars: [], step: 0, state: 0 }],
    output: { program: 1, scalars: [], step: 0, state: null },
  });

describe("inputs", () => {
  const run = async (y: RunInputs[string], kind: "tensor" | "trajectory" = "tensor"): Promise<number[]> => {
    const backend = await openBackend("reference");
    const result = await sample(inputPlan(kind), {
      models: {},
      backend,
      shape: [1, 2],
      count: 3,
      batch: 2,
      inputs: { y },
    });
    expect(backend.liveTensors()).toBe(0);
    return [...result.results[0]!.data];
  };

  test.each<[string, RunInputs[string], readonly number[]]>([
    ["a number", 7, [7, 7, 7]],
    ["one sample, flat", Float32Array.of(1, 2), [1, 2, 1, 2, 1, 2]],
    ["all samples, flat", Float64Array.of(1, 2, 3, 4, 5, 6), [1, 2, 3, 4, 5, 6]],
    ["one sample, nested", [[1, 2]], [1, 2, 1, 2, 1, 2]],
    ["a lower rank", [1, 2], [1, 2, 1, 2, 1, 2]],
    ["all samples, nested", [[[1, 2]], [[3, 4]], [[5, 6]]], [1, 2, 3, 4, 5, 6]],
    ["one number per sample", { data: Float64Array.of(1, 2, 3), shape: [3, 1, 1] }, [1, 2, 3]],
  ])("%s", async (_, value, expected) => {
    expect(await run(value)).toEqual(expected);
  });

  test("a trajectory has one tensor per grid point", async () => {
    expect(await run([5, [8, 9]], "trajectory")).toEqual([8, 9, 8, 9, 8, 9]);
    await expect(run([5], "trajectory")).rejects.toThrow("'y' has 1 tensors; the grid has 2 points");
    await expect(run(5, "trajectory")).rejects.toThrow("is not a trajectory");
  });

  test.each<[RunInputs[string], string]>([
    [Float32Array.of(1, 2, 3), "has 3 numbers; one sample has 2, all have 6"],
    [[[1, 2], [3]], "is not rectangular"],
    [["a"], "something other than numbers"],
    [{ data: new Float32Array(2), shape: [3] }, "has 2 numbers for the shape [3]"],
    [{ data: new Float32Array(3), shape: [3] }, "shape [3], which does not fit [3, 1, 2]"],
    ["text", "is not a tensor"],
  ])("%j is refused", async (value, message) => {
    await expect(run(value)).rejects.toThrow(message);
    await expect(run(value)).rejects.toThrow("D0703");
  });

  test("missing and unknown names", async () => {
    const backend = await openBackend("reference");
    const options = { models: {}, backend, shape: [1] };
    await expect(sample(inputPlan("tensor"), options)).rejects.toThrow(
      "input 'y' (tensor) of 'test' is missing",
    );
    await expect(sample(inputPlan("tensor"), { ...options, inputs: { z: 1 } })).rejects.toThrow(
      "'test' has no input 'z'",
    );
  });
});

/** One call with the condition `c`; the result is the raw prediction. */
const conditionPlan = plan({
  inputs: [{ name: "c", kind: "condition" }],
  models: [model("model", ["extra"])],
  draws: [draw("initial")],
  programs: [
    [
      { op: "draw", draw: 0, pass: 0, out: 0 },
      call(0, 1, { conditions: [0], extras: { strength: 0 }, outputs: [{ name: "extra", out: 2 }] }),
    ],
    [],
  ],
  init: { program: 0, scalars: [1, 1, 1, 0, 1], step: 0, state: 0 },
  steps: [],
  output: { program: 1, scalars: [], step: 0, state: null },
  results: [1, 2],
});

describe("conditions and extra results", () => {
  /** Answers with its labels, or with the first number of its vectors. */
  const echo = functionModel((_, __, { conditions: [condition], shape, extras }) => {
    const samples = shape[0]!;
    const values =
      condition === undefined
        ? Array<number>(samples).fill(-1)
        : condition.kind === "labels"
          ? condition.values.map(Number)
          : Array.from(
              { length: samples },
              (___, i) => condition.data[(i * condition.data.length) / samples]!,
            );
    return {
      raw: Float64Array.from(values),
      outputs: { extra: { data: Float64Array.of(extras["strength"]!), shape: [1, 1] } },
    };
  });

  test.each<[string, RunInputs[string] | undefined, readonly number[]]>([
    ["one label", 4, [4, 4, 4]],
    ["a label per sample", [4, 5, 6], [4, 5, 6]],
    ["one vector", { data: Float32Array.of(8, 9), shape: [1, 2] }, [8, 8, 8]],
    ["a vector per sample", { data: Float32Array.of(1, 0, 2, 0, 3, 0), shape: [3, 2] }, [1, 2, 3]],
    ["none given", undefined, [-1, -1, -1]],
    ["null", null, [-1, -1, -1]],
  ])("%s", async (_, c, expected) => {
    const backend = await openBackend("reference");
    const result = await sample(conditionPlan, {
      models: echo,
      backend,
      shape: [1],
      count: 3,
      batch: 2,
      inputs: c === undefined ? {} : { c },
    });
    expect([...result.results[0]!.data]).toEqual(expected);
    expect([...result.results[1]!.data]).toEqual([1, 1, 1]);
    expect(backend.liveTensors()).toBe(0);
  });

  test.each<[RunInputs[string], string]>([
    [[1, 2], "has 2 labels for 3 samples"],
    [[[1]], "a list of something other than labels"],
    [{ data: new Float32Array(4), shape: [2, 2] }, "axis 0 must be 1 or 3"],
  ])("%j is refused", async (c, message) => {
    const backend = await openBackend("reference");
    await expect(
      sample(conditionPlan, { models: echo, backend, shape: [1], count: 3, inputs: { c } }),
    ).rejects.toThrow(message);
  });

  test("a result the model does not return is named", async () => {
    const backend = await openBackend("reference");
    const poor = functionModel((x) => x);
    await expect(sample(conditionPlan, { models: poor, backend, shape: [1] })).rejects.toThrow(
      "D0603: the start, call 0 of model 'model': the model returned no 'extra'",
    );
    await expect(
      sample(conditionPlan, {
        models: gmmModel({ weights: [1], means: [[0]], stds: [1] }),
        backend,
        shape: [1],
      }),
    ).rejects.toThrow("the sampler wants the extra result 'extra', the model has none");
    expect(backend.liveTensors()).toBe(0);
  });
});

describe("failures say where they happened and keep what is done", () => {
  const noisy = eulerPlan(sigmas, 0.1);
  /** Fails at the given call of the run. */
  const failing = (at: number, how: () => never | Float64Array): Model => {
    let calls = 0;
    return functionModel((x) => (calls++ === at ? how() : x.map((value) => value / 10)));
  };
  const throwing = (): never => {
    throw new TypeError("fetch failed");
  };

  test.each<[string, () => never | Float64Array, string]>([
    ["throws", throwing, "D0705: step 2 of 4 (euler), call 2: model 'model' failed: fetch failed"],
    [
      "returns too little",
      () => new Float64Array(1),
      "D0603: step 2 of 4 (euler), call 2 of model 'model': its result has 1 numbers, not 4",
    ],
    [
      "returns text",
      () => "x" as never,
      "D0603: step 2 of 4 (euler), call 2: the model 'function' returned no numbers",
    ],
    [
      "returns NaN",
      () => Float64Array.of(1, 2, NaN, Infinity),
      "D0701: step 2 of 4 (euler): the result of call 2 of model 'model' has 2 of 4 values that are not finite",
    ],
  ])("a model that %s", async (_, how, message) => {
    for (const name of ["reference", "cpu", "wasm"]) {
      const backend = await openBackend(name);
      const running = sample(noisy, { models: failing(2, how), backend, shape: [2], count: 2 });
      await expect(running).rejects.toThrow(message);
      expect(backend.liveTensors()).toBe(0);
    }
  });

  test("the place of the first bad value is told", async () => {
    const backend = await openBackend("reference");
    const running = sample(noisy, {
      models: failing(0, () => Float64Array.of(1, -7, 2, NaN)),
      backend,
      shape: [2],
      count: 2,
      firstSample: 10,
    });
    await expect(running).rejects.toMatchObject({
      diagnostic: { why: "the first is NaN in sample 11; the largest finite one is 7" },
    });
  });

  test("with the check off NaN goes through", async () => {
    const backend = await openBackend("reference");
    const models = failing(2, () => Float64Array.of(NaN, 0));
    const result = await sample(noisy, { models, backend, shape: [2], check: false });
    expect(result.results[0]!.data[0]).toBeNaN();
  });

  test("finished batches and the trajectory are attached", async () => {
    const backend = await openBackend("reference");
    const whole = await sample(noisy, { models: failing(-1, throwing), backend, shape: [2], count: 6 });
    const error = await sample(noisy, {
      models: failing(10, throwing),
      backend,
      shape: [2],
      count: 6,
      batch: 2,
      trajectory: true,
    }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RunFailure);
    const { partial, cause } = error as RunFailure;
    expect(cause).toBeInstanceOf(TypeError);
    expect(partial).toMatchObject({ count: 4, calls: 10 });
    expect(partial.results[0]).toEqual({ shape: [4, 2], data: whole.results[0]!.data.slice(0, 8) });
    expect(partial.trajectory.map((point) => point?.shape[0])).toEqual([6, 6, 6, 4, 4]);
  });

  test("an abort keeps them too", async () => {
    const backend = await openBackend("reference");
    const controller = new AbortController();
    const error = await sample(noisy, {
      models: gmm,
      backend,
      shape: [2],
      count: 4,
      batch: 2,
      signal: controller.signal,
      onProgress: ({ batch, step }) => {
        if (batch === 1 && step === 2) controller.abort("enough");
      },
    }).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(RunAborted);
    expect(error).toMatchObject({ name: "AbortError", cause: "enough", partial: { count: 2 } });
    expect(backend.liveTensors()).toBe(0);
  });
});

describe("what a run tells while it goes on", () => {
  test("progress, states at every point, and the same as trajectory", async () => {
    const backend = await openBackend("reference");
    const progress: string[] = [];
    const states: number[][] = [];
    const result = await sample(eulerPlan(sigmas), {
      models: gmm,
      backend,
      shape: [2],
      count: 3,
      batch: 2,
      trajectory: true,
      onProgress: ({ batch, batches, step, steps, samples, count, calls }) =>
        progress.push(`${batch}/${batches} ${step}/${steps} ${samples}/${count} ${calls}`),
      onStep: async ({ point, firstSample, state }) => {
        (states[point] ??= []).push(firstSample, ...(await state.read()));
      },
    });
    expect(progress.slice(0, 6)).toEqual([
      "0/2 0/4 0/3 0",
      "0/2 1/4 0/3 1",
      "0/2 2/4 0/3 2",
      "0/2 3/4 0/3 3",
      "0/2 4/4 0/3 4",
      "1/2 0/4 2/3 4",
    ]);
    expect(result.trajectory.map((point) => point?.shape)).toEqual(Array(5).fill([3, 2]));
    result.trajectory.forEach((point, i) => {
      const data = [...point!.data];
      expect(states[i]).toEqual([0, ...data.slice(0, 4), 2, ...data.slice(4)]);
    });
    expect(result.trajectory[4]!.data).toEqual(result.results[0]!.data);
  });

  test("recorded noise is asked for by path, step, pass and place", async () => {
    const backend = await openBackend("reference");
    const asked: string[] = [];
    await sample(eulerPlan(sigmas, 0.1), {
      models: gmm,
      backend,
      shape: [2],
      count: 3,
      batch: 2,
      noise: (path, step, pass, place) => {
        asked.push(`${path} ${step} ${pass} ${place.firstSample} ${place.shape.join("x")}`);
        return path === "initial" ? new Float64Array(2 * place.shape[0]!) : undefined;
      },
    });
    expect(asked).toEqual([
      "initial 0 0 0 2x2",
      ...[0, 1, 2].map((step) => `z ${step} 0 0 2x2`),
      "initial 0 0 2 1x2",
      ...[0, 1, 2].map((step) => `z ${step} 0 2 1x2`),
    ]);
    await expect(
      sample(eulerPlan(sigmas), { models: gmm, backend, shape: [2], noise: () => new Float64Array(3) }),
    ).rejects.toThrow("the recorded noise of 'initial' has 3 numbers, not 2");
  });
});

describe("what has to be given", () => {
  const two = plan({
    models: [model("a"), model("b")],
    draws: [draw("initial")],
    programs: [[{ op: "draw", draw: 0, pass: 0, out: 0 }], []],
    init: { program: 0, scalars: [], step: 0, state: 0 },
    steps: [],
    output: { program: 1, scalars: [], step: 0, state: 0 },
  });

  test.each<[string, Plan, Partial<SampleOptions>, string]>([
    ["a model", two, { models: { a: gmm } }, "D0703: model 'b' of 'test' is missing"],
    ["models by name", two, { models: gmm }, "D0703: 'test' has 2 models; pass them by name"],
    [
      "a shape",
      eulerPlan(sigmas),
      { shape: undefined, models: functionModel((x) => x) },
      "D0703: the shape of a sample of",
    ],
    ["a count", eulerPlan(sigmas), { count: 0 }, "D0703: count is 0, not a positive integer"],
    ["a batch", eulerPlan(sigmas), { batch: 1.5 }, "D0703: batch is 1.5"],
    ["a seed", eulerPlan(sigmas), { seed: -1 }, "D0703: the seed -1"],
    [
      "the shape of the model",
      eulerPlan(sigmas),
      { models: functionModel((x) => x, { sampleShape: [3] }) },
      "D0603: the model 'function' makes samples of shape [3], the run has [2]",
    ],
    [
      "a model with a time argument",
      eulerPlan(sigmas),
      { models: functionModel((x) => x, { time: false }) },
      "D0603: the sampler's model 'model' and the model 'function' bound to it differ",
    ],
  ])("%s", async (_, given, rest, message) => {
    const backend = await openBackend("reference");
    await expect(sample(given, { models: gmm, backend, shape: [2], ...rest })).rejects.toThrow(message);
  });

  test("the shape may come from the model", async () => {
    const backend = await openBackend("reference");
    const shaped = functionModel((x) => x, { sampleShape: [2] });
    const result = await sample(eulerPlan(sigmas), { models: { model: shaped }, backend });
    expect(result.results[0]!.shape).toEqual([1, 2]);
  });
});

describe("backends agree on a whole run", () => {
  test.each(["cpu", "wasm"])("%s", async (name) => {
    const options = { models: gmm, shape: [2], count: 5, seed: 3 };
    const expected = await sample(eulerPlan(sigmas, 0.1), {
      ...options,
      backend: await openBackend("reference"),
    });
    const backend = await openBackend(name);
    const actual = await sample(eulerPlan(sigmas, 0.1), { ...options, backend });
    actual.results[0]!.data.forEach((value, i) =>
      expect(value).toBeCloseTo(expected.results[0]!.data[i]!, 5),
    );
    expect(backend.liveTensors()).toBe(0);
  });

  test("null counts launches, calls and memory instead", async () => {
    const backend = await openBackend("null");
    await sample(eulerPlan(sigmas, 0.1), { models: gmm, backend, shape: [2], count: 8, check: false });
    const { meter } = backend;
    // init 1, four Euler steps, three of them with noise on top.
    expect([meter.dispatches, meter.draws, meter.calls]).toEqual([8, 4, 4]);
    // Freed inputs are given up to the kernel, so two tensors of the state's size are enough.
    expect(meter.peakOfSize(16)).toBe(2);
    expect(backend.liveTensors()).toBe(0);
    // Per tensor of 16 numbers: init 1, calls: 1 read and 1 upload each, Euler kernels 3 each, noise kernels 2 each, since
    // noise is made where it is used, and one download.
    expect(meter.bytesMoved).toBe(16 * 4 * (1 + 4 * 2 + 4 * 3 + 3 * 2 + 1));
  });
});
