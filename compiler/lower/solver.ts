// Owns: lowering a solver between two points to nodes of the step graph. The statements of a step are equations about
// quantities at points; nothing here knows grids, numbers of steps or plans.

import { fail } from "../diagnostics/report.js";
import { cleanLevel, endLevel, gridLevel, startLevel, type Level, type Point } from "../graph/level.js";
import type { Linear } from "../graph/node.js";
import { counters, namedQuantities, quantity, type Quantity } from "../graph/quantity.js";
import type { Span } from "../source/span.js";
import type { CallExpr, Expression, IndexExpr, Statement, StepClause, TableauClause } from "../syntax/ast.js";
import { Carries } from "./carries.js";
import { ControlRecord, lowerAccept, ownPoint, placeTarget, type StepControl } from "./control.js";
import { DeclaredQuantities } from "./declaredQuantities.js";
import { Equations } from "./equations.js";
import { evaluate, overFamily, toTensor, type Lowering, type TensorForm } from "./expression.js";
import type { Frame, FrameBody, Source } from "./frame.js";
import { callInStep } from "./modelCalls.js";
import { Noises } from "./noises.js";
import { bindParameters } from "./parameters.js";
import { placedPoint } from "./points.js";
import { viewLevel, type Prediction } from "./prediction.js";
import { checkRequires, decideWhen, inputType, inputValue } from "./predictor.js";
import { latest, Scope, type Place, type Version } from "./scope.js";
import type { LinearForm } from "./semilinear.js";
import type { StepLowering } from "./step.js";
import { lowerTableau, type TableauResult } from "./tableau.js";
import { HistoryMissing } from "./template.js";
import { unsupported } from "./unsupported.js";
import {
  counterValue,
  numberValue,
  pointValue,
  tensorValue,
  type DefinitionValue,
  type Value,
} from "./value.js";
import { verbs } from "./verbs.js";

/** The body of a solver with its parameters bound. */
export function solverBody(solver: DefinitionValue, at: Span, cx: Lowering): FrameBody {
  const { def } = solver;
  const { body } = def.node;
  const counterNames: Place = { name: counterValue };
  const { scope } = bindParameters(solver, at, cx, counterNames);
  if (body.kind !== "Block") return fail("D0210", "a solver is a block with a `step`", { at: body.span });
  const step = body.statements.find((statement): statement is StepClause => statement.kind === "Step");
  const around = body.statements;
  const nameSpan = def.node.name.span;
  if (!step) {
    const tableau = around.find((statement): statement is TableauClause => statement.kind === "Tableau");
    if (tableau) return { name: def.name, at: nameSpan, outer: scope, around, step: undefined, tableau };
    return fail("D0211", `the solver \`${def.name}\` has no \`step\``, {
      at: def.node.name.span,
      help: "add `step { x[t] = ... }`",
    });
  }
  const hasStart = solver.noStart === true || around.some((statement) => statement.kind === "Start");
  return { name: def.name, at: nameSpan, outer: scope, around, step: step.body, hasStart };
}

export class SolverFrame implements Frame, Place {
  readonly scope: Scope;
  #seq = 0;
  /** What the rule carries from step to step. */
  readonly carries: Carries;
  readonly #equations: Equations;
  readonly #noises = new Noises(this);
  readonly #quantities = new DeclaredQuantities(this);
  readonly #evaluating = new Set<Version>();
  #embedded: TableauResult | undefined;
  /** Present when the rule places its own t. */
  readonly #control: ControlRecord | undefined;

