// Owns: brackets. Before lines are arranged, every bracket gets a partner: missing ones are put where the next
// statement begins, wrong ones are replaced, stray ones dropped, each with an issue. The parser then never runs past
// the statement that has the mistake.

import type { IToken, TokenType } from "chevrotain";
import { hasBlock, missingBrace, type MissingBrace } from "./heads.js";
import { beginsStatement, nextSolid } from "./lines.js";
import * as t from "./tokens.js";

/** A mistake in the brackets of a text. */
export type BracketIssue =
  | {
      readonly kind: "unclosed";
      readonly openers: readonly IToken[];
      readonly after: IToken;
      readonly closers: string;
    }
  | { readonly kind: "wrongCloser"; readonly opener: IToken; readonly at: IToken; readonly wanted: string }
  | { readonly kind: "stray"; readonly at: IToken }
  | { readonly kind: "semicolon"; readonly at: IToken }
  | { readonly kind: "unopened"; readonly head: IToken; readonly after: IToken }
  | { readonly kind: "braceOnNextLine"; readonly at: IToken; readonly after: IToken };

export interface Repaired {
  readonly tokens: readonly IToken[];
  readonly issues: readonly BracketIssue[];
}

interface Opener {
  readonly token: IToken;
  /** Column of the first token on the opener's line: a closing brace on its own line stands there. */
  readonly indent: number;
  /** A definition's parameter list, where `=` gives defaults. */
  readonly params: boolean;
}

const partner = new Map<TokenType, TokenType>([
  [t.LBrace, t.RBrace],
  [t.LParen, t.RParen],
  [t.LBracket, t.RBracket],
]);
const closers = new Set(partner.values());
const sorts: ReadonlySet<string> = new Set(t.sortWords);
/** A token that is not in the text. */
function inserted(type: TokenType, offset: number): IToken {
  const image = typeof type.PATTERN === "string" ? type.PATTERN : "";
  const tokenTypeIdx = type.tokenTypeIdx ?? 0;
  return { image, tokenType: type, tokenTypeIdx, startOffset: offset, endOffset: offset - 1 };
}

const column = (token: IToken): number => token.startColumn ?? 1;
const endOf = (token: IToken): number => (token.endOffset ?? token.startOffset) + 1;

/** Gives every bracket a partner. */
export function repairBrackets(tokens: readonly IToken[]): Repaired {
  return new Repair(tokens).run();
}

class Repair {
  readonly #out: IToken[] = [];
  readonly #issues: BracketIssue[] = [];
  readonly #stack: Opener[] = [];
  /** How many `}` are missing in the file (positive) or too many (negative). */
  #surplus: number;
  #indent = 1;
  #lineStart = true;
  #missing: MissingBrace | undefined;
  /** First tokens of this line, the line before, and the current statement. */
  #head: IToken | undefined;
  #headBefore: IToken | undefined;
  #statement: IToken | undefined;

  constructor(readonly tokens: readonly IToken[]) {
    const count = (type: TokenType): number =>
      tokens.reduce((sum, token) => sum + (token.tokenType === type ? 1 : 0), 0);
    this.#surplus = count(t.LBrace) - count(t.RBrace);
  }

