// Owns: what differs between two samplers: schedule, grid, network, guidance, rule step by step, output. Each part is
// put alone in the place of the other's, so that one difference does not show as another.

import { Failure } from "../diagnostics/report.js";
import { valueKey } from "../lower/parameters.js";
import type { PathPoint } from "../path/path.js";
import { lowerRun, type LoweredRun } from "../sampler/run.js";
import type { Sampler } from "../sampler/sampler.js";
import { pathDifference, sameLevel, scaleOf, type PathComparison } from "./equivalencePaths.js";
import { compareRuns, type CallRules, type RunComparison, type StepDifference } from "./equivalenceRuns.js";

export interface GridPointDifference {
  readonly point: number;
  readonly a: { readonly rho: number; readonly time: number } | undefined;
  readonly b: { readonly rho: number; readonly time: number } | undefined;
}

export interface Both {
  readonly a: string;
  readonly b: string;
}

export interface SamplerDiff {
  readonly equal: boolean;
  /** How equal samplers were found to be so: step by step, as whole runs only, or on random data. */
  readonly how: RunComparison["how"] | undefined;
  /** Largest relative difference of weights of equal samplers. */
  readonly distance: number;
  readonly schedule: PathComparison;
  /** The scales in which the schedules keep their states, where they are not the same. */
  readonly scales: Both | undefined;
  /** Points at other levels rho = sigma/alpha, and the formulas of the two grids when there are any. */
  readonly grid: {
    readonly points: Both;
    readonly differing: readonly GridPointDifference[];
    readonly formulas?: Both;
  };
  /** What the networks predict, when that differs. The samplers are compared on the same x0 then. */
  readonly network: Both | undefined;
  readonly guidance: (Both & { readonly same: boolean }) | undefined;
  /** Steps that differ when both rules run on the first sampler's schedule, grid and guidance; or why they cannot. */
  readonly steps: readonly StepDifference[] | string;
  readonly count: number;
  /** The rules say the same, but name their draws otherwise: with one seed the samples differ. */
  readonly renamed: boolean;
}

const text = (sampler: Sampler): string => sampler.model.guidance.map(valueKey).join(", ") || "none";

const networksOf = ({ model }: Sampler): string =>
  model.networks
    .map(({ name, view, time }) => {
      const label =
        time === undefined
          ? ""
          : time === "none"
            ? " without time"
            : ` with time ${sourceOf(time.span, model)}`;
      return `${name} predicts ${view.name}${label}`;
    })
    .join(", ");

const sourceOf = (
  span: { readonly start: number; readonly end: number },
  model: Sampler["model"],
): string => {
  const [network] = model.networks;
  return network?.scope.module.source.text.slice(span.start, span.end) ?? "";
};

/** The sampler's grid as it is written, without the layout of its source. */
function gridOf({ def }: Sampler): string {
  const { body } = def.node;
  const clause =
    body.kind === "Block"
      ? body.statements.find((item) => item.kind === "Parts" && item.part === "grid")
      : undefined;
  const [value] = clause?.kind === "Parts" ? clause.values : [];
  if (!value) return "points placed by the solver";
  return def.module.source.text.slice(value.span.start, value.span.end).replace(/\s+/g, " ");
}

/** Compares two samplers as maps of the initial noise, the draws and the network's answers to the result. */
export function diffSamplers(a: LoweredRun, b: LoweredRun): SamplerDiff {
  const schedule = pathDifference(a.sampler.path, b.sampler.path);
  const [gridA, gridB] = [a.sampler.grid, b.sampler.grid];
  const differing = gridPoints(gridA, gridB);
  const [networkA, networkB] = [a, b].map(({ sampler }) => networksOf(sampler)) as [string, string];
  const network = networkA === networkB ? undefined : { a: networkA, b: networkB };
  const rules: CallRules = { times: network === undefined };
  const guidance = guidanceDifference(a, b, rules);
  const points = { a: String(gridA.length), b: String(gridB.length) };
  const formulas = { a: gridOf(a.sampler), b: gridOf(b.sampler) };
  const grid = differing.length > 0 ? { points, differing, formulas } : { points, differing };
  const [scaleA, scaleB] = [scaleOf(gridA), scaleOf(gridB)];
  const whole = differing.length === 0 ? attempt(() => compareRuns(a, b, rules)) : undefined;
  const rule = attempt(() => compareRuns(a, onGroundOf(a, b), rules));
  const compared = whole !== undefined && !(whole instanceof Failure) ? whole : undefined;
  const equal = compared?.equal === true && schedule.kind === "equal";
  return {
    equal,
    how: equal ? compared.how : undefined,
    distance: compared?.distance ?? 0,
    schedule,
    scales: scaleA === scaleB ? undefined : { a: scaleA, b: scaleB },
    grid,
    network,
    guidance,
    steps: rule instanceof Failure ? rule.diagnostic.message : rule.steps,
    count: a.steps.length,
    renamed: compared?.renamed ?? (!(rule instanceof Failure) && rule.renamed),
  };
}

/** The second sampler's rules on the first one's path, grid and guided network. */
function onGroundOf({ sampler: a }: LoweredRun, { sampler: b }: LoweredRun): LoweredRun {
  const inputs = new Map([...b.inputs, ...a.inputs]);
  return lowerRun({
    ...b,
    path: a.path,
    grid: a.grid,
    steps: a.steps,
    model: a.model,
    conventions: a.conventions,
    inputs,
    context: {
      ...b.context,
      path: a.path,
      model: a.model,
      viewNamed: a.context.viewNamed,
      outputs: a.context.outputs,
      declareInput: (name, type, at) => inputs.set(name, { name, type, at }),
    },
  });
}

function guidanceDifference(a: LoweredRun, b: LoweredRun, rules: CallRules): SamplerDiff["guidance"] {
  const [one, two] = [text(a.sampler), text(b.sampler)];
  if (
    one === two &&
    a.sampler.model.guidance.every((rule, i) => rule.def.node === b.sampler.model.guidance[i]?.def.node)
  )
    return undefined;
  const { sampler } = a;
  const model: Sampler["model"] = {
    networks: sampler.model.networks,
    guidance: b.sampler.model.guidance,
    conditions: b.sampler.model.conditions,
  };
  const inputs = new Map([...sampler.inputs, ...b.sampler.inputs]);
  const swapped = attempt(() =>
    compareRuns(a, lowerRun({ ...sampler, model, inputs, context: { ...sampler.context, model } }), rules),
  );
  return { a: one, b: two, same: !(swapped instanceof Failure) && swapped.equal };
}

function gridPoints(a: readonly PathPoint[], b: readonly PathPoint[]): readonly GridPointDifference[] {
  const place = (point: PathPoint | undefined): GridPointDifference["a"] =>
    point && { rho: point.rho, time: point.time };
  return Array.from({ length: Math.max(a.length, b.length) }, (_, point) => point)
    .filter((i) => {
      const [one, two] = [a[i], b[i]];
      return !one || !two || !sameLevel(one, two);
    })
    .map((point) => ({ point, a: place(a[point]), b: place(b[point]) }));
}

function attempt<T>(work: () => T): T | Failure {
  try {
    return work();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
