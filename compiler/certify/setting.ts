// Owns: lowering a solver by itself, without a sampler: a path of which only the symbols are known, one network that
// predicts x0, no guidance, full history in the middle of a run. Questions that depend on the place are answered at
// several places; a rule with different answers has several branches.

import type { Expr } from "../algebra/expr.js";
import { symbols } from "../algebra/expr.js";
import { fail } from "../diagnostics/report.js";
import { linearKey, type Linear } from "../graph/node.js";
import { quantityData } from "../graph/quantity.js";
import type { Prediction, View } from "../lower/prediction.js";
import { Scope } from "../lower/scope.js";
import { lowerStep, type StepContext } from "../lower/step.js";
import type { Oracle, StepGraph } from "../lower/template.js";
import { numberValue, type DefinitionValue, type Value } from "../lower/value.js";
import { num } from "../algebra/expr.js";
import type { Path } from "../path/path.js";
import type { Program } from "../resolve/module.js";
import { StaticLowering } from "../sampler/sampler.js";
import type { Span } from "../source/span.js";
import { fixedField } from "./fixed.js";
import { makeFamily, PathSeries, type FamilyName } from "./family.js";
import { makeGrid } from "./gridSeries.js";
import { LaurentRing, NoSeries } from "./laurent.js";
import { middleOfRun, neutralPathKey, SeriesScalars, type Counters } from "./seriesAlgebra.js";

/** What a solver is certified on. */
export interface Setting {
  readonly program: Program;
  readonly solver: DefinitionValue;
  readonly family: FamilyName;
  /** Steps made so far; undefined in the middle of a run. */
  readonly history?: number | undefined;
}

export interface Branch {
  readonly graph: StepGraph;
  /** The same step as one that makes the prediction at s itself. */
  readonly plain: StepGraph;
  /** The prediction the rule leaves at t for the next step, when it is not the model on the state at t. */
  readonly given: Prediction | undefined;
  /** The prediction at t that the step makes itself, if any: the next step does not call the network at its s. */
  readonly left: Prediction | undefined;
  /** Largest offset of a point before s that the step reads. */
  readonly depth: number;
}

function neutralPath(solver: DefinitionValue): Path {
  const nowhere = {
    time: NaN,
    index: NaN,
    alpha: NaN,
    sigma: NaN,
    lambda: NaN,
    rho: NaN,
  };
  return {
    name: neutralPathKey,
    key: neutralPathKey,
    def: solver.def,
    time: { from: 1, to: 0 },
    index: { from: 1, to: 0 },
    formulas: new Map(),
    numbers: { relation: undefined, at: () => nowhere, derived: () => NaN },
    start: nowhere,
    end: nowhere,
    endpoints: [],
  };
}

export function neutralContext(solver: DefinitionValue, program: Program): StepContext {
  const at = solver.def.node.name.span;
  const cx = new StaticLowering(program);
  const views = new Map<string, View | undefined>();
  return {
    program,
    path: neutralPath(solver),
    model: {
      networks: [
        {
          name: "model",
          view: { name: "x0", parameterization: undefined },
          time: undefined,
          extras: [],
          outputs: [],
          scope: new Scope(undefined),
          at,
        },
      ],
      guidance: [],
      conditions: [],
    },
    viewNamed: (name) => {
      if (name === "x0" || name === "eps") return { name, parameterization: undefined };
      if (!views.has(name)) {
        const def = program.definition(solver.def.module, "parameterization", name);
        const args = new Map<string, Value>();
        views.set(name, def && { name, parameterization: { kind: "definition", def, args } });
      }
      return views.get(name);
    },
    outputs: new Set(),
    pathOfSchedule: (schedule, span) => cx.path(schedule, span),
    declareInput: (name, type, span) =>
      fail("D0413", `the input \`${name}: ${type}\` is not known to an algebra`, { at: span }),
  };
}

/** Places at which questions are asked: lambda, step size, step of 1000. */
const places: readonly (readonly [number, number, number])[] = [
  [0.25, 2 ** -10, 500],
  [-3, 2 ** -10, 3],
  [3, 2 ** -7, 990],
  [-1, 2 ** -6, 200],
  [1.5, 2 ** -12, 800],
];

const truths: ReadonlySet<string> = new Set(["lt", "le", "eq", "ne", "and", "or", "not"]);

/** Answers questions at one of the places. */
class PlaceOracle implements Oracle {
  readonly #scalars: SeriesScalars[];
  /** Questions whose answers differ between places. */
  readonly open: Expr[] = [];

