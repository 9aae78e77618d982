// Owns: what the names of an expression stand for, as the model sees them. A name that means nothing gets no
// occurrence; diagnostics say so elsewhere.

import { binders, chooseOverload } from "../../compiler/check/arguments.js";
import { isBuiltin } from "../../compiler/check/names.js";
import { baseViews, isQuantity, verbNames, type Place } from "../../compiler/check/place.js";
import type { Def, Module, Program } from "../../compiler/resolve/module.js";
import type { Span } from "../../compiler/source/span.js";
import {
  sorts,
  type Argument,
  type CallExpr,
  type Expression,
  type Name,
  type Sort,
} from "../../compiler/syntax/ast.js";
import { definitionEntity, parameterEntity, valueEntity, wordEntity } from "./entities.js";
import {
  isWritten,
  keyOf,
  lookUp,
  type Entity,
  type Occurrence,
  type Role,
  type Scope,
  type WordKind,
} from "./model.js";

const acts: ReadonlySet<string> = new Set([...verbNames, "model", "network"]);
const gridFunctions: ReadonlySet<string> = new Set(["reverse", "drop"]);

export class ExpressionBinder {
  readonly occurrences: Occurrence[] = [];
  readonly scopes: Scope[] = [];
  readonly #definitions = new Map<string, readonly Def[]>();

  constructor(
    readonly module: Module,
    readonly program: Program,
  ) {}

  // ---- scopes and marks ------------------------------------------------------------------------------------------

  open(span: Span, parent: Scope | undefined, place: Place): Scope {
    const scope: Scope = { span, parent, names: new Map(), place };
    this.scopes.push(scope);
    return scope;
  }

  /** The same names, read as at another kind of place. */
  at(span: Span, scope: Scope, place: Place): Scope {
    return this.open(span, scope, place);
  }

  mark(name: Name, entity: Entity | undefined, role: Role): void {
    if (entity && isWritten(name)) this.occurrences.push({ span: name.span, entity, role });
  }

  /** A name that the language itself gives a meaning. */
  word(name: Name, kind: WordKind, role: Role = "read"): void {
    this.mark(name, wordEntity(name.text, kind), role);
  }

  // ---- entities --------------------------------------------------------------------------------------------------

  definitionsNamed(name: string): readonly Def[] {
    let found = this.#definitions.get(name);
    if (!found) {
      found = this.program.definitionsNamed(this.module, name);
      this.#definitions.set(name, found);
    }
    return found;
  }

  /** What a name in a `use` brings in. */
  usedEntities(name: string): readonly Entity[] {
    const { used } = this.module;
    const value = used.values.get(name);
    const defs = sorts.flatMap((sort) => used.definitions.get(`${sort} ${name}`) ?? []);
    return [
      ...defs.map((def) => definitionEntity(def.node)),
      ...(value ? [valueEntity(value.node.name, value.node)] : []),
    ];
  }

  /** The kind of definition an expression most likely names. */
  sortOf(e: Expression): Sort {
    const head = e.kind === "Call" ? e.callee : e;
    return (head.kind === "Name" ? this.definitionsNamed(head.text)[0]?.sort : undefined) ?? "solver";
  }

  // ---- names -----------------------------------------------------------------------------------------------------

  readName(name: Name, scope: Scope, role: Role = "read"): void {
    this.mark(name, this.resolve(name.text, scope), role);
  }

  resolve(name: string, scope: Scope): Entity | undefined {
    const local = lookUp(scope, name);
    if (local) return local;
    const { place } = scope;
    if (place.points.has(name)) return wordEntity(name, "fixed point");
    if (place.counters.has(name)) return wordEntity(name, "counter");
    if (place.words.has(name)) return wordEntity(name, "word");
    if (place.quantities !== "none" && isQuantity(name)) return wordEntity(name, "path quantity");
    if (place.views !== "none" && baseViews.includes(name)) return wordEntity(name, "view");
    if (place.acts && acts.has(name)) return wordEntity(name, "verb");
    const value = this.program.value(this.module, name);
    if (value) return valueEntity(value.node.name, value.node);
    const defs = this.definitionsNamed(name);
    const view = place.views === "none" ? undefined : defs.find((def) => def.sort === "parameterization");
    const def = view ?? defs[0];
    if (def) return definitionEntity(def.node);
    if (isQuantity(name)) return wordEntity(name, "path quantity");
    if (baseViews.includes(name)) return wordEntity(name, "view");
    if (isBuiltin(name) || gridFunctions.has(name)) return wordEntity(name, "built-in");
    return undefined;
  }

  // ---- expressions -----------------------------------------------------------------------------------------------

  read(e: Expression, scope: Scope): void {
    switch (e.kind) {
      case "Number":
      case "String":
      case "ErrorExpr":
        return;
      case "Paren":
        return this.read(e.inner, scope);
      case "Name":
        return this.readName(e, scope);
      case "List": {
        if (e.family) this.read(e.family.domain, scope);
        const inner = e.family ? this.#bound(e.family.variable, e.span, scope) : scope;
        for (const item of e.items) this.read(item, inner);
        return;
      }
      case "Unary":
        return this.read(e.operand, scope);
      case "Binary":
        this.read(e.left, scope);
        return this.read(e.right, scope);
      case "Compare":
        this.read(e.first, scope);
        for (const { right } of e.rest) this.read(right, scope);
        return;
      case "Range":
        this.read(e.from, scope);
        return this.read(e.to, scope);
      case "Prime":
        return this.read(e.object, scope);
      case "Index":
        this.read(e.object, scope);
        for (const index of e.indices) this.read(index, scope);
        return;
      case "Member":
        this.read(e.object, scope);
        return this.#member(e.name, scope);
      case "Call":
        return this.#call(e, scope);
      default:
        return e satisfies never;
    }
  }

