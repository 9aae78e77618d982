// Owns: how the inputs of a kernel lie beside its output: which are walked with it, which stand still over a run of
// elements, which have to be gathered first. Arithmetic of shapes only; knows no memory.

import type { Shape } from "../backend.js";
import { broadcastIndices, sizeOf } from "../shapes.js";

/** Runs shorter than this cost more to start than their elements are worth. */
const SHORT_RUN = 64;

/** Where an input stands in each run. */
export interface Placement {
  /** One element serves the whole run. */
  readonly single: boolean;
  /** Element at which each run begins; null: one run after the other. */
  readonly bases: Int32Array | null;
  /** The runs are too short to be started one by one; the elements are brought together in a tile. */
  readonly gathered: boolean;
}

export interface Layout {
  /** Elements of a run, and of what the device is told to walk at once. */
  readonly run: number;
  readonly stretch: number;
  readonly total: number;
  readonly inputs: readonly Placement[];
}

const padded = (shape: Shape, rank: number): Shape => [
  ...Array<number>(rank - shape.length).fill(1),
  ...shape,
];

/** `inputs` broadcast to `output`. */
export function layOut(inputs: readonly Shape[], output: Shape): Layout {
  const rank = output.length;
  const total = sizeOf(output);
  const shapes = inputs.map((shape) => padded(shape, rank));
  // The longest runs in which every input is either there in full or a single element.
  const fits = (shape: Shape, axis: number): boolean => {
    const own = sizeOf(shape.slice(axis));
    return own === 1 || own === sizeOf(output.slice(axis));
  };
  let axis = 0;
  while (axis < rank && !shapes.every((shape) => fits(shape, axis))) axis += 1;
  const run = sizeOf(output.slice(axis));
  const outer = output.slice(0, axis);
  const short = run < SHORT_RUN && run < total;
  const placements = shapes.map((shape): Placement => {
    if (sizeOf(shape) === total) return { single: false, bases: null, gathered: false };
    const own = sizeOf(shape.slice(axis));
    const bases = broadcastIndices(shape.slice(0, axis), outer).map((index) => index * own);
    return { single: own === 1, bases, gathered: short };
  });
  return { run, stretch: short ? total : run, total, inputs: placements };
}

/** Elements `start` .. `start + count - 1` of a gathered input, as if it had been broadcast, to the front of `tile`. */
export function gather(
  source: Float32Array,
  { single, bases }: Placement,
  run: number,
  start: number,
  count: number,
  tile: Float32Array,
): void {
  let place = Math.floor(start / run);
  let within = start - place * run;
  for (let k = 0; k < count; k++) {
    const base = bases === null ? place * run : bases[place]!;
    tile[k] = source[single ? base : base + within]!;
    within += 1;
    if (within === run) {
      within = 0;
      place += 1;
    }
  }
}
