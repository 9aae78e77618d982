// Owns: lowering a solver between two points to nodes of the step graph. The statements of a step are equations about
// quantities at points; nothing here knows grids, numbers of steps or plans.

import { div, mul, one, type Expr } from "../algebra/expr.js";
import { diagnostic, fail } from "../diagnostics/report.js";
import {
  cleanLevel,
  endLevel,
  gridLevel,
  isCoordinate,
  locatedLevel,
  startLevel,
  type Level,
  type Point,
} from "../graph/level.js";
import {
  counter,
  counters,
  hostNumber,
  namedQuantities,
  quantity,
  type Counter,
  type Quantity,
} from "../graph/quantity.js";
import { scale, type Linear } from "../graph/node.js";
import { limits } from "../limits.js";
import { pathFunction } from "../path/schedule.js";
import type { Span } from "../source/span.js";
import type {
  Block,
  CallExpr,
  Equation,
  Expression,
  IndexExpr,
  Statement,
  StepClause,
  TableauClause,
} from "../syntax/ast.js";
import {
  evaluate,
  integer,
  levelKey,
  levelName,
  overFamily,
  toTensor,
  type Lowering,
  type TensorForm,
} from "./expression.js";
import { ControlRecord, ownPoint, type StepControl } from "./control.js";
import { DeclaredQuantities } from "./declaredQuantities.js";
import { bindParameters } from "./parameters.js";
import { viewLevel, type Prediction } from "./prediction.js";
import { checkRequires, decideWhen, inputType, inputValue } from "./predictor.js";
import { Scope, type Place, type Version } from "./scope.js";
import type { LinearForm } from "./semilinear.js";
import type { StepLowering } from "./step.js";
import { lowerTableau, type TableauResult } from "./tableau.js";
import { HistoryMissing } from "./template.js";
import { numberValue, pointValue, tensorValue, type DefinitionValue, type Value } from "./value.js";
import { verbs } from "./verbs.js";

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
  /** In place of a step. */
  readonly tableau?: TableauClause;
  /** Carries declared elsewhere that may be read here. */
  readonly carries?: ReadonlySet<string>;
}

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
  return { name: def.name, at: nameSpan, outer: scope, around, step: step.body };
}

const counterValue = (name: string): Value | undefined =>
  (counters as readonly string[]).includes(name) ? numberValue(counter(name as Counter)) : undefined;

export class SolverFrame implements Place {
  readonly scope: Scope;
  #seq = 0;
  readonly #points = new Map<string, Point>();
  readonly #carries = new Map<
    string,
    {
      readonly initial: Expression;
      readonly at: Span;
      readonly scope: Scope;
      /** Declared by `state`: it has a level and views of its own. */
      readonly isState: boolean;
    }
  >();
  /** Values at t of the carries of a rule that is being solved backwards. */
  readonly forwardCarries = new Map<string, () => Linear>();
  readonly #quantities = new DeclaredQuantities(this);
  readonly #evaluating = new Set<Version>();
  #pass = 0;
  #embedded: TableauResult | undefined;
  /** Present when the rule places its own t. */
  readonly #control: ControlRecord | undefined;

  constructor(
    readonly step: StepLowering,
    readonly body: FrameBody,
    readonly source: Source,
    readonly target: Point,
    /** Path of names for draws and points, for example "" or "corrector/". */
    readonly path: string,
    /** Where this rule's history is kept: "" for the grid's own. */
    readonly place: string,
    /** The rule is lowered to be solved backwards: what it carries is unknown at s. */
    readonly backwards = false,
  ) {
    this.scope = new Scope(body.outer, this);
    const own = ownPoint(body.step);
    this.#control = own && new ControlRecord(own.span);
  }

