// Owns: the guided model: network calls, guidance rules applied from left to right, and the sharing of calls. One call
// for one state at one point, however many views of it are read.

import { one, type Expr } from "../algebra/expr.js";
import { fail } from "../diagnostics/report.js";
import type { Level } from "../graph/level.js";
import { counter, counters, quantity, type Counter } from "../graph/quantity.js";
import { atom, linearKey, singleAtom, type Linear } from "../graph/node.js";
import { didYouMean } from "../resolve/suggest.js";
import type { Span } from "../source/span.js";
import type { CallExpr, Expression, Statement } from "../syntax/ast.js";
import { evaluate, staticNumber, toTensor, type Lowering } from "./expression.js";
import { bindParameters } from "./parameters.js";
import type { Conversions } from "./prediction.js";
import { quantityPlace, viewOf, type Prediction, type View } from "./prediction.js";
import { Scope, type Place } from "./scope.js";
import { numberValue, pointValue, tensorValue, type DefinitionValue, type Value } from "./value.js";

/** A network of the sampler, as its `model` line states it. */
export interface Network {
  readonly name: string;
  readonly view: View;
  /** `time:`; "none" when the network takes none; undefined: by default. */
  readonly time: Expression | "none" | undefined;
  /** Further scalar inputs. */
  readonly extras: readonly { readonly name: string; readonly value: Expression }[];
  readonly outputs: readonly string[];
  readonly scope: Scope;
  readonly at: Span;
}

/** What the model is: its networks and the rules in front of them. */
export interface GuidedModel {
  readonly networks: readonly Network[];
  readonly guidance: readonly DefinitionValue[];
  /** Every condition input of the sampler and its rules, by order of declaration. */
  readonly conditions: readonly string[];
}

interface CallOptions {
  readonly conditions: readonly string[];
  readonly time: Expr | undefined;
  readonly variant: string | null;
  readonly extras: Readonly<Record<string, Expr>>;
}

const isCounter = (name: string): name is Counter => (counters as readonly string[]).includes(name);

export class Predictor {
  readonly #memo = new Map<string, Prediction>();
  /** Carries of guidance rules: their value after the calls made so far. */
  readonly carries = new Map<string, Linear>();
  #group = 0;

  constructor(
    readonly model: GuidedModel,
    readonly conversions: Conversions,
    readonly cx: Lowering,
    /** Is there an earlier call whose carried values this step can read? */
    readonly hasCarry: (name: string) => boolean,
  ) {}

  /** True when the rules assign x0 and eps separately, so that the state moves with the prediction. */
  get splits(): boolean {
    return this.model.guidance.some(
      (rule) => assignedViews(rule).has("x0") && assignedViews(rule).has("eps"),
    );
  }

  /** The guided model on a state at a level. Equal arguments give the same prediction. */
  predict(x: Linear, level: Level, at: Span): Prediction {
    const key = `${linearKey(x)}@${level.key}`;
    const known = this.#memo.get(key);
    if (known) return known;
    this.#group += 1;
    const prediction = this.#layer(this.model.guidance.length, x, level, at, `g${this.#group}`);
    this.#memo.set(key, prediction);
    return prediction;
  }

  /** The prediction for these arguments, if the step has already made it. */
  known(x: Linear, level: Level): Prediction | undefined {
    return this.#memo.get(`${linearKey(x)}@${level.key}`);
  }

