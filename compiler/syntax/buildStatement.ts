// Owns: statements and blocks, from CST to AST. One function per clause, found by the clause's first word.

import { cover } from "../source/span.js";
import type { Block, Equation, Expression, Name, Statement, WhenStmt } from "./ast.js";
import { letStmt, tableStmt } from "./buildLet.js";
import { buildTableau } from "./buildTableau.js";
import { argument, expression, expressions, family, familyOf, postfix } from "./buildExpression.js";
import {
  first,
  has,
  headOf,
  missing,
  name,
  nodes,
  outerSpan,
  spanOf,
  stringLit,
  token,
  tokens,
} from "./cst.js";
import type { BuildContext, Cst, Head } from "./cst.js";

type Clause = (cx: BuildContext, node: Cst, base: Head) => Statement;

/** Expression number `at` of the clause. */
const expr = (cx: BuildContext, node: Cst, at = 0): Expression => expression(cx, nodes(node, "expr")[at]);
const nameOf = (cx: BuildContext, node: Cst): Name => name(cx, token(node, "Name"));
const namesOf = (cx: BuildContext, node: Cst): readonly Name[] =>
  tokens(first(node, "names"), "Name").map((item) => name(cx, item));
const onOf = (cx: BuildContext, node: Cst, at: number): { readonly on?: Expression } =>
  has(node, "word_on") ? { on: expr(cx, node, at) } : {};

export function block(cx: BuildContext, node: Cst): Block {
  const span = outerSpan(cx, node);
  const statements = nodes(node, "statement").flatMap((item) => statement(cx, item));
  spanOf(cx, node);
  const inline = !cx.file.text.slice(span.start, span.end).includes("\n");
  return { kind: "Block", span, statements, inline };
}

/** One statement, or none when nothing of it is left. */
function statement(cx: BuildContext, node: Cst): readonly Statement[] {
  if (has(node, "let")) return [letStmt(cx, first(node, "let"))];
  if (has(node, "when")) return [when(cx, first(node, "when"), "When")];
  if (has(node, "if")) return [when(cx, first(node, "if"), "If")];
  if (has(node, "for")) {
    const loop = first(node, "for");
    const head = headOf(cx, loop);
    const range = family(cx, first(loop, "family"));
    return [{ kind: "For", ...head, family: range, body: block(cx, first(loop, "block")) }];
  }
  if (has(node, "clause")) return clause(cx, first(node, "clause"));
  if (has(node, "equation")) return [equation(cx, first(node, "equation"), token(node, "word_then") && node)];
  return [];
}

/** `whole` is the node with the `then`, if there is one. */
function equation(cx: BuildContext, node: Cst, whole?: Cst): Equation {
  const head = headOf(cx, whole ?? node);
  const [lead, ...factors] = nodes(node, "postfix");
  let left = postfix(cx, lead);
  tokens(node, "MulOp").forEach((op, i) => {
    const right = postfix(cx, factors[i]);
    const sign = op.tokenType.name === "Slash" ? "/" : "*";
    left = { kind: "Binary", span: cover(left.span, right.span), op: sign, left, right };
  });
  const sign = token(node, "sign");
  if (sign !== undefined) spanOf(cx, sign);
  const op = sign?.tokenType.name === "Eq" || sign === undefined ? "=" : ":=";
  const right = expr(cx, node);
  return { kind: "Equation", ...head, then: whole !== undefined, left, op, right, ...familyOf(cx, node) };
}

function when(cx: BuildContext, node: Cst, kind: "When" | "If"): WhenStmt {
  const head = headOf(cx, node);
  const key = kind === "When" ? "when" : "if";
  spanOf(cx, token(node, `word_${key}`));
  const condition = expr(cx, node);
  const [body, other] = nodes(node, "block");
  const then = block(cx, body);
  if (!has(node, "word_else")) return { kind, ...head, condition, body: then };
  const otherwise = has(node, key) ? when(cx, first(node, key), kind) : block(cx, other);
  return { kind, ...head, condition, body: then, otherwise };
}

function clause(cx: BuildContext, node: Cst): readonly Statement[] {
  const key = Object.keys(node?.children ?? {})[0] ?? "";
  const build = clauses[key];
  if (build === undefined) return [];
  const head = headOf(cx, node);
  const word = token(node, key);
  if (word !== undefined) spanOf(cx, word);
  return [build(cx, node, head)];
}

const domain =
  (coordinate: "time" | "index"): Clause =>
  (cx, node, head) => {
    const variable = nameOf(cx, node);
    return { kind: "Domain", ...head, coordinate, variable, from: expr(cx, node), to: expr(cx, node, 1) };
  };

const order: Clause = (cx, node, head) => {
  const flags = { run: has(node, "word_run"), weak: has(node, "word_weak") };
  return { kind: "Order", ...head, ...flags, value: expr(cx, node), ...onOf(cx, node, 1) };
};

const start =
  (kind: "Start" | "Final"): Clause =>
  (cx, node, head) => {
    const count = tokens(node, "word_then").length + 1;
    return { kind, ...head, rules: Array.from({ length: count }, (_, i) => expr(cx, node, i)) };
  };

const parts =
  (part: "schedule" | "guidance" | "grid" | "output"): Clause =>
  (cx, node, head) => {
    const values = expressions(cx, first(node, "exprs"));
    return { kind: "Parts", ...head, part, values: values.length > 0 ? values : [missing(cx)] };
  };

