// Habits that a compiler does not check: who may import whom, headers, file sizes, lists that must agree. The table
// below is the true one, the same as in ARCHITECTURE.md; a new edge is a decision to be written there.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { codes } from "../compiler/diagnostics/codes.js";
import { SourceFile } from "../compiler/source/file.js";
import { parse } from "../compiler/syntax/parse.js";
import { VERSION } from "../compiler/version.js";
import { innerWords, reservedWords, statementWords } from "../grammar/tokens.js";
import { library } from "../stdlib/index.js";

const root = fileURLToPath(new URL("../", import.meta.url));
const read = (file: string): string => readFileSync(join(root, file), "utf8");

function filesUnder(folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .filter((file) => !/(^|\/)(dist|node_modules)\//.test(file))
    .sort();
}

const folders = ["grammar", "compiler", "importers", "runtime", "cli", "editor", "scripts", "bench"];
const generated = new Set(["stdlib/index.ts", "compiler/plan/planValidator.ts"]);
const sources = folders
  .flatMap(filesUnder)
  .filter((file) => /\.(ts|mjs|js)$/.test(file) && !generated.has(file))
  .filter((file) => !file.startsWith("editor/vscode/dist/"));

interface Import {
  readonly from: string;
  /** A file of the repository, or a package. */
  readonly to: string;
}

/** Import targets of a file; `typeOnly` imports count too, since they tie the folders together as well. */
function importsOf(file: string): Import[] {
  const pattern = /^(?:import|export)\s(?:[\w\s{},*$]*?\sfrom\s)?"([^"\n]+)"|\bimport\("([^"\n]+)"\)/gm;
  return [...read(file).matchAll(pattern)].map((match) => {
    const target = match[1] ?? match[2] ?? "";
    const to = target.startsWith(".")
      ? relative(root, join(root, dirname(file), target))
          .replaceAll("\\", "/")
          .replace(/\.js$/, ".ts")
      : target;
    return { from: file, to };
  });
}

const edges = sources.flatMap(importsOf);

/** The stage a file belongs to: a folder of compiler/, a file directly in it, or a top-level folder. */
function stageOf(file: string): string {
  const parts = file.split("/");
  return parts[0] === "compiler" ? `compiler/${parts[1]}` : (parts[0] ?? "");
}

/** Open to every stage of the compiler, short of `compiler/` in this table. */
const common = ["source", "diagnostics", "limits.ts"];
/**
 * Each stage may import `common` and the stages named here. path, grid and lower form one layer: the numbers of a spec
 * are evaluated by lower/expression.ts, whose interface `Lowering` path and grid are given, and a step asks the path
 * for its quantities. graph and lower take the names of kernel operations from plan/schema.ts.
 */
const stages: Readonly<Record<string, readonly string[]>> = {
  source: [],
  algebra: [],
  "limits.ts": [],
  "version.ts": [],
  "sha256.ts": [],
  "host.ts": ["source"],
  diagnostics: ["source", "limits.ts"],
  syntax: [...common, "/grammar"],
  resolve: [...common, "syntax", "host.ts", "/stdlib"],
  plan: [...common, "algebra"],
  graph: ["algebra", "plan"],
  path: [...common, "syntax", "resolve", "algebra", "graph", "lower"],
  lower: [...common, "syntax", "resolve", "algebra", "graph", "path", "plan"],
  grid: [...common, "syntax", "resolve", "algebra", "graph", "path", "lower"],
  sampler: [...common, "syntax", "resolve", "algebra", "graph", "path", "lower", "grid"],
  link: [...common, "algebra", "graph", "path", "lower", "plan", "sampler"],
  check: [
    ...common,
    "syntax",
    "resolve",
    "algebra",
    "graph",
    "path",
    "lower",
    "grid",
    "sampler",
    "/grammar",
    "/stdlib",
  ],
  certify: [
    ...common,
    "syntax",
    "resolve",
    "algebra",
    "graph",
    "path",
    "lower",
    "grid",
    "sampler",
    "check",
    "link",
  ],
  emit: [...common, "syntax", "algebra", "graph", "path", "lower", "grid", "sampler", "link", "plan"],
  "compile.ts": ["*"],
  "explain.ts": ["*"],
  "index.ts": ["*"],
};
const allowed: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(
    Object.entries(stages).map(([stage, targets]) => [
      `compiler/${stage}`,
      targets.map((to) => (to.startsWith("/") ? to.slice(1) : `compiler/${to}`)),
    ]),
  ),
  grammar: [],
  runtime: ["compiler/plan", "compiler/diagnostics", "compiler/source"],
  importers: ["compiler/algebra", "compiler/diagnostics", "compiler/resolve"],
  cli: ["compiler/*", "importers", "runtime", "grammar", "stdlib", "editor"],
  editor: ["compiler/*", "grammar", "stdlib"],
  scripts: ["editor", "compiler/*", "stdlib"],
  bench: ["compiler/*", "runtime", "stdlib"],
};
/** Third-party packages, by stage. */
const packages: Readonly<Record<string, RegExp>> = {
  grammar: /^chevrotain$/,
  "compiler/syntax": /^chevrotain$/,
  "compiler/algebra": /^decimal\.js$/,
  "compiler/certify": /^decimal\.js$/,
  runtime: /^(@tensorflow\/tfjs-|fast-png$|fflate$|onnxruntime-node$)/,
  cli: /^(commander|cli-progress|picocolors|d3-(contour|format|scale|shape)|vscode-languageserver\/node\.js)$/,
  editor: /^(prettier|chevrotain|vscode|esbuild$)/,
  scripts: /^(esbuild|prettier|ajv\/.*)$/,
  bench: /^(@tensorflow\/tfjs-|prettier$|ml-matrix$|d3-(scale|shape)$|vscode-languageserver\/)/,
};
/** Who may touch files, clocks and processes. */
const usesNode = /^(cli|scripts|bench|editor\/vscode)\/|^runtime\/(node|io\/files|models\/open)\.ts$/;

