// Owns: the numbers of a run as tables: for each stretch of steps with the same graph, where each step stands on the
// path and the value of every weight. Weights have the names that the graph printer gives them.

import type { LoweredRun, RunStep } from "../sampler/run.js";
import { gridLevel } from "../graph/level.js";
import { stretchesOf, titleOf, type Stretch } from "./stretches.js";

const digits = 9;
const show = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(digits))) : String(value);

/** Columns: step, the point s of the step, then the weights; a line before each table says what the weights multiply. */
export function emitCoefficients(run: LoweredRun): string {
  const count = run.steps.length;
  const stretches = stretchesOf(run);
  return `${stretches.map((stretch) => paragraph(stretch, run, count)).join("\n\n")}\n`;
}

function paragraph(stretch: Stretch, run: LoweredRun, count: number): string {
  const { first, last, text } = stretch;
  const legend = text.weights.map(({ name, of, target }) => `${name}: ${of} in ${target}`).join("; ");
  const hasIndex = run.sampler.path.index !== undefined;
  const header = ["step", hasIndex ? "index" : "time", "alpha", "sigma", "lambda"];
  const rows = [[...header, ...text.weights.map((weight) => weight.name)]];
  for (let index = first; index <= last; index += 1) {
    const step = index < 0 ? run.init : (run.steps[index] ?? run.output);
    const typical = step.graph.control !== undefined;
    const point = typical
      ? step.numbers.point(gridLevel(0))
      : run.sampler.grid[Math.min(Math.max(index, 0), count)];
    if (point === undefined) continue;
    rows.push([
      typical ? "any" : index < 0 ? "start" : index >= count ? "end" : String(index),
      ...[hasIndex ? point.index : point.time, point.alpha, point.sigma, point.lambda].map(show),
      ...valuesOf(stretch, step),
    ]);
  }
  return [titleOf(stretch, count), ...(legend === "" ? [] : [`  ${legend}`]), ...aligned(rows)].join("\n");
}

const valuesOf = ({ text }: Stretch, step: RunStep): readonly string[] =>
  text.weights.map(({ value }) => show(step.numbers.value(value)));

function aligned(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) => `  ${row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  ")}`);
}
