// Owns: what is asked of every input, and what must hold of the answers. Each function throws when something does not.

import { checkClaims } from "../../compiler/certify/claims.js";
import { checkDefinitions } from "../../compiler/check/definitions.js";
import { checkProgram } from "../../compiler/check/check.js";
import { compile } from "../../compiler/compile.js";
import { codes } from "../../compiler/diagnostics/codes.js";
import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.js";
import { Diagnostics } from "../../compiler/diagnostics/report.js";
import { renderText } from "../../compiler/diagnostics/text.js";
import { joinInside } from "../../compiler/host.js";
import { Program } from "../../compiler/resolve/module.js";
import { SourceFile } from "../../compiler/source/file.js";
import { parse, type ParseResult } from "../../compiler/syntax/parse.js";
import { print } from "../../compiler/syntax/print.js";
import { format } from "../../editor/fmt/format.js";
import { actions } from "../../editor/lsp/features/actions.js";
import { completion } from "../../editor/lsp/features/completion.js";
import { diagnosticsOf } from "../../editor/lsp/features/diagnostics.js";
import { hover } from "../../editor/lsp/features/hover.js";
import { inlayHints } from "../../editor/lsp/features/inlay.js";
import { definition, highlights, references } from "../../editor/lsp/features/navigate.js";
import { prepareRename, rename } from "../../editor/lsp/features/rename.js";
import { signature } from "../../editor/lsp/features/signature.js";
import { folds, formatting, selection } from "../../editor/lsp/features/structure.js";
import { documentSymbols, workspaceSymbols } from "../../editor/lsp/features/symbols.js";
import { semanticTokens } from "../../editor/lsp/features/tokens.js";
import { Workspace, type Files } from "../../editor/lsp/workspace.js";
import { layoutFree } from "../support/stripSpans.js";
import type { Random } from "./random.js";

const file = "a.dsamp";
const other: Readonly<Record<string, string>> = {
  "b.dsamp": "let down(a, b) = a - b\nsolver other(k = 2) { step { x[t] = ddim(s -> t) } }\n",
};

/** Does something a person waits for, so that it can be measured; or leaves out what is not measured. */
export type Timed = <T>(what: string, work: () => T) => T | undefined;
export const untimed: Timed = (_what, work) => work();

export type Stage = (text: string, random: Random, timed: Timed) => void;

const hasErrors = (found: readonly Diagnostic[]): boolean => found.some((item) => item.severity === "error");

function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(what);
}

