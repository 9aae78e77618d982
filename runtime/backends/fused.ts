// Owns: a backend of float32 tensors in one memory, with one pass over memory per kernel. What the memory is, and how
// a pass is run, is handed in. Noise is left unmade until it is used; a kernel that is its only user makes it on the way.

import type { Kernel, Per, ReduceFn } from "../../compiler/plan/schema.js";
import type { Backend, Executable, HostArray, Rows, Shape, Tensor, TfInterop } from "../backend.js";
import type { Engine } from "../kernels/engine.js";
import { gather } from "../kernels/layout.js";
import { Meter } from "../meter.js";
import { checkRequest, type NoiseRequest } from "../noise/noise.js";
import { reducedShape, sizeOf } from "../shapes.js";
import { checkFill, checkReduction } from "./checks.js";
import { FusedExecutable, type Pass } from "./executable.js";
import { foldReduce } from "./foldReduce.js";
import { areTogether, hostReduce } from "./hostReduce.js";
import { planReuse } from "./reuse.js";
import { kernelStructure } from "./scalarOps.js";
import { Siblings } from "./siblings.js";

/** Elements of a tile: noise and gathered inputs are made this many at a time, and used while they are in the cache. */
const TILE = 2048;
/** Noise is written in groups of 16. */
const SLACK = 16;

/** Memory for float32 elements. Addresses and views are good until the next `allocate`. */
export interface Store<Buffer, Memory> {
  /** Throws D0707 when there is no room. */
  allocate(size: number): Buffer;
  release(buffer: Buffer): void;
  /** False when somebody disposed the tf.Tensor over the buffer. */
  intact(buffer: Buffer): boolean;
  /** Throws D0705 when somebody disposed the tf.Tensor over the buffer, as `view` does. */
  locate(buffer: Buffer): Memory;
  view(buffer: Buffer, size: number): Float32Array;
  /** Whether nobody else reads the buffer. */
  exclusive(buffer: Buffer): boolean;
  /** The same memory as a tf.Tensor, which belongs to the buffer. */
  share(buffer: Buffer, shape: Shape): unknown;
  /** Takes over a tf.Tensor. */
  adopt(value: unknown): { readonly buffer: Buffer; readonly shape: Shape };
  /** `size` elements of a buffer from `start` on: to locate and to view, never to share or release. */
  part(buffer: Buffer, start: number, size: number): Buffer;
  /** Gives back what was kept for later. */
  dispose(): void;
}

/** Nothing is written over an input. */
const none: readonly number[] = [];

class Handle<Buffer> implements Tensor {
  readonly size: number;
  /** Where it stands among the live ones of its backend; -1: it was freed. */
  place = -1;
  /** Known to hold finite values only. */
  finite = false;

  /** `buffer` is null while the noise of `request` has not been made. */
  constructor(
    readonly shape: Shape,
    public buffer: Buffer | null,
    readonly request: NoiseRequest | null,
    /** The backend it lives on. */
    readonly owner: object,
    /** Those it shares memory with: `buffer` is a part, and is not written over, or half of the memory would stay unused. */
    public siblings: Siblings<Buffer> | null = null,
  ) {
    this.size = sizeOf(shape);
  }
}