describe("who may import whom", () => {
  test("every stage is in the table", () => {
    const unknown = new Set(sources.map(stageOf).filter((stage) => !(stage in allowed)));
    expect([...unknown]).toEqual([]);
  });

  test("imports follow the table", () => {
    const wrong = edges.filter(({ from, to }) => {
      if (!/^(grammar|compiler|importers|runtime|cli|editor|stdlib|scripts|bench|test)\//.test(to))
        return false;
      const [a, b] = [stageOf(from), stageOf(to)];
      const may = allowed[a] ?? [];
      return a !== b && !may.includes(b) && !(may.includes("compiler/*") && b.startsWith("compiler/"));
    });
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  test("packages are used where they belong", () => {
    const wrong = edges.filter(({ from, to }) => {
      if (/^(grammar|compiler|importers|runtime|cli|editor|stdlib|scripts|bench|test)\//.test(to))
        return false;
      if (to.startsWith("node:")) return !usesNode.test(from);
      return !packages[stageOf(from)]?.test(to);
    });
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  test.each(["compiler/index.ts", "runtime/index.ts"])("%s reaches no module of Node", (entry) => {
    const seen = new Set<string>();
    const visit = (file: string): string[] => {
      if (seen.has(file) || !existsSync(join(root, file))) return [];
      seen.add(file);
      return importsOf(file).flatMap(({ to }) => (to.startsWith("node:") ? [`${file}: ${to}`] : visit(to)));
    };
    expect(visit(entry)).toEqual([]);
    expect(seen.size).toBeGreaterThan(20);
  });

  test("no code is made from text", () => {
    const wrong = sources.filter((file) => /\beval\(|new Function\(/.test(read(file)));
    expect(wrong).toEqual([]);
  });
});

describe("files", () => {
  test("every source file says what it owns", () => {
    const wrong = sources.filter(
      (file) => !/^(#!.*\n)?\/\/ (Owns: |GENERATED |After tsc: |Writes )/.test(read(file)),
    );
    expect(wrong).toEqual([]);
  });

  /** Longer than 600 lines, and why. */
  const long: Readonly<Record<string, string>> = {
    "compiler/lower/solver.ts": "the statements of a step share the private state of one frame",
    "compiler/lower/step.ts": "what all frames of one step share, and the finished template",
    "compiler/lower/expression.ts": "one switch over the kinds of expression, and the values it gives",
    "compiler/lower/predictor.ts": "calls and guidance rules share the memo of calls",
  };

  test("files stay below 600 lines, but for a few", () => {
    const wrong = sources.filter((file) => read(file).split("\n").length > 601 && !(file in long));
    expect(wrong).toEqual([]);
  });

  test("files listed as long are still there", () => {
    expect(Object.keys(long).filter((file) => !existsSync(join(root, file)))).toEqual([]);
  });

  test("nothing is left to do in comments", () => {
    const all = [...sources, ...filesUnder("test"), ...filesUnder("stdlib"), ...filesUnder("docs")];
    const marks = new RegExp(["TO", "DO|FIX", "ME|XX", "X\\b"].join(""));
    const wrong = all.filter((file) => /\.(ts|mjs|js|dsamp|md)$/.test(file) && marks.test(read(file)));
    expect(wrong).toEqual([]);
  });
});

describe("lists that must agree", () => {
  test("the compiler's version is the package's", () => {
    expect(VERSION).toBe((JSON.parse(read("package.json")) as { version: string }).version);
  });

  test("the changelog has an entry for this version", () => {
    expect(read("CHANGELOG.md")).toMatch(new RegExp(`^## \\[?${VERSION.replaceAll(".", "\\.")}\\b`, "m"));
  });

  test("every diagnostic code has a page, and every page a code", () => {
    const folder = "compiler/diagnostics/explain";
    const pages = filesUnder(folder).map((file) => file.slice(folder.length + 1));
    expect(pages.filter((page) => page.endsWith(".md"))).toEqual(
      Object.keys(codes)
        .map((code) => `${code}.md`)
        .sort(),
    );
  });

  test("the index of the library lists what the parser finds", () => {
    const onDisk = filesUnder("stdlib").filter((file) => file.endsWith(".dsamp"));
    expect(Object.keys(library).sort()).toEqual(onDisk.map((file) => file.replace("stdlib/", "std:")));
    for (const [file, entry] of Object.entries(library)) {
      expect(entry.text, file).toBe(read(file.replace("std:", "stdlib/")));
      const { tree, diagnostics } = parse(new SourceFile(file, entry.text));
      expect(diagnostics, file).toEqual([]);
      const found = tree.items.flatMap((item) => {
        if (item.kind === "Definition") return [`${item.sort} ${item.name.text}`];
        if (item.kind === "Let" || item.kind === "Table") return [`let ${item.name.text}`];
        return [];
      });
      expect(entry.names, file).toEqual(found);
    }
  });

  test("docs/language.md lists the words of the grammar", () => {
    const text = read("docs/language.md");
    const listed = (label: string): string[] => {
      const line = text.split("\n").find((candidate) => candidate.startsWith(`${label}: `)) ?? "";
      return [...line.matchAll(/`([a-z]+)`/g)].map((match) => match[1] ?? "").sort();
    };
    expect(listed("Reserved words")).toEqual([...reservedWords].sort());
    expect(listed("Statement words")).toEqual([...statementWords].sort());
    expect(listed("Inner words")).toEqual([...innerWords].sort());
  });
});
