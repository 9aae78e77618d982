// Owns: the backend on a WebGPU device that it shares with tfjs: tensors are tfjs' tensors, kernels are WGSL of our own,
// one dispatch each, whose results go over inputs that die in them. Noise is left unmade until it is used; a kernel that is
// its only user makes it on the way.

import type * as tfjs from "@tensorflow/tfjs-core";
import { fail } from "../../../compiler/diagnostics/report.js";
import type { Kernel, Per, ReduceFn } from "../../../compiler/plan/schema.js";
import type {
  Backend,
  Executable,
  HostArray,
  Looks,
  Outline,
  Rows,
  Shape,
  Tensor,
  TfInterop,
  Warming,
} from "../../backend.js";
import { Meter } from "../../meter.js";
import { checkRequest, type NoiseRequest } from "../../noise/noise.js";
import { reducedShape, sizeOf } from "../../shapes.js";
import { checkFill, checkIntact, checkReduction } from "../checks.js";
import { kernelStructure } from "../scalarOps.js";
import { SharedTensors } from "../shared.js";
import { Siblings } from "../siblings.js";
import { Device, type Buffer, type Stamp } from "./device.js";
import { fillWords, GpuExecutable, gridOf, type Binding, type Choice, type Variant } from "./executable.js";
import { GpuLooks, type Known } from "./looks.js";
import type { TfGpu } from "./platform.js";
import * as text from "./reduce.js";
import { GpuReductions, groupsOf } from "./reductions.js";

type Tf = typeof tfjs;

/** Memory with the tf.Tensor over it, once there is one. */
interface Memory {
  readonly buffer: Buffer;
  readonly tensor: tfjs.Tensor | null;
}

class Handle implements Known {
  readonly size: number;
  finite: Known["finite"] = false;
  /** The tf.Tensor over the buffer, once there is one; of a part, that over the whole. */
  tensor: tfjs.Tensor | null = null;
  /** Those it shares memory with: `buffer` is a part, and is not written over, or the rest of the memory would stay unused. */
  siblings: Siblings<Memory> | null = null;

  /** `buffer` is null while the noise of `request` has not been made. */
  constructor(
    readonly shape: Shape,
    public buffer: Buffer | null,
    readonly request: NoiseRequest | null = null,
  ) {
    this.size = sizeOf(shape);
  }
}

/** Memory that a dispatch has filled. */
interface Result {
  readonly buffer: Buffer;
  finite: Known["finite"];
}

/** What makes a tensor of noise. */
const identity: Kernel = {
  key: "identity",
  inputs: 1,
  scalars: 0,
  nodes: [{ op: "input", index: 0 }],
  outputs: [0],
};

export class WebGpuBackend implements Backend {
  readonly name = "webgpu";
  readonly floatBits = 32;
  readonly meter = new Meter(4);
  readonly device: Device;
  readonly tf: TfInterop;
  readonly rows: Rows = {
    repeat: (tensor, times) => {
      const handle = this.#handle(tensor);
      const buffer = this.#buffer(handle);
      const [samples = 1, ...rest] = handle.shape;
      const copy = this.#make([samples * times, ...rest], this.device.allocate(handle.size * times));
      for (let k = 0; k < times; k++) this.device.copy(buffer, 0, copy.buffer!, k * handle.size, handle.size);
      copy.finite = handle.finite;
      return copy;
    },
    split: (tensor, parts) => {
      const handle = this.#handle(tensor);
      const whole = this.#own(handle);
      const [samples = 1, ...rest] = handle.shape;
      const shape = [samples / parts, ...rest];
      const size = handle.size / parts;
      const { finite, tensor: inside } = handle;
      if (!this.device.dividesInto(size)) return this.#copies(handle, whole, shape, parts);
      const siblings = new Siblings<Memory>({ buffer: whole, tensor: inside }, parts);
      this.#forget(handle);
      return Array.from({ length: parts }, (_, k) => {
        const part = new Handle(shape, { dataId: whole.dataId, size, start: k * size });
        part.finite = finite;
        part.tensor = inside;
        part.siblings = siblings;
        this.#live.add(part);
        this.meter.allocate(size);
        return part;
      });
    },
  };
  readonly #core: Tf;
  readonly #tfGpu: tfjs.KernelBackend;
  readonly #shared: SharedTensors;
  readonly #reductions: GpuReductions;
  readonly #live = new Set<Handle>();
  readonly #cache = new Map<string, GpuExecutable>();

