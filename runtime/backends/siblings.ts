// Owns: tensors that lie side by side in the memory of one tensor that was split, which goes when the last of them does.
// Knows no backend.

export class Siblings<Buffer> {
  #left: number;

  constructor(
    readonly whole: Buffer,
    readonly count: number,
  ) {
    this.#left = count;
  }

  /** Ends the life of one; true: it was the last. */
  leave(): boolean {
    this.#left -= 1;
    return this.#left === 0;
  }
}
