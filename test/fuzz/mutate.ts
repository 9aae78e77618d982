// Owns: broken and changed texts, made from good ones. `rough` changes leave texts that hardly parse; `gentle` ones
// keep the form, so that what comes after the parser meets them.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { innerWords, reservedWords, sortWords, statementWords } from "../../grammar/tokens.js";
import type { Random } from "./random.js";

/** Inputs are cut to this many UTF-16 code units. */
export const longest = 64 * 1024;

const folders = ["stdlib", "examples", "test/specs"];

/** Texts that are known to be good, by file. */
export const readSeeds = (repository: string): readonly string[] =>
  folders.flatMap((folder) =>
    readdirSync(join(repository, folder), { recursive: true, encoding: "utf8" })
      .filter((file) => file.endsWith(".dsamp"))
      .sort()
      .map((file) => readFileSync(join(repository, folder, file), "utf8")),
  );

type Mutation = (text: string, random: Random, seeds: readonly string[]) => string;

const token =
  /\/\/[^\n]*|"[^"\n]*"?|[\p{L}_][\p{L}\p{N}_]*|[0-9][0-9.]*(?:e-?[0-9]+)?|\s+|:=|->|\.\.|[=<>!]=|[^]/gu;
const split = (text: string): string[] => text.match(token) ?? [];
const isSolid = (piece: string): boolean => piece.trim() !== "";
const isName = (piece: string): boolean => /^[\p{L}_]/u.test(piece);
const isNumber = (piece: string): boolean => /^[0-9]/.test(piece);

const words: readonly string[] = [...reservedWords, ...statementWords, ...sortWords, ...innerWords];
const operators = [
  ...["+", "-", "*", "/", "^", "=", ":=", "->", "..", "<", "<=", "==", "!=", "'", ".", ",", ":", ";", "|"],
  ...["\n", "not", "and", "or", "in"],
];
const brackets = ["(", ")", "[", "]", "{", "}"];
const numbers = [
  ...[
    "0",
    "1",
    "2",
    "-1",
    "1/2",
    "1/3",
    "0.1",
    "1e-3",
    "1e308",
    "1e400",
    "1e-400",
    "1e99999999",
    "007",
    "1.",
  ],
  ...["99999999999999999999", "0.1234567890123456789012345678901234567890", "infinity"],
  ...["(1/0)", "(0/0)", "log(0)", "sqrt(-1)", "(-1)^(1/2)", "0^0", "2^10000", "exp(1000)", "pi"],
];
const names = [
  ...["s", "t", "s-1", "start", "end", "first", "last", "i", "k", "steps", "eps", "x0", "x", "v", "alpha"],
  ...["sigma", "lambda", "rho", "time", "jump", "renoise", "integrate", "sum", "lerp", "norm", "min", "ddim"],
  ...["flow", "edm", "vp_linear", "log_snr", "karras", "heun", "dpmpp_2m", "clean", "up", "length", "order"],
];
const odd = [
  ...["σ", "λ", "ε", "x₀", "αβγ", "é", "e\u0301", "\u202e", "😀", "\0", "\ufeff", "\u2028", "\u2029", "\r"],
  ...["\u00a0", "\u200b", "\ud800", "\udc00", "\ufffd", "\t", "\f", "\v", "\\", "“", "−", "×", "…", "ſ", "İ"],
];

/** Replaces one of the pieces that `fits`, if there is any. */
function replaceOne(
  text: string,
  random: Random,
  fits: (piece: string) => boolean,
  by: (piece: string) => string,
): string {
  const pieces = split(text);
  const places = pieces.flatMap((piece, i) => (fits(piece) ? [i] : []));
  if (places.length === 0) return text;
  const at = random.pick(places);
  pieces[at] = by(pieces[at] as string);
  return pieces.join("");
}

const overLines =
  (change: (lines: string[], random: Random) => void): Mutation =>
  (text, random) => {
    const lines = text.split("\n");
    change(lines, random);
    return lines.join("\n");
  };

const insertAt = (text: string, at: number, piece: string): string =>
  text.slice(0, at) + piece + text.slice(at);

/** A stretch of a text, by pieces. */
function stretch(text: string, random: Random, most: number): string {
  const pieces = split(text);
  const from = random.below(pieces.length);
  return pieces.slice(from, from + 1 + random.below(most)).join("");
}

