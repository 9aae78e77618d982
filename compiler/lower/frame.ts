// Owns: what the lowering of one rule between two points offers to its parts: verbs, tableaux, carries, equations, calls.

import type { Point } from "../graph/level.js";
import type { Linear } from "../graph/node.js";
import type { Span } from "../source/span.js";
import type { Block, Statement, TableauClause } from "../syntax/ast.js";
import type { TensorForm } from "./expression.js";
import type { Prediction } from "./prediction.js";
import type { Scope, Version } from "./scope.js";
import type { LinearForm } from "./semilinear.js";
import type { StepLowering } from "./step.js";
import type { Value } from "./value.js";

/** Where a solver starts: the state and prediction of its point s. */
export interface Source {
  readonly point: Point;
  x(): TensorForm;
  prediction(at: Span): Prediction;
}

/** What a frame lowers: a solver's statements and step, a sampler's `init`, or its `output`. */
export interface FrameBody {
  readonly name: string;
  readonly at: Span;
  /** Scope of the definition, parameters bound. */
  readonly outer: Scope;
  /** Statements of the definition around the step. */
  readonly around: readonly Statement[];
  readonly step: Block | undefined;
  /** A `start` rule, its own or the sampler's, makes the steps whose history is missing. */
  readonly hasStart?: boolean;
  /** In place of a step. */
  readonly tableau?: TableauClause;
  /** Carries declared elsewhere that may be read here. */
  readonly carries?: ReadonlySet<string>;
}

/** One rule being lowered. `seq` is the reader's place among the statements (scope.ts). */
export interface Frame {
  readonly step: StepLowering;
  readonly body: FrameBody;
  readonly source: Source;
  readonly target: Point;
  /** Path of names for draws and points, for example "" or "corrector/". */
  readonly path: string;
  /** Where this rule's history is kept: "" for the grid's own. */
  readonly place: string;
  /** The rule is lowered to be solved backwards: what it carries is unknown at s. */
  readonly backwards: boolean;
  /** The names and values of the rule's statements. */
  readonly scope: Scope;
  /** The state at a point. Throws D0305 where there is none, HistoryMissing before the run's first point. */
  xAt(point: Point, at: Span, seq: number): TensorForm;
  /** A view of the prediction, or a quantity of the rule, at a point. */
  viewAt(name: string, point: Point, at: Span, seq: number): Value;
  /** Is this a view, or a `quantity` of this solver? */
  isPrediction(name: string): boolean;
  /** A view or quantity as a linear form in the state and the data prediction, at NOW. */
  linearForm(name: string, at: Span): LinearForm | undefined;
  declareLet(statement: Extract<Statement, { kind: "Let" }>, scope: Scope): void;
  /** Gives a point its state. */
  defineState(point: Point, value: Linear, at: Span): void;
  /** Runs the work that gives a version its value. Throws D0305 when that work needs the version itself. */
  guarded<T>(version: Version, at: Span, work: () => T): T;
}
