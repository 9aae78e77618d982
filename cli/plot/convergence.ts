// Owns: the panel of convergence: the sampler runs on a mixture of Gaussians with more and more steps, and its error
// against a much finer run is drawn against the calls it took. Rules with noise are measured by the closed-form error of
// mean and spread on Gaussian data.

import { NotDecidable } from "../../compiler/certify/evaluateStep.js";
import { gaussianReport } from "../../compiler/certify/gaussian.js";
import { Failure } from "../../compiler/diagnostics/report.js";
import type { Plan } from "../../compiler/plan/schema.js";
import type { LoweredRun } from "../../compiler/sampler/run.js";
import { gmmModel, openBackend, RunFailure, sample, type GaussianMixtures } from "../../runtime/index.js";
import { colorOf, type Panel, type Point } from "./panel.js";

/** A smooth target: everything a network would do here is known in closed form. */
const mixture: GaussianMixtures = {
  weights: [0.5, 0.3, 0.2],
  means: [
    [0.8, -0.4],
    [-0.7, 0.5],
    [0.1, 0.9],
  ],
  stds: [0.5, 0.4, 0.3],
};

export interface Made {
  readonly plan: Plan;
  readonly run: LoweredRun;
}

/** The sampler with a number of steps; undefined when it has none with that number. */
export type WithSteps = (steps: number) => Made | undefined;

const counts = [6, 9, 14, 20, 30, 45, 68, 100] as const;
const reference = 1600;

/** The power law through the last points: error = c * calls^-slope. */
export function slopeOf(points: readonly Point[]): number {
  const used = points.filter(([, error]) => error > 1e-13).slice(-4);
  const logs = used.map(([x, y]) => [Math.log(x), Math.log(y)] as const);
  const n = logs.length;
  if (n < 2) return NaN;
  const mean = (of: (pair: readonly [number, number]) => number): number =>
    logs.reduce((sum, pair) => sum + of(pair), 0) / n;
  const [mx, my] = [mean(([x]) => x), mean(([, y]) => y)];
  const top = logs.reduce((sum, [x, y]) => sum + (x - mx) * (y - my), 0);
  const bottom = logs.reduce((sum, [x]) => sum + (x - mx) ** 2, 0);
  return -top / bottom;
}

const usable = ({ inputs }: Plan): boolean => inputs.every((input) => input.kind === "condition");

async function states({ plan }: Made): Promise<Float64Array> {
  const model = gmmModel(mixture);
  const { results } = await sample(plan, {
    models: Object.fromEntries(plan.models.map(({ name }) => [name, model])),
    backend: await openBackend("reference"),
    shape: [2],
    count: 16,
    seed: 11,
    inputs: Object.fromEntries(plan.inputs.map(({ name }) => [name, null])),
  });
  return Float64Array.from(results[0]?.data ?? []);
}

/** Does a run draw anything besides its initial noise? */
const isNoisy = ({ draws }: Plan): boolean => draws.some((draw) => draw.path !== "initial");

/** Drawn beside the points: the order that was certified, through the last point. */
function guide(points: readonly Point[], order: number): readonly Point[] {
  const [x1, y1] = points.at(-1) ?? [1, 1];
  const x0 = points[0]?.[0] ?? 1;
  return [
    [x0, y1 * (x1 / x0) ** order],
    [x1, y1],
  ];
}

/** One panel; or a word why there is none. */
export async function convergencePanel(make: WithSteps, order: number | undefined): Promise<Panel | string> {
  const made = counts.flatMap((count) => make(count) ?? []);
  const [first] = made;
  if (!first || new Set(made.map(({ run }) => run.sampler.steps)).size < 3)
    return "the number of steps of this sampler does not change with `steps`";
  if (!usable(first.plan)) return "it reads inputs";
  try {
    return isNoisy(first.plan) ? onGaussian(made) : await onMixture(made, make, order);
  } catch (error) {
    if (error instanceof NotDecidable || error instanceof Failure || error instanceof RunFailure)
      return error.message;
    throw error;
  }
}

async function onMixture(
  made: readonly Made[],
  make: WithSteps,
  order: number | undefined,
): Promise<Panel | string> {
  const fine = make(reference);
  if (!fine) return `it has no run of ${reference} steps`;
  const exact = await states(fine);
  const points: Point[] = [];
  for (const one of made) {
    const found = await states(one);
    const error = Math.sqrt(
      found.reduce((sum, x, i) => sum + (x - (exact[i] ?? NaN)) ** 2, 0) / found.length,
    );
    points.push([one.plan.report.nfe, error]);
  }
  const slope = slopeOf(points);
  return {
    title: "Convergence on a mixture of Gaussians",
    subtitle: `distance to ${reference} steps; last slope ${slope.toFixed(2)}${order === undefined ? "" : `, certified order ${order}`}`,
    x: { label: "NFE", log: true },
    y: { label: "root mean square error", log: true },
    series: [
      { name: "measured", color: colorOf(0), marks: "both", points },
      ...(order === undefined
        ? []
        : [{ name: `order ${order}`, color: colorOf(1), dashed: true, points: guide(points, order) }]),
    ],
  };
}

function onGaussian(made: readonly Made[]): Panel {
  const reports = made.map((one) => ({
    nfe: one.plan.report.nfe,
    ...gaussianReport(one.run, { mean: 0.5, variance: 0.25 }).steps,
  }));
  const curves = (["mean", "std"] as const).map((which, i) => ({
    name: `error of the ${which}`,
    color: colorOf(i),
    marks: "both" as const,
    points: reports.map((report): Point => [report.nfe, Math.abs(report[which])]),
  }));
  // Many rules keep the mean exactly; what is left is rounding.
  const series = curves.filter(({ points }) => points.some(([, error]) => error > 1e-12));
  const slopes = series.map(({ name, points }) => `${name}: last slope ${slopeOf(points).toFixed(2)}`);
  const exact = curves.filter((curve) => !series.includes(curve)).map(({ name }) => `${name}: none`);
  return {
    title: "Convergence in law on N(0.5, 0.25)",
    subtitle: [...slopes, ...exact].join("; "),
    x: { label: "NFE", log: true },
    y: { label: "error", log: true },
    series,
  };
}
