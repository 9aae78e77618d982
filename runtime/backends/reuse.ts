// Owns: which results of a kernel are written over which dying inputs. Knows shapes and sizes, no memory.

import type { Shape } from "../backend.js";
import { sameShape, sizeOf } from "../shapes.js";

/**
 * For each output the input whose memory it takes over, or -1. `candidates` are the sizes of the inputs that may be
 * overwritten, null for the others. Outputs of several shapes are computed in several passes, so nothing is overwritten.
 */
export function planReuse(outputs: readonly Shape[], candidates: readonly (number | null)[]): number[] {
  const [first] = outputs;
  const taken = Array<number>(outputs.length).fill(-1);
  if (first === undefined) return taken;
  for (const shape of outputs) if (shape !== first && !sameShape(shape, first)) return taken;
  const size = sizeOf(first);
  let next = 0;
  for (let i = 0; i < candidates.length && next < taken.length; i++)
    if (candidates[i] === size) taken[next++] = i;
  return taken;
}
