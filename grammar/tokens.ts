// Owns: every token of the language; the single source for the lexer, highlighting and completion. Contextual words
// have token types without patterns: the lexer reads them as names and words.ts promotes those that stand where a
// word can stand.

import { createToken, Lexer, type TokenType } from "chevrotain";

/** Greek letters are their names; a letter and its variant forms have one name. */
export const greekLetters: Readonly<Record<string, string>> = {
  Α: "Alpha",
  Β: "Beta",
  Γ: "Gamma",
  Δ: "Delta",
  Ε: "Epsilon",
  Ζ: "Zeta",
  Η: "Eta",
  Θ: "Theta",
  Ι: "Iota",
  Κ: "Kappa",
  Λ: "Lambda",
  Μ: "Mu",
  Ν: "Nu",
  Ξ: "Xi",
  Ο: "Omicron",
  Π: "Pi",
  Ρ: "Rho",
  Σ: "Sigma",
  Τ: "Tau",
  Υ: "Upsilon",
  Φ: "Phi",
  Χ: "Chi",
  Ψ: "Psi",
  Ω: "Omega",
  α: "alpha",
  β: "beta",
  γ: "gamma",
  δ: "delta",
  ε: "eps",
  ϵ: "eps",
  ζ: "zeta",
  η: "eta",
  θ: "theta",
  ϑ: "theta",
  ι: "iota",
  κ: "kappa",
  ϰ: "kappa",
  λ: "lambda",
  μ: "mu",
  µ: "mu",
  ν: "nu",
  ξ: "xi",
  ο: "omicron",
  π: "pi",
  ϖ: "pi",
  ρ: "rho",
  ϱ: "rho",
  σ: "sigma",
  ς: "sigma",
  τ: "tau",
  υ: "upsilon",
  φ: "phi",
  ϕ: "phi",
  χ: "chi",
  ψ: "psi",
  ω: "omega",
};

const subscripts = "₀₁₂₃₄₅₆₇₈₉";
const greek = Object.keys(greekLetters).join("");

/** The name a spelling stands for: `σ_max` is `sigma_max`, `x₀` is `x0`. */
export function normalizeName(raw: string): string {
  let text = "";
  for (const letter of raw) {
    const digit = subscripts.indexOf(letter);
    text += digit >= 0 ? String(digit) : (greekLetters[letter] ?? letter);
  }
  return text;
}

/** An abstract type: a name for a set of tokens. */
const family = (name: string): TokenType => createToken({ name, pattern: Lexer.NA });
export const AddOp = family("AddOp");
export const MulOp = family("MulOp");
export const CompareOp = family("CompareOp");
export const SortWord = family("SortWord");
export const ValueWord = family("ValueWord");

