// After tsc: copies what tsc does not (schemas, explanation pages), and joins the command's modules into a few files.
// Loading hundreds of small ones would take longer than most checks.
import { chmodSync, cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

for (const path of ["compiler/plan/plan.schema.json", "compiler/diagnostics/explain"])
  if (existsSync(path)) cpSync(path, `dist/${path}`, { recursive: true });

// Verbs, backends and readers stay apart, to be loaded when they are asked for. Packages that find files beside
// themselves, are large, or belong to the user, stay outside; user code and the command then share one tfjs.
const { outputFiles } = await build({
  entryPoints: ["dist/cli/main.js", "dist/cli/lspWorker.js"],
  outdir: "dist/cli",
  write: false,
  bundle: true,
  splitting: true,
  format: "esm",
  platform: "node",
  target: "node20",
  chunkNames: "[name]-[hash]",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "eof",
  external: [
    "@tensorflow/*",
    "onnxruntime-node",
    "vscode-languageserver",
    "vscode-languageserver/*",
    "webgpu",
  ],
  // For packages in CommonJS.
  banner: {
    js: 'import { createRequire as $createRequire } from "node:module"; const require = $createRequire(import.meta.url);',
  },
});
rmSync("dist/cli", { recursive: true });
mkdirSync("dist/cli");
for (const { path, contents } of outputFiles) writeFileSync(path, contents);
chmodSync("dist/cli/main.js", 0o755);
