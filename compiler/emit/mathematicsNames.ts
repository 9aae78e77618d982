// Owns: the names that formulas for people use: quantities at levels as sigma_t, steps h, ratios r_k, points, states.
// Every name is a symbol with a Unicode spelling and a LaTeX one; its key tells it apart from the graph's own symbols.

import { sym, type Sym, type SymbolData } from "../algebra/expr.js";
import type { Level } from "../graph/level.js";
import type { Counter, Quantity } from "../graph/quantity.js";

/** A symbol that formulas show. `text` is Unicode, `latex` is math-mode LaTeX. */
export function named(key: string, text: string, latex: string, data: SymbolData = {}): Sym {
  return sym(`math ${key} ${text}`, { ...data, text, latex });
}

export const textOfName = (name: Sym): string => String(name.data["text"] ?? name.key);
export const latexOfName = (name: Sym): string => String(name.data["latex"] ?? name.key);

/** A letter with an index: `x`, `s-1` as x_{s-1}. Words as indices are upright in LaTeX. */
export function indexed(letter: readonly [string, string], index: string): readonly [string, string] {
  if (index === "") return letter;
  const ascii = index.replaceAll("′", "'");
  const upright = /^[a-z]{2,}/.test(index) ? `\\text{${ascii}}` : ascii;
  return [`${letter[0]}_${index.length === 1 ? index : `{${index}}`}`, `${letter[1]}_{${upright}}`];
}

/** A name of a spec: one letter is italic, Greek letters are themselves, longer names are upright. */
export function spelled(name: string): readonly [string, string] {
  const greek = greekLetters[name];
  if (greek !== undefined) return [greek, `\\${name === "eps" ? "varepsilon" : name}`];
  if (/^[A-Za-z]$/.test(name)) return [name, name];
  return [name, `\\text{${name.replaceAll("_", "\\_")}}`];
}

const greekLetters: Readonly<Record<string, string>> = {
  alpha: "α",
  beta: "β",
  gamma: "γ",
  delta: "δ",
  eps: "ε",
  zeta: "ζ",
  eta: "η",
  theta: "θ",
  kappa: "κ",
  lambda: "λ",
  mu: "μ",
  nu: "ν",
  xi: "ξ",
  pi: "π",
  rho: "ρ",
  sigma: "σ",
  tau: "τ",
  phi: "φ",
  psi: "ψ",
  omega: "ω",
};

const quantityLetters: Readonly<Record<Quantity, readonly [string, string]>> = {
  time: ["t", "t"],
  index: ["i", "i"],
  sigma: ["σ", "\\sigma"],
  alpha: ["α", "\\alpha"],
  lambda: ["λ", "\\lambda"],
  rho: ["ρ", "\\rho"],
  f: ["f", "f"],
  g: ["g", "g"],
  survival: ["ᾱ", "\\bar\\alpha"],
  alphaDot: ["α′", "\\alpha'"],
  sigmaDot: ["σ′", "\\sigma'"],
  lambdaDot: ["λ′", "\\lambda'"],
  rhoDot: ["ρ′", "\\rho'"],
};

const positive: ReadonlySet<Quantity> = new Set(["alpha", "sigma", "rho"]);

/** A quantity at a level, `sigma_t`. */
export function quantityName(quantity: Quantity, level: Level, index: string): Sym {
  const [text, latex] = indexed(quantityLetters[quantity], index);
  return named(`${quantity}[${level.key}]`, text, latex, { positive: positive.has(quantity) });
}

/** A quantity as a function of the path's variable, `sigma(u)`. */
export function quantityFunction(quantity: Quantity, variable: Sym): Sym {
  const [text, latex] = quantityLetters[quantity];
  return named(`${quantity} of`, `${text}(${textOfName(variable)})`, `${latex}(${latexOfName(variable)})`, {
    positive: positive.has(quantity),
    of: quantity,
  });
}

const counterNames: Readonly<Record<Counter, readonly [string, string]>> = {
  step: ["i", "i"],
  steps: ["n", "n"],
  progress: ["i/n", "(i/n)"],
  first: ["[first step]", "[\\text{first step}]"],
  last: ["[last step]", "[\\text{last step}]"],
  up: ["[going up]", "[\\text{going up}]"],
};
export const counterName = (name: Counter): Sym => named(name, ...counterNames[name]);

/** The coordinates in which steps have names: the step itself and the ratios of its history. */
export const steppedCoordinates = ["lambda", "rho", "time"] as const;
export type SteppedCoordinate = (typeof steppedCoordinates)[number];

const stepLetters: Readonly<Record<SteppedCoordinate, readonly [string, string]>> = {
  lambda: ["h", "h"],
  rho: ["δ", "\\delta"],
  time: ["Δ", "\\Delta"],
};
const ratioLetters: Readonly<Record<SteppedCoordinate, readonly [string, string]>> = {
  lambda: ["r", "r"],
  rho: ["q", "q"],
  time: ["p", "p"],
};

/** u_t - u_s. */
export const stepName = (u: SteppedCoordinate): Sym => named(`step ${u}`, ...stepLetters[u]);
/** (u_s - u_{s-k})/(u_t - u_s). */
export const ratioName = (u: SteppedCoordinate, k: number): Sym =>
  named(`ratio ${u}`, ...indexed(ratioLetters[u], String(k)));

/** How a prediction is written and what it is called, by view. */
export function predictionLetter(view: string): readonly [string, string] {
  switch (view) {
    case "x0":
      return ["D", "D"];
    case "eps":
      return ["ε", "\\varepsilon"];
    case "flow":
    case "v":
      return ["v", "v"];
    default:
      return ["F", "F"];
  }
}
