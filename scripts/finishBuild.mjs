// After tsc: copies what tsc does not (schemas, explanation pages), and joins the command's modules into a few files.
// Loading hundreds of small ones would take longer than most checks.
import { chmodSync, cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

for (const path of ["compiler/plan/plan.schema.json", "compiler/diagnostics/explain"])
  if (existsSync(path)) cpSync(path, `dist/${path}`, { recursive: true });

// tfjs' CommonJS files by `require`: for an `import` Node reads them for the names they export, a tenth of a second.
// Both give the same module to the command and to user code.
const required = {
  name: "required",
  setup(builder) {
    builder.onResolve({ filter: /^@tensorflow\// }, ({ path, kind }) =>
      kind === "import-statement" ? { path, namespace: "required" } : { path, external: true },
    );
    builder.onLoad({ filter: /.*/, namespace: "required" }, ({ path }) => ({
      contents: `module.exports = $require(${JSON.stringify(path)});`,
    }));
  },
};

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
  plugins: [required],
  external: ["onnxruntime-node", "vscode-languageserver", "vscode-languageserver/*", "webgpu"],
  // For packages in CommonJS.
  banner: {
    js: 'import { createRequire as $createRequire } from "node:module"; const $require = $createRequire(import.meta.url), require = $require;',
  },
});
rmSync("dist/cli", { recursive: true });
mkdirSync("dist/cli");
for (const { path, contents } of outputFiles) writeFileSync(path, contents);
chmodSync("dist/cli/main.js", 0o755);
