// Owns: the statements of a file, as the model sees them: what each declares, and in which scope its parts are read.
// The rules are those of compiler/check/bodies.ts; here nothing is reported and nothing is skipped.

import {
  claimPlace,
  coordinatePlace,
  gridPlace,
  guidancePlace,
  initPlace,
  networkPlace,
  noisePlace,
  outputPlace,
  parameterizationPlace,
  samplerPlace,
  scheduleInitPlace,
  schedulePlace,
  solverPlace,
  switchPlace,
  tableauPlace,
  tokenPlace,
  type Place,
} from "../../compiler/check/place.js";
import { headName } from "../../compiler/check/bodies.js";
import type { LocalKind } from "../../compiler/check/locals.js";
import type { Module, Program } from "../../compiler/resolve/module.js";
import type { Span } from "../../compiler/source/span.js";
import type {
  Block,
  Definition,
  Equation,
  ExpectDef,
  Expression,
  Item,
  LetStmt,
  Name,
  Node,
  Sort,
  Statement,
  TableauClause,
  UseItem,
} from "../../compiler/syntax/ast.js";
import { definitionEntity, parameterEntity, valueEntity } from "./entities.js";
import { ExpressionBinder } from "./bindExpression.js";
import { isWritten, keyOf, type Entity, type Model, type Occurrence, type Scope } from "./model.js";

const places: Readonly<Record<Sort, Place>> = {
  schedule: schedulePlace,
  parameterization: parameterizationPlace,
  guidance: guidancePlace,
  grid: gridPlace,
  solver: solverPlace,
  sampler: samplerPlace,
};

/** The model of a file of a program. The program may go on loading library files while names are looked up. */
export function buildModel(module: Module, program: Program): Model {
  const binder = new Binder(module, program);
  binder.run();
  const order = (a: Occurrence, b: Occurrence): number => a.span.start - b.span.start;
  return { module, occurrences: binder.occurrences.sort(order), scopes: binder.scopes };
}

class Binder extends ExpressionBinder {
  run(): void {
    const { tree } = this.module;
    const file = this.open(tree.span, undefined, samplerPlace);
    for (const item of tree.items) this.#item(item, file);
  }

