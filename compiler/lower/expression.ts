// Owns: the meaning of expressions. One walker for all definitions; what a name means at a place (a solver's step, a
// grid, a path) comes from the scope. Numbers become expressions of the algebra, tensors linear forms of the graph.

import { add, constant, div, fn, mul, neg, num, pow, sub, type Expr } from "../algebra/expr.js";
import { fail } from "../diagnostics/report.js";
import { limits } from "../limits.js";
import { gridLevel, type Point } from "../graph/level.js";
import { constantLinear, isConstantLinear, plus, scale, type Graph, type Linear } from "../graph/node.js";
import { isZero } from "../algebra/expr.js";
import { didYouMean } from "../resolve/suggest.js";
import type { Program } from "../resolve/module.js";
import type { Span } from "../source/span.js";
import type {
  Argument,
  BinaryExpr,
  CallExpr,
  CompareExpr,
  Expression,
  Family,
  IndexExpr,
  MemberExpr,
} from "../syntax/ast.js";
import type { KernelOp } from "../plan/schema.js";
import { builtins, specialForms } from "./builtins.js";
import { memberOf, indexMember } from "./member.js";
import { definitionOf, withArguments } from "./parameters.js";
import { Scope } from "./scope.js";
import {
  describe,
  numberValue,
  pointValue,
  tensorValue,
  type DefinitionValue,
  type NamedValue,
  type TensorLevel,
  type Value,
} from "./value.js";

/** What of an applied solver is asked for: its state at q, the embedded state of its tableau, its slope. */
export type SolverPart = "state" | "low" | "slope";

/** What one lowering shares: the graph it builds and how static questions are answered. */
export interface Lowering {
  readonly program: Program;
  readonly graph: Graph;
  /** The value of a static number on which the shape of the graph depends. Throws D0302 when it is not static. */
  decide(expr: Expr, at: Span): number;
  /** Applies a solver between two points. */
  applySolver(solver: DefinitionValue, node: CallExpr, scope: Scope, seq: number, part?: SolverPart): Value;
  /** The increment of a Brownian path between two points. */
  increment(path: Extract<Value, { kind: "brownian" }>, node: CallExpr, scope: Scope, seq: number): Value;
  /** The rule decides for the whole batch anyway (error-controlled steps). */
  readonly couplesBatch?: boolean;
  /** Turns a schedule definition into its path. */
  path(schedule: DefinitionValue, at: Span): Value;
}

export function evaluate(e: Expression, scope: Scope, seq: number, cx: Lowering): Value {
  switch (e.kind) {
    case "Paren":
      return evaluate(e.inner, scope, seq, cx);
    case "Number":
      return numberValue(literal(e.text, e.span));
    case "String":
      return { kind: "string", text: e.value };
    case "Name":
      return nameValue(e.text, e.span, scope, seq, cx);
    case "List":
      return listValue(e.items, e.family, scope, seq, cx);
    case "Range":
      return rangeValue(e.from, e.to, scope, seq, cx);
    case "Unary": {
      const operand = evaluate(e.operand, scope, seq, cx);
      if (e.op === "not") return elementwise("not", [operand], e.span, cx);
      if (operand.kind === "number") return numberValue(neg(operand.expr));
      if (operand.kind === "increment") return { ...operand, standard: scale(operand.standard, num(-1)) };
      const tensor = toTensor(operand, e.operand.span);
      return tensorValue(scale(tensor.value, num(-1)), "free");
    }
    case "Binary":
      return binary(e, scope, seq, cx);
    case "Compare":
      return compare(e, scope, seq, cx);
    case "Index":
      return indexed(e, scope, seq, cx);
    case "Member":
      return member(e, scope, seq, cx);
    case "Call":
      return called(e, scope, seq, cx);
    case "Prime":
      return primed(e.object, scope, seq, e.span);
    case "ErrorExpr":
      return fail("D0101", "this expression is incomplete", { at: e.span });
    default:
      return e satisfies never;
  }
}

