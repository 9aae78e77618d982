// Owns: parameters of definitions: binding arguments, defaults, kinds; and the scope of a file. A name may exist once
// per kind of definition; where a kind is expected (a parameter `base: solver`, a sampler's `schedule` line) it decides.

import { fail } from "../diagnostics/report.js";
import { print } from "../algebra/print.js";
import { linearKey } from "../graph/node.js";
import type { Module } from "../resolve/module.js";
import { didYouMean } from "../resolve/suggest.js";
import type { Span } from "../source/span.js";
import { sorts, type Argument, type Expression, type Param, type Sort } from "../syntax/ast.js";
import { evaluate, type Lowering } from "./expression.js";
import { Scope, type Place } from "./scope.js";
import { tableValue } from "./tableValue.js";
import { describe, type DefinitionValue, type Value } from "./value.js";

/** The outermost scope of a file: its values and every visible definition. */
export function moduleScope(module: Module, cx: Lowering): Scope {
  const { program } = cx;
  const place: Place = {
    module,
    name: (name, at) => {
      const value = program.value(module, name);
      if (value) return fileValue(value.node, moduleScope(value.module, cx), value.module, cx, at);
      const [first, ...others] = program.definitionsNamed(module, name);
      return first ? { kind: "definition", def: first, others, args: new Map() } : undefined;
    },
    names: () => [...module.values.keys(), ...module.used.values.keys(), ...program.definitionNames(module)],
  };
  return new Scope(undefined, place);
}

const evaluating = new Set<unknown>();

function fileValue(
  node: Parameters<typeof tableValue>[0] | { readonly kind: "Let" },
  scope: Scope,
  module: Module,
  cx: Lowering,
  at: Span,
): Value {
  if (node.kind === "Table") return tableValue(node, scope, module, cx);
  const statement = node as Extract<(typeof module.tree.items)[number], { kind: "Let" }>;
  if (statement.params)
    return {
      kind: "function",
      name: statement.name.text,
      params: statement.params,
      body: statement.value,
      scope,
    };
  if (evaluating.has(statement))
    return fail("D0305", `\`${statement.name.text}\` is defined by itself`, {
      at,
      label: "read while it is being computed",
    });
  evaluating.add(statement);
  try {
    return evaluate(statement.value, scope, 0, cx);
  } finally {
    evaluating.delete(statement);
  }
}

/** The definition of kind `sort` that an expression names, with its arguments. */
export function definitionOf(
  e: Expression,
  sort: Sort,
  scope: Scope,
  seq: number,
  cx: Lowering,
): DefinitionValue {
  if (e.kind === "Paren") return definitionOf(e.inner, sort, scope, seq, cx);
  if (e.kind === "Name" && !scope.find(e.text, seq)) {
    const def = cx.program.definition(scope.module, sort, e.text);
    if (def) return { kind: "definition", def, args: new Map() };
    const [other] = cx.program.definitionsNamed(scope.module, e.text);
    return fail(
      "D0201",
      other
        ? `\`${e.text}\` is a ${other.sort}, a ${sort} is needed here`
        : `there is no ${sort} \`${e.text}\``,
      {
        at: e.span,
        help: didYouMean(e.text, cx.program.definitionNames(scope.module, sort)),
      },
    );
  }
  if (
    e.kind === "Call" &&
    (e.callee.kind === "Name" || e.callee.kind === "Paren") &&
    !e.args.some((arg) => arg.to)
  )
    if (!(e.callee.kind === "Name" && isCombinator(e.callee.text)))
      return withArguments(definitionOf(e.callee, sort, scope, seq, cx), e.args, scope, seq, cx);
  return asDefinition(evaluate(e, scope, seq, cx), sort, e.span);
}

/** Functions of definitions; the kind they return is theirs to know. */
const isCombinator = (name: string): boolean => name === "reverse" || name === "drop" || name === "inverse";

export function asDefinition(value: Value, sort: Sort, at: Span): DefinitionValue {
  if (value.kind === "definition") {
    if (value.def.sort === sort) return value;
    const other = value.others?.find((def) => def.sort === sort);
    if (other) return { ...value, def: other };
  }
  return fail("D0307", `a ${sort} is needed here, this is ${describe(value)}`, { at });
}

export const isSort = (name: string | undefined): name is Sort => sorts.includes(name as Sort);

/** An argument, read as the kind its parameter states. */
export function argumentValue(
  param: Param | undefined,
  e: Expression,
  scope: Scope,
  seq: number,
  cx: Lowering,
): Value {
  const sort = param?.type?.text;
  return isSort(sort) ? definitionOrPath(e, sort, scope, seq, cx) : evaluate(e, scope, seq, cx);
}

function definitionOrPath(e: Expression, sort: Sort, scope: Scope, seq: number, cx: Lowering): Value {
  if (sort === "schedule" && e.kind === "Name" && scope.find(e.text, seq)) {
    const value = evaluate(e, scope, seq, cx);
    if (value.kind === "path") return value;
  }
  return definitionOf(e, sort, scope, seq, cx);
}

