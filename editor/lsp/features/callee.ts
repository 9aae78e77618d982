// Owns: what the name before an open parenthesis stands for. The statement around it may be broken, so the place in it
// says which kind of definition is meant.

import { sorts, type Sort } from "../../../compiler/syntax/ast.js";
import { verbNames } from "../../../compiler/check/place.js";
import { definitionEntity, valueEntity, wordEntity } from "../entities.js";
import { blockKind, type CursorContext, type OpenCall } from "../context.js";
import { functionInfo } from "../words.js";
import { lookUp, occurrenceAt, scopeAt, type Entity } from "../model.js";
import type { Analysis } from "../workspace.js";

/** The kind of definition a statement of a sampler or solver names, by its word. */
const wanted: Readonly<Record<string, Sort>> = {
  solver: "solver",
  start: "solver",
  final: "solver",
  then: "solver",
  schedule: "schedule",
  guidance: "guidance",
  grid: "grid",
  predicts: "parameterization",
};

/** The kind of definition that belongs where the cursor is; undefined in expressions. */
export function wantedSort(context: CursorContext): Sort | undefined {
  const { statement, inner } = context;
  const kind = blockKind(context.frames);
  if (!["sampler", "solver", "state"].includes(kind)) return undefined;
  const innermost = context.frames[context.frames.length - 1];
  if (innermost && innermost.open !== "{") return undefined;
  const last = inner[inner.length - 1]?.image ?? "";
  const [first] = statement;
  const word = first?.image ?? "";
  if (last === "predicts" || (last === "then" && word !== "then")) return wanted[last];
  if (last === word && statement.length === 1)
    return kind === "solver" && word === "solver" ? undefined : wanted[word];
  return last === "," && word === "guidance" ? "guidance" : undefined;
}

/** What a callee stands for. */
export function calleeOf(analysis: Analysis, context: CursorContext, call: OpenCall): Entity | undefined {
  const known = occurrenceAt(analysis.model, call.at + call.callee.length);
  if (known?.span.start === call.at && known.entity.kind !== "word") return known.entity;
  const scope = scopeAt(analysis.model, call.at);
  const local = lookUp(scope, call.callee);
  if (local) return local;
  const word = context.statement[0]?.image ?? "";
  const sort = wanted[word];
  const { program, module } = analysis;
  const def =
    (sort && program.definition(module, sort, call.callee)) ??
    (scope?.place.acts === true && verbNames.has(call.callee)
      ? undefined
      : program.definitionsNamed(module, call.callee)[0]);
  if (def) return definitionEntity(def.node);
  const value = program.value(module, call.callee);
  if (value) return valueEntity(value.node.name, value.node);
  return functionInfo.has(call.callee)
    ? wordEntity(call.callee, verbNames.has(call.callee) ? "verb" : "built-in")
    : undefined;
}

/** The kind of definition that the argument being written wants, by its label. */
export function argumentSort(analysis: Analysis, context: CursorContext, call: OpenCall): Sort | undefined {
  const entity = calleeOf(analysis, context, call);
  const params = entity?.node?.kind === "Definition" ? (entity.node.params ?? []) : [];
  const param = params.find(({ name }) => name.text === call.label);
  return sorts.find((sort) => sort === param?.type?.text);
}
