// Owns: building diagnostics from findings and collecting them. Passes report and go on; only `Failure` is thrown,
// and only inside one stage, which catches it and keeps what it has.

import { codes, type Code } from "./codes.js";
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

/** Collects diagnostics of one compilation; the same finding at the same place is kept once. */
export class Diagnostics {
  readonly #list: Diagnostic[] = [];
  readonly #seen = new Set<string>();

  add(item: Diagnostic): void {
    const key = `${item.code}|${item.primary?.span.file}|${item.primary?.span.start}|${item.primary?.span.end}|${item.message}`;
    if (this.#seen.has(key)) return;
    this.#seen.add(key);
    this.#list.push(item);
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

  get all(): readonly Diagnostic[] {
    return this.#list;
  }

  get hasErrors(): boolean {
    return this.#list.some((item) => item.severity === "error");
  }
}