function literal(text: string, at: Span): Expr {
  try {
    return num(text);
  } catch {
    return fail("D0102", `the number \`${text}\` is out of range`, {
      at,
      help: "write numbers between 1e-9999 and 1e9999",
    });
  }
}

// ---- names -----------------------------------------------------------------------------------------------------

function nameValue(name: string, at: Span, scope: Scope, seq: number, cx: Lowering): Value {
  const found = scope.lookup(name, at, seq);
  if (found) return found;
  if (name === "pi") return numberValue(fn("pi"));
  if (name === "infinity") return numberValue(num(Infinity));
  if (name === "none") return { kind: "none" };
  if (builtins.has(name)) {
    return { kind: "native", name, apply: (args, node) => builtin(name, args, node, cx) };
  }
  return unknownName(name, at, scope);
}

export function unknownName(name: string, at: Span, scope: Scope): never {
  return fail("D0201", `\`${name}\` is not known here`, {
    at,
    help: didYouMean(name, [...scope.visibleNames(), ...builtins.keys()]),
  });
}

function primed(object: Expression, scope: Scope, seq: number, at: Span): Value {
  if (object.kind === "Name") {
    for (const place of scope.places()) {
      const value = place.name(`${object.text}'`, at, seq);
      if (value) return value;
    }
  }
  return fail("D0304", "a derivative `'` is taken of a path quantity, for example `alpha'` or `sigma'[s]`", {
    at,
  });
}

// ---- lists, ranges, families -----------------------------------------------------------------------------------

function listValue(
  items: readonly Expression[],
  family: Family | undefined,
  scope: Scope,
  seq: number,
  cx: Lowering,
): Value {
  if (!family)
    return { kind: "list", items: items.flatMap((item) => spread(evaluate(item, scope, seq, cx), item)) };
  const [body] = items;
  if (!body) return { kind: "list", items: [] };
  return {
    kind: "list",
    items: overFamily(family, scope, seq, cx).map((inner) => evaluate(body, inner, seq, cx)),
  };
}

/** Inside a list, a range stands for its elements: `[s-2 .. s, e]`. */
const spread = (value: Value, item: Expression): readonly Value[] =>
  item.kind === "Range" && value.kind === "list" ? value.items : [value];

/** One scope per element of the family's domain, with the variable bound. */
export function overFamily(family: Family, scope: Scope, seq: number, cx: Lowering): Scope[] {
  const domain = evaluate(family.domain, scope, seq, cx);
  if (domain.kind !== "list")
    fail("D0307", `\`for ${family.variable.text} in\` needs a range or a list, this is ${describe(domain)}`, {
      at: family.domain.span,
      help: "write a range such as `0 .. steps-1`; both ends are included",
    });
  cx.program.spend(domain.items.length, family.domain.span);
  return domain.items.map((item) => {
    const inner = new Scope(scope);
    inner.declare(family.variable.text, { seq: -1, read: () => item, at: family.variable.span, used: false });
    return inner;
  });
}

function rangeValue(from: Expression, to: Expression, scope: Scope, seq: number, cx: Lowering): Value {
  const a = evaluate(from, scope, seq, cx);
  const b = evaluate(to, scope, seq, cx);
  if (a.kind === "point" && b.kind === "point") {
    const first = pastOffset(a.point, from.span);
    const last = pastOffset(b.point, to.span);
    const items: Value[] = [];
    for (let offset = first; offset >= last; offset -= 1)
      items.push(pointValue(shift(b.point, last - offset, to.span)));
    return { kind: "list", items };
  }
  const low = integer(a, from.span, cx);
  const high = integer(b, to.span, cx);
  const items: Value[] = [];
  if (high - low >= limits.range)
    fail("D0806", `this range has more than ${limits.range} elements`, { at: from.span });
  for (let i = low; i <= high; i += 1) items.push(numberValue(num(i)));
  return { kind: "list", items };
}

/** Steps back from s of a grid point of this or an earlier step. */
function pastOffset(point: Point, at: Span): number {
  if (point.level.kind !== "grid")
    fail("D0304", "a range of points goes between grid points such as `s-2 .. s`", { at });
  return -point.level.offset;
}

