// Owns: what the two ways of running a tape have in common: the call they answer. Knows no shapes.

import type { NoiseRequest } from "../noise/noise.js";
import type { Tape } from "./tape.js";

/** A tape made ready. `Memory` is how the engine addresses float32 memory. */
export interface Code<Memory> {
  /**
   * Runs over `count` consecutive elements. Memories and element offsets are those of the tape's inputs, then of its
   * outputs. An input that is `invariant` is read at its offset only. An output may be an input, at the same offset.
   * Returns whether all results are finite.
   */
  run(
    count: number,
    memories: readonly Memory[],
    offsets: readonly number[],
    uniforms: Float32Array,
  ): boolean;
}

/** Folds of float32 elements to one float64 number; `deviations` are squares of differences from a mean. */
export const folds = ["sum", "squares", "dot", "deviations", "max", "min"] as const;
export type Fold = (typeof folds)[number];

/**
 * Folds elements `start` .. `start + count - 1` of `a`, for `dot` with those of `b`. The order of operations depends on
 * `count` alone.
 */
export type FoldRun<Memory> = (
  fold: Fold,
  a: Memory,
  b: Memory,
  start: number,
  count: number,
  mean: number,
) => number;

export interface Engine<Memory> {
  compile(tape: Tape, invariant: readonly boolean[]): Code<Memory>;
  /** Elements `start` .. `start + count - 1` of the noise of `request`, to the beginning of `memory`. */
  noise(request: NoiseRequest, start: number, count: number, memory: Memory): void;
  /** Whether the first `count` elements are finite. */
  finite(memory: Memory, count: number): boolean;
  /** Absent: loops of the host are as fast. */
  readonly fold?: FoldRun<Memory> | undefined;
}
