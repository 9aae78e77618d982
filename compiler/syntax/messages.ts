// Owns: the sentence for a parser error. The parser gives a key (what was expected), the rule and the tokens around;
// what the author most likely meant decides the message. Never a list of tokens.

import { EOF, type IRecognitionException, type IToken } from "chevrotain";
import { isInfix, isOperandEnd, meaning } from "../../grammar/lines.js";
import * as t from "../../grammar/tokens.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { diagnostic } from "../diagnostics/report.js";
import type { SourceFile } from "../source/file.js";
import type { Span } from "../source/span.js";
import { closest } from "../diagnostics/closest.js";
import { forms } from "./forms.js";
import { edit, ends, type Place, quote, reserved, type Sentence, spanOf, valueKeys } from "./place.js";
import { byKey, juxtaposition } from "./sentences.js";

export interface SyntaxError {
  readonly error: IRecognitionException;
  /** Arranged tokens, the place of the error among them, and the first token of its statement. */
  readonly tokens: readonly IToken[];
  readonly at: number;
  readonly first: number;
}

/** The last operator that stands at the end of its line. */
const danglingOperator = (file: SourceFile, statement: readonly IToken[]): IToken | undefined =>
  statement.findLast((token, i) => {
    const next = statement[i + 1];
    if (next === undefined || !isInfix(token)) return false;
    return file.text.slice(token.startOffset + token.image.length, next.startOffset).includes("\n");
  });

/** How a statement that begins with `head` is written, inside a definition or outside. */
const formOf = (head: string, inside: boolean): string | undefined =>
  (inside ? forms.inside.get(head) : undefined) ?? forms.of.get(head);

/** The diagnostic for one parser error. */
export function syntaxDiagnostic(file: SourceFile, { error, tokens, at, first }: SyntaxError): Diagnostic {
  const token = tokens[at];
  const stack = error.context.ruleStack;
  const head = tokens[first]?.image ?? "";
  const place: Place = {
    file,
    key: error.message,
    rule: stack[stack.length - 1] ?? "file",
    at: token,
    before: at > 0 ? tokens[at - 1] : undefined,
    next: tokens[at + 1],
    first: tokens[first],
    second: tokens[first + 1],
    type: meaning(token) ?? EOF,
    dangling: danglingOperator(file, tokens.slice(first, at)),
    form: formOf(head, stack.includes("block")),
  };
  const { message, label, help, fix, where } = sentence(place);
  const here =
    typeof where === "object" ? where : where === "after" || ends.has(place.type) ? endOf(place) : own(place);
  return diagnostic("D0101", message, { at: here, ...(label === undefined ? {} : { label }), help, fix });
}

const own = ({ file, at }: Place): Span =>
  at ? spanOf(file, at) : file.span(file.text.length, file.text.length);

function endOf({ file, before, at }: Place): Span {
  const end = before ? before.startOffset + before.image.length : (at?.startOffset ?? file.text.length);
  return file.span(end, end);
}

/** The first rule of messages that applies. */
function sentence(place: Place): Sentence {
  return (
    reservedAsName(place) ??
    assignment(place) ??
    unknownStatement(place) ??
    byKey(place) ??
    juxtaposition(place) ?? { message: `${quote(place.at)} cannot stand here` }
  );
}

function reservedAsName({ key, at, rule, next }: Place): Sentence | undefined {
  if (!at || !reserved.has(at.image)) return undefined;
  const isValue = valueKeys.has(key) || key === "missing:RParen" || key === "missing:RBracket";
  if (at.tokenType === t.Not && isValue)
    return {
      message: "`not` binds weaker than what stands before it",
      help: "put parentheses around `not ...`",
    };
  const isWord = next?.tokenType === t.Name || next?.tokenType === t.NumberToken;
  if (key === "missing:Name" || (isValue && rule !== "family" && !isWord && at.tokenType !== t.Else))
    return {
      message: `\`${at.image}\` is a reserved word and cannot be a name`,
      help: "choose another name",
    };
  if (at.tokenType === t.Else && (rule === "block" || rule === "file"))
    return {
      message: "this `else` has no `when` or `if` before it",
      help: "it follows the `}` of a `when` or `if`",
    };
  return undefined;
}