export function shift(point: Point, by: number, at: Span): Point {
  if (by === 0) return point;
  // The call before, in a guidance rule: wherever it was.
  if (point.id === "now" && by === -1) return { id: "now-1", level: point.level };
  if (point.level.kind !== "grid")
    fail("D0304", "only grid points have neighbours: write `s-1`, `s-2`, `t+1`", { at });
  const offset = point.level.offset + by;
  const place = point.id.includes(":") ? point.id.slice(0, point.id.lastIndexOf(":") + 1) : "";
  return { id: `${place}${gridLevel(offset).key}`, level: gridLevel(offset) };
}

export function integer(value: Value, at: Span, cx: Lowering): number {
  const number = staticNumber(value, at, cx);
  const rounded = Math.round(number);
  if (Math.abs(number - rounded) > 1e-9)
    fail("D0307", `a whole number is needed here, this is ${number}`, { at });
  return rounded;
}

/** The float64 value of a static number, asked of the run when it depends on the step. */
export function staticNumber(value: Value, at: Span, cx: Lowering): number {
  if (value.kind === "tensor" && isConstantLinear(value.value)) return cx.decide(value.value.constant, at);
  if (value.kind === "tensor")
    fail(
      "D0302",
      "a number known before the run is needed here, but this value is only known during the run",
      {
        at,
        label: "depends on a tensor",
      },
    );
  if (value.kind !== "number") fail("D0307", `a number is needed here, this is ${describe(value)}`, { at });
  return constant(value.expr) ?? cx.decide(value.expr, at);
}

// ---- arithmetic ------------------------------------------------------------------------------------------------

export interface TensorForm {
  readonly value: Linear;
  readonly level: TensorLevel;
}

/** Numbers count as constant tensors; a Brownian increment is its standard draw times its deviation. */
export function toTensor(value: Value, at: Span): TensorForm {
  if (value.kind === "tensor") return value;
  if (value.kind === "number") return { value: constantLinear(value.expr), level: "free" };
  if (value.kind === "increment") return { value: scale(value.standard, value.deviation), level: "noise" };
  return fail("D0307", `a tensor or a number is needed here, this is ${describe(value)}`, {
    at,
    help:
      value.kind === "input"
        ? `an input of kind \`${value.type}\` is used through calls, not as a value`
        : undefined,
  });
}

const binaryNames = {
  "+": "add",
  "-": "sub",
  "*": "mul",
  "/": "div",
  "^": "pow",
  and: "and",
  or: "or",
} as const;

function binary(e: BinaryExpr, scope: Scope, seq: number, cx: Lowering): Value {
  const left = evaluate(e.left, scope, seq, cx);
  const right = evaluate(e.right, scope, seq, cx);
  if (left.kind === "point" && (e.op === "+" || e.op === "-")) {
    const by = integer(right, e.right.span, cx);
    return pointValue(shift(left.point, e.op === "+" ? by : -by, e.span));
  }
  return (
    scaledIncrement(e.op, left, right) ??
    elementwise(binaryNames[e.op], [left, right], e.span, cx, [e.left.span, e.right.span])
  );
}

/** A multiple of a Brownian increment is one too: as a `noise:` argument it still counts by its deviation. */
function scaledIncrement(op: BinaryExpr["op"], left: Value, right: Value): Value | undefined {
  if (op === "*" && left.kind === "number" && right.kind === "increment")
    return { ...right, standard: scale(right.standard, left.expr) };
  if (left.kind !== "increment" || right.kind !== "number") return undefined;
  if (op === "*") return { ...left, standard: scale(left.standard, right.expr) };
  if (op === "/") return { ...left, standard: scale(left.standard, div(num(1), right.expr)) };
  return undefined;
}