/** Binds further arguments: by name, or by position in the order of the parameters. */
export function withArguments(
  target: DefinitionValue,
  args: readonly Argument[],
  scope: Scope,
  seq: number,
  cx: Lowering,
): DefinitionValue {
  const chosen = chooseOverload(target, args);
  const params = chosen.def.node.params ?? [];
  const bound = new Map(chosen.args);
  args.forEach((arg, i) => {
    const name = arg.name?.text ?? params[i]?.name.text;
    const param = params.find((candidate) => candidate.name.text === name);
    if (!param || name === undefined)
      return fail(
        "D0220",
        name === undefined
          ? `\`${chosen.def.name}\` takes ${params.length} parameter${params.length === 1 ? "" : "s"}`
          : `\`${chosen.def.name}\` has no parameter \`${name}\``,
        {
          at: arg.name?.span ?? arg.span,
          help:
            (name === undefined
              ? undefined
              : didYouMean(
                  name,
                  params.map((candidate) => candidate.name.text),
                )) ??
            (params.length > 0
              ? `its parameters are ${params.map((candidate) => `\`${candidate.name.text}\``).join(", ")}`
              : "it takes none"),
        },
      );
    bound.set(name, argumentValue(param, arg.value, scope, seq, cx));
  });
  return { ...chosen, args: bound };
}

/** Of several kinds with one name, the first that has all the parameters named. */
function chooseOverload(target: DefinitionValue, args: readonly Argument[]): DefinitionValue {
  const names = args.flatMap((arg) => arg.name?.text ?? []);
  const fits = [target.def, ...(target.others ?? [])].find((def) =>
    names.every((name) => def.node.params?.some((param) => param.name.text === name)),
  );
  return fits ? { ...target, def: fits } : target;
}

export interface Bound {
  readonly scope: Scope;
  /** Name and arguments as text; definitions with equal keys mean the same. */
  readonly key: string;
}

/** The scope of a definition with its parameters bound: given arguments, else defaults, which may use earlier parameters. */
export function bindParameters(value: DefinitionValue, at: Span, cx: Lowering, outer?: Place): Bound {
  const { def } = value;
  const file = moduleScope(def.module, cx);
  const defaults = outer ? new Scope(file, outer) : file;
  const scope = new Scope(defaults);
  const parts: string[] = [];
  for (const param of def.node.params ?? []) {
    const name = param.name.text;
    const given = value.args.get(name);
    if (!given && !param.default)
      fail("D0220", `\`${def.name}\` needs a value for \`${name}\``, {
        at,
        secondary: [{ span: param.span, text: "declared without a default" }],
        help: `write \`${def.name}(${name}: ...)\``,
      });
    const bound = given ?? argumentValue(param, param.default as Expression, scope, 0, cx);
    const checked = checkKind(param, bound, at, cx);
    scope.declare(name, { seq: -1, read: () => checked, at: param.name.span, used: false });
    parts.push(`${name}: ${valueKey(checked)}`);
  }
  return { scope, key: parts.length > 0 ? `${def.name}(${parts.join(", ")})` : def.name };
}

/** A schedule parameter becomes its path, a table its list; the rest is checked. */
function checkKind(param: Param, value: Value, at: Span, cx: Lowering): Value {
  const type = param.type?.text;
  if (type === "schedule")
    return value.kind === "path" ? value : cx.path(asDefinition(value, "schedule", at), at);
  if (isSort(type)) return asDefinition(value, type, at);
  const ok =
    type === undefined ||
    (type === "table" && (value.kind === "list" || value.kind === "tensor")) ||
    (type === "function" &&
      (value.kind === "function" || value.kind === "native" || value.kind === "number")) ||
    !["table", "function"].includes(type);
  if (!ok)
    return fail("D0307", `the parameter \`${param.name.text}\` is a ${type}, this is ${describe(value)}`, {
      at,
    });
  if (type === undefined && value.kind !== "number" && value.kind !== "string" && value.kind !== "list")
    return fail("D0307", `the parameter \`${param.name.text}\` is a number, this is ${describe(value)}`, {
      at,
      secondary: [{ span: param.span, text: "a parameter without a kind is a number or a string" }],
    });
  return value;
}

/** Text that identifies a value, for keys and reports. */
export function valueKey(value: Value): string {
  switch (value.kind) {
    case "number":
      return print(value.expr);
    case "string":
      return JSON.stringify(value.text);
    case "list":
      return `[${value.items.map(valueKey).join(", ")}]`;
    case "definition": {
      const args = [...value.args].map(([name, arg]) => `${name}: ${valueKey(arg)}`);
      const applied = args.length === 0 ? value.def.name : `${value.def.name}(${args.join(", ")})`;
      return value.inverted ? `inverse(${applied})` : applied;
    }
    case "path":
      return value.path.key;
    case "point":
      return value.point.id;
    case "function":
    case "native":
      return value.name;
    case "tensor":
      return linearKey(value.value);
    default:
      return value.kind;
  }
}
