// Whether the backend `webgpu` starts here, for tests that need it. scripts/swiftshader.sh makes it start without a GPU.

import { Failure } from "../../../compiler/diagnostics/report.js";
import { openBackend } from "../../../runtime/index.js";

let why = "";
try {
  (await openBackend("webgpu")).dispose();
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  why = [error.diagnostic.message, error.diagnostic.why ?? []].flat().join(": ");
}

/** Whether it starts. */
export const webgpuBackend = why === "";
/** For titles: empty, or why it does not start. */
export const skipped = webgpuBackend ? "" : ` (skipped: ${why})`;
