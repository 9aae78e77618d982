// Owns: the sentence for a parser error. The parser gives a key (what was expected), the rule and the tokens around;
// what the author most likely meant decides the message. Never a list of tokens.

import { EOF, type IRecognitionException, type IToken, type TokenType } from "chevrotain";
import { meaning } from "../../grammar/lines.js";
import * as t from "../../grammar/tokens.js";
import type { Diagnostic, Fix } from "../diagnostics/diagnostic.js";
import { diagnostic } from "../diagnostics/report.js";
import type { SourceFile } from "../source/file.js";
import type { Span } from "../source/span.js";
import { forms } from "./forms.js";
import { closest } from "../diagnostics/closest.js";

export interface SyntaxError {
  readonly error: IRecognitionException;
  /** Arranged tokens, the place of the error among them, and the first token of its statement. */
  readonly tokens: readonly IToken[];
  readonly at: number;
  readonly first: number;
}

/** The parts of a message; `where` is the unexpected token unless said otherwise. */
interface Sentence {
  readonly message: string;
  readonly label?: string | undefined;
  readonly help?: string | undefined;
  readonly fix?: Fix | undefined;
  readonly where?: "after" | Span;
}

/** What a rule of messages may look at. */
interface Place {
  readonly file: SourceFile;
  readonly key: string;
  readonly rule: string;
  readonly at: IToken | undefined;
  readonly before: IToken | undefined;
  readonly next: IToken | undefined;
  readonly first: IToken | undefined;
  readonly second: IToken | undefined;
  readonly type: TokenType;
  /** How the statement is written. */
  readonly form: string | undefined;
}

const ends: ReadonlySet<TokenType> = new Set([t.NL, t.Semi, t.RBrace, EOF]);
const operandEnds: ReadonlySet<TokenType> = new Set([
  ...[t.Name, t.NumberToken, t.StringToken, t.BadNumber, t.BadString, t.RParen, t.RBracket, t.Prime],
]);
const operandStarts: ReadonlySet<TokenType> = new Set([
  ...[t.Name, t.NumberToken, t.StringToken, t.BadNumber, t.BadString, t.LParen, t.LBracket],
]);
/** Keys for "an expression begins here". */
const valueKeys: ReadonlySet<string> = new Set(["nothing:primary", "nothing:unary", "nothing:arg"]);
const reserved: ReadonlySet<string> = new Set(t.reservedWords);

const quote = (token: IToken | undefined): string =>
  token === undefined || token.image.trim() === "" ? "the end of the line" : `\`${token.image}\``;
const spanOf = (file: SourceFile, token: IToken): Span =>
  file.span(token.startOffset, token.startOffset + token.image.length);
const isOperandEnd = (token: IToken | undefined): boolean =>
  token !== undefined && operandEnds.has(token.tokenType);

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

