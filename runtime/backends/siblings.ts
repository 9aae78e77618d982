// Owns: tensors that lie side by side in the memory of one tensor that was split, which is there, and is counted, as long as
// one of them is. Knows no backend.

import type { Meter } from "../meter.js";

export class Siblings<Buffer> {
  #left: number;

  constructor(
    readonly whole: Buffer,
    readonly count: number,
  ) {
    this.#left = count;
  }

  /** Ends the life of one, of `size` elements; true: it was the last, and none of them counts any longer. */
  leave(meter: Meter, size: number): boolean {
    this.#left -= 1;
    if (this.#left > 0) return false;
    for (let k = 0; k < this.count; k++) meter.release(size);
    return true;
  }
}