function compare(e: CompareExpr, scope: Scope, seq: number, cx: Lowering): Value {
  const parts: Value[] = [];
  let left = evaluate(e.first, scope, seq, cx);
  for (const { op, right: node } of e.rest) {
    const right = evaluate(node, scope, seq, cx);
    if (left.kind === "string" && right.kind === "string" && (op === "==" || op === "!="))
      parts.push(numberValue(num((left.text === right.text) === (op === "==") ? 1 : 0)));
    else if (op === "in")
      fail("D0307", "`in` stands after `for` or in `sum(e, k in a .. b)`", { at: e.span });
    else if (op === ">" || op === ">=")
      parts.push(elementwise(op === ">" ? "lt" : "le", [right, left], e.span, cx));
    else {
      const name = op === "<" ? "lt" : op === "<=" ? "le" : op === "==" ? "eq" : "ne";
      parts.push(elementwise(name, [left, right], e.span, cx));
    }
    left = right;
  }
  return parts.reduce((a, b) => elementwise("and", [a, b], e.span, cx));
}

/** A pointwise function of numbers (a new number) or of tensors (a linear form where it is linear, else a map node). */
export function elementwise(
  name: string,
  args: readonly Value[],
  at: Span,
  cx: Lowering,
  spans: readonly Span[] = [],
): Value {
  if (args.every((arg) => arg.kind === "number"))
    return numberValue(
      scalarFunction(
        name,
        args.map((arg) => arg.expr),
      ),
    );
  const tensors = args.map((arg, i) => toTensor(arg, spans[i] ?? at));
  const [a, b] = tensors as [TensorForm, TensorForm];
  const numberOf = (form: TensorForm): Expr | undefined =>
    isConstantLinear(form.value) ? form.value.constant : undefined;
  if (tensors.every((form) => numberOf(form) !== undefined))
    return numberValue(
      scalarFunction(
        name,
        tensors.map((form) => form.value.constant),
      ),
    );
  switch (name) {
    case "add":
      return tensorValue(plus(a.value, b.value), additive(a, b));
    case "sub":
      return tensorValue(plus(a.value, scale(b.value, num(-1))), additive(a, b));
    case "neg":
      return tensorValue(scale(a.value, num(-1)), "free");
    case "mul": {
      const left = numberOf(a);
      const right = numberOf(b);
      if (left) return tensorValue(scale(b.value, left), "free");
      if (right) return tensorValue(scale(a.value, right), "free");
      return tensorValue(cx.graph.map("mul", [a.value, b.value]), "free");
    }
    case "div": {
      const right = numberOf(b);
      if (right) return tensorValue(scale(a.value, div(num(1), right)), "free");
      const left = numberOf(a);
      if (left && isZero(left)) return numberValue(num(0));
      return tensorValue(cx.graph.map("div", [a.value, b.value]), "free");
    }
    default: {
      const kernelOp = kernelFunctions.get(name);
      if (!kernelOp) fail("D0307", `\`${name}\` is a function of numbers, not of tensors`, { at });
      const level = sameLevel(name, tensors, at);
      return tensorValue(
        cx.graph.map(
          kernelOp,
          tensors.map((form) => form.value),
        ),
        level,
      );
    }
  }
}

/** `x - 0` keeps its level; a true sum is free. */
function additive(a: TensorForm, b: TensorForm): TensorLevel {
  const empty = (form: TensorForm): boolean => isConstantLinear(form.value) && isZero(form.value.constant);
  return empty(a) ? b.level : empty(b) ? a.level : "free";
}

export const levelKey = (level: TensorLevel): string => (typeof level === "string" ? level : level.key);

export function levelName(level: TensorLevel): string {
  if (level === "data") return "data (like x0)";
  if (level === "noise") return "noise (like eps)";
  if (level === "free") return "free arithmetic";
  if (level.kind === "located") return `the level where ${level.key.replace("=", " = ")}`;
  return `the level of ${level.key}`;
}

/** `min`, `max` and `where` select between tensors, which must be of one level. */
function sameLevel(name: string, forms: readonly TensorForm[], at: Span): TensorLevel {
  const selected = name === "where" ? forms.slice(1) : name === "min" || name === "max" ? forms : [];
  const levels = selected
    .filter((form) => form.level !== "free" && !isConstantLinear(form.value))
    .map((form) => form.level);
  const [first] = levels;
  if (!first) return "free";
  const other = levels.find((level) => levelKey(level) !== levelKey(first));
  if (other)
    fail("D0301", `\`${name}\` mixes two levels: ${levelName(first)} and ${levelName(other)}`, {
      at,
      why: "tensors of different noise levels have different signal and noise content, so an element of one cannot stand for an element of the other",
      help: "bring one to the level of the other with `renoise` or `jump`, or write `relabel(...)` if it is meant",
    });
  return first;
}