  readonly warm: Warming = {
    dispatch: (executable, inputs, donated) => this.#warm(executable as GpuExecutable, inputs, donated),
    reduce: (fn, per, inputs) => this.#reductions.warm(fn, groupsOf(inputs[0]!.shape, per)),
    store: (noise) => this.#warm(this.#prepare(identity), [noise], [true]),
    looks: () => {
      this.device.compile(text.finiteText, "dsamp finite");
      this.device.compile(text.recordText, "dsamp record");
    },
  };

  /** tfjs' backend `webgpu` must be registered and ready. */
  constructor(core: Tf) {
    this.#core = core;
    this.#shared = new SharedTensors(core);
    this.#tfGpu = core.findBackend("webgpu");
    this.device = new Device(this.#tfGpu as unknown as TfGpu);
    this.#reductions = new GpuReductions(this.device);
    this.tf = {
      backend: "webgpu",
      unwrap: (tensor) => this.#share(this.#handle(tensor)),
      adopt: (value) => this.#adopt(this.#shared.take(value)),
      intact: (tensor) => this.#handle(tensor).tensor?.isDisposed !== true,
    };
  }

  upload(data: HostArray, shape: Shape): Tensor {
    checkFill(data, shape);
    // tfjs keeps the array it is given.
    const values = Float32Array.from(data);
    const handle = this.#make([...shape], this.device.upload(values));
    handle.finite = values.every((value) => Number.isFinite(value));
    this.meter.uploads += 1;
    return handle;
  }

  async download(tensor: Tensor): Promise<HostArray> {
    const handle = this.#handle(tensor);
    const data = await this.device.read(this.#buffer(handle));
    this.meter.downloads += 1;
    this.meter.move(handle.size);
    return data;
  }

  prepare(kernel: Kernel): Executable {
    return this.#prepare(kernel);
  }

  #prepare(kernel: Kernel): GpuExecutable {
    if (kernel.wide !== undefined) throw new Error("the backend 'webgpu' has no float64");
    const structure = kernelStructure(kernel);
    let executable = this.#cache.get(structure);
    if (executable === undefined) {
      executable = new GpuExecutable(kernel, this.device);
      this.#cache.set(structure, executable);
    }
    return executable;
  }

  #warm(ready: GpuExecutable, inputs: readonly Outline[], donated: readonly boolean[]): void {
    const binding = ready.bind(inputs.map(({ shape }) => shape));
    const requests = inputs.map(({ shape, noise }, i): NoiseRequest | null => {
      if (noise === null) return null;
      // Of a request only its distribution and shape are compiled.
      const seed = { low: 0, high: 0 };
      const request = { distribution: noise, seed, key: 0, step: 0, pass: 0, firstSample: 0, shape };
      if (donated[i] === true && binding.once[i] === true) return request;
      this.warm.store({ shape, noise, part: false });
      return null;
    });
    // Results of a network are parts, which nothing is written over, unless it gives them as numbers of the host.
    for (const isPart of [true, false]) {
      const candidates = inputs.map(({ shape, part }, i) => {
        const size = sizeOf(shape);
        const isFree = requests[i] === null && !(isPart && part && this.device.dividesInto(size));
        return donated[i] === true && isFree ? size : null;
      });
      const { passes, over } = ready.choose(binding, candidates);
      for (const pass of passes) ready.variant(pass, requests, over);
    }
  }

