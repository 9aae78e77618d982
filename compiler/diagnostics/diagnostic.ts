// Owns: what a diagnostic is. A diagnostic is data; renderers (text, json) never build messages, and stages
// never format them. Severity and title of a code live in codes.ts, the only registry.

import type { Span } from "../source/span.js";
import type { Code, Severity } from "./codes.js";

/** A place in the source with a short remark. */
export interface Label {
  readonly span: Span;
  readonly text: string;
}

/** Replace the text of `span` by `text`. */
export interface Edit {
  readonly span: Span;
  readonly text: string;
}

/** `safe` keeps the meaning, `unsafe` may change it, `display-only` is a suggestion in words. */
export type Applicability = "safe" | "unsafe" | "display-only";

export interface Fix {
  readonly title: string;
  readonly edits: readonly Edit[];
  readonly applicability: Applicability;
}

/** What was found, where, why it matters and what to do. `primary` is absent only for findings without a place in a text. */
export interface Diagnostic {
  readonly code: Code;
  readonly severity: Severity;
  readonly message: string;
  readonly primary?: Label;
  readonly secondary: readonly Label[];
  readonly why?: string;
  /**
   * What to do. Two forms are offered as changes by the editor: "did you mean `x`?" at the name that was written, and
   * "add `line`" or "add a line such as `line`" for a clause of the sampler around the place.
   */
  readonly help?: string;
  readonly fix?: Fix;
}

/** The parts a stage states; the rest comes from the registry. */
export interface Finding {
  readonly at?: Span;
  readonly label?: string;
  readonly secondary?: readonly Label[];
  readonly why?: string;
  readonly help?: string | undefined;
  readonly fix?: Fix | undefined;
}
