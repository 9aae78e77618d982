// Owns: turning a schedule definition with its arguments into a path. Equations define any two independent quantities,
// possibly through invertible functions of one; the rest is derived here.

import type { Environment } from "../algebra/evaluate.js";
import { evaluate as evaluateExpr } from "../algebra/evaluate.js";
import {
  binder,
  constant,
  div,
  fn,
  mul,
  neg,
  num,
  pow,
  sub,
  substitute,
  sym,
  symbols,
  type Expr,
} from "../algebra/expr.js";
import { fail } from "../diagnostics/report.js";
import type { Coordinate } from "../graph/level.js";
import { isCoordinate } from "../graph/level.js";
import { namedQuantities } from "../graph/quantity.js";
import { evaluate, staticNumber, type Lowering } from "../lower/expression.js";
import { bindParameters } from "../lower/parameters.js";
import { Scope, type Place } from "../lower/scope.js";
import { numberValue, type DefinitionValue, type NamedValue, type Value } from "../lower/value.js";
import type { Span } from "../source/span.js";
import type { Block, Equation, Expression, Statement } from "../syntax/ast.js";
import { formulaNumbers, type Formulas } from "./formula.js";
import { simplify } from "../algebra/simplify.js";
import { closeIntegrals, resolveSigns } from "./antiderivative.js";
import { checkConvergence, integralsIn, whyNoValue, type ScheduleIntegral } from "./convergence.js";
import { pathEnvironment } from "./environment.js";
import { TIME, type Endpoint, type Path, type PathNumbers, type PathPoint } from "./path.js";
import { tableColumns } from "./tabulate.js";
import { tableNumbers } from "./table.js";

/** Places and statements of one schedule that tables and formulas share. */
export interface ScheduleBody {
  readonly scope: Scope;
  readonly equations: readonly Equation[];
  readonly cx: Lowering;
  readonly at: Span;
  readonly name: string;
}

export function schedulePath(schedule: DefinitionValue, at: Span, cx: Lowering): Path {
  const { def } = schedule;
  const { scope: outer, key } = bindParameters(schedule, at, cx);
  if (def.node.body.kind !== "Block") {
    const value = evaluate(def.node.body, outer, 0, cx);
    const path = value.kind === "definition" ? cx.path(value, at) : value;
    if (path.kind !== "path")
      return fail("D0307", `\`${def.name}\` must be a schedule`, { at: def.node.body.span });
    return path.path;
  }
  const block: Block = def.node.body;
  const statements = block.statements;
  const domain = statements.find((statement) => statement.kind === "Domain");
  if (!domain)
    return fail("D0211", `the schedule \`${def.name}\` does not say where its variable runs`, {
      at: def.node.name.span,
      help: "add a line such as `time t from 1 to 0.001` (from noise to data) or `index i from N-1 to 0`",
    });
  for (const statement of statements) refuse(statement);
  const equations = statements.filter((statement) => statement.kind === "Equation");
  const indexed = domain.coordinate === "index";

  const number = (e: Expression): number => staticNumber(evaluate(e, outer, 0, cx), e.span, cx);
  const [from, to] = [number(domain.from), number(domain.to)];
  if (!(Number.isFinite(from) && Number.isFinite(to)) || from === to)
    return fail("D0311", `\`${def.name}\` runs from ${from} to ${to}, which is not an interval`, {
      at: domain.span,
    });
  const place = new SchedulePlace(equations, domain.variable.text, { from, to }, indexed, cx);
  const scope = new Scope(outer, place);
  place.scope = scope;
  for (const statement of statements) {
    if (statement.kind !== "Let") continue;
    const { name } = statement;
    scope.declare(name.text, {
      seq: -1,
      at: name.span,
      used: false,
      read: () =>
        statement.params || statement.index
          ? place.letFunction(statement)
          : evaluate(statement.value, scope, 0, cx),
    });
  }
  const endpoints = place.endpoints(statements);
  const body: ScheduleBody = { scope, equations, cx, at: def.node.name.span, name: def.name };
  const formulas = new Map<"alpha" | "sigma" | "lambda" | "logAlpha", Expr>();
  let numbers: PathNumbers;
  let time = { from, to };
  let index: Path["index"];
  if (indexed) {
    const count = Math.max(from, to) + 1;
    const step = count > 1 ? 1 / (count - 1) : 1;
    const between = statements.find((statement) => statement.kind === "Between");
    numbers = tableNumbers(tableColumns(body, place, count, between), step);
    index = time;
    time = { from: from * step, to: to * step };
  } else {
    const solved: Formulas = { ...place.formulas(body), sigmaDot: place.sigmaDot() };
    checkConvergence(place.integrals, [from, to], def.name, pathEnvironment);
    for (const name of ["alpha", "sigma", "lambda", "logAlpha"] as const) formulas.set(name, solved[name]);
    numbers = formulaNumbers(solved, from, to, pathEnvironment);
  }
  const coordinate: Coordinate = indexed ? "index" : "time";
  const path: Path = {
    name: def.name,
    key,
    def,
    args: schedule.args,
    time,
    index,
    formulas,
    numbers,
    start: numbers.at(coordinate, from),
    end: numbers.at(coordinate, to),
    endpoints,
  };
  // With a further unknown endpoint x0 is not all there is beside the noise, so lambda need not rise.
  if (path.endpoints.every((endpoint) => endpoint.known))
    checkPath(path, coordinate, from, to, domain.span, place.integrals);
  return path;
}

