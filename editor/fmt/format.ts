// Owns: formatting a file: two spaces, one statement a line, comments kept where they stand, equal signs lined up in
// runs. The meaning never changes: what it prints parses to the same tree. Files that do not resolve are formatted;
// files that do not parse are refused.

import type { Diagnostic } from "../../compiler/diagnostics/diagnostic.js";
import type {
  Block,
  Comment,
  Definition,
  ExpectDef,
  Item,
  Statement,
  SyntaxTree,
  TableauClause,
  WhenStmt,
} from "../../compiler/syntax/ast.js";
import { parse } from "../../compiler/syntax/parse.js";
import { print } from "../../compiler/syntax/print.js";
import { printExpression, printFamily, printList } from "../../compiler/syntax/printExpression.js";
import { SourceFile } from "../../compiler/source/file.js";
import type { Span } from "../../compiler/source/span.js";
import { align, type Line } from "./align.js";
import { columnsOf, definitionHead, simple } from "./statement.js";
import { nested } from "./verbatim.js";
import { WIDTH } from "./wrap.js";

export interface FormatResult {
  /** The formatted text; undefined when the file has syntax errors. */
  readonly text: string | undefined;
  readonly diagnostics: readonly Diagnostic[];
}

export function format(text: string, name = "input.dsamp"): FormatResult {
  const file = new SourceFile(name, text);
  const { tree, diagnostics } = parse(file);
  if (diagnostics.some((item) => item.severity === "error")) return { text: undefined, diagnostics };
  return { text: new Formatter(file, tree).run(), diagnostics };
}

class Formatter {
  readonly #lines: Line[] = [];
  #next = 0;

  constructor(
    readonly file: SourceFile,
    readonly tree: SyntaxTree,
  ) {}

  run(): string {
    this.#sequence(this.tree.items, 0, this.file.text.length, false, (item) => this.#item(item));
    const lines = align(this.#lines).map((line) => line.trimEnd());
    while (lines[lines.length - 1] === "") lines.pop();
    // A file keeps its line ends: those of its first line.
    const end = /\r?\n/.exec(this.file.text)?.[0] ?? "\n";
    return lines.map((line) => line + end).join("");
  }

  #push(line: Line): void {
    this.#lines.push(line);
  }

