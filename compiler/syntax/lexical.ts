// Owns: what is said about single tokens and characters: unreadable ones, numbers, strings and comments in forms of
// other languages, and operators by their foreign spelling.

import type { IToken } from "chevrotain";
import type { LexResult } from "../../grammar/lexer.js";
import { aliases, BadNumber, BadString } from "../../grammar/tokens.js";
import type { Diagnostic, Fix } from "../diagnostics/diagnostic.js";
import { diagnostic } from "../diagnostics/report.js";
import type { SourceFile } from "../source/file.js";
import type { Span } from "../source/span.js";

/** A finding and whether the parser saw what was meant, so that other mistakes of the line are worth showing. */
export interface LexicalFinding {
  readonly diagnostic: Diagnostic;
  readonly repaired: boolean;
}

const characterHelp: Readonly<Record<string, string>> = {
  "%": "a remainder is written `mod(a, b)`",
  "&": "write `and`",
  "\\": "a line goes on by itself after an operator, a comma or an open bracket",
  "²": "write `^2`",
  "³": "write `^3`",
  "√": "write `sqrt(...)`",
  "∞": "there is no infinite number; `clean` names the data end of a path",
  "?": "a value is chosen by `where(condition, a, b)`",
  "`": "strings stand in double quotes",
};

export function lexicalFindings(file: SourceFile, lexed: LexResult): readonly LexicalFinding[] {
  const found: LexicalFinding[] = [];
  for (const { offset, length } of lexed.errors)
    found.push({ diagnostic: unreadable(file, file.span(offset, offset + length)), repaired: false });
  for (const token of lexed.badComments) found.push({ diagnostic: badComment(file, token), repaired: true });
  for (const token of lexed.tokens) {
    if (token.tokenType === BadNumber) found.push({ diagnostic: badNumber(file, token), repaired: true });
    else if (token.tokenType === BadString)
      found.push({ diagnostic: badString(file, token), repaired: false });
    else if (aliases.has(token.tokenType)) found.push({ diagnostic: alias(file, token), repaired: true });
  }
  return found;
}

const spanOf = (file: SourceFile, token: IToken): Span =>
  file.span(token.startOffset, token.startOffset + token.image.length);

const replace = (title: string, span: Span, text: string): Fix => ({
  title,
  edits: [{ span, text }],
  applicability: "safe",
});

function unreadable(file: SourceFile, span: Span): Diagnostic {
  const text = file.text.slice(span.start, span.end);
  const point = text.codePointAt(0) ?? 0;
  const name = `U+${point.toString(16).toUpperCase().padStart(4, "0")}`;
  if (/^\s|^\u200b/u.test(text)) {
    const help = "replace it by an ordinary space";
    return diagnostic("D0102", `this is not an ordinary space but the character ${name}`, { at: span, help });
  }
  const visible = /^[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(text);
  const character = visible ? `\`${String.fromCodePoint(point)}\`` : name;
  const message = `the character ${character} is not part of the language`;
  const letter = /^\p{L}/u.test(text);
  const help = letter
    ? "names are made of the letters a to z, Greek letters, digits and `_`"
    : characterHelp[text[0] ?? ""];
  return diagnostic("D0102", message, { at: span, help });
}

function badComment(file: SourceFile, token: IToken): Diagnostic {
  const hash = token.image.startsWith("#");
  const at = file.span(token.startOffset, token.startOffset + (hash ? 1 : 2));
  const message = hash
    ? "comments begin with `//`, not with `#`"
    : "comments begin with `//`; there is no `/* ... */`";
  const fix = hash ? replace("write `//`", at, "//") : lineComments(file, token);
  return diagnostic("D0101", message, { at, fix });
}

/** `/* ... *\/` line by line, where nothing follows it on its last line. */
function lineComments(file: SourceFile, token: IToken): Fix | undefined {
  const span = spanOf(file, token);
  const lineEnd = file.text.indexOf("\n", span.end);
  if (file.text.slice(span.end, lineEnd < 0 ? file.text.length : lineEnd).trim() !== "") return undefined;
  const lines = token.image.replace(/^\/\*+|\*+\/$/g, "").split("\n");
  // The stars down the side, and the lines that hold only a delimiter, are no part of the text.
  const kept = lines.map((line) => line.replace(/^\s*\*(?= )/, "").trim());
  while (kept.length > 1 && kept[kept.length - 1] === "") kept.pop();
  while (kept.length > 1 && kept[0] === "") kept.shift();
  const indent = " ".repeat(file.position(span.start).column);
  const text = kept.map((line) => `// ${line}`.trimEnd()).join(`\n${indent}`);
  return replace("write `//`", span, text);
}

/** The number a form without leading or trailing digit means. */
export const properNumber = (image: string): string =>
  image.startsWith(".") ? `0${image}` : image.replace(/\.(?!\d)/, "");

function badNumber(file: SourceFile, token: IToken): Diagnostic {
  const at = spanOf(file, token);
  const text = properNumber(token.image);
  const message = token.image.startsWith(".")
    ? "a number begins with a digit, not with a dot"
    : "a number has digits after its dot, or no dot";
  return diagnostic("D0101", message, {
    at,

    fix: replace(`write \`${text}\``, at, text),
  });
}

function badString(file: SourceFile, token: IToken): Diagnostic {
  const at = spanOf(file, token);
  if (/[“”]/.test(token.image)) {
    const text = `"${token.image.replace(/^["“”]|["“”]$/g, "")}"`;
    const fix = replace("use straight quotes", at, text);
    return diagnostic("D0101", 'strings stand in straight quotes `"`', { at, fix });
  }
  const opener = file.span(at.start, at.start + 1);
  const help = "a string ends on its line and has no escapes";
  return diagnostic("D0101", "this string has no closing quote", { at: opener, help });
}

function alias(file: SourceFile, token: IToken): Diagnostic {
  const at = spanOf(file, token);
  const proper = aliases.get(token.tokenType)?.PATTERN;
  const text = typeof proper === "string" ? proper : token.image;
  const word = /^[a-z]/.test(text);
  const before = word && /\S/.test(file.text[at.start - 1] ?? " ") ? " " : "";
  const after = word && /\S/.test(file.text[at.end] ?? " ") ? " " : "";
  const what =
    token.image === "**"
      ? "powers are written `^`, not `**`"
      : `\`${token.image}\` is written \`${text}\` here`;
  return diagnostic("D0101", what, { at, fix: replace(`write \`${text}\``, at, `${before}${text}${after}`) });
}
