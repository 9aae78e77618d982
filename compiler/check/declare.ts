// Owns: declaring names of a definition: two of one name (D0204), names that hide others (D0202), and, when all is
// read, names that nothing reads (D0203).

import { diagnostic } from "../diagnostics/report.js";
import type { Edit, Fix } from "../diagnostics/diagnostic.js";
import type { Module, Program } from "../resolve/module.js";
import type { Name, Statement } from "../syntax/ast.js";
import { kindNames, type Local, type LocalKind, type Names } from "./locals.js";
import { isFunction } from "./unknown.js";
import { baseViews, isQuantity, verbNames, type Place } from "./place.js";

export interface Declaration {
  readonly kind: LocalKind;
  readonly type?: string | undefined;
  readonly statement?: Statement | undefined;
  readonly arity?: number;
  /** Names that are part of an interface, or that the language itself reads, need no reader. */
  readonly exempt?: boolean;
}

export class Declarations {
  readonly #all: Local[] = [];

  constructor(
    readonly module: Module,
    readonly program: Program,
  ) {}

  add(name: Name, declaration: Declaration, names: Names, place: Place): Local {
    const { kind, type, statement, arity } = declaration;
    const local: Local = {
      name: name.text,
      kind,
      at: name.span,
      type,
      statement,
      ...(arity === undefined ? {} : { arity }),
      used: declaration.exempt ?? false,
      stored: false,
      called: undefined,
    };
    const before = names.own(name.text);
    if (before) this.#twice(local, before);
    else this.#hides(local, names, place);
    if (!before) names.add(local);
    this.#all.push(local);
    return local;
  }

  #twice(local: Local, before: Local): void {
    this.program.diagnostics.add(
      diagnostic("D0204", `\`${local.name}\` is defined twice here`, {
        at: local.at,
        label: `second definition (${kindNames[local.kind]})`,
        secondary: [{ span: before.at, text: `first definition (${kindNames[before.kind]})` }],
        help:
          local.kind === "let" && before.kind === "let"
            ? `rename one of them, or write \`${local.name} := ...\` to give it a new value from there on`
            : "rename one of them",
      }),
    );
    local.used = true;
  }

  // ---- hiding ----------------------------------------------------------------------------------------------------

  #hides(local: Local, names: Names, place: Place): void {
    const { name } = local;
    const warn = (what: string, at?: Local["at"]): void =>
      this.program.diagnostics.add(
        diagnostic("D0202", `\`${name}\` hides ${what} of that name`, {
          at: local.at,
          secondary: at ? [{ span: at, text: "hidden from here on" }] : [],
          help: "rename it, so that both can be read",
        }),
      );
    const outer = names.parent?.find(name);
    if (outer) return warn(`the ${kindNames[outer.kind]}`, outer.at);
    if (place.points.has(name)) return local.kind === "point" ? undefined : warn("the point");
    const parameter = local.kind === "parameter";
    if (place.counters.has(name) && !parameter) return warn("the counter");
    if (place.views !== "none" && baseViews.includes(name)) return warn("the view");
    if (place.acts && (verbNames.has(name) || name === "model")) return warn("the verb");
    // One letter is a formula's own name: `let g = ...` is no one's diffusion coefficient.
    if (name.length > 1) {
      if (place.quantities !== "none" && isQuantity(name)) return warn("the path quantity");
      if (place.views !== "none" && this.program.definition(this.module, "parameterization", name))
        return warn("the view");
    }
    if (isFunction(name) && !parameter && local.kind !== "carry") return warn("the built-in function");
    const value = this.module.values.get(name);
    if (value && !parameter) return warn("the file's own value", value.node.name.span);
  }

  // ---- unused ----------------------------------------------------------------------------------------------------

  /** Reports what nothing read; not in a definition with errors, where a slip may be the reader. */
  finish(errors: boolean): void {
    for (const local of this.#all) {
      if (local.kind === "parameter" && local.called && local.type === undefined && isFunction(local.name))
        this.program.diagnostics.add(
          diagnostic("D0202", `the parameter \`${local.name}\` hides the built-in function of that name`, {
            at: local.at,
            secondary: [{ span: local.called, text: "called here" }],
            help: "rename the parameter",
          }),
        );
      if (!errors && !local.used && !local.name.startsWith("_")) this.#unused(local);
    }
  }

  #unused(local: Local): void {
    if (local.kind === "input" && local.type === "condition") return;
    const what = kindNames[local.kind];
    const message = local.stored
      ? `the state at \`${local.name}\` is stored but never read`
      : `the ${what} \`${local.name}\` is never used`;
    const fix = local.stored ? undefined : this.#removal(local);
    this.program.diagnostics.add(
      diagnostic("D0203", message, {
        at: local.at,
        help: fix
          ? undefined
          : local.kind === "parameter"
            ? `use it, remove it, or call it \`_${local.name}\` to say that it is meant`
            : `remove it, or call it \`_${local.name}\` to say that it is meant`,
        fix,
      }),
    );
  }

  /** Removing is safe: a value nobody uses is not in the graph. */
  #removal(local: Local): Fix | undefined {
    const { statement } = local;
    if (!statement) return undefined;
    const listed = "names" in statement && statement.names ? statement.names : [];
    const edit = listed.length > 1 ? this.#removeName(local, listed) : this.#removeLine(statement);
    return edit && { title: `remove \`${local.name}\``, edits: [edit], applicability: "safe" };
  }

  #removeName(local: Local, listed: readonly Name[]): Edit | undefined {
    const at = listed.findIndex((name) => name.span.start === local.at.start);
    const [before, next] = [listed[at - 1], listed[at + 1]];
    if (next) return { span: { ...local.at, end: next.span.start }, text: "" };
    return before && { span: { ...local.at, start: before.span.end }, text: "" };
  }

  /** Only a statement that has its line or lines for itself. */
  #removeLine(statement: Statement): Edit | undefined {
    const { text } = this.module.source;
    const { span } = statement;
    const start = text.lastIndexOf("\n", span.start - 1) + 1;
    const newline = text.indexOf("\n", span.end);
    const end = newline === -1 ? text.length : newline + 1;
    if (text.slice(start, span.start).trim() !== "") return undefined;
    if (!/^[ \t]*(\/\/.*)?\r?\n?$/.test(text.slice(span.end, end))) return undefined;
    return { span: { ...span, start, end }, text: "" };
  }
}
