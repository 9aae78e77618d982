// Owns: the names of samplers and of `expect`s, whose statements name definitions, conditions and claims.

import { diagnostic } from "../diagnostics/report.js";
import type { Def, Module, Program } from "../resolve/module.js";
import { didYouMean } from "../resolve/suggest.js";
import {
  sorts,
  type Definition,
  type ExpectDef,
  type Expression,
  type Node,
  type Statement,
} from "../syntax/ast.js";
import { walk } from "../syntax/walk.js";
import { headName, type BodyCheck } from "./bodies.js";
import { Names } from "./locals.js";
import type { NameCheck } from "./names.js";
import {
  claimPlace,
  initPlace,
  networkPlace,
  outputPlace,
  samplerPlace,
  switchPlace,
  tokenPlace,
  type Place,
} from "./place.js";

/** Inputs and carries of every definition that a part of the tree names: a sampler's output may read them. */
export function borrowedNames(node: Node, module: Module, program: Program): ReadonlySet<string> {
  const found = new Set<string>();
  const seen = new Set<Def>();
  const visit = (tree: Node, at: Module): void =>
    walk(tree, {
      Name: (name) => {
        for (const def of program.definitionsNamed(at, name.text)) {
          if (seen.has(def) || def.node === tree) continue;
          seen.add(def);
          visit(def.node, def.module);
        }
      },
      Input: (input) => input.names.forEach((name) => found.add(name.text)),
      Carry: (carry) => found.add(headName(carry.target)?.text ?? ""),
      State: (state) => state.targets.forEach((target) => found.add(headName(target)?.text ?? "")),
    });
  visit(node, module);
  return found;
}

export function checkSampler(item: Definition, check: NameCheck, body: BodyCheck): void {
  if (item.body.kind !== "Block") return;
  const { statements } = item.body;
  body.parameters(item.params ?? [], samplerPlace);
  const names = new Names(body.names);
  body.declareAll(statements, names, samplerPlace);
  const borrowed = borrowedNames(item, check.module, check.program);
  const tokens = statements.some((statement) => statement.kind === "Value" && statement.what === "space");
  const lend = (place: Place): Place => {
    const own = tokens ? tokenPlace(place) : place;
    return { ...own, words: new Set([...own.words, ...borrowed]) };
  };
  for (const statement of statements) samplerStatement(statement, names, lend, check, body, tokens);
}

function samplerStatement(
  statement: Statement,
  names: Names,
  lend: (place: Place) => Place,
  check: NameCheck,
  body: BodyCheck,
  tokens: boolean,
): void {
  const parts = lend(samplerPlace);
  switch (statement.kind) {
    case "Let":
      return body.let(statement, names, parts);
    case "Table":
      return statement.value && check.read(statement.value, names, parts);
    case "Noise":
      return statement.value && check.read(statement.value, names, parts);
    case "Parts":
      for (const value of statement.values)
        if (statement.part === "output") check.read(value, names, lend(outputPlace));
        else check.definition(value, statement.part, names, parts);
      return;
    case "Model":
      return modelLine(statement, names, lend(networkPlace), check, tokens);
    case "SolverClause":
      check.definition(statement.rule, "solver", names, parts);
      for (const { condition, then } of statement.switches) {
        check.read(condition, names, lend(switchPlace));
        check.definition(then, "solver", names, parts);
      }
      return;
    case "Start":
    case "Final":
      for (const rule of statement.rules) check.definition(rule, "solver", names, parts);
      return;
    case "Value":
      if (statement.what !== "space") check.read(statement.value, names, parts);
      return;
    case "Init":
      return body.init(statement, names, lend(initPlace));
    case "Carry": {
      if (statement.target.kind === "Index")
        for (const index of statement.target.indices) check.read(index, names, lend(initPlace));
      return check.read(statement.value, names, lend(initPlace));
    }
    case "State":
      for (const inner of statement.block?.statements ?? [])
        samplerStatement(inner, names, lend, check, body, tokens);
      return;
    case "Equation":
      body.left(statement.left, names, lend(outputPlace));
      return check.read(statement.right, names, lend(outputPlace));
    default:
      return;
  }
}

function modelLine(
  statement: Extract<Statement, { kind: "Model" }>,
  names: Names,
  place: Place,
  check: NameCheck,
  tokens: boolean,
): void {
  const { predicts } = statement;
  const head = predicts.kind === "Call" ? predicts.callee : predicts;
  const plain = head.kind === "Name" && (["x0", "eps"].includes(head.text) || (tokens && head.text === "p"));
  if (!plain) check.definition(predicts, "parameterization", names, place);
  for (const arg of statement.args) {
    if (arg.name?.text === "outputs") continue;
    check.read(arg.value, names, place);
  }
}

const properties: readonly string[] = [
  ...["linear", "invertible", "zero_stable", "weakly_stable", "marginal_preserving", "monotone"],
];

export function checkExpect(item: ExpectDef, check: NameCheck): void {
  const subject = item.subject.kind === "Call" ? item.subject.callee : item.subject;
  let names = new Names();
  if (subject.kind === "Name") {
    const { program, module } = check;
    const found = item.sort
      ? [program.definition(module, item.sort, subject.text)].filter((def) => def !== undefined)
      : program.definitionsNamed(module, subject.text);
    const [first] = found;
    if (first) check.definition(item.subject, first.sort, names, claimPlace);
    else {
      const sort = item.sort;
      const wanted = sort ?? "definition";
      program.diagnostics.add(
        diagnostic("D0201", `there is no ${wanted} \`${subject.raw}\``, {
          at: subject.span,
          help: program.diagnostics.words(module.id, () =>
            didYouMean(subject.text, program.definitionNames(module, sort)),
          ),
        }),
      );
    }
    for (const def of found) for (const param of def.node.params ?? []) names = check.bind(param.name, names);
  }
  for (const statement of item.body.statements) claim(statement, names, check);
}

function claim(statement: Statement, names: Names, check: NameCheck): void {
  const on = (e: Expression | undefined): void => {
    if (e) check.read(e, names, claimPlace);
  };
  const other = (e: Expression): void => {
    const head = e.kind === "Call" ? e.callee : e;
    const defs = head.kind === "Name" ? check.program.definitionsNamed(check.module, head.text) : [];
    const sort = sorts.find((candidate) => defs.some((def) => def.sort === candidate)) ?? "solver";
    check.definition(e, sort, names, claimPlace);
  };
  switch (statement.kind) {
    case "Order":
      check.read(statement.value, names, claimPlace);
      return on(statement.on);
    case "Equals":
      other(statement.other);
      return on(statement.on);
    case "Is":
      if (!properties.includes(statement.property.text))
        check.program.diagnostics.add(
          diagnostic("D0201", `\`is ${statement.property.raw}\` is no claim that can be checked`, {
            at: statement.property.span,
            help:
              didYouMean(statement.property.text, properties) ?? `the claims are ${properties.join(", ")}`,
          }),
        );
      return on(statement.on);
    case "Fails":
      return on(statement.on);
    case "Value":
      return statement.what === "inverse"
        ? other(statement.value)
        : check.read(statement.value, names, claimPlace);
    default:
      return;
  }
}