const edit = (
  title: string,
  span: Span,
  text: string,
  applicability: Fix["applicability"] = "safe",
): Fix => ({
  title,
  edits: [{ span, text }],
  applicability,
});

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
function assignment({ file, key, rule, at, before, next, first, type }: Place): Sentence | undefined {
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

/** What is missing, by the parser's key and the statement it stands in. */
function byKey(place: Place): Sentence | undefined {
  const { key, rule, type, first, before, at, form } = place;
  const head = first?.image ?? "";
  switch (key) {
    case "nothing:primary":
    case "nothing:unary":
    case "nothing:arg":
      return noValue(place);
    case "missing:EOF":
      if (type === t.RBrace) return { message: "this `}` closes nothing" };
      return first === at
        ? { message: `a file holds definitions; ${quote(at)} begins none`, help: forms.file }
        : extra(place);
    case "missing:RBrace":
      return rule === "use" ? between(place, "the names in `{ }`") : extra(place);
    case "missing:LBrace":
    case "nothing:define":
      return noBlock(place);
    case "nothing:equation":
      if (ends.has(type))
        return {
          message: "this line is not complete: an equation has `=` and a right side",
          help: forms.line,
        };
      if (type === t.Comma)
        return { message: "an equation has one left side", help: "write one equation for each" };
      return (
        juxtaposition(place) ?? { message: `an equation needs \`=\` before ${quote(at)}`, help: forms.line }
      );
    case "missing:Name":
      return noName(place);
    case "missing:Eq":
      return { message: `\`${head}\` needs \`=\` and a value`, help: form, where: "after" };
    case "missing:Bar":
      return { message: "a row of a tableau has a `|` between its node and its entries", help: forms.row };
    case "missing:Colon":
      return { message: "an input needs a kind", help: form, where: "after" };
    case "missing:RParen":
    case "missing:RBracket":
      return between(
        place,
        rule === "params"
          ? "the parameters"
          : rule === "let"
            ? "the names in `( )`"
            : "the parts in brackets",
      );
    case "missing:String":
      if (at?.tokenType === t.Name)
        return { message: `${quote(at)} must stand in double quotes`, help: form };
      return {
        message: `text in double quotes is missing after \`${before?.image ?? ""}\``,
        help: form,
        where: "after",
      };
    case "nothing:use":
    case "nothing:table":
    case "nothing:clause":
      return form === undefined ? undefined : { message: `this \`${head}\` is not complete`, help: form };
    default: {
      if (!key.startsWith("missing:word_")) return undefined;
      const word = key.slice("missing:word_".length);
      if (word === "then")
        return { message: "`while` needs `then` and a solver", help: form, where: "after" };
      if (rule === "family") return { message: "`for` needs a name and `in`", help: forms.of.get("for") };
      return {
        message: `\`${head}\` needs \`${word}\``,
        help: form,
        where: before ? "after" : spanOf(place.file, at as IToken),
      };
    }
  }
}

/** An expression is needed and does not begin. */
function noValue({ before, at, type, form }: Place): Sentence {
  if (
    before &&
    (before.tokenType === t.LParen || before.tokenType === t.LBracket) &&
    [t.RParen, t.RBracket].includes(type)
  )
    return {
      message: `the brackets ${quote(before).slice(0, -1)}${at?.image ?? ""}\` are empty`,
      where: "after",
    };
  if (type === t.Plus) return { message: "a value has no sign `+`", help: "leave the `+` out" };
  if (type === t.Eq && before?.tokenType === t.Eq)
    return { message: "a value is missing between the two `=`" };
  const last = before?.image ?? "";
  if (before && before.tokenType.name.startsWith("word_") && !reserved.has(last))
    return { message: `a value is missing after \`${last}\``, help: form, where: "after" };
  return { message: `a value is missing after \`${last}\``, where: "after" };
}

function noBlock({ first, at, type, before, rule, form }: Place): Sentence {
  const head = first?.image ?? "";
  if (ends.has(type))
    return {
      message: `\`${rule === "block" ? head : (first?.image ?? "")}\` needs a block \`{ ... }\``,
      help: form,
    };
  if (isOperandEnd(before) && at && operandStarts.has(at.tokenType) && rule !== "define")
    return { message: `an operator or \`{\` is missing before ${quote(at)}`, help: form };
  return { message: `${quote(at)} cannot stand between \`${head}\` and its block`, help: form };
}

function noName({ at, before, type, form }: Place): Sentence {
  const last = before?.image ?? "";
  if (type === t.NumberToken)
    return { message: `a name is needed after \`${last}\`; names begin with a letter`, help: form };
  if (type === t.StringToken)
    return { message: `a name is needed after \`${last}\`, without quotes`, help: form };
  if (at && before?.tokenType === t.Dot) return { message: "a name is missing after `.`", where: "after" };
  return { message: `a name is missing after \`${last}\``, help: form, where: "after" };
}

/** Two parts inside brackets without a comma or operator between them. */
function between({ at, before, type, rule }: Place, what: string): Sentence {
  if (type === t.Colon)
    return {
      message: "`:` names an argument and stands only between a name and its value",
      help: "ranges are written `a .. b`",
    };
  if (type === t.Arrow) return { message: "`->` goes from a point to a point and stands only in arguments" };
  if (isOperandEnd(before) && at && operandStarts.has(at.tokenType)) {
    const sign = rule === "params" || rule === "use" || rule === "let" ? "a comma" : "a comma or an operator";
    return { message: `${sign} is missing before ${quote(at)}` };
  }
  return { message: `${quote(at)} cannot stand here: ${what} are separated by commas` };
}

/** A statement is complete and something follows it on its line. */
function extra(place: Place): Sentence {
  const { at, type, form } = place;
  if (type === t.LBrace)
    return {
      message: "no block belongs to this statement",
      help: "blocks follow `step`, `when`, `for` and the like",
    };
  if (type === t.For) return { message: "`for` cannot follow this statement", help: forms.of.get("for") };
  if (at?.tokenType === t.Colon) return { message: "`:` names an argument; an equation is written with `=`" };
  const both = juxtaposition(place);
  if (both) return both;
  return { message: `the statement is complete before ${quote(at)}`, help: form };
}

function juxtaposition({ before, at, file, first, form }: Place): Sentence | undefined {
  if (!before || !at || !isOperandEnd(before) || !operandStarts.has(at.tokenType)) return undefined;
  const gap = file.text.slice(before.startOffset + before.image.length, at.startOffset);
  const between = file.span(before.startOffset + before.image.length, at.startOffset);
  const message = `an operator is missing between ${quote(before)} and ${quote(at)}`;
  const hasForm =
    form !== undefined &&
    first?.tokenType !== t.Let &&
    first?.tokenType !== t.When &&
    first?.tokenType !== t.If;
  const product = before.tokenType !== t.StringToken && at.tokenType !== t.StringToken;
  if (gap === "" && product)
    return { message, help: "a product is written with `*`", fix: edit("write `*`", between, "*", "unsafe") };
  return {
    message,
    help: hasForm ? form : "a product is written with `*`; two statements on one line are separated by `;`",
  };
}
