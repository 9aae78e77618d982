// Faults in the middle of a run, on every backend: the error names step and call, nothing is left in memory, what was
// finished is kept, and the backend goes on working. Faults of single kernels are in backends/faults.test.ts.

import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { compile } from "../../compiler/compile.js";
import { memoryHost } from "../../compiler/host.js";
import type { Plan } from "../../compiler/plan/schema.js";
import { noRoom } from "../../runtime/backends/checks.js";
import type { FusedBackend } from "../../runtime/backends/fused.js";
import {
  functionModel,
  openBackend,
  RunFailure,
  sample,
  type Backend,
  type HostArray,
  type ModelCall,
  type ModelResult,
  type SampleResult,
} from "../../runtime/index.js";
import { eulerPlan } from "../support/plans.js";
import { nodeBackend } from "./backends/tensorflow.js";
import { webgpuBackend } from "./backends/webgpuDevice.js";

const SAMPLE = [3, 5];
const steps = 4;
const plan = eulerPlan([4, 3, 2, 1, 0], 0.3);

type Answer = (call: ModelCall, input: HostArray) => HostArray | ModelResult;
const good: Answer = (_, input) => Float32Array.from(input, (value) => value / 10);

/** Six samples, two a batch; the call with the number `at` is answered by `answer`. */
const runWith = (backend: Backend, answer: Answer, at: number, on: Plan = plan): Promise<SampleResult> => {
  let calls = 0;
  return sample(on, {
    models: functionModel((input, _, call) => (calls++ === at ? answer : good)(call, input)),
    backend,
    shape: SAMPLE,
    count: 6,
    batch: 2,
    trajectory: true,
  });
};

async function failureOf(run: Promise<unknown>): Promise<RunFailure> {
  const error = await run.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  expect(error).toBeInstanceOf(RunFailure);
  return error as RunFailure;
}

await openBackend("cpu");

/** Opens a backend; `clean` closes it and looks whether tensors and buffers of tfjs are as many as before. */
async function opened(name: string): Promise<{ readonly backend: Backend; readonly clean: () => void }> {
  const backend = await openBackend(name);
  const held = (): readonly number[] => [
    tf.memory().numTensors,
    backend.tf ? (tf.findBackend(backend.tf.backend) as { numDataIds(): number }).numDataIds() : 0,
  ];
  const before = held();
  const clean = (): void => {
    expect([backend.liveTensors(), backend.meter.liveBytes]).toEqual([0, 0]);
    backend.dispose();
    tf.dispose(own.splice(0));
    expect(held()).toEqual(before);
  };
  return { backend, clean };
}

const unwrap = (call: ModelCall): tf.Tensor => call.state.backend.tf!.unwrap(call.state.tensor) as tf.Tensor;
const adopt = (call: ModelCall, tensor: tf.Tensor): ModelResult => ({
  raw: call.state.backend.tf!.adopt(tensor),
});
/** What a model made and the run never took: the model's to dispose. */
const own: tf.Tensor[] = [];

const hostFaults: readonly (readonly [string, Answer, RegExp])[] = [
  ["NaN", (_, input) => new Float32Array(input.length).fill(NaN, 7, 8), /D0701: .*1 of 30 values/],
  ["infinity", (_, input) => new Float64Array(input.length).fill(-Infinity), /D0701: .*30 of 30 values/],
  ["too few numbers", () => new Float32Array(29), /D0603: .*29 numbers, not 30/],
  [
    "another shape",
    () => ({ raw: { data: new Float32Array(30), shape: [2, 5, 3] } }),
    /D0603: .*shape \[2, 5, 3\], the state has \[2, 3, 5\]/,
  ],
  ["a shape it does not fill", () => ({ raw: { data: new Float32Array(29), shape: [2, 3, 5] } }), /D0603/],
  ["integers", () => new Int32Array(30) as never, /D0603: .*returned no numbers/],
  ["text", () => "x" as never, /D0603: .*returned no numbers/],
  ["a result without raw", () => ({ raw: undefined }) as never, /D0603: .*is not a tensor/],
  [
    "nothing: it throws",
    () => {
      throw new Error("no answer");
    },
    /D0705: .*no answer/,
  ],
  ["nothing: it finds no room", () => noRoom(7), /D0707: .*no memory for a tensor of 7 elements/],
  ["the state itself", (call) => ({ raw: call.state.tensor }), /D0705: .*is a tensor of the run/],
];

const tensorFaults: readonly (readonly [string, Answer, RegExp])[] = [
  ["a tensor of another shape", (call) => adopt(call, tf.zeros([2, 5, 3])), /D0603: .*shape \[2, 5, 3\]/],
  [
    "a tensor of integers",
    (call) => {
      own.push(tf.zeros([2, 3, 5], "int32"));
      return adopt(call, own[0]!);
    },
    /D0705: .*int32/,
  ],
  ["a tensor with NaN", (call) => adopt(call, tf.fill([2, 3, 5], NaN)), /D0701: .*30 of 30/],
  [
    "a disposed tensor",
    (call) => {
      const tensor = tf.zeros([2, 3, 5]);
      tensor.dispose();
      return adopt(call, tensor);
    },
    /D0705: .*is disposed/,
  ],
  [
    "after it disposed the state",
    (call, input) => {
      unwrap(call).dispose();
      return good(call, input);
    },
    /D0705: .*disposed a tensor of the run/,
  ],
];