/** What a schedule may not hold, and what it may but we cannot yet do. */
function refuse(statement: Statement): void {
  if (statement.kind === "Value" && statement.what === "space")
    fail("D0990", "token spaces are reserved: they parse, but are not yet supported", { at: statement.span });
}

/** Positive coefficients and a log-SNR that rises all the way from noise to data. */
function checkPath(
  path: Path,
  coordinate: Coordinate,
  from: number,
  to: number,
  at: Span,
  integrals: readonly ScheduleIntegral[],
): void {
  const count = 200;
  let before: PathPoint | undefined;
  for (let i = 0; i <= count; i += 1) {
    const x = i === count ? to : from + ((to - from) * i) / count;
    const point = path.numbers.at(coordinate, x);
    const inside = i > 0 && i < count;
    const bad =
      !(point.alpha >= 0 && point.sigma >= 0) ||
      (point.alpha === 0 && point.sigma === 0) ||
      (inside && (point.alpha === 0 || point.sigma === 0));
    if (bad || !Number.isFinite(point.alpha) || !Number.isFinite(point.sigma))
      fail(
        "D0311",
        `\`${path.name}\` is not a path: at ${coordinate} ${short(x)}, alpha is ${short(point.alpha)} and sigma is ${short(point.sigma)}`,
        {
          at,
          why:
            whyNoValue(integrals, point.time, pathEnvironment) ??
            "both must be positive and finite inside the interval (zero only at its ends)",
          help: "check the formulas or the ends of the interval",
        },
      );
    if (before && !(point.lambda > before.lambda))
      fail(
        "D0311",
        `the log-SNR of \`${path.name}\` does not rise from noise to data: near ${coordinate} ${short(x)}, lambda goes from ${short(before.lambda)} to ${short(point.lambda)}`,
        {
          at,
          why: "lambda = log(alpha/sigma) must rise all the way, or levels are not distinct",
          help: "the first end of the interval is the noise end; exchange the ends if it is the other way round",
        },
      );
    before = point;
  }
}

const short = (x: number): string => String(Number(x.toPrecision(6)));

type Formula = "alpha" | "sigma" | "lambda" | "rho" | "logAlpha" | "f" | "g";

/** Bare names in a schedule: its variable, path quantities as formulas, ends of the interval. */
export class SchedulePlace implements Place {
  scope: Scope | undefined;
  /** Every integral that the formulas are made of, before closed forms are looked for. */
  readonly integrals: ScheduleIntegral[] = [];
  readonly #solving = new Set<string>();
  readonly #known = new Map<string, Expr>();
  /** What the variable stands for: TIME, or one index while a table is filled. */
  variableValue: Value;

  constructor(
    readonly equations: readonly Equation[],
    readonly variable: string,
    readonly interval: { readonly from: number; readonly to: number },
    readonly indexed: boolean,
    readonly cx: Lowering,
  ) {
    this.variableValue = numberValue(TIME);
  }

