// Owns: which statements a definition may hold (language reference, section 2) and which parts it must have. The parser
// takes every statement everywhere, so that the message can say where a misplaced one belongs.

import { diagnostic } from "../diagnostics/report.js";
import type { Diagnostics } from "../diagnostics/report.js";
import type { Span } from "../source/span.js";
import type { Block, Definition, ExpectDef, Expression, Sort, Statement } from "../syntax/ast.js";

/** A kind of block, by what it belongs to. */
export type Holder = Sort | "step" | "init" | "expect" | "state";

/** A statement's word as the author writes it. */
export function wordOf(statement: Statement): string {
  switch (statement.kind) {
    case "Domain":
      return statement.coordinate;
    case "Parts":
      return statement.part;
    case "Value":
      return statement.what;
    case "CallClause":
      return "call";
    case "SolverClause":
      return "solver";
    case "Order":
      return statement.weak ? "weak order" : statement.run ? "run order" : "order";
    case "Equation":
      return statement.op === ":=" ? ":=" : "=";
    default:
      return statement.kind.toLowerCase();
  }
}

const orders = ["order", "weak order", "run order"];
const inStep = ["let", "quantity", "point", "call", "=", ":=", "when", "if", "for", "repeat", "accept"];

/** Words of the statements that each kind of block may hold. */
export const allowedStatements: Readonly<Record<Holder, ReadonlySet<string>>> = {
  schedule: new Set(["time", "index", "=", "between", "input", "noise", "init", "space", "let"]),
  parameterization: new Set(["=", "requires", "let"]),
  guidance: new Set(["input", "carry", "call", "=", "when", "requires", "let"]),
  grid: new Set(["=", "for", "when", "let"]),
  solver: new Set([
    ...orders,
    ...["start", "final", "quantity", "requires", "input", "state", "carry", "noise", "brownian"],
    ...["population", "steps", "space", "init", "step", "tableau", "let"],
  ]),
  sampler: new Set([
    ...["schedule", "model", "guidance", "input", "noise", "carry", "state", "init", "grid", "steps"],
    ...["solver", "start", "final", "population", "space", "table", "output", "=", "let"],
  ]),
  step: new Set(inStep),
  init: new Set(inStep),
  state: new Set(["schedule", "model"]),
  expect: new Set([...orders, "calls", "equals", "inverse", "is", "holds", "fails"]),
};

const names: Readonly<Record<Holder, string>> = {
  schedule: "a schedule",
  parameterization: "a parameterization",
  guidance: "a guidance rule",
  grid: "a grid",
  solver: "a solver",
  sampler: "a sampler",
  step: "the `step` of a solver",
  init: "an `init` block",
  state: "the `state` block of a sampler",
  expect: "an `expect`",
};

/** Where to look first for the home of a statement. */
const homes: readonly Holder[] = [
  "step",
  "solver",
  "sampler",
  "schedule",
  "guidance",
  "grid",
  "expect",
  "parameterization",
];

const spelled = (word: string): string =>
  word === "=" ? "an equation" : word === ":=" ? "a replacement `:=`" : `\`${word}\``;