  /** An explicit call in a solver: `model(...)` is the guided model, `network(...)` or a network's name the layer below. */
  explicit(
    name: string,
    node: CallExpr,
    state: { x: Linear; level: Level },
    scope: Scope,
    seq: number,
  ): Prediction {
    const options = this.#options(node, scope, seq, this.#defaultConditions());
    if (name === "model" && this.model.guidance.length > 0 && plain(options))
      return this.predict(state.x, state.level, node.span);
    this.#group += 1;
    return this.#network(
      this.#networkNamed(name, node.span),
      state.x,
      state.level,
      options,
      node.span,
      `g${this.#group}`,
    );
  }

  #networkNamed(name: string, at: Span): Network {
    const found =
      this.model.networks.find((network) => network.name === name) ??
      (name === "model" || name === "network" ? this.model.networks[0] : undefined);
    return found ?? fail("D0201", `there is no model \`${name}\` in this sampler`, { at });
  }

  isModelName(name: string): boolean {
    return (
      name === "model" || name === "network" || this.model.networks.some((network) => network.name === name)
    );
  }

  /** The sampler's only condition; several have no default. */
  #defaultConditions(): readonly string[] {
    return this.model.conditions.length === 1 ? this.model.conditions : [];
  }

  #layer(count: number, x: Linear, level: Level, at: Span, group: string): Prediction {
    if (count === 0) {
      const options: CallOptions = {
        conditions: this.#defaultConditions(),
        time: undefined,
        variant: null,
        extras: {},
      };
      return this.#defaultPrediction(x, level, options, at, group);
    }
    const rule = this.model.guidance[count - 1] as DefinitionValue;
    return new GuidanceRun(this, rule, x, level, group, () =>
      this.#layer(count - 1, x, level, at, group),
    ).result(at);
  }

  /** One network, or several that predict different views of one path. */
  #defaultPrediction(x: Linear, level: Level, options: CallOptions, at: Span, group: string): Prediction {
    const needed = this.conversions.endpointNames.length - 1;
    const [first] = this.model.networks;
    if (!first) return fail("D0211", "the sampler has no model", { at });
    if (needed <= 1) return this.#network(first, x, level, options, at, group);
    const given = new Map<View, Linear>();
    for (const network of this.model.networks.slice(0, needed))
      given.set(network.view, atom(this.#call(network, x, level, options, group)));
    const endpoints = this.conversions.endpointsFrom(given, x, level, at);
    return this.conversions.prediction({ level, x, endpoints });
  }

  #network(
    network: Network,
    x: Linear,
    level: Level,
    options: CallOptions,
    at: Span,
    group: string,
  ): Prediction {
    const node = this.#call(network, x, level, options, group);
    const raw = atom(node);
    const endpoints = this.conversions.endpointsFrom(new Map([[network.view, raw]]), x, level, at);
    const outputs = new Map<string, Linear>([["raw", raw]]);
    for (const output of network.outputs) outputs.set(output, this.cx.graph.output(node, output));
    return this.conversions.prediction({
      level,
      x,
      endpoints,
      outputs,
      given: new Map([[network.view.name, raw]]),
    });
  }

  #call(
    network: Network,
    x: Linear,
    level: Level,
    options: CallOptions,
    group: string,
  ): ReturnType<typeof this.cx.graph.call> {
    const place = quantityPlace(level, {
      name: (name) => (isCounter(name) ? numberValue(counter(name)) : undefined),
    });
    const scope = new Scope(network.scope, place);
    const number = (e: Expression): Expr => {
      const value = evaluate(e, scope, 0, this.cx);
      return value.kind === "number"
        ? value.expr
        : fail("D0302", "what a network is told beside its input is a number known before the run", {
            at: e.span,
          });
    };
    const inputs = this.conversions
      .convention(network.view, "input", level, x)
      ?.map((value) => toTensor(value, network.at).value) ?? [x];
    const declared = this.conversions.convention(network.view, "time", level, x)?.[0];
    const time =
      options.time ??
      (network.time === "none"
        ? null
        : network.time
          ? number(network.time)
          : declared?.kind === "number"
            ? declared.expr
            : quantity("time", level));
    const extras: Record<string, Expr> = {};
    for (const { name, value } of network.extras) extras[name] = number(value);
    return this.cx.graph.call({
      model: network.name,
      state: x,
      level,
      inputs,
      scale: scaleOf(inputs, x),
      time,
      form: this.conversions.form(network.view, level, network.at),
      conditions: options.conditions,
      variant: options.variant,
      extras: { ...extras, ...options.extras },
      group,
    });
  }

  #options(node: CallExpr, scope: Scope, seq: number, conditions: readonly string[]): CallOptions {
    let chosen = conditions;
    let time: Expr | undefined;
    let variant: string | null = null;
    const extras: Record<string, Expr> = {};
    for (const arg of node.args) {
      const name = arg.name?.text;
      if (name === undefined || name === "at") continue;
      const value = evaluate(arg.value, scope, seq, this.cx);
      if (name === "cond") chosen = conditionNames(value, arg.value);
      else if (name === "variant")
        variant =
          value.kind === "string"
            ? value.text
            : fail("D0307", "`variant:` is a string", { at: arg.value.span });
      else if (value.kind === "number") {
        if (name === "time") time = value.expr;
        else extras[name] = value.expr;
      } else return fail("D0307", `\`${name}:\` of a call is a number`, { at: arg.value.span });
    }
    return { conditions: chosen, time, variant, extras };
  }

  /** A call inside a guidance rule. */
  guidanceCall(
    name: string,
    node: CallExpr,
    x: Linear,
    level: Level,
    scope: Scope,
    seq: number,
    group: string,
  ): Prediction {
    return this.#network(
      this.#networkNamed(name, node.callee.span),
      x,
      level,
      this.#options(node, scope, seq, this.#defaultConditions()),
      node.span,
      group,
    );
  }
}

