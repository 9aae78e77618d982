// Owns: the ```dsamp blocks of a Markdown page and what each promises. The words after `dsamp` on the fence line say
// what a test expects of the block.

import { readFileSync } from "node:fs";
import { compile, memoryHost, renderText, type Compilation } from "../../compiler/index.js";
import { SourceFile } from "../../compiler/source/file.js";
import { parse } from "../../compiler/syntax/parse.js";

export interface DocBlock {
  /** Line of the opening fence, from 1. */
  readonly line: number;
  /** Words after `dsamp`. */
  readonly words: readonly string[];
  readonly text: string;
}

const page = (name: string): string => readFileSync(new URL(`../../docs/${name}`, import.meta.url), "utf8");

export function blocksOf(name: string): DocBlock[] {
  const text = page(name);
  return [...text.matchAll(/^```dsamp(.*)\n([\s\S]*?)^```$/gm)].map((match) => ({
    line: text.slice(0, match.index).split("\n").length,
    words: (match[1] ?? "").trim().split(/\s+/).filter(Boolean),
    text: match[2] ?? "",
  }));
}

const file = "page.dsamp";

/** What a sampler needs besides the definition that is tried, by kind of definition. */
const parts = {
  schedule: "schedule vp_linear",
  model: "model predicts eps",
  grid: "grid log_snr",
  solver: "solver ddim",
};

/** A sampler that uses one definition of a block that has none, all its parameters at their defaults. */
function trial(sort: string, name: string): string {
  const used = {
    ...parts,
    ...(sort === "parameterization" ? { model: `model predicts ${name}` } : {}),
    ...(sort in parts ? { [sort]: `${sort} ${name}` } : {}),
  };
  const guidance = sort === "guidance" ? `  guidance ${name}\n` : "";
  return `\nsampler page_trial {\n  ${used.schedule}\n  ${used.model}\n${guidance}  ${used.grid}\n  steps 6\n  ${used.solver}\n}\n`;
}

/** Compiles every sampler of the text, or one sampler made for every definition that has no sampler. */
export function compileAll(text: string, files: Readonly<Record<string, string>>): Compilation[] {
  const { tree } = parse(new SourceFile(file, text));
  const definitions = tree.items.flatMap((item) => (item.kind === "Definition" ? [item] : []));
  const host = memoryHost({ ...files, [file]: text });
  const samplers = definitions.filter((item) => item.sort === "sampler");
  if (samplers.length > 0) return samplers.map((item) => compile({ host, file, sampler: item.name.text }));
  const usable = definitions.filter((item) => (item.params ?? []).every((param) => param.default));
  if (usable.length === 0) throw new Error("this block defines nothing that can be tried");
  return usable.map((item) =>
    compile({
      host,
      file,
      text: `${text}${trial(item.sort, item.name.text)}`,
      sampler: "page_trial",
    }),
  );
}

/** Everything found, as a user would read it. */
export function found(compilations: readonly Compilation[]): { codes: string[]; text: string } {
  const all = compilations.flatMap(({ diagnostics, source }) =>
    diagnostics.map((item) => ({
      code: item.code as string,
      severity: item.severity,
      text: renderText([item], source, { color: false }),
    })),
  );
  return {
    codes: [...new Set(all.filter(({ severity }) => severity !== "note").map(({ code }) => code))].sort(),
    text: all.map(({ text }) => text).join("\n"),
  };
}
