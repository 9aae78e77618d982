// Owns: running tapes as WebAssembly over a heap that belongs to someone else. Modules import the memory itself, so they
// survive its growth. What is too large for one function, and machines without SIMD, go by blocks over the same heap.

import type { Distribution } from "../../../compiler/plan/schema.js";
import { fillNoise, sampleSize, timeWord, type NoiseRequest } from "../../noise/noise.js";
import { allFinite, BlockEngine } from "../blocks.js";
import type { Code, Engine, Fold, FoldRun } from "../engine.js";
import type { Tape } from "../tape.js";
import { emitTape, PARAMETER_LIMIT, TAPE_LIMIT } from "./emit.js";
import { encodeModule, type FunctionBody } from "./encode.js";
import { emitFold, FOLD_TURN, foldRest } from "./fold.js";
import { emitNoise, emitScan } from "./noise.js";
import { instantiate, isValid, sharedPages, type WasmMemory } from "./platform.js";

type WasmFunction = (...args: number[]) => number | undefined;

/** Samples smaller than this get their noise from the host: a vector turn makes 16 elements. */
const SMALL_SAMPLE = 32;

/** The bytes of a module with one function, `run`. */
const moduleOf = (body: FunctionBody, shared: number | null = null): Uint8Array<ArrayBuffer> =>
  encodeModule({ run: body }, shared);

/** Bytes that a function's parameters may take. */
export const PARAMETER_BYTES = 4 * PARAMETER_LIMIT;

/** Memory is an address in bytes. */
export class WasmEngine implements Engine<number> {
  readonly #blocks = new BlockEngine();
  readonly #noise = new Map<Distribution, WasmFunction>();
  readonly #folds = new Map<Fold, WasmFunction>();
  readonly fold: FoldRun<number> | undefined;
  readonly #shared: number | null;
  /** Null where there is no SIMD. */
  readonly #scan: WasmFunction | null;

  /** The parameters of the call under way, as words and as numbers; empty when the memory has grown since. */
  #words: Int32Array;
  #numbers: Float32Array;

  /** At the address `parameters` the memory has PARAMETER_BYTES that nobody else uses. */
  constructor(
    readonly memory: WasmMemory,
    readonly parameters: number,
  ) {
    this.#words = new Int32Array(memory.buffer, parameters, PARAMETER_LIMIT);
    this.#numbers = new Float32Array(memory.buffer, parameters, PARAMETER_LIMIT);
    this.#shared = sharedPages(memory);
    this.#scan = isValid(moduleOf(emitScan(), this.#shared)) ? this.#make(emitScan()) : null;
    if (this.#scan === null) return;
    this.fold = (fold, a, b, start, count, mean) => {
      let run = this.#folds.get(fold);
      if (run === undefined) this.#folds.set(fold, (run = this.#make(emitFold(fold))));
      const [from, other] = [a + 4 * start, b + 4 * start];
      const turns = count - (count % FOLD_TURN);
      const [x, y] = [from, other].map((place) => this.#view(place + 4 * turns, count - turns)) as [
        Float32Array,
        Float32Array,
      ];
      return foldRest(fold, run(from, other, from + 4 * turns, mean)!, x, y, mean);
    };
  }

  compile(tape: Tape, invariant: readonly boolean[]): Code<number> {
    const pointers = tape.inputs.length + tape.outputs.length;
    const parameters = 1 + pointers + tape.uniforms.length;
    if (this.#scan === null || tape.values.length > TAPE_LIMIT || parameters > PARAMETER_LIMIT) {
      return this.#byBlocks(tape, invariant);
    }
    const run = this.#make(emitTape(tape, invariant));
    return {
      run: (count, memories, offsets, uniforms) => {
        if (this.#words.length === 0) {
          this.#words = new Int32Array(this.memory.buffer, this.parameters, PARAMETER_LIMIT);
          this.#numbers = new Float32Array(this.memory.buffer, this.parameters, PARAMETER_LIMIT);
        }
        const words = this.#words;
        const numbers = this.#numbers;
        words[0] = count;
        for (let i = 0; i < pointers; i++) words[1 + i] = memories[i]! + 4 * offsets[i]!;
        for (let i = 0; i < uniforms.length; i++) numbers[1 + pointers + i] = uniforms[i]!;
        if (run(this.parameters) === 0) return true;
        // The sum of the results is not finite: are they?
        return tape.outputs.every((_, i) => this.finite(words[1 + tape.inputs.length + i]! >>> 0, count));
      },
    };
  }

  noise(request: NoiseRequest, start: number, count: number, memory: number): void {
    const size = sampleSize(request);
    if (this.#scan === null || size < SMALL_SAMPLE) {
      return fillNoise(request, start, count, this.#view(memory, count));
    }
    const { seed, key, firstSample } = request;
    const time = timeWord(request);
    const make = this.#noiseFunction(request.distribution);
    for (let done = 0; done < count;) {
      const sample = Math.floor((start + done) / size);
      const element = start + done - sample * size;
      const left = Math.min(count - done, size - element);
      const head = element & 3;
      const length = head === 0 ? left : Math.min(left, 4 - head);
      const to = memory + 4 * done;
      if (head !== 0) fillNoise(request, start + done, length, this.#view(to, length));
      else {
        make(to, Math.ceil(length / 16), element >>> 2, firstSample + sample, time, key, seed.low, seed.high);
      }
      done += length;
    }
  }

  finite(memory: number, count: number): boolean {
    return this.#scan === null
      ? allFinite(this.#view(memory, count), count)
      : this.#scan(memory, count) === 0;
  }

  #byBlocks(tape: Tape, invariant: readonly boolean[]): Code<number> {
    const code = this.#blocks.compile(tape, invariant);
    return {
      run: (count, memories, offsets, uniforms) => {
        const heap = new Float32Array(this.memory.buffer);
        const places = memories.map((address, i) => address / 4 + offsets[i]!);
        return code.run(
          count,
          memories.map(() => heap),
          places,
          uniforms,
        );
      },
    };
  }

  #noiseFunction(distribution: Distribution): WasmFunction {
    let make = this.#noise.get(distribution);
    if (make === undefined) {
      make = this.#make(emitNoise(distribution));
      this.#noise.set(distribution, make);
    }
    return make;
  }

  #make(body: FunctionBody): WasmFunction {
    return instantiate(moduleOf(body, this.#shared), this.memory)["run"]!;
  }

  #view(address: number, count: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, count);
  }
}