  dispatch(
    executable: Executable,
    inputs: readonly Tensor[],
    scalars: readonly number[],
    donated: readonly boolean[],
  ): Tensor[] {
    const ready = executable as GpuExecutable;
    const handles = inputs.map((tensor) => this.#handle(tensor));
    const binding = ready.bind(inputs.map(({ shape }) => shape));
    handles.forEach((handle, i) => {
      // Noise that dies here is made on the way; noise that is needed again becomes a tensor.
      if (!(handle.buffer === null && donated[i] === true && binding.once[i] === true)) this.#buffer(handle);
      if (handle.buffer !== null) this.meter.move(handle.size);
    });
    const choice = ready.choose(
      binding,
      handles.map((handle, i) => (donated[i] === true && this.#isFree(handle) ? handle.size : null)),
    );
    const { over } = choice;
    const results = this.#run(ready, binding, choice, handles, scalars);
    this.meter.dispatches += 1;
    const inside = over.map((input) => handles[input]?.tensor ?? null);
    for (const input of over) if (input >= 0) this.#forget(handles[input]!);
    const made = results.map(({ buffer, finite }, i) => {
      const handle = this.#make(binding.outputs[i]!, buffer);
      handle.finite = finite;
      handle.tensor = inside[i]!;
      return handle;
    });
    donated.forEach((gone, i) => {
      if (gone && !over.includes(i)) this.free(handles[i]!);
    });
    return made;
  }

  /** Computes all outputs; when it throws, nothing is kept. Handles without a buffer are noise to be made on the way. */
  #run(
    ready: GpuExecutable,
    binding: Binding,
    { passes, over }: Choice,
    handles: readonly Handle[],
    scalars: readonly number[],
  ): Result[] {
    const numbers = ready.numbers(scalars);
    const requests = handles.map(({ buffer, request }) => (buffer === null ? request : null));
    const made: Buffer[] = [];
    try {
      const results = binding.outputs.map((shape, i): Result => {
        const input = over[i]!;
        if (input >= 0) return { buffer: handles[input]!.buffer!, finite: false };
        const isNumber = binding.numbers.includes(i);
        const number = Float32Array.of(isNumber ? numbers[ready.kernel.outputs[i]!]! : 0);
        const buffer = isNumber ? this.device.upload(number) : this.device.allocate(sizeOf(shape));
        made.push(buffer);
        return { buffer, finite: isNumber && Number.isFinite(number[0]) };
      });
      for (const pass of passes) {
        const stamp = this.device.nextStamp();
        const own = pass.outputs.map((position) => results[position]!);
        const buffers = own.map(({ buffer }) => buffer);
        this.#runPass(ready.variant(pass, requests, over), handles, requests, numbers, buffers, stamp);
        for (const result of own) result.finite = stamp;
      }
      return results;
    } catch (error) {
      for (const buffer of made) this.device.release(buffer);
      throw error;
    }
  }

  #runPass(
    variant: Variant,
    handles: readonly Handle[],
    requests: readonly (NoiseRequest | null)[],
    numbers: readonly (number | undefined)[],
    results: readonly Buffer[],
    stamp: Stamp,
  ): void {
    const { device } = this;
    const shared = variant.packed.length === 0 ? [] : [device.allocate(variant.packedSize)];
    try {
      for (const { input, at } of variant.packed)
        device.copy(handles[input]!.buffer!, 0, shared[0]!, at, handles[input]!.size);
      const own = variant.own.map((input) => handles[input]!.buffer!);
      const words = fillWords(variant, numbers, requests, stamp);
      device.run(variant.shader, words, [device.flags, ...own, ...shared, ...results], variant.grid);
    } finally {
      for (const buffer of shared) device.release(buffer);
    }
  }

  reduce(fn: ReduceFn, per: Per, inputs: readonly Tensor[], parameter: number | null): Tensor {
    checkReduction(fn, inputs);
    const handles = inputs.map((tensor) => this.#handle(tensor));
    const buffers = handles.map((handle) => this.#buffer(handle));
    const { shape } = handles[0]!;
    const result = this.#reductions.run(fn, groupsOf(shape, per), buffers, parameter);
    this.meter.reductions += 1;
    for (const handle of handles) this.meter.move(handle.size);
    return this.#make(reducedShape(shape, per), result);
  }

  draw(request: NoiseRequest): Tensor {
    checkRequest(request);
    this.meter.draws += 1;
    const handle = new Handle([...request.shape], null, request);
    handle.finite = true;
    this.#live.add(handle);
    return handle;
  }

  async finite(tensor: Tensor): Promise<boolean> {
    const looks = this.looks();
    try {
      looks.start(tensor);
      return (await looks.end())[0] === null;
    } finally {
      looks.drop();
    }
  }

  looks(): Looks {
    const { device } = this;
    const locate = (known: Known): Buffer => this.#buffer(this.#handle(known));
    return new GpuLooks(
      device,
      (tensor) => this.#handle(tensor),
      locate,
      (known) => this.#search(known),
    );
  }

  /** Looks at all elements, and notes the stamp that tells. */
  #search(known: Known): Stamp {
    const handle = this.#handle(known);
    const stamp = this.device.nextStamp();
    const words = new Uint32Array(4);
    words.set([handle.size, stamp.stamp, stamp.slot], text.finiteWords.count);
    const shader = this.device.compile(text.finiteText, "dsamp finite");
    const grid = this.#grid(Math.ceil(handle.size / text.LANES));
    this.device.run(shader, words.buffer, [this.device.flags, this.#buffer(handle)], grid);
    this.meter.move(handle.size);
    return (handle.finite = stamp);
  }

  free(tensor: Tensor): void {
    const handle = this.#handle(tensor);
    const { buffer, tensor: inside, siblings } = handle;
    this.#forget(handle);
    if (siblings !== null) this.#leave(handle, siblings);
    else if (buffer !== null) this.#release({ buffer, tensor: inside });
  }

  /** Ends a handle without giving back its memory. */
  #forget(handle: Handle): void {
    this.#live.delete(handle);
    if (handle.buffer !== null && handle.siblings === null) this.meter.release(handle.size);
    handle.buffer = null;
  }

  #leave({ size }: Handle, siblings: Siblings<Memory>): void {
    if (siblings.leave(this.meter, size)) this.#release(siblings.whole);
  }

  #release({ buffer, tensor }: Memory): void {
    if (tensor === null) this.device.release(buffer);
    else if (!tensor.isDisposed) tensor.dispose();
  }

  /** Whether a tensor's memory may be written over when it dies. */
  #isFree({ buffer, tensor, siblings }: Handle): boolean {
    return buffer !== null && siblings === null && (tensor === null || this.device.exclusive(buffer));
  }

