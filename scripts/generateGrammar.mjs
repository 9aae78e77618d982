// Writes editor/vscode/syntaxes/dsamp.tmLanguage.json from the tokens of the language (editor/vscode/src/grammar.ts). A
// test says when it is stale.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../", import.meta.url));
const { outputFiles } = await build({
  entryPoints: [`${root}editor/vscode/src/grammar.ts`],
  bundle: true,
  format: "esm",
  platform: "node",
  write: false,
});
const code = Buffer.from(outputFiles[0].contents).toString("base64");
const { textMateGrammar } = await import(`data:text/javascript;base64,${code}`);
const target = `${root}editor/vscode/syntaxes/dsamp.tmLanguage.json`;
writeFileSync(target, `${JSON.stringify(textMateGrammar(), undefined, 2)}\n`);