/** Reports statements that stand where they mean nothing, and parts that are missing or stated twice. */
export function checkPlacement(
  item: Definition | ExpectDef,
  diagnostics: Diagnostics,
  /** Does the rule named so place its own points, so that its sampler needs no grid? */
  placesPoints: (rule: Expression) => boolean,
): void {
  const check = (statements: readonly Statement[], holder: Holder): void => {
    for (const statement of statements) {
      const word = wordOf(statement);
      if (!allowedStatements[holder].has(word)) misplaced(statement, word, holder);
      else inside(statement, holder);
    }
  };
  const misplaced = (statement: Statement, word: string, holder: Holder): void => {
    const found = homes.filter((home) => home !== holder && allowedStatements[home].has(word));
    const home = word === "=" && holder === "solver" ? "step" : found[0];
    diagnostics.add(
      diagnostic("D0210", `${spelled(word)} does not belong in ${names[holder]}`, {
        at: headOf(statement, word),
        help: home && `it belongs in ${names[home]}`,
      }),
    );
  };
  const block = (body: Block | undefined, holder: Holder): void => {
    if (body) check(body.statements, holder);
  };
  const inside = (statement: Statement, holder: Holder): void => {
    switch (statement.kind) {
      case "When":
      case "If": {
        block(statement.body, holder);
        const { otherwise } = statement;
        if (otherwise?.kind === "Block") block(otherwise, holder);
        else if (otherwise) inside(otherwise, holder);
        return;
      }
      case "For":
      case "Repeat":
        return block(statement.body, holder);
      case "Accept":
        return block(statement.otherwise, holder);
      case "Step":
        return block(statement.body, "step");
      case "Init":
        return statement.body.kind === "Block" ? block(statement.body, "init") : undefined;
      case "State":
        return block(statement.block, "state");
      default:
        return;
    }
  };
  if (item.kind === "Expect") return block(item.body, "expect");
  if (item.body.kind !== "Block") {
    if (["solver", "guidance", "sampler"].includes(item.sort))
      diagnostics.add(
        diagnostic("D0210", `${names[item.sort]} is a block, not an expression`, {
          at: item.body.span,
          help: `write \`${item.sort} ${item.name.text} { ... }\``,
        }),
      );
    return;
  }
  check(item.body.statements, item.sort);
  checkParts(item, item.body.statements, diagnostics, placesPoints);
}

/** The word alone for statements with a body, so that the frame stays on one line. */
function headOf(statement: Statement, word: string): Span {
  const { span } = statement;
  if (statement.kind === "Equation") return statement.left.span;
  if (statement.kind === "Let") return statement.name.span;
  return word === "=" ? span : { ...span, end: Math.min(span.end, span.start + word.length) };
}

function checkParts(
  item: Definition,
  statements: readonly Statement[],
  diagnostics: Diagnostics,
  placesPoints: (rule: Expression) => boolean,
): void {
  const words = statements.map(wordOf);
  const has = (...wanted: readonly string[]): boolean => wanted.some((word) => words.includes(word));
  const missing = (message: string, help: string): void =>
    diagnostics.add(diagnostic("D0211", message, { at: item.name.span, help }));
  const name = `\`${item.name.text}\``;
  const once = (...wanted: readonly string[]): void => {
    const [first, ...others] = statements.filter((statement) => wanted.includes(wordOf(statement)));
    for (const other of others)
      diagnostics.add(
        diagnostic("D0204", `${name} has two \`${wordOf(other)}\` statements`, {
          at: headOf(other, wordOf(other)),
          secondary: first ? [{ span: headOf(first, wordOf(first)), text: "first one" }] : [],
          help: `keep one of them`,
        }),
      );
  };
  switch (item.sort) {
    case "solver":
      if (!has("step", "tableau"))
        missing(`the solver ${name} has no \`step\``, "add `step { x[t] = ... }`, or a `tableau`");
      once("step", "tableau");
      return;
    case "schedule":
      if (!has("time", "index"))
        missing(
          `the schedule ${name} does not say where its variable runs`,
          "add a line such as `time t from 1 to 0.001` (from noise to data) or `index i from N-1 to 0`",
        );
      once("time", "index");
      return;
    case "sampler":
      if (!has("schedule"))
        missing(`the sampler ${name} names no schedule`, "add a line such as `schedule vp_linear`");
      if (!has("model"))
        missing(
          `the sampler ${name} does not say what its model predicts`,
          "add a line such as `model predicts eps with time: index`",
        );
      if (
        !has("grid") &&
        !statements.some((entry) => entry.kind === "SolverClause" && placesPoints(entry.rule))
      )
        missing(`the sampler ${name} names no grid`, "add a line such as `grid karras`");
      if (!has("solver")) missing(`the sampler ${name} names no solver`, "add a line such as `solver ddim`");
      for (const word of ["schedule", "grid", "solver", "steps", "output", "guidance", "start", "final"])
        once(word);
      return;
    default:
      return;
  }
}