  /** Lowers the rule; the state at t, if it assigns one. */
  run(): TensorForm | undefined {
    this.#around(this.body.around);
    if (this.body.step) this.#block(this.body.step, this.scope);
    if (this.body.tableau) this.#tableau(this.body.tableau);
    this.#exportCarries();
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

  /** Gives a point its state. */
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
          this.#declareStates(statement, this.scope);
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

  #block(block: Block, scope: Scope): void {
    this.#statements(block.statements, scope);
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
        this.#noise(statement, scope);
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
        this.#declareCarry(statement, scope);
        return;
      case "CallClause":
        this.#declareMemo(statement.name.text, statement.name.span, scope, () =>
          evaluate(statement.value, scope, seq, this.step),
        );
        return;
      case "Equation":
        if (statement.op === ":=") this.#replace(statement, scope, seq);
        else if (statement.family)
          for (const inner of overFamily(statement.family, scope, seq, this.step))
            this.#equation(statement, inner, seq);
        else this.#equation(statement, scope, seq);
        return;
      case "When": {
        const taken = decideWhen(statement, scope, seq, this.step);
        if (taken) this.#statements(taken, new Scope(scope));
        return;
      }
      case "For":
        for (const inner of overFamily(statement.family, scope, seq, this.step))
          this.#block(statement.body, inner);
        return;
      case "Repeat":
        this.#repeat(statement, scope, seq);
        return;
      case "If":
        return unsupported(
          "`if` (a decision during the run)",
          statement.span,
          "decide before the run with `when`, or select values with `where`",
        );
      case "Accept":
        return this.#accept(statement, scope, seq);
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
        const result = this.#guarded(version, name.span, () => evaluate(value, scope, seq, this.step));
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
      read: () => (known ??= this.#guarded(version, at, make)),
    };
    scope.declare(name, version);
  }

  #guarded<T>(version: Version, at: Span, work: () => T): T {
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
        this.#placeTarget(statement, scope, seq);
        continue;
      }
      if (name.text === "s" || name.text === "start" || name.text === "end")
        fail("D0305", `\`${name.text}\` has its place already`, {
          at: name.span,
          help: "a solver may place its next point, `point t at lambda = ...`, or points with names of their own",
        });
      this.#declareMemo(name.text, name.span, scope, () =>
        pointValue(this.#place(statement, name.text, scope, seq)),
      );
    }
  }

  /** `point t at lambda = ...`: the step's own end. It stays the point t; where it lies is known during the run. */
  #placeTarget(statement: Extract<Statement, { kind: "Point" }>, scope: Scope, seq: number): void {
    if (this.path !== "" || !this.#control)
      return fail(
        "D0305",
        `\`${this.body.name}\` places its own points, so it cannot be applied by another rule`,
        {
          at: statement.span,
          help: "name it as the sampler's solver",
        },
      );
    const { place, value } = statement;
    if (!value || place.kind !== "Name" || !isCoordinate(place.text))
      return fail("D0304", "the next point is placed by a coordinate: `point t at lambda = ...`", {
        at: place.span,
      });
    this.#control.locate(place.text, () => {
      const at = evaluate(value, scope, seq, this.step);
      return at.kind === "number"
        ? at.expr
        : fail("D0302", "where t lies must be known before the calls of the step", {
            at: value.span,
            help: "place it by a carried number, such as `carry h[start] = 0.05` and `lambda[s] + h[s]`",
          });
    });
  }

  /** `accept condition else { h[t] = ... }`. */
  #accept(statement: Extract<Statement, { kind: "Accept" }>, scope: Scope, seq: number): void {
    const control =
      this.#control ??
      fail("D0210", "`accept` belongs in a solver that places its own points", {
        at: statement.span,
        why: "undoing a step to a given grid point would only repeat it",
        help: "place the next point in the step, `point t at lambda = ...`, or choose values with `where`",
      });
    const { condition } = statement;
    const read = (e: Expression, place: Scope): Linear =>
      toTensor(evaluate(e, place, seq, this.step), e.span).value;
    control.accept({ at: condition.span, read: () => read(condition, scope) });
    const inner = new Scope(scope);
    for (const item of statement.otherwise.statements) {
      if (item.kind === "Let") this.declareLet(item, inner);
      else if (item.kind === "Equation" && item.op === "=") {
        const { name, point, factor } = this.#left(item.left, inner, seq);
        if (point.id !== this.target.id || factor !== one || !this.#isHost(name))
          fail("D0305", "after a refused step only carried numbers have new values", {
            at: item.left.span,
            help: "assign numbers at t, such as `h[t] = next`; states and tensors keep what they had at s",
          });
        control.refuse(name, { at: item.span, read: () => read(item.right, inner) });
      } else fail("D0210", "`else` of `accept` holds equations of carried numbers", { at: item.span });
    }
  }

  #place(statement: Extract<Statement, { kind: "Point" }>, name: string, scope: Scope, seq: number): Point {
    const { place, value } = statement;
    let level: Level;
    if (value) {
      if (place.kind !== "Name" || !isCoordinate(place.text))
        return fail(
          "D0304",
          "a point is located by one coordinate: time, index, sigma, alpha, lambda or rho",
          { at: place.span },
        );
      const at = evaluate(value, scope, seq, this.step);
      if (at.kind !== "number")
        return fail("D0302", "a point is placed before the run, by a number", {
          at: value.span,
          label: "known only during the run",
        });
      level = locatedLevel(place.text, at.expr);
    } else {
      const other = evaluate(place, scope, seq, this.step);
      if (other.kind !== "point")
        return fail("D0304", "write `point m at lambda = ...` or `point e at t`", { at: place.span });
      level = other.point.level;
    }
    const point = { id: `${this.path}${name}`, level };
    this.#points.set(point.id, point);
    return point;
  }

  #noise(statement: Extract<Statement, { kind: "Noise" }>, scope: Scope): void {
    for (const name of statement.names) {
      const path = `${this.path}${name.text}`;
      const draw = (distribution: string): Value =>
        tensorValue(
          this.step.graph.leaf({
            kind: "draw",
            path,
            distribution,
            fixed: statement.fixed,
            pass: statement.fixed ? 0 : this.#pass,
          }),
          "noise",
        );
      const pass = this.#pass;
      scope.declare(name.text, {
        seq: -1,
        at: name.span,
        used: false,
        read: (seq) => {
          const outer = this.#pass;
          this.#pass = pass;
          try {
            return statement.value ? this.#shapedNoise(statement.value, draw, scope, seq) : draw("normal");
          } finally {
            this.#pass = outer;
          }
        },
      });
    }
  }

  /** `normal*mask`, `rademacher`, ...: a function of one draw. */
  #shapedNoise(value: Expression, draw: (distribution: string) => Value, scope: Scope, seq: number): Value {
    const inner = new Scope(scope, {
      name: (name) => (["normal", "rademacher", "gumbel"].includes(name) ? draw(name) : undefined),
      names: () => ["normal", "rademacher", "gumbel"],
    });
    const result = toTensor(evaluate(value, inner, seq, this.step), value.span);
    return tensorValue(result.value, "noise");
  }

  #repeat(statement: Extract<Statement, { kind: "Repeat" }>, scope: Scope, seq: number): void {
    const count = integer(evaluate(statement.count, scope, seq, this.step), statement.count.span, this.step);
    if (count > limits.passes)
      fail("D0806", `a \`repeat\` of more than ${limits.passes} passes is too long to unroll`, {
        at: statement.count.span,
      });
    const outer = this.#pass;
    for (let i = 0; i < count; i += 1) {
      this.#pass = outer * count + i;
      const inner = new Scope(scope);
      // Every pass has its own draws.
      for (const candidate of this.body.around) if (candidate.kind === "Noise") this.#noise(candidate, inner);
      this.#block(statement.body, inner);
    }
    this.#pass = outer;
  }

  // ---- equations -------------------------------------------------------------------------------------------------

  #equation(statement: Equation, scope: Scope, seq: number): void {
    const { cell, name, point, factor } = this.#left(statement.left, scope, seq);
    const before = this.scope
      .cellVersions(cell)
      .find((version) => !version.replaces && version.at.start !== statement.left.span.start);
    if (before)
      fail("D0305", `\`${name}\` at this point is defined twice`, {
        at: statement.left.span,
        secondary: [{ span: before.at, text: "first definition" }],
        help: "a state is defined once; for a second state at the same level declare `point e at t`",
      });
    let known: Value | undefined;
    const version: Version = {
      seq,
      at: statement.left.span,
      used: false,
      read: () =>
        (known ??= this.#guarded(version, statement.left.span, () =>
          this.#stored(statement, name, point, factor, scope, seq),
        )),
    };
    this.scope.defineCell(cell, version);
  }

  #stored(statement: Equation, name: string, point: Point, factor: Expr, scope: Scope, seq: number): Value {
    const form = toTensor(evaluate(statement.right, scope, seq, this.step), statement.right.span);
    // `init x[start] = image`: a state given from outside is at the level it is given for.
    const given = this.target.id === "start" && statement.right.kind === "Name";
    const isState = name === "x" || this.#carries.get(name)?.isState === true;
    if (isState && factor === one && !given) this.#checkLevel(form, point, statement.right.span);
    return tensorValue(
      factor === one ? form.value : scale(form.value, div(one, factor)),
      isState ? point.level : viewLevel(name),
    );
  }

  #checkLevel(form: TensorForm, point: Point, at: Span): void {
    if (form.level === "free" || levelKey(form.level) === point.level.key) return;
    fail(
      "D0301",
      `a tensor at ${levelName(form.level)} is stored as the state at ${levelName(point.level)}`,
      {
        at,
        help: "bring it to that level with `renoise`, `jump` or a solver, or write `relabel(...)` if it is meant",
      },
    );
  }

  /** `:=` replaces a state, a carry or a `let` from this line on. */
  #replace(statement: Equation, scope: Scope, seq: number): void {
    const { left } = statement;
    if (left.kind === "Name") {
      const owner =
        scope.owner(left.text) ??
        fail("D0305", `\`${left.text}\` has no value yet that \`:=\` could replace`, { at: left.span });
      const value = evaluate(statement.right, scope, seq, this.step);
      owner.declare(left.text, { seq, at: left.span, used: true, replaces: true, read: () => value });
      return;
    }
    const { cell, name, point, factor } = this.#left(left, scope, seq);
    const isSource = cell === `x@${this.source.point.id}`;
    if (!isSource && !this.scope.cell(cell, seq))
      fail("D0305", `\`${name}\` has no value at this point yet that \`:=\` could replace`, {
        at: left.span,
        help: "define it with `=` first",
      });
    const value = this.#stored(statement, name, point, factor, scope, seq);
    this.scope.defineCell(cell, { seq, at: left.span, used: true, replaces: true, read: () => value });
  }

  /** The quantity at a point on a left side, and the known factor it is multiplied by. */
  #left(
    e: Expression,
    scope: Scope,
    seq: number,
  ): { cell: string; name: string; point: Point; factor: Expr } {
    if (e.kind === "Paren") return this.#left(e.inner, scope, seq);
    if (e.kind === "Binary" && (e.op === "*" || e.op === "/")) {
      const leftHolds = this.#holdsState(e.left);
      if (leftHolds === (e.op === "*" && this.#holdsState(e.right)))
        return fail("D0305", "the left side must hold exactly one unknown, such as `x[t]`", { at: e.span });
      const inner = this.#left(leftHolds ? e.left : e.right, scope, seq);
      const other = leftHolds ? e.right : e.left;
      const value = evaluate(other, scope, seq, this.step);
      if (value.kind !== "number")
        return fail("D0302", "a factor on the left side must be a known number", { at: other.span });
      return {
        ...inner,
        factor: e.op === "*" ? mul(inner.factor, value.expr) : div(inner.factor, value.expr),
      };
    }
    if (e.kind === "Index" && e.object.kind === "Name" && e.indices.length === 1) {
      const index = evaluate(e.indices[0] as Expression, scope, seq, this.step);
      const name = e.object.text;
      if (index.kind === "point" && this.#isQuantityName(name)) {
        const kind = name === "x" ? "x" : this.#carries.has(name) ? `carry ${name}` : `view ${name}`;
        return { cell: `${kind}@${index.point.id}`, name, point: index.point, factor: one };
      }
    }
    return fail("D0305", "the left side of an equation in a step is a state, a view or a carry at a point", {
      at: e.span,
      help: "for example `x[t] = ...`, `x0[t] = ...`, or `let name = ...` for an abbreviation",
    });
  }

  #holdsState(e: Expression): boolean {
    if (e.kind === "Index") return e.object.kind === "Name" && this.#isQuantityName(e.object.text);
    if (e.kind === "Paren") return this.#holdsState(e.inner);
    return e.kind === "Binary" && (this.#holdsState(e.left) || this.#holdsState(e.right));
  }

  #isQuantityName(name: string): boolean {
    return name === "x" || this.#carries.has(name) || this.#isView(name);
  }

  #isView(name: string): boolean {
    return name === "raw" || this.step.conversions.viewNamed(name) !== undefined;
  }

  // ---- carries ---------------------------------------------------------------------------------------------------

  #declareCarry(statement: Extract<Statement, { kind: "Carry" }>, scope: Scope): void {
    if (statement.session) unsupported("a `session` carry", statement.span);
    this.#startAt(statement.target, statement.value, statement.span, scope, false);
  }

  /** `state y[start] = x[start]`: a second state beside x, coupled with it by the rule. */
  #declareStates(statement: Extract<Statement, { kind: "State" }>, scope: Scope): void {
    if (!statement.value)
      return fail(
        "D0305",
        "a state of a solver is declared with its value at `start`: `state y[start] = x[start]`",
        {
          at: statement.span,
        },
      );
    for (const target of statement.targets)
      this.#startAt(target, statement.value, statement.span, scope, true);
  }

  #startAt(target: Expression, initial: Expression, at: Span, scope: Scope, isState: boolean): void {
    const word = isState ? "state y" : "carry w";
    if (target.kind !== "Index" || target.object.kind !== "Name")
      return fail("D0305", `it is declared with its value at \`start\`: \`${word}[start] = ...\``, {
        at: target.span,
      });
    this.#carries.set(target.object.text, { initial, at, scope, isState });
  }

  /** Is a carry of this rule a number of the host? Only where the rule places its points by such numbers. */
  #isHost(name: string): boolean {
    return (
      this.#control !== undefined && this.#carries.has(name) && this.#initialValue(name).kind === "number"
    );
  }

  #initial(name: string): Linear {
    return toTensor(this.#initialValue(name), (this.#carries.get(name) as { at: Span }).at).value;
  }

  #initialValue(name: string): Value {
    const carry = this.#carries.get(name) as { initial: Expression; scope: Scope };
    // At the first step s is the start, so the initial value may name either.
    const inner = new Scope(carry.scope);
    inner.declare("start", {
      seq: -1,
      at: carry.initial.span,
      used: true,
      read: () => pointValue(this.source.point),
    });
    return evaluate(carry.initial, inner, Number.MAX_SAFE_INTEGER, this.step);
  }

  #carryAt(name: string, point: Point, at: Span, seq: number): Linear {
    const offset = point.level.kind === "grid" ? -point.level.offset : undefined;
    const cell = this.scope.cell(`carry ${name}@${point.id}`, seq);
    if (offset === 0 && this.backwards) return this.step.graph.leaf({ kind: "carry", name, offset: 0 });
    if (offset === 0) {
      if (!this.step.oracle.carried(name)) return this.step.initialCarry(name, () => this.#initial(name));
      if (cell) return this.#tensor(cell, at).value;
      return this.step.graph.leaf({ kind: "carry", name, offset: 0 });
    }
    if (cell) return this.#tensor(cell, at).value;
    if (offset !== undefined && offset > 0) {
      if (!this.step.oracle.history("", offset)) throw new HistoryMissing("", at);
      return this.step.graph.leaf({ kind: "carry", name, offset });
    }
    return fail("D0305", `\`${name}\` has no value at this point`, {
      at,
      help: `the step assigns \`${name}[t]\` or \`${name}[s]\``,
    });
  }

  #exportCarries(): void {
    for (const name of this.#carries.keys()) {
      if (this.#isHost(name)) {
        this.#exportNumber(name);
        continue;
      }
      const started = !this.step.oracle.carried(name);
      const cell = (point: Point): Version | undefined =>
        this.scope.cell(`carry ${name}@${point.id}`, Number.MAX_SAFE_INTEGER);
      const atS = cell(this.source.point);
      const atT = cell(this.target);
      if (this.backwards) {
        if (atT) this.forwardCarries.set(name, () => this.#tensor(atT, atT.at).value);
        this.step.exportCarry(name, started ? { atS: () => this.carriedNow(name) } : {});
        continue;
      }
      this.step.exportCarry(name, {
        ...(started
          ? { atS: () => this.step.initialCarry(name, () => this.#initial(name)) }
          : atS
            ? { atS: () => this.#tensor(atS, atS.at).value }
            : {}),
        ...(atT ? { atT: () => this.#tensor(atT, atT.at).value } : {}),
      });
    }
  }

  /** A carry at the s of the run: its first value at the first step. */
  carriedNow(name: string): Linear {
    return this.step.oracle.carried(name)
      ? this.step.graph.leaf({ kind: "carry", name, offset: 0 })
      : this.step.initialCarry(name, () => this.#initial(name));
  }

  #exportNumber(name: string): void {
    const initial = this.#initialValue(name);
    const cell = this.scope.cell(`carry ${name}@${this.target.id}`, Number.MAX_SAFE_INTEGER);
    if (initial.kind !== "number" || !this.#control) return;
    const read = cell && { at: cell.at, read: () => this.#tensor(cell, cell.at).value };
    this.#control.carry(name, initial.expr, read);
  }

  // ---- reading ---------------------------------------------------------------------------------------------------

  #tensor(version: Version, at: Span): TensorForm {
    return toTensor(version.read(Number.MAX_SAFE_INTEGER), at);
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
    if (namedQuantities.has(base) || name === "x" || this.#carries.has(name) || this.#isEndpointView(name))
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
      ...this.#carries.keys(),
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
    if (this.#carries.has(name)) {
      if (point.id === this.source.point.id && this.#isHost(name)) return numberValue(hostNumber(name));
      const value = this.#carryAt(name, point, at.span, seq);
      return tensorValue(value, this.#carries.get(name)?.isState === true ? point.level : "free");
    }
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
    if (this.#carries.get(name)?.isState !== true || index?.kind !== "point") return undefined;
    const { level } = index.point;
    const value = this.step
      .predict(this.#carryAt(name, index.point, at.span, seq), level, at.span)
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

  /** The state at a point. */
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

  /** Is this a view, or a `quantity` of this solver? */
  isPrediction(name: string): boolean {
    return this.#quantities.has(name) || this.#isView(name);
  }

  /** A view or quantity as a linear form in the state and the data prediction, at NOW. */
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

  // ---- calls -----------------------------------------------------------------------------------------------------

  call(name: string, node: CallExpr, scope: Scope, seq: number): Value | undefined {
    const verb = verbs[name];
    if (verb) return verb(this, node, scope, seq);
    if (this.step.predictor.isModelName(name)) return this.#modelCall(name, node, scope, seq);
    if (namedQuantities.has(name))
      return pathFunction(
        this.step.pathOf,
        name,
        node.args.map((arg) => ({
          name: arg.name?.text,
          value: evaluate(arg.value, scope, seq, this.step),
          to: undefined,
          at: arg.value,
        })),
        node,
      );
    const def = this.step.program.definition(scope.module, "solver", name);
    if (def && node.args.some((arg) => arg.to))
      return this.step.applySolver({ kind: "definition", def, args: new Map() }, node, scope, seq);
    return undefined;
  }

  /** An explicit call. The network sees the state itself, also where the rule's predictions stand for themselves. */
  #explicit(name: string, node: CallExpr, x: Linear, level: Level, scope: Scope, seq: number): Value {
    const real = this.step.resolver()(x);
    const prediction = this.step.predictor.explicit(name, node, { x: real, level }, scope, seq);
    return { kind: "prediction", prediction: this.step.opaquely(prediction, x) };
  }

  #modelCall(name: string, node: CallExpr, scope: Scope, seq: number): Value {
    const first = node.args.find((arg) => !arg.name);
    const atArg = node.args.find((arg) => arg.name?.text === "at");
    const place = atArg ? evaluate(atArg.value, scope, seq, this.step) : undefined;
    if (place && place.kind !== "point")
      return fail("D0304", "`at:` names a point", { at: atArg?.value.span ?? node.span });
    if (!first) {
      const point = place?.point ?? this.source.point;
      const form = point.id === this.source.point.id ? this.source.x() : this.xAt(point, node.span, seq);
      return this.#explicit(name, node, form.value, point.level, scope, seq);
    }
    const form = toTensor(evaluate(first.value, scope, seq, this.step), first.value.span);
    const level = place?.point.level ?? (typeof form.level === "string" ? undefined : form.level);
    if (!level)
      return fail("D0301", "it is not known at which level this tensor is fed to the model", {
        at: first.value.span,
        help: "say it: `model(e, at: m)`",
      });
    if (form.level !== "free" && levelKey(form.level) !== level.key)
      return fail(
        "D0301",
        `a tensor at ${levelName(form.level)} is fed to the model at ${levelName(level)}`,
        { at: first.value.span },
      );
    const timeArg = node.args.find((arg) => arg.name?.text === "time");
    if (timeArg)
      this.step.program.diagnostics.add(
        diagnostic("D0901", "the model is told a time other than that of its input's level", {
          at: timeArg.span,
        }),
      );
    return this.#explicit(name, node, form.value, level, scope, seq);
  }

  /** Two points from the first argument of a verb or an applied solver. */
  arrow(node: CallExpr, scope: Scope, seq: number): { from: Point; to: Point } {
    const arg = node.args.find((candidate) => candidate.to);
    if (!arg?.to) return fail("D0220", "write from which point to which: `(s -> t)`", { at: node.span });
    const [from, to] = [arg.value, arg.to].map((e) => {
      const value = evaluate(e, scope, seq, this.step);
      return value.kind === "point" ? value.point : fail("D0304", "a point is needed here", { at: e.span });
    }) as [Point, Point];
    return { from, to };
  }
}

export function unsupported(what: string, at: Span, help?: string): never {
  return fail("D0990", `${what} is part of the language but not yet supported`, { at, help });
}
