// Owns: proposing a repair. One number of the rule is moved until the first mismatch vanishes: a parameter, a factor on
// one `let` of the step, a number in the text. A repair is only proposed when the repaired rule is certified.

import { num } from "../algebra/expr.js";
import { Failure } from "../diagnostics/report.js";
import { numberValue, type DefinitionValue } from "../lower/value.js";
import type {
  Block,
  Definition,
  Expression,
  LetStmt,
  NumberLit,
  Statement,
  WhenStmt,
} from "../syntax/ast.js";
import type { Span } from "../source/span.js";
import type { Edit } from "../diagnostics/diagnostic.js";
import { agreement, localError } from "./exactAlgebra.js";
import { fixedField } from "./fixed.js";
import { fraction } from "./explain.js";
import type { Laurent } from "./laurent.js";
import { certifyOrder, decided, type OrderQuestion } from "./order.js";
import { makeProblem, settled } from "./problem.js";
import { branches } from "./setting.js";

export interface Repair {
  /** `r2 = 2/3`, `D2 = 2*(d0 - d1)/(r0 + r1)`. */
  readonly change: string;
  /** The change of the text, when it is one. */
  readonly edit?: Edit;
}

interface Candidate {
  readonly start: number;
  with(value: string): DefinitionValue;
  describe(value: string): Repair;
}

/** Enough for library rules; a search through a long rule must end. */
const mostCandidates = 48;

/** A rule that differs from the given one in one number and has the order. */
export function repair(question: OrderQuestion, wanted: number): Repair | undefined {
  return question.setting.program.diagnostics.trial(() => search(question, wanted));
}

function search(question: OrderQuestion, wanted: number): Repair | undefined {
  const { solver } = question.setting;
  for (const candidate of [...parameters(solver), ...factors(solver), ...literals(solver)].slice(
    0,
    mostCandidates,
  )) {
    const value = solve(candidate, question, wanted);
    if (value === undefined) continue;
    const repaired = { ...question, setting: { ...question.setting, solver: candidate.with(value) } };
    const verdict = safely(() => certifyOrder(repaired));
    if (verdict?.kind === "order" && verdict.order >= wanted) return candidate.describe(value);
  }
  return undefined;
}

function safely<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

/** The mismatch at the first powers of h up to the wanted order, as doubles; undefined when the rule breaks. */
function mismatch(solver: DefinitionValue, question: OrderQuestion, order: number): number[] | undefined {
  const { setting, grid } = question;
  const found = safely(() =>
    decided(() => {
      const [branch] = branches({ ...setting, solver });
      if (!branch) return undefined;
      const problem = makeProblem({ branch, family: setting.family, grid, seed: 1, order });
      const { rule, exact } = localError(settled(problem, order));
      if (agreement(problem.ring, rule, exact).order < -1) return undefined;
      const { ring } = problem;
      return Array.from({ length: order + 1 }, (_, n) =>
        rule.map((v, d) =>
          fixedField.toNumber(
            (ring.coefficient(v, n) ?? 0n) - (ring.coefficient(exact[d] as Laurent, n) ?? 0n),
          ),
        ),
      ).flat();
    }),
  );
  return Array.isArray(found) ? found : undefined;
}

const size = (v: readonly number[]): number => Math.max(...v.map(Math.abs));

/** The value of the candidate's number at which the mismatch vanishes, as a small fraction. */
function solve(candidate: Candidate, question: OrderQuestion, wanted: number): string | undefined {
  const at = (x: number): number[] | undefined =>
    mismatch(candidate.with(x.toPrecision(17)), question, wanted);
  let [a, b] = [candidate.start, candidate.start === 0 ? 1 / 8 : candidate.start * (1 + 1 / 16)];
  const [first, second] = [at(a), at(b)];
  if (!first || !second) return undefined;
  let [fa, fb] = [first, second];
  for (let pass = 0; pass < 12; pass += 1) {
    // The secant step that makes the mismatch smallest.
    const slope = fb.map((v, i) => (v - (fa[i] as number)) / (b - a));
    const square = slope.reduce((s, v) => s + v * v, 0);
    if (square < 1e-24) return undefined;
    const next = b - fb.reduce((s, v, i) => s + v * (slope[i] as number), 0) / square;
    if (!Number.isFinite(next) || Math.abs(next) > 1e4) return undefined;
    const value = at(next);
    if (!value) return undefined;
    [a, fa, b, fb] = [b, fb, next, value];
    // A mismatch that hardly shrinks has no zero here.
    if (pass === 3 && size(fb) > 0.5 * size(first)) return undefined;
    if (Math.abs(b - a) < 1e-11 || size(fb) < 1e-13) break;
  }
  if (size(fb) > 1e-8 * (1 + size(first))) return undefined;
  for (let d = 1; d <= 64; d += 1) {
    const n = Math.round(b * d);
    if (Math.abs(b - n / d) < 1e-8) return fraction(n / d);
  }
  return undefined;
}

// ---- candidates ------------------------------------------------------------------------------------------------