export class FusedBackend<Buffer, Memory> implements Backend {
  readonly floatBits = 32;
  readonly isWide = true;
  readonly meter = new Meter(4);
  readonly tf: TfInterop;
  readonly rows: Rows = {
    repeat: (tensor, times) => {
      const handle = this.#handle(tensor);
      this.#located(handle);
      const [samples = 1, ...rest] = handle.shape;
      const shape = [samples * times, ...rest];
      const copy = this.#register(new Handle(shape, this.store.allocate(sizeOf(shape)), null, this));
      const into = this.#view(copy);
      for (let k = 0; k < times; k++) into.set(this.#view(handle), k * handle.size);
      copy.finite = handle.finite;
      return copy;
    },
    split: (tensor, parts) => {
      const handle = this.#handle(tensor);
      const whole = this.#own(handle);
      // Throws while nothing is given up yet.
      this.store.locate(whole);
      const [samples = 1, ...rest] = handle.shape;
      const size = handle.size / parts;
      const { finite } = handle;
      const siblings = new Siblings(whole, parts);
      this.#forget(handle);
      return Array.from({ length: parts }, (_, k) => {
        const buffer = this.store.part(whole, k * size, size);
        const part = new Handle([samples / parts, ...rest], buffer, null, this, siblings);
        part.finite = finite;
        this.meter.allocate(size);
        return this.#enter(part);
      });
    },
  };
  /** In no order. Not a set, whose entries would be most of what a dispatch of a small tensor takes. */
  readonly #live: Handle<Buffer>[] = [];
  readonly #cache = new Map<string, FusedExecutable<Memory>>();
  readonly #tiles: Buffer[] = [];

  /** `name` is also the name of the tfjs backend the store belongs to. */
  constructor(
    readonly name: string,
    readonly store: Store<Buffer, Memory>,
    readonly engine: Engine<Memory>,
  ) {
    this.tf = {
      backend: name,
      unwrap: (tensor) => {
        const handle = this.#handle(tensor);
        return this.store.share(this.#own(handle), handle.shape);
      },
      adopt: (value) => {
        const { buffer, shape } = this.store.adopt(value);
        return this.#register(new Handle(shape, buffer, null, this));
      },
      intact: (tensor) => {
        const { buffer } = this.#handle(tensor);
        return buffer === null || this.store.intact(buffer);
      },
    };
  }

  upload(data: HostArray, shape: Shape): Tensor {
    checkFill(data, shape);
    const buffer = this.store.allocate(data.length);
    this.store.view(buffer, data.length).set(data);
    this.meter.uploads += 1;
    return this.#register(new Handle([...shape], buffer, null, this));
  }

  download(tensor: Tensor): Promise<HostArray> {
    const view = this.#view(this.#handle(tensor));
    this.meter.downloads += 1;
    this.meter.move(view.length);
    return Promise.resolve(view.slice());
  }

  prepare(kernel: Kernel): Executable {
    const structure = kernelStructure(kernel);
    let executable = this.#cache.get(structure);
    if (executable === undefined) {
      executable = new FusedExecutable(kernel, this.engine);
      this.#cache.set(structure, executable);
    }
    return executable;
  }

  dispatch(
    executable: Executable,
    inputs: readonly Tensor[],
    scalars: readonly number[],
    donated: readonly boolean[],
  ): Tensor[] {
    const ready = executable as FusedExecutable<Memory>;
    // Loops and no closures: small tensors wait for what happens here.
    const handles: Handle<Buffer>[] = [];
    for (let i = 0; i < inputs.length; i++) handles.push(this.#handle(inputs[i]!));
    const binding = ready.bind(handles);
    const candidates: (number | null)[] = [];
    let mayReuse = false;
    for (let i = 0; i < handles.length; i++) {
      const handle = handles[i]!;
      // Noise that dies here is made on the way; noise that is needed again becomes a tensor.
      if (handle.buffer === null && !(donated[i] === true && binding.once[i] === true)) this.#buffer(handle);
      const { buffer, size } = handle;
      const isFree =
        donated[i] === true && buffer !== null && handle.siblings === null && this.store.exclusive(buffer);
      candidates.push(isFree ? size : null);
      if (isFree) mayReuse = true;
      if (buffer === null) continue;
      this.#located(handle);
      this.meter.move(size);
    }
    const reuse = mayReuse ? planReuse(binding.outputs, candidates) : none;
    // All memory is asked for first, so that a dispatch without room has done nothing.
    for (const pass of binding.passes) this.#tile(this.#tiled(pass, handles));
    const results = this.#allocate(binding.sizes, handles, reuse);
    const numbers = ready.numbers(scalars);
    const finite: boolean[] = [];
    for (const pass of binding.passes) {
      const good = this.#run(pass, handles, results, numbers);
      for (const position of pass.outputs) finite[position] = good;
    }
    for (const position of binding.numbers) {
      const view = this.store.view(results[position]!, 1);
      const number = numbers[ready.kernel.outputs[position]!]!;
      view[0] = ready.kernel.wide?.rest === position ? number - Math.fround(number) : number;
    }
    this.meter.dispatches += 1;
    for (let i = 0; i < reuse.length; i++) if (reuse[i]! >= 0) this.#forget(handles[reuse[i]!]!);
    const made: Handle<Buffer>[] = [];
    for (let i = 0; i < results.length; i++) {
      const handle = this.#register(new Handle(binding.outputs[i]!, results[i]!, null, this));
      handle.finite = finite[i] === true;
      made.push(handle);
    }
    for (let i = 0; i < handles.length; i++)
      if (donated[i] === true && !reuse.includes(i)) this.free(handles[i]!);
    return made;
  }

  reduce(fn: ReduceFn, per: Per, inputs: readonly Tensor[], parameter: number | null): Tensor {
    checkReduction(fn, inputs);
    const handles = inputs.map((tensor) => this.#handle(tensor));
    const { shape } = handles[0]!;
    for (const handle of handles) this.#buffer(handle);
    const data = this.#reduced(fn, per, handles, shape, parameter);
    this.meter.reductions += 1;
    for (const { size } of handles) this.meter.move(size);
    const buffer = this.store.allocate(data.length);
    this.store.view(buffer, data.length).set(data);
    return this.#register(new Handle(reducedShape(shape, per), buffer, null, this));
  }

  #reduced(
    fn: ReduceFn,
    per: Per,
    handles: readonly Handle<Buffer>[],
    shape: Shape,
    parameter: number | null,
  ): Float64Array {
    const groupShape = reducedShape(shape, per);
    const { fold } = this.engine;
    if (fold === undefined || fn === "quantile" || !areTogether(shape, groupShape)) {
      const views = handles.map((handle) => this.#view(handle));
      return hostReduce(fn, per, views, shape, parameter);
    }
    const [a, b = a!] = handles.map((handle) => this.#located(handle));
    const groups = sizeOf(groupShape);
    return foldReduce(fold, fn, a!, b, groups, sizeOf(shape) / groups);
  }

  draw(request: NoiseRequest): Tensor {
    checkRequest(request);
    this.meter.draws += 1;
    const handle = new Handle<Buffer>([...request.shape], null, request, this);
    handle.finite = true;
    return this.#enter(handle);
  }

  finite(tensor: Tensor): Promise<boolean> {
    const handle = this.#handle(tensor);
    if (!handle.finite) {
      const memory = this.#located(handle);
      this.meter.move(handle.size);
      handle.finite = this.engine.finite(memory, handle.size);
    }
    return Promise.resolve(handle.finite);
  }

  free(tensor: Tensor): void {
    const handle = this.#handle(tensor);
    const { buffer, siblings } = handle;
    this.#forget(handle);
    if (siblings !== null) this.#leave(handle, siblings);
    else if (buffer !== null) this.store.release(buffer);
  }

  liveTensors(): number {
    return this.#live.length;
  }

  dispose(): void {
    for (let handle = this.#live.at(-1); handle !== undefined; handle = this.#live.at(-1)) this.free(handle);
    for (const tile of this.#tiles.splice(0)) this.store.release(tile);
    this.store.dispose();
    this.#cache.clear();
  }

  /** How many inputs of a pass are made tile by tile. */
  #tiled({ tape, layout }: Pass<Memory>, handles: readonly Handle<Buffer>[]): number {
    let count = 0;
    for (let i = 0; i < tape.inputs.length; i++)
      if (handles[tape.inputs[i]!]!.buffer === null || layout.inputs[i]!.gathered) count += 1;
    return count;
  }

  /**
   * Walks one pass: whole where everything lies in memory, tile by tile where something is made on the way. Returns
   * whether all results are known to be finite.
   */
  #run(
    pass: Pass<Memory>,
    handles: readonly Handle<Buffer>[],
    results: readonly Buffer[],
    numbers: Float64Array,
  ): boolean {
    const { outputs, tape, layout, code, memories, offsets, uniforms } = pass;
    const { run, stretch, total, inputs } = layout;
    const tiled = this.#tiled(pass, handles);
    const used = tape.inputs.length;
    for (let i = 0; i < uniforms.length; i++) {
      const number = numbers[tape.uniforms[i]!]!;
      uniforms[i] = i < (tape.firstRest ?? Infinity) ? number : number - Math.fround(number);
    }
    for (let i = 0; i < outputs.length; i++) memories[used + i] = this.store.locate(results[outputs[i]!]!);
    if (tiled === 0 && stretch === total) {
      for (let i = 0; i < used; i++) memories[i] = this.store.locate(handles[tape.inputs[i]!]!.buffer!);
      return code.run(total, memories, offsets.fill(0), uniforms);
    }
    const tiles: (Buffer | null)[] = [];
    let tile = 0;
    for (let i = 0; i < used; i++) {
      const { buffer } = handles[tape.inputs[i]!]!;
      tiles.push(buffer === null || inputs[i]!.gathered ? this.#tiles[tile++]! : null);
      memories[i] = this.store.locate(tiles[i] ?? buffer!);
    }
    const step = tiled > 0 ? TILE : stretch;
    let finite = true;
    for (let first = 0; first < total; first += stretch) {
      for (let start = first; start < first + stretch; start += step) {
        const count = Math.min(step, first + stretch - start);
        for (let i = 0; i < used; i++) {
          const placement = inputs[i]!;
          const into = tiles[i]!;
          if (into === null) {
            const base = placement.bases === null ? first : placement.bases[first / run]!;
            offsets[i] = placement.single ? base : base + start - first;
            continue;
          }
          const { request, buffer, size } = handles[tape.inputs[i]!]!;
          offsets[i] = 0;
          if (buffer === null) this.engine.noise(request!, start, count, memories[i]!);
          else {
            const source = this.store.view(buffer, size);
            gather(source, placement, run, start, count, this.store.view(into, TILE));
          }
        }
        offsets.fill(start, used);
        if (!code.run(count, memories, offsets, uniforms)) finite = false;
      }
    }
    return finite;
  }

  #tile(count: number): readonly Buffer[] {
    while (this.#tiles.length < count) this.#tiles.push(this.store.allocate(TILE + SLACK));
    return this.#tiles;
  }

  /** Memory for results, that of `handles[reuse[i]]` where there is one. When there is no room nothing is kept. */
  #allocate(
    sizes: readonly number[],
    handles: readonly Handle<Buffer>[],
    reuse: readonly number[],
  ): Buffer[] {
    const buffers: Buffer[] = [];
    try {
      for (let i = 0; i < sizes.length; i++) {
        const given = reuse.length === 0 ? null : (handles[reuse[i]!]?.buffer ?? null);
        buffers.push(given ?? this.store.allocate(sizes[i]!));
      }
      return buffers;
    } catch (error) {
      buffers.forEach((buffer, i) => {
        if ((reuse[i] ?? -1) < 0) this.store.release(buffer);
      });
      throw error;
    }
  }

  #register(handle: Handle<Buffer>): Handle<Buffer> {
    this.meter.allocate(handle.size);
    this.meter.move(handle.size);
    return this.#enter(handle);
  }

  #enter(handle: Handle<Buffer>): Handle<Buffer> {
    handle.place = this.#live.push(handle) - 1;
    return handle;
  }

  /** Ends a handle without giving back its memory. */
  #forget(handle: Handle<Buffer>): void {
    const last = this.#live.pop()!;
    if (last !== handle) this.#live[(last.place = handle.place)] = last;
    handle.place = -1;
    if (handle.buffer !== null && handle.siblings === null) this.meter.release(handle.size);
    handle.buffer = null;
  }

  #leave({ size }: Handle<Buffer>, siblings: Siblings<Buffer>): void {
    if (siblings.leave(this.meter, size)) this.store.release(siblings.whole);
  }

  /** The memory of a tensor, shared with no other: tfjs knows no parts. */
  #own(handle: Handle<Buffer>): Buffer {
    const part = this.#buffer(handle);
    const { siblings, size } = handle;
    if (siblings === null) return part;
    this.store.locate(part);
    const buffer = this.store.allocate(size);
    this.store.view(buffer, size).set(this.store.view(part, size));
    this.meter.allocate(size);
    this.meter.move(2 * size);
    handle.buffer = buffer;
    handle.siblings = null;
    this.#leave(handle, siblings);
    return buffer;
  }