const optional = [...(nodeBackend ? ["node"] : []), ...(webgpuBackend ? ["webgpu"] : [])];
const backends = ["reference", "cpu", "wasm", ...optional];
const withTensors = backends.filter((name) => name !== "reference");
const cases = [
  ...backends.flatMap((name) => hostFaults.map((fault) => [name, ...fault] as const)),
  ...withTensors.flatMap((name) => tensorFaults.map((fault) => [name, ...fault] as const)),
];

test.each(cases)("%s: a model returns %s", async (name, _, answer, message) => {
  const { backend, clean } = await opened(name);
  const whole = await runWith(backend, good, -1);
  // In the third batch, at its third call.
  const failure = await failureOf(runWith(backend, answer, 2 * steps + 2));
  expect([backend.liveTensors(), backend.meter.liveBytes]).toEqual([0, 0]);
  expect(failure.message).toMatch(message);
  expect(failure.message).toMatch(/: step 2 of 4 \(euler\)(, |: .*)call 2/);

  const { partial } = failure;
  expect([partial.count, partial.calls]).toEqual([4, 2 * steps + (partial.calls % steps)]);
  expect(partial.results[0]!.data).toEqual(whole.results[0]!.data.slice(0, 60));
  expect(partial.trajectory.map((point) => point?.shape[0])).toEqual([6, 6, 6, 4, 4]);

  expect((await runWith(backend, good, -1)).results).toEqual(whole.results);
  clean();
});

const planOf = (solver: string): Plan => {
  const text = `sampler s { schedule edm; model predicts x0; grid karras; steps 5; solver ${solver} }`;
  const { plan: compiled, diagnostics } = compile({ host: memoryHost({}), file: "s.dsamp", text });
  if (!compiled) throw new Error(diagnostics.map((item) => item.message).join("; "));
  return compiled;
};
/** Two steps of history, so that tensors live on from call to call. */
const withHistory = (): Plan => planOf("dpmpp_2m; final ddim");

describe.each(withTensors)("%s: a tensor that the run took is disposed", (name) => {
  test("in a later call, by the model that made it", async () => {
    const { backend, clean } = await opened(name);
    const made: tf.Tensor[] = [];
    const run = sample(withHistory(), {
      models: functionModel((_, __, call) => {
        made.push(tf.fill([2, 3, 5], 0.5));
        if (call.call === 2) made[1]!.dispose();
        return adopt(call, made.at(-1)!);
      }),
      backend,
      shape: SAMPLE,
      count: 2,
    });
    expect((await failureOf(run)).message).toMatch(
      /^D0705: step 2 of 5 \(dpmpp_2m\), call 2 .*disposed a tensor of the run/,
    );
    clean();
  });

  test("between calls", async () => {
    const { backend, clean } = await opened(name);
    let last: tf.Tensor | undefined;
    const run = sample(withHistory(), {
      models: functionModel((_, __, call) => {
        last = tf.fill([2, 3, 5], 0.5);
        return adopt(call, last);
      }),
      backend,
      shape: SAMPLE,
      count: 2,
      onStep: ({ point }) => {
        if (point === 2) last!.dispose();
      },
    });
    expect((await failureOf(run)).message).toMatch(/^D0705: step 2 of 5 \(dpmpp_2m\).*call [12]/);
    clean();
  });
});

describe.each(withTensors)("%s: a model that gives back a tensor it did not make", (name) => {
  test.each(["ddim", "heun", "dpmpp_2m; final ddim"])(
    "the state, as the identity does: %s",
    async (solver) => {
      const { backend, clean } = await opened(name);
      const run = (answer: Answer): Promise<SampleResult> =>
        sample(planOf(solver), {
          models: functionModel((input, _, call) => answer(call, input)),
          ...{ backend, shape: SAMPLE, count: 2, seed: 3 },
        });
      const expected = await run((_call, input) => Float32Array.from(input));
      const before = tf.memory().numTensors;
      expect((await run((call) => adopt(call, unwrap(call)))).results).toEqual(expected.results);
      expect(tf.memory().numTensors).toBe(before);
      clean();
    },
  );

  test("the same one at each call: the run has disposed it, and says what to do", async () => {
    const { backend, clean } = await opened(name);
    const constant = tf.fill([2, 3, 5], 0.5);
    const run = sample(plan, {
      models: functionModel((_, __, call) => adopt(call, constant)),
      ...{ backend, shape: SAMPLE, count: 2 },
    });
    expect((await failureOf(run)).message).toMatch(/D0705: .*call 1.* is disposed; .*must be a tf.clone/);
    clean();
  });
});

