// Owns: where the points of a grid lie as the step goes to 0: on arbitrary ratios, on smooth grids, on grids uniform in a
// variable. A grid is uniform in a smooth variable, or periodic with arbitrary ratios inside one period.

import type { SeriesRing } from "../algebra/series.js";
import type { Series } from "../algebra/series.js";
import { fixedField, Random } from "./fixed.js";
import type { PathSeries } from "./family.js";

export const gridKinds = ["ratios", "smooth", "lambda", "rho", "time", "index"] as const;
/** `ratios`: arbitrary step ratios; `smooth`: ratios 1 + O(h); else uniform in that variable. */
export type GridKind = (typeof gridKinds)[number];

/** Grids with one stated ratio in lambda, for numbers that are said of fixed weights; claims are about kinds of grids. */
export const statedRatios = { doubling: 2n, tripling: 3n } as const;
export type StatedRatio = keyof typeof statedRatios;

export interface GridSeries {
  readonly kind: GridKind | StatedRatio;
  /** Points after which the step ratios repeat; 1 on smooth grids. */
  readonly period: number;
  /** Lambda at grid point j; 0 is s, 1 is t, -1 is s-1. */
  lambda(j: number): Series<bigint>;
}

const { one } = fixedField;

/** `step` is the series that stands for the step size, a number on finite grids. */
export function makeGrid(
  kind: GridKind | StatedRatio,
  path: PathSeries,
  step: Series<bigint>,
  seed: number,
  period = 5,
): GridSeries {
  const { ring, centre } = path;
  const cache = new Map<number, Series<bigint>>();
  const place = placement(kind, path, seed, period);
  return {
    kind,
    period: kind === "ratios" ? period : 1,
    lambda(j) {
      const known = cache.get(j);
      if (known) return known;
      const made = j === 0 ? ring.constant(centre) : place(j, step, ring);
      cache.set(j, made);
      return made;
    },
  };
}

type Placement = (j: number, step: Series<bigint>, ring: SeriesRing<bigint>) => Series<bigint>;

function placement(kind: GridKind | StatedRatio, path: PathSeries, seed: number, period: number): Placement {
  const { centre } = path;
  const random = new Random(5000 + seed);
  switch (kind) {
    case "ratios": {
      // The step from s to t is the unit; the others are between half and twice as long.
      const lengths = Array.from({ length: period }, (_, i) => (i === 0 ? one : random.between(64, 256)));
      const length = (i: number): bigint => lengths[((i % period) + period) % period] as bigint;
      return (j, step, ring) => {
        let position = 0n;
        for (let i = 0; i < j; i += 1) position += length(i);
        for (let i = -1; i >= j; i -= 1) position -= length(i);
        return ring.add(ring.constant(centre), ring.scale(step, position));
      };
    }
    case "doubling":
    case "tripling": {
      // The step from s to t is the unit; positions are sums of powers of the ratio.
      const ratio = statedRatios[kind];
      const position = (j: number): bigint => {
        let sum = 0n;
        for (let i = 0; i < j; i += 1) sum += one * ratio ** BigInt(i);
        for (let i = -1; i >= j; i -= 1) sum -= one / ratio ** BigInt(-i);
        return sum;
      };
      return (j, step, ring) => ring.add(ring.constant(centre), ring.scale(step, position(j)));
    }
    case "lambda":
      return (j, step, ring) => ring.add(ring.constant(centre), ring.scale(step, BigInt(j) * one));
    case "smooth": {
      const bend = Array.from({ length: 6 }, (_, k) => random.value() / BigInt(k + 2));
      return (j, step, ring) => {
        const x = ring.scale(step, BigInt(j) * one);
        let sum: Series<bigint> = ring.constant(0n);
        for (let k = bend.length - 1; k >= 0; k -= 1)
          sum = ring.mul(ring.add(sum, ring.constant(bend[k] as bigint)), x);
        return ring.add(ring.constant(centre), ring.mul(x, ring.add(ring.constant(one), sum)));
      };
    }
    default: {
      const { ring } = path;
      const start = path.quantity(kind, ring.constant(centre))[0] ?? 0n;
      const slope = slopeOf(kind, path);
      return (j, step, r) => path.locate(kind, r.add(r.constant(start), r.scale(step, BigInt(j) * slope)));
    }
  }
}

/** d u / d lambda at the centre. */
function slopeOf(kind: GridKind, path: PathSeries): bigint {
  const { centre } = path;
  const jets = path.jets(centre);
  if (kind === "rho") return -fixedField.exp(-centre);
  return (kind === "time" ? jets.time : jets.index)[1] ?? one;
}
