// Owns: a sampler as mathematics: every rule of its run, the network's parameterization, guidance, the path and the
// grid. Rules are shown through the prediction in which they are shortest, with guidance and parameterization apart, so
// that dpmpp_2m reads as in its paper; together they are the map that the plan runs.

import { print } from "../algebra/print.js";
import type { StepControl } from "../lower/control.js";
import {
  div,
  fn,
  isOne,
  isZero,
  mul,
  neg,
  num,
  sub,
  substitute,
  type Expr,
  type Sym,
} from "../algebra/expr.js";
import { simplify } from "../algebra/simplify.js";
import { Failure } from "../diagnostics/report.js";
import type { CallSite, Linear } from "../graph/node.js";
import { quantity } from "../graph/quantity.js";
import type { View } from "../lower/prediction.js";
import { TIME } from "../path/path.js";
import { lowerRun, type LoweredRun, type RunStep } from "../sampler/run.js";
import type { Sampler } from "../sampler/sampler.js";
import { callsIn, outputsOf, promising, stateName, updateOf, type Update } from "./mathematics.js";
import { Coefficients } from "./mathematicsCoefficients.js";
import { indexed, named, predictionLetter } from "./mathematicsNames.js";
import { equationsOf, predictionWords, updateNotes, type Equation, type Writer } from "./mathematicsPrint.js";

/** One heading with its formulas; `notes` are sentences. */
export interface Section {
  readonly title: string;
  readonly notes: readonly string[];
  readonly equations: readonly Equation[];
}

/** Steps of a run that are the same map in formulas. */
export interface RuleUpdate {
  readonly rule: string;
  readonly steps: readonly number[];
  readonly update: Update;
  /** A step of the viewed run, whose numbers give the formulas values. */
  readonly step: RunStep;
}

export interface ViewedRun {
  readonly view: string;
  /** True when the network and guidance are the sampler's own: the rule reads more than a prediction. */
  readonly own: boolean;
  readonly run: LoweredRun;
  readonly rules: readonly RuleUpdate[];
}

/** The rules of a run through the prediction in which they are shortest. */
export function viewedRun(run: LoweredRun): ViewedRun {
  const { sampler } = run;
  const own = sampler.model.networks[0]?.view.name ?? "x0";
  const views = readsMoreThanPredictions(run)
    ? []
    : ["x0", "eps", "flow"].flatMap((name) => {
        const view: View | undefined =
          name === "flow" ? sampler.context.viewNamed(name) : { name, parameterization: undefined };
        const viewed = view && through(sampler, view);
        return viewed ? [{ view: name, own: false, run: viewed }] : [];
      });
  const graphs = (viewed: LoweredRun): readonly Linear[] =>
    [...new Set(viewed.steps.map((step) => step.graph))].flatMap((graph) =>
      outputsOf(graph).map((output) => output.value),
    );
  const candidates = promising(views, (viewed) => graphs(viewed.run)).map((viewed): ViewedRun => ({
    ...viewed,
    rules: rulesOf(viewed.run, viewed.view),
  }));
  const cost = (viewed: ViewedRun): number => viewed.rules.reduce((sum, rule) => sum + rule.update.cost, 0);
  const [first, ...others] = candidates;
  if (first === undefined) return { view: own, own: true, run, rules: rulesOf(run, own) };
  return others.reduce((best, viewed) => (cost(viewed) < cost(best) ? viewed : best), first);
}

/** Rules that pass numbers to the network, or call several networks, know more of it than one prediction. */
function readsMoreThanPredictions(run: LoweredRun): boolean {
  const known = new Set(
    run.sampler.model.networks.flatMap((network) => network.extras.map((extra) => extra.name)),
  );
  return run.steps.some(({ graph }) =>
    callsIn(graph.next ? [graph.next] : []).some(
      ({ site }) => site.form === null || Object.keys(site.extras).some((name) => !known.has(name)),
    ),
  );
}

/** The same run with a network of another view and without guidance. */
function through(sampler: Sampler, view: View): LoweredRun | undefined {
  const [network] = sampler.model.networks;
  if (!network) return undefined;
  const plain = { ...network, name: "model", view, time: undefined, extras: [] };
  const model = { networks: [plain], guidance: [], conditions: [] };
  try {
    return lowerRun({ ...sampler, model, context: { ...sampler.context, model } });
  } catch (error) {
    if (error instanceof Failure) return undefined;
    throw error;
  }
}

