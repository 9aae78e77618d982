// Owns: how the compiler says that something of the language is not supported yet.

import { fail } from "../diagnostics/report.js";
import type { Span } from "../source/span.js";

/** Throws D0990. */
export function unsupported(what: string, at: Span, help?: string): never {
  return fail("D0990", `${what} is part of the language but not yet supported`, { at, help });
}
