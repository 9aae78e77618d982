// Owns: the functions every spec may call (language reference, section 12). Functions of values live in `builtins`;
// those that bind a variable or choose what to evaluate are special forms over syntax.

import { divergence } from "../algebra/divergence.js";
import { compileExprs } from "../algebra/evaluate.js";
import {
  add,
  binder,
  constant,
  fn,
  mul,
  num,
  sub,
  sym,
  symbols,
  type Expr,
  type Sym,
} from "../algebra/expr.js";
import { solveDense } from "../algebra/numeric.js";
import { diagnostic, fail } from "../diagnostics/report.js";
import type { Per, ReduceFn } from "../plan/schema.js";
import type { CallExpr, CompareExpr, Expression } from "../syntax/ast.js";
import {
  elementwise,
  evaluate,
  integer,
  overFamily,
  staticNumber,
  toTensor,
  type Lowering,
} from "./expression.js";
import { hostName, quantityData } from "../graph/quantity.js";
import { NOW } from "./forecast.js";
import { definitionOf } from "./parameters.js";
import { Scope } from "./scope.js";
import { describe, numberValue, tensorValue, type NamedValue, type Value } from "./value.js";

type Builtin = (args: readonly NamedValue[], at: Expression, cx: Lowering) => Value;
type SpecialForm = (e: CallExpr, scope: Scope, seq: number, cx: Lowering) => Value;

function arity(args: readonly unknown[], least: number, most: number, name: string, at: Expression): void {
  if (args.length >= least && args.length <= most) return;
  const words = least === most ? String(least) : `${least} to ${most}`;
  fail("D0220", `\`${name}\` takes ${words} argument${words === "1" ? "" : "s"}, here are ${args.length}`, {
    at: at.span,
  });
}

const pointwise =
  (name: string, count: number): Builtin =>
  (args, at, cx) => {
    arity(args, count, count, name, at);
    return overLists(
      args.map((arg) => arg.value),
      (values) =>
        elementwise(
          name,
          values,
          at.span,
          cx,
          args.map((arg) => arg.at.span),
        ),
    );
  };

/** Functions of numbers apply to lists element by element: `log(points)`. */
function overLists(values: readonly Value[], apply: (values: readonly Value[]) => Value): Value {
  const lists = values.filter((value) => value.kind === "list");
  const [first] = lists;
  if (!first) return apply(values);
  return {
    kind: "list",
    items: first.items.map((_, i) =>
      overLists(
        values.map((value) => (value.kind === "list" ? (value.items[i] ?? value) : value)),
        apply,
      ),
    ),
  };
}

const fold =
  (name: "min" | "max"): Builtin =>
  (args, at, cx) => {
    const named = args.filter((arg) => arg.name !== undefined);
    const plain = args.filter((arg) => arg.name === undefined);
    if (plain.length === 1 && plain[0]?.value.kind === "tensor") return reduction(name, 1)(args, at, cx);
    const values = plain.flatMap((arg) => (arg.value.kind === "list" ? arg.value.items : [arg.value]));
    if (named.length > 0 || values.length === 0) arity(args, 2, 64, name, at);
    return values.reduce((a, b) => elementwise(name, [a, b], at.span, cx));
  };

const pers: ReadonlySet<string> = new Set(["sample", "channel", "position", "frame", "batch"]);

/** A reduction over a tensor. `per:` says what is kept and is `sample` by default. */
function reduction(name: ReduceFn, count: number): Builtin {
  return (args, at, cx) => {
    const per = perOf(args);
    const plain = args.filter((arg) => arg.name === undefined);
    arity(plain, count, count, name, at);
    const tensorArgs = name === "quantile" ? plain.slice(0, 1) : plain;
    const parameter = name === "quantile" ? numberOf(plain[1] as NamedValue) : null;
    if (per === "batch" && cx.couplesBatch !== true)
      cx.program.diagnostics.add(
        diagnostic("D0303", `\`${name}\` over the whole batch couples its samples`, {
          at: at.span,
          why: "a sample's result then depends on the other samples it happens to share a batch with",
          help: "keep one number per sample: leave out `per: batch`",
        }),
      );
    const forms = tensorArgs.map((arg) => toTensor(arg.value, arg.at.span));
    return tensorValue(
      cx.graph.reduce(
        name,
        per,
        forms.map((form) => form.value),
        parameter,
      ),
      "free",
    );
  };
}

