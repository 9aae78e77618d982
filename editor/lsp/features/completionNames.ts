// Owns: names in completion: what is in scope, what the language offers at a place, definitions, parameters.

import type { IToken } from "chevrotain";
import { baseViews, verbNames } from "../../../compiler/check/place.js";
import { isBuiltin } from "../../../compiler/check/names.js";
import type { Sort } from "../../../compiler/syntax/ast.js";
import { namedQuantities } from "../../../compiler/graph/quantity.js";
import type { CursorContext, OpenCall } from "../context.js";
import { describe, parametersOf } from "../describe.js";
import { definitionEntity, valueEntity } from "../entities.js";
import { libraryEntries, type LibraryEntry } from "../library.js";
import { lookUp, scopeAt, type Entity, type Scope } from "../model.js";
import {
  constantInfo,
  counterInfo,
  functionInfo,
  kindInfo,
  modelArguments,
  pointInfo,
  quantityInfo,
  viewInfo,
} from "../words.js";
import type { Analysis } from "../workspace.js";
import { calleeOf } from "./callee.js";
import type { CompletionItem, CompletionKind } from "./completion.js";

const simple =
  (kind: CompletionKind, rank: number, info: Readonly<Record<string, string>> = {}) =>
  (label: string): CompletionItem => ({
    label,
    kind,
    rank,
    ...(info[label] === undefined ? {} : { detail: info[label] }),
  });

export const valueItems = (words: readonly string[]): readonly CompletionItem[] =>
  words.map(simple("value", 0));

function entityItem(entity: Entity, rank: number): CompletionItem {
  const { code, text } = describe(entity);
  const kind: CompletionKind =
    entity.node?.kind === "Definition" ? "definition" : (localKinds[entity.kind] ?? "variable");
  return { label: entity.name, kind, detail: code.split("\n")[0] ?? "", text, rank };
}

const localKinds: Readonly<Partial<Record<Entity["kind"], CompletionKind>>> = {
  parameter: "parameter",
  function: "function",
  network: "function",
  point: "point",
  quantity: "property",
};

/** Names declared around the cursor, the nearest first. */
function localEntities(scope: Scope | undefined): readonly Entity[] {
  const found = new Map<string, Entity>();
  for (let at = scope; at; at = at.parent)
    for (const [name, entity] of at.names) if (!found.has(name)) found.set(name, entity);
  return [...found.values()];
}

/** Points of the place and those declared. */
export function pointItems(scope: Scope | undefined): readonly CompletionItem[] {
  const own = localEntities(scope).filter(({ kind }) => kind === "point");
  return [
    ...own.map((entity) => entityItem(entity, 0)),
    ...[...(scope?.place.points ?? [])].map(simple("point", 0, pointInfo)),
  ];
}

export const kindItems = (): readonly CompletionItem[] =>
  Object.keys(kindInfo).map(simple("keyword", 0, kindInfo));

export const predictionItems = (): readonly CompletionItem[] =>
  ["x0", "eps"].map(simple("property", 0, viewInfo));

/** Where `over:` and `at` want a coordinate. */
export function coordinateItems(scope: Scope | undefined): readonly CompletionItem[] {
  const named = [...namedQuantities].map(simple("property", 0, quantityInfo));
  return [
    ...named,
    ...localEntities(scope)
      .filter(isNumber)
      .map((entity) => entityItem(entity, 1)),
  ];
}

const isNumber = ({ kind }: Entity): boolean => kind === "let" || kind === "parameter" || kind === "variable";

/** Names that can begin an equation. */
export function leftItems(analysis: Analysis, scope: Scope | undefined): readonly CompletionItem[] {
  const own = localEntities(scope).filter(({ kind }) => ["carry", "state", "let"].includes(kind));
  return [...own.map((entity) => entityItem(entity, 1)), ...placeItems(analysis, scope, 2)];
}

/** Quantities and views of the place. */
function placeItems(analysis: Analysis, scope: Scope | undefined, rank: number): readonly CompletionItem[] {
  const place = scope?.place;
  if (!place) return [];
  return [
    ...(place.quantities === "none" ? [] : [...namedQuantities].map(simple("property", rank, quantityInfo))),
    ...(place.views === "none" ? [] : viewItems(analysis, rank)),
    ...[...place.words].map(simple("value", rank)),
  ];
}

function viewItems(analysis: Analysis, rank: number): readonly CompletionItem[] {
  const own = analysis.program.definitionNames(analysis.module, "parameterization");
  return [...baseViews.map(simple("property", rank, viewInfo)), ...own.map(simple("property", rank))];
}

