// Writes the files that the extension runs: client, server and worker as bundles, the library and the pages of the
// diagnostic codes. `node editor/vscode/build.mjs [folder]`; the folder is `dist` beside this file.
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = fileURLToPath(new URL(".", import.meta.url));
const root = join(here, "..", "..");

/** Bundles into a folder and returns nothing; the folder is emptied first. */
export async function buildExtension(folder) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const common = {
    bundle: true,
    platform: "node",
    target: "node18",
    minify: true,
    legalComments: "none",
    logLevel: "error",
  };
  // Bundled CommonJS packages call `require` for modules of Node.
  const banner = {
    js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
  };
  const module = { ...common, format: "esm", banner };
  const serve =
    'import { lsp } from "./cli/lsp.js"; await lsp({ stdin: process.stdin, stdout: process.stdout });';
  await Promise.all([
    build({
      ...common,
      format: "cjs",
      external: ["vscode"],
      entryPoints: [join(here, "src/extension.ts")],
      outfile: join(folder, "extension.cjs"),
    }),
    build({
      ...module,
      stdin: { contents: serve, resolveDir: root, loader: "js" },
      outfile: join(folder, "server.mjs"),
    }),
    build({
      ...module,
      entryPoints: [join(root, "cli/lspWorker.ts")],
      outfile: join(folder, "lspWorker.mjs"),
    }),
  ]);
  cpSync(join(root, "compiler/diagnostics/explain"), join(folder, "explain"), { recursive: true });
  cpSync(join(root, "stdlib"), join(folder, "stdlib"), {
    recursive: true,
    filter: (path) => !path.endsWith(".ts"),
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await buildExtension(resolve(process.argv[2] ?? join(here, "dist")));
