// The WebAssembly that is emitted: valid, independent of the size of the heap, bounded, and right at the ends of memory.

import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, test } from "vitest";
import type { KernelNode } from "../../../compiler/plan/schema.js";
import { scalarNodes } from "../../../runtime/backends/scalarOps.js";
import { openBackend, type Backend, type Tensor } from "../../../runtime/index.js";
import { lower } from "../../../runtime/kernels/lower.js";
import { emitTape } from "../../../runtime/kernels/wasm/emit.js";
import { encodeModule } from "../../../runtime/kernels/wasm/encode.js";
import { PARAMETER_BYTES, WasmEngine } from "../../../runtime/kernels/wasm/engine.js";
import { emitNoise, emitScan } from "../../../runtime/kernels/wasm/noise.js";
import { isValid, type WasmMemory } from "../../../runtime/kernels/wasm/platform.js";
import { kernel } from "../../support/plans.js";
import { allOps, arities, bitsOf, runCase } from "./support.js";

const tapeOf = (given: ReturnType<typeof kernel>) => lower(given, scalarNodes(given), given.outputs);

describe("modules", () => {
  test.each(allOps)("%s is valid, for a plain and for a shared memory", (op) => {
    const given = kernel(["x0", "x1", "s0", [op, ...[0, 1, 2].slice(0, arities[op])]]);
    for (const shared of [null, 65536]) {
      for (const invariant of [
        [false, false],
        [true, false],
        [true, true],
      ]) {
        expect(isValid(encodeModule({ run: emitTape(tapeOf(given), invariant) }, shared))).toBe(true);
      }
    }
  });

  test("noise and scans are valid", () => {
    for (const kind of ["normal", "rademacher", "gumbel"] as const) {
      expect(isValid(encodeModule({ run: emitNoise(kind) }, null))).toBe(true);
    }
    expect(isValid(encodeModule({ run: emitScan() }, 100))).toBe(true);
  });

  test("a linear kernel is small and in the order of the plan: no operation is contracted", () => {
    const given = kernel(["x0", "s0", "x1", "s1", ["mul", 0, 1], ["mul", 2, 3], ["add", 4, 5]]);
    const bytes = encodeModule({ run: emitTape(tapeOf(given), [false, false]) }, null);
    expect(bytes.length).toBeLessThan(1000);
    const names = tapeOf(given).values.flatMap((value) => (value.kind === "op" ? [value.prim] : []));
    expect(names).toEqual(["mul", "mul", "add"]);
  });
});

test("results do not reach beyond their tensor, at any length", () => {
  const Memory = (globalThis as unknown as { WebAssembly: { Memory: new (limits: object) => WasmMemory } })
    .WebAssembly.Memory;
  const memory = new Memory({ initial: 1 });
  const end = memory.buffer.byteLength;
  const code = new WasmEngine(memory, 8192).compile(
    tapeOf(kernel(["x0", "x1", "s0", ["mul", 1, 2], ["add", 0, 3]])),
    [false, false],
  );
  for (let count = 1; count <= 67; count++) {
    const heap = new Float32Array(memory.buffer);
    heap.fill(-7);
    // The second input ends with the memory, the result in the middle of it.
    const [a, b, out] = [1024, end - 4 * count, 4096] as const;
    for (let i = 0; i < count; i++) {
      heap[a / 4 + i] = i;
      heap[b / 4 + i] = 2 * i;
    }
    expect(code.run(count, [a, b, out], [0, 0, 0], Float32Array.of(0.5))).toBe(true);
    expect([...heap.subarray(out / 4, out / 4 + count)]).toEqual(
      Array.from({ length: count }, (_, i) => 2 * i),
    );
    expect([heap[out / 4 - 1], heap[out / 4 + count]]).toEqual([-7, -7]);
    // Nor do the parameters beyond their place.
    expect([heap[8192 / 4 - 1], heap[(8192 + PARAMETER_BYTES) / 4]]).toEqual([-7, -7]);
  }
});

test("results whose sum is too large are known to be finite without another look", async () => {
  const backend = await openBackend("wasm");
  const x = backend.upload(new Float32Array(100).fill(3e38), [100]);
  const [y] = backend.dispatch(backend.prepare(kernel(["x0", ["neg", 0]])), [x], [], [true]);
  const moved = backend.meter.bytesMoved;
  expect(await backend.finite(y!)).toBe(true);
  expect(backend.meter.bytesMoved).toBe(moved);
  backend.free(y!);
});