  constructor(
    readonly step: StepLowering,
    readonly body: FrameBody,
    readonly source: Source,
    readonly target: Point,
    readonly path: string,
    readonly place: string,
    readonly backwards = false,
  ) {
    this.scope = new Scope(body.outer, this);
    const own = ownPoint(body.step);
    this.#control = own && new ControlRecord(own.span);
    this.carries = new Carries(this, this.#control);
    this.#equations = new Equations(this, this.carries);
  }

  /** Lowers the rule; the state at t, if it assigns one. */
  run(): TensorForm | undefined {
    this.#around(this.body.around);
    if (this.body.step) this.#statements(this.body.step.statements, this.scope);
    if (this.body.tableau) this.#tableau(this.body.tableau);
    this.carries.export();
    const next = this.scope.cell(`x@${this.target.id}`, Number.MAX_SAFE_INTEGER);
    return next && this.#tensor(next, this.body.at);
  }

  /** Results of the rule's tableau, if it is one. */
  get embedded(): TableauResult | undefined {
    return this.#embedded;
  }

  /** How the rule places its t, when it does. */
  get control(): StepControl | undefined {
    return this.#control;
  }

  #tableau(clause: TableauClause): void {
    this.#embedded = lowerTableau(this, clause);
    this.defineState(this.target, this.#embedded.next, clause.span);
  }

  defineState(point: Point, value: Linear, at: Span): void {
    const state = tensorValue(value, point.level);
    this.scope.defineCell(`x@${point.id}`, { seq: 0, at, used: false, read: () => state });
  }

  // ---- statements ------------------------------------------------------------------------------------------------

  #around(statements: readonly Statement[]): void {
    for (const statement of statements) {
      switch (statement.kind) {
        case "Let":
        case "Noise":
        case "Brownian":
        case "Input":
        case "Carry":
          this.#statement(statement, this.scope);
          break;
        case "Requires":
          checkRequires(
            statement,
            new Scope(this.scope, this.#levelPlace(this.source.point.level)),
            0,
            this.step,
          );
          break;
        case "Step":
        case "Tableau":
        case "Order":
        case "Start":
        case "Final":
          break;
        case "Value":
          if (statement.what !== "steps") unsupported(`\`${statement.what}\``, statement.span);
          break;
        case "Quantity":
          this.#quantities.declare(statement.name.text, statement.value, this.scope);
          break;
        case "State":
          this.carries.declareStates(statement, this.scope);
          break;
        case "Init":
          unsupported("`init` in a solver", statement.span);
          break;
        default:
          fail("D0210", "this statement does not belong in a solver", { at: statement.span });
      }
    }
  }

  #levelPlace(level: Level): Place {
    return {
      name: (name) =>
        namedQuantities.has(name) ? numberValue(quantity(name as Quantity, level)) : undefined,
    };
  }

