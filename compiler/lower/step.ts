// Owns: lowering one step (or init, or output) of a sampler to a template: builds the graph, applies solvers inside
// solvers, shares predictions, records the static questions asked.

import { fn, pow, num, sub, type Expr } from "../algebra/expr.js";
import { fail, Failure } from "../diagnostics/report.js";
import {
  Graph,
  isConstantLinear,
  linearKey,
  plus,
  scale,
  type BrownianLeaf,
  type Linear,
} from "../graph/node.js";
import { startLevel, type Level, type Point } from "../graph/level.js";
import { namedQuantities, quantity, type Quantity } from "../graph/quantity.js";
import type { Path } from "../path/path.js";
import { isLibrary, type Program } from "../resolve/module.js";
import type { Span } from "../source/span.js";
import type { CallExpr, Expression, StartClause } from "../syntax/ast.js";
import { evaluate, toTensor, type Lowering, type SolverPart, type TensorForm } from "./expression.js";
import { placesPoints } from "./control.js";
import type { FrameBody, Source } from "./frame.js";
import { asDefinition, argumentValue, definitionOf } from "./parameters.js";
import { arrow } from "./points.js";
import { Conversions, type Prediction, type View } from "./prediction.js";
import { Predictor, type GuidedModel } from "./predictor.js";
import { Scope, type Place } from "./scope.js";
import { invertCoupled } from "./coupledInverse.js";
import { invertStep } from "./inverse.js";
import { normalForm, OpaqueViews, slopeLevel, type NormalForm } from "./slope.js";
import { SolverFrame, solverBody } from "./solver.js";
import {
  HistoryMissing,
  RecordingOracle,
  Restart,
  sPoint,
  tPoint,
  type CarryExport,
  type Interpolant,
  type Integrand,
  type Oracle,
  type StepGraph,
} from "./template.js";
import { numberValue, tensorValue, type DefinitionValue, type Value } from "./value.js";

/** What every step of a sampler shares. */
export interface StepContext {
  readonly program: Program;
  readonly path: Path;
  readonly model: GuidedModel;
  readonly viewNamed: (name: string) => View | undefined;
  /** Extra outputs of the networks. */
  readonly outputs: ReadonlySet<string>;
  readonly pathOfSchedule: (schedule: DefinitionValue, at: Span) => Value;
  readonly declareInput: (name: string, type: string, at: Span) => void;
}

/** Solvers inside solvers inside solvers. */
const deepest = 32;

/** Puts unknowns back. */
export type Resolver = (value: Linear) => Linear;

/** An applied rule: its state at q, and the embedded one of its tableau. */
interface Applied {
  readonly value: Linear;
  readonly low: Linear | undefined;
}

/** Has the solver a parameter of that name itself? */
const takesSlope = (solver: DefinitionValue): boolean =>
  solver.def.node.params?.some((param) => param.name.text === "slope") ?? false;

export class StepLowering implements Lowering {
  readonly graph = new Graph();
  readonly conversions: Conversions;
  readonly predictor: Predictor;
  readonly program: Program;
  readonly #carryExports = new Map<string, CarryExport>();
  readonly #initialCarries = new Map<string, Linear>();
  readonly #places = new Map<string, { readonly frame: SolverFrame; readonly real: Resolver }>();
  /** Lowerings in progress whose predictions stand for themselves (slope.ts), outermost first. */
  #opaque: readonly OpaqueViews[] = [];
  #opaqueCount = 0;
  readonly #increments: BrownianLeaf[] = [];
  /** Variables of polynomials, to be looked at where there are numbers. */
  readonly interpolants: Interpolant[] = [];
  /** The rule that made a state, by the state. */
  readonly #applied = new Map<string, SolverFrame>();
  readonly #readUnmoved = new Set<string>();
  readonly #ordinals = new Map<CallExpr, number>();
  readonly #embedded = new Map<string, Linear>();
  readonly #notes = new Set<string>();
  readonly integrands: Integrand[] = [];
  #sPrediction: Prediction | undefined;
  /** The rule that was lowered in the end: a start rule while history is missing. */
  #rule = "";
  #couplesBatch = false;

