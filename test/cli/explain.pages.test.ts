// Every code has a page; every wrong example on it gives that very code, every right example compiles. Pages without
// examples of specs are listed, so that one cannot lose its examples unnoticed.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { codes, type Code } from "../../compiler/diagnostics/codes.js";
import { examplesOf, findings } from "./pages.js";

const folder = new URL("../../compiler/diagnostics/explain/", import.meta.url);
const all = Object.keys(codes) as Code[];
const pageOf = (code: string): string => readFileSync(new URL(`${code}.md`, folder), "utf8");

/** Codes of plans, files, runs and the command line: their pages have shell examples. */
const shell =
  "D0501 D0502 D0503 D0601 D0602 D0603 D0604 D0701 D0702 D0703 D0704 D0705 D0706 D0707 D0708 D0709 D0710 D0711 D0712 D0713 D0801 D0803 D0805 D0807".split(
    " ",
  );

/** Text of the sources that report, without the registry. */
const sources = ["compiler", "runtime", "importers", "cli", "editor"]
  .flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: "utf8" }).map((file) => `${root}/${file}`),
  )
  .filter(
    (file) =>
      file.endsWith(".ts") && file !== "compiler/diagnostics/codes.ts" && !file.includes("node_modules"),
  )
  .map((file) => readFileSync(file, "utf8"))
  .join("\n");

test("every code is reported somewhere", () => {
  expect(all.filter((code) => !sources.includes(`"${code}"`))).toEqual([]);
});

test("every code has a page, and every page a code", () => {
  const pages = readdirSync(folder).filter((name) => name.endsWith(".md"));
  expect(pages.map((name) => name.slice(0, -3)).sort()).toEqual([...all].sort());
});

describe.each(all)("%s", (code) => {
  const page = existsSync(new URL(`${code}.md`, folder)) ? pageOf(code) : "";
  const examples = examplesOf(page);

  test("has its title, a way out and the examples its kind needs", () => {
    expect(page.startsWith(`# ${code}: ${codes[code].title}\n`)).toBe(true);
    expect(page).toContain("## The way out");
    const kinds = examples.map((example) => example.kind);
    if (shell.includes(code)) expect(page).toMatch(/^```sh\n/m);
    else expect(kinds).toEqual(["wrong", "right"]);
  });

  test.each(examples.filter((example) => example.kind === "wrong"))("the wrong example", ({ text }) => {
    expect(findings(text).map((item) => item.code)).toContain(code);
  });

  test.each(examples.filter((example) => example.kind === "right"))("the right example", ({ text }) => {
    const found = findings(text);
    expect(found.filter((item) => item.severity === "error").map((item) => item.message)).toEqual([]);
    expect(found.map((item) => item.code)).not.toContain(code);
  });
});
