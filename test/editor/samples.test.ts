// Owns: the samples in editor/samples, coloured by the TextMate grammar with the engine of VS Code. What each word is
// coloured as is in a file beside the tests, line by line.

import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import oniguruma from "vscode-oniguruma";
import textmate from "vscode-textmate";
import { SourceFile } from "../../compiler/source/file.js";
import { parse } from "../../compiler/syntax/parse.js";
import { format } from "../../editor/fmt/format.js";

const samples = fileURLToPath(new URL("../../editor/samples/", import.meta.url));
const grammarFile = fileURLToPath(
  new URL("../../editor/vscode/syntaxes/dsamp.tmLanguage.json", import.meta.url),
);

let grammar: textmate.IGrammar;

beforeAll(async () => {
  await oniguruma.loadWASM(
    readFileSync(createRequire(import.meta.url).resolve("vscode-oniguruma/release/onig.wasm")),
  );
  const registry = new textmate.Registry({
    onigLib: Promise.resolve({
      createOnigScanner: (patterns: string[]) => new oniguruma.OnigScanner(patterns),
      createOnigString: (text: string) => new oniguruma.OnigString(text),
    }),
    loadGrammar: () =>
      Promise.resolve(textmate.parseRawGrammar(readFileSync(grammarFile, "utf8"), grammarFile)),
  });
  const loaded = await registry.loadGrammar("source.dsamp");
  if (!loaded) throw new Error("no grammar");
  grammar = loaded;
});

/** Each line, and below it what is coloured in it and how. */
function colours(text: string): string {
  let state = textmate.INITIAL;
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => {
      const { tokens, ruleStack } = grammar.tokenizeLine(line, state);
      state = ruleStack;
      const said = tokens.flatMap(({ startIndex, endIndex, scopes }) => {
        const [, ...own] = scopes.map((scope) => scope.replace(/\.dsamp$/, ""));
        const word = line.slice(startIndex, endIndex).trim();
        return word === "" || own.length === 0 ? [] : [`    ${word.padEnd(16)} ${own.join(" ")}`];
      });
      return [line, ...said].join("\n");
    });
  return `${lines.join("\n")}\n`;
}

describe.each(
  readdirSync(samples)
    .filter((file) => file.endsWith(".dsamp"))
    .sort(),
)("%s", (file) => {
  const text = readFileSync(`${samples}${file}`, "utf8");

  test("is coloured as its snapshot says", async () => {
    await expect(colours(text)).toMatchFileSnapshot(`samples/${file.replace(".dsamp", ".txt")}`);
  });

  test("has mistakes only where they are meant, and is formatted", () => {
    const { diagnostics } = parse(new SourceFile(file, text));
    expect(diagnostics.length > 0).toBe(file === "broken.dsamp");
    if (file !== "broken.dsamp") expect(format(text).text).toBe(text);
  });
});

test("every rule of the grammar colours something", () => {
  const seen = new Set<string>();
  for (const file of readdirSync(samples).filter((name) => name.endsWith(".dsamp")))
    for (const line of readFileSync(`${samples}${file}`, "utf8").split("\n"))
      for (const { scopes } of grammar.tokenizeLine(line, textmate.INITIAL).tokens)
        for (const scope of scopes) seen.add(scope);
  const { patterns } = JSON.parse(readFileSync(grammarFile, "utf8")) as {
    patterns: { name?: string; captures?: Record<string, { name: string }> }[];
  };
  const named = patterns.flatMap(({ name, captures }) => [
    ...(name === undefined ? [] : [name]),
    ...Object.values(captures ?? {}).map((item) => item.name),
  ]);
  expect(named.filter((scope) => !seen.has(scope))).toEqual([]);
});