function rulesOf(run: LoweredRun, view: string): readonly RuleUpdate[] {
  const rules = new Map<RunStep["graph"], { rule: string; steps: number[]; step: RunStep }>();
  run.steps.forEach((step, i) => {
    const known = rules.get(step.graph);
    if (known) known.steps.push(i);
    else rules.set(step.graph, { rule: step.rule, steps: [i], step });
  });
  return [...rules].map(([graph, rule]) => ({
    ...rule,
    update: updateOf(outputsOf(graph), view, run.sampler.path.numbers.relation),
  }));
}

/** `step 0`, `steps 1 .. 16`, `steps 0 .. 3, 8 .. 9` */
export function stepRanges(steps: readonly number[]): string {
  const ranges: [number, number][] = [];
  for (const step of steps) {
    const last = ranges.at(-1);
    if (last && last[1] === step - 1) last[1] = step;
    else ranges.push([step, step]);
  }
  const texts = ranges.map(([a, b]) => (a === b ? String(a) : `${a} .. ${b}`));
  return `${steps.length === 1 ? "step" : "steps"} ${texts.join(", ")}`;
}

/** The sections of a sampler, in the order in which a paper has them. */
export function explainSampler(run: LoweredRun, writer: Writer, viewed = viewedRun(run)): readonly Section[] {
  return [
    ...viewed.rules.map(({ rule, steps, step, update }): Section => ({
      title: `${rule}, ${step.graph.control ? "an attempt" : stepRanges(steps)}`,
      notes: [
        predictionWords(update, writer, viewed.own),
        ...updateNotes(update, writer),
        ...controlNotes(step.graph.control),
        ...step.graph.notes,
      ],
      equations: equationsOf(update, writer),
    })),
    ...guidanceSection(run, writer),
    ...networkSection(run, viewed, writer),
    scheduleSection(run.sampler, writer),
    gridSection(run.sampler),
  ];
}

/** The first step that makes a prediction at its s, with the guided prediction in the network's own view. */
function guidedPrediction(run: LoweredRun): Linear | undefined {
  const view = run.sampler.model.networks[0]?.view.name;
  for (const { graph } of run.steps) {
    try {
      const value = view === undefined ? undefined : graph.view("", view);
      if (value && callsIn([value]).length > 0) return value;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
    }
  }
  return undefined;
}

const guidedName = (view: string): Sym => {
  const [text, latex] = predictionLetter(view);
  return named("guided", ...indexed([`${text}\u0303`, `\\tilde{${latex}}`], "s"));
};

function guidanceSection(run: LoweredRun, writer: Writer): readonly Section[] {
  const { guidance, networks } = run.sampler.model;
  const view = networks[0]?.view.name ?? "x0";
  if (guidance.length === 0) return [];
  const title = `guidance: ${guidance.map((rule) => rule.def.name).join(", then ")}`;
  const value = guidedPrediction(run);
  if (!value) return [{ title, notes: ["no step makes a guided prediction at its start"], equations: [] }];
  const update = updateOf([{ name: guidedName(view), value }], view, run.sampler.path.numbers.relation);
  return [
    {
      title,
      notes: [`${writer.name(guidedName(view))} is the prediction that the rules above go on with`],
      equations: equationsOf(update, writer),
    },
  ];
}

/** How the prediction of the formulas comes out of what the network returns. */
function networkSection(run: LoweredRun, viewed: ViewedRun, writer: Writer): readonly Section[] {
  const [network] = run.sampler.model.networks;
  const site = run.steps.flatMap(({ graph }) => (graph.next ? callsIn([graph.next]) : []))[0]?.site;
  if (!network || !site) return [];
  const view = network.view.name;
  const names = new Coefficients(run.sampler.path.numbers.relation);
  const guided = run.sampler.model.guidance.length > 0;
  const raw = guided
    ? guidedName(view)
    : named("value", ...indexed(predictionLetter(view), names.index(site.level)));
  const equations: Equation[] = [];
  if (!viewed.own && site.form && view !== viewed.view) {
    const form = formOf(viewed.view, site);
    const x0Part = div(form.x0, site.form.x0);
    const xPart = simplify(sub(form.x, mul(x0Part, site.form.x)));
    const left = named("value", ...indexed(predictionLetter(viewed.view), names.index(site.level)));
    const term = (weight: Expr, of: Sym): { shown: Expr; weight: Expr; of: Sym } => ({
      shown: names.show(simplify(weight)),
      weight,
      of,
    });
    const terms = [
      ...(isZero(xPart) ? [] : [term(xPart, stateName(names.index(site.level)))]),
      term(x0Part, raw),
    ];
    equations.push({ left: writer.name(left), right: writer.sum(terms) });
  }
  const notes = [`the network returns ${view}`];
  if (site.scale !== null && !isOne(site.scale))
    equations.push({
      left: writer.words("input"),
      right: writer.sum([
        { shown: names.show(site.scale), weight: site.scale, of: stateName(names.index(site.level)) },
      ]),
      remark: "what the network is fed",
    });
  if (site.time !== null)
    equations.push({
      left: writer.words("time"),
      right: writer.formula(names.show(site.time)),
      remark: "the level, as the network is told it",
    });
  return [{ title: `network: ${view}`, notes, equations }];
}