  #statements(statements: readonly Statement[], scope: Scope): void {
    for (const statement of statements) this.#statement(statement, scope);
  }

  #statement(statement: Statement, scope: Scope): void {
    this.#seq += 1;
    const seq = this.#seq;
    switch (statement.kind) {
      case "Let":
        this.declareLet(statement, scope);
        return;
      case "Point":
        this.#declarePoints(statement, scope, seq);
        return;
      case "Noise":
        this.#noises.declare(statement, scope);
        return;
      case "Brownian":
        scope.declare(statement.name.text, {
          seq: -1,
          at: statement.name.span,
          used: false,
          read: () => ({
            kind: "brownian",
            path: `${this.path}${statement.name.text}`,
            over: statement.over,
            scope: this.scope,
          }),
        });
        return;
      case "Input":
        for (const name of statement.names) {
          const type = inputType(statement.type);
          this.step.declareInput(name.text, type, name.span);
          scope.declare(name.text, {
            seq: -1,
            at: name.span,
            used: false,
            read: () => inputValue(name.text, type, this.step.conversions),
          });
        }
        return;
      case "Carry":
        this.carries.declare(statement, scope);
        return;
      case "CallClause":
        this.#declareMemo(statement.name.text, statement.name.span, scope, () =>
          evaluate(statement.value, scope, seq, this.step),
        );
        return;
      case "Equation":
        if (statement.op === ":=") this.#equations.replace(statement, scope, seq);
        else if (statement.family)
          for (const inner of overFamily(statement.family, scope, seq, this.step))
            this.#equations.define(statement, inner, seq);
        else this.#equations.define(statement, scope, seq);
        return;
      case "When": {
        const taken = decideWhen(statement, scope, seq, this.step);
        if (taken) this.#statements(taken, new Scope(scope));
        return;
      }
      case "For":
        for (const inner of overFamily(statement.family, scope, seq, this.step))
          this.#statements(statement.body.statements, inner);
        return;
      case "Repeat":
        this.#noises.repeat(statement, scope, seq, (inner) =>
          this.#statements(statement.body.statements, inner),
        );
        return;
      case "If":
        return unsupported(
          "`if` (a decision during the run)",
          statement.span,
          "decide before the run with `when`, or select values with `where`",
        );
      case "Accept":
        lowerAccept(this, this.#control, this.#equations, statement, scope, seq);
        return;
      case "Quantity":
        this.#quantities.declare(statement.name.text, statement.value, scope);
        return;
      default:
        fail("D0210", "this statement does not belong in a step", { at: statement.span });
    }
  }

  declareLet(statement: Extract<Statement, { kind: "Let" }>, scope: Scope): void {
    const { name, params, value } = statement;
    if (statement.index)
      unsupported("an indexed `let` in a solver", statement.span, "write it as a function: `let f(i) = ...`");
    if (params) {
      scope.declare(name.text, {
        seq: -1,
        at: name.span,
        used: false,
        read: () => ({ kind: "function", name: name.text, params, body: value, scope }),
      });
      return;
    }
    const memo = new Map<number, Value>();
    const version: Version = {
      seq: -1,
      at: name.span,
      used: false,
      read: (seq) => {
        const known = memo.get(seq);
        if (known) return known;
        const result = this.guarded(version, name.span, () => evaluate(value, scope, seq, this.step));
        memo.set(seq, result);
        return result;
      },
    };
    scope.declare(name.text, version);
  }

  #declareMemo(name: string, at: Span, scope: Scope, make: () => Value): void {
    let known: Value | undefined;
    const version: Version = {
      seq: -1,
      at,
      used: false,
      read: () => (known ??= this.guarded(version, at, make)),
    };
    scope.declare(name, version);
  }

  guarded<T>(version: Version, at: Span, work: () => T): T {
    if (this.#evaluating.has(version))
      fail("D0305", "this value depends on itself", {
        at,
        help: "break the cycle: give it a value from another point, or use `:=` in a loop",
      });
    this.#evaluating.add(version);
    try {
      return work();
    } finally {
      this.#evaluating.delete(version);
    }
  }

  #declarePoints(statement: Extract<Statement, { kind: "Point" }>, scope: Scope, seq: number): void {
    for (const name of statement.names) {
      if (this.target.id === "start" && name.text === "start") return;
      if (name.text === "t") {
        placeTarget(this, this.#control, statement, scope, seq);
        continue;
      }
      if (name.text === "s" || name.text === "start" || name.text === "end")
        fail("D0305", `\`${name.text}\` has its place already`, {
          at: name.span,
          help: "a solver may place its next point, `point t at lambda = ...`, or points with names of their own",
        });
      this.#declareMemo(name.text, name.span, scope, () =>
        pointValue(placedPoint(this, statement, name.text, scope, seq)),
      );
    }
  }

  // ---- reading ---------------------------------------------------------------------------------------------------

  #tensor(version: Version, at: Span): TensorForm {
    return toTensor(latest(version), at);
  }

  name(name: string, at: Span): Value | undefined {
    switch (name) {
      case "s":
        return pointValue(this.source.point);
      case "t":
        return pointValue(this.target);
      case "start":
        return pointValue(this.#named("start") ?? { id: "start", level: startLevel });
      case "end":
        return pointValue(this.#named("end") ?? { id: "end", level: endLevel });
      case "clean":
        return pointValue({ id: "clean", level: cleanLevel });
      default:
        break;
    }
    const count = counterValue(name);
    if (count) return count;
    const { path } = this.step.conversions;
    if (path.endpoints.some((endpoint) => endpoint.known && endpoint.name === name))
      return tensorValue(this.step.conversions.input(name), "data");
    const base = name.endsWith("'") ? name.slice(0, -1) : name;
    if (namedQuantities.has(base) || name === "x" || this.carries.has(name) || this.#isEndpointView(name))
      return fail("D0304", `\`${name}\` needs a point here`, {
        at,
        help: `write \`${name}[s]\` or \`${name}[t]\``,
      });
    return undefined;
  }

  /** In `init` the target is called `start`, in `output` the source is called `end`. */
  #named(id: string): Point | undefined {
    return [this.source.point, this.target].find((point) => point.id === id);
  }

  #isEndpointView(name: string): boolean {
    return name === "x0" || name === "eps";
  }

  names(): readonly string[] {
    return [
      "s",
      "t",
      "start",
      "end",
      "clean",
      ...counters,
      ...namedQuantities,
      "x",
      "x0",
      "eps",
      "model",
      ...Object.keys(verbs),
      ...this.carries.names,
    ];
  }

  index(
    name: string,
    primed: boolean,
    indices: readonly Value[],
    at: Expression,
    seq: number,
  ): Value | undefined {
    const [index] = indices;
    if (index?.kind !== "point") {
      if (namedQuantities.has(name) || name === "x" || this.isPrediction(name))
        return fail("D0304", `\`${name}\` is read at a point, such as \`${name}[s]\``, {
          at: (at as IndexExpr).indices[0]?.span ?? at.span,
        });
      return undefined;
    }
    const { point } = index;
    // A rule's own quantity may have the name of a path's, such as `g`.
    if (this.#quantities.has(name) && !primed) return this.viewAt(name, point, at.span, seq);
    if (namedQuantities.has(name)) this.#checkPast(point, at.span);
    if (namedQuantities.has(name))
      return numberValue(quantity((primed ? `${name}Dot` : name) as Quantity, point.level));
    if (primed) return undefined;
    if (name === "x") {
      const form = this.xAt(point, at.span, seq);
      return tensorValue(form.value, form.level);
    }
    if (this.body.carries?.has(name))
      return tensorValue(this.step.graph.leaf({ kind: "carry", name, offset: 0 }), "free");
    if (this.carries.has(name)) return this.carries.read(name, point, at.span, seq);
    if (this.isPrediction(name) || this.step.isOutput(name)) return this.viewAt(name, point, at.span, seq);
    const input = this.scope.find(name, seq)?.read(seq);
    if (input?.kind === "input" && input.type === "trajectory")
      return tensorValue(this.step.graph.leaf({ kind: "input", name, trajectory: point.level }), "free");
    return undefined;
  }

  /** `y.eps[s]`: a view of a further state. */
  indexedMember(
    name: string,
    member: string,
    indices: readonly Value[],
    at: Expression,
    seq: number,
  ): Value | undefined {
    const [index] = indices;
    if (!this.carries.isState(name) || index?.kind !== "point") return undefined;
    const { level } = index.point;
    const value = this.step
      .predict(this.carries.at(name, index.point, at.span, seq), level, at.span)
      .view(member, at.span);
    return value
      ? tensorValue(value, viewLevel(member))
      : fail("D0201", `the model has no view or result \`${member}\``, { at: at.span });
  }

  /** Earlier levels exist only where the run has been. */
  #checkPast({ level }: Point, at: Span): void {
    if (level.kind !== "grid" || level.offset >= 0) return;
    if (!this.step.oracle.history("", -level.offset)) throw new HistoryMissing("", at);
  }

  xAt(point: Point, at: Span, seq: number): TensorForm {
    const cell = this.scope.cell(`x@${point.id}`, seq);
    if (cell) {
      const form = this.#tensor(cell, at);
      return this.step.moved({ value: form.value, level: point.level });
    }
    if (point.id === this.source.point.id) return this.source.x();
    const offset = point.level.kind === "grid" ? -point.level.offset : 0;
    if (offset > 0 && point.id.endsWith(gridLevel(-offset).key)) {
      if (!this.step.oracle.history(this.place, offset)) throw new HistoryMissing(this.place, at);
      const value =
        this.place === ""
          ? this.step.graph.leaf({ kind: "state", offset })
          : this.step.graph.leaf({ kind: "view", place: this.place, view: "x", offset });
      return { value, level: point.level };
    }
    return fail("D0305", "there is no state at this point", {
      at,
      help:
        point.id === this.target.id
          ? "`x[t]` is the result of the step; give it an equation, or read another point"
          : "give it one with `x[...] = ...`",
    });
  }

  viewAt(name: string, point: Point, at: Span, seq: number): Value {
    const own = this.#quantities.at(name, point, at, seq);
    if (own) return own;
    const offset =
      point.level.kind === "grid" && point.id.endsWith(point.level.key) ? -point.level.offset : 0;
    if (offset > 0) {
      if (!this.step.oracle.history(this.place, offset)) throw new HistoryMissing(this.place, at);
      return tensorValue(
        this.step.graph.leaf({ kind: "view", place: this.place, view: name, offset }),
        viewLevel(name),
      );
    }
    const value = this.predictionAt(point, at, seq).view(name, at);
    return value
      ? tensorValue(value, viewLevel(name))
      : fail("D0201", `the model has no view or result \`${name}\``, { at });
  }

  isPrediction(name: string): boolean {
    return this.#quantities.has(name) || this.step.conversions.isView(name);
  }

  linearForm(name: string, at: Span): LinearForm | undefined {
    return this.#quantities.form(name, at);
  }

  predictionAt(point: Point, at: Span, seq: number): Prediction {
    for (const cell of this.scope.cellNames) {
      if (!cell.startsWith("view ") || !cell.endsWith(`@${point.id}`)) continue;
      return this.#assigned(point, at, seq);
    }
    if (point.id === this.source.point.id && !this.scope.cell(`x@${point.id}`, seq))
      return this.source.prediction(at);
    if (point.level.kind === "clean") fail("D0421", "the model is called at sigma = 0", { at });
    const cell = this.scope.cell(`x@${point.id}`, seq);
    const x = cell ? this.#tensor(cell, at).value : this.xAt(point, at, seq).value;
    return this.step.predict(x, point.level, at);
  }

  /** A prediction put at a point by equations such as `x0[t] = x0[e]`. */
  #assigned(point: Point, at: Span, seq: number): Prediction {
    const given = new Map<string, Linear>();
    for (const cell of this.scope.cellNames) {
      if (!cell.startsWith("view ") || !cell.endsWith(`@${point.id}`)) continue;
      const version = this.scope.cell(cell, seq);
      if (version)
        given.set(cell.slice("view ".length, cell.lastIndexOf("@")), this.#tensor(version, at).value);
    }
    const cell = this.scope.cell(`x@${point.id}`, seq);
    const x = cell ? this.#tensor(cell, at).value : this.xAt(point, at, seq).value;
    return this.step.assignedPrediction(given, x, point.level, at);
  }

  /** The prediction this rule leaves at its t, if any. */
  predictionAtTarget(): Prediction | undefined {
    const has = this.scope.cellNames.some(
      (cell) => cell.startsWith("view ") && cell.endsWith(`@${this.target.id}`),
    );
    return has ? this.#assigned(this.target, this.body.at, Number.MAX_SAFE_INTEGER) : undefined;
  }

  call(name: string, node: CallExpr, scope: Scope, seq: number): Value | undefined {
    return callInStep(this, name, node, scope, seq);
  }
}
