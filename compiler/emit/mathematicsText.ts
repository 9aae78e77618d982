// Owns: expressions in Unicode for people: products by juxtaposition, e^{...}, roots and powers as they are written by
// hand. The shape is that of algebra/layout.ts, so it agrees with LaTeX.

import { fn, rebuild, sub, add, one, children, type Expr, type Fn } from "../algebra/expr.js";
import { withLetters } from "../algebra/bound.js";
import { fractionOf, relationSides, squareRoot, termsInOrder } from "../algebra/layout.js";
import { print } from "../algebra/print.js";

enum Level {
  Logic,
  Sum,
  Quotient,
  Product,
  Power,
  Atom,
}

interface Text {
  readonly text: string;
  readonly level: Level;
}

/**
 * What evaluators want apart, people want together: expm1(u) is e^u - 1, log1p(u) is log(1 + u). Variables of integrals
 * become letters.
 */
export const displayed = (e: Expr): Expr => together(withLetters(e));

function together(e: Expr): Expr {
  const parts = children(e);
  if (parts.length === 0) return e;
  const inner = parts.map((part, i) => (e.kind === "binder" && i === 0 ? part : together(part)));
  if (e.kind === "fn" && e.name === "expm1") return sub(fn("exp", inner[0] as Expr), one);
  if (e.kind === "fn" && e.name === "log1p") return fn("log", add(one, inner[0] as Expr));
  return inner.every((part, i) => part === parts[i]) ? e : rebuild(e, inner);
}

/** `(σ_t/σ_s) x - α_t (e^{-h} - 1)` and the like. */
export const unicode = (e: Expr): string => textOf(e).text;

/** The same, in parentheses where a factor needs them. */
export const unicodeFactor = (e: Expr): string => at(e, Level.Product);

const atom = (text: string): Text => ({ text, level: Level.Atom });

function at(e: Expr, level: Level): string {
  const inner = textOf(e);
  return inner.level < level ? `(${inner.text})` : inner.text;
}

function textOf(e: Expr): Text {
  switch (e.kind) {
    case "num":
    case "product":
      return productText(e);
    case "real":
      return { text: print(e), level: e.value < 0 ? Level.Sum : Level.Atom };
    case "sym":
      return atom(typeof e.data["text"] === "string" ? e.data["text"] : e.key);
    case "sum": {
      const parts = termsInOrder(e.terms).map(({ negative, magnitude }, i) => {
        const text = at(magnitude, Level.Quotient);
        if (i === 0) return negative ? `-${text}` : text;
        return negative ? ` - ${text}` : ` + ${text}`;
      });
      return { text: parts.join(""), level: Level.Sum };
    }
    case "power": {
      const root = squareRoot(e);
      if (root !== undefined) return atom(`√(${unicode(root)})`);
      if (fractionOf(e).below.length > 0) return productText(e);
      return { text: `${at(e.base, Level.Atom)}${exponent(e.exponent)}`, level: Level.Power };
    }
    case "fn":
      return fnText(e);
    case "binder": {
      const variable = unicode(e.variable);
      if (e.name === "root") return atom(`the ${variable} with ${unicode(e.body)} = 0`);
      const range = `∫_{${unicode(e.from)}}^{${unicode(e.to)}}`;
      return { text: `${range} ${at(e.body, Level.Quotient)} d${variable}`, level: Level.Sum };
    }
    default:
      return e satisfies never;
  }
}

const superscripts = "⁰¹²³⁴⁵⁶⁷⁸⁹";

function exponent(e: Expr): string {
  const text = unicode(e);
  if (/^\d$/.test(text)) return superscripts[Number(text)] ?? "";
  return /^\w$/.test(text) ? `^${text}` : `^{${text}}`;
}

function productText(e: Expr): Text {
  const { negative, numerator, denominator, above, below } = fractionOf(e);
  const list = (factors: readonly Expr[], constant: bigint): { text: string; count: number } => {
    const texts = factors.map((f) => at(f, Level.Power));
    const all = [...(constant === 1n && texts.length > 0 ? [] : [constant.toString()]), ...texts];
    return { text: all.join(" "), count: all.length };
  };
  const top = list(above, numerator).text;
  if (below.length === 0 && denominator === 1n) {
    if (negative) return { text: `-${top}`, level: Level.Sum };
    return {
      text: top,
      level:
        above.length === 0
          ? Level.Atom
          : above.length === 1 && numerator === 1n
            ? Level.Power
            : Level.Product,
    };
  }
  // A quotient of two single factors reads best as one, in front of the others: (σ_t/σ_s) x.
  const bottom = list(below, denominator);
  const text = `${top}/${bottom.count > 1 ? `(${bottom.text})` : bottom.text}`;
  return { text: negative ? `-${text}` : text, level: negative ? Level.Sum : Level.Quotient };
}

const relations: ReadonlyMap<string, string> = new Map([
  ["lt", "<"],
  ["le", "≤"],
  ["eq", "="],
  ["ne", "≠"],
]);

function fnText(e: Fn): Text {
  const [first, second, third] = e.args;
  const relation = relations.get(e.name);
  if (relation !== undefined && e.args.length === 2) {
    const [a, b] = relationSides(e);
    return { text: `${unicode(a as Expr)} ${relation} ${unicode(b as Expr)}`, level: Level.Logic };
  }
  switch (e.name) {
    case "pi":
      return atom("π");
    case "exp":
      return { text: `e${exponent(first as Expr)}`, level: Level.Power };
    case "abs":
      return atom(`|${unicode(first as Expr)}|`);
    case "phi":
      return atom(`φ_${unicode(first as Expr)}(${unicode(second as Expr)})`);
    case "where":
      return {
        text: `${at(second as Expr, Level.Quotient)} if ${unicode(first as Expr)} else ${at(third as Expr, Level.Quotient)}`,
        level: Level.Logic,
      };
    case "and":
    case "or":
      return { text: e.args.map((arg) => at(arg, Level.Sum)).join(` ${e.name} `), level: Level.Logic };
    case "not":
      return { text: `not ${at(first as Expr, Level.Atom)}`, level: Level.Logic };
    default:
      return atom(e.args.length === 0 ? e.name : `${e.name}(${e.args.map(unicode).join(", ")})`);
  }
}