  #handle(tensor: Tensor): Handle<Buffer> {
    if (!(tensor instanceof Handle) || tensor.place < 0 || tensor.owner !== this) {
      throw new Error("this tensor was freed, or belongs to another backend");
    }
    return tensor as Handle<Buffer>;
  }

  /** The place of a tensor's memory. Before results are allocated, so that a tensor that is gone costs nothing. */
  #located(handle: Handle<Buffer>): Memory {
    return this.store.locate(this.#buffer(handle));
  }

  #view(handle: Handle<Buffer>): Float32Array {
    return this.store.view(this.#buffer(handle), handle.size);
  }

  /** The memory of a tensor; makes its noise when that was put off. */
  #buffer(handle: Handle<Buffer>): Buffer {
    if (handle.buffer !== null) return handle.buffer;
    const [tile] = this.#tile(1);
    const buffer = this.store.allocate(handle.size);
    for (let start = 0; start < handle.size; start += TILE) {
      const count = Math.min(TILE, handle.size - start);
      this.engine.noise(handle.request!, start, count, this.store.locate(tile!));
      this.store.view(buffer, handle.size).set(this.store.view(tile!, count), start);
    }
    handle.buffer = buffer;
    this.meter.allocate(handle.size);
    this.meter.move(handle.size);
    return buffer;
  }
}
