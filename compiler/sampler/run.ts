// Owns: which rule each step of a sampler uses, and the step graph it lowers to on this grid. Steps at which all
// static questions have the same answers share one graph.

import type { Expr } from "../algebra/expr.js";
import { fail, Failure } from "../diagnostics/report.js";
import { evaluate, staticNumber } from "../lower/expression.js";
import { bindParameters, definitionOf, moduleScope, valueKey } from "../lower/parameters.js";
import { Scope, type Place } from "../lower/scope.js";
import type { FrameBody } from "../lower/frame.js";
import { lowerInit, lowerOutput, lowerStep } from "../lower/step.js";
import { fits, HistoryMissing, type Oracle, type StepGraph } from "../lower/template.js";
import type { Linear } from "../graph/node.js";
import {
  counter,
  counters,
  namedQuantities,
  quantity,
  type Counter,
  type Quantity,
} from "../graph/quantity.js";
import { gridLevel } from "../graph/level.js";
import { numberValue, pointValue, type DefinitionValue } from "../lower/value.js";
import type { Span } from "../source/span.js";
import type { Expression, InitClause, Statement, StartClause } from "../syntax/ast.js";
import { attemptOracle, AttemptNumbers } from "./attempt.js";
import { checkInterpolant } from "./interpolant.js";
import { StepNumbers } from "./numbers.js";
import { StaticLowering, type Sampler } from "./sampler.js";

export interface RunStep {
  readonly graph: StepGraph;
  readonly numbers: StepNumbers;
  readonly rule: string;
  /** The text that chose the rule, for messages. */
  readonly at: Span;
}

/** A whole run, lowered: the state at the start, every step, the results. */
export interface LoweredRun {
  readonly sampler: Sampler;
  readonly init: RunStep;
  readonly steps: readonly RunStep[];
  readonly output: RunStep;
  readonly results: readonly Linear[];
  /** Of a solver that places its own points: `steps` holds one attempt, this the first values of what it carries. */
  readonly enter?: RunStep;
}

interface Choice {
  readonly solver: DefinitionValue;
  readonly at: Span;
}

export function lowerRun(sampler: Sampler): LoweredRun {
  return new RunLowering(sampler).run();
}

/**
 * Lowers what a step hands on besides its state. Later it would be lowered with the answers of the first step that has this
 * graph, and questions that come up only there would not have been asked when the others were found to fit. What has no
 * value (it reads history that is not there yet, say) is a mistake only where somebody reads it.
 */
function settle(graph: StepGraph): void {
  const carries = [...graph.carries.values()].flatMap(({ atS, atT }) => [atS, atT]);
  const views = [...graph.places].map((place) => () => graph.view(place, "x0"));
  attempt([...carries, () => graph.atT(), ...views]);
}

/** Asks for values, some of which there may not be. */
function attempt(values: readonly ((() => unknown) | undefined)[]): void {
  for (const value of values)
    try {
      value?.();
    } catch (error) {
      if (!(error instanceof HistoryMissing || error instanceof Failure)) throw error;
    }
}

class RunLowering {
  readonly #steps: RunStep[] = [];
  readonly #cache = new Map<string, StepGraph[]>();
  readonly #choices = new Map<Expression, Choice>();
  readonly #carried = new Set<string>();
  readonly #guidanceCarried = new Set<string>();
  /** First step whose history counts (after a `fresh` switch). */
  #historyStart = 0;
  #branch = 0;
  readonly #cx: StaticLowering;

  constructor(readonly sampler: Sampler) {
    this.#cx = new StaticLowering(sampler.context.program);
  }