  name(name: string, at: Span): Value | undefined {
    if (name === this.variable) return this.variableValue;
    if (name === "time" && !this.indexed) return numberValue(TIME);
    if (namedQuantities.has(name)) {
      const expr = this.#formula(name as Formula, at);
      if (expr) return numberValue(expr);
      return fail("D0310", `nothing in this schedule says what \`${name}\` is`, { at });
    }
    return undefined;
  }

  names(): readonly string[] {
    return [this.variable, ...namedQuantities];
  }

  letFunction(statement: Extract<Statement, { kind: "Let" }>): Value {
    const params =
      statement.params ?? (statement.index ?? []).flatMap((index) => (index.kind === "Name" ? [index] : []));
    return {
      kind: "function",
      name: statement.name.text,
      params,
      body: statement.value,
      scope: this.scope as Scope,
    };
  }

  /** The right side of the equation whose left side `match` accepts. */
  #side(match: (left: Expression) => boolean): Expr | undefined {
    const equation = this.equations.find((candidate) => match(bare(candidate.left)));
    if (!equation) return undefined;
    const value = evaluate(equation.right, this.scope as Scope, 0, this.cx);
    const at = equation.right.span;
    if (value.kind !== "number") return fail("D0307", "a path quantity is a number for every time", { at });
    for (const integral of integralsIn(value.expr))
      this.integrals.push({ integral, integrand: undefined, at });
    return this.#closed(value.expr);
  }

  #given(name: string): Expr | undefined {
    const isName = (e: Expression): boolean => e.kind === "Name" && e.text === name;
    const direct = this.#side(isName);
    if (direct) return direct;
    const wrapped = (fnName: string): Expr | undefined =>
      this.#side(
        (e) =>
          e.kind === "Call" &&
          isFn(e.callee, fnName) &&
          e.args.length === 1 &&
          isName(bare(e.args[0]?.value ?? e)),
      );
    const logarithm = wrapped("log");
    if (logarithm) return fn("exp", logarithm);
    const exponential = wrapped("exp");
    if (exponential) return fn("log", exponential);
    const root = wrapped("sqrt");
    if (root) return pow(root, num(2));
    const square = this.#side(
      (e) =>
        e.kind === "Binary" &&
        e.op === "^" &&
        isName(bare(e.left)) &&
        bare(e.right).kind === "Number" &&
        (bare(e.right) as { text: string }).text === "2",
    );
    return square ? pow(square, num("0.5")) : undefined;
  }

  /** The integral from time 0, where alpha = 1 and sigma = 0, of what follows from the equation for `given`. */
  #integrated(integrand: string, given: string, rate: Expr, at: Span): Expr {
    const integral = runningIntegral(rate);
    const equation = this.equations.find(({ left }) => isFn(bare(left), given));
    if (integral.kind === "binder") this.integrals.push({ integral, integrand, at: equation?.span ?? at });
    return this.#closed(integral);
  }

  /** Closed forms of integrals from time 0 or within the interval. */
  #closed(e: Expr): Expr {
    const closed = closeIntegrals(e);
    return closed === e ? e : simplify(this.#signed(closed));
  }

  #signed(e: Expr): Expr {
    const { from, to } = this.interval;
    return resolveSigns(e, TIME, Math.min(0, from, to), Math.max(0, from, to));
  }

  #formula(name: Formula, at: Span): Expr | undefined {
    const known = this.#known.get(name);
    if (known) return known;
    if (this.#solving.has(name)) return undefined;
    this.#solving.add(name);
    try {
      const found = this.#solve(name, at);
      if (found) this.#known.set(name, found);
      return found;
    } finally {
      this.#solving.delete(name);
    }
  }

  #solve(name: Formula, at: Span): Expr | undefined {
    const of = (other: Formula): Expr | undefined => this.#formula(other, at);
    const given = name === "logAlpha" ? undefined : this.#given(name);
    if (given) return given;
    const both = (a: Formula, b: Formula, make: (a: Expr, b: Expr) => Expr): Expr | undefined => {
      const first = of(a);
      const second = first && of(b);
      return first && second ? make(first, second) : undefined;
    };
    switch (name) {
      case "logAlpha": {
        const stated = this.#side(
          (e) =>
            e.kind === "Call" &&
            isFn(e.callee, "log") &&
            e.args.length === 1 &&
            isFn(bare(e.args[0]?.value ?? e), "alpha"),
        );
        const alpha = stated ?? of("alpha");
        return stated ?? (alpha && fn("log", alpha));
      }
      case "alpha": {
        const drift = this.#given("f");
        if (drift) return fn("exp", this.#integrated("f", "f", drift, at));
        return both("sigma", "rho", div) ?? both("sigma", "lambda", (s, l) => mul(s, fn("exp", l)));
      }
      case "sigma": {
        const stated =
          both("alpha", "rho", mul) ?? both("alpha", "lambda", (a, l) => mul(a, fn("exp", neg(l))));
        if (stated) return stated;
        const diffusion = this.#given("g");
        const alpha = diffusion && of("alpha");
        if (!diffusion || !alpha) return undefined;
        const rate = simplify(div(pow(diffusion, num(2)), pow(alpha, num(2))));
        const grown = this.#integrated("g^2/alpha^2", "g", rate, at);
        // The product under the root: where a closed form exists, alpha^2 cancels against it.
        return this.#signed(pow(simplify(mul(pow(alpha, num(2)), grown)), num("0.5")));
      }
      case "lambda":
        return both("logAlpha", "sigma", (a, s) => sub(a, fn("log", s)));
      case "rho": {
        const stated = this.#given("lambda");
        if (stated) return fn("exp", neg(stated));
        const alpha = this.#given("alpha");
        const sigma = alpha && this.#given("sigma");
        return alpha && sigma ? div(sigma, alpha) : undefined;
      }
      default:
        return undefined;
    }
  }

  /** The four formulas every algebra reads. Fails when the equations do not determine them. */
  formulas(body: ScheduleBody): Omit<Formulas, "sigmaDot"> {
    const alpha = this.#formula("alpha", body.at);
    const sigma = this.#formula("sigma", body.at);
    if (!alpha || !sigma)
      return fail(
        "D0310",
        `the path of \`${body.name}\` is not determined: ${alpha ? "sigma" : "alpha"} does not follow from its equations`,
        {
          at: body.at,
          help: "give two independent quantities, for example `alpha` and `sigma`, or `log(alpha)` and `sigma`",
        },
      );
    const stated = ["alpha", "sigma", "lambda", "rho"].filter((name) => this.#given(name) !== undefined);
    if (stated.length > 2)
      return fail(
        "D0310",
        `the path of \`${body.name}\` is overdetermined: ${stated.join(", ")} are all given`,
        {
          at: body.at,
          help: "keep two of them; the rest is derived",
        },
      );
    const logAlpha = this.#formula("logAlpha", body.at) as Expr;
    const lambda = this.#given("lambda") ?? sub(logAlpha, fn("log", sigma));
    return { alpha, sigma, lambda, logAlpha };
  }

  /** `sigma*sigma' = e` states the derivative where the formula's own is infinite. */
  sigmaDot(): Expr | undefined {
    const product = this.#side(
      (e) =>
        e.kind === "Binary" && e.op === "*" && isFn(bare(e.left), "sigma") && bare(e.right).kind === "Prime",
    );
    const sigma = product && this.#known.get("sigma");
    return sigma && div(product, sigma);
  }

  /** Terms of `x = ...` besides alpha*x0 and sigma*eps, and inputs that are endpoints. */
  endpoints(statements: readonly Statement[]): readonly Endpoint[] {
    const inputs = statements.filter((statement) => statement.kind === "Input");
    const equation = this.equations.find((candidate) => isFn(bare(candidate.left), "x"));
    if (!equation) return [];
    if (this.indexed && inputs.length === 0) return [];
    const names = inputs.flatMap((input) =>
      input.names.map((name) => ({ name: name.text, unknown: isFn(input.type, "endpoint") })),
    );
    for (const statement of statements)
      if (
        statement.kind === "Let" &&
        mentions(
          statement.value,
          names.map((entry) => entry.name),
        )
      )
        return fail("D0990", "an endpoint computed from an input is not yet supported in a schedule", {
          at: statement.span,
        });
    // Linear in the endpoints: the coefficient of one is the value with it at 1 and all others at 0.
    return names.map(({ name, unknown }) => {
      const inner = new Scope(this.scope);
      for (const entry of [...names.map((other) => other.name), "x0", "eps"])
        inner.declare(entry, {
          seq: -1,
          at: equation.span,
          used: true,
          read: () => numberValue(num(entry === name ? 1 : 0)),
        });
      const nowPlace: Place = {
        name: (quantity) =>
          namedQuantities.has(quantity)
            ? numberValue(sym(`${quantity} of the path`, { now: quantity }))
            : undefined,
      };
      const value = evaluate(equation.right, new Scope(inner, nowPlace), 0, this.cx);
      if (value.kind !== "number")
        return fail("D0310", "the path must be linear in its endpoints", { at: equation.span });
      return { name, known: !unknown, coefficient: value.expr };
    });
  }
}

