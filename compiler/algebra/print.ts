// Owns: expressions as text, infix with as few parentheses as reading needs, and as LaTeX. Output depends on structure
// only. Symbols print their key; in LaTeX, data.latex when it is there.

import type { Expr, Fn } from "./expr.js";
import { fractionOf, infix, relationSides, squareRoot, termsInOrder } from "./layout.js";
import { format } from "./rational.js";

/** How tightly the outermost operator of a text binds. */
enum Level {
  Logic,
  Comparison,
  Sum,
  Product,
  Power,
  Atom,
}

interface Text {
  readonly text: string;
  readonly level: Level;
}

/** Readable text, such as `sigma[t]/sigma[s]*x - alpha[t]*expm1(-h)`. */
export function print(e: Expr): string {
  return textOf(e).text;
}

const atom = (text: string): Text => ({ text, level: Level.Atom });

function at(e: Expr, level: Level): string {
  const inner = textOf(e);
  return inner.level < level ? `(${inner.text})` : inner.text;
}

function realText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  return String(value);
}

function textOf(e: Expr): Text {
  switch (e.kind) {
    case "num": {
      const level = e.value.n < 0n ? Level.Sum : e.value.d === 1n ? Level.Atom : Level.Product;
      return { text: format(e.value), level };
    }
    case "real":
      return { text: realText(e.value), level: e.value < 0 ? Level.Sum : Level.Atom };
    case "sym":
      return atom(e.key);
    case "sum": {
      const parts = termsInOrder(e.terms).map((t, i) => {
        const text = at(t.magnitude, Level.Product);
        if (i === 0) return t.negative ? `-${text}` : text;
        return t.negative ? ` - ${text}` : ` + ${text}`;
      });
      return { text: parts.join(""), level: Level.Sum };
    }
    case "product":
      return productText(e);
    case "power": {
      const root = squareRoot(e);
      if (root !== undefined) return atom(`sqrt(${print(root)})`);
      if (fractionOf(e).below.length > 0) return productText(e);
      return { text: `${at(e.base, Level.Atom)}^${at(e.exponent, Level.Atom)}`, level: Level.Power };
    }
    case "fn":
      return fnText(e);
    case "binder": {
      const body = e.name === "root" ? `${print(e.body)} == 0` : print(e.body);
      return atom(`${e.name}(${body}, ${e.variable.key} in ${print(e.from)} .. ${print(e.to)})`);
    }
    default:
      return e satisfies never;
  }
}