const plain = (options: CallOptions): boolean =>
  options.time === undefined && options.variant === null && Object.keys(options.extras).length === 0;

function conditionNames(value: Value, at: Expression): readonly string[] {
  if (value.kind === "none") return [];
  if (value.kind === "input" && value.type === "condition") return [value.name];
  if (value.kind === "list") return value.items.flatMap((item) => conditionNames(item, at));
  return fail(
    "D0307",
    "`cond:` names a condition declared with `input NAME: condition`, a list of them, or `none`",
    { at: at.span },
  );
}

/** c when the only input is c * x. */
function scaleOf(inputs: readonly Linear[], x: Linear): Expr | null {
  const [input] = inputs;
  if (inputs.length !== 1 || !input) return null;
  if (linearKey(input) === linearKey(x)) return one;
  const node = singleAtom(x);
  if (node && input.terms.size === 1) return input.terms.get(node) ?? null;
  return null;
}

/** Views that a rule assigns anywhere, read off its text. */
function assignedViews(rule: DefinitionValue): ReadonlySet<string> {
  const found = new Set<string>();
  const visit = (statements: readonly Statement[]): void => {
    for (const statement of statements) {
      if (statement.kind === "Equation" && statement.left.kind === "Name") found.add(statement.left.text);
      else if (statement.kind === "When") {
        visit(statement.body.statements);
        if (statement.otherwise)
          visit(
            statement.otherwise.kind === "Block" ? statement.otherwise.statements : [statement.otherwise],
          );
      }
    }
  };
  if (rule.def.node.body.kind === "Block") visit(rule.def.node.body.statements);
  return found;
}

/** One application of a guidance rule at one point. */
class GuidanceRun implements Place {
  readonly #scope: Scope;
  readonly #assigned = new Map<string, { readonly value: Linear; readonly at: Span }>();
  readonly #past = new Map<string, Linear>();
  readonly #carryNow = new Map<string, () => Linear>();
  readonly #carried = new Map<string, Linear>();
  readonly #calls = new Map<string, Prediction>();
  #incoming: Prediction | undefined;
  #seq = 0;

  constructor(
    readonly predictor: Predictor,
    readonly rule: DefinitionValue,
    readonly x: Linear,
    readonly level: Level,
    readonly group: string,
    readonly incoming: () => Prediction,
  ) {
    const { scope } = bindParameters(rule, rule.def.node.name.span, predictor.cx);
    this.#scope = new Scope(scope, quantityPlace(level, this));
  }