  run(): Repaired {
    this.tokens.forEach((token, at) => {
      const type = token.tokenType;
      if (this.#missing?.before === at) this.#openHead(this.#missing);
      if (type === t.NL) {
        this.#lineEnd(token, at);
        return;
      }
      const begins = this.#statementBegins(token, at);
      if (begins && type !== t.Else) this.#statement = token;
      if (type === t.Else) this.#closeBranch();
      if (begins && this.#surplus < 0)
        this.#missing = missingBrace(this.tokens, at, this.#stack.length === 0);
      if (this.#lineStart) this.#lineBegins(token, at);
      this.#lineStart = false;
      if (type === t.LBrace) this.#openBrace(token);
      else if (type === t.Semi && this.#semicolon(token, at)) return;
      if (closers.has(type)) this.#close(token, at);
      else this.#out.push(token);
      if (partner.has(type)) this.#stack.push({ token, indent: this.#indent, params: this.#isParams(at) });
    });
    this.#closeDownTo(0);
    return { tokens: this.#out, issues: this.#issues };
  }

  #last(): IToken | undefined {
    for (let i = this.#out.length - 1; i >= 0; i -= 1)
      if (this.#out[i]?.tokenType !== t.NL) return this.#out[i];
    return undefined;
  }

  #isRound(opener: Opener | undefined): boolean {
    return opener !== undefined && opener.token.tokenType !== t.LBrace;
  }

  #isParams(at: number): boolean {
    if (this.tokens[at]?.tokenType !== t.LParen) return false;
    const word = this.tokens[at - 2];
    return word !== undefined && sorts.has(word.image) && this.tokens[at - 1]?.tokenType === t.Name;
  }

  #statementBegins(token: IToken, at: number): boolean {
    if (this.#isRound(this.#stack[this.#stack.length - 1])) return false;
    const before = this.tokens[at - 1]?.tokenType;
    const begins = before === undefined || before === t.NL || before === t.Semi || before === t.LBrace;
    return begins || token.tokenType === t.Else;
  }

  /** Closes every opener above `depth`, as one mistake. */
  #closeDownTo(depth: number): void {
    if (this.#stack.length <= depth) return;
    const after = this.#last() as IToken;
    const open = this.#stack.splice(depth).reverse();
    let text = "";
    for (const { token } of open) {
      const type = partner.get(token.tokenType) as TokenType;
      const closer = inserted(type, endOf(after));
      if (type === t.RBrace) this.#surplus -= 1;
      text += closer.image;
      this.#out.push(closer);
    }
    this.#issues.push({ kind: "unclosed", openers: open.map((item) => item.token), after, closers: text });
  }

  /** Closes `(` and `[` that are still open inside the current block. */
  #closeRound(): void {
    this.#closeDownTo(this.#stack.findLastIndex((item) => item.token.tokenType === t.LBrace) + 1);
  }

  #lineEnd(token: IToken, at: number): void {
    this.#lineStart = true;
    if (this.#isRound(this.#stack[this.#stack.length - 1]) && this.#statementFollows(at)) this.#closeRound();
    this.#out.push(token);
  }

  /** With a `}` missing in the file: an `else` inside the block it should follow. */
  #closeBranch(): void {
    if (this.#surplus <= 0 || this.#last()?.tokenType === t.RBrace || this.#statement?.image === "accept")
      return;
    this.#closeRound();
    this.#closeDownTo(Math.max(0, this.#stack.length - 1));
  }

  /** Whether the next line can only be a new statement, although brackets are open. */
  #statementFollows(at: number): boolean {
    const next = nextSolid(this.tokens, at + 1);
    const type = this.tokens[next]?.tokenType;
    if (type === undefined || type === t.RBrace || beginsStatement(this.tokens, next)) return true;
    if (this.#stack.some((item) => item.params)) return false;
    // A line with its own `=` is an equation, unless commas show that arguments were named with `=`.
    let [depth, equation, last] = [0, false, type];
    let i = next;
    for (; this.tokens[i] !== undefined && this.tokens[i]?.tokenType !== t.NL; i += 1) {
      last = this.tokens[i]?.tokenType as TokenType;
      if (partner.has(last)) depth += 1;
      else if (closers.has(last)) depth -= 1;
      if (depth < 0) break;
      if (depth === 0 && i > next && (last === t.Eq || last === t.ColonEq)) equation = true;
    }
    const after = this.tokens[nextSolid(this.tokens, i)]?.tokenType;
    const inList = last === t.Comma || after === t.RParen || after === t.RBracket;
    return equation && depth === 0 && !inList;
  }

  /** With a `}` too many in the file: opens the block of a statement that should have opened one. */
  #openHead({ head }: MissingBrace): void {
    const after = this.#last() as IToken;
    const brace = inserted(t.LBrace, endOf(after));
    this.#out.push(brace);
    this.#stack.push({ token: brace, indent: this.#indent, params: false });
    this.#surplus += 1;
    this.#issues.push({ kind: "unopened", head, after });
  }

  #lineBegins(token: IToken, at: number): void {
    this.#indent = column(token);
    this.#headBefore = this.#head;
    this.#head = token;
    if (this.#surplus <= 0 || this.#indent > 1) return;
    // A definition at the left margin ends everything that is still open.
    const next = this.tokens[at + 1]?.tokenType;
    const isSort = sorts.has(token.image) && next === t.Name && this.#definesAt(at + 2);
    if (token.tokenType === t.Use || token.image === "expect" || isSort) this.#closeDownTo(0);
  }

  /** Whether what follows a name makes it a definition: `{`, or a parameter list and `{`, or `=`. */
  #definesAt(from: number): boolean {
    for (let i = from; this.tokens[i] !== undefined && this.tokens[i]?.tokenType !== t.NL; i += 1)
      if (this.tokens[i]?.tokenType === t.LBrace || this.tokens[i]?.tokenType === t.Eq) return true;
    return false;
  }

  /** A `;` between brackets that close on the same line is read as a comma; any other ends the statement. */
  #semicolon(token: IToken, at: number): boolean {
    if (!this.#isRound(this.#stack[this.#stack.length - 1])) return false;
    let depth = 0;
    for (let i = at + 1; depth >= 0; i += 1) {
      const type = this.tokens[i]?.tokenType;
      if (type === undefined || type === t.NL || type === t.LBrace || type === t.RBrace) {
        this.#closeRound();
        return false;
      }
      if (partner.has(type)) depth += 1;
      else if (closers.has(type)) depth -= 1;
    }
    this.#issues.push({ kind: "semicolon", at: token });
    this.#out.push({ ...inserted(t.Comma, token.startOffset), endOffset: token.startOffset });
    return true;
  }

  #openBrace(token: IToken): void {
    this.#closeRound();
    const previous = this.#out[this.#out.length - 1];
    const after = this.#last();
    if (previous?.tokenType !== t.NL || after === undefined || after.tokenType === t.LBrace) return;
    const head = this.#headBefore;
    if (!head || !(hasBlock(head) || after.tokenType === t.Else)) return;
    while (this.#out[this.#out.length - 1]?.tokenType === t.NL) this.#out.pop();
    this.#issues.push({ kind: "braceOnNextLine", at: token, after });
  }

  #close(token: IToken, at: number): void {
    if (token.tokenType === t.RBrace) this.#closeRound();
    const depth = this.#stack.findLastIndex((item) => partner.get(item.token.tokenType) === token.tokenType);
    const brace = this.#stack.findLastIndex((item) => item.token.tokenType === t.LBrace);
    const top = this.#stack[this.#stack.length - 1];
    const crosses = depth < this.#stack.length - 1 && this.#isRound(top);
    const innerType = partner.get((top?.token ?? token).tokenType) as TokenType;
    if (token.tokenType !== t.RBrace && crosses && this.#closesLater(at, innerType)) {
      this.#issues.push({ kind: "stray", at: token });
      return;
    }
    if (token.tokenType !== t.RBrace && depth < brace + 1) {
      this.#wrongOrStray(token, at, this.#isRound(top) ? top : undefined);
      return;
    }
    if (depth < 0) {
      this.#surplus += 1;
      this.#issues.push({ kind: "stray", at: token });
      return;
    }
    if (token.tokenType === t.RBrace) this.#closeIndented(token);
    else this.#closeDownTo(depth + 1);
    this.#stack.pop();
    this.#out.push(token);
  }

