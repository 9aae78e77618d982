// Whether the backend `node` starts here, for tests that need it.

import { Failure } from "../../../compiler/diagnostics/report.js";
import { openBackend } from "../../../runtime/index.js";

let why = "";
try {
  (await openBackend("node")).dispose();
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  why = error.diagnostic.message;
}

/** Whether it starts. */
export const nodeBackend = why === "";
/** For titles: empty, or why it does not start. */
export const skipped = nodeBackend ? "" : ` (skipped: ${why})`;
