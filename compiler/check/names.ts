// Owns: resolving every name of an expression against what is visible at its place (D0201, D0304), and the arguments
// of what it calls. Nothing is evaluated; what only a sampler can say (extra results of a network, its models) is
// left to lowering unless the name looks like a slip.

import { builtins } from "../lower/builtins.js";
import { isBuiltin, isFunction, Unknowns } from "./unknown.js";
import { diagnostic } from "../diagnostics/report.js";
import type { Def } from "../resolve/module.js";
import { didYouMean, suggest } from "../resolve/suggest.js";
import type { Span } from "../source/span.js";
import {
  sorts,
  type Argument,
  type CallExpr,
  type Expression,
  type IndexExpr,
  type Name,
  type Sort,
} from "../syntax/ast.js";
import { binders, checkArity, checkParameters, checkVerb, chooseOverload } from "./arguments.js";
import { Names, sortOf, type LetEdges, type Local } from "./locals.js";
import { baseViews, coordinatePlace, isQuantity, verbNames, type Place } from "./place.js";

const gridFunctions: ReadonlySet<string> = new Set(["reverse", "drop"]);
const modelNames: ReadonlySet<string> = new Set(["model", "network"]);

export { isBuiltin, isFunction } from "./unknown.js";

/** Is an index a point, as far as the text says? */
type Pointness = "point" | "number" | "unknown";

/** Names of one file; `current` is the `let` whose value is being read. */
export class NameCheck extends Unknowns {
  current: LetEdges | undefined;

  /** Another definition begins. */
  begin(): void {
    this.current = undefined;
    this.reported.clear();
  }

  // ---- reading expressions ---------------------------------------------------------------------------------------

  read(e: Expression, names: Names, place: Place): void {
    switch (e.kind) {
      case "Number":
      case "String":
      case "ErrorExpr":
        return;
      case "Paren":
        return this.read(e.inner, names, place);
      case "Name":
        return this.#name(e, names, place);
      case "List": {
        const inner = e.family ? this.bind(e.family.variable, names) : names;
        if (e.family) this.read(e.family.domain, names, place);
        for (const item of e.items) this.read(item, inner, place);
        return;
      }
      case "Unary":
        return this.read(e.operand, names, place);
      case "Binary":
        this.read(e.left, names, place);
        return this.read(e.right, names, place);
      case "Compare":
        this.read(e.first, names, place);
        for (const { right } of e.rest) this.read(right, names, place);
        return;
      case "Range":
        this.read(e.from, names, place);
        return this.read(e.to, names, place);
      case "Prime":
        return this.#prime(e.object, names, place);
      case "Index":
        return this.#index(e, names, place);
      case "Member":
        return this.#member(e.object, e.name, names, place);
      case "Call":
        return this.#call(e, names, place);
      default:
        return e satisfies never;
    }
  }

  /** A scope with one more name, which needs no use. */
  bind(name: Name, names: Names): Names {
    const inner = new Names(names);
    inner.add({
      name: name.text,
      kind: "variable",
      at: name.span,
      used: true,
      stored: false,
      called: undefined,
    });
    return inner;
  }

  use(name: string, at: Span, names: Names): Local | undefined {
    const local = names.find(name);
    if (!local) return undefined;
    local.used = true;
    if (!this.current?.reads.has(local)) this.current?.reads.set(local, at);
    return local;
  }

