// Owns: comparing two schedules, symbolically where both have formulas, else by numbers; and two grids by their points.

import { proveEqual } from "../algebra/simplify.js";
import type { Path, PathPoint } from "../path/path.js";

export const pathTolerance = 1e-12;
const times = 64;

export type PathComparison =
  { readonly kind: "equal"; readonly how: string } | { readonly kind: "different"; readonly what: string };

const apart = (a: number, b: number): boolean =>
  !(Object.is(a, b) || a === b || Math.abs(a - b) <= pathTolerance * Math.max(Math.abs(a), Math.abs(b)));

/** Two numbers with as many digits as it takes to tell them apart, eight at least. */
export function shownApart(a: number, b: number): readonly [string, string] {
  for (let digits = 8; ; digits += 1) {
    const [one, two] = [a, b].map((x) => String(Number(x.toPrecision(digits)))) as [string, string];
    if (one !== two || digits === 17) return [one, two];
  }
}

const both = (a: number, b: number): string => shownApart(a, b).join(" and ");
const shown = (x: number): string => String(Number(x.toPrecision(8)));

/** Levels of two schedules count as one up to the rounding of their formulas and tables. */
const levelTolerance = 1e-9;

/** Whether two points lie at the same noise level rho = sigma/alpha; the scale of the state there may be another. */
export const sameLevel = (a: PathPoint, b: PathPoint): boolean =>
  a.rho === b.rho || Math.abs(a.rho - b.rho) <= levelTolerance * Math.max(Math.abs(a.rho), Math.abs(b.rho));

/** In which scale a path keeps its states, in words. */
export function scaleOf(points: readonly PathPoint[]): string {
  const holds = (law: (point: PathPoint) => number): boolean =>
    points.every((point) => Math.abs(law(point) - 1) < 1e-9);
  if (holds(({ alpha }) => alpha)) return "alpha = 1";
  if (holds(({ alpha, sigma }) => alpha ** 2 + sigma ** 2)) return "alpha^2 + sigma^2 = 1";
  if (holds(({ alpha, sigma }) => alpha + sigma)) return "alpha + sigma = 1";
  return "an alpha of their own";
}

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
          what: `at time ${shown(time)} ${name} is ${both(one[name], two[name])}`,
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
  const [one, two] = [a[i], b[i]] as [PathPoint, PathPoint];
  if (sameLevel(one, two)) return `point ${i} has alpha ${both(one.alpha, two.alpha)}`;
  return `point ${i} lies at rho ${both(one.rho, two.rho)}`;
}
