// Owns: one step of a rule as formulas for people: where predictions are taken, the state at t, what is handed on, and
// what every name means. A structure, not text: mathematicsPrint.ts writes it in Unicode and in LaTeX.

import { children, isZero, type Expr, type Sym } from "../algebra/expr.js";
import type { Level } from "../graph/level.js";
import { linearKey, singleAtom, type Leaf, type Linear, type Node } from "../graph/node.js";
import type { StepGraph } from "../lower/template.js";
import type { Relation } from "../path/path.js";
import { Coefficients, costOf, type Definition } from "./mathematicsCoefficients.js";
import { indexed, latexOfName, named, predictionLetter, spelled, textOfName } from "./mathematicsNames.js";
import { displayed } from "./mathematicsText.js";

/** coefficient * name; without a name the constant. */
export interface Term {
  readonly shown: Expr;
  /** The weight of the step graph that `shown` stands for. */
  readonly weight: Expr;
  readonly of: Sym | undefined;
}

export type Line =
  | { readonly kind: "sum"; readonly left: Sym; readonly terms: readonly Term[] }
  /** A prediction at a state. */
  | {
      readonly kind: "call";
      readonly left: Sym;
      readonly letter: Sym;
      readonly state: Sym;
      readonly index: string;
      readonly conditions: readonly string[];
    }
  /** A function of tensors, or a number per sample such as a norm. */
  | { readonly kind: "apply"; readonly left: Sym; readonly fn: string; readonly args: readonly Expr[] };

/** A place between or beyond grid points: `coordinate` of it is `shown`. */
export interface PlaceLine {
  readonly index: string;
  readonly name: Sym;
  readonly shown: Expr;
}

export interface Update {
  readonly view: string;
  readonly places: readonly PlaceLine[];
  readonly definitions: readonly Definition[];
  readonly lines: readonly Line[];
  /** Draws that appear, by name. */
  readonly draws: readonly Sym[];
  /** Predictions of earlier steps that appear. */
  readonly history: readonly Sym[];
  /** A formula in names, back in the symbols of the graph. */
  restore(e: Expr): Expr;
  /** Length on paper, a little more for views other than x0, so that ties go to x0; the smaller of two views of a rule is the more readable one. */
  readonly cost: number;
}

/** What a step hands on: its name as index of a letter, and its value. */
export interface Output {
  readonly name: Sym;
  readonly value: Linear;
}

const xLetter = ["x", "x"] as const;
/** A state at a place, `x_s`. */
export const stateName = (index: string): Sym => named("state", ...indexed(xLetter, index));

/** The state at t, `x_t`. */
export const nextState: Sym = stateName("t");

/** A carry of the rule at s or at t, `v_s`. */
export const carryName = (name: string, index: string): Sym =>
  named("carry", ...indexed(spelled(name), index));

const offsetIndex = (offset: number): string => (offset === 0 ? "s" : `s-${offset}`);

/** The formulas of values of one step graph whose network predicts `view`. */
export function updateOf(outputs: readonly Output[], view: string, relation?: Relation): Update {
  return new UpdateWriter(view, relation).write(outputs);
}

/** What a rule does to the state and its carries. */
export function outputsOf(graph: StepGraph): readonly Output[] {
  const outputs: Output[] = [];
  if (graph.next) outputs.push({ name: nextState, value: graph.next });
  for (const [name, carry] of graph.carries)
    for (const [index, value] of [
      ["s", carry.atS?.()],
      ["t", carry.atT?.()],
    ] as const)
      if (value) outputs.push({ name: carryName(name, index), value });
  return outputs;
}

class UpdateWriter {
  readonly #coefficients: Coefficients;
  readonly #lines: Line[] = [];
  readonly #names = new Map<Node, Sym>();
  readonly #used = new Set<Sym>();
  readonly #draws = new Set<Sym>();
  readonly #history = new Set<Sym>();
  readonly #states = new Map<string, Sym>();

  constructor(
    readonly view: string,
    relation: Relation,
  ) {
    this.#coefficients = new Coefficients(relation);
  }