/** Everything an expression can name. */
export function nameItems(analysis: Analysis, scope: Scope | undefined): readonly CompletionItem[] {
  const place = scope?.place;
  return [
    ...localEntities(scope).map((entity) => entityItem(entity, 0)),
    ...placeItems(analysis, scope, 1),
    ...[...(place?.counters ?? [])].map(simple("property", 1, counterInfo)),
    ...fileValues(analysis).map((entity) => entityItem(entity, 2)),
    ...(place?.acts ? [...verbNames, "model"].map(functionItem(2)) : []),
    ...[...functionInfo.keys()].filter((name) => isBuiltin(name)).map(functionItem(3)),
    ...Object.keys(constantInfo).map(simple("value", 3, constantInfo)),
    ...(place?.acts ? definitionItems(analysis, scope, "solver").map((item) => ({ ...item, rank: 4 })) : []),
    ...(place?.quantities === "either" ? definitionItems(analysis, scope, "schedule") : []).map((item) => ({
      ...item,
      rank: 4,
    })),
  ];
}

const functionItem =
  (rank: number) =>
  (label: string): CompletionItem => {
    const info = functionInfo.get(label);
    return { label, kind: "function", rank, ...(info ? { detail: info.form, text: info.says } : {}) };
  };

function fileValues({ module }: Analysis): readonly Entity[] {
  const values = [...module.values.values(), ...module.used.values.values()];
  return values.map(({ node }) => valueEntity(node.name, node));
}

// ---- definitions -------------------------------------------------------------------------------------------------

/** Definitions of a kind: parameters of that kind, the file's own, those it uses, the library's. */
export function definitionItems(
  analysis: Analysis,
  scope: Scope | undefined,
  sort: Sort,
): readonly CompletionItem[] {
  const { module } = analysis;
  const parameters = localEntities(scope).filter(({ type }) => type === sort);
  const own = [...module.definitions.values(), ...module.used.definitions.values()].filter(
    (def) => def.sort === sort,
  );
  return [
    ...parameters.map((entity) => entityItem(entity, 0)),
    ...own.map((def) => entityItem(definitionEntity(def.node), 1)),
    ...libraryEntries.filter((entry) => entry.sort === sort).map((entry) => libraryItem(entry)),
  ];
}

const libraryItem = ({ name, head, doc }: LibraryEntry): CompletionItem => ({
  label: name,
  kind: "definition",
  detail: head,
  text: doc,
  rank: 2,
});

// ---- arguments and members ---------------------------------------------------------------------------------------

/** Labels of the parameters not given yet. */
export function argumentItems(
  analysis: Analysis,
  context: CursorContext,
  call: OpenCall,
): readonly CompletionItem[] {
  const entity = calleeOf(analysis, context, call);
  const parameters = (entity && parametersOf(entity)) ?? [];
  const labelled =
    entity?.node?.kind === "Definition" ? parameters : parameters.filter(({ text }) => text.endsWith(":"));
  const positional = entity?.node?.kind === "Definition" ? call.unnamed : 0;
  return labelled
    .slice(positional)
    .filter(({ name }) => !call.labels.includes(name))
    .map(({ name, text }) => ({
      label: `${name}:`,
      kind: "parameter",
      detail: text,
      insert: `${name}: `,
      rank: 0,
    }));
}

/** Labels of the `model` line. */
export const modelItems = (given: ReadonlySet<string>): readonly CompletionItem[] =>
  modelArguments
    .filter((name) => !given.has(name))
    .map((name) => ({ label: `${name}:`, kind: "parameter", insert: `${name}: `, rank: 0 }));

/** What stands after a dot. */
export function memberItems(
  analysis: Analysis,
  inner: readonly IToken[],
  offset: number,
): readonly CompletionItem[] {
  const object = inner[inner.length - 2]?.image ?? "";
  const local = lookUp(scopeAt(analysis.model, offset), object);
  const path = [
    ...[...namedQuantities].map(simple("property", 0, quantityInfo)),
    ...["start", "end"].map(simple("point", 1, pointInfo)),
  ];
  if (local?.type === "schedule" || local?.type === "grid") return path;
  if (local?.type?.startsWith("operator")) return ["adjoint", "pinv"].map(simple("function", 0));
  if (local) return viewItems(analysis, 0);
  if (analysis.program.definition(analysis.module, "schedule", object)) return path;
  if (object === ")") return ["low", "slope"].map(simple("property", 0));
  return viewItems(analysis, 0);
}