  #item(item: Item, file: Scope): void {
    switch (item.kind) {
      case "Use":
        return this.#use(item);
      case "Let":
        this.mark(item.name, valueEntity(item.name, item), "declare");
        return this.#let(item, file);
      case "Table":
        this.mark(item.name, valueEntity(item.name, item), "declare");
        if (item.value) this.read(item.value, file);
        return;
      case "Expect":
        return this.#expect(item, file);
      default:
        return this.#definition(item, file);
    }
  }

  #use(item: UseItem): void {
    for (const name of item.names ?? [])
      for (const entity of this.usedEntities(name.text)) this.mark(name, entity, "read");
  }

  // ---- definitions -----------------------------------------------------------------------------------------------

  #definition(item: Definition, file: Scope): void {
    this.mark(item.name, definitionEntity(item), "declare");
    const place = placeOf(item);
    const outer = this.open(item.span, file, place);
    for (const param of item.params ?? []) {
      this.declare(param.name, "parameter", outer, param, { type: param.type?.text });
      if (param.type) this.word(param.type, "word");
    }
    for (const param of item.params ?? [])
      if (param.default) this.readAs(param.default, param.type?.text, outer);
    const { body } = item;
    if (body.kind !== "Block") {
      if (item.sort === "parameterization") this.read(body, outer);
      else this.readAs(body, item.sort, outer);
      return;
    }
    const inner = this.open(body.span, outer, place);
    this.#declareAll(body.statements, inner);
    if (item.sort === "solver")
      for (const statement of body.statements)
        if (statement.kind === "Step") this.#declareAll(statement.body.statements, inner);
    for (const statement of body.statements) this.#statement(statement, inner, item.sort);
  }

  #expect(item: ExpectDef, file: Scope): void {
    const scope = this.open(item.span, file, claimPlace);
    const head = item.subject.kind === "Call" ? item.subject.callee : item.subject;
    const sort =
      item.sort ?? (head.kind === "Name" ? this.definitionsNamed(head.text)[0]?.sort : undefined) ?? "solver";
    const inner = this.open(item.body.span, scope, claimPlace);
    if (head.kind === "Name")
      for (const def of this.definitionsNamed(head.text))
        for (const param of def.node.params ?? []) inner.names.set(param.name.text, parameterEntity(param));
    this.readAs(item.subject, sort, scope);
    for (const statement of item.body.statements) this.#statement(statement, inner, "solver");
  }

  // ---- declarations ----------------------------------------------------------------------------------------------

  #declareAll(statements: readonly Statement[], scope: Scope): void {
    for (const statement of statements) this.#declare(statement, scope);
  }

  #declare(statement: Statement, scope: Scope): void {
    const add = (name: Name | undefined, kind: LocalKind, type?: string): void => {
      if (name) this.declare(name, kind, scope, statement, { type, doc: statement.doc });
    };
    switch (statement.kind) {
      case "Let":
        return add(statement.name, statement.params || statement.index ? "function" : "let");
      case "Table":
        return add(statement.name, "table");
      case "Noise":
        for (const name of statement.names) add(name, "noise");
        return;
      case "Brownian":
        return add(statement.name, "brownian");
      case "Input": {
        const head = statement.type.kind === "Call" ? statement.type.callee : statement.type;
        for (const name of statement.names) add(name, "input", head.kind === "Name" ? head.text : undefined);
        return;
      }
      case "Point":
        for (const name of statement.names) if (!scope.place.points.has(name.text)) add(name, "point");
        return;
      case "CallClause":
        return add(statement.name, "call");
      case "Quantity":
        return add(statement.name, "quantity");
      case "Carry":
        return add(headName(statement.target), "carry");
      case "State":
        for (const target of statement.targets) add(headName(target), "state");
        return;
      case "Model":
        return add(statement.name, "network");
      case "Domain":
        return add(statement.variable, "variable");
      default:
        return;
    }
  }

  declare(
    name: Name,
    kind: LocalKind,
    scope: Scope,
    node: Node,
    more: { readonly type?: string | undefined; readonly doc?: readonly string[] | undefined } = {},
  ): Entity | undefined {
    if (!isWritten(name)) return undefined;
    const before = scope.names.get(name.text);
    const entity: Entity = before ?? {
      key: keyOf(name.span),
      name: name.text,
      kind,
      at: name.span,
      node,
      ...(more.type === undefined ? {} : { type: more.type }),
      ...(more.doc === undefined ? {} : { doc: more.doc }),
    };
    scope.names.set(name.text, entity);
    this.mark(name, entity, "declare");
    return entity;
  }

  // ---- statements ------------------------------------------------------------------------------------------------

  #block(block: Block, outer: Scope, place: Place, sort: Sort): void {
    const scope = this.open(block.span, outer, place);
    this.#declareAll(block.statements, scope);
    for (const statement of block.statements) this.#statement(statement, scope, sort);
  }

  #statement(statement: Statement, scope: Scope, sort: Sort): void {
    const { place } = scope;
    const read = (e: Expression | undefined, at: Place = place): void => {
      if (e) this.read(e, at === place ? scope : this.at(e.span, scope, at));
    };
    switch (statement.kind) {
      case "Let":
        return this.#let(statement, scope);
      case "Table":
        return read(statement.value);
      case "Equation":
        return this.#equation(statement, scope);
      case "When":
      case "If":
        read(statement.condition);
        this.#block(statement.body, scope, place, sort);
        if (statement.otherwise?.kind === "Block") this.#block(statement.otherwise, scope, place, sort);
        else if (statement.otherwise) this.#statement(statement.otherwise, scope, sort);
        return;
      case "For": {
        read(statement.family.domain);
        const inner = this.open(statement.span, scope, place);
        this.declare(statement.family.variable, "variable", inner, statement);
        return this.#block(statement.body, inner, place, sort);
      }
      case "Domain":
        read(statement.from);
        return read(statement.to);
      case "Between":
        this.word(statement.method, "word");
        for (const quantity of statement.quantities) read(quantity);
        return;
      case "Point":
        for (const name of statement.names) if (place.points.has(name.text)) this.readName(name, scope);
        read(statement.place, statement.value ? coordinatePlace(place) : place);
        return read(statement.value);
      case "Noise":
        return read(statement.value, noisePlace(place));
      case "Brownian":
        return read(statement.over, coordinatePlace(place));
      case "Carry":
        this.#left(statement.target, scope);
        return read(statement.value, sort === "sampler" ? initPlace : place);
      case "State":
        for (const target of statement.targets) this.#left(target, scope);
        read(statement.value);
        if (statement.block) this.#block(statement.block, scope, place, sort);
        return;
      case "Input":
        return this.#kindOf(statement.type);
      case "Step": {
        if (sort !== "solver") return this.#block(statement.body, scope, place, sort);
        // The step shares the scope of the statements around it, which holds its names already.
        const inner = this.open(statement.body.span, scope, place);
        for (const item of statement.body.statements) this.#statement(item, inner, sort);
        return;
      }
      case "Repeat":
        read(statement.count);
        return this.#block(statement.body, scope, place, sort);
      case "Accept":
        read(statement.condition);
        return this.#block(statement.otherwise, scope, place, sort);
      case "Tableau":
        return this.#tableau(statement, scope);
      case "Init": {
        const at = sort === "schedule" ? scheduleInitPlace : initPlace;
        if (statement.body.kind === "Block") return this.#block(statement.body, scope, at, sort);
        return this.#equation(statement.body, this.at(statement.span, scope, at));
      }
      case "Order":
        read(statement.value);
        return read(statement.on, claimPlace);
      case "Quantity":
        return read(statement.value, { ...place, quantities: "either", views: "either" });
      case "Requires":
        if (statement.unit) this.word(statement.unit, "word");
        return read(statement.condition, coordinatePlace(place));
      case "Start":
      case "Final":
        for (const rule of statement.rules) this.readAs(rule, "solver", scope);
        return;
      case "Model":
        this.readAs(statement.predicts, "parameterization", scope);
        for (const arg of statement.args) {
          if (arg.name) this.word(arg.name, "word", "label");
          if (arg.name?.text !== "outputs") read(arg.value, networkPlace);
        }
        return;
      case "SolverClause":
        this.readAs(statement.rule, "solver", scope);
        for (const { condition, then } of statement.switches) {
          read(condition, switchPlace);
          this.readAs(then, "solver", scope);
        }
        return;
      case "Parts":
        for (const value of statement.values)
          if (statement.part === "output") read(value, outputPlace);
          else this.readAs(value, statement.part, scope);
        return;
      case "Value":
        if (statement.what === "inverse") return this.readAs(statement.value, "solver", scope);
        return read(statement.value);
      case "Equals":
        this.readAs(statement.other, this.sortOf(statement.other), scope);
        return read(statement.on, claimPlace);
      case "Is":
        this.word(statement.property, "word");
        return read(statement.on, claimPlace);
      case "Fails":
        return read(statement.on, claimPlace);
      case "CallClause":
        return read(statement.value);
      default:
        return statement satisfies never;
    }
  }

  #kindOf(type: Expression): void {
    const head = type.kind === "Call" ? type.callee : type;
    if (head.kind === "Name") this.word(head, "word");
  }

  #let(statement: LetStmt, scope: Scope): void {
    const inner = this.open(statement.span, scope, scope.place);
    for (const param of statement.params ?? []) this.declare(param, "variable", inner, statement);
    for (const index of statement.index ?? [])
      if (index.kind === "Name") this.declare(index, "variable", inner, statement);
      else this.read(index, scope);
    if (statement.family) {
      this.read(statement.family.domain, scope);
      this.declare(statement.family.variable, "variable", inner, statement);
    }
    this.read(statement.value, inner);
  }

  #tableau(statement: TableauClause, outer: Scope): void {
    this.readName(statement.prediction, outer);
    this.read(statement.over, this.at(statement.over.span, outer, coordinatePlace(outer.place)));
    if (statement.sweeps) this.read(statement.sweeps, outer);
    const span: Span = { ...statement.span, start: statement.over.span.end };
    const scope = this.open(span, outer, tableauPlace);
    this.#declareAll(statement.lets, scope);
    for (const item of statement.lets) this.#let(item, scope);
    for (const row of statement.rows)
      for (const e of [...(row.node ? [row.node] : []), ...row.entries]) this.read(e, scope);
  }

  #equation(statement: Equation, outer: Scope): void {
    let scope = outer;
    if (statement.family) {
      this.read(statement.family.domain, outer);
      scope = this.open(statement.span, outer, outer.place);
      this.declare(statement.family.variable, "variable", scope, statement);
    }
    this.#left(statement.left, scope);
    this.read(statement.right, scope);
  }

  /** A left side stores under the name at its head; its factors and indices are read. */
  #left(e: Expression, scope: Scope): void {
    if (e.kind === "Name") return this.readName(e, scope, "write");
    if (e.kind !== "Index") return this.read(e, scope);
    for (const index of e.indices) this.read(index, scope);
    this.#left(e.object, scope);
  }
}

function placeOf(item: Definition): Place {
  const tokens =
    item.body.kind === "Block" &&
    item.body.statements.some((statement) => statement.kind === "Value" && statement.what === "space");
  return tokens ? tokenPlace(places[item.sort]) : places[item.sort];
}
