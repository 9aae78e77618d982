// Owns: comparing the definitions of two files that have no samplers: solvers, guidance, schedules and grids, by name
// or, where each file has one of a kind, that one.

import { Failure } from "../diagnostics/report.js";
import type { DefinitionValue } from "../lower/value.js";
import type { Def, Module, Program } from "../resolve/module.js";
import { equalGuidance, equalSolvers, type Equivalence } from "./equivalence.js";
import { gridDifference, pathDifference } from "./equivalencePaths.js";
import { pathOf } from "./equivalenceSettings.js";
import { dataTolerance, tolerance, type StepDifference } from "./equivalenceRuns.js";
import { groundsOfGrid } from "./expect/places.js";

export interface DefinitionDiff {
  readonly sort: "solver" | "guidance" | "schedule" | "grid";
  readonly a: string;
  readonly b: string;
  readonly equal: boolean;
  /** How it was decided, or what differs. */
  readonly how: string;
  /** The first step whose weights differ. */
  readonly step?: StepDifference;
}

interface File {
  readonly module: Module;
  readonly program: Program;
}

const sorts = ["schedule", "grid", "guidance", "solver"] as const;

/** Every pair of definitions that can be compared; empty when the files have nothing of one kind. */
export function diffDefinitions(a: File, b: File): readonly DefinitionDiff[] {
  return sorts.flatMap((sort) =>
    pairs(sort, a.module, b.module).map(([one, two]) => compare(sort, one, two, a, b)),
  );
}

function pairs(sort: Def["sort"], a: Module, b: Module): readonly (readonly [Def, Def])[] {
  const [mine, theirs] = [a, b].map((module) =>
    [...module.definitions.values()].filter(
      (def) => def.sort === sort && !def.node.params?.some((param) => !param.default),
    ),
  ) as [Def[], Def[]];
  const named = mine.flatMap((one) => {
    const two = theirs.find((def) => def.name === one.name);
    return two ? [[one, two] as const] : [];
  });
  const [one, two] = [mine[0], theirs[0]];
  return named.length === 0 && mine.length === 1 && theirs.length === 1 && one && two ? [[one, two]] : named;
}

const value = (def: Def): DefinitionValue => ({ kind: "definition", def, args: new Map() });

function compare(sort: DefinitionDiff["sort"], one: Def, two: Def, fileA: File, fileB: File): DefinitionDiff {
  const names = { sort, a: one.name, b: two.name };
  const { program } = fileA;
  try {
    switch (sort) {
      case "solver":
        return { ...names, ...words(equalSolvers({ program, a: value(one), b: value(two) })) };
      case "guidance":
        return { ...names, ...words(equalGuidance({ program, a: value(one), b: value(two) })) };
      case "schedule": {
        const found = pathDifference(pathOf(value(one), program), pathOf(value(two), fileB.program));
        return found.kind === "equal"
          ? { ...names, equal: true, how: found.how }
          : { ...names, equal: false, how: found.what };
      }
      case "grid":
        return { ...names, ...grids(one, two, fileA, fileB) };
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return { ...names, equal: false, how: `cannot be compared: ${error.diagnostic.message}` };
  }
}

function grids(one: Def, two: Def, a: File, b: File): { equal: boolean; how: string } {
  const mine = groundsOfGrid(value(one), undefined, { program: a.program, value: value(one) });
  const theirs = groundsOfGrid(value(two), undefined, { program: b.program, value: value(two) });
  for (const { path, grid } of mine) {
    const same = theirs.find((ground) => ground.path.name === path.name);
    const found = same ? gridDifference(grid, same.grid) : "only the first can be laid there";
    if (found) return { equal: false, how: `on ${path.name}, ${found}` };
  }
  return { equal: true, how: `numerically, 10 steps on ${mine.map(({ path }) => path.name).join(", ")}` };
}

function words(found: Equivalence): Pick<DefinitionDiff, "equal" | "how" | "step"> {
  switch (found.kind) {
    case "symbolic":
      return { equal: true, how: "symbolically, on every schedule and grid" };
    case "numeric":
      return {
        equal: true,
        how: `numerically, to ${found.data ? `${dataTolerance} on random data` : tolerance} on ${found.places} schedules and grids`,
      };
    case "fails":
      return { equal: false, how: `the ${found.which} does not compile on ${found.schedule}: ${found.why}` };
    case "different":
      return {
        equal: false,
        how: `${found.steps} steps of a run on ${found.schedule} differ`,
        step: found.first,
      };
  }
}
