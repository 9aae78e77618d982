// Owns: which results of a kernel are written over which dying inputs. Knows shapes and sizes, no memory.

import type { Shape } from "../backend.js";
import { sameShape, sizeOf } from "../shapes.js";

/**
 * For each output the input whose memory it takes over, or -1. `candidates` are the sizes of the inputs that may be
 * overwritten, null for the others. Outputs of several shapes are computed in several passes, so nothing is overwritten.
 */
export function planReuse(outputs: readonly Shape[], candidates: readonly (number | null)[]): number[] {
  const [first] = outputs;
  if (candidates.every((candidate) => candidate === null)) return outputs.map(() => -1);
  if (first === undefined || !outputs.every((shape) => sameShape(shape, first))) return outputs.map(() => -1);
  const size = sizeOf(first);
  const free = candidates.flatMap((candidate, i) => (candidate === size ? [i] : []));
  return outputs.map((_, i) => free[i] ?? -1);
}
