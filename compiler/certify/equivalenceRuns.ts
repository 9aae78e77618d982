// Owns: comparing two whole runs number by number: each step as a combination of states, network answers and draws, to
// 1e-12. Nothing is sampled: the network's answers are free symbols, so equal combinations are equal for every network.

import { isZero } from "../algebra/expr.js";
import type { Linear, Node, Operand } from "../graph/node.js";
import { exported, requestKey, source, stepAt, type Request } from "../link/demand.js";
import { numberAt, pruned } from "../link/prune.js";
import type { LoweredRun } from "../sampler/run.js";
import { NotDecidable } from "./evaluateStep.js";
import { RandomData } from "./equivalenceData.js";
import { Forms, Symbols, unit, type Form, type Weights } from "./equivalenceForms.js";

/** Largest relative difference of weights that are called equal. */
export const tolerance = 1e-12;

const largest = (form: Form<number>): number => {
  let most = 0;
  for (const value of form.values()) most = Math.max(most, Math.abs(value));
  return most;
};

/** Largest difference of two forms, relative to their largest weight. */
export function distance(a: Form<number>, b: Form<number>): number {
  const scale = Math.max(largest(a), largest(b));
  if (scale === 0) return 0;
  let most = 0;
  for (const id of new Set([...a.keys(), ...b.keys()]))
    most = Math.max(most, Math.abs((a.get(id) ?? 0) - (b.get(id) ?? 0)));
  return most / scale;
}

/** The same on random data, where rules that are not linear may lose digits. */
export const dataTolerance = 1e-9;

const numbersWithin = (within: number): Weights<number> => ({
  one: 1,
  add: (a, b) => a + b,
  mul: (a, b) => a * b,
  isZero: (a) => a === 0,
  same: (a, b) => distance(a, b) <= within,
});
const numberWeights = numbersWithin(tolerance);

/** How network calls are told apart. */
export interface CallRules {
  /** Calls with other time labels are other calls. */
  readonly times: boolean;
  /** Networks are compared by their own output, not by the x0 it stands for. */
  readonly raw?: boolean;
  /** Every call answers with the true x0, and the run starts on the path. */
  readonly truth?: boolean;
}

/** One run over shared symbols. Draws are numbered by step and use, since their names say nothing of their law. */
class RunForms extends Forms<number> {
  readonly #values = new Map<string, Form<number>>();
  readonly #draws = new Map<string, number>();
  /** Names of the draws each step reads. */
  readonly draws = new Map<number, string[]>();

  constructor(
    readonly run: LoweredRun,
    symbols: Symbols<number>,
    readonly rules: CallRules,
  ) {
    super(symbols);
  }

  value(request: Request): Form<number> {
    const key = requestKey(request);
    const known = this.#values.get(key);
    if (known) return known;
    const value = this.linear(exported(this.run, request), request.step);
    this.#values.set(key, value);
    return value;
  }

  /** From here on the state after `step` is this. */
  settle(step: number, form: Form<number>): void {
    this.#values.set(requestKey({ step, what: { kind: "next" } }), form);
  }

  protected terms(value: Linear, at: number): readonly (readonly [number, Node])[] {
    const step = stepAt(this.run, at);
    return pruned(value, step).terms.map(({ node, coefficient }) => [numberAt(coefficient, step), node]);
  }

  protected constant(value: Linear, at: number): number {
    return isZero(value.constant) ? 0 : numberAt(value.constant, stepAt(this.run, at));
  }

  protected operand(value: Extract<Operand, { kind: "number" }>, at: number): number {
    return numberAt(value.value, stepAt(this.run, at));
  }

  protected parameter(node: Extract<Node, { kind: "reduce" }>, at: number): number | undefined {
    return node.parameter === null ? undefined : numberAt(node.parameter, stepAt(this.run, at));
  }

  protected leaf({ leaf, key }: Extract<Node, { kind: "leaf" }>, at: number): Form<number> {
    const { symbols } = this;
    const request = source(this.run, at, leaf);
    if (request) return this.value(request);
    if (leaf.kind === "draw") {
      const name = `${leaf.path} #${leaf.pass}`;
      // What is drawn before the run is drawn once, whether or not later steps see it again.
      const step = leaf.fixed || at < 0 ? -2 : at;
      const place = `${step} ${name}`;
      const used = this.draws.get(step) ?? [];
      this.draws.set(step, used);
      let index = this.#draws.get(place);
      if (index === undefined) {
        index = used.push(name) - 1;
        this.#draws.set(place, index);
      }
      const label = at < 0 ? "initial noise" : `noise ${index + 1}`;
      return symbols.single(symbols.of(`draw ${leaf.distribution} ${step}.${index}`, [], () => label));
    }
    const where =
      leaf.kind === "input" && leaf.trajectory?.kind === "grid" ? ` at ${at + leaf.trajectory.offset}` : "";
    return symbols.single(symbols.of(`${key}${where}`, [], () => `${key}${where}`));
  }

