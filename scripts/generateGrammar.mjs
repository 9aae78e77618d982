// Writes the grammars of editors from the tokens of the language: TextMate (VS Code) and Vim. A test says when one is
// stale.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../editor/", import.meta.url));
const contents = 'export * from "./vscode/src/grammar.ts"; export * from "./languages/vim.ts";';
const { outputFiles } = await build({
  stdin: { contents, resolveDir: root },
  bundle: true,
  format: "esm",
  platform: "node",
  write: false,
});
const code = Buffer.from(outputFiles[0].contents).toString("base64");
const { textMateGrammar, vimSyntax } = await import(`data:text/javascript;base64,${code}`);
const grammar = JSON.stringify(textMateGrammar(), undefined, 2);
writeFileSync(`${root}vscode/syntaxes/dsamp.tmLanguage.json`, `${grammar}\n`);
writeFileSync(`${root}languages/neovim/syntax/dsamp.vim`, vimSyntax());
