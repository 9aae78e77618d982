// Owns: the sentences about what is missing or too much, by the parser's key and the statement they stand in.

import type { IToken } from "chevrotain";
import * as t from "../../grammar/tokens.js";
import { isOperandEnd } from "../../grammar/lines.js";
import { forms } from "./forms.js";
import { edit, ends, type Place, quote, reserved, type Sentence, spanOf, startsOperand } from "./place.js";

/** What is missing, by the parser's key and the statement it stands in. */
export function byKey(place: Place): Sentence | undefined {
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
    case "nothing:when":
    case "nothing:if":
      return { message: "`else` needs a block `{ ... }`", help: form };
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
  if (isOperandEnd(before) && at && startsOperand(at) && rule !== "define")
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

/** Two parts inside brackets without a comma or operator between them, or a part that does not belong there. */
function between({ at, before, type, rule }: Place, what: string): Sentence {
  const atStart = before?.tokenType === t.LParen || before?.tokenType === t.Comma;
  if (atStart && (type === t.Colon || type === t.Eq))
    return { message: `a name is missing before \`${at?.image ?? ""}\`` };
  if (type === t.Comma && rule === "primary")
    return { message: "parentheses hold one value; `,` separates arguments and the entries of a list" };
  if (type === t.Colon)
    return {
      message: "`:` names an argument and stands only between a name and its value",
      help: "ranges are written `a .. b`",
    };
  if (type === t.Arrow) return { message: "`->` goes from a point to a point and stands only in arguments" };
  if (isOperandEnd(before) && at && startsOperand(at)) {
    const sign = rule === "params" || rule === "use" || rule === "let" ? "a comma" : "a comma or an operator";
    return { message: `${sign} is missing before ${quote(at)}` };
  }
  return { message: `${quote(at)} cannot stand here: ${what} are separated by commas` };
}

/** A statement is complete and something follows it on its line. */
function extra(place: Place): Sentence {
  const { at, type, first, form } = place;
  if (type === t.LBrace)
    return {
      message:
        first === at ? "a block needs a statement before its `{`" : "no block belongs to this statement",
      help: "blocks follow `step`, `when`, `for` and the like",
    };
  if (type === t.For) return { message: "`for` cannot follow this statement", help: forms.of.get("for") };
  if (at?.tokenType === t.Colon) return { message: "`:` names an argument; an equation is written with `=`" };
  const both = juxtaposition(place);
  if (both) return both;
  return { message: `the statement is complete before ${quote(at)}`, help: form };
}

export function juxtaposition({ before, at, file, first, form }: Place): Sentence | undefined {
  if (!before || !at || !isOperandEnd(before) || !startsOperand(at)) return undefined;
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