  constructor(
    readonly setting: Setting,
    readonly given: boolean,
    /** Answers chosen for open questions. */
    readonly chosen: ReadonlyMap<Expr, number>,
  ) {
    const ring = new LaurentRing(0);
    this.#scalars = places.map(([lambda, step, at]) => {
      const centre = fixedField.fromNumber(lambda);
      const path = new PathSeries(ring.series, makeFamily(setting.family, 1, centre), centre);
      const grid = makeGrid("ratios", path, ring.series.constant(fixedField.fromNumber(step)), 1);
      return new SeriesScalars(ring, path, grid, 0, countersAt(setting.history, at));
    });
  }

  decide(expr: Expr, at: Span): number {
    const known = this.chosen.get(expr);
    if (known !== undefined) return known;
    const values = this.#scalars.map((scalars) => {
      try {
        return fixedField.toNumber(scalars.ring.start(scalars.value(expr)));
      } catch (error) {
        if (error instanceof NoSeries || error instanceof RangeError) return NaN;
        throw error;
      }
    });
    const first = values[0] as number;
    if (Number.isNaN(first))
      return fail("D0413", "this question about the place in the run has no answer on a generic schedule", {
        at,
      });
    const isTruth = expr.kind === "fn" && truths.has(expr.name);
    if (isTruth && values.some((value) => value !== first) && !this.open.includes(expr)) this.open.push(expr);
    return first;
  }

  history(place: string, count: number): boolean {
    void place;
    return this.setting.history === undefined || count <= this.setting.history;
  }

  givenPrediction(): boolean {
    return this.given && this.setting.history !== 0;
  }

  carried(): boolean {
    return this.setting.history !== 0;
  }
}

export function countersAt(history: number | undefined, step: number): Counters {
  if (history === undefined) return { ...middleOfRun, step, progress: step / 1000 };
  return { ...middleOfRun, step: history, progress: history / 1000, first: history === 0 ? 1 : 0 };
}

const maxBranches = 16;

/** Every branch the rule has over the places of a run. Throws D0413 when there are more than can be looked at. */
export function branches(setting: Setting): readonly Branch[] {
  const done: Branch[] = [];
  const queue: ReadonlyMap<Expr, number>[] = [new Map()];
  while (queue.length > 0 && done.length < maxBranches) {
    const chosen = queue.pop() as ReadonlyMap<Expr, number>;
    const { branch, open } = lowered(setting, chosen);
    const [question] = open;
    if (question === undefined) done.push(branch);
    else for (const answer of [0, 1]) queue.push(new Map([...chosen, [question, answer]]));
  }
  if (queue.length > 0)
    fail(
      "D0413",
      `\`${setting.solver.def.name}\` has more than ${maxBranches} cases by the place in the run`,
      {
        at: setting.solver.def.node.name.span,
        help: "split it into rules that a sampler switches between",
      },
    );
  return done;
}

function lowered(
  setting: Setting,
  chosen: ReadonlyMap<Expr, number>,
): { branch: Branch; open: readonly Expr[] } {
  const context = neutralContext(setting.solver, setting.program);
  const at = setting.solver.def.node.name.span;
  const lower = (given: boolean): { graph: StepGraph; oracle: PlaceOracle } => {
    const oracle = new PlaceOracle(setting, given, chosen);
    const graph = lowerStep(setting.solver, context, oracle, at);
    return { graph, oracle };
  };
  const plain = lower(false);
  const used = plain.graph.atT() === undefined ? plain : lower(true);
  const left = used.graph.atT();
  const given = left && used.graph.next && !isCallAt(left, used.graph.next) ? left : undefined;
  return {
    branch: { graph: used.graph, plain: plain.graph, given, left, depth: historyDepth(used.graph) },
    open: used.oracle.open,
  };
}

/** The prediction was made on the very state at t, so the next step reads the model on its own state. */
function isCallAt(prediction: Prediction, state: Linear): boolean {
  const key = linearKey(state);
  return [...prediction.endpoints.values()].every((value) =>
    [...value.terms.keys()].every((node) => node.kind !== "call" || linearKey(node.site.state) === key),
  );
}

/** How far back the step reads. */
function historyDepth(graph: StepGraph): number {
  let depth = 0;
  for (const decision of graph.decisions)
    if (decision.kind === "history" && decision.value) depth = Math.max(depth, decision.count);
  return depth;
}

/** A solver with some parameters set to numbers. */
export function withNumbers(
  solver: DefinitionValue,
  values: Readonly<Record<string, number>>,
): DefinitionValue {
  const args = new Map(solver.args);
  for (const [name, value] of Object.entries(values)) args.set(name, numberValue(num(value)));
  return { ...solver, args };
}

/** Does an expression differ from place to place? */
export const depends = (expr: Expr): boolean =>
  [...symbols(expr)].some((s) => quantityData(s) !== undefined || "counter" in s.data);
