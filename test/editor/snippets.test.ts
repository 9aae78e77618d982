// Owns: the snippets of the VS Code extension: with what they insert as it stands, each is formatted and compiles.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { format } from "../../editor/fmt/format.js";
import { findings } from "../cli/pages.js";

interface Snippet {
  readonly prefix: string;
  readonly body: readonly string[];
}

const snippets = JSON.parse(readFileSync("editor/vscode/snippets/dsamp.json", "utf8")) as Readonly<
  Record<string, Snippet>
>;

/** A snippet as it is inserted: `${1:default}` is its default, `$0` where the cursor goes. */
const expanded = ({ body }: Snippet): string =>
  `${body.join("\n")}\n`.replaceAll(/\$\{\d+:([^}]*)\}|\$\d+/g, (_, text: string | undefined) => text ?? "");

/** What surrounds a snippet that is no definition, or defines what it names. */
const around: Readonly<Record<string, (text: string) => string>> = {
  tableau: (text) => `solver name {\n${text.replaceAll(/^(?=.)/gm, "  ")}}\n`,
  expect: (text) =>
    `solver name {\n  order 2\n  step { x[t] = integrate(s -> t, x0, over: lambda, through: s-1 .. s) }\n}\n\n${text}`,
};

test.each(Object.entries(snippets))("%s", (_, snippet) => {
  const text = (around[snippet.prefix] ?? ((same: string) => same))(expanded(snippet));
  expect(findings(text).map(({ code, message }) => `${code} ${message}`)).toEqual([]);
  expect(format(text).text).toBe(text);
});