/** Integral from time 0 to the time at hand. */
function runningIntegral(rate: Expr): Expr {
  const bound = sym("u#path", { bound: true });
  const body = substitute(rate, (s) => (s === TIME ? bound : undefined));
  return binder("integral", bound, body, num(0), TIME);
}

export const bare = (e: Expression): Expression => (e.kind === "Paren" ? bare(e.inner) : e);
const isFn = (e: Expression, name: string): boolean => e.kind === "Name" && e.text === name;

function mentions(e: Expression, names: readonly string[]): boolean {
  switch (e.kind) {
    case "Name":
      return names.includes(e.text);
    case "Call":
      return mentions(e.callee, names) || e.args.some((arg) => mentions(arg.value, names));
    case "Binary":
      return mentions(e.left, names) || mentions(e.right, names);
    case "Paren":
      return mentions(e.inner, names);
    default:
      return false;
  }
}

/** `base.alpha(t)`, `base.index(rho: r)`, `base.start`: a path as a value of the language. */
export function pathMember(path: Path, member: string, at: Span): Value {
  if (member === "start" || member === "end") {
    const range = path.index ?? path.time;
    return numberValue(num(member === "start" ? range.from : range.to));
  }
  if (!namedQuantities.has(member))
    return fail("D0201", `a schedule has no \`${member}\``, {
      at,
      help: `it has ${[...namedQuantities].join(", ")}, start and end`,
    });
  return {
    kind: "native",
    name: `${path.name}.${member}`,
    apply: (args, node) => pathFunction(path, member, args, node),
  };
}

