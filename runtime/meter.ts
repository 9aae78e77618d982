// Owns: counting of what a backend does: launches, bytes, live memory. Pure bookkeeping; knows no tensors.

/** Counts since the start. Bytes are those of the backend's own float size. */
export class Meter {
  dispatches = 0;
  reductions = 0;
  draws = 0;
  uploads = 0;
  downloads = 0;
  /** Model calls, counted by the executor. */
  calls = 0;
  /** Bytes read and written by kernels, reductions, draws and transfers. */
  bytesMoved = 0;
  live = 0;
  peak = 0;
  liveBytes = 0;
  peakBytes = 0;
  readonly #sizes = new Map<number, { live: number; peak: number }>();

  constructor(readonly floatBytes: 4 | 8) {}

  allocate(elements: number): void {
    this.live += 1;
    this.liveBytes += elements * this.floatBytes;
    this.peak = Math.max(this.peak, this.live);
    this.peakBytes = Math.max(this.peakBytes, this.liveBytes);
    let size = this.#sizes.get(elements);
    if (size === undefined) this.#sizes.set(elements, (size = { live: 0, peak: 0 }));
    size.live += 1;
    size.peak = Math.max(size.peak, size.live);
  }

  release(elements: number): void {
    this.live -= 1;
    this.liveBytes -= elements * this.floatBytes;
    const size = this.#sizes.get(elements);
    if (size !== undefined) size.live -= 1;
  }

  move(elements: number): void {
    this.bytesMoved += elements * this.floatBytes;
  }

  /** Largest number of live tensors of exactly `elements` elements. */
  peakOfSize(elements: number): number {
    return this.#sizes.get(elements)?.peak ?? 0;
  }
}
