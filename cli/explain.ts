// Owns: `dsamp explain`: the page of a code, the list of all codes, or (explainSpec.ts) a spec as mathematics. Pages lie
// beside the registry of codes.

import { readFile } from "node:fs/promises";
import { codes, isCode } from "../compiler/diagnostics/codes.js";
import { fail } from "../compiler/diagnostics/report.js";
import { didYouMean } from "../compiler/resolve/suggest.js";
import { exit } from "./exit.js";
import type { Io } from "./io.js";
import { explainSpec, type ExplainFlags } from "./explainSpec.js";
import { printJson } from "./print.js";

const pageOf = (code: string): URL => new URL(`../compiler/diagnostics/explain/${code}.md`, import.meta.url);

/** A code is a word; a spec has an ending, a folder, or comes from standard input. */
const namesFile = (text: string): boolean => text === "-" || /[./\\\\]/.test(text);

export async function explain(text: string | undefined, flags: ExplainFlags, io: Io): Promise<number> {
  if (flags.solver !== undefined || (text !== undefined && namesFile(text)))
    return explainSpec(text, flags, io);
  if (text === undefined) {
    const list = Object.entries(codes).map(([code, info]) => ({ code, ...info }));
    if (flags.json === true) printJson(io, { ok: true, codes: list });
    else
      io.stdout.write(
        `${list.map(({ code, severity, title }) => `${code}  ${severity.padEnd(7)}  ${title}`).join("\n")}\n`,
      );
    return exit.ok;
  }
  const code = text.toUpperCase();
  if (!isCode(code))
    return fail("D0706", `there is no code \`${text}\``, {
      help:
        didYouMean(code, Object.keys(codes)) ??
        "`dsamp explain` lists all codes; `dsamp explain FILE` explains the samplers of a spec",
    });
  const page = await readFile(pageOf(code), "utf8");
  if (flags.json === true) printJson(io, { ok: true, code, ...codes[code], page });
  else io.stdout.write(page);
  return exit.ok;
}
