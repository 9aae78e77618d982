// Owns: runs on a training table whose betas and whose last point the recording describes in words.

import { Fields, type Case } from "../format.js";
import { list, literal, unsupported } from "../spec.js";
import { atIndices, trainingTable } from "./paths.js";

const number = String.raw`\d+(?:\.\d*)?(?:e-?\d+)?`;
const spaced = new RegExp(
  String.raw`^linspace\((?:(sqrt)\((${number})\),\s*sqrt\((${number})\)|(${number}),\s*(${number})),\s*(\d+)\)(\^2)?$`,
);

/** `linspace(a,b,N)` and `linspace(sqrt(a),sqrt(b),N)^2`. */
function tableOf(schedule: Fields): string {
  if (schedule.text("kind") !== "vp-discrete")
    return unsupported(`the schedule '${schedule.text("kind")}' is not implemented`);
  const text = schedule.text("betas");
  const [, root, low, high, first = low, last = high, N, squared] = spaced.exec(text) ?? [];
  if ((root === undefined) !== (squared === undefined) || N === undefined)
    return unsupported(`betas '${text}' are not implemented`);
  const betas = { beta_start: Number(first), beta_end: Number(last), N: Number(N) };
  const kind = root === undefined ? "linear" : "scaled_linear";
  return trainingTable("path", kind, new Fields(betas, schedule.where), Number(N));
}

export interface Labelled {
  readonly definitions: readonly string[];
  readonly schedule: string;
  readonly grid: string;
  readonly steps: number;
}

/** A run's training steps with the point after them: an entry of the table, or the clean end. */
export function labelled({ schedule, grid }: Case, ending: string): Labelled {
  const points = grid.get("t");
  const labels = (Array.isArray(points) ? points : []).filter((t): t is number => typeof t === "number");
  if (!Array.isArray(points) || labels.length !== points.length - 1 || points[labels.length] !== null)
    return unsupported("a grid that is not a list of training steps and null for the point after them");
  const entry = /alphas_cumprod\[(\d+)\]/.exec(ending)?.[1];
  const clean = /alpha\s*=\s*1\b/.test(ending);
  if ((entry === undefined) === !clean) return unsupported(`a run that ends as in '${ending}'`);
  return {
    definitions: [tableOf(schedule), atIndices],
    schedule: "path",
    grid:
      entry === undefined
        ? `labels(list: ${list(labels)})`
        : `at_indices(points: [${[...labels.map(literal), entry].join(", ")}])`,
    steps: labels.length,
  };
}
