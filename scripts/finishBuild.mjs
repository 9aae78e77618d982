// After tsc: copies what tsc does not (schemas, explanation pages) and makes the command executable.
import { chmodSync, cpSync, existsSync } from "node:fs";

for (const path of ["compiler/plan/plan.schema.json", "compiler/diagnostics/explain"])
  if (existsSync(path)) cpSync(path, `dist/${path}`, { recursive: true });
if (existsSync("dist/cli/main.js")) chmodSync("dist/cli/main.js", 0o755);