  constructor(
    readonly cx: StepContext,
    readonly oracle: RecordingOracle,
    /** States known to be moved by a split prediction (see Restart). */
    readonly movedStates: Set<string>,
  ) {
    this.program = cx.program;
    this.conversions = new Conversions(cx.path, this.graph, this, cx.viewNamed);
    this.predictor = new Predictor(cx.model, this.conversions, this, (name) => oracle.carried(name));
  }

  get couplesBatch(): boolean {
    return this.#couplesBatch;
  }

  get pathOf(): Path {
    return this.cx.path;
  }

  decide(expr: Expr, at: Span): number {
    return this.oracle.decide(expr, at);
  }

  path(schedule: DefinitionValue, at: Span): Value {
    return this.cx.pathOfSchedule(schedule, at);
  }

  declareInput(name: string, type: string, at: Span): void {
    this.cx.declareInput(name, type, at);
  }

  isOutput(name: string): boolean {
    return this.cx.outputs.has(name);
  }

  // ---- predictions -----------------------------------------------------------------------------------------------

  #stateKey(x: Linear, level: Level): string {
    return `${linearKey(x)}@${level.key}`;
  }

  predict(x: Linear, level: Level, at: Span): Prediction {
    const real = this.resolver()(x);
    return this.opaquely(this.#predictReal(real, level, at), x);
  }

  /** Puts back what unknowns of the opaque lowerings now in progress stand for. */
  resolver(): Resolver {
    const stack = [...this.#opaque].reverse();
    return (value) => stack.reduce((form, opaque) => opaque.resolve(form), value);
  }

  /** A prediction as the lowerings in progress see it. */
  opaquely(prediction: Prediction, x: Linear): Prediction {
    return this.#opaque.reduce((seen, opaque) => opaque.wrap(seen, x), prediction);
  }

  #predictReal(x: Linear, level: Level, at: Span): Prediction {
    if (this.predictor.splits) {
      const key = this.#stateKey(x, level);
      if (this.#readUnmoved.has(key)) {
        this.movedStates.add(key);
        throw new Restart();
      }
    }
    return this.predictor.predict(x, level, at);
  }

  /** A state as a solver reads it: after a split prediction at that state, the solver goes on from the moved one. */
  moved(form: TensorForm): TensorForm {
    if (!this.predictor.splits || typeof form.level === "string") return form;
    const key = this.#stateKey(form.value, form.level);
    if (!this.movedStates.has(key)) {
      this.#readUnmoved.add(key);
      return form;
    }
    return {
      value: this.predictor.predict(
        form.value,
        form.level,
        this.cx.model.networks[0]?.at ?? { file: "", start: 0, end: 0 },
      ).x,
      level: form.level,
    };
  }

  /** The prediction that equations such as `x0[t] = x0[e]` put at a point. */
  assignedPrediction(given: ReadonlyMap<string, Linear>, x: Linear, level: Level, at: Span): Prediction {
    if (
      given.size === this.conversions.endpointNames.length &&
      [...given.keys()].every((name) => this.conversions.endpointNames.includes(name))
    )
      return this.conversions.prediction({
        level,
        x: this.conversions.state(given, level),
        endpoints: given,
      });
    const views = new Map<View, Linear>();
    for (const [name, value] of given) {
      const view = name === "raw" ? this.cx.model.networks[0]?.view : this.conversions.viewNamed(name);
      if (view) views.set(view, value);
    }
    const endpoints = this.conversions.endpointsFrom(views, x, level, at);
    return this.conversions.prediction({ level, x, endpoints, given });
  }

  /** The prediction at the grid's s: made now, or put there by the step before. */
  sPrediction(at: Span): Prediction {
    if (this.#sPrediction) return this.#sPrediction;
    const x = this.graph.leaf({ kind: "state", offset: 0 });
    if (!this.oracle.givenPrediction()) {
      this.#sPrediction = this.predict(x, sPoint.level, at);
      return this.#sPrediction;
    }
    const leaf = (name: string): Linear =>
      this.graph.leaf({ kind: "view", place: "", view: name, offset: 0 });
    const endpoints = new Map(this.conversions.endpointNames.map((name) => [name, leaf(name)]));
    this.#sPrediction = {
      level: sPoint.level,
      x,
      endpoints,
      outputs: new Map(),
      past: new Map(),
      split: false,
      view: (name) => leaf(name),
      names: () => this.conversions.endpointNames,
    };
    return this.#sPrediction;
  }

  gridSource(): Source {
    return {
      point: sPoint,
      x: () => this.moved({ value: this.graph.leaf({ kind: "state", offset: 0 }), level: sPoint.level }),
      prediction: (at) => this.sPrediction(at),
    };
  }

  // ---- carries ---------------------------------------------------------------------------------------------------

  initialCarry(name: string, make: () => Linear): Linear {
    if (this.#opaque.length > 0) return make();
    const known = this.#initialCarries.get(name);
    if (known) return known;
    const value = make();
    this.#initialCarries.set(name, value);
    return value;
  }

  exportCarry(name: string, carry: CarryExport): void {
    const real = this.resolver();
    const { atS, atT } = carry;
    this.#carryExports.set(name, {
      ...this.#carryExports.get(name),
      ...(atS ? { atS: () => real(atS()) } : {}),
      ...(atT ? { atT: () => real(atT()) } : {}),
    });
  }

  // ---- solvers inside solvers ------------------------------------------------------------------------------------

  /** The frame in which an expression of a solver is evaluated. */
  #frameOf(scope: Scope): SolverFrame | undefined {
    for (const place of scope.places()) if (place instanceof SolverFrame) return place;
    return undefined;
  }

  applySolver(
    target: DefinitionValue,
    node: CallExpr,
    scope: Scope,
    seq: number,
    part: SolverPart = "state",
  ): Value {
    const frame = this.#frameOf(scope);
    if (!frame) return fail("D0210", "a solver is applied inside a step: `ddim(s -> t)`", { at: node.span });
    const solver = asDefinition(target, "solver", node.callee.span);
    const { from, to } = arrow(node, scope, seq, this);
    const bound = this.#bind(solver, node, scope, seq);
    if (frame.path.split("/").length > deepest)
      return fail("D0207", `\`${solver.def.name}\` is applied inside itself without end`, {
        at: node.callee.span,
        help: "end the recursion with a `when` on a parameter that changes, or apply another solver",
      });
    const name = `${frame.path}${node.callee.kind === "Name" ? node.callee.text : solver.def.name}${this.#ordinal(node)}`;
    const source: Source = {
      point: from,
      x: () => frame.xAt(from, node.span, seq),
      prediction: (at) => frame.predictionAt(from, at, seq),
    };
    // From the caller's own s the history is the caller's; from another state it is kept by place of application.
    const place = from.id === frame.source.point.id ? frame.place : name;
    const lower = (from_: Source): Applied => this.#apply(bound, from_, to, name, place, node.span);
    const replaced = takesSlope(solver) ? undefined : node.args.find((arg) => arg.name?.text === "slope");
    if (part === "slope" || replaced) {
      const form = this.#normalForm(lower, source, solver.def.name, node.span);
      if (part === "slope") return tensorValue(form.slope, slopeLevel(form));
      const { value, span } = replaced as { value: Expression; span: Span };
      const slope = toTensor(evaluate(value, scope, seq, this), span).value;
      return tensorValue(plus(form.kept, scale(slope, form.weight)), to.level);
    }
    const { value, low } = lower(source);
    if (part === "low")
      return low
        ? tensorValue(low, to.level)
        : fail("D0307", `\`${solver.def.name}\` has no embedded result`, {
            at: node.span,
            help: "`.low` is the second result row of a `tableau`",
          });
    return tensorValue(value, to.level);
  }

  #apply(solver: DefinitionValue, source: Source, to: Point, name: string, place: string, at: Span): Applied {
    const path = `${name}/`;
    const result = calledFrom(at, solver.def.name, () =>
      this.lowerRule(solver, source, to, path, place, at, 0),
    );
    if (!result)
      return fail("D0305", `\`${solver.def.name}\` gives no state, so it cannot be applied`, { at });
    return { value: result.value, low: this.#embedded.get(path) };
  }

  #normalForm(lower: (source: Source) => Applied, source: Source, rule: string, at: Span): NormalForm {
    const opaque = new OpaqueViews(this.graph, this.#opaqueCount);
    this.#opaqueCount += 1;
    const outer = this.#opaque;
    const x = source.x();
    const state = opaque.state(x.value);
    const inside: Source = {
      point: source.point,
      x: () => ({ value: state, level: x.level }),
      // The caller's prediction is made outside: only this lowering sees it as an unknown.
      prediction: (span) => {
        const within = this.#opaque;
        this.#opaque = outer;
        try {
          return opaque.wrap(source.prediction(span), state);
        } finally {
          this.#opaque = within;
        }
      },
    };
    this.#opaque = [...outer, opaque];
    try {
      return normalForm(lower(inside).value, opaque, this.conversions, rule, at);
    } finally {
      this.#opaque = outer;
    }
  }

  #bind(solver: DefinitionValue, node: CallExpr, scope: Scope, seq: number): DefinitionValue {
    const params = solver.def.node.params ?? [];
    const args = new Map(solver.args);
    let position = 0;
    for (const arg of node.args) {
      if (arg.to) continue;
      const name = arg.name?.text ?? params[position++]?.name.text;
      if (name === "slope" && !takesSlope(solver)) continue;
      const param = params.find((candidate) => candidate.name.text === name);
      if (!param || name === undefined)
        return fail("D0220", `\`${solver.def.name}\` has no parameter \`${name ?? ""}\``, {
          at: arg.span,
          help:
            params.length > 0
              ? `its parameters are ${params.map((candidate) => `\`${candidate.name.text}\``).join(", ")}`
              : "it takes none",
        });
      args.set(name, argumentValue(param, arg.value, scope, seq, this));
    }
    return { ...solver, args };
  }

  /** Several applications of one solver in a rule have different draws: they are numbered in the order of the text. */
  #ordinal(node: CallExpr): string {
    const known = this.#ordinals.get(node);
    if (known !== undefined) return known === 0 ? "" : `.${known + 1}`;
    const name = node.callee.kind === "Name" ? node.callee.text : "";
    const before = [...this.#ordinals.keys()].filter(
      (other) =>
        other.callee.kind === "Name" && other.callee.text === name && other.span.file === node.span.file,
    ).length;
    this.#ordinals.set(node, before);
    return before === 0 ? "" : `.${before + 1}`;
  }

  /** Lowers a rule; while its history is missing, its start rule in its place. */
  lowerRule(
    solver: DefinitionValue,
    source: Source,
    target: Point,
    path: string,
    place: string,
    at: Span,
    depth: number,
  ): TensorForm | undefined {
    this.#couplesBatch ||= placesPoints(solver.def);
    if (depth > 16)
      return fail("D0207", `the start rules of \`${solver.def.name}\` never end`, {
        at: solver.def.node.name.span,
      });
    const backwards = solver.inverted === true;
    const body = solverBody(solver, at, this);
    const frame = new SolverFrame(this, body, source, target, path, place, backwards);
    try {
      const forward = frame.run();
      const result =
        forward && backwards
          ? { ...forward, value: this.#inverted(forward.value, frame, solver.def.name, at) }
          : forward;
      this.#places.set(place, { frame, real: this.resolver() });
      // The innermost rule that made a state comes first; wrappers that hand it on do not count.
      const made = result && this.#stateKey(result.value, target.level);
      if (made !== undefined && this.#opaque.length === 0 && !this.#applied.has(made))
        this.#applied.set(made, frame);
      const low = frame.embedded?.low;
      if (low) this.#embedded.set(path, low);
      for (const note of frame.embedded?.notes ?? []) this.#notes.add(note);
      if (place === "") this.#rule = solver.def.name;
      return result;
    } catch (error) {
      if (!(error instanceof HistoryMissing) || (solver.noStart && place === "")) throw error;
      const entry = startRule(solver, frame.scope, this.#historyLength(place), this);
      if (!entry)
        return fail(
          "D0305",
          `\`${solver.def.name}\` reads an earlier point, and at the first step there is none`,
          {
            at: error.at,
            secondary: [{ span: solver.def.node.name.span, text: "this solver has no `start` rule" }],
            help: "add a line such as `start ddim`: the rule used while the history is missing",
          },
        );
      return this.lowerRule(entry, source, target, path, place, at, depth + 1);
    }
  }

  /** The rule solved for what it started from: for an older state, or for x and what it carries together. */
  #inverted(forward: Linear, frame: SolverFrame, rule: string, at: Span): Linear {
    const carried = new Map([...frame.carries.forward].map(([name, value]) => [name, value()]));
    if (carried.size === 0) return invertStep(forward, this.graph, rule, at);
    const known = new Map([...carried.keys()].map((name) => [name, frame.carries.now(name)]));
    const back = invertCoupled({ x: forward, carried }, known, this.graph, rule, at);
    for (const [name, value] of back.carried) this.exportCarry(name, { atT: () => value });
    return back.x;
  }

  #historyLength(place: string): number {
    let count = 0;
    while (count < 64 && this.oracle.history(place, count + 1)) count += 1;
    return count;
  }

  /** sigma[start] * initial noise, plus the known part of the path: the path with x0 removed. */
  prior(): Linear {
    const draw = this.graph.leaf({
      kind: "draw",
      path: "initial",
      distribution: "normal",
      fixed: true,
      pass: 0,
    });
    return plus(scale(draw, quantity("sigma", startLevel)), this.conversions.known(startLevel));
  }

  // ---- Brownian paths --------------------------------------------------------------------------------------------

  increment(target: Extract<Value, { kind: "brownian" }>, node: CallExpr, scope: Scope, seq: number): Value {
    const frame = this.#frameOf(scope);
    if (!frame) return fail("D0210", "a Brownian path is used inside a step", { at: node.span });
    const { from, to } = arrow(node, scope, seq, this);
    const at = (level: Level): Expr => {
      const place: Place = { name: (name) => placeQuantity(name, level) };
      const value = evaluate(target.over, new Scope(target.scope, place), seq, this);
      return value.kind === "number"
        ? value.expr
        : fail("D0307", "a Brownian path runs over a number", { at: target.over.span });
    };
    const [fromValue, toValue] = [at(from.level), at(to.level)];
    const leaf: BrownianLeaf = {
      kind: "brownian",
      path: target.path,
      from: from.level,
      to: to.level,
      fromValue,
      toValue,
    };
    this.#increments.push(leaf);
    const standard = this.graph.leaf(leaf);
    return { kind: "increment", standard, deviation: pow(fn("abs", sub(toValue, fromValue)), num("0.5")) };
  }

  // ---- the finished template -------------------------------------------------------------------------------------

  finish(next: TensorForm | undefined, main: SolverFrame | undefined, label: string): StepGraph {
    const lowering = this;
    const target = main?.target.level ?? startLevel;
    return {
      path: this.cx.path,
      graph: this.graph,
      decisions: this.oracle.decisions,
      next: next?.value,
      label,
      places: new Set(this.#places.keys()),
      carries: this.#carryExports,
      increments: this.#increments,
      interpolants: this.interpolants,
      integrands: this.integrands,
      control: main?.control,
      notes: [...this.#notes],
      guidanceCarries: () => this.predictor.carries,
      view(place, view) {
        const kept = place === "" ? undefined : lowering.#places.get(place);
        const source = kept?.frame.source ?? lowering.gridSource();
        const real = kept?.real ?? ((value: Linear) => value);
        const at = lowering.cx.model.networks[0]?.at ?? { file: "", start: 0, end: 0 };
        if (view === "x") return real(source.x().value);
        const prediction = source.prediction(at);
        return real(
          prediction.past.get(view) ??
            prediction.view(view, at) ??
            fail("D0201", `the model has no view \`${view}\``, { at }),
        );
      },
      atT() {
        // `x0[t] = x0[e]` of a solver counts as well when a wrapper takes its state over: `x[t] = base(s -> t)`.
        const applied = next && lowering.#applied.get(lowering.#stateKey(next.value, target));
        const assigned = main?.predictionAtTarget() ?? applied?.predictionAtTarget();
        if (assigned) return assigned;
        // A stage at the very state that x[t] became is the next step's call already, unless a rule carries values.
        if (!next || lowering.predictor.carries.size > 0 || lowering.predictor.splits) return undefined;
        return isConstantLinear(next.value) ? undefined : lowering.predictor.known(next.value, target);
      },
    };
  }

  get rule(): string {
    return this.#rule;
  }

  /** The frame of the grid's own rule. */
  get mainFrame(): SolverFrame | undefined {
    return this.#places.get("")?.frame;
  }
}

/** What is wrong inside a rule of the library is shown at the user's call of it; the library's line comes second. */
function calledFrom<T>(at: Span, rule: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    const inner = error instanceof Failure ? error.diagnostic : undefined;
    if (!inner?.primary || !isLibrary(inner.primary.span.file) || isLibrary(at.file)) throw error;
    throw new Failure({
      ...inner,
      primary: { span: at, text: `in \`${rule}\`, applied here` },
      secondary: [inner.primary, ...inner.secondary],
    });
  }
}