/** Equality, assignment and argument signs taken for each other. */
function assignment({
  file,
  key,
  rule,
  at,
  before,
  next,
  first,
  type,
  dangling,
}: Place): Sentence | undefined {
  if (!at) return undefined;
  const here = spanOf(file, at);
  if (type === t.EqEq && (key === "nothing:equation" || key === "missing:Eq"))
    return {
      message: "`==` compares; an equation is written with one `=`",
      fix: edit("write `=`", here, "="),
    };
  if (type === t.ColonEq && (key === "missing:Eq" || key === "nothing:define"))
    return {
      message: "`:=` replaces a value that exists; a definition is written with `=`",
      fix: edit("write `=`", here, "="),
    };
  if (key === "nothing:equation" && next) {
    const both = file.span(here.start, next.startOffset + next.image.length);
    if (type === t.Lt && next.tokenType === t.Minus)
      return {
        message: "a value is replaced by `:=`, not by `<-`",
        where: both,
        fix: edit("write `:=`", both, ":="),
      };
    if ((type === t.Plus || type === t.Minus) && next.tokenType === t.Eq) {
      const target = before?.image ?? "a";
      const help = `write the whole right side, for example \`${target} := ${target} ${at.image} ...\``;
      return { message: `there is no \`${at.image}=\``, where: both, help };
    }
  }
  if (type === t.Arrow && key === "nothing:equation")
    return {
      message: "`->` goes from a point to a point and stands only in arguments",
      help: "an equation is written with `=`",
    };
  if (type !== t.Eq && type !== t.ColonEq) return undefined;
  if (rule === "args")
    return {
      message: "an argument is named with `:`",
      fix: edit("write `:`", here, ":"),
      help: `write \`${before?.image ?? "name"}: ...\``,
    };
  const condition = first && [t.When, t.If, t.words.accept, t.words.requires].includes(first.tokenType);
  if (condition || (first && first.tokenType === t.words.holds))
    return { message: "a comparison is written `==`", fix: edit("write `==`", here, "==") };
  if (rule === "index" || (rule === "primary" && isOperandEnd(before)))
    return {
      message: `\`${at.image}\` cannot stand inside an expression`,
      help: "a comparison is written `==`",
    };
  if ((rule === "block" || rule === "file") && dangling)
    return {
      message: `a value is missing after ${quote(dangling)}`,
      where: spanOf(file, dangling),
      help: `a line that ends with an operator goes on in the next line`,
    };
  if (rule === "block" || rule === "file")
    return {
      message: "a statement has one `=`",
      help: "write a second equation on the next line; a comparison is written `==`",
    };
  return undefined;
}

/** A line that begins with a name but is no equation: most often a misspelled word. */
function unknownStatement(place: Place): Sentence | undefined {
  const { key, rule, at, before, first, second, file, type } = place;
  const atFile = key === "missing:EOF";
  if (atFile && at && first !== at) return undefined;
  if (!first || first.tokenType !== t.Name) return undefined;
  if (!atFile && !(key === "nothing:equation" && before === first)) return undefined;
  const startsLike = atFile
    ? [...t.sortWords, "expect", "table", "use", "let"]
    : [...t.statementWords, "let", "when", "if", "for"];
  const follows = second?.tokenType;
  if (follows === t.Name || follows === t.NumberToken || follows === t.StringToken || follows === t.LBrace) {
    const meant = closest(first.image, startsLike);
    const span = spanOf(file, first);
    const fix = meant === undefined ? undefined : edit(`write \`${meant}\``, span, meant, "unsafe");
    const help = meant === undefined ? undefined : `did you mean \`${meant}\`?`;
    const message = atFile
      ? `\`${first.image}\` does not begin a definition`
      : `\`${first.image}\` is not a statement`;
    if (meant !== undefined) return { message, help, fix, where: span };
    if (!atFile) return { message, where: span, help: forms.line };
    if (follows !== t.NumberToken) return { message, where: span, help: forms.file };
  }
  if (atFile)
    return {
      message: "this statement stands outside of any definition",
      help: forms.file,
      where: spanOf(file, first),
    };
  if (ends.has(type) && rule === "equation")
    return {
      message: `${quote(first)} alone is not a statement`,
      help: forms.line,
      where: spanOf(file, first),
    };
  return undefined;
}
