// Owns: what a compiled sampler says about its own text: its line behind its name, its levels over its schedule and its
// grid, and the ends of every quantity.

import { describePlan } from "../../compiler/plan/describe.js";
import { namedQuantities } from "../../compiler/graph/quantity.js";
import { quantityAt } from "../../compiler/path/environment.js";
import type { PathPoint } from "../../compiler/path/path.js";
import type { Plan } from "../../compiler/plan/schema.js";
import type { LoweredRun } from "../../compiler/sampler/run.js";
import type { Statement } from "../../compiler/syntax/ast.js";
import type { Fact, Values } from "./later.js";

const short = (x: number): string => String(Number(x.toPrecision(4)));

export function samplerFacts(run: LoweredRun, plan: Plan): readonly Fact[] {
  const { def, grid, path, statements, attempts } = run.sampler;
  const { report } = plan;
  const evaluations = `${report.nfe} NFE${attempts === undefined ? "" : " an attempt"}`;
  const head: Fact = {
    at: def.node.name.span,
    text: `${evaluations}, ${report.peakTensors} tensors`,
    tooltip: describePlan(plan),
  };
  const part = (name: string): Statement | undefined =>
    statements.find((statement) => statement.kind === "Parts" && statement.part === name);
  const over = (name: string, tooltip: string): readonly Fact[] => {
    const statement = part(name);
    const value = statement?.kind === "Parts" ? statement.values[0] : undefined;
    return value ? [{ at: value.span, text: "", tooltip }] : [];
  };
  const line = (point: PathPoint): string =>
    `| ${[point.time, point.alpha, point.sigma, point.lambda].map(short).join(" | ")} |`;
  const table = (points: readonly PathPoint[]): string =>
    ["| time | alpha | sigma | lambda |", "| --- | --- | --- | --- |", ...points.map(line)].join("\n");
  const few = grid.length <= 9 ? grid : [...grid.slice(0, 4), ...grid.slice(-4)];
  return [
    head,
    ...over("schedule", `from noise to data:\n\n${table([path.start, path.end])}`),
    ...over(
      "grid",
      `${grid.length} points${few.length < grid.length ? ", the first and last four" : ""}:\n\n${table(few)}`,
    ),
  ];
}

export function valuesOf({ sampler }: LoweredRun): Values {
  const { grid, path } = sampler;
  const [first, last] = [grid[0], grid[grid.length - 1]] as [PathPoint, PathPoint];
  const pair = (name: string): readonly [number, number] => [
    quantityAt(path, name, first),
    quantityAt(path, name, last),
  ];
  const names = [...namedQuantities].filter((name) => pair(name).every((value) => !Number.isNaN(value)));
  return { sampler: sampler.def.name, ends: Object.fromEntries(names.map((name) => [name, pair(name)])) };
}

/** `on digits 0.0067 .. 1` for every sampler. */
export const describeValues = (name: string, values: readonly Values[]): string =>
  values
    .flatMap(({ sampler, ends }) => {
      const pair = ends[name];
      return pair ? [`in \`${sampler}\` ${pair.map(short).join(" .. ")}`] : [];
    })
    .join("\n\n");
