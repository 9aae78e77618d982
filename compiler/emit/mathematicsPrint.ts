// Owns: formulas of a step in Unicode text or in LaTeX (amsmath `aligned`, which KaTeX and MathJax read). Both are
// written from the same structure and say the same, line by line.

import { isOne, neg, one, type Expr, type Sym } from "../algebra/expr.js";
import { signed } from "../algebra/layout.js";
import { latex as latexOf } from "../algebra/print.js";
import type { Line, Term, Update } from "./mathematics.js";
import type { Definition } from "./mathematicsCoefficients.js";
import { latexOfName, predictionLetter, textOfName } from "./mathematicsNames.js";
import { displayed, unicode, unicodeFactor } from "./mathematicsText.js";

export type Notation = "unicode" | "latex";

/** One equation: left side, relation and right side; a remark in words behind it. */
export interface Equation {
  readonly left: string;
  readonly right: string;
  readonly remark?: string | undefined;
}

/** Writes expressions and names in one notation. */
export class Writer {
  constructor(readonly notation: Notation) {}

  name(symbol: Sym): string {
    return this.notation === "latex" ? latexOfName(symbol) : textOfName(symbol);
  }

  formula(e: Expr): string {
    return this.notation === "latex" ? latexOf(displayed(e)) : unicode(displayed(e));
  }

  /** A formula as a factor in front of a name. */
  factor(e: Expr): string {
    const shown = displayed(e);
    if (this.notation === "unicode") return unicodeFactor(shown);
    return shown.kind === "sum" || shown.kind === "binder"
      ? `\\left(${latexOf(shown)}\\right)`
      : latexOf(shown);
  }

  sum(terms: readonly Term[]): string {
    let text = "";
    for (const { shown, of } of terms) {
      const [negative, magnitude] = this.#signed(displayed(shown));
      const name = of === undefined ? undefined : this.name(of);
      const body =
        name === undefined
          ? this.factor(magnitude)
          : isOne(magnitude)
            ? name
            : `${this.factor(magnitude)}${this.notation === "latex" ? "\\, " : " "}${name}`;
      if (text === "") text = negative ? `-${body}` : body;
      else text += negative ? ` - ${body}` : ` + ${body}`;
    }
    return text;
  }

  #signed(e: Expr): readonly [boolean, Expr] {
    if (e === neg(one)) return [true, one];
    const { negative, magnitude } = signed(e);
    return [negative, magnitude];
  }

  /** Words inside a formula. */
  words(text: string): string {
    return this.notation === "latex" ? `\\text{${escaped(text)}}` : text;
  }
}