const placeQuantity = (name: string, level: Level): Value | undefined =>
  namedQuantities.has(name) ? numberValue(quantity(name as Quantity, level)) : undefined;

/** Entry of a solver's `start` list for a step with that much history; the last entry repeats. */
export function startRule(
  solver: DefinitionValue,
  scope: Scope,
  history: number,
  cx: Lowering,
): DefinitionValue | undefined {
  const { body } = solver.def.node;
  if (body.kind !== "Block" || solver.noStart) return undefined;
  const clause = body.statements.find((statement): statement is StartClause => statement.kind === "Start");
  if (!clause) return undefined;
  return ruleFrom(clause.rules, history, scope, cx);
}

export function ruleFrom(
  rules: readonly Expression[],
  position: number,
  scope: Scope,
  cx: Lowering,
): DefinitionValue | undefined {
  const rule = rules[Math.min(position, rules.length - 1)];
  return rule && definitionOf(rule, "solver", scope, Number.MAX_SAFE_INTEGER, cx);
}

/** Lowers one step of a grid with a rule. */
export function lowerStep(solver: DefinitionValue, cx: StepContext, oracle: Oracle, at: Span): StepGraph {
  return withRestarts(cx, oracle, at, (lowering) => {
    const next = lowering.lowerRule(solver, lowering.gridSource(), tPoint, "", "", at, 0);
    return lowering.finish(next, lowering.mainFrame, lowering.rule);
  });
}

