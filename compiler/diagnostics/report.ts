// Owns: building diagnostics from findings and collecting them. Passes report and go on; only `Failure` is thrown,
// and only inside one stage, which catches it and keeps what it has.

import type { FileId } from "../source/span.js";
import { limits } from "../limits.js";
import { codes, type Code, type Severity } from "./codes.js";
import type { Diagnostic, Finding } from "./diagnostic.js";

/** Builds a diagnostic; severity comes from the registry. */
export function diagnostic(code: Code, message: string, finding: Finding = {}): Diagnostic {
  return {
    code,
    severity: codes[code].severity,
    message,
    ...(finding.at ? { primary: { span: finding.at, text: finding.label ?? "" } } : {}),
    secondary: finding.secondary ?? [],
    ...(finding.why === undefined ? {} : { why: finding.why }),
    ...(finding.help === undefined ? {} : { help: finding.help }),
    ...(finding.fix === undefined ? {} : { fix: finding.fix }),
  };
}

/** Carries one diagnostic out of a deep evaluation. Stages catch it; it never leaves the compiler or the runtime's API unseen. */
export class Failure extends Error {
  constructor(readonly diagnostic: Diagnostic) {
    super(`${diagnostic.code}: ${diagnostic.message}`);
    this.name = "Failure";
  }
}

/** Throws a `Failure` with the given finding. */
export function fail(code: Code, message: string, finding: Finding = {}): never {
  throw new Failure(diagnostic(code, message, finding));
}

/** No limit on a text bounds how many names stand for one another; the stack does. */
const isEndOfStack = (error: unknown): boolean =>
  error instanceof Error && /call stack|too much recursion/i.test(error.message);

const tooLongChain = diagnostic("D0802", "names that stand for one another form too long a chain", {
  help: "put values in place of names, or compute them in a `repeat`",
});

/** Findings of one severity in one file beyond the first `limits.errorsShown`. */
interface Hidden {
  readonly severity: Severity;
  readonly first: Diagnostic;
  count: number;
}

/**
 * Collects diagnostics of one compilation; the same finding at the same place is kept once. Of one file, so many errors
 * are kept and so many warnings; D0807 counts the rest.
 */
export class Diagnostics {
  readonly #list: Diagnostic[] = [];
  readonly #seen = new Set<string>();
  readonly #counts = new Map<string, number>();
  readonly #hidden = new Map<string, Hidden>();
  #trials = 0;

  add(item: Diagnostic): void {
    if (this.#trials > 0) return;
    const key = `${item.code}|${item.primary?.span.file}|${item.primary?.span.start}|${item.primary?.span.end}|${item.message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    const { severity } = item;
    const group = groupOf(item.primary?.span.file, severity);
    const count = this.#counts.get(group) ?? 0;
    if (count >= limits.errorsShown && item.code !== "D0807") {
      const hidden = this.#hidden.get(group);
      if (hidden) hidden.count += 1;
      else this.#hidden.set(group, { severity, first: item, count: 1 });
      return;
    }
    this.#counts.set(group, count + 1);
    this.#list.push(item);
  }

  /** No further error of that file will be shown: what only words one need not be worked out. */
  isFull(file: FileId): boolean {
    return (this.#counts.get(groupOf(file, "error")) ?? 0) >= limits.errorsShown;
  }

  /** Words for an error in that file, such as the name that was meant; not worked out when they would not be shown. */
  words(file: FileId, work: () => string | undefined): string | undefined {
    return this.isFull(file) ? undefined : work();
  }

  /**
   * Runs `work`; a `Failure` inside is collected and `undefined` returned, and so is the end of the stack. Other errors
   * are compiler bugs and pass through.
   */
  attempt<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (error instanceof Failure) this.add(error.diagnostic);
      else if (isEndOfStack(error)) this.add(tooLongChain);
      else throw error;
      return undefined;
    }
  }

  /** Runs `work` on what the user did not write, such as a rule with a number changed: nothing it finds is kept. */
  trial<T>(work: () => T): T {
    this.#trials += 1;
    try {
      return work();
    } finally {
      this.#trials -= 1;
    }
  }

  /** What was found, and how many more there are. */
  get all(): readonly Diagnostic[] {
    return this.#hidden.size === 0
      ? this.#list
      : [
          ...this.#list,
          ...[...this.#hidden.values()].map(({ severity, first, count }) =>
            furtherFindings(count, severity, first),
          ),
        ];
  }

  get hasErrors(): boolean {
    return this.#list.some((item) => item.severity === "error");
  }
}

const groupOf = (file: FileId | undefined, severity: Severity): string => `${severity} ${file}`;

/** D0807: that there are more findings than are shown, at the first of them. */
export function furtherFindings(count: number | string, severity: Severity, first: Diagnostic): Diagnostic {
  const what = count === 1 ? `${severity} is` : `${severity}s are`;
  const at = first.primary?.span;
  return diagnostic("D0807", `${count} further ${what} not shown`, at ? { at } : {});
}