const gentle: Readonly<Record<string, Mutation>> = {
  "another number": (text, random) => replaceOne(text, random, isNumber, () => random.pick(numbers)),
  "another name": (text, random) => {
    const known = split(text).filter(isName);
    return replaceOne(text, random, isName, () => random.pick(random.chance(0.6) ? known : names));
  },
  "another operator": (text, random) =>
    replaceOne(
      text,
      random,
      (piece) => operators.includes(piece),
      () => random.pick(operators),
    ),
  "a line away": overLines((lines, random) => lines.splice(random.below(lines.length), 1)),
  "a line twice": overLines((lines, random) => {
    const at = random.below(lines.length);
    lines.splice(at, 0, lines[at] as string);
  }),
  "a line elsewhere": overLines((lines, random) => {
    const [line = ""] = lines.splice(random.below(lines.length), 1);
    lines.splice(random.below(lines.length + 1), 0, line);
  }),
  "a line of another file": (text, random, seeds) => {
    const lines = text.split("\n");
    lines.splice(random.below(lines.length + 1), 0, random.pick(random.pick(seeds).split("\n")));
    return lines.join("\n");
  },
  "an operand in brackets": (text, random) =>
    replaceOne(
      text,
      random,
      (piece) => isName(piece) || isNumber(piece),
      (piece) => `(${piece})`,
    ),
  "a part of a sum": (text, random) =>
    replaceOne(
      text,
      random,
      isName,
      (piece) => `${piece} ${random.pick(["+", "-", "*", "/", "^"])} ${random.pick(names)}`,
    ),
  "a use": (text, random) =>
    `use ${random.pick(['"b.dsamp"', '"a.dsamp"', '"../x.dsamp"', '""', "std.grids", "std.nothing", '"b.dsamp" { down }'])}\n${text}`,
};

const rough: Readonly<Record<string, Mutation>> = {
  "a token away": (text, random) => replaceOne(text, random, isSolid, () => ""),
  "a token twice": (text, random) => replaceOne(text, random, isSolid, (piece) => `${piece} ${piece}`),
  "two tokens swapped": (text, random) => {
    const pieces = split(text);
    const places = pieces.flatMap((piece, i) => (isSolid(piece) ? [i] : []));
    if (places.length < 2) return text;
    const [a, b] = [random.pick(places), random.pick(places)];
    [pieces[a], pieces[b]] = [pieces[b] as string, pieces[a] as string];
    return pieces.join("");
  },
  "a keyword more": (text, random) =>
    replaceOne(
      text,
      random,
      () => true,
      (piece) => `${piece} ${random.pick(words)} `,
    ),
  "a token more": (text, random) =>
    replaceOne(
      text,
      random,
      () => true,
      (piece) => piece + random.pick([...operators, ...numbers, ...names]),
    ),
  "a flipped bit": (text, random) => {
    const bytes = new TextEncoder().encode(text);
    const at = random.below(bytes.length);
    bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8));
    return new TextDecoder().decode(bytes);
  },
  "a cut end": (text, random) => text.slice(0, random.below(text.length + 1)),
  "a cut beginning": (text, random) => text.slice(random.below(text.length + 1)),
  "lines joined": (text, random) =>
    replaceOne(
      text,
      random,
      (piece) => piece.includes("\n"),
      () => " ",
    ),
  "a bracket more": (text, random) => insertAt(text, random.below(text.length + 1), random.pick(brackets)),
  "a bracket away": (text, random) =>
    replaceOne(
      text,
      random,
      (piece) => brackets.includes(piece),
      () => "",
    ),
  "another bracket": (text, random) =>
    replaceOne(
      text,
      random,
      (piece) => brackets.includes(piece),
      () => random.pick(brackets),
    ),
  "bracket noise": (text, random) => {
    const noise = Array.from({ length: 1 + random.small(300) }, () => random.pick(brackets));
    return insertAt(text, random.below(text.length + 1), noise.join(random.pick(["", " ", "\n"])));
  },
  "an odd character": (text, random) => insertAt(text, random.below(text.length + 1), random.pick(odd)),
  "many odd characters": (text, random) =>
    insertAt(text, random.below(text.length + 1), random.pick(odd).repeat(1 + random.small(400))),
  "a comment": (text, random) =>
    insertAt(
      text,
      random.below(text.length + 1),
      random.pick(["// c\n", "/// d\n", "//", "////\n", "/* c */", "# c\n"]),
    ),
  "a quote": (text, random) =>
    insertAt(text, random.below(text.length + 1), random.pick(['"', "'", "`", '"""'])),
  "a stretch repeated": (text, random) => {
    const piece = stretch(text, random, 12);
    return insertAt(text, random.below(text.length + 1), piece.repeat(1 + random.small(400)));
  },
  "an operand nested": (text, random) => {
    const [open, close] = random.pick([
      ...[
        ["(", ")"],
        ["[", "]"],
        ["-", ""],
        ["not ", ""],
        ["sum(", ", k in 0 .. 2)"],
        ["{", "}"],
        ["2^", ""],
      ],
      ...[
        ["x[", "]"],
        ["ddim(", ")"],
        ["1+", ""],
        ["a.", ""],
        ["", "'"],
        ["", "+1"],
        ["", "[0]"],
        ["f(x: ", ")"],
      ],
    ]) as [string, string];
    const times = 1 + random.small(1200);
    return replaceOne(text, random, isSolid, (piece) => open.repeat(times) + piece + close.repeat(times));
  },
  "blocks nested": (text, random) => {
    const head = random.pick([
      "when first {",
      "step {",
      "repeat 2 {",
      "for i in 0 .. 2 {",
      "if first {",
      "else {",
    ]);
    const times = 1 + random.small(300);
    return insertAt(text, random.below(text.length + 1), `\n${head}\n`.repeat(times) + "}\n".repeat(times));
  },
  "a stretch of another file": (text, random, seeds) =>
    insertAt(text, random.below(text.length + 1), stretch(random.pick(seeds), random, 40)),
  "two files": (text, random, seeds) => `${text}\n${random.pick(seeds)}`,
  "many files": (text, random, seeds) =>
    text +
    Array.from({ length: random.chance(0.1) ? random.small(100) : 2 }, () => random.pick(seeds)).join("\n"),
};