  #bound(variable: Name, span: Span, outer: Scope): Scope {
    const scope = this.open(span, outer, outer.place);
    if (!isWritten(variable)) return scope;
    const entity: Entity = {
      key: keyOf(variable.span),
      name: variable.text,
      kind: "variable",
      at: variable.span,
      node: variable,
    };
    scope.names.set(variable.text, entity);
    this.mark(variable, entity, "declare");
    return scope;
  }

  /** After a dot stand quantities of a schedule, views of a call, and results of a rule. */
  #member(name: Name, scope: Scope): void {
    if (isQuantity(name.text)) return this.word(name, "path quantity");
    if (baseViews.includes(name.text)) return this.word(name, "view");
    const view = this.definitionsNamed(name.text).find((def) => def.sort === "parameterization");
    if (view) return this.mark(name, definitionEntity(view.node), "read");
    if (["start", "end"].includes(name.text)) return this.word(name, "fixed point");
    const outer = lookUp(scope, name.text);
    if (outer?.kind !== "network") this.word(name, "word");
  }

  #call(e: CallExpr, scope: Scope): void {
    const { callee } = e;
    if (callee.kind !== "Name") {
      this.read(callee, scope);
      return this.#arguments(e.args, scope);
    }
    if (binders.has(callee.text) && this.#binder(e, scope)) return;
    const applied = e.args.some((arg) => arg.to);
    const local = lookUp(scope, callee.text);
    const isVerb = scope.place.acts && acts.has(callee.text);
    if (!local && !isVerb && !(isQuantity(callee.text) && scope.place.quantities !== "none")) {
      const defs = this.definitionsNamed(callee.text);
      const candidates = applied ? defs.filter((def) => def.sort === "solver") : defs;
      const def = chooseOverload(candidates.length > 0 ? candidates : defs, e.args);
      if (def && !this.program.value(this.module, callee.text)) {
        this.mark(callee, definitionEntity(def.node), "read");
        return this.#definitionArguments(def, e.args, scope);
      }
    }
    this.readName(callee, scope);
    this.#arguments(e.args, scope);
  }

  /** `sum(e, k in r)` binds k in e. */
  #binder(e: CallExpr, scope: Scope): boolean {
    const [body, range] = e.args;
    const test = range?.value;
    const variable = test?.kind === "Compare" && test.rest[0]?.op === "in" ? test.first : undefined;
    if (e.args.length !== 2 || !body || test?.kind !== "Compare" || variable?.kind !== "Name") return false;
    this.read(e.callee, scope);
    for (const { right } of test.rest) this.read(right, scope);
    this.read(body.value, this.#bound(variable, e.span, scope));
    return true;
  }

  #arguments(args: readonly Argument[], scope: Scope): void {
    for (const arg of args) {
      if (arg.name) this.word(arg.name, "word", "label");
      if (arg.name?.text === "per" || arg.name?.text === "method") {
        if (arg.value.kind === "Name") this.word(arg.value, "word");
        continue;
      }
      this.read(arg.value, scope);
      if (arg.to) this.read(arg.to, scope);
    }
  }

  // ---- definitions by name ---------------------------------------------------------------------------------------

  /** An expression where a definition of one kind is wanted; other kinds and none are read as any expression. */
  readAs(e: Expression, kind: string | undefined, scope: Scope): void {
    const sort = sorts.find((candidate) => candidate === kind);
    if (e.kind === "Paren") return this.readAs(e.inner, kind, scope);
    const callee = e.kind === "Call" ? e.callee : e;
    if (sort === undefined || callee.kind !== "Name") return this.read(e, scope);
    const args = e.kind === "Call" ? e.args : [];
    if (gridFunctions.has(callee.text) || callee.text === "inverse") {
      this.word(callee, "built-in");
      args.forEach((arg, i) => (i === 0 ? this.readAs(arg.value, sort, scope) : this.read(arg.value, scope)));
      return;
    }
    const def = lookUp(scope, callee.text)
      ? undefined
      : this.program.definition(this.module, sort, callee.text);
    if (!def) return this.read(e, scope);
    this.mark(callee, definitionEntity(def.node), "read");
    this.#definitionArguments(def, args, scope);
  }

  #definitionArguments(def: Def, args: readonly Argument[], scope: Scope): void {
    const params = def.node.params ?? [];
    let position = 0;
    for (const arg of args) {
      const param = arg.to
        ? undefined
        : arg.name
          ? params.find((candidate) => candidate.name.text === arg.name?.text)
          : params[position++];
      if (arg.name && param) this.mark(arg.name, parameterEntity(param), "label");
      else if (arg.name) this.word(arg.name, "word", "label");
      this.readAs(arg.value, param?.type?.text, scope);
      if (arg.to) this.read(arg.to, scope);
    }
  }
}
