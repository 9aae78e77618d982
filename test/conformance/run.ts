// Owns: running files of recorded cases and counting. Reading files is the caller's business.

import { openBackend, type Backend } from "../../runtime/index.js";
import { deviationOf } from "./deviations.js";
import { familyOf } from "./families/index.js";
import { FormatError, readCaseFile } from "./format.js";
import { replay, type Outcome, type Status } from "./replay.js";

export interface CaseReport {
  readonly file: string;
  readonly id: string;
  readonly status: Status;
  readonly maxRelError: number | null;
  readonly reason: string | null;
}

export interface Report {
  readonly passed: number;
  readonly failed: number;
  readonly unsupported: number;
  readonly cases: readonly CaseReport[];
}

/** A case on the list of deviations is unsupported, with the list's reason; if it passes, the list is wrong. */
export function listed(outcome: Outcome, reason: string | undefined): Outcome {
  if (reason === undefined) return outcome;
  if (outcome.status !== "pass") return { ...outcome, status: "unsupported", reason };
  return { ...outcome, status: "fail", reason: `it passes, and deviations.ts says: ${reason}` };
}

/** One file's cases, in order; `pick`: those wanted. Throws FormatError when the text is not of the format. */
export async function runFile(
  name: string,
  text: string,
  backend: Backend,
  onCase: (report: CaseReport) => void = () => undefined,
  pick: (index: number) => boolean = () => true,
): Promise<readonly CaseReport[]> {
  const file = readCaseFile(text, name);
  const family = familyOf(file);
  const reports: CaseReport[] = [];
  const reference = backend.name === "reference" ? backend : await openBackend("reference");
  for (const entry of file.cases.filter((_, index) => pick(index))) {
    const outcome = listed(
      await replay(entry, file, family, backend, reference),
      deviationOf(entry.id, file.repo),
    );
    const report = { file: name, id: entry.id, ...outcome };
    reports.push(report);
    onCase(report);
  }
  return reports;
}

export function summarise(cases: readonly CaseReport[]): Report {
  const count = (status: Status): number => cases.filter((report) => report.status === status).length;
  return { passed: count("pass"), failed: count("fail"), unsupported: count("unsupported"), cases };
}

export { FormatError };
