// Owns: whether the variable of a polynomial or a tableau (after `over`) rises or falls all the way between the levels that a step uses. A
// variable that turns there takes one value at two places, so a function of it says nothing about the prediction.

import { evaluate, type Environment } from "../algebra/evaluate.js";
import { fail } from "../diagnostics/report.js";
import { quantityData } from "../graph/quantity.js";
import { NOW } from "../lower/forecast.js";
import type { Interpolant } from "../lower/template.js";
import { pathEnvironment, quantityAt } from "../path/environment.js";
import type { Path, PathPoint } from "../path/path.js";
import type { StepNumbers } from "./numbers.js";

/** Places looked at between the outermost levels. */
const count = 128;

/** Differences of values that are only rounding. */
const rounding = 32 * Number.EPSILON;

export function checkInterpolant(
  { over, levels, at }: Interpolant,
  numbers: StepNumbers,
  step: number,
): void {
  if (over.kind === "sym" && isMonotone(quantityData(over)?.quantity)) return;
  const { path } = numbers;
  const samples = placesBetween(
    levels.map((level) => numbers.point(level)),
    path,
  )
    .map((point) => ({ point, value: valueAt(point) }))
    .filter(({ value }) => Number.isFinite(value));
  const values = samples.map(({ value }) => value);
  if (values.length < 3) return;
  const size = Math.max(...values.map(Math.abs));
  if (Math.max(...values) - Math.min(...values) <= rounding * size)
    fail("D0403", `the variable after \`over\` is the same number all along \`${path.name}\``, {
      at,
      why: "it cannot tell one point from another",
      help: wayOut,
    });
  let before = 0;
  for (let i = 1; i < samples.length; i += 1) {
    const change = (values[i] as number) - (values[i - 1] as number);
    if (Math.abs(change) <= rounding * size) continue;
    if (before !== 0 && Math.sign(change) !== before) {
      const { lambda, time } = (samples[i - 1] as (typeof samples)[number]).point;
      fail(
        "D0403",
        `the variable after \`over\` is not monotone: in step ${step} it ${before > 0 ? "rises, then falls" : "falls, then rises"}, turning near lambda = ${short(lambda)} (time ${short(time)})`,
        {
          at,
          why: "it has one value at two places of the step, so no function of it can follow the prediction",
          help: wayOut,
        },
      );
    }
    before = Math.sign(change);
  }

  function valueAt(point: PathPoint): number {
    const environment: Environment = {
      symbol: (s) => {
        const data = quantityData(s);
        return data?.level === NOW ? quantityAt(path, data.quantity, point) : numbers.value(s);
      },
      call: (name, args) => pathEnvironment.call?.(name, args),
    };
    return evaluate(over, environment);
  }
}

const wayOut =
  "interpolate in lambda, rho, time, or a function of them that only rises or only falls between the nodes";

/** Those that every path has in order, from noise to data. */
const isMonotone = (name: string | undefined): boolean =>
  name === "lambda" || name === "rho" || name === "time" || name === "index";

/** Places from one end of the levels to the other, evenly in a coordinate that is finite at both. */
function placesBetween(levels: readonly PathPoint[], path: Path): readonly PathPoint[] {
  const coordinate = (["lambda", "rho", "time"] as const).find((name) =>
    levels.every((point) => Number.isFinite(point[name])),
  );
  if (coordinate === undefined) return levels;
  const values = levels.map((point) => point[coordinate]);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return Array.from({ length: count + 1 }, (_, i) =>
    path.numbers.at(coordinate, i === count ? high : low + ((high - low) * i) / count),
  );
}

const short = (x: number): string => String(Number(x.toPrecision(3)));