  run(): LoweredRun {
    const { sampler } = this;
    const init = this.#initStep();
    const enter = sampler.attempts === undefined ? undefined : this.#attempts();
    if (!enter) for (let i = 0; i < sampler.steps; i += 1) this.#steps.push(this.#step(i));
    const output = this.#outputStep();
    const run = { sampler, init, steps: this.#steps, output: output.step, results: output.results };
    return enter ? { ...run, enter } : run;
  }

  /** One attempt of a rule that places its own points serves all; the first one starts what the rule carries. */
  #attempts(): RunStep {
    const { path, grid } = this.sampler;
    const choice = this.#rule(this.sampler.rule.rule);
    const lower = (carried: boolean): StepGraph =>
      lowerStep(
        choice.solver,
        this.sampler.context,
        attemptOracle(carried, this.#numbers(0), choice.at),
        choice.at,
      );
    const [first, graph] = [lower(false), lower(true)];
    const rule = graph.label;
    const named = (names: Iterable<string>): void => {
      for (const name of names) this.#carried.add(name);
    };
    named([...first.carries].filter(([, carry]) => carry.atS).map(([name]) => name));
    if (graph.guidanceCarries().size > 0)
      fail("D0990", `guidance that carries values, with \`${rule}\`, is not yet supported`, {
        at: choice.at,
        why: "what it carries would have to be taken back with a refused step",
      });
    this.#steps.push({ graph, numbers: new AttemptNumbers(path, grid), rule, at: choice.at });
    return { graph: first, numbers: this.#numbers(0), rule, at: choice.at };
  }

  #numbers(index: number): StepNumbers {
    return new StepNumbers(this.sampler.path, this.sampler.grid, index);
  }

  #oracle(index: number, numbers: StepNumbers): Oracle {
    return {
      decide: (expr: Expr, at: Span) => {
        const value = numbers.value(expr);
        if (Number.isNaN(value))
          fail("D0420", "this static number has no value at this step", { at, label: `step ${index}` });
        return value;
      },
      history: (place, count) => {
        if (index - count < this.#historyStart) return false;
        if (place === "") return true;
        for (let k = 1; k <= count; k += 1)
          if (!this.#steps[index - k]?.graph.places.has(place)) return false;
        return true;
      },
      givenPrediction: () => {
        // An attempt hands no prediction on, neither to the next one nor to the results.
        if (this.sampler.attempts !== undefined) return false;
        const before = this.#steps[index - 1];
        return index - 1 >= this.#historyStart && before !== undefined && before.graph.atT() !== undefined;
      },
      carried: (name) => this.#carried.has(name) || this.#guidanceCarried.has(name),
    };
  }

  // ---- rules -----------------------------------------------------------------------------------------------------

  #rule(e: Expression, scope: Scope = this.sampler.scope): Choice {
    const known = this.#choices.get(e);
    if (known) return known;
    const choice = { solver: definitionOf(e, "solver", scope, 0, this.#cx), at: e.span };
    this.#choices.set(e, choice);
    return choice;
  }

  /** A condition of `while`, in which s and t are the step's. */
  #holds(condition: Expression, numbers: StepNumbers): boolean {
    const place: Place = {
      name: (name) => {
        if (name === "s" || name === "t")
          return pointValue({ id: name, level: gridLevel(name === "s" ? 0 : 1) });
        return (counters as readonly string[]).includes(name)
          ? numberValue(counter(name as Counter))
          : undefined;
      },
      index: (name, primed, [index]) =>
        namedQuantities.has(name) && index?.kind === "point" && !primed
          ? numberValue(quantity(name as Quantity, index.point.level))
          : undefined,
    };
    const cx = new StaticLowering(this.sampler.context.program, (expr) => numbers.value(expr));
    return (
      staticNumber(evaluate(condition, new Scope(this.sampler.scope, place), 0, cx), condition.span, cx) !== 0
    );
  }

  #main(index: number, numbers: StepNumbers): Choice {
    const { rule } = this.sampler;
    while (this.#branch < rule.switches.length) {
      const next = rule.switches[this.#branch];
      if (!next || this.#holds(next.condition, numbers)) break;
      this.#branch += 1;
      if (next.fresh) {
        this.#historyStart = index;
        this.#carried.clear();
      }
    }
    const chosen = this.#branch === 0 ? rule.rule : rule.switches[this.#branch - 1]?.then;
    return this.#rule(chosen ?? rule.rule);
  }

  #finalEntry(rules: readonly Expression[], index: number): Expression | undefined {
    const fromEnd = this.sampler.steps - 1 - index;
    return rules[rules.length - 1 - fromEnd];
  }

  #choose(index: number, numbers: StepNumbers): Choice {
    const { sampler } = this;
    const main = this.#main(index, numbers);
    if (sampler.final) {
      const entry = this.#finalEntry(sampler.final, index);
      return entry ? this.#rule(entry) : main;
    }
    const clean = sampler.grid[sampler.steps]?.sigma === 0;
    const own = clean ? clauseOf(main.solver, "Final") : undefined;
    const entry = own && this.#finalEntry(own.rules, index);
    return entry
      ? { solver: definitionOf(entry, "solver", this.#solverScope(main.solver), 0, this.#cx), at: entry.span }
      : main;
  }

  /** The scope in which a solver's own `start` and `final` lines are read: its parameters are bound. */
  #solverScope(solver: DefinitionValue): Scope {
    const scope = new Scope(moduleScope(solver.def.module, this.#cx));
    for (const param of solver.def.node.params ?? []) {
      const given = solver.args.get(param.name.text);
      const read = (): ReturnType<typeof evaluate> =>
        given ?? evaluate(param.default as Expression, scope, 0, this.#cx);
      scope.declare(param.name.text, { seq: -1, at: param.span, used: true, read });
    }
    return scope;
  }

  // ---- steps -----------------------------------------------------------------------------------------------------

  #step(index: number): RunStep {
    const numbers = this.#numbers(index);
    const oracle = this.#oracle(index, numbers);
    const choice = this.#choose(index, numbers);
    const starters = this.sampler.start;
    const isMain = choice === this.#main(index, numbers);
    const graph =
      starters && isMain ? this.#withStart(index, choice, starters, oracle) : this.#lower(choice, oracle);
    this.#checkUp(index, numbers, graph, choice);
    for (const interpolant of graph.interpolants) checkInterpolant(interpolant, numbers, index);
    for (const [name, carry] of graph.carries) if (carry.atS || carry.atT) this.#carried.add(name);
    for (const name of graph.guidanceCarries().keys()) this.#guidanceCarried.add(name);
    return { graph, numbers, rule: graph.label, at: choice.at };
  }

  /** A sampler's `start` overrides the solver's while the history is missing. */
  #withStart(index: number, choice: Choice, starters: readonly Expression[], oracle: Oracle): StepGraph {
    const without: DefinitionValue = { ...choice.solver, noStart: true };
    try {
      return this.#lower({ ...choice, solver: without }, oracle);
    } catch (error) {
      if (!(error instanceof HistoryMissing)) throw error;
      const position = Math.min(index - this.#historyStart, starters.length - 1);
      return this.#lower(this.#rule(starters[position] as Expression), oracle);
    }
  }

  #lower(choice: Choice, oracle: Oracle): StepGraph {
    const key = `${choice.solver.def.module.id} ${valueKey(choice.solver)}${choice.solver.noStart ? "!" : ""}`;
    const known = this.#cache.get(key) ?? [];
    this.#cache.set(key, known);
    const fitting = known.find((graph) => fits(graph.decisions, oracle));
    if (fitting) return fitting;
    const graph = lowerStep(choice.solver, this.sampler.context, oracle, choice.at);
    settle(graph);
    if (graph.control)
      fail(
        "D0210",
        `\`${choice.solver.def.name}\` places its own points, so it is the only rule of its sampler`,
        {
          at: choice.at,
          help: "name it after `solver`, without `start`, `final` or `while`",
        },
      );
    known.push(graph);
    return graph;
  }

  /** A step to a noisier level needs a rule that knows about it. */
  #checkUp(index: number, numbers: StepNumbers, graph: StepGraph, choice: Choice): void {
    const up = counter("up");
    if (numbers.value(up) === 0) return;
    const asked = graph.decisions.some((decision) => decision.kind === "number" && decision.expr === up);
    const deterministicReverse = this.sampler.grid.every(
      (point, i, grid) => i === 0 || point.lambda < (grid[i - 1]?.lambda ?? Infinity),
    );
    if (asked || deterministicReverse) return;
    fail(
      "D0401",
      `step ${index} goes up to a noisier level, and \`${choice.solver.def.name}\` has no \`when up\` branch`,
      {
        at: choice.at,
        help: "wrap it: `when up { x[t] = renoise(s -> t, noise: z) } else { x[t] = base(s -> t) }`",
      },
    );
  }

  #initStep(): RunStep {
    const { sampler } = this;
    const numbers = this.#numbers(-1);
    const oracle: Oracle = {
      decide: (expr) => numbers.value(expr),
      history: () => false,
      givenPrediction: () => false,
      carried: () => false,
    };
    const at = sampler.init?.span ?? sampler.def.node.name.span;
    const body = this.#initBody();
    return { graph: lowerInit(body, sampler.context, oracle, at), numbers, rule: "init", at };
  }

  #initBody(): FrameBody | undefined {
    const { sampler } = this;
    const around = sampler.statements.filter(
      (statement) => statement.kind === "Noise" || statement.kind === "Input",
    );
    if (sampler.init) return frame(sampler.init, sampler.scope, around);
    const { def, args } = sampler.path;
    if (def.node.body.kind !== "Block") return undefined;
    const { statements } = def.node.body;
    const own = statements.find((statement) => statement.kind === "Init");
    if (!own) return undefined;
    // The schedule's prior: its parameters, noises and inputs are in sight.
    const { scope } = bindParameters(
      { kind: "definition", def, args: args ?? new Map() },
      own.span,
      this.#cx,
    );
    return frame(
      own,
      scope,
      statements.filter((statement) => ["Noise", "Input", "Let"].includes(statement.kind)),
    );
  }

