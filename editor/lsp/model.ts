// Owns: the semantic model of one document: which names exist where, what each stands for, and every place where one
// is written. Built from the tree alone, so it is there for broken files too. Features ask it; it knows no protocol.

import type { LocalKind } from "../../compiler/check/locals.js";
import type { Place } from "../../compiler/check/place.js";
import type { Module } from "../../compiler/resolve/module.js";
import type { Span } from "../../compiler/source/span.js";
import type { Name, Node, Sort } from "../../compiler/syntax/ast.js";
import { children } from "../../compiler/syntax/walk.js";

/** What the language itself names. */
export type WordKind =
  "path quantity" | "view" | "fixed point" | "counter" | "verb" | "built-in" | "constant" | "word";

export type EntityKind = LocalKind | Sort | WordKind;

/** Something with a name. Two names mean the same thing exactly when their entities have one `key`. */
export interface Entity {
  readonly key: string;
  /** Normalized. */
  readonly name: string;
  readonly kind: EntityKind;
  /** The name where it is declared; absent for what the language itself names. */
  readonly at?: Span;
  /** The declaring node. */
  readonly node?: Node;
  readonly doc?: readonly string[];
  /** Kind of a parameter or an input: `solver`, `tensor`, ... */
  readonly type?: string;
}

export type Role = "declare" | "write" | "read" | "label";

/** One place where an entity is named. */
export interface Occurrence {
  readonly span: Span;
  readonly entity: Entity;
  readonly role: Role;
}

/** A stretch of text and the names declared for it. */
export interface Scope {
  readonly span: Span;
  readonly parent: Scope | undefined;
  readonly names: Map<string, Entity>;
  /** What the language offers here. */
  readonly place: Place;
}

export interface Model {
  readonly module: Module;
  /** In source order. */
  readonly occurrences: readonly Occurrence[];
  /** Outer scopes before inner ones. */
  readonly scopes: readonly Scope[];
}

/** The identity of something declared at a name. */
export const keyOf = (at: Span): string => `${at.file}@${at.start}`;

/** The occurrence that touches an offset; the one that begins there when two meet. */
export function occurrenceAt(model: Model, offset: number): Occurrence | undefined {
  return model.occurrences.findLast(({ span }) => span.start <= offset && offset <= span.end);
}

/** Several when one name stands for definitions of several kinds, as in a `use`. */
export function occurrencesAt(model: Model, offset: number): readonly Occurrence[] {
  const one = occurrenceAt(model, offset);
  return one ? model.occurrences.filter(({ span }) => span.start === one.span.start) : [];
}

/** The innermost scope around an offset. */
export function scopeAt(model: Model, offset: number): Scope | undefined {
  let found: Scope | undefined;
  for (const scope of model.scopes)
    if (scope.span.start <= offset && offset <= scope.span.end)
      if (!found || scope.span.end - scope.span.start <= found.span.end - found.span.start) found = scope;
  return found;
}

/** A local name, looked up from the inside out. */
export function lookUp(scope: Scope | undefined, name: string): Entity | undefined {
  for (let at = scope; at; at = at.parent) {
    const found = at.names.get(name);
    if (found) return found;
  }
  return undefined;
}

/** Nodes around an offset, the whole file first. */
export function pathTo(root: Node, offset: number): readonly Node[] {
  const path: Node[] = [root];
  for (let node: Node | undefined = root; node;) {
    node = children(node).findLast(({ span }) => span.start <= offset && offset <= span.end);
    if (node) path.push(node);
  }
  return path;
}

export const isWord = (entity: Entity): boolean => entity.at === undefined;
/** A missing name is kept by the parser as an empty one. */
export const isWritten = (name: Name): boolean => name.text !== "" && name.span.end > name.span.start;
