// Owns: words of the grammar in completion: those that begin a statement of a block, and those that go on with one.

import {
  NumberToken,
  StringToken,
  Name,
  RBracket,
  RParen,
  sortWords,
  type InnerWord,
} from "../../../grammar/tokens.js";
import { allowedStatements } from "../../../compiler/check/placement.js";
import { blockKind, type BlockKind, type CursorContext } from "../context.js";
import { scopeAt } from "../model.js";
import { innerInfo, statementInfo, type WordInfo } from "../words.js";
import type { Analysis } from "../workspace.js";
import type { CompletionItem } from "./completion.js";
import { leftItems } from "./completionNames.js";

const information: Readonly<Record<string, WordInfo>> = {
  ...statementInfo,
  "weak order": statementInfo.weak,
  "run order": statementInfo.run,
};

const fileWords: readonly string[] = [...sortWords, "expect", "use", "let", "table"];

/** What can begin a statement. */
export function startItems(
  analysis: Analysis,
  context: CursorContext,
  offset: number,
): readonly CompletionItem[] {
  const kind = blockKind(context.frames);
  const words = wordsOf(kind).filter((word) => word !== "=" && word !== ":=");
  const items = words.map((word): CompletionItem => {
    const { form, says } = information[word] ?? { form: word, says: "" };
    return { label: word, kind: "keyword", detail: form, text: says, rank: 0 };
  });
  const equations = kind === "tableau" || wordsOf(kind).includes("=");
  return equations ? [...items, ...leftItems(analysis, scopeAt(analysis.model, offset))] : items;
}

function wordsOf(kind: BlockKind): readonly string[] {
  switch (kind) {
    case "file":
      return fileWords;
    case "names":
      return [];
    case "tableau":
      return ["let"];
    case "grid":
      return [...allowedStatements.grid, "then"];
    default:
      return [...allowedStatements[kind]];
  }
}

/** The next word of a statement that needs it, by the words so far; the last name or value is complete. */
const next: Readonly<Record<string, readonly InnerWord[]>> = {
  time: ["from", "to"],
  index: ["from", "to"],
  table: ["from"],
  point: ["at"],
  noise: ["fixed"],
  brownian: ["over"],
  tableau: ["over", "sweeps"],
  order: ["on"],
  equals: ["on"],
  is: ["on"],
  fails: ["on"],
  model: ["predicts", "with"],
  solver: ["while", "fresh"],
};
const operandEnds = new Set([Name, NumberToken, StringToken, RBracket, RParen]);

/** Words that can follow a finished part of a statement; undefined when an expression is being written. */
export function innerWordItems(context: CursorContext): readonly CompletionItem[] | undefined {
  const { statement, frames } = context;
  const innermost = frames[frames.length - 1];
  if (innermost && innermost.open !== "{") return undefined;
  const [first] = statement;
  const last = statement[statement.length - 1];
  const word = first?.image === "weak" || first?.image === "run" ? "order" : (first?.image ?? "");
  if (!last) return undefined;
  if (word === "model" && statement.length === 1) return items(["predicts"]);
  if (statement.length < 2 || !operandEnds.has(last.tokenType)) return undefined;
  const present = new Set(statement.map(({ image }) => image));
  const open = (next[word] ?? []).filter((candidate) => !present.has(candidate));
  const wanted =
    ["start", "final"].includes(word) || (word === "solver" && present.has("while")) ? ["then"] : [];
  return items([...open.slice(0, word === "solver" ? 2 : 1), ...wanted]);
}

const items = (words: readonly string[]): readonly CompletionItem[] =>
  words.map((label) => ({
    label,
    kind: "keyword",
    detail: (innerInfo as Readonly<Record<string, string>>)[label] ?? statementInfo.then.form,
    rank: 0,
  }));