describe("memory", () => {
  const addressOf = (backend: Backend, tensor: Tensor): number => {
    const { memoryOffset } = (
      tf.findBackend("wasm") as unknown as { dataIdMap: { get(id: object): { memoryOffset: number } } }
    ).dataIdMap.get((backend.tf!.unwrap(tensor) as tf.Tensor).dataId);
    return memoryOffset;
  };

  test("tensors begin with lines of the cache whatever lies between them, together or a good way apart modulo 4096", async () => {
    const backend = await openBackend("wasm");
    for (const size of [16, 16384, 65536, 262144, 16384]) {
      const tensors = [1, 2, 3, 4, 5].map(() => backend.upload(new Float32Array(size), [size]));
      const addresses = tensors.map((tensor) => addressOf(backend, tensor));
      expect(addresses.map((address) => address % 512)).toEqual([0, 0, 0, 0, 0]);
      for (const tensor of tensors) backend.free(tensor);
    }
    backend.dispose();
  });

  test("whoever is last to use a tensor gives its whole block back", async () => {
    const backend = await openBackend("wasm");
    const { wasm } = tf.findBackend("wasm") as unknown as {
      wasm: { asm: { memory: WasmMemory }; wasmMemory?: WasmMemory };
    };
    const memory = wasm.wasmMemory ?? wasm.asm.memory;
    const data = new Float32Array(1 << 18).fill(3);
    const round = (): void => {
      // The backend, the user with a clone that outlives the tensor, the user with a tensor that was taken over.
      backend.free(backend.upload(data, [data.length]));
      const shared = backend.upload(data, [data.length]);
      const clone = tf.clone(backend.tf!.unwrap(shared) as tf.Tensor);
      backend.free(shared);
      const other = backend.upload(
        data.map((x) => -x),
        [data.length],
      );
      expect(clone.dataSync()[data.length - 1]).toBe(3);
      clone.dispose();
      backend.free(other);
      const taken = tf.tensor1d(data);
      backend.free(backend.tf!.adopt(taken));
    };
    round();
    const size = memory.buffer.byteLength;
    for (let k = 0; k < 60; k++) round();
    expect(memory.buffer.byteLength).toBe(size);
    backend.dispose();
  });

  test("a step writes where the step before has freed, and in the end tfjs has everything back", async () => {
    const backend = await openBackend("wasm");
    const held = (): number => (tf.findBackend("wasm") as { numDataIds(): number }).numDataIds();
    const before = held();
    const executable = backend.prepare(kernel(["x0", ["neg", 0]]));
    const x = backend.upload(new Float32Array(64), [64]);
    const counts = [1, 2, 3, 4].map(() => {
      const [y] = backend.dispatch(executable, [x], [], [false]);
      backend.free(y!);
      return held() - before;
    });
    expect(counts).toEqual([2, 2, 2, 2]);
    for (let size = 1; size < 20; size++) backend.free(backend.upload(new Float32Array(size), [size]));
    // What is kept is bounded.
    expect(held() - before).toBeLessThanOrEqual(5);
    backend.free(x);
    backend.dispose();
    expect(held()).toBe(before);
  });
});

test("kernels made before the heap grows are right after it", async () => {
  const backend = await openBackend("wasm");
  const inner = tf.backend() as unknown as {
    wasm: { wasmMemory?: WasmMemory; asm: { memory: WasmMemory } };
  };
  const memory = inner.wasm.wasmMemory ?? inner.wasm.asm.memory;
  const executable = backend.prepare(kernel(["x0", "s0", ["mul", 0, 1]]));
  const x = backend.upload(Float32Array.of(1, 2, 3), [3]);
  const [before] = backend.dispatch(executable, [x], [2], [false]);
  const old = memory.buffer;
  const held = [];
  while (memory.buffer === old) held.push(backend.upload(new Float32Array(1 << 21), [1 << 21]));
  const [after] = backend.dispatch(executable, [before!], [5], [true]);
  expect([...(await backend.download(after!))]).toEqual([10, 20, 30]);
  expect([...(await backend.download(x))]).toEqual([1, 2, 3]);
  for (const tensor of [x, after!, ...held]) backend.free(tensor);
  expect(backend.liveTensors()).toBe(0);
});

test("a kernel too large for one function runs by blocks, with the same bits", async () => {
  const nodes: KernelNode[] = [
    { op: "input", index: 0 },
    { op: "scalar", index: 0 },
  ];
  for (let i = 0; i < 3000; i++) {
    nodes.push({ op: i % 2 === 0 ? "mul" : "add", args: [nodes.length - 1, i % 3 === 0 ? 0 : 1] });
    if (i % 100 === 0) nodes.push({ op: "logistic", args: [nodes.length - 1] });
  }
  const given = {
    kernel: { key: "long", inputs: 1, scalars: 1, nodes, outputs: [nodes.length - 1] },
    shapes: [[3, 500]],
    data: [Float32Array.from({ length: 1500 }, (_, i) => Math.sin(i))],
    scalars: [0.99],
    donated: [true],
  };
  const [one] = await runCase(await openBackend("cpu"), given);
  const [other] = await runCase(await openBackend("wasm"), given);
  expect(bitsOf(other!.data)).toEqual(bitsOf(one!.data));
  expect(one!.data.every(Number.isFinite)).toBe(true);
});

test("a tensor that tfjs still holds is not written over", async () => {
  for (const name of ["cpu", "wasm"]) {
    const backend = await openBackend(name);
    const before = tf.memory().numTensors;
    const x = backend.upload(Float32Array.of(1, 2, 3, 4), [4]);
    const view = tf.reshape(backend.tf!.unwrap(x) as tf.Tensor, [2, 2]);
    const [y] = backend.dispatch(backend.prepare(kernel(["x0", ["neg", 0]])), [x], [], [true]);
    expect([...view.dataSync()]).toEqual([1, 2, 3, 4]);
    expect([...(await backend.download(y!))]).toEqual([-1, -2, -3, -4]);
    view.dispose();
    backend.free(y!);
    expect(tf.memory().numTensors).toBe(before);
  }
});

test("a result in the memory of an input that tfjs saw has its own shape there", async () => {
  for (const name of ["cpu", "wasm"]) {
    const backend = await openBackend(name);
    const before = tf.memory().numTensors;
    const x = backend.upload(Float32Array.of(1, 2, 3), [3]);
    const y = backend.upload(Float32Array.of(1, 1, 1), [1, 1, 3]);
    backend.tf!.unwrap(x);
    const [sum] = backend.dispatch(
      backend.prepare(kernel(["x0", "x1", ["add", 0, 1]])),
      [x, y],
      [],
      [true, true],
    );
    const shared = backend.tf!.unwrap(sum!) as tf.Tensor;
    expect(shared.shape).toEqual([1, 1, 3]);
    expect([...shared.dataSync()]).toEqual([2, 3, 4]);
    backend.free(sum!);
    expect([backend.liveTensors(), tf.memory().numTensors]).toEqual([0, before]);
  }
});