  #blank(): void {
    const last = this.#lines[this.#lines.length - 1];
    if (last && last.text !== "" && !last.opens) this.#push({ indent: 0, text: "" });
  }

  // ---- comments and blank lines ----------------------------------------------------------------------------------

  #comments(before: number): Comment[] {
    const found: Comment[] = [];
    for (
      let comment = this.tree.comments[this.#next];
      comment && comment.span.start < before;
      comment = this.tree.comments[this.#next]
    ) {
      found.push(comment);
      this.#next += 1;
    }
    return found;
  }

  /** Comments before a place, each on its line, except those that end the line before. */
  #leading(before: number, indent: number, from: number): number {
    let end = from;
    for (const comment of this.#comments(before)) {
      if (!comment.ownLine && this.#lines.length > 0) this.#trail(comment);
      else {
        this.#gap(end, comment.span.start);
        this.#push({ indent, text: comment.text });
      }
      end = comment.span.end;
    }
    return end;
  }

  /** A comment behind code stays behind it. */
  #trail(comment: Comment): void {
    const last = this.#lines[this.#lines.length - 1] as Line;
    this.#lines[this.#lines.length - 1] = {
      ...last,
      comment: last.comment ? `${last.comment} ${comment.text}` : comment.text,
    };
  }

  /** Keeps one blank line where the author left some. */
  #gap(from: number, to: number): void {
    const between = this.file.text.slice(from, to);
    if (/\n[ \t\r]*\n/.test(between)) this.#blank();
  }

  #sequence<T extends { readonly span: Span }>(
    nodes: readonly T[],
    start: number,
    end: number,
    indented: boolean | number,
    print1: (node: T) => void,
  ): void {
    const indent = typeof indented === "number" ? indented : 0;
    let at = start;
    for (const node of nodes) {
      at = this.#leading(node.span.start, indent, at);
      this.#gap(at, node.span.start);
      print1(node);
      at = node.span.end;
    }
    this.#leading(end, indent, at);
  }

  /** True when a comment stands inside a span that is printed in one piece. */
  #holdsComment(span: Span): boolean {
    const comment = this.tree.comments[this.#next];
    return comment !== undefined && comment.span.start < span.end && comment.span.start >= span.start;
  }

  /** The author's own lines, indented by open brackets: used where a comment stands inside a statement or its head. */
  #verbatim(span: Span, indent: number, before = ""): void {
    const inside = this.#comments(span.end).map((comment) => comment.span);
    nested(this.file.text, span, inside).forEach(({ text, depth }, i) =>
      this.#push({ indent: indent + 2 * depth, text: i === 0 ? before + text : text, verbatim: true }),
    );
  }

  // ---- items and statements --------------------------------------------------------------------------------------

  #item(item: Item): void {
    switch (item.kind) {
      case "Definition":
        return this.#definition(item);
      case "Expect":
        return this.#expect(item);
      case "Use":
        if (this.#holdsComment(item.span)) return this.#verbatim(item.span, 0);
        return this.#text(
          print({ kind: "File", span: item.span, items: [{ ...item, doc: [] }], comments: [] }).trimEnd(),
          0,
        );
      default:
        return this.#statement(item, 0, false);
    }
  }

  #text(text: string, indent: number): void {
    text.split("\n").forEach((line, i) => this.#push({ indent: i === 0 ? indent : 0, text: line }));
  }

  #definition(node: Definition): void {
    const { body } = node;
    const head = definitionHead(node);
    if (body.kind !== "Block") {
      if (this.#holdsComment(node.span)) return this.#verbatim(node.span, 0);
      return this.#text(`${head} = ${printExpression(body)}`, 0);
    }
    this.#block({ text: `${head} `, start: node.span.start }, body, 0, node.sort === "sampler");
  }

  #expect(node: ExpectDef): void {
    const text = `expect ${node.sort ? `${node.sort} ` : ""}${printExpression(node.subject)} `;
    this.#block({ text, start: node.span.start }, node.body, 0, false);
  }

  /** A head and its block: on one line when the author wrote it so and it fits. */
  #block(head: Head, block: Block, indent: number, inSampler: boolean): void {
    if (this.#opened(head, block.span.start, indent)) return this.#body(block, indent, inSampler);
    const simpleOnly = block.statements.every((statement) => !hasBlock(statement));
    if (block.statements.length === 0 && !this.#holdsComment(block.span))
      return this.#text(`${head.text}{ }`, indent);
    if (block.inline && simpleOnly && !this.#holdsComment(block.span)) {
      const text = `${head.text}{ ${block.statements.map((statement) => simple(statement, 0)).join("; ")} }`;
      if (!text.includes("\n") && indent + text.length <= WIDTH) return this.#text(text, indent);
    }
    this.#text(`${head.text}{`, indent);
    this.#opens();
    this.#body(block, indent, inSampler);
  }

  /** Prints a head that holds comments, up to its brace; false when it holds none. */
  #opened({ start, before }: Head, brace: number, indent: number): boolean {
    const span = this.file.span(start, brace);
    if (!this.#holdsComment(span)) return false;
    const ended = this.tree.comments.findLast((comment) => comment.span.start < brace)?.span.end ?? start;
    this.#verbatim(span, indent, before);
    // A brace behind a comment would belong to it.
    if (this.file.text.slice(ended, brace).trim() === "") this.#push({ indent, text: "{", verbatim: true });
    else {
      const last = this.#lines.length - 1;
      const line = this.#lines[last] as Line;
      this.#lines[last] = { ...line, text: `${line.text} {` };
    }
    this.#opens();
    return true;
  }

  /** No blank line follows the last line. */
  #opens(): void {
    const last = this.#lines.length - 1;
    this.#lines[last] = { ...(this.#lines[last] as Line), opens: true };
  }

  /** The statements of an open block and its brace. */
  #body(block: Block, indent: number, inSampler: boolean): void {
    this.#sequence(block.statements, block.span.start + 1, block.span.end - 1, indent + 2, (statement) =>
      this.#statement(statement, indent + 2, inSampler),
    );
    this.#push({ indent, text: "}" });
  }

  #statement(node: Statement, indent: number, inSampler: boolean): void {
    const head = this.#head(node);
    if (head === undefined) {
      if (this.#holdsComment(node.span)) return this.#verbatim(node.span, indent);
      const text = simple(node, indent);
      const columns = columnsOf(node, text, inSampler);
      if (columns) this.#push({ indent, text, columns });
      else this.#text(text, indent);
      return;
    }
    const named = { text: head.text, start: node.span.start };
    if (node.kind === "Tableau") return this.#tableau(node, named, indent);
    this.#block(named, head.block, indent, false);
    if (node.kind === "When" || node.kind === "If") this.#otherwise(node, indent);
  }

  #otherwise(node: WhenStmt, indent: number): void {
    const { otherwise } = node;
    if (!otherwise) return;
    this.#leading(otherwise.span.start, indent, node.body.span.end);
    const { start } = otherwise.span;
    if (otherwise.kind === "Block") return this.#block({ text: "else ", start }, otherwise, indent, false);
    const text = `else ${word(otherwise)} ${printExpression(otherwise.condition)} `;
    this.#block({ text, start, before: "else " }, otherwise.body, indent, false);
    this.#otherwise(otherwise, indent);
  }

  /** Head and block of a statement that has one. */
  #head(
    node: Statement,
  ): { readonly text: string; readonly block: { readonly span: Span } & Block } | undefined {
    const on = (text: string, block: Block): { text: string; block: Block } => ({ text: `${text} `, block });
    switch (node.kind) {
      case "When":
      case "If":
        return on(`${word(node)} ${printExpression(node.condition)}`, node.body);
      case "For":
        return on(printFamily(node.family).trimStart(), node.body);
      case "Step":
        return on("step", node.body);
      case "Repeat":
        return on(`repeat ${printExpression(node.count)}`, node.body);
      case "Accept":
        return on(`accept ${printExpression(node.condition)} else`, node.otherwise);
      case "Init":
        return node.body.kind === "Block" ? on("init", node.body) : undefined;
      case "State":
        return node.block ? on(`state ${printList(node.targets)}`, node.block) : undefined;
      case "Tableau": {
        const sweeps = node.sweeps ? ` sweeps ${printExpression(node.sweeps)}` : "";
        const block: Block = { kind: "Block", span: node.span, statements: [], inline: false };
        return on(`tableau ${node.prediction.raw} over ${printExpression(node.over)}${sweeps}`, block);
      }
      default:
        return undefined;
    }
  }

  #braceAfter(offset: number): number {
    let at = this.file.text.indexOf("{", offset);
    for (const { span } of this.tree.comments)
      if (span.start <= at && at < span.end) at = this.file.text.indexOf("{", span.end);
    return at;
  }

  #tableau(node: TableauClause, head: Head, indent: number): void {
    const brace = this.#braceAfter((node.sweeps ?? node.over).span.end);
    const parts = [...node.lets, ...node.rows].sort((a, b) => a.span.start - b.span.start);
    const nodes = node.rows.map((row) => (row.node ? printExpression(row.node) : ""));
    const width = Math.max(0, ...nodes.map((text) => text.length));
    if (!this.#opened(head, brace, indent)) this.#push({ indent, text: `${head.text}{`, opens: true });
    this.#sequence(parts, brace + 1, node.span.end - 1, indent + 2, (part) => {
      if (part.kind === "Let") return this.#statement(part, indent + 2, false);
      if (this.#holdsComment(part.span)) return this.#verbatim(part.span, indent + 2);
      const left = (part.node ? printExpression(part.node) : "").padEnd(width);
      this.#push({ indent: indent + 2, text: `${left} | ${printList(part.entries)}` });
    });
    this.#push({ indent, text: "}" });
  }
}

/** What stands before a block's brace: as it is printed, and where it begins, for heads that hold comments. */
interface Head {
  readonly text: string;
  readonly start: number;
  /** What a head with comments is preceded by. */
  readonly before?: string;
}

const word = (node: WhenStmt): string => (node.kind === "When" ? "when" : "if");

function hasBlock(node: Statement): boolean {
  return (
    ["When", "If", "For", "Step", "Repeat", "Accept", "Tableau"].includes(node.kind) ||
    (node.kind === "Init" && node.body.kind === "Block") ||
    (node.kind === "State" && node.block !== undefined)
  );
}
