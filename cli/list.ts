// Owns: `dsamp list`: the library, one line a definition; `dsamp show`: the text of one, and what is certified of it.

import pc from "picocolors";
import { checkClaims } from "../compiler/certify/claims.js";
import { describeOrder } from "../compiler/certify/describe.js";
import { fail, Diagnostics } from "../compiler/diagnostics/report.js";
import { memoryHost } from "../compiler/host.js";
import { libraryEntries, type LibraryEntry } from "../compiler/resolve/documentation.js";
import { Program } from "../compiler/resolve/module.js";
import { didYouMean } from "../compiler/resolve/suggest.js";
import { library } from "../stdlib/index.js";
import { exit } from "./exit.js";
import { wantsColor, type Io } from "./io.js";
import { printJson } from "./print.js";
import { oneOf, wrongUse } from "./usage.js";

export interface ListFlags {
  readonly kind?: string;
  readonly json?: boolean;
}

const kinds = ["solver", "grid", "schedule", "guidance", "parameterization"] as const;
const heads: Readonly<Record<string, string>> = {
  solver: "Solvers",
  grid: "Grids",
  schedule: "Schedules",
  guidance: "Guidance",
  parameterization: "Parameterizations",
};

const documentOf = ({ kind, name, file, doc }: LibraryEntry): object => ({
  kind,
  name,
  file,
  description: doc.text,
  source: doc.source ?? null,
  elsewhere: doc.elsewhere ?? null,
});

/** Up to the first full stop that ends a sentence. */
const firstSentence = (text: string): string => /^.*?[^.\s]\.(?=\s|$)/.exec(`${text}.`)?.[0] ?? text;

const matches = ({ name, doc }: LibraryEntry, words: readonly string[]): boolean => {
  const text = [name, doc.text, doc.elsewhere ?? ""].join("\n").toLowerCase();
  return words.every((word) => text.includes(word.toLowerCase()));
};

/** Columns of a terminal that does not say how many it has. */
const usualColumns = 100;

/** A line of at most `room` characters, shortened between words. */
function shortened(line: string, room: number): string {
  if (line.length <= room) return line;
  const cut = line.slice(0, Math.max(0, room - 3));
  return `${cut.slice(0, Math.max(cut.lastIndexOf(" "), 0)) || cut}...`;
}

/** Lists the library; all of the words are looked for in names, descriptions and other tools' names. */
export function list(words: readonly string[], flags: ListFlags, io: Io): number {
  const kind = flags.kind === undefined ? undefined : oneOf("--kind", flags.kind, kinds);
  const found = libraryEntries().filter(
    (entry) => (kind === undefined || entry.kind === kind) && matches(entry, words),
  );
  if (flags.json === true) {
    printJson(io, { ok: true, library: found.map(documentOf) });
    return exit.ok;
  }
  if (found.length === 0)
    return wrongUse(
      `nothing in the library is called or described as \`${words.join(" ")}\``,
      "`dsamp list` shows all of it",
    );
  const colours = pc.createColors(wantsColor(io.stdout, io.env));
  const width = Math.max(...found.map((entry) => entry.name.length));
  // A terminal shows one line each; what reads a pipe gets all of it.
  const columns = io.stdout.isTTY === true ? (io.stdout.columns ?? usualColumns) : Infinity;
  const room = columns - width - 4;
  for (const [i, group] of kinds.entries()) {
    const members = found.filter((entry) => entry.kind === group);
    if (members.length === 0) continue;
    io.stdout.write(
      `${i > 0 && found[0]?.kind !== group ? "\n" : ""}${colours.bold(heads[group] ?? group)}\n`,
    );
    for (const { name, doc } of [...members].sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const line = shortened(firstSentence(doc.text), room);
      io.stdout.write(`  ${colours.cyan(name.padEnd(width))}  ${line}\n`);
    }
  }
  return exit.ok;
}

/** Prints a definition of the library, its text as it is read by the compiler. Throws D0706. */
export function show(name: string, flags: ListFlags, io: Io): number {
  const kind = flags.kind === undefined ? undefined : oneOf("--kind", flags.kind, kinds);
  const all = libraryEntries();
  const found = all.filter((entry) => entry.name === name && (kind === undefined || entry.kind === kind));
  const names = [...new Set(all.map((entry) => entry.name))];
  if (found.length === 0)
    wrongUse(
      `the library has no ${kind ?? "definition"} \`${name}\``,
      didYouMean(name, names) ?? "`dsamp list` shows what it has",
    );
  const entries = found.map((entry) => ({
    entry,
    text: library[entry.file]?.text ?? fail("D0601", `${entry.file} cannot be read`),
    lines: certificateLines(entry),
  }));
  if (flags.json === true) {
    printJson(io, {
      ok: true,
      definitions: entries.map(({ entry, text, lines }) => ({
        ...documentOf(entry),
        text,
        certified: lines,
      })),
    });
    return exit.ok;
  }
  const good = pc.createColors(wantsColor(io.stdout, io.env));
  entries.forEach(({ entry, text, lines }, i) => {
    io.stdout.write(`${i > 0 ? "\n" : ""}${good.dim(`// ${entry.file}`)}\n${text.trimEnd()}\n`);
    for (const line of lines) io.stdout.write(`${good.green("ok")}  ${line}\n`);
  });
  return exit.ok;
}

/** What `dsamp check` would say of a solver of the library. */
function certificateLines(entry: LibraryEntry): readonly string[] {
  if (entry.kind !== "solver") return [];
  const program = new Program(memoryHost({}), new Diagnostics());
  const module = program.load(entry.file);
  if (!module) return [];
  return checkClaims(module, program)
    .solvers.filter((report) => report.name === entry.name)
    .map(describeOrder);
}