function perOf(args: readonly NamedValue[]): Per {
  const per = args.find((arg) => arg.name === "per");
  const other = args.find((arg) => arg.name !== undefined && arg.name !== "per");
  if (other)
    fail("D0220", `a reduction has no argument \`${other.name}\`; it takes \`per:\``, { at: other.at.span });
  if (!per) return "sample";
  const text = per.at.kind === "Name" ? per.at.text : per.value.kind === "string" ? per.value.text : "";
  if (!pers.has(text))
    fail("D0220", "`per:` says what a reduction keeps: sample, channel, position, frame or batch", {
      at: per.at.span,
    });
  return text as Per;
}

export function numberOf(arg: NamedValue): Expr {
  if (arg.value.kind === "number") return arg.value.expr;
  if (arg.value.kind === "tensor")
    return fail(
      "D0302",
      "a number known before the run is needed here, but this value is only known during the run",
      {
        at: arg.at.span,
        label: "depends on a tensor",
      },
    );
  return fail("D0307", `a number is needed here, this is ${describe(arg.value)}`, { at: arg.at.span });
}

function listOf(arg: NamedValue | undefined, at: Expression): readonly Value[] {
  if (arg?.value.kind === "list") return arg.value.items;
  return fail("D0307", `a list is needed here${arg ? `, this is ${describe(arg.value)}` : ""}`, {
    at: (arg?.at ?? at).span,
  });
}

const numbersOf = (arg: NamedValue | undefined, at: Expression): readonly Expr[] =>
  listOf(arg, at).map((value) => numberOf({ name: undefined, value, to: undefined, at: arg?.at ?? at }));

/** `solve(M, b)`: M w = b. Systems of size 0 and 1 are solved here, larger ones by every algebra in its own numbers. */
const solve: Builtin = (args, at) => {
  arity(args, 2, 2, "solve", at);
  const rows = listOf(args[0], at).map((row) =>
    numbersOf({ name: undefined, value: row, to: undefined, at: args[0]?.at ?? at }, at),
  );
  const right = numbersOf(args[1], at);
  const n = rows.length;
  if (right.length !== n || rows.some((row) => row.length !== n))
    fail("D0220", "`solve(M, b)` needs a square matrix and as many right sides as rows", { at: at.span });
  const entries = [...rows.flat(), ...right];
  const known = rows.map((row) => row.map((e) => constant(e)));
  const isKnown = known.every((row) => row.every((value) => value !== undefined));
  if (
    isKnown &&
    !solveDense(
      known as number[][],
      rows.map(() => 0),
    )
  )
    fail("D0423", "the system of this `solve` is singular: one of its rows follows from the others", {
      at: args[0]?.at.span ?? at.span,
      why: "it has no solution, or more than one",
      help: "check the rows; nodes that are equal give equal rows",
    });
  return { kind: "list", items: right.map((_, i) => numberValue(fn("solve", num(n), num(i), ...entries))) };
};

const entries: readonly (readonly [string, Builtin])[] = [
  ...(
    [
      "exp",
      "log",
      "log2",
      "expm1",
      "sqrt",
      "sin",
      "cos",
      "tan",
      "atan",
      "abs",
      "floor",
      "round",
      "logistic",
      "factorial",
    ] as const
  ).map((name) => [name, pointwise(name, 1)] as const),
  ...(["atan2", "hypot", "mod", "phi"] as const).map((name) => [name, pointwise(name, 2)] as const),
  ["min", fold("min")],
  ["max", fold("max")],
  [
    "lerp",
    (args, at, cx) => {
      arity(args, 3, 3, "lerp", at);
      const [a, b, u] = args.map((arg) => arg.value) as [Value, Value, Value];
      const difference = elementwise("sub", [b, a], at.span, cx);
      return elementwise("add", [a, elementwise("mul", [difference, u], at.span, cx)], at.span, cx);
    },
  ],
  [
    "clamp",
    (args, at, cx) => {
      arity(args, 3, 3, "clamp", at);
      const [x, low, high] = args as [NamedValue, NamedValue, NamedValue];
      const result = elementwise(
        "min",
        [elementwise("max", [x.value, low.value], at.span, cx), high.value],
        at.span,
        cx,
      );
      return x.value.kind === "tensor" && result.kind === "tensor"
        ? tensorValue(result.value, x.value.level)
        : result;
    },
  ],
  ["mean", reduction("mean", 1)],
  ["std", reduction("std", 1)],
  ["norm", reduction("norm", 1)],
  ["dot", reduction("dot", 2)],
  ["quantile", reduction("quantile", 2)],
  [
    "relabel",
    (args, at, cx) => {
      arity(args, 1, 1, "relabel", at);
      const [arg] = args as [NamedValue];
      cx.program.diagnostics.add(
        diagnostic("D0902", "`relabel` takes this tensor's level away; nothing checks where it is used", {
          at: at.span,
        }),
      );
      return tensorValue(toTensor(arg.value, arg.at.span).value, "free");
    },
  ],
  [
    "stop",
    (args, at) => {
      arity(args, 1, 1, "stop", at);
      return (args[0] as NamedValue).value;
    },
  ],
  ["solve", solve],
  [
    "unit",
    (args, at, cx) => {
      arity(args, 2, 2, "unit", at);
      const [i, n] = args.map((arg) => integer(arg.value, arg.at.span, cx)) as [number, number];
      return { kind: "list", items: Array.from({ length: n }, (_, k) => numberValue(num(k === i ? 1 : 0))) };
    },
  ],
  [
    "length",
    (args, at) => {
      arity(args, 1, 1, "length", at);
      return numberValue(num(listOf(args[0], at).length));
    },
  ],
  [
    "resample",
    (args, at, cx) => {
      arity(args, 2, 2, "resample", at);
      return resample(numbersOf(args[0], at), numberOf(args[1] as NamedValue), at, cx);
    },
  ],
  [
    "beta_quantile",
    (args, at) => {
      arity(args, 3, 3, "beta_quantile", at);
      return numberValue(fn("beta_quantile", ...args.map(numberOf)));
    },
  ],
];

