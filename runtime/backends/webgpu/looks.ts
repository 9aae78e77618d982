// Owns: looking for elements that are not finite on the device: each look leaves a record, and all records are fetched in
// one wait. Knows no run.

import type { Looks, Odd, Tensor } from "../../backend.js";
import type { Buffer, Device, Stamp } from "./device.js";
import type { GpuBuffer } from "./platform.js";
import * as text from "./reduce.js";

/** A tensor as it is looked at. */
export interface Known extends Tensor {
  readonly size: number;
  /** Known to be finite; the stamp that tells, left by what wrote it or by a search; or not known. */
  finite: boolean | Stamp;
}

interface Look {
  readonly tensor: Known;
  /** Null: nothing had to be asked. */
  readonly record: GpuBuffer | null;
}

/** By the last two bits of a key. */
const values = [NaN, Infinity, -Infinity];

function readRecord([count = 0, key = 0, bits = 0]: Uint32Array): Odd | null {
  if (count === 0) return null;
  const first = ~key >>> 0;
  const [largest = 0] = new Float32Array(Uint32Array.of(bits).buffer);
  return { count, index: first >>> 2, value: values[first & 3]!, largest };
}

export class GpuLooks implements Looks {
  #looks: Look[] = [];

  /** `known` checks a tensor, `locate` gives its buffer, `search` fills `finite` with a stamp. */
  constructor(
    readonly device: Device,
    readonly known: (tensor: Tensor) => Known,
    readonly locate: (tensor: Known) => Buffer,
    readonly search: (tensor: Known) => Stamp,
  ) {}

  start(tensor: Tensor): void {
    const known = this.known(tensor);
    if (known.finite === true) {
      this.#looks.push({ tensor: known, record: null });
      return;
    }
    const { stamp, slot } = known.finite === false ? this.search(known) : known.finite;
    const record = this.device.record();
    this.#looks.push({ tensor: known, record });
    const words = new Uint32Array(4);
    words.set([known.size, stamp, slot], text.finiteWords.count);
    const shader = this.device.compile(text.recordText, "dsamp record");
    this.device.run(shader, words.buffer, [this.device.flags, this.locate(known), record], [1, 1]);
  }

  async end(): Promise<(Odd | null)[]> {
    const looks = this.#looks;
    this.#looks = [];
    const records = looks.flatMap(({ record }) => record ?? []);
    if (records.length === 0) return looks.map(() => null);
    try {
      const data = await this.device.readRecords(records);
      let next = 0;
      return looks.map(({ tensor, record }) => {
        const odd = record === null ? null : readRecord(data[next++]!);
        if (odd === null) tensor.finite = true;
        return odd;
      });
    } finally {
      for (const record of records) this.device.releaseRecord(record);
    }
  }

  drop(): void {
    for (const { record } of this.#looks) if (record !== null) this.device.releaseRecord(record);
    this.#looks = [];
  }
}