export const escaped = (text: string): string =>
  text
    .replace(/[#$%&_{}]/g, "\\$&")
    .replaceAll("′", "'")
    .replaceAll("^", "\\textasciicircum{}")
    .replaceAll("~", "\\textasciitilde{}");

/** All equations of an update, definitions first. */
export function equationsOf(update: Update, writer: Writer): readonly Equation[] {
  const { definitions, places, lines } = update;
  const usesPhi = [...definitions.flatMap(shownOf), ...lines.flatMap(shownIn)].some(holdsPhi);
  return [
    ...definitions.flatMap((definition) => ofDefinition(definition, writer)),
    ...(usesPhi ? [phiEquation(writer)] : []),
    ...places.map(({ name, shown, index }) => ({
      left: writer.name(name),
      right: writer.formula(shown),
      remark: `the point ${index}`,
    })),
    ...lines.map((line) => ofLine(line, writer)),
  ];
}

const shownOf = (d: Definition): readonly Expr[] =>
  d.kind === "value" ? [d.shown] : [...d.rows.flat(), ...d.right];
const shownIn = (line: Line): readonly Expr[] =>
  line.kind === "sum" ? line.terms.map((term) => term.shown) : line.kind === "apply" ? line.args : [];

function holdsPhi(e: Expr): boolean {
  switch (e.kind) {
    case "fn":
      return e.name === "phi" || e.args.some(holdsPhi);
    case "sum":
      return e.terms.some(holdsPhi);
    case "product":
      return e.factors.some(holdsPhi);
    case "power":
      return holdsPhi(e.base);
    case "binder":
      return holdsPhi(e.body);
    default:
      return false;
  }
}

const phiEquation = (writer: Writer): Equation =>
  writer.notation === "latex"
    ? {
        left: "\\varphi_{k}(z)",
        right: "\\int_0^1 e^{(1-\\theta) z} \\frac{\\theta^{k-1}}{(k-1)!} \\, d\\theta",
        remark: "phi functions; the first is (exp(z) - 1)/z",
      }
    : {
        left: "φ_k(z)",
        right: "∫_0^1 e^{(1 - θ) z} θ^{k-1}/(k-1)! dθ",
        remark: "phi functions; the first is (e^z - 1)/z",
      };

function ofDefinition(definition: Definition, writer: Writer): readonly Equation[] {
  if (definition.kind === "value")
    return [{ left: writer.name(definition.name), right: writer.formula(definition.shown) }];
  const { names, rows, right } = definition;
  return rows.map((row, i) => ({
    left: writer.sum(
      row
        .map((shown, k) => ({ shown, weight: shown, of: names[k] }))
        .filter(({ shown }) => !isZeroNumber(shown)),
    ),
    right: writer.formula(right[i] as Expr),
    remark: i === 0 ? `these equations give ${names.map((name) => textOfName(name)).join(", ")}` : undefined,
  }));
}

const isZeroNumber = (e: Expr): boolean => e.kind === "num" && e.value.n === 0n;

function ofLine(line: Line, writer: Writer): Equation {
  const left = writer.name(line.left);
  switch (line.kind) {
    case "sum":
      return { left, right: writer.sum(line.terms) };
    case "call": {
      const state = writer.name(line.state);
      const args = [state, ...line.conditions.map((name) => writer.words(name))].join(", ");
      return {
        left,
        right: `${writer.name(line.letter)}(${args})`,
        remark: `a prediction at ${placeWords(line.index)}`,
      };
    }
    case "apply":
      return {
        left,
        right: `${writer.words(line.fn)}(${line.args.map((arg) => writer.formula(arg)).join(", ")})`,
      };
  }
}

const placeWords = (index: string): string =>
  index === "s"
    ? "s, the start of the step"
    : index === "t"
      ? "t, the end of the step"
      : `the point ${index}`;

/** Equations under one another: text with the relation signs aligned, or one LaTeX `aligned` block. */
export function layOut(equations: readonly Equation[], notation: Notation): string {
  if (notation === "latex") {
    const rows = equations.map(({ left, right, remark }) => {
      const words = remark === undefined ? "" : ` && \\text{${escaped(remark)}}`;
      return `  ${left} &= ${right}${words}`;
    });
    return `\\begin{aligned}\n${rows.join(" \\\\\n")}\n\\end{aligned}`;
  }
  const width = Math.min(24, Math.max(0, ...equations.map(({ left }) => [...left].length)));
  return equations
    .map(({ left, right, remark }) => {
      const pad = " ".repeat(Math.max(0, width - [...left].length));
      return `  ${pad}${left} = ${right}${remark === undefined ? "" : `    (${remark})`}`;
    })
    .join("\n");
}

const meanings: Readonly<Record<string, string>> = {
  x0: "the prediction of the data x0 at x",
  eps: "the prediction of the noise eps at x",
  flow: "the predicted velocity dx/dt at x",
};

/** What the letter of the predictions stands for. */
export function predictionWords({ view }: Update, writer: Writer, own: boolean): string {
  const [text, latex] = predictionLetter(view);
  const letter = writer.notation === "latex" ? `$${latex}(x)$` : `${text}(x)`;
  const meaning = (own ? undefined : meanings[view]) ?? `what the network returns at x (${view})`;
  return `${letter} is ${meaning}`;
}

/** Sentences on what comes from outside the step: history and noise. */
export function updateNotes({ history, draws }: Update, writer: Writer): readonly string[] {
  const list = (names: readonly Sym[]): string =>
    names
      .map((name) => (writer.notation === "latex" ? `$${writer.name(name)}$` : writer.name(name)))
      .join(", ");
  const isIncrement = (name: Sym): boolean => textOfName(name).includes(",");
  const plain = draws.filter((name) => !isIncrement(name));
  const increments = draws.filter(isIncrement);
  return [
    ...(history.length > 0 ? [`${list(history)}: what earlier steps predicted`] : []),
    ...(plain.length > 0 ? [`${list(plain)}: normal noise, independent`] : []),
    ...(increments.length > 0
      ? [
          `${list(increments)}: increments of one Brownian path between two places, each divided by its standard deviation`,
        ]
      : []),
  ];
}