  #wrongOrStray(token: IToken, at: number, top: Opener | undefined): void {
    if (top === undefined || this.#closesLater(at, partner.get(top.token.tokenType) as TokenType)) {
      this.#issues.push({ kind: "stray", at: token });
      return;
    }
    const type = partner.get(top.token.tokenType) as TokenType;
    const right = { ...inserted(type, token.startOffset), endOffset: token.startOffset };
    this.#issues.push({ kind: "wrongCloser", opener: top.token, at: token, wanted: right.image });
    this.#stack.pop();
    this.#out.push(right);
  }

  /** Whether a closer of this type, with no opener of its own, follows on the line. */
  #closesLater(at: number, closer: TokenType): boolean {
    let depth = 0;
    for (let i = at + 1; this.tokens[i] !== undefined; i += 1) {
      const type = this.tokens[i]?.tokenType as TokenType;
      if (type === t.NL || type === t.Semi || type === t.LBrace || type === t.RBrace) return false;
      if (partner.get(type) === closer) depth += 1;
      else if (type === closer && (depth -= 1) < 0) return true;
    }
    return false;
  }

  /** With a `}` missing in the file: a `}` that stands further left than its opener's line closes an outer block. */
  #closeIndented(token: IToken): void {
    if (this.#surplus <= 0 || this.#indent !== column(token)) return;
    const own = this.#stack.findLastIndex((item) => item.indent === this.#indent);
    if (own >= 0 && own < this.#stack.length - 1) this.#closeDownTo(own + 1);
  }
}
