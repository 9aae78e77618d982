// Owns: values of functions that numbers of a spec may use but the algebra does not know: quantities borrowed from
// another path, and small linear systems. Symbols have no value here; callers add theirs.

import type { Environment } from "../algebra/evaluate.js";
import { solveDense } from "../algebra/numeric.js";
import type { Coordinate } from "../graph/level.js";
import type { Quantity } from "../graph/quantity.js";
import type { Path, PathPoint } from "./path.js";

interface PathEnvironment extends Environment {
  readonly paths: Map<string, Path>;
}

/** A quantity of a path at one of its points. */
export function quantityAt(path: Path, name: string, point: PathPoint): number {
  return name in point ? point[name as keyof PathPoint] : path.numbers.derived(name as Quantity, point);
}

export const pathEnvironment: PathEnvironment = {
  paths: new Map(),
  symbol: () => NaN,
  call(name, args) {
    if (name === "solve") return solveComponent(args);
    if (!name.startsWith("path:")) return undefined;
    const [key, member, coordinate] = splitName(name);
    const path = this.paths.get(key);
    if (!path) return undefined;
    return quantityAt(path, member, path.numbers.at(coordinate as Coordinate, args[0] as number));
  },
};

function splitName(name: string): [string, string, string] {
  const end = name.lastIndexOf(":");
  const middle = name.lastIndexOf(":", end - 1);
  return [name.slice("path:".length, middle), name.slice(middle + 1, end), name.slice(end + 1)];
}

/** Component i of the solution of an n by n system: arguments n, i, the matrix by rows, the right side. */
function solveComponent(args: readonly number[]): number {
  const [n, i] = args as [number, number];
  const rows = Array.from({ length: n }, (_, r) => args.slice(2 + r * n, 2 + (r + 1) * n));
  return solveDense(rows, args.slice(2 + n * n, 2 + n * n + n))?.[i] ?? NaN;
}
