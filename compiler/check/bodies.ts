// Owns: walking the statements of a definition: what each declares and where its expressions are read. Equations and
// `let`s are unordered, so a block's names are declared before anything in it is read.

import { diagnostic } from "../diagnostics/report.js";
import type { Module, Program } from "../resolve/module.js";
import { didYouMean } from "../resolve/suggest.js";
import {
  sorts,
  type Block,
  type Definition,
  type Equation,
  type Expression,
  type LetStmt,
  type Name,
  type Param,
  type Statement,
} from "../syntax/ast.js";
import { checkCycles } from "./cycles.js";
import { Declarations } from "./declare.js";
import { Names, sortOf, type LetEdges } from "./locals.js";
import type { NameCheck } from "./names.js";
import {
  coordinatePlace,
  gridPlace,
  guidancePlace,
  initPlace,
  isQuantity,
  noisePlace,
  parameterizationPlace,
  samplerPlace,
  scheduleInitPlace,
  schedulePlace,
  populationPlace,
  solverPlace,
  tableauPlace,
  tokenPlace,
  claimPlace,
  type Place,
} from "./place.js";

const kinds: readonly string[] = [
  ...["solver", "schedule", "grid", "guidance", "parameterization", "view", "function", "tensor", "mask"],
  ...["condition", "table", "operator", "trajectory", "endpoint"],
];

/** One definition while its names are checked. */
export class BodyCheck {
  readonly declarations: Declarations;
  readonly lets: LetEdges[] = [];
  readonly names: Names = new Names();

  constructor(
    readonly module: Module,
    readonly program: Program,
    readonly check: NameCheck,
  ) {
    this.declarations = new Declarations(module, program);
  }

  definition(item: Definition): void {
    const place = placeOf(item);
    this.parameters(item.params ?? [], place);
    const { body } = item;
    if (body.kind !== "Block") {
      if (item.sort === "parameterization") this.check.read(body, this.names, place);
      else this.check.definition(body, item.sort, this.names, place);
      return;
    }
    const names = new Names(this.names);
    this.declareAll(body.statements, names, place);
    if (item.sort === "solver") {
      // The step shares the scope of the statements around it.
      const step = body.statements.find((statement) => statement.kind === "Step");
      if (step) this.declareAll(step.body.statements, names, place);
      for (const statement of body.statements) {
        if (statement.kind === "Step") this.#readAll(statement.body.statements, names, place);
        else this.#read(statement, names, place);
      }
      return;
    }
    this.#readAll(body.statements, names, place);
  }

  /** Values of the file itself; other files may use them, so nothing here is unused. */
  declareFile(lets: readonly LetStmt[]): void {
    const names = new Names();
    for (const item of lets) {
      if (names.own(item.name.text)) continue;
      const kind = item.params ? "function" : "let";
      names.add({
        name: item.name.text,
        kind,
        at: item.name.span,
        used: true,
        stored: false,
        called: undefined,
      });
    }
    for (const item of lets) this.let(item, names, samplerPlace);
    checkCycles(this.lets, this.program.diagnostics);
  }

  parameters(params: readonly Param[], place: Place): void {
    for (const param of params) {
      const type = param.type?.text;
      if (param.type) this.#kind(param.type);
      const sort = sortOf(type, sorts);
      if (param.default && sort) this.check.definition(param.default, sort, this.names, place);
      else if (param.default) this.check.read(param.default, this.names, place);
      this.declarations.add(param.name, { kind: "parameter", type }, this.names, place);
    }
  }

