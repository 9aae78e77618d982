// Faults in the middle of a run: a clear error that names step and call, and nothing left behind.

import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import { BlockEngine } from "../../../runtime/kernels/blocks.js";
import { noRoom } from "../../../runtime/backends/checks.js";
import { FusedBackend, type Store } from "../../../runtime/backends/fused.js";
import {
  functionModel,
  openBackend,
  sample,
  type Backend,
  type HostArray,
  type ModelCall,
  type ModelResult,
} from "../../../runtime/index.js";
import { combined, eulerPlan, kernel } from "../../support/plans.js";

const steps = eulerPlan([4, 3, 2, 1, 0], 0.3);

type Answer = (call: ModelCall, input: HostArray) => HostArray | ModelResult;
const zeros = (input: HostArray): Float32Array => new Float32Array(input.length);

/** A run whose third call answers with `answer`. */
const runWith = (backend: Backend, answer: Answer): Promise<unknown> =>
  sample(steps, {
    models: functionModel((input, _, call) => (call.call === 2 ? answer(call, input) : zeros(input))),
    backend,
    shape: [3, 5],
    count: 2,
  });

const unwrap = (call: ModelCall): tf.Tensor => call.state.backend.tf!.unwrap(call.state.tensor) as tf.Tensor;
const adopt = (call: ModelCall, tensor: tf.Tensor): ModelResult => ({
  raw: call.state.backend.tf!.adopt(tensor),
});

const faults: readonly (readonly [string, Answer, RegExp])[] = [
  ["NaN", (_, input) => zeros(input).fill(NaN, 7, 8), /D0701.*step 2.*call 2.*1 of 30 values/],
  ["a wrong number of values", () => new Float32Array(29), /D0603.*step 2.*call 2.*29 numbers, not 30/],
  ["a wrong shape", (call) => adopt(call, tf.zeros([2, 5, 3])), /D0603.*step 2.*call 2.*shape \[2, 5, 3\]/],
  ["integers", (call) => adopt(call, tf.zeros([2, 3, 5], "int32")), /D0705.*step 2.*call 2.*int32/],
  [
    "a disposed tensor",
    (call) => {
      const tensor = tf.zeros([2, 3, 5]);
      tensor.dispose();
      return adopt(call, tensor);
    },
    /D0705.*step 2.*call 2.*is disposed/,
  ],
  [
    "after it disposed the state",
    (call, input) => {
      unwrap(call).dispose();
      return zeros(input);
    },
    /D0705.*step 2.*call 2.*disposed a tensor of the run/,
  ],
  [
    "the state itself",
    (call) => ({ raw: call.state.tensor }),
    /D0705.*step 2.*call 2.*is a tensor of the run/,
  ],
  [
    "nothing: it throws",
    () => {
      throw new Error("no answer");
    },
    /D0705.*step 2.*call 2.*no answer/,
  ],
];

describe.each(["cpu", "wasm"])("%s", (name) => {
  test.each(faults)("a model returns %s", async (what, answer, message) => {
    const backend = await openBackend(name);
    const before = tf.memory().numTensors;
    await expect(runWith(backend, answer)).rejects.toThrow(message);
    expect(backend.liveTensors()).toBe(0);
    expect(backend.meter.liveBytes).toBe(0);
    // What the model made and the run never took stays the model's.
    expect(tf.memory().numTensors - before).toBe(what === "integers" ? 1 : 0);
    await runWith(backend, (_, input) => zeros(input));
    expect(backend.liveTensors()).toBe(0);
  });
});

/** Arrays, of which there are only so many. */
class SmallStore implements Store<Float32Array, Float32Array> {
  held = 0;
  constructor(public room: number) {}

  allocate(size: number): Float32Array {
    if (this.held >= this.room) return noRoom(size);
    this.held += 1;
    return new Float32Array(size);
  }
  release(): void {
    this.held -= 1;
  }
  intact(): boolean {
    return true;
  }
  locate(buffer: Float32Array): Float32Array {
    return buffer;
  }
  view(buffer: Float32Array, size: number): Float32Array {
    return buffer.subarray(0, size);
  }
  exclusive(): boolean {
    return true;
  }
  part(buffer: Float32Array, start: number, size: number): Float32Array {
    return buffer.subarray(start, start + size);
  }
  share(): never {
    throw new Error("no tfjs here");
  }
  adopt(): never {
    throw new Error("no tfjs here");
  }
  dispose(): void {
    // Nothing was kept.
  }
}

describe("when memory runs out", () => {
  test.each([1, 2, 3, 4])(
    "with room for %d tensors a run ends with D0707 and leaves nothing",
    async (room) => {
      const store = new SmallStore(room);
      const backend = new FusedBackend("small", store, new BlockEngine());
      const run = runWith(backend, (_, input) => zeros(input));
      // The state, the model's result, a tile of noise.
      if (room < 3) await expect(run).rejects.toThrow("D0707");
      else await run;
      expect(backend.liveTensors()).toBe(0);
      backend.dispose();
      expect(store.held).toBe(0);
    },
  );

  test("a kernel that finds no room gives up nothing", () => {
    const store = new SmallStore(3);
    const backend = new FusedBackend("small", store, new BlockEngine());
    const x = backend.upload(Float32Array.of(1, 2), [2]);
    const y = backend.upload(Float32Array.of(1, 2), [2]);
    // Two results fit in place, the third takes the last room, the fourth finds none.
    const executable = backend.prepare(kernel(["x0", "x1", ["add", 0, 1], ["mul", 0, 1]], [2, 3, 2, 3]));
    expect(() => backend.dispatch(executable, [x, y], [], [true, true])).toThrow("D0707");
    expect([backend.liveTensors(), store.held]).toEqual([2, 2]);
    backend.free(x);
    backend.free(y);
  });

  test("a tensor beyond the address space of wasm is refused", async () => {
    const backend = await openBackend("wasm");
    const column = backend.upload(new Float32Array(40000), [40000, 1]);
    const row = backend.upload(new Float32Array(40000), [1, 40000]);
    expect(() => backend.dispatch(backend.prepare(combined), [column, row], [1, 1], [true, true])).toThrow(
      "D0707",
    );
    expect(backend.liveTensors()).toBe(2);
    backend.free(column);
    backend.free(row);
  });
});
