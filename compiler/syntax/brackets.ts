// Owns: what is said about brackets without a partner.

import type { IToken } from "chevrotain";
import type { BracketIssue } from "../../grammar/repair.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { diagnostic } from "../diagnostics/report.js";
import type { SourceFile } from "../source/file.js";
import type { Span } from "../source/span.js";

/** Openers shown with one message. */
const openersShown = 3;

const span = (file: SourceFile, token: IToken): Span =>
  file.span(token.startOffset, token.startOffset + token.image.length);

const afterToken = (file: SourceFile, token: IToken): Span => {
  const end = token.startOffset + token.image.length;
  return file.span(end, end);
};

/** Where the issue stands, as an offset that belongs to the statement with the mistake. */
export const offsetOf = (issue: BracketIssue): number =>
  "after" in issue ? issue.after.startOffset : issue.at.startOffset;

export function bracketDiagnostic(file: SourceFile, issue: BracketIssue): Diagnostic {
  switch (issue.kind) {
    case "unclosed":
      return unclosed(file, issue);
    case "wrongCloser": {
      const { opener, at, wanted } = issue;
      return diagnostic("D0101", `\`${at.image}\` cannot close \`${opener.image}\``, {
        at: span(file, at),
        label: `\`${wanted}\` belongs here`,
        secondary: [{ span: span(file, opener), text: "opened here" }],
      });
    }
    case "stray":
      return diagnostic("D0101", `this \`${issue.at.image}\` closes nothing`, {
        at: span(file, issue.at),
        help: `remove it, or open the bracket it should close`,
      });
    case "semicolon":
      return diagnostic("D0101", "`;` separates statements and cannot stand inside brackets", {
        at: span(file, issue.at),
        help: "write `,`",
      });
    case "unopened":
      return diagnostic("D0101", `\`{\` is missing: \`${issue.head.image}\` needs a block`, {
        at: afterToken(file, issue.after),
        label: "`{` belongs here",
      });
    case "braceOnNextLine":
      return diagnostic("D0101", "the `{` of a block stands on the line of its statement", {
        at: span(file, issue.at),
        secondary: [{ span: afterToken(file, issue.after), text: "`{` belongs here" }],
      });
    default:
      return issue satisfies never;
  }
}

function unclosed(file: SourceFile, issue: BracketIssue & { kind: "unclosed" }): Diagnostic {
  const { openers, after, closers } = issue;
  const secondary = openers
    .slice(0, openersShown)
    .map((token) => ({ span: span(file, token), text: "opened here" }));
  const shown = closers.length > openersShown ? `${closers.slice(0, openersShown)}...` : closers;
  const opener = openers[0]?.image ?? "";
  const message =
    openers.length === 1 ? `\`${opener}\` is never closed` : `${openers.length} brackets are never closed`;
  return diagnostic("D0101", message, {
    at: afterToken(file, after),
    label: `\`${shown}\` is missing here`,
    secondary,
  });
}
