// Owns: comparing two schedules, symbolically where both have formulas, else by numbers; and two grids by their points.

import { proveEqual } from "../algebra/simplify.js";
import type { Path, PathPoint } from "../path/path.js";

export const pathTolerance = 1e-12;
const times = 64;

export type PathComparison =
  { readonly kind: "equal"; readonly how: string } | { readonly kind: "different"; readonly what: string };

const apart = (a: number, b: number): boolean =>
  !(Object.is(a, b) || a === b || Math.abs(a - b) <= pathTolerance * Math.max(Math.abs(a), Math.abs(b)));

const shown = (x: number): string => String(Number(x.toPrecision(8)));

/** Whether two schedules are the same path in the same time. */
export function pathDifference(a: Path, b: Path): PathComparison {
  if (apart(a.time.from, b.time.from) || apart(a.time.to, b.time.to))
    return {
      kind: "different",
      what: `time goes from ${shown(a.time.from)} to ${shown(a.time.to)} and from ${shown(b.time.from)} to ${shown(b.time.to)}`,
    };
  if (a.endpoints.length !== b.endpoints.length)
    return {
      kind: "different",
      what: `one has ${a.endpoints.length} further endpoints, the other ${b.endpoints.length}`,
    };
  const proved = (["alpha", "sigma"] as const).every((name) => {
    const [one, two] = [a.formulas.get(name), b.formulas.get(name)];
    return one !== undefined && two !== undefined && proveEqual(one, two) === "equal";
  });
  if (proved) return { kind: "equal", how: "symbolically" };
  for (let i = 0; i <= times; i += 1) {
    const time = a.time.from + ((a.time.to - a.time.from) * i) / times;
    const [one, two] = [a, b].map((path) => path.numbers.at("time", time)) as [PathPoint, PathPoint];
    for (const name of ["alpha", "sigma"] as const)
      if (apart(one[name], two[name]))
        return {
          kind: "different",
          what: `at time ${shown(time)} ${name} is ${shown(one[name])} and ${shown(two[name])}`,
        };
  }
  return { kind: "equal", how: `numerically, to ${pathTolerance} at ${times + 1} times` };
}

/** The first point that lies at another level, in words. */
export function gridDifference(a: readonly PathPoint[], b: readonly PathPoint[]): string | undefined {
  if (a.length !== b.length) return `${a.length} points and ${b.length} points`;
  const i = a.findIndex((point, k) => {
    const other = b[k] as PathPoint;
    return apart(point.alpha, other.alpha) || apart(point.sigma, other.sigma);
  });
  if (i < 0) return undefined;
  return `point ${i} lies at rho ${shown((a[i] as PathPoint).rho)} and ${shown((b[i] as PathPoint).rho)}`;
}
