// Owns: predictions: what a network call (or a guidance rule) says about the endpoints of the path, and every view of
// it. A conversion is one small symbolic linear solve of the path's equation and the parameterization's, never a table
// of cases.

import { add, div, isZero, mul, neg, num, pow, sub, type Expr } from "../algebra/expr.js";
import { solveLinear } from "../algebra/linear.js";
import { fail } from "../diagnostics/report.js";
import type { Level } from "../graph/level.js";
import { quantity, namedQuantities, type Quantity } from "../graph/quantity.js";
import { plus, scale, type Graph, type Linear, type Node } from "../graph/node.js";
import { substitute } from "../algebra/expr.js";
import type { Path } from "../path/path.js";
import { bare, pathFunction } from "../path/schedule.js";
import type { Span } from "../source/span.js";
import type { Block, Equation, Expression } from "../syntax/ast.js";
import { evaluate, toTensor, type Lowering } from "./expression.js";
import { bindParameters } from "./parameters.js";
import { Scope, type Place } from "./scope.js";
import { numberValue, tensorValue, type DefinitionValue, type Value } from "./value.js";

/** A view of the sampler: an endpoint (`x0`, `eps`) or a parameterization by name. */
export interface View {
  readonly name: string;
  readonly parameterization: DefinitionValue | undefined;
}

/** What a call says. `x` is the state the solver goes on from (moved by split predictions). */
export interface Prediction {
  readonly level: Level;
  readonly x: Linear;
  readonly endpoints: ReadonlyMap<string, Linear>;
  /** The network's own output, and extra outputs by name. */
  readonly outputs: ReadonlyMap<string, Linear>;
  /** What later steps see instead, by view. */
  readonly past: ReadonlyMap<string, Linear>;
  readonly split: boolean;
  /** Views by name, converted on demand. */
  view(name: string, at: Span): Linear | undefined;
  names(): readonly string[];
}

/** Names of unknowns that stand for predictions (slope.ts), not for endpoints to be solved for. */
export const opaquePrefix = "opaque ";

export const viewLevel = (name: string): "data" | "noise" | "free" =>
  name === "x0" ? "data" : name === "eps" ? "noise" : "free";

export function viewOf(prediction: Prediction, name: string, at: Span): Value | undefined {
  const value = name === "x" ? prediction.x : prediction.view(name, at);
  return value && tensorValue(value, name === "x" ? prediction.level : viewLevel(name));
}

/** Path quantities at one level, by bare name. */
export function quantityPlace(level: Level, more: Place = { name: () => undefined }): Place {
  return {
    name: (name, at, seq) => {
      const own = more.name(name, at, seq);
      if (own) return own;
      const primed = name.endsWith("'");
      const base = primed ? name.slice(0, -1) : name;
      if (!namedQuantities.has(base)) return undefined;
      return numberValue(quantity((primed ? `${base}Dot` : base) as Quantity, level));
    },
    call: (name, node, scope, seq) => more.call?.(name, node, scope, seq),
    ...(more.index ? { index: more.index.bind(more) } : {}),
    names: () => [...namedQuantities, ...(more.names?.() ?? [])],
  };
}

/** Views, conversions and the path's equation at levels of one path. */
export class Conversions {
  readonly #unknowns: readonly string[];