  #kind(name: Name): void {
    if (kinds.includes(name.text)) return;
    this.program.diagnostics.add(
      diagnostic("D0201", `there is no kind \`${name.raw}\``, {
        at: name.span,
        help: didYouMean(name.text, kinds) ?? `the kinds are ${kinds.join(", ")}`,
      }),
    );
  }

  // ---- declarations ----------------------------------------------------------------------------------------------

  declareAll(statements: readonly Statement[], names: Names, place: Place): void {
    for (const statement of statements) this.#declare(statement, names, place);
  }

  #declare(statement: Statement, names: Names, place: Place): void {
    const add = (name: Name, kind: Parameters<Declarations["add"]>[1]["kind"], more = {}): void => {
      this.declarations.add(name, { kind, statement, ...more }, names, place);
    };
    switch (statement.kind) {
      case "Let": {
        const arity = statement.params?.length ?? statement.index?.length;
        add(statement.name, arity === undefined ? "let" : "function", arity === undefined ? {} : { arity });
        return;
      }
      case "Table":
        return add(statement.name, "table");
      case "Noise":
        for (const name of statement.names) add(name, "noise");
        return;
      case "Brownian":
        return add(statement.name, "brownian");
      case "Input": {
        const { type } = statement;
        const head = type.kind === "Call" ? type.callee : type;
        if (head.kind === "Name") this.#kind(head);
        const text = head.kind === "Name" ? head.text : undefined;
        // A sampler's input may be read by the rules it uses.
        for (const name of statement.names)
          add(name, "input", { type: text, exempt: place.where === "in a sampler" });
        return;
      }
      case "Point":
        for (const name of statement.names) if (!place.points.has(name.text)) add(name, "point");
        return;
      case "CallClause":
        return add(statement.name, "call");
      case "Quantity":
        return add(statement.name, "quantity", { exempt: true });
      case "Carry": {
        const name = headName(statement.target);
        if (name) add(name, "carry", { exempt: true });
        return;
      }
      case "State":
        for (const target of statement.targets) {
          const name = headName(target);
          if (name) add(name, "state", { exempt: true });
        }
        return;
      case "Model":
        if (statement.name) add(statement.name, "network", { exempt: true });
        return;
      case "Domain":
        return add(statement.variable, "variable", { exempt: true });
      default:
        return;
    }
  }

  // ---- reading ---------------------------------------------------------------------------------------------------

  #readAll(statements: readonly Statement[], names: Names, place: Place): void {
    for (const statement of statements) this.#read(statement, names, place);
  }

  /** A block of its own: branches, loops. */
  block(block: Block, outer: Names, place: Place): void {
    const names = new Names(outer);
    this.declareAll(block.statements, names, place);
    this.#readAll(block.statements, names, place);
  }

  #read(statement: Statement, names: Names, place: Place): void {
    const read = (e: Expression | undefined, at: Place = place, within = names): void => {
      if (e) this.check.read(e, within, at);
    };
    switch (statement.kind) {
      case "Let":
        return this.let(statement, names, place);
      case "Table":
        return read(statement.value);
      case "Equation":
        return this.#equation(statement, names, place);
      case "When":
      case "If":
        read(statement.condition);
        this.block(statement.body, names, place);
        if (statement.otherwise?.kind === "Block") this.block(statement.otherwise, names, place);
        else if (statement.otherwise) this.#read(statement.otherwise, names, place);
        return;
      case "For":
        read(statement.family.domain);
        return this.block(statement.body, this.check.bind(statement.family.variable, names), place);
      case "Domain":
        read(statement.from);
        return read(statement.to);
      case "Between":
        for (const quantity of statement.quantities) read(quantity);
        return;
      case "Point":
        if (!statement.value) return read(statement.place);
        read(statement.place, coordinatePlace(place));
        return read(statement.value);
      case "Noise":
        return read(statement.value, noisePlace(place));
      case "Brownian":
        return read(statement.over, coordinatePlace(place));
      case "CallClause":
        return read(statement.value);
      case "Carry":
        this.#indices(statement.target, names, place);
        return read(statement.value);
      case "State":
        for (const target of statement.targets) this.#indices(target, names, place);
        return read(statement.value);
      case "Step":
        return this.block(statement.body, names, place);
      case "Repeat":
        read(statement.count);
        return this.block(statement.body, names, place);
      case "Accept":
        read(statement.condition);
        return this.block(statement.otherwise, names, place);
      case "Tableau":
        return this.#tableau(statement, names, place);
      case "Init":
        return this.init(statement, names, place === schedulePlace ? scheduleInitPlace : initPlace);
      case "Order":
        read(statement.value);
        return read(statement.on, claimPlace);
      case "Quantity":
        return read(statement.value, { ...place, quantities: "either", views: "either" });
      case "Requires":
        return read(statement.condition, coordinatePlace(place));
      case "Start":
      case "Final":
        for (const rule of statement.rules) this.check.definition(rule, "solver", names, place);
        return;
      case "Value":
        return statement.what === "space" ? undefined : read(statement.value);
      default:
        return;
    }
  }

  init(statement: Extract<Statement, { kind: "Init" }>, names: Names, place: Place): void {
    if (statement.body.kind === "Block") this.block(statement.body, names, place);
    else this.#equation(statement.body, names, place);
  }

  let(statement: LetStmt, names: Names, place: Place): void {
    const local = names.own(statement.name.text);
    let inner = names;
    for (const param of statement.params ?? []) inner = this.check.bind(param, inner);
    for (const index of statement.index ?? [])
      if (index.kind === "Name") inner = this.check.bind(index, inner);
      else this.check.read(index, inner, place);
    if (statement.family) {
      this.check.read(statement.family.domain, names, place);
      inner = this.check.bind(statement.family.variable, inner);
    }
    const outer = this.check.current;
    const edges: LetEdges | undefined = local && { local, node: statement, reads: new Map() };
    if (edges) this.lets.push(edges);
    this.check.current = edges;
    this.check.read(statement.value, inner, place);
    this.check.current = outer;
  }

  #tableau(statement: Extract<Statement, { kind: "Tableau" }>, outer: Names, place: Place): void {
    const tableau = { ...tableauPlace, outputs: place.outputs };
    this.check.read(statement.over, outer, coordinatePlace(place));
    if (statement.sweeps) this.check.read(statement.sweeps, outer, place);
    const { prediction } = statement;
    if (!this.check.isView(prediction.text) && !outer.find(prediction.text))
      this.program.diagnostics.add(
        diagnostic("D0201", `\`${prediction.raw}\` is no view that a tableau could combine`, {
          at: prediction.span,
          help:
            didYouMean(prediction.text, ["x0", "eps", "flow", "score", "v"]) ??
            "use x0, eps, flow, score or v",
        }),
      );
    const names = new Names(outer);
    this.declareAll(statement.lets, names, tableau);
    for (const item of statement.lets) this.let(item, names, tableau);
    for (const row of statement.rows)
      for (const e of [...(row.node ? [row.node] : []), ...row.entries]) this.check.read(e, names, tableau);
  }

  // ---- equations -------------------------------------------------------------------------------------------------

  #equation(statement: Equation, outer: Names, place: Place): void {
    let names = outer;
    if (statement.family) {
      this.check.read(statement.family.domain, outer, place);
      names = this.check.bind(statement.family.variable, outer);
    }
    this.left(statement.left, names, place);
    this.check.read(statement.right, names, place);
  }

  /** A left side stores; its factors and indices are read. */
  left(e: Expression, names: Names, place: Place): void {
    switch (e.kind) {
      case "Paren":
        return this.left(e.inner, names, place);
      case "Binary":
        this.left(e.left, names, place);
        return this.left(e.right, names, place);
      case "Call":
        for (const arg of e.args) this.left(arg.value, names, place);
        return;
      case "Prime":
        return this.left(e.object, names, place);
      case "Name":
        if (place === parameterizationPlace && e.text === "input") return;
        if (place === gridPlace && isQuantity(e.text)) return;
        return this.check.read(e, names, place);
      case "Index":
        // A grid's equation has no points: `rho[i] = ...`.
        return this.#indices(e, names, place);
      default:
        return this.check.read(e, names, place);
    }
  }

  /** `x[q]`: the quantity must be known; the point is stored to, which is not a use. */
  #indices(e: Expression, names: Names, place: Place): void {
    if (e.kind !== "Index") return;
    for (const index of e.indices) {
      const point = index.kind === "Name" ? names.find(index.text) : undefined;
      if (point?.kind === "point") point.stored = true;
      else if (place !== schedulePlace && place !== gridPlace) this.check.read(index, names, place);
      else if (index.kind !== "Name" || !names.find(index.text)) this.check.read(index, names, place);
    }
    this.check.read({ ...e, indices: [] }, names, place);
  }
}

export const headName = (e: Expression): Name | undefined =>
  e.kind === "Name" ? e : e.kind === "Index" ? headName(e.object) : undefined;

function placeOf(item: Definition): Place {
  const has = (what: string): boolean =>
    item.body.kind === "Block" &&
    item.body.statements.some((statement) => statement.kind === "Value" && statement.what === what);
  const tokens = has("space");
  switch (item.sort) {
    case "solver":
      return tokens ? tokenPlace(solverPlace) : has("population") ? populationPlace : solverPlace;
    case "schedule":
      return schedulePlace;
    case "parameterization":
      return parameterizationPlace;
    case "guidance":
      return guidancePlace;
    default:
      return gridPlace;
  }
}
