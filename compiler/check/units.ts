// Owns: the unit check of a file's solvers: every equation, branch and placed point of a step, in the units of section
// 15.2 of the language reference. Schedules and parameterizations define units and are exempt; so is a rule that
// `requires alpha == 1`. A finding is a warning: some right rules mix levels, and only the certificate decides.

import type { Module, Program } from "../resolve/module.js";
import type { Block, Definition, Equation, Expression, Statement } from "../syntax/ast.js";
import { headName } from "./bodies.js";
import { any, functionOf, UnitScope, type Measure } from "./measure.js";
import { UnitCheck } from "./unitExpressions.js";
import { data, plain, type Unit } from "./unit.js";

export function checkUnits(module: Module, program: Program): void {
  for (const item of module.tree.items)
    if (item.kind === "Definition" && item.sort === "solver") checkSolver(item, module, program);
}

function checkSolver(item: Definition, module: Module, program: Program): void {
  if (item.body.kind !== "Block") return;
  const { statements } = item.body;
  const requires = statements.filter((statement) => statement.kind === "Requires");
  if (requires.some((statement) => statement.condition !== undefined)) return;
  const unitData = requires.some((statement) => statement.unit !== undefined);
  const walk = new StepUnits(new UnitCheck(module, program, unitData));
  const scope = new UnitScope();
  for (const param of item.params ?? [])
    scope.add(param.name.text, () => (param.type ? any : { kind: "unit", unit: plain, free: true, logs: 0 }));
  const step = statements.find((statement) => statement.kind === "Step");
  if (!step) return;
  walk.declare(statements, scope);
  walk.block(step.body, scope);
}

const coordinates: Readonly<Record<string, Unit>> = { rho: data, lambda: plain };

class StepUnits {
  constructor(readonly check: UnitCheck) {}

  declare(statements: readonly Statement[], scope: UnitScope): void {
    for (const statement of statements) {
      const add = (name: string, read: () => Measure): void => scope.add(name, read);
      switch (statement.kind) {
        case "Let":
          add(statement.name.text, () =>
            statement.params ? functionOf(statement, scope) : this.check.measure(statement.value, scope),
          );
          break;
        case "Noise":
          // A shaped draw (`normal*mask`) may have any scale.
          for (const name of statement.names)
            add(name.text, () =>
              statement.value ? any : { kind: "unit", unit: plain, free: false, logs: 0 },
            );
          break;
        case "Point":
          for (const name of statement.names)
            add(name.text, () => ({ kind: "point", level: this.#level(statement, name.text, scope) }));
          break;
        case "Input":
          for (const name of statement.names) add(name.text, () => any);
          break;
        case "CallClause":
        case "Brownian":
        case "Quantity":
          add(statement.name.text, () => any);
          break;
        case "Carry":
        case "State": {
          const targets = statement.kind === "Carry" ? [statement.target] : statement.targets;
          for (const target of targets) {
            const name = headName(target);
            if (name) add(name.text, () => any);
          }
          break;
        }
        default:
          break;
      }
    }
  }

  #level(statement: Extract<Statement, { kind: "Point" }>, name: string, scope: UnitScope): string {
    return statement.value ? name : (this.check.level(statement.place, scope) ?? name);
  }

  block(block: Block, outer: UnitScope): void {
    const scope = new UnitScope(outer);
    this.declare(block.statements, scope);
    for (const statement of block.statements) this.#statement(statement, scope);
  }

  #statement(statement: Statement, scope: UnitScope): void {
    switch (statement.kind) {
      case "Equation":
        return this.#equation(statement, scope);
      case "Point": {
        const coordinate = statement.place.kind === "Name" ? coordinates[statement.place.text] : undefined;
        if (statement.value && coordinate)
          this.#stored(statement.value, coordinate, scope, "the coordinate in %");
        return;
      }
      case "When":
      case "If":
        this.check.measure(statement.condition, scope);
        this.block(statement.body, scope);
        if (statement.otherwise?.kind === "Block") this.block(statement.otherwise, scope);
        else if (statement.otherwise) this.#statement(statement.otherwise, scope);
        return;
      case "For": {
        const inner = new UnitScope(scope);
        inner.add(statement.family.variable.text, () => any);
        return this.block(statement.body, inner);
      }
      case "Repeat":
        return this.block(statement.body, scope);
      default:
        return;
    }
  }

  #equation(statement: Equation, scope: UnitScope): void {
    const left = this.check.measure(statement.left, scope);
    if (left.kind !== "unit" || left.free) {
      this.check.measure(statement.right, scope);
      return;
    }
    this.#stored(statement.right, left.unit, scope, "the left side in %");
  }

  /** The terms of what is stored are compared with the place where it is stored. */
  #stored(e: Expression, wanted: Unit, scope: UnitScope, beside: string): void {
    const terms: Expression[] = [];
    const collect = (part: Expression): void => {
      if (part.kind === "Paren") collect(part.inner);
      else if (part.kind === "Binary" && (part.op === "+" || part.op === "-")) {
        collect(part.left);
        collect(part.right);
      } else terms.push(part);
    };
    collect(e);
    // One state alone: whether it may stand at another level is the level check's question.
    const [only] = terms;
    if (terms.length === 1 && (only?.kind === "Index" || only?.kind === "Call")) {
      this.check.measure(only, scope);
      return;
    }
    this.check.agree(
      terms.map((term) => [term, this.check.measure(term, scope)]),
      wanted,
      beside,
    );
  }
}