export const builtins: ReadonlyMap<string, Builtin> = new Map(entries);

/** Linear interpolation in a list at the fraction u of its length. */
function resample(list: readonly Expr[], u: Expr, at: Expression, cx: Lowering): Value {
  if (list.length === 0) return fail("D0307", "an empty list cannot be resampled", { at: at.span });
  const place = Math.max(0, Math.min(1, staticNumber(numberValue(u), at.span, cx))) * (list.length - 1);
  const low = Math.min(Math.floor(place), Math.max(0, list.length - 2));
  const [a, b] = [list[low] as Expr, list[Math.min(low + 1, list.length - 1)] as Expr];
  return numberValue(fn("lerp", a, b, num(place - low)));
}

// ---- special forms ---------------------------------------------------------------------------------------------

/** The parts of `f(e, k in r)`. */
function bound(e: CallExpr): {
  readonly body: Expression;
  readonly variable: string;
  readonly domain: Expression;
  readonly node: CompareExpr;
} {
  const [body, range] = e.args;
  const test = range?.value;
  if (
    e.args.length !== 2 ||
    !body ||
    test?.kind !== "Compare" ||
    test.first.kind !== "Name" ||
    test.rest[0]?.op !== "in"
  )
    return fail("D0220", "this function is written `f(expression, k in a .. b)`", { at: e.span });
  return { body: body.value, variable: test.first.text, domain: test.rest[0].right, node: test };
}

function overRange(e: CallExpr, scope: Scope, seq: number, cx: Lowering): Value[] {
  const { body, variable, domain, node } = bound(e);
  const family = {
    kind: "Family" as const,
    span: node.span,
    variable: { kind: "Name" as const, span: node.first.span, text: variable, raw: variable },
    domain,
  };
  return overFamily(family, scope, seq, cx).map((inner) => evaluate(body, inner, seq, cx));
}

const repeated =
  (name: "add" | "mul", empty: number): SpecialForm =>
  (e, scope, seq, cx) => {
    const values = overRange(e, scope, seq, cx);
    if (values.length === 0) return numberValue(num(empty));
    if (values.every((value) => value.kind === "number"))
      return numberValue((name === "add" ? add : mul)(...values.map((value) => value.expr)));
    return values.reduce((a, b) => elementwise(name, [a, b], e.span, cx));
  };

/** Depth of nested bindings: names the bound symbol, so that equal integrals are equal expressions and inner ones never capture. */
let depth = 0;