const kernelFunctions: ReadonlyMap<string, KernelOp> = new Map<string, KernelOp>(
  (
    [
      "abs",
      "min",
      "max",
      "sqrt",
      "pow",
      "exp",
      "expm1",
      "log",
      "sin",
      "cos",
      "tan",
      "atan",
      "atan2",
      "floor",
      "round",
      "logistic",
      "lt",
      "le",
      "eq",
      "ne",
      "and",
      "or",
      "not",
      "where",
    ] as const
  ).map((name) => [name, name]),
);

/** A function of numbers by its name in the language. */
export function scalarFunction(name: string, args: readonly Expr[]): Expr {
  const [a, b] = args as [Expr, Expr];
  switch (name) {
    case "add":
      return add(a, b);
    case "sub":
      return sub(a, b);
    case "mul":
      return mul(a, b);
    case "div":
      return div(a, b);
    case "pow":
      return pow(a, b);
    case "neg":
      return neg(a);
    case "sqrt":
      return pow(a, num("0.5"));
    default:
      return fn(name, ...args);
  }
}

// ---- index, member, call ---------------------------------------------------------------------------------------

function indexed(e: IndexExpr, scope: Scope, seq: number, cx: Lowering): Value {
  const indices = (): readonly Value[] => e.indices.map((index) => evaluate(index, scope, seq, cx));
  const target = e.object.kind === "Prime" ? e.object.object : e.object;
  if (target.kind === "Name") {
    const isPrimed = e.object.kind === "Prime";
    const own = isPrimed ? undefined : scope.find(target.text, seq);
    // An input read at a point (`reference[s]`) is the place's to understand.
    if (!own || own.read(seq).kind === "input") {
      const values = indices();
      for (const place of scope.places()) {
        const value = place.index?.(target.text, isPrimed, values, e, seq);
        if (value) return value;
      }
    }
  }
  if (
    e.object.kind === "Member" &&
    e.object.object.kind === "Name" &&
    !scope.find(e.object.object.text, seq)
  ) {
    const { object, name } = e.object;
    const values = indices();
    for (const place of scope.places()) {
      const value = place.indexedMember?.(object.text, name.text, values, e, seq);
      if (value) return value;
    }
  }
  if (e.object.kind === "Member") return indexMember(e.object, indices(), e, scope, seq, cx);
  return elementOf(evaluate(e.object, scope, seq, cx), indices(), e, cx);
}

export function elementOf(object: Value, indices: readonly Value[], e: IndexExpr, cx: Lowering): Value {
  const [first] = indices;
  if (first === undefined) return fail("D0220", "an index is missing", { at: e.span });
  if (object.kind === "list") {
    if (first.kind === "list")
      return {
        kind: "list",
        items: first.items.map((index) => elementAt(object.items, integer(index, e.span, cx), e)),
      };
    return elementAt(object.items, integer(first, e.span, cx), e);
  }
  if (object.kind === "function" || object.kind === "native")
    return applyFunction(
      object,
      indices.map((value, i) => ({ name: undefined, value, to: undefined, at: e.indices[i] ?? e })),
      e,
      cx,
    );
  return fail("D0307", `${describe(object)} cannot be indexed`, { at: e.object.span });
}

function elementAt(items: readonly Value[], index: number, e: IndexExpr): Value {
  return (
    items[index] ??
    fail("D0307", `index ${index} is outside the list, which has ${items.length} elements (counted from 0)`, {
      at: e.span,
    })
  );
}