  /** Equal parts of a tensor, each in memory of its own, for devices that cannot bind them where they lie. */
  #copies(handle: Handle, whole: Buffer, shape: Shape, parts: number): Handle[] {
    const size = handle.size / parts;
    const buffers = this.#allocate(Array<number>(parts).fill(size));
    buffers.forEach((copy, k) => this.device.copy(whole, k * size, copy, 0, size));
    const copies = buffers.map((copy) => this.#make(shape, copy));
    for (const copy of copies) copy.finite = handle.finite;
    this.free(handle);
    return copies;
  }

  /** The memory of a tensor, shared with no other: tfjs knows no parts. */
  #own(handle: Handle): Buffer {
    const part = this.#buffer(handle);
    const { siblings, size } = handle;
    if (siblings === null) return part;
    const buffer = this.device.allocate(size);
    this.device.copy(part, 0, buffer, 0, size);
    this.meter.allocate(size);
    this.meter.move(2 * size);
    handle.buffer = buffer;
    handle.tensor = null;
    handle.siblings = null;
    this.#leave(handle, siblings);
    return buffer;
  }

  liveTensors(): number {
    return this.#live.size;
  }

  dispose(): void {
    for (const handle of [...this.#live]) this.free(handle);
    this.#cache.clear();
    this.device.dispose();
  }

  #grid(workgroups: number): readonly [number, number] {
    return gridOf(workgroups, this.device.tfjs.device.limits.maxComputeWorkgroupsPerDimension);
  }

  #share(handle: Handle): tfjs.Tensor {
    const tf = this.#core;
    if (tf.findBackend("webgpu") !== this.#tfGpu)
      fail("D0705", "tfjs' backend 'webgpu' was replaced while the run had tensors on it");
    if (tf.getBackend() !== "webgpu") void tf.setBackend("webgpu");
    const { dataId } = this.#own(handle);
    return (handle.tensor = this.#shared.give(handle.tensor, handle.shape, () =>
      tf.engine().makeTensorFromDataId(dataId, [...handle.shape], "float32", this.#tfGpu),
    ));
  }

  #adopt(tensor: tfjs.Tensor): Tensor {
    // `get` fetches the data when another tfjs backend has it.
    this.device.tfjs.tensorMap.get(tensor.dataId);
    const handle = this.#make(tensor.shape, { dataId: tensor.dataId, size: tensor.size });
    handle.tensor = tensor;
    return handle;
  }

  /** Buffers of these sizes; when there is no room nothing is kept. */
  #allocate(sizes: readonly number[]): Buffer[] {
    const buffers: Buffer[] = [];
    try {
      for (const size of sizes) buffers.push(this.device.allocate(size));
      return buffers;
    } catch (error) {
      for (const buffer of buffers) this.device.release(buffer);
      throw error;
    }
  }

  #make(shape: Shape, buffer: Buffer): Handle {
    const handle = new Handle(shape, buffer);
    this.#live.add(handle);
    this.meter.allocate(handle.size);
    this.meter.move(handle.size);
    return handle;
  }

  #handle(tensor: Tensor): Handle {
    if (!(tensor instanceof Handle) || !this.#live.has(tensor))
      throw new Error("this tensor was freed, or belongs to another backend");
    return tensor;
  }

  /** The buffer of a tensor; makes its noise when that was put off. Throws D0705 when the model disposed the tensor. */
  #buffer(handle: Handle): Buffer {
    checkIntact(handle.tensor);
    if (handle.buffer !== null) return handle.buffer;
    const ready = this.#prepare(identity);
    const binding = ready.bind([handle.shape]);
    const [made] = this.#run(ready, binding, ready.choose(binding, [null]), [handle], []);
    this.meter.allocate(handle.size);
    this.meter.move(handle.size);
    return (handle.buffer = made!.buffer);
  }
}
