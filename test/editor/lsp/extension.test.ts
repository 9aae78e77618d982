// Owns: what the VS Code extension and the files for other editors consist of: grammars as the tokens give them, every
// file that the manifest names, nothing else in the package.

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { vimSyntax } from "../../../editor/languages/vim.js";
import { textMateGrammar } from "../../../editor/vscode/src/grammar.js";
import { library, libraryPrefix } from "../../../stdlib/index.js";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const extension = join(root, "editor/vscode");
const read = (file: string): string => readFileSync(join(root, file), "utf8");

interface Manifest {
  readonly main: string;
  readonly version: string;
  readonly contributes: {
    readonly languages: readonly { readonly configuration: string }[];
    readonly grammars: readonly { readonly path: string }[];
    readonly snippets: readonly { readonly path: string }[];
  };
}
const manifest = JSON.parse(read("editor/vscode/package.json")) as Manifest;

describe("grammars", () => {
  test("are those of the tokens: else run `node scripts/generateGrammar.mjs`", () => {
    expect(JSON.parse(read("editor/vscode/syntaxes/dsamp.tmLanguage.json"))).toEqual(textMateGrammar());
    expect(read("editor/languages/neovim/syntax/dsamp.vim")).toBe(vimSyntax());
  });

  /** The first rule that matches at a place, as an editor finds it line by line. */
  function scopeOf(line: string, word: string, nth = 0): string | undefined {
    const at = [...line.matchAll(new RegExp(`(?<!\\w)${word}`, "g"))][nth]?.index ?? -1;
    for (const { match, name, captures } of textMateGrammar().patterns)
      for (const found of line.matchAll(new RegExp(match, "dgu"))) {
        if (name !== undefined && found.index <= at && at < found.index + found[0].length) return name;
        for (const [group, scope] of Object.entries(captures ?? {})) {
          const range = found.indices?.[Number(group)];
          if (range && range[0] <= at && at < range[1]) return scope.name;
        }
      }
    return undefined;
  }

  test.each([
    ["solver ddim(eta = 0) {", "solver", "storage.type.dsamp"],
    ["solver ddim(eta = 0) {", "ddim", "entity.name.function.dsamp"],
    ["  order 2", "order", "keyword.other.dsamp"],
    ["  order = 2", "order", undefined],
    ["  step { let h = 1; x[t] = x[s] }", "step", "keyword.other.dsamp"],
    ["  time t from 1 to 0", "from", "keyword.other.dsamp"],
    ["  when first and last {", "and", "keyword.operator.word.dsamp"],
    ["    x[t] = sigma[t]*x0[s]", "sigma", "support.variable.dsamp"],
    ["    x[t] = jump(s -> t, eta: 1)", "jump", "support.function.dsamp"],
    ["    x[t] = jump(s -> t, eta: 1)", "eta", "variable.parameter.dsamp"],
    ["/// solver of x", "solver", "comment.line.documentation.dsamp"],
    ['  model predicts v with file: "solver"', "predicts", "keyword.other.dsamp"],
    ['  model predicts v with file: "solver"', "solver", "string.quoted.double.dsamp"],
    ["  rho = 1.5e-3", "1", "constant.numeric.dsamp"],
  ])("%s: %s", (line, word, scope) => {
    expect(scopeOf(line, word)).toBe(scope);
  });
});

describe("the extension", () => {
  test("has the version of the package", () => {
    expect(manifest.version).toBe((JSON.parse(read("package.json")) as { version: string }).version);
  });

  test("has every file that its manifest names", () => {
    const { languages, grammars, snippets } = manifest.contributes;
    const named = [
      ...languages.map((item) => item.configuration),
      ...[...grammars, ...snippets].map((item) => item.path),
    ];
    for (const file of named) expect(existsSync(join(extension, file)), file).toBe(true);
    expect(manifest.main).toBe("./dist/extension.cjs");
    for (const file of [...named, "README.md", "LICENSE"])
      expect(read("editor/vscode/.vscodeignore")).toContain(`!${file.replace("./", "")}`);
  });

  test("is built from client, server, worker, library and pages, and nothing else", () => {
    const folder = mkdtempSync(join(tmpdir(), "dsamp-vsix-"));
    try {
      execFileSync(process.execPath, [join(extension, "build.mjs"), folder]);
      expect(readdirSync(folder).sort()).toEqual([
        "explain",
        "extension.cjs",
        "lspWorker.mjs",
        "server.mjs",
        "stdlib",
      ]);
      const files = readdirSync(join(folder, "stdlib"), { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".dsamp"))
        .map((file) => `${libraryPrefix}${file.replaceAll("\\", "/")}`);
      expect(files.sort()).toEqual(Object.keys(library).sort());
      expect(readFileSync(join(folder, "extension.cjs"), "utf8")).toMatch(/require\("vscode"\)/);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("snippets parse", async () => {
    const { parse } = await import("../../../compiler/syntax/parse.js");
    const { SourceFile } = await import("../../../compiler/source/file.js");
    const snippets = JSON.parse(read("editor/vscode/snippets/dsamp.json")) as Record<
      string,
      { body: string[] }
    >;
    for (const [name, { body }] of Object.entries(snippets)) {
      const filled = body
        .join("\n")
        .replace(/\$\{\d+:([^}]*)\}/g, "$1")
        .replace(/\$\d+/g, "");
      const whole = name === "tableau" ? `solver a {\n${filled}\n}` : filled;
      expect(parse(new SourceFile(name, whole)).diagnostics, name).toEqual([]);
    }
  });
});
