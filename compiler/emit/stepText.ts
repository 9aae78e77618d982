// Owns: one step graph as readable lines: calls, functions and combinations by short names, every weight that is not a
// plain number under a name (k1, k2, ...). Shared by the printers of graphs and of coefficient tables.

import { isOne, isZero, neg, type Expr } from "../algebra/expr.js";
import { print } from "../algebra/print.js";
import type { Level } from "../graph/level.js";
import type { Leaf, Linear, Node, Operand } from "../graph/node.js";

/** A weight: its name, what it multiplies, what for. */
export interface Weight {
  readonly name: string;
  readonly value: Expr;
  readonly of: string;
  readonly target: string;
}

const timesOf = (offset: number): string => (offset === 0 ? "s" : `(s-${offset})`);
const placed = (place: string, name: string): string => (place === "" ? name : `${place}.${name}`);

function leafText(leaf: Leaf): string {
  switch (leaf.kind) {
    case "state":
      return `x@${timesOf(leaf.offset)}`;
    case "view":
      return `${placed(leaf.place, leaf.view)}@${timesOf(leaf.offset)}`;
    case "carry":
      return `${leaf.name}@${timesOf(leaf.offset)}`;
    case "draw":
      return `${leaf.path}${leaf.pass === 0 ? "" : `#${leaf.pass}`}`;
    case "brownian":
      return `${leaf.path}(${leaf.from.key} -> ${leaf.to.key})/std`;
    case "input":
      return leaf.trajectory === null ? leaf.name : `${leaf.name}[${leaf.trajectory.key}]`;
    case "guidanceCarry":
    case "unknown":
      return leaf.name;
  }
}

const levelText = (level: Level): string =>
  level.kind === "located" ? `${level.coordinate} = ${print(level.value)}` : level.key;

/** A plain number, short enough to stand in a formula. */
const isShort = (value: Expr): boolean =>
  (value.kind === "num" || value.kind === "real") && print(value).length <= 8;

export class StepText {
  readonly lines: string[] = [];
  readonly weights: Weight[] = [];
  readonly #names = new Map<Node, string>();
  readonly #counts = new Map<string, number>();
  readonly #weightNames = new Map<Expr, string>();

  /** Adds `name = value`. */
  define(name: string, value: Linear): void {
    this.lines.push(`${name} = ${this.#linear(value, name)}`);
  }

  #fresh(letter: string): string {
    const count = (this.#counts.get(letter) ?? 0) + 1;
    this.#counts.set(letter, count);
    return `${letter}${count}`;
  }

  #weight(value: Expr, of: string, target: string): string {
    const known = this.#weightNames.get(value);
    const name = known ?? this.#fresh("k");
    if (known === undefined) {
      this.#weightNames.set(value, name);
      this.weights.push({ name, value, of, target });
    }
    return name;
  }

  #linear(value: Linear, target: string): string {
    const parts: string[] = [];
    const push = (negative: boolean, text: string): void => {
      if (parts.length === 0) parts.push(negative ? `-${text}` : text);
      else parts.push(negative ? ` - ${text}` : ` + ${text}`);
    };
    for (const [node, coefficient] of value.terms) {
      const name = this.#node(node);
      if (isOne(coefficient)) push(false, name);
      else if (isOne(neg(coefficient))) push(true, name);
      else if (isShort(coefficient)) {
        const text = print(coefficient);
        const minus = text.startsWith("-");
        push(minus, `${minus ? text.slice(1) : text}*${name}`);
      } else push(false, `${this.#weight(coefficient, name, target)}*${name}`);
    }
    if (!isZero(value.constant) || parts.length === 0)
      push(
        false,
        isShort(value.constant) ? print(value.constant) : this.#weight(value.constant, "1", target),
      );
    return parts.join("");
  }

  #operand(operand: Operand, target: string): string {
    if (operand.kind !== "number") return this.#node(operand);
    return isShort(operand.value) ? print(operand.value) : this.#weight(operand.value, "1", target);
  }

  #node(node: Node): string {
    const known = this.#names.get(node);
    if (known !== undefined) return known;
    if (node.kind === "leaf") return leafText(node.leaf);
    const { letter, text } = this.#definition(node);
    const name = node.kind === "output" ? text : this.#fresh(letter);
    this.#names.set(node, name);
    if (node.kind !== "output") this.lines.push(`${name} = ${text}`);
    return name;
  }

  #definition(node: Exclude<Node, { kind: "leaf" }>): { letter: string; text: string } {
    switch (node.kind) {
      case "linear":
        return { letter: "y", text: this.#linear(node.value, "y") };
      case "map":
        return {
          letter: "y",
          text: `${node.fn}(${node.args.map((arg) => this.#operand(arg, node.fn)).join(", ")})`,
        };
      case "reduce": {
        const args = node.args.map((arg) => this.#node(arg));
        const parameter = node.parameter === null ? "" : `, ${print(node.parameter)}`;
        return { letter: "r", text: `${node.fn}(${args.join(", ")}${parameter}) per ${node.per}` };
      }
      case "output":
        return { letter: "c", text: `${this.#node(node.call)}.${node.output}` };
      case "call":
        return { letter: "c", text: this.#call(node) };
      default:
        return node satisfies never;
    }
  }

  #call({ site }: Extract<Node, { kind: "call" }>): string {
    const state = this.#linear(site.state, "call");
    const inputs = site.inputs.map((input) => this.#linear(input, "call"));
    const args = [state, `at: ${levelText(site.level)}`];
    if (inputs.length !== 1 || inputs[0] !== state) args.push(`fed: ${inputs.join(" and ")}`);
    if (site.time !== null) args.push(`time: ${print(site.time)}`);
    if (site.conditions.length > 0) args.push(`cond: ${site.conditions.join(" and ")}`);
    if (site.variant !== null) args.push(`variant: ${JSON.stringify(site.variant)}`);
    for (const [name, value] of Object.entries(site.extras)) args.push(`${name}: ${print(value)}`);
    return `${site.model}(${args.join(", ")})`;
  }
}