  constructor(
    readonly path: Path,
    readonly graph: Graph,
    readonly cx: Lowering,
    /** The view a name means here: a model's own parameterization, or one of the library. */
    readonly viewNamed: (name: string) => View | undefined,
  ) {
    this.#unknowns = [
      "x0",
      "eps",
      ...path.endpoints.filter((endpoint) => !endpoint.known).map((endpoint) => endpoint.name),
    ];
  }

  get endpointNames(): readonly string[] {
    return this.#unknowns;
  }

  /** Can a prediction be read as this? */
  isView(name: string): boolean {
    return name === "raw" || this.viewNamed(name) !== undefined;
  }

  /** Coefficient of an endpoint in the path's equation. */
  coefficient(name: string, level: Level): Expr {
    if (name === "x0") return quantity("alpha", level);
    if (name === "eps") return quantity("sigma", level);
    const endpoint = this.path.endpoints.find((candidate) => candidate.name === name);
    return endpoint
      ? substitute(endpoint.coefficient, (s) =>
          "now" in s.data
            ? quantity(s.data["now"] as Quantity, level)
            : "path" in s.data
              ? quantity("time", level)
              : undefined,
        )
      : num(0);
  }

  /** The known part of the path's equation: inputs such as the mean of a mean-reverting diffusion. */
  known(level: Level): Linear {
    return plus(
      ...this.path.endpoints
        .filter((endpoint) => endpoint.known)
        .map((endpoint) => scale(this.input(endpoint.name), this.coefficient(endpoint.name, level))),
    );
  }

  input(name: string): Linear {
    return this.graph.leaf({ kind: "input", name, trajectory: null });
  }

  unknown(name: string): Linear {
    return this.graph.leaf({ kind: "unknown", name });
  }

  /** x at a level, from the endpoints. */
  state(endpoints: ReadonlyMap<string, Linear>, level: Level): Linear {
    return plus(
      ...[...endpoints].map(([name, value]) => scale(value, this.coefficient(name, level))),
      this.known(level),
    );
  }

  /** raw - (its form), as a linear form in unknowns `x`, `raw` and the endpoints; zero when it holds. */
  #equation(view: View, level: Level): Linear {
    const raw = this.unknown("raw");
    if (!view.parameterization) return plus(raw, scale(this.unknown(view.name), num(-1)));
    const { def } = view.parameterization;
    const scope = this.#scope(view.parameterization, level);
    if (def.node.body.kind !== "Block") {
      const right = toTensor(evaluate(def.node.body, scope, 0, this.cx), def.node.body.span);
      return plus(raw, scale(right.value, num(-1)));
    }
    const equation = equationsOf(def.node.body).find((candidate) => !isConvention(candidate));
    if (!equation)
      return fail(
        "D0211",
        `the parameterization \`${def.name}\` has no equation for what the network returns`,
        {
          at: def.node.name.span,
          help: "add a line such as `raw = eps` or `x0 = c*x + d*raw`",
        },
      );
    const left = toTensor(evaluate(equation.left, scope, 0, this.cx), equation.left.span);
    const right = toTensor(evaluate(equation.right, scope, 0, this.cx), equation.right.span);
    return plus(left.value, scale(right.value, num(-1)));
  }

  #scope(value: DefinitionValue, level: Level, state?: Linear): Scope {
    const { scope } = bindParameters(value, value.def.node.name.span, this.cx);
    const inner = new Scope(
      scope,
      quantityPlace(level, {
        name: (name) => {
          if (name === "x") return tensorValue(state ?? this.unknown("x"), level);
          if (name === "raw" || this.#unknowns.includes(name))
            return tensorValue(this.unknown(name), viewLevel(name));
          if (this.path.endpoints.some((endpoint) => endpoint.name === name))
            return tensorValue(this.input(name), "data");
          return undefined;
        },
        names: () => ["x", "raw", ...this.#unknowns],
        call: (name, node, callScope, seq) =>
          namedQuantities.has(name)
            ? pathFunction(
                this.path,
                name,
                node.args.map((arg) => ({
                  name: arg.name?.text,
                  value: evaluate(arg.value, callScope, seq, this.cx),
                  to: undefined,
                  at: arg.value,
                })),
                node,
              )
            : undefined,
      }),
    );
    if (value.def.node.body.kind === "Block")
      for (const statement of value.def.node.body.statements)
        if (statement.kind === "Let")
          inner.declare(statement.name.text, {
            seq: -1,
            at: statement.name.span,
            used: false,
            read: () => evaluate(statement.value, inner, 0, this.cx),
          });
    return inner;
  }

  /** What a parameterization says of the call itself: `input = ...`, `time = ...`. */
  convention(view: View, what: "input" | "time", level: Level, state: Linear): readonly Value[] | undefined {
    const body = view.parameterization?.def.node.body;
    if (!view.parameterization || body?.kind !== "Block") return undefined;
    const equation = equationsOf(body).find((candidate) => nameOf(candidate.left) === what);
    if (!equation) return undefined;
    const value = evaluate(equation.right, this.#scope(view.parameterization, level, state), 0, this.cx);
    return value.kind === "list" ? value.items : [value];
  }

  /** Solves linear equations (each zero) for unknowns; the rest of each is a tensor or a number. */
  #solve(
    equations: readonly Linear[],
    unknowns: readonly string[],
    at: Span,
    what: string,
  ): Map<string, Linear> {
    const nodes = unknowns.map((name) => [...this.unknown(name).terms.keys()][0] as Node);
    const matrix = equations.map((equation) => nodes.map((node) => equation.terms.get(node) ?? num(0)));
    const rests = equations.map((equation) => ({
      terms: new Map([...equation.terms].filter(([node]) => !nodes.includes(node))),
      constant: equation.constant,
    }));
    for (const equation of equations)
      for (const node of equation.terms.keys())
        if (
          node.kind === "map" &&
          node.args.some(
            (arg) =>
              arg.kind === "leaf" && arg.leaf.kind === "unknown" && !arg.leaf.name.startsWith(opaquePrefix),
          )
        )
          fail("D0310", `${what} is not linear in the endpoints`, { at });
    const inverse = this.#inverse(matrix);
    if (!inverse)
      return fail("D0310", `${what} does not determine the prediction`, {
        at,
        why: "together with the path's equation it must give every endpoint, but the two say the same thing",
        help: "check the formula: it must contain the network's output",
      });
    return new Map(
      unknowns.map((name, i) => [
        name,
        plus(
          ...rests.map((rest, column) => scale(rest, neg((inverse[i] as readonly Expr[])[column] as Expr))),
        ),
      ]),
    );
  }

  /**
   * The inverse of a small matrix. Two unknowns go by determinants, which keeps the entries free of differences that
   * elimination would make, and shows alpha^2 + sigma^2, which is 1 on a variance preserving path.
   */
  #inverse(matrix: readonly (readonly Expr[])[]): readonly (readonly Expr[])[] | undefined {
    const [first, second] = matrix;
    if (matrix.length === 2 && first && second) {
      const [a, b] = first as [Expr, Expr];
      const [c, d] = second as [Expr, Expr];
      const determinant = sub(mul(a, d), mul(b, c));
      if (isZero(determinant)) return undefined;
      const unit = this.path.numbers.relation === "vp" && isUnitCircle(determinant);
      const over = (e: Expr): Expr => (unit ? e : div(e, determinant));
      return [
        [over(d), over(neg(b))],
        [over(neg(c)), over(a)],
      ];
    }
    const columns = matrix.map((_, column) =>
      solveLinear(
        matrix.map((row) => [...row]),
        matrix.map((__, row) => num(row === column ? 1 : 0)),
      ),
    );
    if (columns.some((column) => column === undefined)) return undefined;
    return matrix.map((_, row) => columns.map((column) => (column as readonly Expr[])[row] as Expr));
  }

  /** The path's equation with the endpoints unknown and x given; zero when it holds. */
  #pathEquation(x: Linear, level: Level): Linear {
    return plus(
      x,
      ...this.#unknowns.map((name) => scale(this.unknown(name), neg(this.coefficient(name, level)))),
      scale(this.known(level), num(-1)),
    );
  }

  /** Endpoints from given views (each with its value) and the state. */
  endpointsFrom(given: ReadonlyMap<View, Linear>, x: Linear, level: Level, at: Span): Map<string, Linear> {
    const equations = [this.#pathEquation(x, level)];
    for (const [view, value] of given) {
      const form = this.#equation(view, level);
      equations.push(
        this.#replace(
          form,
          new Map([
            ["raw", value],
            ["x", x],
          ]),
        ),
      );
    }
    const names = [...given.keys()].map((view) => `\`${view.name}\``).join(" and ");
    if (equations.length !== this.#unknowns.length)
      return fail(
        "D0310",
        `${names} ${given.size === 1 ? "does" : "do"} not fit this path, which has ${this.#unknowns.length} unknown endpoints`,
        {
          at,
          help: `a path with ${this.#unknowns.length} unknown endpoints needs ${this.#unknowns.length - 1} predictions`,
        },
      );
    return this.#solve(equations, this.#unknowns, placeOf([...given.keys()], at), names);
  }

  /** A view from endpoints and state. */
  viewFrom(view: View, endpoints: ReadonlyMap<string, Linear>, x: Linear, level: Level, at: Span): Linear {
    const endpoint = view.parameterization ? undefined : endpoints.get(view.name);
    if (endpoint) return endpoint;
    const form = this.#replace(this.#equation(view, level), new Map([...endpoints, ["x", x]]));
    return this.#solve([form], ["raw"], placeOf([view], at), `\`${view.name}\``).get("raw") as Linear;
  }

  /** raw = x * state + x0 * (data prediction); null on paths where that does not determine it. */
  form(view: View, level: Level, at: Span): { readonly x: Expr; readonly x0: Expr } | null {
    if (!view.parameterization && view.name === "x0") return { x: num(0), x0: num(1) };
    if (this.#unknowns.length !== 2 || this.path.endpoints.length > 0) return null;
    const raw = this.#solve([this.#equation(view, level)], ["raw"], at, `\`${view.name}\``).get(
      "raw",
    ) as Linear;
    const part = (name: string): Expr =>
      raw.terms.get([...this.unknown(name).terms.keys()][0] as Node) ?? num(0);
    const noise = part("eps");
    if (isZero(noise)) return { x: part("x"), x0: part("x0") };
    const sigma = quantity("sigma", level);
    return {
      x: add(part("x"), div(noise, sigma)),
      x0: sub(part("x0"), div(mul(noise, quantity("alpha", level)), sigma)),
    };
  }

  #replace(form: Linear, values: ReadonlyMap<string, Linear>): Linear {
    const parts: Linear[] = [{ terms: new Map(), constant: form.constant }];
    for (const [node, coefficient] of form.terms) {
      const value =
        node.kind === "leaf" && node.leaf.kind === "unknown" ? values.get(node.leaf.name) : undefined;
      parts.push(
        value ? scale(value, coefficient) : { terms: new Map([[node, coefficient]]), constant: num(0) },
      );
    }
    return plus(...parts);
  }

  /** Builds a prediction from its endpoints. */
  prediction(parts: {
    readonly level: Level;
    readonly x: Linear;
    readonly endpoints: ReadonlyMap<string, Linear>;
    readonly outputs?: ReadonlyMap<string, Linear>;
    readonly given?: ReadonlyMap<string, Linear>;
    readonly past?: ReadonlyMap<string, Linear>;
    readonly split?: boolean;
  }): Prediction {
    const memo = new Map<string, Linear>(parts.given ?? []);
    return {
      level: parts.level,
      x: parts.x,
      endpoints: parts.endpoints,
      outputs: parts.outputs ?? new Map(),
      past: parts.past ?? new Map(),
      split: parts.split ?? false,
      names: () => [...parts.endpoints.keys(), ...(parts.outputs?.keys() ?? [])],
      view: (name, at) => {
        const known = memo.get(name) ?? parts.outputs?.get(name) ?? parts.endpoints.get(name);
        if (known) return known;
        const view = this.viewNamed(name);
        if (!view) return undefined;
        const value = this.viewFrom(view, parts.endpoints, parts.x, parts.level, at);
        memo.set(name, value);
        return value;
      },
    };
  }
}

