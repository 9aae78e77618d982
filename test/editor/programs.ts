// Owns: random programs that parse: every rule of grammar/dsamp.ebnf, comments and line ends wherever they may stand.
// They need not mean anything: the formatter takes files that do not resolve.

import type { Random } from "../fuzz/random.js";

const names = [
  "a",
  "b",
  "s",
  "t",
  "x",
  "x0",
  "σ",
  "λ",
  "x₀",
  "eps",
  "sigma",
  "lambda",
  "first",
  "long_name_of_something",
];
/** Words that are names where they stand as one. */
const words = [
  "steps",
  "order",
  "from",
  "on",
  "with",
  "unit",
  "predicts",
  "noise",
  "then",
  "start",
  "time",
  "run",
];
const numbers = ["0", "1", "2", "10", "0.5", "1e-3", "2.25e3", "123456789012345678901234567890"];
const sorts = ["schedule", "parameterization", "guidance", "grid", "solver", "sampler"];

/** The text of a program. */
export const program = (random: Random): string => new Writer(random).file();

class Writer {
  readonly #parts: string[] = [];
  #brackets = 0;
  #comments = 0;
  /** Where a line end would end the statement and a `;` would do as well. */
  #inline = 0;
  /** After a statement's word: before `[` it would be a name. */
  #afterWord = false;

  constructor(readonly random: Random) {}

  file(): string {
    if (this.random.chance(0.2)) this.#ownLine();
    const count = this.random.below(5);
    for (let i = 0; i <= count; i += 1) {
      this.#item();
      this.#endLine();
    }
    return this.#parts.join("");
  }

  // ---- text and what stands between it ---------------------------------------------------------------------------