  protected call({ site }: Extract<Node, { kind: "call" }>, at: number): Form<number> {
    const { symbols } = this;
    const step = stepAt(this.run, at);
    const point = step.numbers.point(site.level);
    const state = this.linear(site.state, at);
    const number = (value: number): Form<number> => symbols.number(value);
    const extras = Object.entries(site.extras).map(([, value]) => number(numberAt(value, step)));
    const time = this.rules.times && site.time ? [number(numberAt(site.time, step))] : [];
    // A network that has no view of x0 and x is known by its own output only.
    const key = [
      site.form && this.rules.raw !== true ? "x0" : "raw",
      site.model,
      site.conditions.join("+"),
      site.variant ?? "",
      Object.keys(site.extras).join(),
    ].join(" ");
    if (this.rules.truth === true) {
      if (!site.form) throw new NotDecidable("nothing is known of what its network predicts");
      return symbols.combine([
        [numberAt(site.form.x, step), state],
        [numberAt(site.form.x0, step), symbols.single(symbols.of("data", [], () => "x0"))],
      ]);
    }
    const answer = symbols.single(
      // The state last: most calls are told apart by their level.
      symbols.of(key, [number(point.alpha), number(point.sigma), ...time, ...extras, state], () =>
        callLabel(symbols, state, point.rho, [...site.conditions, ...(site.variant ? [site.variant] : [])]),
      ),
    );
    if (!site.form || this.rules.raw === true) return answer;
    return symbols.combine([
      [numberAt(site.form.x, step), state],
      [numberAt(site.form.x0, step), answer],
    ]);
  }
}

function callLabel(
  symbols: Symbols<number>,
  state: Form<number>,
  rho: number,
  conditions: readonly string[],
): string {
  const [only] = state;
  const label = only && state.size === 1 && only[1] === 1 ? symbols.all[only[0]]?.label : undefined;
  const given = conditions.length > 0 ? ` given ${conditions.join(", ")}` : "";
  const place = label?.startsWith("x[") ? label.slice(1) : ` at rho ${Number(rho.toPrecision(6))}`;
  return `x0${place}${given}`;
}

/** A weight that differs. */
export interface WeightDifference {
  readonly of: string;
  readonly a: number;
  readonly b: number;
}

/** A step that differs; -1 is the initial state, the number of steps the output. */
export interface StepDifference {
  readonly step: number;
  readonly ruleA: string;
  readonly ruleB: string;
  readonly distance: number;
  readonly weights: readonly WeightDifference[];
}

export interface RunComparison {
  readonly equal: boolean;
  /** Largest relative difference of weights met. */
  readonly distance: number;
  /**
   * How they are equal: step by step from equal states, only as whole runs (with other carried values, say), or, for
   * rules that are not linear, on random data.
   */
  readonly how: "steps" | "runs" | "data";
  readonly steps: readonly StepDifference[];
  /** Draws of the same law under other names: with one seed the two give other samples. */
  readonly renamed: boolean;
}

/**
 * Compares two runs with the same number of steps. Where a step differs, the next is compared from a common state.
 * @throws Failure when a coefficient of either run is not finite on its grid.
 */
export function compareRuns(a: LoweredRun, b: LoweredRun, rules: CallRules = { times: true }): RunComparison {
  const symbols = new Symbols<number>(numberWeights);
  const stepwise = walk(a, b, rules, symbols, true);
  if (stepwise.steps.length === 0) return { ...stepwise, equal: true, how: "steps" };
  const whole = walk(a, b, rules, new Symbols<number>(numberWeights), false);
  if (whole.steps.length === 0) return { ...whole, equal: true, how: "runs" };
  if (symbols.nonlinear) {
    const seen = [1, 2].map((seed) =>
      walk(a, b, rules, new RandomData(numbersWithin(dataTolerance), seed), false, dataTolerance),
    );
    if (seen.every(({ steps }) => steps.length === 0))
      return { ...(seen[0] as typeof whole), equal: true, how: "data" };
  }
  return { ...stepwise, equal: false, how: "steps" };
}