/** `integral(e, u in a .. b)` and `root(lhs == rhs, u in a .. b)`: the variable is a fresh symbol of the algebra. */
const bindingForm =
  (name: "integral" | "root"): SpecialForm =>
  (e, scope, seq, cx) => {
    const { body, variable, domain, node } = bound(e);
    if (domain.kind !== "Range")
      return fail("D0220", `\`${name}\` needs a range \`a .. b\``, { at: domain.span });
    const [from, to] = [domain.from, domain.to].map((end) =>
      numberOf({ name: undefined, value: evaluate(end, scope, seq, cx), to: undefined, at: end }),
    ) as [Expr, Expr];
    depth += 1;
    const symbol = sym(`u#${depth}`, { bound: true });
    const inner = new Scope(scope);
    inner.declare(variable, { seq: -1, read: () => numberValue(symbol), at: node.first.span, used: true });
    try {
      const sides = (name === "root" ? equationSides(body) : [body]).map((side) =>
        numberOf({ name: undefined, value: evaluate(side, inner, seq, cx), to: undefined, at: side }),
      );
      const [left, right] = sides as [Expr, Expr | undefined];
      if (name === "integral") checkIntegral(left, symbol, from, to, e);
      return numberValue(binder(name, symbol, right === undefined ? left : sub(left, right), from, to));
    } finally {
      depth -= 1;
    }
  };

/** Between numbers, an integral of a function of its variable alone converges or not whatever the run is. */
function checkIntegral(body: Expr, variable: Sym, from: Expr, to: Expr, e: CallExpr): void {
  const [a, b] = [constant(from), constant(to)];
  if (a === undefined || b === undefined || [...symbols(body)].some((s) => s !== variable)) return;
  let known = true;
  const program = compileExprs([body], [variable], () => ((known = false), NaN));
  const place = divergence((x) => program(Float64Array.of(x))[0] as number, a, b);
  if (place !== undefined && known)
    fail("D0423", `this integral does not converge at ${Number(place.toPrecision(6))}`, {
      at: e.span,
      why: "the integrand grows too fast there for the area under it to be finite",
      help: "integrate over an interval without that place, or take the singular part out",
    });
}

function equationSides(e: Expression): readonly Expression[] {
  const inner = e.kind === "Paren" ? e.inner : e;
  if (inner.kind === "Compare" && inner.rest.length === 1 && inner.rest[0]?.op === "==")
    return [inner.first, inner.rest[0].right];
  return [inner];
}

/** Does a number vary along the path, over a bound variable or during the run, so that no single step decides it? */
const isOpen = (e: Expr): boolean =>
  [...symbols(e)].some(
    (s) =>
      s.data["bound"] === true ||
      "path" in s.data ||
      hostName(s) !== undefined ||
      quantityData(s)?.level === NOW,
  );

/** With a static condition only the chosen value exists; with a tensor both do. */
const where: SpecialForm = (e, scope, seq, cx) => {
  if (e.args.length !== 3) return fail("D0220", "`where` takes a condition and two values", { at: e.span });
  const [test, yes, no] = e.args.map((arg) => arg.value) as [Expression, Expression, Expression];
  const condition = evaluate(test, scope, seq, cx);
  if (condition.kind === "number") {
    const fixed = constant(condition.expr);
    // A rule that places its own points knows nothing of its place before the run.
    if (!isOpen(condition.expr) && (fixed !== undefined || cx.couplesBatch !== true)) {
      const known = fixed ?? cx.decide(condition.expr, test.span);
      return evaluate(known !== 0 ? yes : no, scope, seq, cx);
    }
  }
  const values = [condition, evaluate(yes, scope, seq, cx), evaluate(no, scope, seq, cx)];
  return elementwise("where", values, e.span, cx, [test.span, yes.span, no.span]);
};

const unsupported =
  (name: string): SpecialForm =>
  (e) =>
    fail("D0990", `\`${name}\` is part of the language but not yet supported`, { at: e.callee.span });

export const specialForms: ReadonlyMap<string, SpecialForm> = new Map<string, SpecialForm>([
  ["sum", repeated("add", 0)],
  ["prod", repeated("mul", 1)],
  ["integral", bindingForm("integral")],
  ["root", bindingForm("root")],
  ["where", where],
  [
    "inverse",
    (e, scope, seq, cx) => {
      const [arg] = e.args;
      if (e.args.length !== 1 || !arg)
        return fail("D0220", "`inverse` takes one solver: `inverse(bdia)`", { at: e.span });
      const solver = definitionOf(arg.value, "solver", scope, seq, cx);
      return { ...solver, inverted: !solver.inverted };
    },
  ],
  ...(
    [
      "grad",
      "vjp",
      "divergence",
      "roll",
      "outer",
      "symmetric",
      "argmax",
      "categorical",
      "rank",
      "ess",
      "dim",
      "cumulative",
      "tabular_integral",
      "derivative",
      "sample",
      "is_mask",
      "exp_staggered",
      "transition",
    ] as const
  ).map((name) => [name, unsupported(name)] as const),
]);
