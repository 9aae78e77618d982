// Owns: constructs that are reserved for later (language reference, section 14), once each, at their place. In a file
// that is only checked they are warnings: they become errors when a sampler that needs them is compiled.

import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { diagnostic } from "../diagnostics/report.js";
import type { Span } from "../source/span.js";
import type { Definition } from "../syntax/ast.js";
import { walk } from "../syntax/walk.js";

const functions: Readonly<Record<string, string>> = {
  vjp: "`vjp`",
  divergence: "`divergence`",
  sample: "`sample(...)` as a value",
  categorical: "`categorical`",
};

export const asWarning = (item: Diagnostic): Diagnostic => ({ ...item, severity: "warning" });

/** Findings for one definition, the first of each construct. */
export function reservedIn(item: Definition): readonly Diagnostic[] {
  const found = new Map<string, Diagnostic>();
  const add = (what: string, at: Span): void => {
    if (found.has(what)) return;
    const message = `${what} is reserved: it parses, but cannot be compiled yet`;
    found.set(what, asWarning(diagnostic("D0990", message, { at })));
  };
  walk(item, {
    Value: (statement) => {
      if (statement.what === "space") add("a token space", statement.span);
      if (statement.what === "population") add("`population`", statement.span);
    },
    Carry: (statement) => {
      if (statement.session) add("a `session` carry", statement.span);
    },
    Call: (call) => {
      const name = call.callee.kind === "Name" ? call.callee.text : "";
      const what = Object.hasOwn(functions, name) ? functions[name] : undefined;
      if (what) add(what, call.callee.span);
    },
  });
  return [...found.values()];
}