function member(e: MemberExpr, scope: Scope, seq: number, cx: Lowering): Value {
  const applied = e.object.kind === "Paren" ? e.object.inner : e.object;
  if (e.name.text === "low" && applied.kind === "Call" && applied.args.some((arg) => arg.to)) {
    const solver = definitionOf(applied.callee, "solver", scope, seq, cx);
    return cx.applySolver(solver, applied, scope, seq, "low");
  }
  return memberOf(evaluate(e.object, scope, seq, cx), e, cx);
}

/** `per: batch`: the word is no name of a value. */
function optionWord(arg: Argument, scope: Scope, seq: number): Value | undefined {
  const { value } = arg;
  return arg.name?.text === "per" && value.kind === "Name" && !scope.find(value.text, seq)
    ? { kind: "string", text: value.text }
    : undefined;
}

export function argumentValues(
  args: readonly Argument[],
  scope: Scope,
  seq: number,
  cx: Lowering,
): NamedValue[] {
  return args.map((arg) => ({
    name: arg.name?.text,
    value: optionWord(arg, scope, seq) ?? evaluate(arg.value, scope, seq, cx),
    to: arg.to ? evaluate(arg.to, scope, seq, cx) : undefined,
    at: arg.value,
  }));
}

function called(e: CallExpr, scope: Scope, seq: number, cx: Lowering): Value {
  const callee = e.callee;
  if (callee.kind === "Name") {
    const own = scope.find(callee.text, seq);
    if (!own) {
      for (const place of scope.places()) {
        const value = place.call?.(callee.text, e, scope, seq);
        if (value) return value;
      }
      const form = specialForms.get(callee.text);
      if (form) return form(e, scope, seq, cx);
    }
  }
  const target =
    callee.kind === "Name"
      ? nameValue(callee.text, callee.span, scope, seq, cx)
      : evaluate(callee, scope, seq, cx);
  return applyValue(target, e, scope, seq, cx);
}

/** Applies whatever a callee turned out to be. */
export function applyValue(target: Value, e: CallExpr, scope: Scope, seq: number, cx: Lowering): Value {
  switch (target.kind) {
    case "function":
    case "native":
      return applyFunction(target, argumentValues(e.args, scope, seq, cx), e, cx);
    case "definition":
      if (e.args.some((arg) => arg.to)) return cx.applySolver(target, e, scope, seq);
      return withArguments(target, e.args, scope, seq, cx);
    case "slope":
      return cx.applySolver(target.solver, e, scope, seq, "slope");
    case "brownian":
      return cx.increment(target, e, scope, seq);
    default:
      return fail("D0307", `${describe(target)} cannot be called`, { at: e.callee.span });
  }
}

export function applyFunction(
  target: Extract<Value, { kind: "function" | "native" }>,
  args: readonly NamedValue[],
  at: Expression,
  cx: Lowering,
): Value {
  if (target.kind === "native") return target.apply(args, at);
  if (args.length !== target.params.length)
    fail(
      "D0220",
      `\`${target.name}\` takes ${target.params.length} argument${target.params.length === 1 ? "" : "s"}, here are ${args.length}`,
      {
        at: at.span,
        help: `it is \`${target.name}(${target.params.map((param) => param.text).join(", ")})\``,
      },
    );
  const inner = new Scope(target.scope);
  target.params.forEach((param, i) => {
    const named = args.find((arg) => arg.name === param.text);
    const arg = named ?? args[i];
    if (arg) inner.declare(param.text, { seq: -1, read: () => arg.value, at: param.span, used: false });
  });
  if (calls >= deepestCall)
    fail("D0207", `the function \`${target.name}\` calls itself without end`, {
      at: at.span,
      help: "end the recursion with `where(n == 0, ..., ...)` on an argument that changes",
    });
  calls += 1;
  try {
    return evaluate(target.body, inner, Number.MAX_SAFE_INTEGER, cx);
  } finally {
    calls -= 1;
  }
}

/** Functions being applied now, one inside the other. */
let calls = 0;
const deepestCall = 200;

export function builtin(name: string, args: readonly NamedValue[], at: Expression, cx: Lowering): Value {
  const implementation = builtins.get(name);
  if (!implementation) return fail("D0201", `\`${name}\` is not known here`, { at: at.span });
  return implementation(args, at, cx);
}