/** The name in front of an index, `sigma` of `sigma[t]`: a ratio of two of one family is written next to each other. */
function family(e: Expr): string | undefined {
  const base = e.kind === "power" ? e.base : e;
  return base.kind === "sym" ? base.key.replace(/\[.*$/s, "") : undefined;
}

function productText(e: Expr): Text {
  const { negative, numerator, denominator, above, below } = fractionOf(e);
  const divisors = below.map((f) => ({ family: family(f), text: at(f, Level.Power) }));
  const parts: string[] = [];
  let bottom: string[] = [];
  if (numerator !== 1n || above.length === 0) parts.push(numerator.toString());
  if (denominator !== 1n) {
    if (above.length > 0 && parts.length > 0) parts[0] = `${parts[0]}/${denominator}`;
    else bottom.push(denominator.toString());
  }
  for (const f of above) {
    const text = at(f, Level.Power);
    const partner = divisors.findIndex((d) => d.family !== undefined && d.family === family(f));
    if (partner < 0) parts.push(text);
    else parts.push(`${text}/${divisors.splice(partner, 1)[0]!.text}`);
  }
  bottom = [...bottom, ...divisors.map((d) => d.text)];
  if (parts.length === 0) parts.push("1");
  let text = parts.join("*");
  if (bottom.length === 1) text += `/${bottom[0]}`;
  else if (bottom.length > 1) text += `/(${bottom.join("*")})`;
  return { text: negative ? `-${text}` : text, level: negative ? Level.Sum : Level.Product };
}

function fnText(e: Fn): Text {
  const relation = infix.get(e.name);
  if (relation !== undefined && e.args.length === 2) {
    const [a, b] = relationSides(e);
    return { text: `${at(a!, Level.Sum)} ${relation} ${at(b!, Level.Sum)}`, level: Level.Comparison };
  }
  if (e.name === "and" || e.name === "or") {
    // One level for both: parentheses between them are required, so nobody has to know which binds tighter.
    return { text: e.args.map((a) => at(a, Level.Comparison)).join(` ${e.name} `), level: Level.Logic };
  }
  if (e.name === "not") return { text: `not ${at(e.args[0]!, Level.Atom)}`, level: Level.Comparison };
  if (e.args.length === 0) return atom(e.name);
  return atom(`${e.name}(${e.args.map(print).join(", ")})`);
}

/** LaTeX for math mode. */
export function latex(e: Expr): string {
  return latexOf(e).text;
}

function latexAt(e: Expr, level: Level): string {
  const inner = latexOf(e);
  return inner.level < level ? `\\left(${inner.text}\\right)` : inner.text;
}

function latexSymbol(key: string, data: unknown): string {
  if (typeof data === "string") return data;
  const parts = /^([A-Za-z]+)(\d*)((?:\[.*\])?)$/s.exec(key);
  if (parts === null) return `\\mathrm{${key.replace(/[#$%&_{}]/g, "\\$&")}}`;
  const [, name = "", digits = "", index = ""] = parts;
  const greek =
    /^(alpha|beta|gamma|delta|epsilon|eps|zeta|eta|theta|kappa|lambda|mu|nu|xi|rho|sigma|tau|phi|psi|omega)$/i;
  const head = greek.test(name)
    ? `\\${name === "eps" ? "varepsilon" : name}`
    : name.length === 1
      ? name
      : `\\mathrm{${name}}`;
  const below = [digits, index.slice(1, -1)].filter((s) => s !== "").join(",");
  return below === "" ? head : `${head}_{${below}}`;
}

function latexOf(e: Expr): Text {
  switch (e.kind) {
    case "num":
    case "product":
      return latexFraction(e);
    case "real": {
      const text = realText(e.value)
        .replace("inf", "\\infty")
        .replace(/e([+-]?\d+)$/, "\\cdot 10^{$1}");
      return { text: text.replace("{+", "{"), level: e.value < 0 ? Level.Sum : Level.Atom };
    }
    case "sym":
      return atom(latexSymbol(e.key, e.data["latex"]));
    case "sum": {
      const parts = termsInOrder(e.terms).map((t, i) => {
        const text = latexAt(t.magnitude, Level.Product);
        if (i === 0) return t.negative ? `-${text}` : text;
        return t.negative ? ` - ${text}` : ` + ${text}`;
      });
      return { text: parts.join(""), level: Level.Sum };
    }
    case "power": {
      const root = squareRoot(e);
      if (root !== undefined) return atom(`\\sqrt{${latex(root)}}`);
      if (fractionOf(e).below.length > 0) return latexFraction(e);
      return { text: `${latexAt(e.base, Level.Atom)}^{${latex(e.exponent)}}`, level: Level.Power };
    }
    case "fn":
      return latexFn(e);
    case "binder": {
      const variable = latex(e.variable);
      const [from, to, body] = [latex(e.from), latex(e.to), latex(e.body)];
      if (e.name === "root")
        return atom(`\\operatorname{root}_{${variable}\\in[${from},${to}]}\\left(${body}\\right)`);
      return {
        text: `\\int_{${from}}^{${to}} ${latexAt(e.body, Level.Product)} \\, d${variable}`,
        level: Level.Sum,
      };
    }
    default:
      return e satisfies never;
  }
}

function latexFraction(e: Expr): Text {
  const { negative, numerator, denominator, above, below } = fractionOf(e);
  const list = (factors: readonly Expr[], constant: bigint): string => {
    const alone = factors.length === 1 && constant === 1n;
    const texts = factors.map((f) => latexAt(f, alone ? Level.Sum : Level.Power));
    return [...(constant === 1n && texts.length > 0 ? [] : [constant.toString()]), ...texts].join(" ");
  };
  const isFraction = below.length > 0 || denominator !== 1n;
  const text = isFraction
    ? `\\frac{${list(above, numerator)}}{${list(below, denominator)}}`
    : list(above, numerator);
  if (negative) return { text: `-${text}`, level: Level.Sum };
  return { text, level: above.length + below.length === 0 && !isFraction ? Level.Atom : Level.Product };
}

const latexNames = new Set(["exp", "log", "sin", "cos", "tan", "min", "max"]);
const latexRelations: ReadonlyMap<string, string> = new Map([
  ["lt", "<"],
  ["le", "\\le"],
  ["eq", "="],
  ["ne", "\\ne"],
]);

function latexFn(e: Fn): Text {
  const args = relationSides(e).map(latex);
  const relation = latexRelations.get(e.name);
  if (relation !== undefined && args.length === 2)
    return { text: args.join(` ${relation} `), level: Level.Comparison };
  switch (e.name) {
    case "pi":
      return atom("\\pi");
    case "exp":
      return { text: `e^{${args[0]}}`, level: Level.Power };
    case "abs":
      return atom(`\\left|${args[0]}\\right|`);
    case "floor":
      return atom(`\\left\\lfloor ${args[0]} \\right\\rfloor`);
    case "phi":
      return atom(`\\varphi_{${args[0]}}\\left(${args[1]}\\right)`);
    case "where":
      return atom(`\\begin{cases} ${args[1]} & ${args[0]} \\\\ ${args[2]} & \\text{otherwise} \\end{cases}`);
    case "and":
    case "or":
      return {
        text: e.args.map((a) => latexAt(a, Level.Comparison)).join(e.name === "and" ? " \\land " : " \\lor "),
        level: Level.Logic,
      };
    case "not":
      return { text: `\\lnot ${latexAt(e.args[0]!, Level.Atom)}`, level: Level.Comparison };
    default: {
      const name = latexNames.has(e.name) ? `\\${e.name}` : `\\operatorname{${e.name.replace(/_/g, "\\_")}}`;
      return atom(`${name}\\left(${args.join(", ")}\\right)`);
    }
  }
}