  write(outputs: readonly Output[]): Update {
    for (const { name, value } of outputs) {
      this.#used.add(name);
      if (name === nextState) this.#states.set(`t ${linearKey(value)}`, name);
    }
    // Calls in the order in which the rule makes them.
    for (const call of callsIn(outputs.map((output) => output.value))) this.#node(call);
    for (const { name, value } of outputs) this.#sum(name, value);
    const coefficients = this.#coefficients;
    // Showing where places are may bring in further places.
    const places: PlaceLine[] = [];
    for (let i = 0; i < coefficients.places.length; i += 1) {
      const { level, index } = coefficients.places[i] as { readonly index: string; readonly level: Level };
      if (level.kind === "located")
        places.push({
          index,
          name: coefficients.name(level.coordinate, level),
          shown: coefficients.showPlace(level),
        });
    }
    const formulas = [...this.#lines.flatMap(formulasOf), ...places.map((place) => place.shown)];
    const definitions = coefficients.definitionsOf(formulas);
    const all = [
      ...formulas,
      ...definitions.flatMap((d) => (d.kind === "value" ? [d.shown] : [...d.rows.flat(), ...d.right])),
    ];
    return {
      view: this.view,
      places,
      definitions,
      lines: this.#lines,
      draws: [...this.#draws],
      history: [...this.#history],
      restore: (e) => coefficients.restore(e),
      cost:
        all.reduce((sum, e) => sum + costOf(e) + 2, 0) +
        10 * definitions.length +
        (this.view === "x0" ? 0 : 4),
    };
  }

  #sum(left: Sym, value: Linear): void {
    const terms: Term[] = [];
    for (const [node, weight] of value.terms) {
      const shown = this.#coefficients.show(weight);
      if (!isZero(shown)) terms.push({ shown, weight, of: this.#node(node) });
    }
    if (!isZero(value.constant) || terms.length === 0)
      terms.push({ shown: this.#coefficients.show(value.constant), weight: value.constant, of: undefined });
    this.#lines.push({ kind: "sum", left, terms: inReadingOrder(terms) });
  }

  /** A name that nothing else has: with as many primes as it takes. */
  #fresh(letter: readonly [string, string], index: string): Sym {
    for (let primes = 0; ; primes += 1) {
      const marked = [`${letter[0]}${"′".repeat(primes)}`, `${letter[1]}${"'".repeat(primes)}`] as const;
      const name = named("value", ...indexed(marked, index));
      const taken = [...this.#used].some((other) => textOfName(other) === textOfName(name));
      if (taken) continue;
      this.#used.add(name);
      return name;
    }
  }

  #node(node: Node): Sym {
    const known = this.#names.get(node);
    if (known !== undefined) return known;
    const name = this.#define(node);
    this.#names.set(node, name);
    return name;
  }

  #define(node: Node): Sym {
    switch (node.kind) {
      case "leaf":
        return this.#leaf(node.leaf);
      case "linear": {
        const name = this.#fresh(["y", "y"], "");
        this.#sum(name, node.value);
        return name;
      }
      case "map":
      case "reduce": {
        const args = node.args.map((arg) =>
          arg.kind === "number" ? this.#coefficients.show(arg.value) : this.#node(arg),
        );
        if (node.kind === "reduce" && node.parameter) args.push(this.#coefficients.show(node.parameter));
        const name = this.#fresh(node.kind === "map" ? ["y", "y"] : ["a", "a"], "");
        this.#lines.push({ kind: "apply", left: name, fn: node.fn, args });
        return name;
      }
      case "output": {
        const [text, latex] = spelled(node.output);
        const call = this.#node(node.call);
        return named("output", `${text} of ${textOfName(call)}`, `${latex}\\text{ of }${latexOfName(call)}`);
      }
      case "call":
        return this.#call(node);
    }
  }

  #call({ site }: Extract<Node, { kind: "call" }>): Sym {
    const index = this.#coefficients.index(site.level);
    const state = this.#state(site.state, site.level, index);
    const plain = predictionLetter(this.view);
    const [text, latex] = spelled(site.model);
    const variant = site.variant === null ? "" : ` ${site.variant}`;
    const letter: readonly [string, string] =
      site.model === "model" && variant === ""
        ? plain
        : [
            `${plain[0]}^${text}${variant}`,
            `${plain[1]}^{${latex}\\text{${variant.replaceAll("_", "\\_")}}}`,
          ];
    const conditions = site.conditions;
    const name = this.#fresh(letter, index);
    this.#lines.push({
      kind: "call",
      left: name,
      letter: named("function", ...letter),
      state,
      index,
      conditions,
    });
    return name;
  }

  /** The state a prediction is made at: x_s, or a combination with a name of its own. */
  #state(value: Linear, level: Level, index: string): Sym {
    const single = singleAtom(value);
    if (single) return this.#node(single);
    const key = `${level.key} ${linearKey(value)}`;
    const known = this.#states.get(key);
    if (known !== undefined) return known;
    const isNext = index === "t" || index === "s";
    const name = this.#fresh(isNext ? ["x̂", "\\hat{x}"] : xLetter, index);
    this.#states.set(key, name);
    this.#sum(name, value);
    return name;
  }

  #leaf(leaf: Leaf): Sym {
    switch (leaf.kind) {
      case "state":
        return stateName(offsetIndex(leaf.offset));
      case "view": {
        const plain = predictionLetter(leaf.view);
        const letter: readonly [string, string] =
          leaf.place === "" ? plain : [`${plain[0]}^${leaf.place}`, `${plain[1]}^{\\text{${leaf.place}}}`];
        const name = named("history", ...indexed(letter, offsetIndex(leaf.offset)));
        this.#used.add(name);
        this.#history.add(name);
        return name;
      }
      case "carry":
        return carryName(leaf.name, offsetIndex(leaf.offset));
      case "guidanceCarry":
      case "unknown":
        return named("value", ...spelled(leaf.name));
      case "draw": {
        const name = named(
          "draw",
          ...indexed(spelled(leaf.path), leaf.pass === 0 ? "" : String(leaf.pass + 1)),
        );
        this.#draws.add(name);
        return name;
      }
      case "brownian": {
        const letter = spelled(leaf.path);
        const index = `${this.#coefficients.index(leaf.from)},${this.#coefficients.index(leaf.to)}`;
        const name = named("draw", ...indexed(letter, index));
        this.#draws.add(name);
        return name;
      }
      case "input": {
        const [text, latex] = spelled(leaf.name);
        if (leaf.trajectory === null) return named("input", text, latex);
        return named("input", ...indexed([text, latex], this.#coefficients.index(leaf.trajectory)));
      }
    }
  }
}

/** How large the weights of values are before anything is simplified; views of a rule differ by factors of ten. */
export function roughSize(values: readonly Linear[]): number {
  const calls = callsIn(values).map((call) => call.site.state);
  const weights = [...values, ...calls].flatMap((value) => [...value.terms.values(), value.constant]);
  return weights.reduce((sum, weight) => sum + nodeCount(weight), 0);
}

const nodeCounts = new WeakMap<Expr, number>();

function nodeCount(e: Expr): number {
  let count = nodeCounts.get(e);
  if (count === undefined) {
    count = children(e).reduce((sum, child) => sum + nodeCount(child), 1);
    nodeCounts.set(e, count);
  }
  return count;
}

/** The candidates that can be the shortest on paper; writing the others is work in vain. */
export function promising<T>(
  candidates: readonly T[],
  values: (candidate: T) => readonly Linear[],
): readonly T[] {
  const sizes = candidates.map((candidate) => roughSize(values(candidate)));
  const least = Math.min(...sizes);
  return candidates.filter((_, i) => (sizes[i] as number) <= 2.5 * least);
}

/** Every call that values read, in the order of lowering. */
export function callsIn(values: readonly Linear[]): readonly Extract<Node, { kind: "call" }>[] {
  const seen = new Set<Node>();
  const visit = (value: Linear): void => {
    for (const node of value.terms.keys()) visitNode(node);
  };
  const visitNode = (node: Node): void => {
    if (seen.has(node)) return;
    seen.add(node);
    if (node.kind === "linear") visit(node.value);
    if (node.kind === "call") visit(node.site.state);
    if (node.kind === "output") visitNode(node.call);
    if (node.kind === "reduce") node.args.forEach(visitNode);
    if (node.kind === "map") for (const arg of node.args) if (arg.kind !== "number") visitNode(arg);
  };
  values.forEach(visit);
  return [...seen].filter((node) => node.kind === "call").sort((a, b) => a.id - b.id);
}

const placeInSum = (term: Term): number => {
  const text = term.of === undefined ? "" : term.of.key;
  if (text.startsWith("math state")) return 0;
  if (text.startsWith("math carry")) return 1;
  if (text.startsWith("math history")) return 3;
  if (text.startsWith("math draw")) return 4;
  return term.of === undefined ? 5 : 2;
};

/** States first, then predictions from the newest to the oldest, then noise. */
function inReadingOrder(terms: readonly Term[]): readonly Term[] {
  const age = (term: Term): number => Number(/s-(\d+)/.exec(term.of?.key ?? "")?.[1] ?? 0);
  return [...terms].sort((a, b) => placeInSum(a) - placeInSum(b) || age(a) - age(b));
}

/** Every formula of a line. */
function formulasOf(line: Line): readonly Expr[] {
  if (line.kind === "sum") return line.terms.map((term) => displayed(term.shown));
  if (line.kind === "apply") return line.args;
  return [];
}
