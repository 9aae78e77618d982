// Owns: what an importer returns: the text of a sampler, and how the tool's own calls and draws correspond to it.

import type { Diagnostic } from "../compiler/diagnostics/diagnostic.js";

/** A state of the tool is the state at a grid point, the run's result, or nothing this sampler has (a stage). */
export type State = number | "result" | null;

export interface Imported {
  /** A file with one sampler; not yet formatted. */
  readonly text: string;
  readonly sampler: string;
  /** What the tool would not do either, and the user may not expect. */
  readonly warnings?: readonly Diagnostic[];
  /**
   * What the tool's state after each of its calls is here, by the number of calls it makes. Tools whose scheduler is
   * stepped once a network call have states inside a step.
   */
  readonly states: (calls: number) => readonly State[];
  /**
   * Which of the tool's draws a draw here is, counted from the first that is drawn after the initial state; undefined
   * where the tool draws none. `levels`: the tool's sigmas, for tools that draw only at some of them;
   * `pass` counts the passes of a `repeat`.
   */
  readonly draw: (path: string, step: number, levels: readonly number[], pass: number) => number | undefined;
}

/** What every importer is told besides the tool's own options. */
export interface Request {
  /** Scale of classifier-free guidance; undefined: the sampler is not guided. */
  readonly cfg?: number | undefined;
  /** The run is given its first state, in the tool's own scale, as the input `x_init`. */
  readonly latents?: boolean | undefined;
}

export const everyCall = (calls: number): readonly State[] => Array.from({ length: calls }, (_, k) => k + 1);

export const noDraw = (): undefined => undefined;

export const drawEachStep = (_: string, step: number): number => step;