  get #in(): Prediction {
    this.#incoming ??= this.incoming();
    return this.#incoming;
  }

  name(name: string, at: Span): Value | undefined {
    if (name === "x") return tensorValue(this.#incoming?.x ?? this.x, this.level);
    if (name === "now") return pointValue({ id: "now", level: this.level });
    if (name === "past") return pointValue({ id: "past", level: this.level });
    if (isCounter(name)) return numberValue(counter(name));
    if (name === "x0" || name === "eps" || name === "raw" || this.predictor.conversions.viewNamed(name))
      return viewOf(this.#in, name, at);
    return undefined;
  }

  names(): readonly string[] {
    return ["x", "x0", "eps", "raw", "model", ...counters];
  }

  index(name: string, primed: boolean, indices: readonly Value[], at: Expression): Value | undefined {
    const [point] = indices;
    if (primed || point?.kind !== "point") return undefined;
    const carry = this.#carried.get(name);
    if (!carry) return undefined;
    if (point.point.id === "now-1") return tensorValue(carry, "free");
    if (point.point.id !== "now")
      return fail("D0304", `\`${name}\` is read at \`now\` or \`now-1\` in a guidance rule`, { at: at.span });
    const now = this.#carryNow.get(name);
    return tensorValue(now ? now() : carry, "free");
  }

  call(name: string, node: CallExpr, scope: Scope, seq: number): Value | undefined {
    if (!this.predictor.isModelName(name)) return undefined;
    return {
      kind: "prediction",
      prediction: this.predictor.guidanceCall(name, node, this.x, this.level, scope, seq, this.group),
    };
  }

  result(at: Span): Prediction {
    const { body } = this.rule.def.node;
    if (body.kind !== "Block")
      return fail("D0210", "a guidance rule is a block of equations", { at: body.span });
    this.#statements(body.statements, this.#scope);
    for (const [name, value] of this.#carried)
      this.predictor.carries.set(this.#carryKey(name), this.#carryNow.get(name)?.() ?? value);
    return this.#close(at);
  }

  #carryKey(name: string): string {
    return `${this.rule.def.name}.${name}`;
  }

  #statements(statements: readonly Statement[], scope: Scope): void {
    const { cx } = this.predictor;
    for (const statement of statements) {
      this.#seq += 1;
      const seq = this.#seq;
      switch (statement.kind) {
        case "Let":
          scope.declare(statement.name.text, {
            seq: -1,
            at: statement.name.span,
            used: false,
            read: () =>
              statement.params
                ? {
                    kind: "function",
                    name: statement.name.text,
                    params: statement.params,
                    body: statement.value,
                    scope,
                  }
                : evaluate(statement.value, scope, seq, cx),
          });
          break;
        case "CallClause":
          scope.declare(statement.name.text, {
            seq: -1,
            at: statement.name.span,
            used: false,
            read: () => this.#called(statement.name.text, statement.value, scope, seq),
          });
          break;
        case "Input":
          for (const name of statement.names) {
            const type = inputType(statement.type);
            scope.declare(name.text, {
              seq: -1,
              at: name.span,
              used: false,
              read: () => inputValue(name.text, type, this.predictor.conversions),
            });
          }
          break;
        case "Carry":
          this.#declareCarry(statement, scope, seq);
          break;
        case "When": {
          const taken = decideWhen(statement, scope, seq, cx);
          if (taken) this.#statements(taken, new Scope(scope));
          break;
        }
        case "Equation":
          break;
        case "Requires":
          checkRequires(statement, scope, seq, cx);
          break;
        default:
          fail("D0210", "this statement does not belong in a guidance rule", { at: statement.span });
      }
    }
    for (const statement of statements) if (statement.kind === "Equation") this.#equation(statement, scope);
  }

  #called(name: string, value: Expression, scope: Scope, seq: number): Value {
    const known = this.#calls.get(name);
    if (known) return { kind: "prediction", prediction: known };
    const result = evaluate(value, scope, seq, this.predictor.cx);
    if (result.kind === "prediction") this.#calls.set(name, result.prediction);
    return result;
  }

  #declareCarry(statement: Extract<Statement, { kind: "Carry" }>, scope: Scope, seq: number): void {
    const name =
      statement.target.kind === "Index" && statement.target.object.kind === "Name"
        ? statement.target.object.text
        : "";
    const key = this.#carryKey(name);
    const earlier = this.predictor.carries.get(key);
    const value =
      earlier ??
      (this.predictor.hasCarry(key)
        ? this.predictor.cx.graph.leaf({ kind: "guidanceCarry", name: key })
        : toTensor(evaluate(statement.value, scope, seq, this.predictor.cx), statement.value.span).value);
    this.#carried.set(name, value);
  }

  #equation(statement: Extract<Statement, { kind: "Equation" }>, scope: Scope): void {
    const { cx } = this.predictor;
    const { left } = statement;
    const seq = this.#seq;
    const value = (): Linear =>
      toTensor(evaluate(statement.right, scope, seq, cx), statement.right.span).value;
    if (left.kind === "Name") {
      if (!this.predictor.conversions.viewNamed(left.text) && left.text !== "raw")
        return fail("D0201", `a guidance rule assigns views, and \`${left.text}\` is none`, {
          at: left.span,
          help:
            didYouMean(left.text, ["x0", "eps", "v", "flow", "score", "raw"]) ??
            "assign `x0`, `eps`, `v`, `flow`, `score` or `raw`",
        });
      if (this.#assigned.has(left.text))
        return fail("D0305", `\`${left.text}\` is assigned twice in this rule`, { at: left.span });
      this.#assigned.set(left.text, { value: value(), at: statement.span });
      return;
    }
    if (left.kind === "Index" && left.object.kind === "Name") {
      const [index] = left.indices;
      const name = left.object.text;
      if (index?.kind === "Name" && index.text === "past") {
        this.#past.set(name, value());
        return;
      }
      if (index?.kind === "Name" && index.text === "now" && this.#carried.has(name)) {
        let known: Linear | undefined;
        this.#carryNow.set(name, () => (known ??= value()));
        return;
      }
    }
    return fail(
      "D0210",
      "in a guidance rule the left side is a view (`x0 = ...`), a carry at `now`, or `x0[past]`",
      { at: left.span },
    );
  }

  #close(at: Span): Prediction {
    const { conversions } = this.predictor;
    const past = this.#past;
    if (this.#assigned.size === 0) {
      const incoming = this.#in;
      return past.size === 0 ? incoming : conversions.prediction({ ...incoming, past });
    }
    const x = this.#incoming?.x ?? this.x;
    const names = [...this.#assigned.keys()];
    const outputs = this.#incoming?.outputs ?? new Map<string, Linear>();
    const value = (name: string): Linear => (this.#assigned.get(name) as { value: Linear }).value;
    const free = conversions.endpointNames;
    if (free.length === 2 && names.length === 2 && names.includes("x0") && names.includes("eps")) {
      const endpoints = new Map([
        ["x0", value("x0")],
        ["eps", value("eps")],
      ]);
      return conversions.prediction({
        level: this.level,
        x: conversions.state(endpoints, this.level),
        endpoints,
        outputs,
        past,
        split: true,
      });
    }
    const given = new Map<View, Linear>();
    for (const name of names) {
      const view = name === "raw" ? this.predictor.model.networks[0]?.view : conversions.viewNamed(name);
      if (view) given.set(view, value(name));
    }
    if (given.size !== free.length - 1)
      return fail(
        "D0310",
        `this rule assigns ${names.map((name) => `\`${name}\``).join(" and ")}, which together overdetermine the prediction`,
        {
          at: this.#assigned.get(names[1] ?? "")?.at ?? at,
          help: "assign one view, from which the others follow, or `x0` and `eps` to split the prediction",
        },
      );
    const endpoints = conversions.endpointsFrom(given, x, this.level, at);
    return conversions.prediction({
      level: this.level,
      x,
      endpoints,
      outputs,
      past,
      given: new Map(names.filter((name) => name !== "raw").map((name) => [name, value(name)])),
    });
  }
}

/** The statements of the branch that a `when` takes here, or none. */
export function decideWhen(
  statement: Extract<Statement, { kind: "When" | "If" }>,
  scope: Scope,
  seq: number,
  cx: Lowering,
): readonly Statement[] | undefined {
  const condition = staticNumber(evaluate(statement.condition, scope, seq, cx), statement.condition.span, cx);
  if (condition !== 0) return statement.body.statements;
  const { otherwise } = statement;
  if (!otherwise) return undefined;
  return otherwise.kind === "Block" ? otherwise.statements : [otherwise];
}

/** The kind of an input, without the arguments it may have: `operator(spectral)` is an `operator`. */
export const inputType = (type: Expression): string =>
  type.kind === "Name" ? type.text : type.kind === "Call" ? inputType(type.callee) : "operator";

export function inputValue(name: string, type: string, conversions: Conversions): Value {
  if (type === "tensor" || type === "mask")
    return tensorValue(conversions.input(name), type === "tensor" ? "data" : "free");
  return { kind: "input", name, type };
}

/** `requires alpha == 1` must hold where the rule is used. */
export function checkRequires(
  statement: Extract<Statement, { kind: "Requires" }>,
  scope: Scope,
  seq: number,
  cx: Lowering,
): void {
  if (!statement.condition) return;
  const value = evaluate(statement.condition, scope, seq, cx);
  const holds = value.kind === "number" ? cx.decide(value.expr, statement.condition.span) : 1;
  if (holds === 0)
    fail("D0310", "this rule requires something that does not hold on the schedule in use", {
      at: statement.condition.span,
      help: "use another schedule, or a rule that holds on this one",
    });
}
