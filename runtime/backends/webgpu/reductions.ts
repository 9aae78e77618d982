// Owns: reductions on the device: where the groups of a shape lie, and the dispatches that fold them. Knows buffers, no
// tensors.

import type { Per, ReduceFn } from "../../../compiler/plan/schema.js";
import type { Shape } from "../../backend.js";
import { reducedShape, sizeOf } from "../../shapes.js";
import type { Buffer, Device, Shader } from "./device.js";
import { gridOf } from "./executable.js";
import * as text from "./reduce.js";

type FoldFn = Exclude<ReduceFn, "quantile">;

/** How the elements of a tensor are reduced. */
export interface Groups {
  readonly groups: number;
  /** Elements of a group. */
  readonly size: number;
  /** Groups side by side: an element of one is followed by one of each of the others. */
  readonly inner: number;
}

export function groupsOf(shape: Shape, per: Per): Groups {
  const target = reducedShape(shape, per);
  // Kept axes before the reduced ones, then these, then kept ones that lie behind.
  const lastReduced = shape.findLastIndex((extent, axis) => target[axis] !== extent);
  const inner = lastReduced < 0 ? 1 : sizeOf(target.slice(lastReduced + 1));
  const groups = sizeOf(target);
  return { groups, size: sizeOf(shape) / groups, inner };
}

/** Workgroups of one dispatch, elements of a group, groups side by side, parts of a group. */
type Fold = readonly [workgroups: number, size: number, inner: number, parts: number];

export class GpuReductions {
  constructor(readonly device: Device) {}

  /** Compiles what `run` will need. */
  warm(fn: ReduceFn, { size }: Groups): void {
    if (fn === "quantile") {
      this.#quantileShader();
      return;
    }
    let parts = Math.ceil(size / text.PART);
    this.#foldShader(fn, true, parts === 1);
    for (; parts > 1; parts = Math.ceil(parts / text.PART)) this.#foldShader(fn, false, parts <= text.PART);
  }

  /** The results, one a group. `parameter` is the quantile's p. */
  run(fn: ReduceFn, where: Groups, inputs: readonly Buffer[], parameter: number | null): Buffer {
    const { groups, size, inner } = where;
    if (fn === "quantile") return this.#quantile(inputs[0]!, where, parameter ?? 0);
    const parts = Math.ceil(size / text.PART);
    const done = this.#fold(fn, inputs, true, [groups * parts, size, inner, parts], size);
    return parts === 1 ? done : this.#foldParts(fn, done, groups, parts, size);
  }

  /** Folds what `#fold` has left, `parts` a group; gives it back. */
  #foldParts(fn: FoldFn, from: Buffer, groups: number, parts: number, divisor: number): Buffer {
    try {
      const left = Math.ceil(parts / text.PART);
      const done = this.#fold(fn, [from], false, [groups * left, parts, 1, left], divisor);
      return left === 1 ? done : this.#foldParts(fn, done, groups, left, divisor);
    } finally {
      this.device.release(from);
    }
  }

  #fold(
    fn: FoldFn,
    inputs: readonly Buffer[],
    first: boolean,
    [workgroups, size, inner, parts]: Fold,
    divisor: number,
  ): Buffer {
    const words = new Uint32Array(8);
    const { foldWords: at } = text;
    words.set([workgroups, size, inner, parts, text.PART], at.workgroups);
    new Float32Array(words.buffer)[at.divisor] = divisor;
    const last = parts === 1;
    const shader = this.#foldShader(fn, first, last);
    return this.#into(workgroups * (last ? 1 : text.storedWidth(fn)), shader, words, inputs, workgroups);
  }

  #quantile(input: Buffer, { groups, size, inner }: Groups, p: number): Buffer {
    const place = Math.min(Math.max(p, 0), 1) * (size - 1);
    const rank = Math.floor(place);
    const words = new Uint32Array(8);
    const { quantileWords: at } = text;
    words.set([groups, size, inner, rank], at.groups);
    new Float32Array(words.buffer).set([place - rank, NaN], at.fraction);
    return this.#into(groups, this.#quantileShader(), words, [input], groups);
  }

  #foldShader(fn: FoldFn, first: boolean, last: boolean): Shader {
    return this.device.compile(text.foldText(fn, first, last), `dsamp ${fn}`);
  }

  #quantileShader(): Shader {
    return this.device.compile(text.quantileText, "dsamp quantile");
  }

  /** A buffer of `size` elements that a shader fills from `inputs`. */
  #into(
    size: number,
    shader: Shader,
    words: Uint32Array<ArrayBuffer>,
    inputs: readonly Buffer[],
    workgroups: number,
  ): Buffer {
    const { device } = this;
    const result = device.allocate(size);
    try {
      const grid = gridOf(workgroups, device.tfjs.device.limits.maxComputeWorkgroupsPerDimension);
      device.run(shader, words.buffer, [...inputs, result], grid);
      return result;
    } catch (error) {
      device.release(result);
      throw error;
    }
  }
}