export const Name = createToken({
  name: "Name",
  pattern: new RegExp(`[A-Za-z_${greek}][A-Za-z0-9_${greek}${subscripts}]*`),
});
export const NumberToken = createToken({ name: "Number", pattern: /\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/ });
export const StringToken = createToken({ name: "String", pattern: /"[^"\r\n]*"/ });
export const NL = createToken({ name: "NL", pattern: /\n/, line_breaks: true });

const sign = (name: string, pattern: string, categories: TokenType[] = []): TokenType =>
  createToken({ name, pattern, categories });
export const LBrace = sign("LBrace", "{");
export const RBrace = sign("RBrace", "}");
export const LParen = sign("LParen", "(");
export const RParen = sign("RParen", ")");
export const LBracket = sign("LBracket", "[");
export const RBracket = sign("RBracket", "]");
export const Semi = sign("Semi", ";");
export const Comma = sign("Comma", ",");
export const Bar = sign("Bar", "|");
export const Prime = sign("Prime", "'");
export const ColonEq = sign("ColonEq", ":=");
export const Colon = sign("Colon", ":");
export const DotDot = sign("DotDot", "..");
export const Dot = sign("Dot", ".");
export const Arrow = sign("Arrow", "->");
export const EqEq = sign("EqEq", "==", [CompareOp]);
export const NotEq = sign("NotEq", "!=", [CompareOp]);
export const Le = sign("Le", "<=", [CompareOp]);
export const Ge = sign("Ge", ">=", [CompareOp]);
export const Lt = sign("Lt", "<", [CompareOp]);
export const Gt = sign("Gt", ">", [CompareOp]);
export const Eq = sign("Eq", "=");
export const Plus = sign("Plus", "+", [AddOp]);
export const Minus = sign("Minus", "-", [AddOp]);
export const Star = sign("Star", "*", [MulOp]);
export const Slash = sign("Slash", "/", [MulOp]);
export const Caret = sign("Caret", "^");

/** Words that are never names. */
export const reservedWords = ["use", "let", "when", "if", "else", "for", "in", "and", "or", "not"] as const;
const reserved = (text: (typeof reservedWords)[number], categories: TokenType[] = []): TokenType =>
  createToken({ name: `word_${text}`, pattern: text, longer_alt: Name, categories });
export const Use = reserved("use");
export const Let = reserved("let");
export const When = reserved("when");
export const If = reserved("if");
export const Else = reserved("else");
export const For = reserved("for");
export const In = reserved("in", [CompareOp]);
export const And = reserved("and");
export const Or = reserved("or");
export const Not = reserved("not");

/** The six kinds of definition. */
export const sortWords = ["schedule", "parameterization", "guidance", "grid", "solver", "sampler"] as const;
/** Statements of the form `word expression`. */
export const valueWords = ["steps", "population", "space", "calls", "holds", "inverse"] as const;
/** Words that begin a statement or a definition. */
export const statementWords = [
  ...sortWords,
  ...valueWords,
  "expect",
  "table",
  "time",
  "index",
  "between",
  "point",
  "noise",
  "brownian",
  "call",
  "carry",
  "state",
  "input",
  "step",
  "repeat",
  "accept",
  "tableau",
  "init",
  "run",
  "weak",
  "order",
  "quantity",
  "requires",
  "start",
  "final",
  "model",
  "output",
  "equals",
  "is",
  "fails",
  "then",
] as const;
/** Words inside a statement, each after an operand of the statement that has it. */
export const innerWords = [
  "from",
  "to",
  "at",
  "over",
  "sweeps",
  "fixed",
  "session",
  "on",
  "unit",
  "predicts",
  "with",
  "while",
  "fresh",
] as const;

export type StatementWord = (typeof statementWords)[number];
export type InnerWord = (typeof innerWords)[number];
export type Word = StatementWord | InnerWord;

const isIn = (list: readonly string[], text: string): boolean => list.includes(text);

function wordToken(text: Word): TokenType {
  const categories = [
    ...(isIn(sortWords, text) ? [SortWord] : []),
    ...(isIn(valueWords, text) ? [ValueWord] : []),
  ];
  return createToken({ name: `word_${text}`, pattern: Lexer.NA, label: text, categories });
}

/** The token types of the contextual words. */
export const words = Object.fromEntries(
  [...statementWords, ...innerWords].map((text) => [text, wordToken(text)]),
) as Readonly<Record<Word, TokenType>>;

const blank = (name: string, pattern: RegExp, group: string, lines = false): TokenType =>
  createToken({ name, pattern, group, line_breaks: lines });
export const WhiteSpace = blank("WhiteSpace", /[ \t\r]+|\uFEFF/, Lexer.SKIPPED);
export const Comment = blank("Comment", /\/\/[^\n]*/, "comments");

// Spellings from other languages. They are read as what they mean, so that one mistake gives one message.
const alias = (name: string, pattern: RegExp | string, type: TokenType): TokenType =>
  createToken({ name, pattern, categories: [type], line_breaks: false });
export const BadNumber = alias(
  "BadNumber",
  /\d+\.(?![.\d])(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?/,
  NumberToken,
);
export const BadString = alias("BadString", /"[^"\r\n]*|[“”][^“”"\r\n]*[“”"]?/, StringToken);
export const BadComment = blank(
  "BadComment",
  /#[^\n]*|\/\*(?:[^*]+|\*(?!\/))*(?:\*\/)?/,
  "badComments",
  true,
);
export const StarStar = alias("StarStar", "**", Caret);
const aliasSigns: readonly (readonly [string, TokenType])[] = [
  ["&&", And],
  ["||", Or],
  ["!", Not],
  ["−", Minus],
  ["–", Minus],
  ["×", Star],
  ["·", Star],
  ["⋅", Star],
  ["÷", Slash],
  ["≤", Le],
  ["≥", Ge],
  ["≠", NotEq],
  ["→", Arrow],
  ["≔", ColonEq],
  ["∈", In],
  ["′", Prime],
  ["’", Prime],
  ["…", DotDot],
];
const aliasTokens = aliasSigns.map(([text, type]) => alias(`Alias_${text}`, text, type));

/** What each foreign spelling is written as here. */
export const aliases: ReadonlyMap<TokenType, TokenType> = new Map([
  [StarStar, Caret],
  ...aliasTokens.map((token, i) => [token, aliasSigns[i]?.[1] ?? token] as const),
]);

/** All tokens, in the order the lexer tries them. */
export const allTokens: readonly TokenType[] = [
  WhiteSpace,
  NL,
  Comment,
  BadComment,
  ...[Use, Let, When, If, Else, For, In, And, Or, Not],
  BadNumber,
  NumberToken,
  StringToken,
  BadString,
  StarStar,
  ...aliasTokens.slice(0, 2),
  NotEq,
  ...aliasTokens.slice(2),
  ...[ColonEq, Colon, DotDot, Dot, Arrow, EqEq, Le, Ge, Lt, Gt, Eq, Plus, Minus, Star, Slash, Caret],
  ...[LBrace, RBrace, LParen, RParen, LBracket, RBracket, Semi, Comma, Bar, Prime],
  Name,
  ...[AddOp, MulOp, CompareOp, SortWord, ValueWord],
  ...Object.values(words),
];

/** The canonical text of an operator token. */
export function operatorText(type: TokenType, image: string): string {
  const proper = aliases.get(type);
  if (proper === undefined) return image;
  return typeof proper.PATTERN === "string" ? proper.PATTERN : image;
}
