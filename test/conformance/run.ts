// Owns: running files of recorded cases and counting. Reading files is the caller's business.

import type { Backend } from "../../runtime/index.js";
import { familyOf } from "./families/index.js";
import { FormatError, readCaseFile } from "./format.js";
import { replay, type Status } from "./replay.js";

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

/** One file's cases, in order. Throws FormatError when the text is not of the format. */
export async function runFile(
  name: string,
  text: string,
  backend: Backend,
  onCase: (report: CaseReport) => void = () => undefined,
): Promise<readonly CaseReport[]> {
  const file = readCaseFile(text, name);
  const family = familyOf(file);
  const reports: CaseReport[] = [];
  for (const entry of file.cases) {
    const outcome = await replay(entry, file, family, backend);
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
