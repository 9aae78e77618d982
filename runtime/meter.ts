// Owns: counting of what a backend does: launches, bytes, live memory. Pure bookkeeping; knows no tensors.

/** Tensors of one size. */
interface SizeCount {
  readonly elements: number;
  live: number;
  peak: number;
}

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
  readonly #sizes = new Map<number, SizeCount>();
  /** The one asked for last: most tensors of a run have one size. */
  #recent: SizeCount = { elements: -1, live: 0, peak: 0 };

  constructor(readonly floatBytes: 4 | 8) {}

  allocate(elements: number): void {
    this.live += 1;
    this.liveBytes += elements * this.floatBytes;
    this.peak = Math.max(this.peak, this.live);
    this.peakBytes = Math.max(this.peakBytes, this.liveBytes);
    const size = this.#size(elements);
    size.live += 1;
    size.peak = Math.max(size.peak, size.live);
  }

  release(elements: number): void {
    this.live -= 1;
    this.liveBytes -= elements * this.floatBytes;
    this.#size(elements).live -= 1;
  }

  move(elements: number): void {
    this.bytesMoved += elements * this.floatBytes;
  }

  /** Largest number of live tensors of exactly `elements` elements. */
  peakOfSize(elements: number): number {
    return this.#sizes.get(elements)?.peak ?? 0;
  }

  #size(elements: number): SizeCount {
    if (this.#recent.elements === elements) return this.#recent;
    let size = this.#sizes.get(elements);
    if (size === undefined) this.#sizes.set(elements, (size = { elements, live: 0, peak: 0 }));
    return (this.#recent = size);
  }
}