/** A quantity of a path as a function of a coordinate: `alpha(0.3)` (of time), `index(sigma: 2.5)`. */
export function pathFunction(
  path: Path,
  member: string,
  args: readonly NamedValue[],
  node: Expression,
): Value {
  const [arg] = args;
  if (args.length !== 1 || !arg || arg.value.kind !== "number")
    return fail(
      "D0220",
      `\`${member}\` of a schedule takes one number: a time, or another coordinate by name`,
      {
        at: node.span,
        help: `for example \`${member}(0.5)\` or \`${member}(rho: 2)\``,
      },
    );
  const coordinate = arg.name ?? "time";
  if (!isCoordinate(coordinate))
    return fail("D0220", `\`${coordinate}\` is not a coordinate`, { at: arg.at.span });
  const formula =
    member === "alpha" || member === "sigma" || member === "lambda" ? path.formulas.get(member) : undefined;
  if (coordinate === "time" && formula) {
    const inner = arg.value.expr;
    return numberValue(substitute(formula, (s) => (s === TIME ? inner : undefined)));
  }
  return numberValue(borrowed(path, member, coordinate, arg.value.expr));
}

function borrowed(path: Path, member: string, coordinate: Coordinate, value: Expr): Expr {
  const known = constant(value);
  const expr = fn(`path:${path.key}:${member}:${coordinate}`, value);
  pathEnvironment.paths.set(path.key, path);
  return known === undefined || symbols(value).size > 0
    ? expr
    : num(evaluateExpr(expr, pathEnvironment as Environment));
}