/** Known codes, places inside the text, and words for a person. */
function checkDiagnostics(found: readonly Diagnostic[], text: string): void {
  for (const { code, message, primary, secondary, fix } of found) {
    must(code in codes, `${code} is no code`);
    // D0311 says of a schedule that it is not a number.
    const leak = code === "D0311" ? /\bundefined\b|\[object/ : /\bundefined\b|\[object|NaN/;
    must(message !== "" && !leak.test(message), `${code}: ${message}`);
    for (const { span } of [...(primary ? [primary] : []), ...secondary, ...(fix?.edits ?? [])])
      must(
        span.file !== file || (0 <= span.start && span.start <= span.end && span.end <= text.length),
        `${code} stands at ${span.start} .. ${span.end} of ${text.length}`,
      );
  }
  const source = new SourceFile(file, text);
  renderText(found, (id) => (id === file ? source : undefined), { color: false });
}

/** Of texts longer than this less is asked: they take a hundred times as long. */
const longText = 8000;

let last: { readonly text: string; readonly result: ParseResult } | undefined;

/** Parsed; the stages of one input share the result. */
function parsed(text: string): ParseResult {
  if (last?.text !== text) last = { text, result: parse(new SourceFile(file, text)) };
  return last.result;
}

/** Lexer and parser. */
const read: Stage = (text, _random, timed) =>
  checkDiagnostics(timed("parse", () => parsed(text))?.diagnostics ?? [], text);

let formatted: { readonly text: string; readonly result: string | undefined } | undefined;

function formattedOnce(text: string): string | undefined {
  if (formatted?.text !== text) formatted = { text, result: format(text, file).text };
  return formatted.result;
}

const formatter: Stage = (text, _random, timed) => void timed("format", () => formattedOnce(text));

/** What printer and formatter promise for every text without errors: the tree and the comments stay, twice is once. */
const promises: Stage = (text, random) => {
  if (text.length > longText && random.chance(0.75)) return;
  const before = parsed(text);
  const once = formattedOnce(text);
  must(
    (once === undefined) === hasErrors(before.diagnostics),
    "formatted in spite of errors, or not without",
  );
  if (once === undefined) return;
  const words = ({ tree }: ParseResult): string =>
    tree.comments.map((comment) => comment.text.trim()).join("\n");
  const shape = (result: ParseResult): string => JSON.stringify(layoutFree(result.tree));
  const after = parse(new SourceFile(file, once));
  must(!hasErrors(after.diagnostics), "what was formatted does not parse");
  must(shape(after) === shape(before), "formatting changed the tree");
  must(words(after) === words(before), "formatting changed the comments");
  must(format(once, file).text === once, "formatting twice is not once");
  if (random.chance(0.5)) return;
  const again = parse(new SourceFile(file, print(before.tree)));
  must(!hasErrors(again.diagnostics), "the printed tree does not parse");
  must(shape(again) === shape(before), "the printed tree is another one");
};

const files = (text?: string): Files => ({
  readText: (id) => (id === file ? text : other[id]),
  resolve: (from, path) => joinInside(from, path),
  list: () => [file, ...Object.keys(other)],
});

/** One for all inputs, like a server: what it keeps of the library must not depend on them. */
const workspace = new Workspace(files());

/** What the stages keep between one another is gone: the next ones do all of their work. */
export function forget(): void {
  last = undefined;
  formatted = undefined;
  workspace.set(file, "");
}

/** Resolver, checks and everything that an editor asks, at some places. */
const editor: Stage = (text, random, timed) => {
  workspace.set(file, text);
  const analysis = timed("analysis", () => workspace.analysis(file));
  must(analysis !== undefined, "no analysis");
  checkDiagnostics(analysis.diagnostics, text);
  const all = { start: 0, end: text.length };
  const places = text.length <= longText && random.chance(0.3) ? 2 : 1;
  for (let i = places; i > 0; i -= 1) {
    const offset = random.below(text.length + 1);
    timed("hover", () => hover(analysis, offset));
    timed("completion", () => completion(workspace, analysis, offset));
    timed("signature", () => signature(analysis, offset));
    timed("definition", () => definition(analysis, offset));
    timed("highlights", () => highlights(analysis, offset));
    timed("references", () => references(workspace, analysis, offset, { declaration: true }));
    timed("prepareRename", () => prepareRename(analysis, offset));
    timed("rename", () => rename(workspace, analysis, offset, "renamed"));
    timed("selection", () => selection(analysis, offset));
  }
  timed("folds", () => folds(analysis));
  timed("documentSymbols", () => documentSymbols(analysis));
  timed("workspaceSymbols", () => workspaceSymbols(workspace, "ren"));
  timed("inlayHints", () => inlayHints(analysis, [], all));
  if (random.chance(0.2)) timed("formatting", () => formatting(analysis));
  timed("actions", () => actions(workspace, analysis, diagnosticsOf(analysis), all));
  let end = 0;
  for (const { start, length } of timed("semanticTokens", () => semanticTokens(analysis)) ?? []) {
    must(start >= end && length > 0 && start + length <= text.length, "semantic tokens overlap");
    end = start + length;
  }
};

/** Everything else: definitions by themselves, claims, every sampler to its plan. */
const whole: Stage = (text) => {
  const host = files(text);
  const diagnostics = new Diagnostics();
  const program = new Program(host, diagnostics);
  const module = program.load(file, text);
  must(module !== undefined, "no module");
  checkProgram(program);
  checkDefinitions(module, program);
  if (!diagnostics.hasErrors) checkClaims(module, program);
  checkDiagnostics(diagnostics.all, text);
  if (diagnostics.hasErrors) return;
  for (const def of module.definitions.values()) {
    if (def.sort !== "sampler") continue;
    const { diagnostics: found, plan } = compile({ host, file, text, sampler: def.name });
    checkDiagnostics(found, text);
    must((plan === undefined) === hasErrors(found), "a plan in spite of errors, or none without any");
  }
};

/** Stages cheap enough for every input. */
export const cheap: Readonly<Record<string, Stage>> = { read, formatter, editor, promises };
/** The stages of an input that is compiled whole. */
export const complete: Readonly<Record<string, Stage>> = { ...cheap, whole };