const startPoint: Point = { id: "start", level: startLevel };

/** Lowers a sampler's `init`: the state at the start, from draws and inputs. Without one, the path's prior. */
export function lowerInit(body: FrameBody | undefined, cx: StepContext, oracle: Oracle, at: Span): StepGraph {
  return withRestarts(cx, oracle, at, (lowering) => {
    const nothing = (): never => fail("D0305", "there is no state before the start", { at });
    const source: Source = { point: { id: "nowhere", level: startLevel }, x: nothing, prediction: nothing };
    if (!body) return lowering.finish({ value: lowering.prior(), level: startLevel }, undefined, "init");
    const frame = new SolverFrame(lowering, body, source, startPoint, "init/", "init");
    return lowering.finish(frame.run() ?? { value: lowering.prior(), level: startLevel }, undefined, "init");
  });
}

/** Lowers the results of a run; the state and prediction at s are those of the end. */
export function lowerOutput(
  body: FrameBody,
  outputs: readonly Expression[],
  cx: StepContext,
  oracle: Oracle,
): { readonly graph: StepGraph; readonly results: readonly Linear[] } {
  let results: readonly Linear[] = [];
  const graph = withRestarts(cx, oracle, body.at, (lowering) => {
    const source: Source = { ...lowering.gridSource(), point: { id: "end", level: sPoint.level } };
    const frame = new SolverFrame(
      lowering,
      body,
      source,
      { id: "beyond", level: sPoint.level },
      "output/",
      "",
    );
    frame.run();
    results =
      outputs.length === 0
        ? [source.x().value]
        : outputs.map(
            (e) => toTensor(evaluate(e, frame.scope, Number.MAX_SAFE_INTEGER, lowering), e.span).value,
          );
    return lowering.finish(undefined, undefined, "output");
  });
  return { graph, results };
}

function withRestarts(
  cx: StepContext,
  oracle: Oracle,
  at: Span,
  work: (lowering: StepLowering) => StepGraph,
): StepGraph {
  const movedStates = new Set<string>();
  for (let attempt = 0; attempt < 64; attempt += 1) {
    try {
      return work(new StepLowering(cx, new RecordingOracle(oracle), movedStates));
    } catch (error) {
      if (!(error instanceof Restart)) throw error;
    }
  }
  return fail(
    "D0305",
    "the split prediction of this guidance and the states of this rule depend on each other",
    { at },
  );
}