const solver: Clause = (cx, node, head) => {
  const fresh = tokens(node, "word_fresh").map((item) => item.startOffset);
  const whiles = tokens(node, "word_while");
  const rule = expr(cx, node);
  const switches = whiles.map((item, i) => {
    const end = whiles[i + 1]?.startOffset ?? Number.POSITIVE_INFINITY;
    const condition = expr(cx, node, 2 * i + 1);
    const then = expr(cx, node, 2 * i + 2);
    return { condition, then, fresh: fresh.some((at) => at > item.startOffset && at < end) };
  });
  return { kind: "SolverClause", ...head, rule, switches };
};

const state: Clause = (cx, node, head) => {
  const targets = nodes(node, "postfix").map((item) => postfix(cx, item));
  const value = has(node, "Eq") ? { value: expr(cx, node) } : {};
  const body = has(node, "block") ? { block: block(cx, first(node, "block")) } : {};
  return { kind: "State", ...head, targets: targets.length > 0 ? targets : [missing(cx)], ...value, ...body };
};

const model: Clause = (cx, node, head) => {
  const own = has(node, "Name") ? { name: nameOf(cx, node) } : {};
  const predicts = postfix(cx, first(node, "postfix"));
  return {
    kind: "Model",
    ...head,
    ...own,
    predicts,
    args: nodes(node, "arg").map((item) => argument(cx, item)),
  };
};

/** By the key of the clause's first child. */
const clauses: Readonly<Record<string, Clause>> = {
  word_time: domain("time"),
  word_index: domain("index"),
  word_between: (cx, node, head) => {
    const method = nameOf(cx, node);
    return { kind: "Between", ...head, method, quantities: expressions(cx, first(node, "exprs")) };
  },
  word_point: (cx, node, head) => {
    const names = namesOf(cx, node);
    const place = expr(cx, node);
    return { kind: "Point", ...head, names, place, ...(has(node, "Eq") ? { value: expr(cx, node, 1) } : {}) };
  },
  word_noise: (cx, node, head) => {
    const names = namesOf(cx, node);
    const value = has(node, "Eq") ? { value: expr(cx, node) } : {};
    return { kind: "Noise", ...head, names, fixed: has(node, "word_fixed"), ...value };
  },
  word_brownian: (cx, node, head) => ({
    kind: "Brownian",
    ...head,
    name: nameOf(cx, node),
    over: expr(cx, node),
  }),
  word_call: (cx, node, head) => ({
    kind: "CallClause",
    ...head,
    name: nameOf(cx, node),
    value: expr(cx, node),
  }),
  word_carry: (cx, node, head) => {
    const target = postfix(cx, first(node, "postfix"));
    return { kind: "Carry", ...head, target, value: expr(cx, node), session: has(node, "word_session") };
  },
  word_state: state,
  word_input: (cx, node, head) => {
    const names = namesOf(cx, node);
    return { kind: "Input", ...head, names, type: postfix(cx, first(node, "postfix")) };
  },
  word_step: (cx, node, head) => ({ kind: "Step", ...head, body: block(cx, first(node, "block")) }),
  word_repeat: (cx, node, head) => {
    const count = expr(cx, node);
    return { kind: "Repeat", ...head, count, body: block(cx, first(node, "block")) };
  },
  word_accept: (cx, node, head) => {
    const condition = expr(cx, node);
    return { kind: "Accept", ...head, condition, otherwise: block(cx, first(node, "block")) };
  },
  word_tableau: (cx, node, head) => buildTableau(cx, node, head),
  word_init: (cx, node, head) => {
    const body = has(node, "block") ? block(cx, first(node, "block")) : equation(cx, first(node, "equation"));
    return { kind: "Init", ...head, body };
  },
  word_run: order,
  word_weak: order,
  word_order: order,
  word_quantity: (cx, node, head) => ({
    kind: "Quantity",
    ...head,
    name: nameOf(cx, node),
    value: expr(cx, node),
  }),
  word_requires: (cx, node, head) => {
    if (has(node, "word_unit")) return { kind: "Requires", ...head, unit: nameOf(cx, node) };
    return { kind: "Requires", ...head, condition: expr(cx, node) };
  },
  word_start: start("Start"),
  word_final: start("Final"),
  word_model: model,
  word_solver: solver,
  word_schedule: parts("schedule"),
  word_guidance: parts("guidance"),
  word_grid: parts("grid"),
  word_output: parts("output"),
  ValueWord: (cx, node, head) => {
    const what = token(node, "ValueWord")?.image as
      "steps" | "population" | "space" | "calls" | "holds" | "inverse";
    return { kind: "Value", ...head, what, value: expr(cx, node) };
  },
  word_equals: (cx, node, head) => ({ kind: "Equals", ...head, other: expr(cx, node), ...onOf(cx, node, 1) }),
  word_is: (cx, node, head) => {
    const property = nameOf(cx, node);
    return { kind: "Is", ...head, negated: has(node, "word_not"), property, ...onOf(cx, node, 0) };
  },
  word_fails: (cx, node, head) => {
    const code = stringLit(cx, token(node, "String"));
    return { kind: "Fails", ...head, code, ...onOf(cx, node, 0) };
  },
  table: (cx, node) => tableStmt(cx, first(node, "table")),
};
