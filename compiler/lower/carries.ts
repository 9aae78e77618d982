// Owns: what a rule carries from step to step: `carry w[start] = ...` and further states, `state y[start] = ...`. Their
// first values, their values at points, what a step hands on, and which of them are numbers of the host.

import { fail } from "../diagnostics/report.js";
import type { Point } from "../graph/level.js";
import type { Linear } from "../graph/node.js";
import { hostNumber } from "../graph/quantity.js";
import type { Span } from "../source/span.js";
import type { Expression, Statement } from "../syntax/ast.js";
import type { ControlRecord } from "./control.js";
import { evaluate, toTensor } from "./expression.js";
import type { Frame } from "./frame.js";
import { latest, Scope, type Version } from "./scope.js";
import { HistoryMissing } from "./template.js";
import { unsupported } from "./unsupported.js";
import { numberValue, pointValue, tensorValue, type Value } from "./value.js";

interface Declared {
  readonly initial: Expression;
  readonly at: Span;
  readonly scope: Scope;
  /** Declared by `state`: it has a level and views of its own. */
  readonly isState: boolean;
}

/** The cell of a scope that holds a carry's value at a point. */
export const carryCell = (name: string, point: Point): string => `carry ${name}@${point.id}`;

export class Carries {
  readonly #declared = new Map<string, Declared>();
  /** Values at t of the carries of a rule that is being solved backwards. */
  readonly forward = new Map<string, () => Linear>();

  constructor(
    readonly frame: Frame,
    /** Present when the rule places its own t. */
    readonly control: ControlRecord | undefined,
  ) {}

  has(name: string): boolean {
    return this.#declared.has(name);
  }

  isState(name: string): boolean {
    return this.#declared.get(name)?.isState === true;
  }

  get names(): readonly string[] {
    return [...this.#declared.keys()];
  }

  // ---- declarations ----------------------------------------------------------------------------------------------

  declare(statement: Extract<Statement, { kind: "Carry" }>, scope: Scope): void {
    if (statement.session) unsupported("a `session` carry", statement.span);
    this.#startAt(statement.target, statement.value, statement.span, scope, false);
  }

  /** `state y[start] = x[start]`: a second state beside x, coupled with it by the rule. */
  declareStates(statement: Extract<Statement, { kind: "State" }>, scope: Scope): void {
    // Without a value it would be a `state` block of the sampler, with a path and a model of its own.
    if (!statement.value)
      return unsupported(
        "a state of a solver without its value at `start` (`state y[start] = x[start]`)",
        statement.span,
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
    this.#declared.set(target.object.text, { initial, at, scope, isState });
  }

  // ---- first values ----------------------------------------------------------------------------------------------

  /** Is a carry of this rule a number of the host? Only where the rule places its points by such numbers. */
  isHost(name: string): boolean {
    return (
      this.control !== undefined && this.#declared.has(name) && this.#initialValue(name).kind === "number"
    );
  }

  #initial(name: string): Linear {
    return toTensor(this.#initialValue(name), (this.#declared.get(name) as Declared).at).value;
  }

  #initialValue(name: string): Value {
    const carry = this.#declared.get(name) as Declared;
    // At the first step s is the start, so the initial value may name either.
    const inner = new Scope(carry.scope);
    inner.declare("start", {
      seq: -1,
      at: carry.initial.span,
      used: true,
      read: () => pointValue(this.frame.source.point),
    });
    return evaluate(carry.initial, inner, Number.MAX_SAFE_INTEGER, this.frame.step);
  }

  // ---- reading ---------------------------------------------------------------------------------------------------

  /** `w[p]` as an expression reads it. */
  read(name: string, point: Point, at: Span, seq: number): Value {
    if (point.id === this.frame.source.point.id && this.isHost(name)) return numberValue(hostNumber(name));
    return tensorValue(this.at(name, point, at, seq), this.isState(name) ? point.level : "free");
  }

  /** The carried tensor at a point. Throws D0305 where it has none, HistoryMissing before the run's first point. */
  at(name: string, point: Point, at: Span, seq: number): Linear {
    const { step, scope, backwards } = this.frame;
    const offset = point.level.kind === "grid" ? -point.level.offset : undefined;
    const cell = scope.cell(carryCell(name, point), seq);
    if (offset === 0 && backwards) return step.graph.leaf({ kind: "carry", name, offset: 0 });
    if (offset === 0) {
      if (!step.oracle.carried(name)) return step.initialCarry(name, () => this.#initial(name));
      if (cell) return toTensor(latest(cell), at).value;
      return step.graph.leaf({ kind: "carry", name, offset: 0 });
    }
    if (cell) return toTensor(latest(cell), at).value;
    if (offset !== undefined && offset > 0) {
      if (!step.oracle.history("", offset)) throw new HistoryMissing("", at);
      return step.graph.leaf({ kind: "carry", name, offset });
    }
    return fail("D0305", `\`${name}\` has no value at this point`, {
      at,
      help: `the step assigns \`${name}[t]\` or \`${name}[s]\``,
    });
  }

  /** A carry at the s of the run: its first value at the first step. */
  now(name: string): Linear {
    const { step } = this.frame;
    return step.oracle.carried(name)
      ? step.graph.leaf({ kind: "carry", name, offset: 0 })
      : step.initialCarry(name, () => this.#initial(name));
  }

  // ---- handing on ------------------------------------------------------------------------------------------------

  /** Tells the step what the rule leaves at s and t. */
  export(): void {
    const { step, source, target, backwards } = this.frame;
    for (const name of this.#declared.keys()) {
      if (this.isHost(name)) {
        this.#exportNumber(name);
        continue;
      }
      const started = !step.oracle.carried(name);
      const atS = this.#cell(name, source.point);
      const atT = this.#cell(name, target);
      if (backwards) {
        if (atT) this.forward.set(name, () => valueOf(atT));
        step.exportCarry(name, started ? { atS: () => this.now(name) } : {});
        continue;
      }
      step.exportCarry(name, {
        ...(started
          ? { atS: () => step.initialCarry(name, () => this.#initial(name)) }
          : atS
            ? { atS: () => valueOf(atS) }
            : {}),
        ...(atT ? { atT: () => valueOf(atT) } : {}),
      });
    }
  }

  #cell(name: string, point: Point): Version | undefined {
    return this.frame.scope.cell(carryCell(name, point), Number.MAX_SAFE_INTEGER);
  }

  #exportNumber(name: string): void {
    const initial = this.#initialValue(name);
    const cell = this.#cell(name, this.frame.target);
    if (initial.kind !== "number" || !this.control) return;
    this.control.carry(name, initial.expr, cell && { at: cell.at, read: () => valueOf(cell) });
  }
}

const valueOf = (version: Version): Linear => toTensor(latest(version), version.at).value;