/** Texts of 16,000 to 65,536 characters, as different as a person's long file and a generated one. */
const long: Readonly<
  Record<string, (text: string, length: number, random: Random, seeds: readonly string[]) => string>
> = {
  "files to a long one": (text, length, random, seeds) => {
    const parts = [text];
    for (let size = text.length; size < length; size += (parts[parts.length - 1] as string).length)
      parts.push(random.pick(seeds));
    return parts.join("\n");
  },
  "a line over and over": (text, length, random) => {
    const lines = text.split("\n");
    const at = random.below(lines.length);
    const line = `${lines[at]}\n`;
    lines.splice(at, 0, line.repeat(Math.ceil(length / line.length)));
    return lines.join("\n");
  },
  "a line with ever other names": (text, length, random) => {
    const lines = text.split("\n");
    const at = random.below(lines.length);
    const pieces = split(lines[at] as string);
    const numbered = (i: number): string =>
      pieces.map((piece) => (isName(piece) && !words.includes(piece) ? `${piece}${i}` : piece)).join("");
    const copies: string[] = [];
    for (let size = 0; size < length; size += (copies[copies.length - 1] as string).length + 1)
      copies.push(numbered(copies.length));
    lines.splice(at, 0, ...copies);
    return lines.join("\n");
  },
};
const longShare = 0.004;

const shorten = [
  "a part",
  (text: string, random: Random) => {
    const from = random.below(text.length);
    return text.slice(from, from + 2000);
  },
] as const;

export interface Mutant {
  readonly text: string;
  /** What was done, in order. */
  readonly changes: readonly string[];
}

/** A changed text. `gently` leaves most texts readable. */
export function mutate(random: Random, seeds: readonly string[], gently: boolean): Mutant {
  let text = random.pick(seeds);
  const changes: string[] = [];
  const count = gently ? 1 + random.small(3) : 1 + random.small(8);
  if (!gently && random.chance(longShare)) {
    const [name, change] = random.pick(Object.entries(long));
    text = change(text, 16_000 + random.below(longest - 16_000), random, seeds).slice(0, longest);
    changes.push(name);
    if (random.chance(0.5)) return { text, changes };
  }
  const known = Object.entries(gently ? gentle : { ...gentle, ...rough });
  for (let i = 0; i < count; i += 1) {
    // Long texts take most of the time and find least: only a few are made.
    const cut = text.length > 3000 && changes.length === i && random.chance(0.9);
    const [name, change] = cut ? shorten : random.pick(known);
    text = change(text, random, seeds).slice(0, longest);
    changes.push(name);
    if (text === "") break;
  }
  return { text, changes };
}
