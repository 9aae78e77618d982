// Owns: letters for the variables of integrals and roots where an expression is shown. Inside the compiler they have keys
// that no name can be mistaken for; people read u, v, w, and see no letter twice that means two things.

import { binder, children, rebuild, substitute, sym, symbols, type Expr, type Sym } from "./expr.js";

const letters = ["u", "v", "w", "y", "z", "p", "q", "r"];

const spelling = (s: Sym): string => (typeof s.data["text"] === "string" ? s.data["text"] : s.key);

/** The expression with its generated bound variables as letters that nothing else in it has. */
export function withLetters(e: Expr): Expr {
  return named(e, new Set([...symbols(e)].map(spelling)));
}

function named(e: Expr, taken: ReadonlySet<string>): Expr {
  const parts = children(e);
  if (parts.length === 0) return e;
  if (e.kind !== "binder") {
    const inner = parts.map((part) => named(part, taken));
    return inner.every((part, i) => part === parts[i]) ? e : rebuild(e, inner);
  }
  const { variable } = e;
  const letter =
    variable.data["bound"] === true ? letters.find((candidate) => !taken.has(candidate)) : undefined;
  const shown = letter === undefined ? variable : sym(letter);
  const body = substitute(e.body, (s) => (s === variable ? shown : undefined));
  const within = named(body, new Set([...taken, spelling(shown)]));
  return binder(e.name, shown, within, named(e.from, taken), named(e.to, taken));
}