function parameters(solver: DefinitionValue): Candidate[] {
  const { params = [] } = solver.def.node;
  return params.flatMap((param): Candidate[] => {
    if (param.type) return [];
    const given = solver.args.get(param.name.text);
    const value =
      given?.kind === "number"
        ? given.expr.kind === "num"
          ? Number(given.expr.value.n) / Number(given.expr.value.d)
          : undefined
        : given === undefined && param.default
          ? constantOf(param.default)
          : undefined;
    if (value === undefined) return [];
    // Whole parameters count things.
    if (Number.isInteger(value)) return [];
    return [
      {
        start: value,
        with: (text) => ({
          ...solver,
          args: new Map([...solver.args, [param.name.text, numberValue(num(text))]]),
        }),
        describe: (text) => ({ change: `${param.name.text} = ${text}` }),
      },
    ];
  });
}

/** The value of `1/2`, `-0.3`, `2`. */
function constantOf(e: Expression): number | undefined {
  if (e.kind === "Number") return Number(e.text);
  if (e.kind === "Paren") return constantOf(e.inner);
  if (e.kind === "Unary" && e.op === "-") {
    const inner = constantOf(e.operand);
    return inner === undefined ? undefined : -inner;
  }
  if (e.kind === "Binary" && e.op === "/") {
    const [a, b] = [constantOf(e.left), constantOf(e.right)];
    return a === undefined || b === undefined ? undefined : a / b;
  }
  return undefined;
}

const literal = (text: string, span: Span): Expression => {
  const number: NumberLit = { kind: "Number", span, text: text.replace(/^-/, "") };
  return text.startsWith("-")
    ? { kind: "Paren", span, inner: { kind: "Unary", span, op: "-", operand: number } }
    : number;
};

function factors(solver: DefinitionValue): Candidate[] {
  const { source } = solver.def.module;
  return letsOf(solver.def.node).map((statement): Candidate => {
    const { value, name } = statement;
    const scaled = (text: string): Expression => ({
      kind: "Binary",
      span: value.span,
      op: "*",
      left: literal(text, value.span),
      right: { kind: "Paren", span: value.span, inner: value },
    });
    return {
      start: 1,
      with: (text) => changed(solver, value, scaled(text)),
      describe: (text) => {
        const written = source.text.slice(value.span.start, value.span.end);
        const sum = value.kind === "Binary" && (value.op === "+" || value.op === "-");
        const factor = text.includes("/") || text.startsWith("-") ? `(${text})` : text;
        const full = `${factor}*${sum ? `(${written})` : written}`;
        return { change: `${name.text} = ${full}`, edit: { span: value.span, text: full } };
      },
    };
  });
}

function letsOf(node: Definition): LetStmt[] {
  const found: LetStmt[] = [];
  const visit = (statements: readonly Statement[]): void => {
    for (const statement of statements) {
      if (
        statement.kind === "Let" &&
        !statement.params &&
        !statement.index &&
        statement.value.kind !== "List"
      )
        found.push(statement);
      if (statement.kind === "Step") visit(statement.body.statements);
      if (statement.kind === "When") visitWhen(statement);
    }
  };
  const visitWhen = (when: WhenStmt): void => {
    visit(when.body.statements);
    if (when.otherwise?.kind === "Block") visit(when.otherwise.statements);
    else if (when.otherwise) visitWhen(when.otherwise as WhenStmt);
  };
  if (node.body.kind === "Block") visit((node.body as Block).statements);
  return found;
}

function literals(solver: DefinitionValue): Candidate[] {
  const found: NumberLit[] = [];
  // Numbers in indices and ranges name points; exponents and arguments of calls by name count things.
  const visit = (value: unknown, key: string): void => {
    if (Array.isArray(value)) return value.forEach((item) => visit(item, key));
    if (typeof value !== "object" || value === null) return;
    const node = value as { readonly kind?: string };
    if (["Range", "Order", "Start", "Final", "Family", "Param", "Compare"].includes(node.kind ?? "")) return;
    if (node.kind === "Number") found.push(value as NumberLit);
    for (const [name, child] of Object.entries(value))
      if (name !== "indices" && name !== "span" && name !== "doc") visit(child, name);
  };
  visit(solver.def.node.body, "body");
  const { source } = solver.def.module;
  return found.map((node): Candidate => ({
    start: Number(node.text),
    with: (text) => changed(solver, node, literal(text, node.span)),
    describe: (text) => {
      const line = source.text.slice(0, node.span.start).split("\n").length;
      const written = text.includes("/") || text.startsWith("-") ? `(${text})` : text;
      return {
        change: `${text} in place of ${node.text} in line ${line}`,
        edit: { span: node.span, text: written },
      };
    },
  }));
}

/** The solver with one node of its syntax replaced. */
export function changed(solver: DefinitionValue, from: Expression, to: Expression): DefinitionValue {
  const replace = (value: unknown): unknown => {
    if (value === from) return to;
    if (Array.isArray(value)) {
      const items = value.map(replace);
      return items.every((item, i) => item === value[i]) ? value : items;
    }
    if (typeof value !== "object" || value === null) return value;
    let different = false;
    const copy: Record<string, unknown> = {};
    for (const [name, child] of Object.entries(value)) {
      copy[name] = name === "span" ? child : replace(child);
      if (copy[name] !== child) different = true;
    }
    return different ? copy : value;
  };
  return { ...solver, def: { ...solver.def, node: replace(solver.def.node) as Definition } };
}
