// Owns: text -> tree, and which of the mistakes found on the way are told. Never throws: what cannot be read is
// reported, and the tree holds what could be.

import type { IRecognitionException, IToken } from "chevrotain";
import { lex } from "../../grammar/lexer.js";
import { arrangeLines } from "../../grammar/lines.js";
import { findHopeless, findTooDeep, type TooDeep } from "../../grammar/nesting.js";
import { parseTokens } from "../../grammar/parser.js";
import { errorsKept } from "../../grammar/recovery.js";
import { repairBrackets } from "../../grammar/repair.js";
import { RBrace } from "../../grammar/tokens.js";
import type { Diagnostic } from "../diagnostics/diagnostic.js";
import { diagnostic, furtherFindings } from "../diagnostics/report.js";
import { limits } from "../limits.js";
import type { SourceFile } from "../source/file.js";
import type { Comment, SyntaxTree } from "./ast.js";
import { bracketDiagnostic, offsetOf } from "./brackets.js";
import { build } from "./build.js";
import { readComments, readDocs } from "./comments.js";
import { lexicalFindings } from "./lexical.js";
import { syntaxDiagnostic } from "./messages.js";
import { Regions } from "./regions.js";

/** Open brackets beyond this many times the limit are refused before anything is repaired. */
const hopelessFactor = 4;

export interface ParseResult {
  readonly tree: SyntaxTree;
  readonly diagnostics: readonly Diagnostic[];
}

/** Parses one file. */
export function parse(file: SourceFile): ParseResult {
  if (isTooLarge(file.text)) {
    const message = `this file is larger than ${limits.sourceBytes / 1024} KiB`;
    return { tree: emptyTree(file), diagnostics: [diagnostic("D0801", message, { at: file.span(0, 0) })] };
  }
  const lexed = lex(file.text);
  const comments = readComments(file, lexed.comments);
  const hopeless = findHopeless(lexed.tokens, hopelessFactor * limits.nesting);
  if (hopeless !== undefined) return refused(file, comments, hopeless);
  const repaired = repairBrackets(lexed.tokens);
  const tokens = arrangeLines(repaired.tokens);
  const tooDeep = findTooDeep(tokens, limits.nesting, limits.operators);
  if (tooDeep !== undefined) return refused(file, comments, tooDeep);

  const parsed = parseTokens(tokens);
  if (parsed === undefined) return refused(file, comments, deepest(tokens));
  const { cst, errors } = parsed;
  const tree = build(file, cst, comments, readDocs(file, comments, lexed.tokens));
  const lexical = lexicalFindings(file, lexed);
  if (lexical.length + repaired.issues.length + errors.length === 0) return { tree, diagnostics: [] };
  const regions = new Regions(tokens);
  const told = new Set<number>();
  const found: Diagnostic[] = [];
  for (const { diagnostic: item, repaired: understood } of lexical) {
    found.push(item);
    if (!understood) told.add(regions.at(item.primary?.span.start ?? 0).id);
  }
  const unreadable = new Set(told);
  for (const issue of repaired.issues) {
    const { id } = regions.at(offsetOf(issue));
    if (!unreadable.has(id)) found.push(bracketDiagnostic(file, issue));
    told.add(id);
  }
  found.push(...parserDiagnostics(file, tokens, errors, regions, told));
  return { tree, diagnostics: shorten(found, errors.length >= errorsKept) };
}

function isTooLarge(text: string): boolean {
  if (text.length * 3 <= limits.sourceBytes) return false;
  return text.length > limits.sourceBytes || new TextEncoder().encode(text).length > limits.sourceBytes;
}

const emptyTree = (file: SourceFile, comments: readonly Comment[] = []): SyntaxTree => ({
  kind: "File",
  span: file.span(0, file.text.length),
  items: [],
  comments,
});

const tooDeepWords: Readonly<Record<TooDeep["kind"], readonly [message: string, help: string]>> = {
  nesting: [`this is nested more than ${limits.nesting} deep`, "name parts of it with `let`"],
  operators: [
    `this expression has more than ${limits.operators} operators`,
    "name parts of it with `let`, or use `sum(e, k in a .. b)`",
  ],
  stack: ["this is nested too deep for its mistakes to be told", "name parts of it with `let`"],
};

/** Where a text nests deep, though not beyond the limits. */
function deepest(tokens: readonly IToken[]): TooDeep {
  const at = findTooDeep(tokens, limits.nesting >> 2, limits.operators)?.at ?? (tokens[0] as IToken);
  return { kind: "stack", at };
}

/** The result for a text that nests too deep for anything recursive. */
function refused(file: SourceFile, comments: readonly Comment[], { kind, at: token }: TooDeep): ParseResult {
  const at = file.span(token.startOffset, token.startOffset + token.image.length);
  const [message, help] = tooDeepWords[kind];
  return { tree: emptyTree(file, comments), diagnostics: [diagnostic("D0802", message, { at, help })] };
}

/** One message per statement, and none from outside the block in which a token stands. */
function parserDiagnostics(
  file: SourceFile,
  tokens: readonly IToken[],
  errors: readonly IRecognitionException[],
  regions: Regions,
  told: Set<number>,
): readonly Diagnostic[] {
  if (errors.length === 0) return [];
  const index = new Map(tokens.map((token, i) => [token, i]));
  const found: Diagnostic[] = [];
  for (const error of errors) {
    const at = index.get(error.token) ?? tokens.length;
    const region = regions.ofToken(at);
    if (told.has(region.id) || isEcho(error, region.depth, region.tableau)) continue;
    told.add(region.id);
    found.push(syntaxDiagnostic(file, { error, tokens, at, first: region.firstToken }));
  }
  return found;
}

function isEcho({ context, token }: IRecognitionException, depth: number, tableau: boolean): boolean {
  const stack = context.ruleStack;
  // Brackets have partners by now: a `}` that surprises the parser belongs to a block it has lost.
  if (token.tokenType === RBrace && stack[stack.length - 1] !== "use") return true;
  const blocks = stack.filter((rule) => rule === "block").length;
  return blocks < depth || (tableau && stack.lastIndexOf("clause") < stack.lastIndexOf("block"));
}

/** In source order; after the first hundred only their number. */
function shorten(found: readonly Diagnostic[], stopped: boolean): readonly Diagnostic[] {
  const start = (item: Diagnostic): number => item.primary?.span.start ?? 0;
  const sorted = [...found].sort((a, b) => start(a) - start(b));
  const first = sorted[limits.errorsShown];
  if (first === undefined) return sorted;
  const more = sorted.length - limits.errorsShown;
  return [
    ...sorted.slice(0, limits.errorsShown),
    furtherFindings(stopped ? `at least ${more}` : more, "error", first),
  ];
}