  #put(text: string): void {
    this.#parts.push(text);
  }

  /** A space or what may stand in its place. */
  #gap(): void {
    if (this.#brackets > 0 && this.random.chance(0.06)) this.#break();
    else this.#put(this.random.chance(0.1) ? "   " : " ");
  }

  /** Nothing, or what may stand there. */
  #tight(): void {
    if (this.random.chance(0.25)) this.#gap();
  }

  /** A line end that does not count, perhaps with a comment. */
  #break(): void {
    if (this.random.chance(0.4)) this.#put(` ${this.#comment()}`);
    this.#put("\n");
    if (this.random.chance(0.15)) this.#ownLine();
    this.#put(" ".repeat(this.random.below(6)));
  }

  #comment(): string {
    this.#comments += 1;
    return `//${this.random.pick(["", " ", "  "])}c${this.#comments}${this.random.pick(["", " solver a {", " (", ' "', " σ", "// x"])}`;
  }

  /** Comments on lines of their own, blank lines. */
  #ownLine(): void {
    for (let i = this.random.below(3); i >= 0; i -= 1)
      this.#put(`${" ".repeat(this.random.below(5))}${this.random.chance(0.7) ? this.#comment() : ""}\n`);
  }

  #endLine(): void {
    if (this.random.chance(0.15)) this.#put(` ${this.#comment()}`);
    this.#put(this.random.chance(0.05) ? "\r\n" : "\n");
    if (this.random.chance(0.2)) this.#ownLine();
  }

  #operator(text: string): void {
    this.#put(" ");
    this.#put(text);
    if (this.#inline === 0 && this.random.chance(0.04)) this.#break();
    else this.#put(" ");
  }

  #word(text: string): void {
    this.#put(text);
    this.#put(" ");
    this.#afterWord = true;
  }

  #list(write: () => void, most = 3): void {
    write();
    for (let i = this.random.below(most); i > 0; i -= 1) {
      this.#tight();
      this.#put(",");
      this.#gap();
      write();
    }
  }

  #inBrackets(open: string, close: string, write: () => void): void {
    this.#put(open);
    this.#brackets += 1;
    this.#tight();
    write();
    this.#tight();
    this.#brackets -= 1;
    this.#put(close);
  }

  #doc(): void {
    if (this.random.chance(0.15)) this.#put(`/// What it is, ${this.random.below(100)}.\n`);
  }

  // ---- items -----------------------------------------------------------------------------------------------------

  #item(): void {
    const kind = this.random.below(10);
    if (kind === 0) return this.#use();
    this.#doc();
    if (kind === 1) return this.#let();
    if (kind === 2) return this.#table();
    if (kind === 3) return this.#expect();
    return this.#definition();
  }

  #use(): void {
    this.#word("use");
    if (this.random.chance(0.5)) this.#put('"parts.dsamp"');
    else this.#put(this.random.pick(["std", "std.grids", "std.solvers.a"]));
    if (this.random.chance(0.5)) return;
    this.#put(" { ");
    this.#list(() => this.#name());
    this.#put(" }");
  }

  #definition(): void {
    this.#word(this.random.pick(sorts));
    this.#put(this.random.pick(names));
    if (this.random.chance(0.5))
      this.#inBrackets("(", ")", () => {
        if (this.random.chance(0.9)) this.#list(() => this.#parameter());
      });
    if (this.random.chance(0.15)) {
      this.#operator("=");
      this.#expression(3);
    } else this.#block(2);
  }

  #parameter(): void {
    this.#name();
    if (this.random.chance(0.3)) this.#put(": solver");
    if (this.random.chance(0.6)) {
      this.#put(" = ");
      this.#expression(1);
    }
  }

  #expect(): void {
    this.#word("expect");
    if (this.random.chance(0.3)) this.#word(this.random.pick(sorts));
    this.#put(this.random.pick(names));
    if (this.random.chance(0.3)) this.#arguments(1);
    this.#block(0, () => {
      const on = (): void => {
        if (this.random.chance(0.3)) this.#after("on", 1);
      };
      const claims = [
        () => (this.#word("equals"), this.#expression(1), on()),
        () => (this.#put(this.random.pick(["is stable", "is not stable"])), on()),
        () => (this.#put('fails "D0401"'), on()),
        () => (this.#word("order"), this.#expression(1), on()),
        () => (this.#word("calls"), this.#expression(1)),
      ];
      this.random.pick(claims)();
    });
  }

  // ---- statements ------------------------------------------------------------------------------------------------

  #block(depth: number, write = (): void => this.#statement(depth)): void {
    this.#put(" {");
    const count = this.random.below(4);
    const onLine = this.#inline > 0 || this.random.chance(0.25);
    if (onLine) this.#inline += 1;
    else this.#endLine();
    for (let i = 0; i < count; i += 1) {
      if (!onLine && this.random.chance(0.1)) this.#doc();
      if (onLine) this.#put(" ");
      else this.#put(" ".repeat(this.random.below(4)));
      write();
      if (onLine) this.#put(i < count - 1 || this.random.chance(0.2) ? ";" : "");
      else if (this.random.chance(0.1) && i < count - 1) this.#put("; ");
      else this.#endLine();
    }
    if (onLine) this.#inline -= 1;
    this.#put(this.random.chance(0.8) ? " }" : "}");
  }

  #let(): void {
    this.#word("let");
    this.#put(this.random.pick(names));
    if (this.random.chance(0.3)) this.#inBrackets("(", ")", () => this.#list(() => this.#name()));
    if (this.random.chance(0.1)) this.#inBrackets("[", "]", () => this.#expression(1));
    this.#operator("=");
    this.#expression(4);
    if (this.random.chance(0.1)) this.#family();
  }

  #table(): void {
    this.#put("table a");
    if (this.random.chance(0.5)) this.#put(' from "levels.json"');
    else {
      this.#operator("=");
      this.#expression(2);
    }
  }

  #family(): void {
    this.#put("  for ");
    this.#put(this.random.pick(names));
    this.#put(" in ");
    this.#expression(1);
  }

  #equation(): void {
    if (this.random.chance(0.1)) this.#word("then");
    this.#postfix(1, names);
    if (this.random.chance(0.1)) {
      this.#put(this.random.pick(["*", "/", " * "]));
      this.#postfix(1, names);
    }
    this.#operator(this.random.chance(0.8) ? "=" : ":=");
    this.#expression(4);
    if (this.random.chance(0.2)) this.#family();
  }

  #after(word: string, depth: number): void {
    this.#put(` ${word} `);
    this.#expression(depth);
  }

  #statement(depth: number): void {
    const kind = this.random.below(10);
    if (kind < 3) return this.#equation();
    if (kind < 5) return this.#let();
    if (kind < 6 && depth > 0) return this.#branching(depth - 1);
    return this.random.pick(this.#clauses(Math.max(0, depth - 1)))();
  }

  #branching(depth: number): void {
    const word = this.random.pick(["when", "if"]);
    if (this.random.chance(0.2)) {
      this.#put("for a in ");
      this.#expression(1);
      return this.#block(depth);
    }
    this.#word(word);
    this.#expression(2);
    this.#block(depth);
    for (let i = this.random.below(3); i > 0; i -= 1) {
      if (this.#inline === 0 && this.random.chance(0.4)) this.#break();
      this.#put(" else ");
      if (i > 1) {
        this.#word(word);
        this.#expression(1);
      }
      this.#block(depth);
    }
  }

  #clauses(depth: number): readonly (() => void)[] {
    const name = (): void => this.#put(this.random.pick(names));
    const value = (): void => this.#expression(3);
    const set = (): void => {
      this.#operator("=");
      value();
    };
    const maybe = (write: () => void, probability = 0.5): void => {
      if (this.random.chance(probability)) write();
    };
    return [
      () => (
        this.#word(this.random.pick(["time", "index"])),
        name(),
        this.#after("from", 1),
        this.#after("to", 1)
      ),
      () => (this.#word("between"), name(), this.#put(" in "), this.#list(value)),
      () => (this.#word("point"), this.#list(name), this.#after("at", 2), maybe(set)),
      () => (this.#word("noise"), this.#list(name), maybe(() => this.#put(" fixed")), maybe(set)),
      () => (this.#word("brownian"), name(), this.#after("over", 2)),
      () => (this.#word("call"), name(), set()),
      () => (this.#word("carry"), this.#postfix(1, names), set(), maybe(() => this.#put(" session"))),
      () => (this.#word("state"), this.#list(name), this.random.chance(0.5) ? set() : this.#block(depth)),
      () => (this.#word("input"), this.#list(name), this.#put(": "), this.#postfix(1, names)),
      () => (this.#put("step"), this.#block(depth)),
      () => (this.#word("repeat"), value(), this.#block(depth)),
      () => (this.#word("accept"), value(), this.#put(" else"), this.#block(depth)),
      () => this.#tableau(),
      () => (
        this.#put("init"),
        this.random.chance(0.5) ? this.#block(depth) : (this.#put(" "), this.#equationOnly())
      ),
      () => (this.#put(this.random.pick(["", "run ", "weak ", "run weak "])), this.#word("order"), value()),
      () => (this.#word("quantity"), name(), set()),
      () => (this.#word("requires"), this.random.chance(0.5) ? this.#put("unit alpha") : value()),
      () => (this.#word(this.random.pick(["start", "final"])), value(), maybe(() => this.#after("then", 2))),
      () => this.#model(),
      () => (
        this.#word("solver"),
        value(),
        maybe(() => (this.#after("while", 1), this.#after("then", 1), maybe(() => this.#put(" fresh"))))
      ),
      () => (this.#word(this.random.pick(["schedule", "guidance", "grid", "output"])), this.#list(value)),
      () => (
        this.#word(this.random.pick(["steps", "population", "space", "calls", "holds", "inverse"])),
        value()
      ),
      () => this.#table(),
    ];
  }

  #equationOnly(): void {
    this.#postfix(0, names);
    this.#operator("=");
    this.#expression(2);
  }

  #model(): void {
    this.#word("model");
    if (this.random.chance(0.3)) this.#word(this.random.pick(names));
    this.#put("predicts eps");
    if (this.random.chance(0.5)) return;
    this.#put(" with ");
    this.#list(() => this.#argument(2));
  }

  #tableau(): void {
    this.#put("tableau flow over ");
    this.#put(this.random.pick(["time", "lambda"]));
    if (this.random.chance(0.2)) this.#after("sweeps", 0);
    const row = (): void => {
      if (this.random.chance(0.2)) return this.#let();
      if (this.random.chance(0.8)) this.#put(this.random.pick(["0 ", "1/2 ", "c2  ", "(1 - a) "]));
      this.#put("|");
      if (this.random.chance(0.8)) {
        this.#put(" ");
        this.#list(() => this.#expression(1));
      }
    };
    this.#block(0, row);
  }

  // ---- expressions -----------------------------------------------------------------------------------------------

  #name(): void {
    this.#put(this.random.pick(names));
  }

  #expression(depth: number): void {
    const { random } = this;
    if (depth <= 0 || random.chance(0.3)) return this.#postfix(depth - 1);
    const kind = random.below(12);
    if (kind < 5) {
      for (let i = 1 + random.small(random.chance(0.05) ? 30 : 4); i > 0; i -= 1) {
        this.#postfix(depth - 2);
        if (random.chance(0.3)) this.#put(random.pick(["*", "/", " * ", "^"]));
        else this.#operator(random.pick(["+", "-", "+", "-", "*", "/"]));
      }
      return this.#postfix(depth - 2);
    }
    if (kind === 5) return (this.#put("-"), this.#postfix(depth - 1));
    if (kind === 6) return (this.#put("not "), this.#postfix(depth - 1));
    if (kind === 7) {
      this.#postfix(depth - 1);
      this.#operator(random.pick(["and", "or"]));
      return this.#postfix(depth - 1);
    }
    if (kind === 8) {
      this.#postfix(depth - 1);
      this.#operator(random.pick(["<", "<=", ">", ">=", "==", "!=", "in"]));
      return this.#postfix(depth - 1);
    }
    if (kind === 9) {
      this.#postfix(depth - 1);
      this.#operator("..");
      return this.#postfix(depth - 1);
    }
    return this.#postfix(depth - 1);
  }

  #postfix(depth: number, first?: readonly string[]): void {
    const { random } = this;
    if (first) this.#put(random.pick(first));
    else if (this.#primary(depth)) return;
    for (let i = random.small(3); i > 0; i -= 1) {
      const kind = random.below(4);
      if (kind === 0) this.#arguments(depth);
      else if (kind === 1) this.#inBrackets("[", "]", () => this.#list(() => this.#expression(depth), 2));
      else if (kind === 2) this.#put(`.${random.pick(names)}`);
      else this.#put("'");
    }
  }

  /** Whether it was a number or a text, which nothing is asked of. */
  #primary(depth: number): boolean {
    const { random } = this;
    const kind = random.below(depth > 0 ? (this.#afterWord ? 7 : 8) : 5);
    this.#afterWord = false;
    if (kind < 3) this.#name();
    else if (kind < 5) this.#put(random.chance(0.1) ? '"text"' : random.pick(numbers));
    else if (kind < 7) this.#inBrackets("(", ")", () => this.#expression(depth));
    else
      this.#inBrackets("[", "]", () => {
        if (random.chance(0.1)) return;
        this.#list(() => this.#expression(depth));
        if (random.chance(0.2)) this.#family();
      });
    return kind === 3 || kind === 4;
  }

  #arguments(depth: number): void {
    this.#inBrackets("(", ")", () => {
      if (this.random.chance(0.9)) this.#list(() => this.#argument(depth));
    });
  }

  #argument(depth: number): void {
    if (this.random.chance(0.3)) {
      this.#put(`${this.random.pick([...names, ...words])}:`);
      this.#gap();
      return this.#expression(depth);
    }
    this.#expression(depth);
    if (this.random.chance(0.1)) {
      this.#put(" -> ");
      this.#expression(depth);
    }
  }
}
