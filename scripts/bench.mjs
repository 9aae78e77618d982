// Owns: `npm run bench`: joins bench/main.ts into one file and runs it, so that what is measured is the code as it is
// published; run straight from the sources, helpers of the transformer would be measured too.
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const outfile = at("../bench/.main.mjs");
try {
  await build({
    entryPoints: [at("../bench/main.ts")],
    outfile,
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    target: "node20",
    logLevel: "warning",
  });
  process.exitCode = spawnSync(process.execPath, [outfile], { stdio: "inherit" }).status ?? 1;
} finally {
  rmSync(outfile, { force: true });
}