function walk(
  a: LoweredRun,
  b: LoweredRun,
  rules: CallRules,
  symbols: Symbols<number>,
  settle: boolean,
  within = tolerance,
): Omit<RunComparison, "equal" | "how"> {
  const [formsA, formsB] = [new RunForms(a, symbols, rules), new RunForms(b, symbols, rules)];
  const steps: StepDifference[] = [];
  let most = 0;
  const compare = (step: number, one: Form<number>, two: Form<number>): void => {
    const apart = distance(one, two);
    most = Math.max(most, apart);
    if (apart <= within) return;
    steps.push({
      step,
      ruleA: stepAt(a, step).rule,
      ruleB: stepAt(b, step).rule,
      distance: apart,
      weights: differing(symbols, one, two),
    });
  };
  for (let step = -1; step < a.steps.length; step += 1) {
    const request: Request = { step, what: { kind: "next" } };
    const [hasA, hasB] = [a, b].map((run) => stepAt(run, step).graph.next !== undefined);
    if (!hasA && !hasB) continue;
    const [one, two] = [
      hasA ? formsA.value(request) : new Map<number, number>(),
      hasB ? formsB.value(request) : new Map<number, number>(),
    ];
    if (settle) {
      compare(step, one, two);
      const state = symbols.single(symbols.of(`state ${step + 1}`, [], () => `x[${step + 1}]`));
      formsA.settle(step, state);
      formsB.settle(step, state);
    }
  }
  const count = a.steps.length;
  const results = Math.max(a.results.length, b.results.length);
  for (let position = 0; position < results; position += 1) {
    const request: Request = { step: count, what: { kind: "result", position } };
    const [one, two] = [
      a.results[position] ? formsA.value(request) : new Map<number, number>(),
      b.results[position] ? formsB.value(request) : new Map<number, number>(),
    ];
    compare(count, one, two);
  }
  return { distance: most, steps, renamed: otherNames(formsA.draws, formsB.draws) };
}

const otherNames = (a: ReadonlyMap<number, readonly string[]>, b: typeof a): boolean =>
  [...a].some(([step, names]) =>
    (b.get(step) ?? []).some((name, i) => names[i] !== undefined && names[i] !== name),
  );

function differing(symbols: Symbols<number>, a: Form<number>, b: Form<number>): readonly WeightDifference[] {
  const scale = Math.max(largest(a), largest(b));
  return [...new Set([...a.keys(), ...b.keys()])]
    .map((id) => ({
      of: id === unit ? "1" : (symbols.all[id]?.label ?? ""),
      a: a.get(id) ?? 0,
      b: b.get(id) ?? 0,
    }))
    .filter((weight) => Math.abs(weight.a - weight.b) > tolerance * scale)
    .sort((one, two) => rank(one.of) - rank(two.of) || one.of.localeCompare(two.of, "en", { numeric: true }));
}

/** States first, then answers of the network, then the rest. */
const rank = (label: string): number => (label.startsWith("x[") ? 0 : label.startsWith("x0") ? 1 : 2);

/** Whether every value of a run is a combination of states, predictions and draws with weights known before the run. */
export function isLinearRun(run: LoweredRun): boolean {
  const symbols = new Symbols<number>(numberWeights);
  walk(run, run, { times: true }, symbols, true);
  return !symbols.nonlinear;
}

/** The law of a state as data * x0 + noise * (standard normal) + constant. */
export interface StateLaw {
  readonly data: number;
  readonly noise: number;
  readonly constant: number;
}

/** The law of the state at every point when the network always says the true x0; a string says why there is none. */
export function statesWithTruth(run: LoweredRun): readonly StateLaw[] | string {
  const symbols = new Symbols<number>(numberWeights);
  const forms = new RunForms(run, symbols, { times: false, truth: true });
  const data = symbols.of("data", [], () => "x0");
  const start = run.sampler.grid[0];
  const noise = symbols.of("draw normal start", [], () => "noise");
  forms.settle(
    -1,
    new Map([
      [data, start?.alpha ?? 0],
      [noise, start?.sigma ?? 0],
    ]),
  );
  const laws: StateLaw[] = [];
  try {
    for (let step = -1; step < run.steps.length; step += 1) {
      const form = forms.value({ step, what: { kind: "next" } });
      if (symbols.nonlinear) return "the rule is not linear in its predictions";
      const others = [...form].filter(([id]) => id !== data && id !== unit);
      const odd = others.find(([id]) => !(symbols.all[id]?.key ?? "").startsWith("draw normal"));
      if (odd) return `it adds ${symbols.all[odd[0]]?.label ?? "something"}, which is not normal noise`;
      laws.push({
        data: form.get(data) ?? 0,
        noise: Math.hypot(...others.map(([, weight]) => weight)),
        constant: form.get(unit) ?? 0,
      });
    }
  } catch (error) {
    if (error instanceof NotDecidable) return error.message;
    throw error;
  }
  return laws;
}
