// Owns: names in force while a block is lowered. `=` and `let` are unordered: a name may be used above its line.
// `:=` is not: from its line on, later readers see the new value. Both follow from versions that carry the sequence
// number of their statement.

import type { Module } from "../resolve/module.js";
import type { Span } from "../source/span.js";
import type { CallExpr, Expression } from "../syntax/ast.js";
import type { Value } from "./value.js";

/** One meaning of a name (or of a quantity at a point) from the statement `seq` on. */
export interface Version {
  readonly seq: number;
  /** Evaluated when first read; `seq` is the reader's place. */
  readonly read: (seq: number) => Value;
  readonly at: Span;
  /** Made by `:=`: readers above its line do not see it. */
  readonly replaces?: boolean;
  used: boolean;
}

/** A version's value for a reader after every statement. */
export const latest = (version: Version): Value => version.read(Number.MAX_SAFE_INTEGER);

/**
 * What names mean by place: a solver's step knows points, quantities, views and verbs; a grid knows the ends of the
 * path; a file knows its values and definitions. Each method answers undefined when the name is not its own.
 */
export interface Place {
  name(name: string, at: Span, seq: number): Value | undefined;
  /** `name[indices]`, `name'[indices]`. */
  index?(
    name: string,
    primed: boolean,
    indices: readonly Value[],
    at: Expression,
    seq: number,
  ): Value | undefined;
  /** `name.member[indices]`. */
  indexedMember?(
    name: string,
    member: string,
    indices: readonly Value[],
    at: Expression,
    seq: number,
  ): Value | undefined;
  /** `name(...)` for functions that need the place: verbs, models. */
  call?(name: string, node: CallExpr, scope: Scope, seq: number): Value | undefined;
  /** Names for suggestions. */
  names?(): readonly string[];
  /** Set on the place of a file. */
  readonly module?: Module;
}

export class Scope {
  readonly #names = new Map<string, Version[]>();
  readonly #cells = new Map<string, Version[]>();

  constructor(
    readonly parent: Scope | undefined,
    readonly place: Place | undefined = undefined,
  ) {}

  declare(name: string, version: Version): void {
    const list = this.#names.get(name);
    if (list) list.push(version);
    else this.#names.set(name, [version]);
  }

  /** The tables nearest to the reader win; the fallback of the outermost scope comes last. */
  lookup(name: string, at: Span, seq: number): Value | undefined {
    const found = this.find(name, seq);
    if (found) return found.read(seq);
    for (let scope: Scope | undefined = this; scope; scope = scope.parent) {
      const value = scope.place?.name(name, at, seq);
      if (value) return value;
    }
    return undefined;
  }

  /** The places from the reader outwards. */
  *places(): Generator<Place> {
    for (let scope: Scope | undefined = this; scope; scope = scope.parent) if (scope.place) yield scope.place;
  }

  /** The file in which the reader stands. */
  get module(): Module {
    for (const place of this.places()) if (place.module) return place.module;
    throw new Error("a scope without a file");
  }

  find(name: string, seq: number): Version | undefined {
    for (let scope: Scope | undefined = this; scope; scope = scope.parent) {
      const version = pick(scope.#names.get(name), seq);
      if (version) {
        version.used = true;
        return version;
      }
    }
    return undefined;
  }

  /** The scope that holds `name`, for `:=`. */
  owner(name: string): Scope | undefined {
    for (let scope: Scope | undefined = this; scope; scope = scope.parent)
      if (scope.#names.has(name)) return scope;
    return undefined;
  }

  /** Values of quantities at points (`x[t]`, `x0[t]`, carries), keyed by their canonical name. */
  defineCell(cell: string, version: Version): void {
    const list = this.#cells.get(cell);
    if (list) list.push(version);
    else this.#cells.set(cell, [version]);
  }

  cell(name: string, seq: number): Version | undefined {
    for (let scope: Scope | undefined = this; scope; scope = scope.parent) {
      const version = pick(scope.#cells.get(name), seq);
      if (version) return version;
    }
    return undefined;
  }

  cellVersions(name: string): readonly Version[] {
    return this.#cells.get(name) ?? [];
  }

  get cellNames(): readonly string[] {
    return [...this.#cells.keys()];
  }

  /** Names a reader here could have meant, for suggestions. */
  visibleNames(): readonly string[] {
    const names = new Set<string>();
    for (let scope: Scope | undefined = this; scope; scope = scope.parent)
      for (const name of [...scope.#names.keys(), ...(scope.place?.names?.() ?? [])]) names.add(name);
    return [...names];
  }
}

/** The last version before the reader; if there is none, the first after it (equations are unordered). */
function pick(versions: readonly Version[] | undefined, seq: number): Version | undefined {
  if (!versions || versions.length === 0) return undefined;
  let best: Version | undefined;
  for (const version of versions) {
    if (version.seq < seq) best = version;
    else if (best) break;
    else if (!version.replaces) return version;
  }
  return best;
}