  #name(e: Name, names: Names, place: Place): void {
    const local = this.use(e.text, e.span, names);
    if (local) {
      if ((local.kind === "carry" || local.kind === "state") && place.acts)
        this.needsPoint(e, place, local.kind === "carry" ? "carry" : "state");
      return;
    }
    if (place.points.has(e.text) || place.counters.has(e.text) || place.words.has(e.text)) return;
    if (isQuantity(e.text) && place.quantities !== "none") {
      if (place.quantities === "indexed") this.needsPoint(e, place, "path quantity");
      return;
    }
    if (place.views !== "none" && this.isView(e.text)) {
      if (place.views === "indexed" && !this.isOuter(e.text)) this.needsPoint(e, place, "view");
      else if (place.views === "indexed" && baseViews.includes(e.text)) this.needsPoint(e, place, "view");
      return;
    }
    if (this.isOuter(e.text) || isBuiltin(e.text)) return;
    this.unknown(e, names, place);
  }

  #prime(object: Expression, names: Names, place: Place): void {
    if (object.kind === "Name" && isQuantity(object.text) && !names.find(object.text)) {
      if (place.quantities === "indexed")
        this.needsPoint({ ...object, raw: `${object.raw}'` }, place, "derivative");
      return;
    }
    this.read(object, names, place);
    this.program.diagnostics.add(
      diagnostic(
        "D0304",
        "a derivative `'` is taken of a path quantity, for example `alpha'` or `sigma'[s]`",
        {
          at: object.span,
        },
      ),
    );
  }

  // ---- indices ---------------------------------------------------------------------------------------------------

  #index(e: IndexExpr, names: Names, place: Place): void {
    for (const index of e.indices) this.read(index, names, place);
    const target = e.object.kind === "Prime" ? e.object.object : e.object;
    if (target.kind !== "Name") {
      if (e.object.kind === "Member") return this.#member(e.object.object, e.object.name, names, place);
      return this.read(e.object, names, place);
    }
    if (this.use(target.text, target.span, names)) return;
    const quantity = isQuantity(target.text) && place.quantities !== "none";
    const view = place.views !== "none" && this.isView(target.text);
    if (quantity || view) {
      const [index] = e.indices;
      if (!place.acts || !index || this.pointness(index, names, place) !== "number") return;
      this.program.diagnostics.add(
        diagnostic("D0304", `\`${target.text}\` is read at a point, and this is a number`, {
          at: index.span,
          help: `write \`${target.raw}[s]\`, \`${target.raw}[t]\` or \`${target.raw}[s-1]\``,
        }),
      );
      return;
    }
    if (place.words.has(target.text) || this.isOuter(target.text)) return;
    if (place.outputs && !isQuantity(target.text) && !this.looksLikeSlip(target.text, names, place)) return;
    this.unknown(target, names, place);
  }

  pointness(e: Expression, names: Names, place: Place): Pointness {
    switch (e.kind) {
      case "Paren":
        return this.pointness(e.inner, names, place);
      case "Number":
        return "number";
      case "Name": {
        const local = names.find(e.text);
        if (local) return local.kind === "point" ? "point" : local.kind === "noise" ? "number" : "unknown";
        return place.points.has(e.text) ? "point" : place.counters.has(e.text) ? "number" : "unknown";
      }
      case "Binary":
        return e.op === "+" || e.op === "-" ? this.pointness(e.left, names, place) : "number";
      default:
        return "unknown";
    }
  }

  // ---- members ---------------------------------------------------------------------------------------------------

  #member(object: Expression, name: Name, names: Names, place: Place): void {
    if (object.kind !== "Name") return this.read(object, names, place);
    const local = this.use(object.text, object.span, names);
    if (local) {
      if (local.kind === "call") this.resultOf(local, name);
      if (local.kind === "parameter" && local.type === "schedule") this.pathMember(name);
      return;
    }
    const [def] = this.program.definitionsNamed(this.module, object.text);
    if (def) {
      if (def.sort === "schedule") this.pathMember(name);
      return;
    }
    if (this.program.value(this.module, object.text)) return;
    this.unknown(object, names, place);
  }

  // ---- calls -----------------------------------------------------------------------------------------------------

  #call(e: CallExpr, names: Names, place: Place): void {
    const { callee } = e;
    if (callee.kind !== "Name") {
      this.read(callee, names, place);
      return this.#arguments(e.args, names, place);
    }
    const local = this.use(callee.text, callee.span, names);
    if (local) {
      local.called ??= callee.span;
      this.#localCall(local, e);
      return this.#arguments(e.args, names, place);
    }
    if (place.acts && verbNames.has(callee.text)) {
      checkVerb(callee.text, e, this.program.diagnostics);
      return this.#verbArguments(e, names, place);
    }
    if (place.acts && (modelNames.has(callee.text) || this.networks.has(callee.text)))
      return this.#arguments(e.args, names, place);
    if (binders.has(callee.text)) return this.#binder(e, callee.text, names, place);
    if (place.quantities !== "none" && isQuantity(callee.text)) return this.#arguments(e.args, names, place);
    if (this.program.value(this.module, callee.text)) return this.#valueCall(callee.text, e, names, place);
    const defs = this.program.definitionsNamed(this.module, callee.text);
    if (defs.length > 0) return this.#applied(defs, e, names, place);
    if (isFunction(callee.text)) {
      checkArity(callee.text, e, this.program.diagnostics);
      const inner = callee.text === "dim" ? { ...place, views: "bare" as const } : place;
      const integrated = callee.text === "tabular_integral" ? coordinatePlace(place) : inner;
      return this.#arguments(e.args, names, integrated);
    }
    if (gridFunctions.has(callee.text)) return this.#arguments(e.args, names, place);
    if (place.words.has(callee.text)) return this.#arguments(e.args, names, coordinatePlace(place));
    this.#arguments(e.args, names, place);
    if (this.#maybeNetwork(e, callee, place)) return;
    if (place.acts && e.args.some((arg) => arg.to)) return this.unknownSolver(callee, names);
    this.unknown(callee, names, place, [...builtins.keys()]);
  }

  /** `weak(cond: prompt)` calls a network that the sampler names. */
  #maybeNetwork(e: CallExpr, callee: Name, place: Place): boolean {
    if (!place.acts) return false;
    const told = e.args.some((arg) => ["cond", "at", "time", "variant"].includes(arg.name?.text ?? ""));
    return told && suggest(callee.text, [...modelNames, ...this.networks]) === undefined;
  }

  #localCall(local: Local, e: CallExpr): void {
    if (local.kind !== "function" || local.arity === undefined || local.arity === e.args.length) return;
    this.program.diagnostics.add(
      diagnostic(
        "D0220",
        `\`${local.name}\` takes ${local.arity} argument${local.arity === 1 ? "" : "s"}, here ${e.args.length === 1 ? "is" : "are"} ${e.args.length}`,
        { at: e.span, secondary: [{ span: local.at, text: "defined here" }] },
      ),
    );
  }

  #valueCall(name: string, e: CallExpr, names: Names, place: Place): void {
    const value = this.program.value(this.module, name);
    if (value?.node.kind === "Let" && value.node.params && value.node.params.length !== e.args.length)
      this.program.diagnostics.add(
        diagnostic(
          "D0220",
          `\`${name}\` takes ${value.node.params.length} argument${value.node.params.length === 1 ? "" : "s"}, here ${e.args.length === 1 ? "is" : "are"} ${e.args.length}`,
          { at: e.span, secondary: [{ span: value.node.name.span, text: "defined here" }] },
        ),
      );
    this.#arguments(e.args, names, place);
  }

  #arguments(args: readonly Argument[], names: Names, place: Place): void {
    for (const arg of args) {
      const { value } = arg;
      if (arg.name?.text === "per" || arg.name?.text === "method") continue;
      if (arg.name?.text === "cond" && value.kind === "Name" && value.text === "none") continue;
      this.read(value, names, arg.name?.text === "over" ? coordinatePlace(place) : place);
      if (arg.to) this.read(arg.to, names, place);
    }
  }

  /** In `integrate(s -> t, x0, over: lambda, ...)` the prediction is named without a point. */
  #verbArguments(e: CallExpr, names: Names, place: Place): void {
    for (const arg of e.args) {
      const bareView = !arg.name && !arg.to && arg.value.kind === "Name" && this.isView(arg.value.text);
      if (bareView && e.callee.kind === "Name" && e.callee.text === "integrate") continue;
      this.#arguments([arg], names, place);
    }
  }

  /** `sum(e, k in r)` binds k in e. */
  #binder(e: CallExpr, name: string, names: Names, place: Place): void {
    const [body, range] = e.args;
    const test = range?.value;
    const variable = test?.kind === "Compare" && test.rest[0]?.op === "in" ? test.first : undefined;
    if (e.args.length === 2 && body && test?.kind === "Compare" && variable?.kind === "Name") {
      for (const { right } of test.rest) this.read(right, names, place);
      this.read(body.value, this.bind(variable, names), place);
      return;
    }
    if (name === "sum" && e.args.every((arg, i) => i === 0 || arg.name))
      return this.#arguments(e.args, names, place);
    checkArity(name, e, this.program.diagnostics);
    if (e.args.length === 2)
      this.program.diagnostics.add(
        diagnostic("D0220", `\`${name}\` is written \`${name}(expression, k in a .. b)\``, {
          at: (range ?? e).span,
        }),
      );
    this.#arguments(e.args, names, place);
  }

  #applied(defs: readonly Def[], e: CallExpr, names: Names, place: Place): void {
    const applied = e.args.some((arg) => arg.to);
    const candidates = applied ? defs.filter((def) => def.sort === "solver") : defs;
    const def = chooseOverload(candidates, e.args);
    if (!def) {
      this.program.diagnostics.add(
        diagnostic(
          "D0307",
          `only a solver is applied from point to point, and this is a ${defs[0]?.sort ?? ""}`,
          {
            at: e.callee.span,
          },
        ),
      );
      return this.#arguments(e.args, names, place);
    }
    if (applied && !place.acts)
      this.program.diagnostics.add(
        diagnostic("D0304", `a solver is applied between points, and there are none ${place.where}`, {
          at: e.span,
        }),
      );
    checkParameters(def, e.args, e.callee.span, { applied, partial: !applied }, this.program.diagnostics);
    this.#definitionArguments(def, e.args, names, place);
  }

  // ---- definitions by name ---------------------------------------------------------------------------------------

  /** An expression that stands for a definition of one kind: `cfg(scale: 7.5)`, `karras`, a parameter. */
  definition(e: Expression, sort: Sort, names: Names, place: Place): void {
    if (e.kind === "Paren") return this.definition(e.inner, sort, names, place);
    const callee = e.kind === "Call" ? e.callee : e;
    if (callee.kind !== "Name") return this.read(e, names, place);
    const args = e.kind === "Call" ? e.args : [];
    if (sort === "grid" && gridFunctions.has(callee.text) && e.kind === "Call") {
      const [grid, count] = e.args;
      if (grid) this.definition(grid.value, "grid", names, place);
      if (count) this.read(count.value, names, place);
      return;
    }
    if (callee.text === "inverse" && e.kind === "Call") {
      for (const arg of args) this.definition(arg.value, "solver", names, place);
      return;
    }
    if (this.use(callee.text, callee.span, names)) return this.#arguments(args, names, place);
    const def = this.program.definition(this.module, sort, callee.text);
    if (def) {
      checkParameters(def, args, callee.span, { applied: false }, this.program.diagnostics);
      return this.#definitionArguments(def, args, names, place);
    }
    const [other] = this.program.definitionsNamed(this.module, callee.text);
    this.#arguments(args, names, place);
    if (this.program.value(this.module, callee.text) || this.unresolved.has(callee.text)) return;
    const known = this.program.diagnostics.isFull(this.module.id)
      ? []
      : this.program.definitionNames(this.module, sort);
    this.program.diagnostics.add(
      other
        ? diagnostic("D0307", `a ${sort} is needed here, and \`${callee.raw}\` is a ${other.sort}`, {
            at: callee.span,
            help: didYouMean(callee.text, known),
          })
        : diagnostic("D0201", `there is no ${sort} \`${callee.raw}\``, {
            at: callee.span,
            help:
              didYouMean(callee.text, [...known, ...names.all()]) ??
              (sort === "parameterization"
                ? `a model predicts x0, eps or a parameterization: ${known.slice(0, 8).join(", ")}`
                : undefined) ??
              `write a definition \`${sort} ${callee.text} { ... }\`, or bring one in with \`use\``,
          }),
    );
  }

  #definitionArguments(def: Def, args: readonly Argument[], names: Names, place: Place): void {
    const params = def.node.params ?? [];
    let position = 0;
    for (const arg of args) {
      if (arg.to) {
        this.#arguments([arg], names, place);
        continue;
      }
      const param = arg.name
        ? params.find((candidate) => candidate.name.text === arg.name?.text)
        : params[position++];
      const sort = sortOf(param?.type?.text, sorts);
      if (sort) this.definition(arg.value, sort, names, place);
      else if (arg.value.kind !== "Name" || param?.type?.text !== "view")
        this.#arguments([arg], names, place);
    }
  }
}