/** A view as a combination of x and x0 at the level of a call. */
function formOf(view: string, { level }: CallSite): { readonly x: Expr; readonly x0: Expr } {
  const at = (name: "alpha" | "sigma" | "alphaDot" | "sigmaDot"): Expr => quantity(name, level);
  if (view === "eps") return { x: div(num(1), at("sigma")), x0: neg(div(at("alpha"), at("sigma"))) };
  if (view !== "flow") return { x: num(0), x0: num(1) };
  const rate = div(at("sigmaDot"), at("sigma"));
  return { x: rate, x0: sub(at("alphaDot"), mul(at("alpha"), rate)) };
}

const short = (value: number): string =>
  Number.isFinite(value) ? String(Number(value.toPrecision(4))) : value > 0 ? "∞" : "-∞";

function scheduleSection({ path }: Sampler, writer: Writer): Section {
  const { formulas } = path;
  const variable = named("variable", "t", "t");
  const inTime = (e: Expr): Expr => substitute(e, (s) => (s === TIME ? variable : undefined));
  const equations: Equation[] = [];
  const [alpha, sigma, lambda] = [formulas.get("alpha"), formulas.get("sigma"), formulas.get("lambda")];
  const put = (text: string, latex: string, e: Expr | undefined): void => {
    if (e)
      equations.push({
        left: writer.notation === "latex" ? latex : text,
        right: writer.formula(inTime(simplify(e))),
      });
  };
  const logAlpha = formulas.get("logAlpha");
  put("α(t)", "\\alpha(t)", alpha ?? (logAlpha && fn("exp", logAlpha)));
  put("σ(t)", "\\sigma(t)", sigma);
  put("λ(t)", "\\lambda(t)", lambda ?? (alpha && sigma && fn("log", div(alpha, sigma))));
  for (const endpoint of path.endpoints)
    put(`coefficient of ${endpoint.name}`, `\\text{coefficient of ${endpoint.name}}`, endpoint.coefficient);
  const notes = [
    `from time ${short(path.start.time)} (λ = ${short(path.start.lambda)}) to time ${short(path.end.time)} (λ = ${short(path.end.lambda)})`,
  ];
  if (equations.length === 0)
    notes.push(
      path.index === undefined
        ? "α and σ have no closed form in t; their values come from the schedule's numbers"
        : `α and σ come from a table with ${Math.abs(path.index.from - path.index.to) + 1} entries`,
    );
  return { title: `schedule: ${path.name}`, notes, equations };
}

/** Where the rule places t, and what it starts with. */
function controlNotes(control: StepControl | undefined): readonly string[] {
  if (!control) return [];
  const first = [...control.carries].map(([name, { initial }]) => `${name} = ${print(initial)}`);
  return [
    `t lies at ${control.coordinate} = ${print(control.place())}`,
    ...(first.length === 0 ? [] : [`at the start ${first.join(", ")}`]),
  ];
}

function gridSection({ grid, statements, attempts }: Sampler): Section {
  if (attempts !== undefined)
    return {
      title: "points",
      notes: [
        `placed by the solver from λ = ${grid.map((point) => short(point.lambda)).join(" to ")}, in at most ${attempts} attempts`,
      ],
      equations: [],
    };
  const lambdas = grid.map((point) => short(point.lambda));
  const shown = lambdas.length <= 12 ? lambdas : [...lambdas.slice(0, 6), "...", ...lambdas.slice(-5)];
  const node = statements.find((statement) => statement.kind === "Parts" && statement.part === "grid");
  const name = node?.kind === "Parts" && node.values[0]?.kind === "Name" ? `: ${node.values[0].text}` : "";
  return {
    title: `grid${name}`,
    notes: [`${grid.length - 1} steps`, `λ = ${shown.join(", ")}`],
    equations: [],
  };
}