/** A formula that says too little is shown where it is written, not where it is read. */
const placeOf = (views: readonly View[], at: Span): Span =>
  views.find((view) => view.parameterization)?.parameterization?.def.node.name.span ?? at;

/** alpha[q]^2 + sigma[q]^2. */
function isUnitCircle(e: Expr): boolean {
  if (e.kind !== "sum" || e.terms.length !== 2) return false;
  const squares = e.terms.map((term) =>
    term.kind === "power" && term.base.kind === "sym" ? term : undefined,
  );
  const [a, b] = squares;
  if (!a || !b || a.base.kind !== "sym" || b.base.kind !== "sym") return false;
  const names = [a.base.data["quantity"], b.base.data["quantity"]];
  return (
    names.includes("alpha") &&
    names.includes("sigma") &&
    (a.base.data["level"] as Level | undefined)?.key === (b.base.data["level"] as Level | undefined)?.key &&
    pow(a.base, num(2)) === a &&
    pow(b.base, num(2)) === b
  );
}

const equationsOf = (block: Block): readonly Equation[] =>
  block.statements.filter((statement) => statement.kind === "Equation");
const nameOf = (e: Expression): string | undefined => {
  const inner = bare(e);
  return inner.kind === "Name" ? inner.text : undefined;
};
const isConvention = (equation: Equation): boolean => ["input", "time"].includes(nameOf(equation.left) ?? "");