  #outputStep(): { step: RunStep; results: readonly Linear[] } {
    const { sampler } = this;
    const index = sampler.steps;
    const numbers = this.#numbers(index);
    const oracle = this.#oracle(index, numbers);
    const at = sampler.output?.span ?? sampler.def.node.name.span;
    const body: FrameBody = {
      name: "output",
      at,
      outer: sampler.scope,
      around: sampler.statements.filter(
        (statement) => statement.kind === "Input" || statement.kind === "Noise",
      ),
      step: undefined,
      carries: this.#carried,
    };
    const { graph, results } = lowerOutput(body, sampler.output?.values ?? [], sampler.context, oracle);
    return { step: { graph, numbers, rule: "output", at }, results };
  }
}

function frame(init: InitClause, outer: Scope, around: readonly Statement[]): FrameBody {
  const { body, span } = init;
  const step =
    body.kind === "Block" ? body : { kind: "Block" as const, span, statements: [body], inline: true };
  return { name: "init", at: span, outer, around, step };
}

function clauseOf(solver: DefinitionValue, kind: "Start" | "Final"): StartClause | undefined {
  const { body } = solver.def.node;
  return body.kind === "Block"
    ? body.statements.find((statement): statement is StartClause => statement.kind === kind)
    : undefined;
}
