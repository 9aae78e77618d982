// Owns: the step graph of one rule at one place of a run, with the answers to static questions it depends on. A
// template serves every step at which those questions have the same answers; its exports are lowered on demand.

import type { Expr } from "../algebra/expr.js";
import type { BrownianLeaf, Graph, Linear } from "../graph/node.js";
import { gridLevel, type Level, type Point } from "../graph/level.js";
import type { Path } from "../path/path.js";
import type { Span } from "../source/span.js";
import type { StepControl } from "./control.js";
import type { Prediction } from "./prediction.js";
import type { LinearForm } from "./semilinear.js";

/** How static questions are answered while a step is lowered: by the numbers of a run, or by a certificate's choice. */
export interface Oracle {
  /** Value of a number that is static but differs between steps. */
  decide(expr: Expr, at: Span): number;
  /** Are there `count` earlier steps with a prediction at this place? */
  history(place: string, count: number): boolean;
  /** Did the step before put a prediction at its t? */
  givenPrediction(): boolean;
  /** Has the run a value of this carry already? */
  carried(name: string): boolean;
}

/** A question and its answer; a template fits a step when all of its questions have the same answers there. */
export type Decision =
  | { readonly kind: "number"; readonly expr: Expr; readonly value: number; readonly at: Span }
  | { readonly kind: "history"; readonly place: string; readonly count: number; readonly value: boolean }
  | { readonly kind: "given"; readonly value: boolean }
  | { readonly kind: "carried"; readonly name: string; readonly value: boolean };

/** Thrown while lowering when a rule reads history that the run does not have; the caller turns to a start rule. */
export class HistoryMissing extends Error {
  constructor(
    readonly place: string,
    readonly at: Span,
  ) {
    super("history missing");
  }
}

/** Thrown when a split prediction moves a state that has been read unmoved; lowering starts again knowing it. */
export class Restart extends Error {}

/** A prediction as a function of a variable, which must rise or fall all the way between the levels. */
export interface Interpolant {
  /** The variable at NOW. */
  readonly over: Expr;
  /** The nodes and the ends of the integral. */
  readonly levels: readonly Level[];
  readonly at: Span;
}

export interface CarryExport {
  /** Value at s, where the rule assigns it there or starts it. */
  readonly atS?: () => Linear;
  /** Value at t. */
  readonly atT?: () => Linear;
}

/** What an `integrate` of the step was asked to integrate. */
export interface Integrand {
  /** The prediction as it is named: `x0`, `v`, a `quantity`. */
  readonly name: string;
  readonly form: LinearForm;
  /** The coordinate of the interpolant, at NOW; undefined for constants. */
  readonly over: Expr | undefined;
}

/** What a lowered step offers. */
export interface StepGraph {
  readonly path: Path;
  readonly graph: Graph;
  readonly decisions: readonly Decision[];
  /** State at t; undefined when the rule has none. */
  readonly next: Linear | undefined;
  /** The view of the prediction that later steps see for this step's s, at a place ("" is the grid itself). */
  view(place: string, view: string): Linear;
  /** The prediction at t, when the rule puts one there. */
  atT(): Prediction | undefined;
  readonly places: ReadonlySet<string>;
  readonly carries: ReadonlyMap<string, CarryExport>;
  /** Carries of guidance rules after the last call of the step. */
  guidanceCarries(): ReadonlyMap<string, Linear>;
  /** Increments of Brownian paths that the step reads. */
  readonly increments: readonly BrownianLeaf[];
  readonly interpolants: readonly Interpolant[];
  readonly integrands: readonly Integrand[];
  /** How the rule places its next point, when it does. */
  readonly control: StepControl | undefined;
  /** What a report should say of the rule. */
  readonly notes: readonly string[];
  readonly label: string;
}

/** Records the questions asked, so that the answers can be compared later. */
export class RecordingOracle implements Oracle {
  readonly decisions: Decision[] = [];
  readonly #numbers = new Map<Expr, number>();
  readonly #flags = new Map<string, boolean>();

  constructor(readonly inner: Oracle) {}

  decide(expr: Expr, at: Span): number {
    const known = this.#numbers.get(expr);
    if (known !== undefined) return known;
    const value = this.inner.decide(expr, at);
    this.#numbers.set(expr, value);
    this.decisions.push({ kind: "number", expr, value, at });
    return value;
  }

  #flag(key: string, ask: () => boolean, make: (value: boolean) => Decision): boolean {
    const known = this.#flags.get(key);
    if (known !== undefined) return known;
    const value = ask();
    this.#flags.set(key, value);
    this.decisions.push(make(value));
    return value;
  }

  history(place: string, count: number): boolean {
    return this.#flag(
      `h ${place} ${count}`,
      () => this.inner.history(place, count),
      (value) => ({ kind: "history", place, count, value }),
    );
  }

  givenPrediction(): boolean {
    return this.#flag(
      "given",
      () => this.inner.givenPrediction(),
      (value) => ({ kind: "given", value }),
    );
  }

  carried(name: string): boolean {
    return this.#flag(
      `c ${name}`,
      () => this.inner.carried(name),
      (value) => ({ kind: "carried", name, value }),
    );
  }
}

/** Does the oracle give every recorded answer again? */
export function fits(decisions: readonly Decision[], oracle: Oracle): boolean {
  return decisions.every((decision) => {
    switch (decision.kind) {
      case "number":
        return Object.is(oracle.decide(decision.expr, decision.at), decision.value);
      case "history":
        return oracle.history(decision.place, decision.count) === decision.value;
      case "given":
        return oracle.givenPrediction() === decision.value;
      case "carried":
        return oracle.carried(decision.name) === decision.value;
    }
  });
}

export const sPoint: Point = { id: "s", level: gridLevel(0) };
export const tPoint: Point = { id: "t", level: gridLevel(1) };
