// Owns: the names a definition declares while it is checked: what they are, where, and whether anything reads them.

import type { Span } from "../source/span.js";
import type { LetStmt, Sort, Statement } from "../syntax/ast.js";

export type LocalKind =
  | "parameter"
  | "let"
  | "function"
  | "noise"
  | "input"
  | "carry"
  | "state"
  | "point"
  | "call"
  | "brownian"
  | "variable"
  | "quantity"
  | "table"
  | "network";

export interface Local {
  readonly name: string;
  readonly kind: LocalKind;
  readonly at: Span;
  /** Kind of a parameter or an input: `solver`, `tensor`, ... */
  readonly type?: string | undefined;
  readonly statement?: Statement | undefined;
  /** Number of arguments of a function. */
  readonly arity?: number;
  /** Something reads it. */
  used: boolean;
  /** An equation stores a value there. */
  stored: boolean;
  /** Calls of the name as a function. */
  called: Span | undefined;
}

/** A `let` and the names its value reads, for cycles. */
export interface LetEdges {
  readonly local: Local;
  readonly node: LetStmt;
  readonly reads: Map<Local, Span>;
}

export const kindNames: Readonly<Record<LocalKind, string>> = {
  parameter: "parameter",
  let: "value",
  function: "function",
  noise: "noise",
  input: "input",
  carry: "carry",
  state: "state",
  point: "point",
  call: "call",
  brownian: "Brownian path",
  variable: "variable",
  quantity: "quantity",
  table: "table",
  network: "network",
};

/** Names in force in a block, and in the blocks around it. */
export class Names {
  readonly #own = new Map<string, Local>();

  constructor(readonly parent?: Names) {}

  own(name: string): Local | undefined {
    return this.#own.get(name);
  }

  add(local: Local): void {
    this.#own.set(local.name, local);
  }

  find(name: string): Local | undefined {
    for (let names: Names | undefined = this; names; names = names.parent) {
      const found = names.#own.get(name);
      if (found) return found;
    }
    return undefined;
  }

  /** Every name visible here. */
  all(): readonly string[] {
    return [...this.#own.keys(), ...(this.parent?.all() ?? [])];
  }
}

export const sortOf = (type: string | undefined, sorts: readonly Sort[]): Sort | undefined =>
  sorts.find((sort) => sort === type);
