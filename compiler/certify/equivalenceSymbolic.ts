// Owns: proving that two rules are the same step on every schedule and every grid: their fused weights are equal as
// functions of alpha and lambda at the points. What cannot be shown so is left to numbers.

import { add, fn, isZero, mul, neg, one, substitute, sym, zero, type Expr } from "../algebra/expr.js";
import { proveEqual } from "../algebra/simplify.js";
import { gridLevel, locatedLevel, type Level } from "../graph/level.js";
import type { Linear, Node, Operand } from "../graph/node.js";
import { quantity, quantityData, type QuantityData } from "../graph/quantity.js";
import { expandForecasts } from "../lower/forecast.js";
import type { StepGraph } from "../lower/template.js";
import { Forms, Symbols, type Form, type Weights } from "./equivalenceForms.js";
import { branches, type Branch, type Setting } from "./setting.js";

/** The algebra cannot tell. */
class Open extends Error {}

/** sigma and rho are alpha and lambda; a point located by lambda has that lambda. */
function reduced(e: Expr): Expr {
  return substitute(expandForecasts(e), (s) => {
    const data = quantityData(s);
    return data && inAlphaAndLambda(data);
  });
}

function inAlphaAndLambda({ quantity: name, level }: QuantityData): Expr | undefined {
  switch (name) {
    case "lambda":
      return lambdaOf(level);
    case "rho":
      return fn("exp", neg(lambdaOf(level)));
    case "sigma":
      return mul(quantity("alpha", level), fn("exp", neg(lambdaOf(level))));
    default:
      return undefined;
  }
}

function lambdaOf(level: Level): Expr {
  if (level.kind !== "located") return sym(`lambda ${level.key}`, {});
  const value = reduced(level.value);
  switch (level.coordinate) {
    case "lambda":
      return value;
    case "rho":
      return neg(fn("log", value));
    default:
      return sym(`lambda ${level.key}`, {});
  }
}

const symbolicWeights: Weights<Expr> = {
  one,
  add,
  mul,
  // Sums that vanish for a deeper reason stay, and are zero to `same`: proving each weight not to be zero takes long.
  isZero,
  same: (a, b) =>
    [...new Set([...a.keys(), ...b.keys()])].every((id) => equalExpr(a.get(id) ?? zero, b.get(id) ?? zero)),
};

function equalExpr(a: Expr, b: Expr): boolean {
  const answer = proveEqual(a, b);
  if (answer === "unknown") throw new Open("the algebra cannot tell");
  return answer === "equal";
}

/** One step in the middle of a run, in states and predictions at s, s-1, ... */
class SymbolicForms extends Forms<Expr> {
  readonly draws: string[] = [];

  constructor(
    symbols: Symbols<Expr>,
    readonly graph: StepGraph,
    /** Points back that the step is moved. */
    readonly back = 0,
    draws?: string[],
  ) {
    super(symbols);
    if (draws) this.draws = draws;
  }

  #scalar(e: Expr): Expr {
    return reduced(this.back === 0 ? e : shifted(e, this.back));
  }

  protected terms(value: Linear): readonly (readonly [Expr, Node])[] {
    return [...value.terms].map(([node, weight]) => [this.#scalar(weight), node] as const);
  }

  protected constant(value: Linear): Expr {
    return this.#scalar(value.constant);
  }

  protected operand(value: Extract<Operand, { kind: "number" }>): Expr {
    return this.#scalar(value.value);
  }

  protected parameter(node: Extract<Node, { kind: "reduce" }>): Expr | undefined {
    return node.parameter === null ? undefined : this.#scalar(node.parameter);
  }

  protected leaf({ leaf, key }: Extract<Node, { kind: "leaf" }>): Form<Expr> {
    const { symbols } = this;
    const named = (name: string): Form<Expr> => symbols.single(symbols.of(name, [], () => name));
    switch (leaf.kind) {
      case "state":
        return named(`x[s-${leaf.offset + this.back}]`);
      case "view":
        // What the step that began there says of its own prediction.
        if (leaf.offset === 0 || leaf.place !== "") throw new Open("a prediction made by another step");
        return new SymbolicForms(symbols, this.graph, this.back + leaf.offset, this.draws).linear(
          this.graph.view("", leaf.view),
          0,
        );
      case "draw": {
        if (this.back > 0) throw new Open("an older draw");
        const name = `${leaf.path} #${leaf.pass} ${leaf.fixed}`;
        if (!this.draws.includes(name)) this.draws.push(name);
        return named(`draw ${leaf.distribution} ${leaf.fixed} ${this.draws.indexOf(name)}`);
      }
      case "input":
        return named(key);
      default:
        throw new Open(`\`${key}\` is carried from step to step`);
    }
  }

  protected call({ site }: Extract<Node, { kind: "call" }>): Form<Expr> {
    const { symbols } = this;
    const state = this.linear(site.state, 0);
    const level = this.#level(site.level);
    const key = `call ${site.model} ${site.conditions.join("+")} ${site.variant ?? ""} ${level.name}`;
    const extras = [...Object.values(site.extras), ...(site.time ? [site.time] : [])];
    const args = [...extras.map((e) => symbols.number(this.#scalar(e))), ...level.args, state];
    const answer = symbols.single(symbols.of(key, args, () => key));
    if (!site.form) return answer;
    return symbols.combine([
      [this.#scalar(site.form.x), state],
      [this.#scalar(site.form.x0), answer],
    ]);
  }

  #level(level: Level): { name: string; args: readonly Form<Expr>[] } {
    const moved = this.back === 0 ? level : shiftedLevel(level, this.back);
    if (moved.kind !== "located") return { name: moved.key, args: [] };
    return { name: moved.coordinate, args: [this.symbols.number(reduced(moved.value))] };
  }
}

const shifted = (e: Expr, back: number): Expr =>
  substitute(e, (s) => {
    const data = quantityData(s);
    return data && quantity(data.quantity, shiftedLevel(data.level, back));
  });

function shiftedLevel(level: Level, back: number): Level {
  if (level.kind === "grid") return gridLevel(level.offset - back);
  return level.kind === "located" ? locatedLevel(level.coordinate, shifted(level.value, back)) : level;
}

/**
 * Whether two rules are proved to be the same step, in the middle of a run and while the history is missing, on every
 * schedule and grid. False means only that this was not proved.
 */
export function provedEqual(a: Setting, b: Setting): boolean {
  const depth = Math.max(...[a, b].flatMap(branches).map((branch) => branch.depth));
  const histories = [undefined, ...Array.from({ length: depth }, (_, k) => k)];
  return histories.every((history) => sameStep({ ...a, history }, { ...b, history }));
}

function sameStep(a: Setting, b: Setting): boolean {
  const [one, ...moreA] = branches(a);
  const [two, ...moreB] = branches(b);
  if (!one || !two || moreA.length + moreB.length > 0 || !plainBranch(one) || !plainBranch(two)) return false;
  const symbols = new Symbols<Expr>(symbolicWeights);
  try {
    const [x, y] = [one, two].map((branch) =>
      new SymbolicForms(symbols, branch.graph).linear(branch.graph.next as Linear, 0),
    ) as [Form<Expr>, Form<Expr>];
    return symbolicWeights.same(x, y);
  } catch (error) {
    if (error instanceof Open) return false;
    throw error;
  }
}

/** The step is told by states, predictions and draws alone. */
const plainBranch = ({ graph, given }: Branch): boolean =>
  graph.next !== undefined && graph.carries.size === 0 && given === undefined;