describe.each(backends)("%s: memory runs out", (name) => {
  test.each(["dispatch", "upload", "draw"] as const)("in %s", async (operation) => {
    const { backend, clean } = await opened(name);
    const whole = await runWith(backend, good, -1);
    const original = backend[operation].bind(backend) as (...given: never[]) => never;
    let calls = 0;
    Object.assign(backend, {
      [operation]: (...given: never[]) => {
        if (calls > 2 * steps + 1) return noRoom(30);
        return original(...given);
      },
    });
    const run = sample(plan, {
      models: functionModel((input, _, call) => {
        calls += 1;
        return good(call, input);
      }),
      backend,
      shape: SAMPLE,
      count: 6,
      batch: 2,
    });
    const { message, partial } = await failureOf(run);
    expect(message).toMatch(
      /^D0707: step 1 of 4 \(euler\), (after )?call 1: there is no memory for a tensor/,
    );
    clean();
    expect(partial.results[0]!.data).toEqual(whole.results[0]!.data.slice(0, 60));
  });
});

test.each(["reference", "cpu", "wasm"])("%s: a tensor beyond all memory is refused", async (name) => {
  const backend = await openBackend(name);
  const column = backend.upload(new Float32Array(2 ** 20), [2 ** 20, 1]);
  const row = backend.upload(new Float32Array(2 ** 20), [1, 2 ** 20]);
  const sum = { key: "sum", inputs: 2, scalars: 0, outputs: [2] };
  const nodes = [
    { op: "input", index: 0 },
    { op: "input", index: 1 },
    { op: "add", args: [0, 1] },
  ] as const;
  expect(() => backend.dispatch(backend.prepare({ ...sum, nodes }), [column, row], [], [true, true])).toThrow(
    "D0707",
  );
  expect(backend.liveTensors()).toBe(2);
  backend.free(column);
  backend.free(row);
});

describe("the heap of WebAssembly", () => {
  interface Memory {
    readonly buffer: ArrayBuffer;
  }
  interface Heap {
    readonly wasm: { readonly wasmMemory?: Memory; readonly asm: { readonly memory: Memory } };
  }
  const heapBytes = (): number => {
    const { wasm } = tf.findBackend("wasm") as unknown as Heap;
    return (wasm.wasmMemory ?? wasm.asm.memory).buffer.byteLength;
  };
  /** Reserves memory without writing to it, until at least one piece of `size` has been taken and `enough`. */
  const reserve = (backend: Backend, size: number, enough: () => boolean): (() => void) => {
    const { store } = backend as FusedBackend<object, unknown>;
    const taken: object[] = [];
    for (let piece = size; piece >= 1; piece /= 2) {
      try {
        while (!enough()) taken.push(store.allocate(piece));
      } catch {
        continue;
      }
    }
    return () => taken.splice(0).forEach((buffer) => store.release(buffer));
  };

  test("grows in the middle of a run, and the samples are the same bits", async () => {
    const { backend, clean } = await opened("wasm");
    const expected = await runWith(backend, good, -1);
    let grown = 0;
    const result = await runWith(
      backend,
      (call, input) => {
        const bytes = heapBytes();
        reserve(backend, 2 ** 20, () => heapBytes() > bytes)();
        grown = heapBytes() - bytes;
        return good(call, input);
      },
      steps + 1,
    );
    expect(grown).toBeGreaterThan(0);
    expect(result).toEqual(expected);
    clean();
  });

  test("grows under a kernel's own results", async () => {
    const { backend, clean } = await opened("wasm");
    const bytes = heapBytes();
    const shape = [2 ** 22];
    const answer = await sample(plan, {
      models: functionModel((input) => Float32Array.from(input, (value) => value / 10)),
      backend,
      shape,
      noise: (_, step) => new Float32Array(shape[0]!).fill(step + 1),
    });
    expect(heapBytes()).toBeGreaterThan(bytes);
    const data = answer.results[0]!.data;
    // Four steps of x' = x - x/10, noise 0.3 (k+1) after all but the last.
    let x = 4;
    for (let k = 0; k < steps; k++) x = x - x / 10 + (k < steps - 1 ? 0.3 * (k + 1) : 0);
    expect(data[0]).toBeCloseTo(x, 5);
    expect(data.every((value) => value === data[0])).toBe(true);
    clean();
  });

  test("is full in the middle of a run", async () => {
    const { backend, clean } = await opened("wasm");
    const whole = await runWith(backend, good, -1);
    let release = (): void => undefined;
    const failure = await failureOf(
      runWith(
        backend,
        (call, input) => {
          release = reserve(backend, 2 ** 28, () => false);
          return good(call, input);
        },
        steps + 1,
      ),
    );
    release();
    expect(failure.message).toMatch(/^D0707: step 1 of 4 \(euler\), after call 1: there is no memory/);
    expect(failure.partial.count).toBe(2);
    expect(failure.partial.results[0]!.data).toEqual(whole.results[0]!.data.slice(0, 30));
    expect((await runWith(backend, good, -1)).results).toEqual(whole.results);
    clean();
  });
});
