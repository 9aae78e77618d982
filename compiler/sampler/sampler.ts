// Owns: reading a sampler definition: its path, networks, guidance, grid, rules, inputs, output. Nothing is lowered
// here; the result is what lowering and planning ask for, with numbers where the run needs them.

import { num, symbols, type Expr } from "../algebra/expr.js";
import { fail } from "../diagnostics/report.js";
import { gridNumber, gridPoints, type GridPlace, type GridPoint } from "../grid/grid.js";
import { limits } from "../limits.js";
import { placesPoints } from "../lower/control.js";
import { evaluate, staticNumber, type Lowering } from "../lower/expression.js";
import { bindParameters, definitionOf, valueKey } from "../lower/parameters.js";
import type { View } from "../lower/prediction.js";
import { inputType, type GuidedModel, type Network } from "../lower/predictor.js";
import { Scope } from "../lower/scope.js";
import type { StepContext } from "../lower/step.js";
import { numberValue, type DefinitionValue, type Value } from "../lower/value.js";
import type { Path, PathPoint } from "../path/path.js";
import { schedulePath } from "../path/schedule.js";
import type { Def, Program } from "../resolve/module.js";
import { didYouMean } from "../resolve/suggest.js";
import type { Span } from "../source/span.js";
import type {
  Expression,
  InitClause,
  ModelClause,
  PartsClause,
  SolverClause,
  Statement,
  StartClause,
  ValueClause,
} from "../syntax/ast.js";
import { Graph } from "../graph/node.js";

export interface SamplerInput {
  readonly name: string;
  readonly type: string;
  readonly at: Span;
}

/** A network's declaration, as far as the plan repeats it. */
export interface NetworkConvention {
  readonly file: string | null;
  readonly convention: Readonly<Record<string, string | number | readonly (string | number)[]>>;
}

export interface Sampler {
  readonly def: Def;
  readonly scope: Scope;
  readonly path: Path;
  readonly steps: number;
  readonly grid: readonly GridPoint[];
  /** The solver places its own points between the two of the grid, and may try so many steps. */
  readonly attempts?: number;
  readonly model: GuidedModel;
  readonly conventions: ReadonlyMap<string, NetworkConvention>;
  readonly rule: SolverClause;
  readonly start: readonly Expression[] | undefined;
  readonly final: readonly Expression[] | undefined;
  readonly init: InitClause | undefined;
  readonly output: PartsClause | undefined;
  readonly inputs: Map<string, SamplerInput>;
  readonly statements: readonly Statement[];
  readonly context: StepContext;
}

export interface SamplerOptions {
  readonly steps?: number | undefined;
  /** Parameters by name, as numbers or strings. */
  readonly set?: Readonly<Record<string, number | string>> | undefined;
}

const deepestPath = 32;

/** Paths by the files they are made of: a table of a thousand entries is filled once, not again for every sampler. */
const pathsOf = new WeakMap<Program["modules"], Map<string, Path>>();

function sharedPaths({ modules }: Program): Map<string, Path> {
  const known = pathsOf.get(modules) ?? new Map<string, Path>();
  pathsOf.set(modules, known);
  return known;
}

/** Arguments that mean the same wherever they stand: functions and definitions may close over a sampler's names. */
const isPlain = ({ args }: DefinitionValue): boolean =>
  [...args.values()].every(
    (value) => value.kind === "string" || (value.kind === "number" && symbols(value.expr).size === 0),
  );

/** Static evaluation outside of steps: no step counters exist. */
export class StaticLowering implements Lowering {
  readonly graph = new Graph();
  readonly #paths = new Map<string, Path>();
  /** Schedules being made now, one inside the other. */
  #open = 0;

  constructor(
    readonly program: Program,
    readonly number: (expr: Expr, at: Span) => number = (_, at) =>
      fail("D0302", "this number differs from step to step, so it cannot be used here", { at }),
  ) {}

  decide(expr: Expr, at: Span): number {
    return this.number(expr, at);
  }

  applySolver(target: DefinitionValue): Value {
    return fail("D0210", `\`${target.def.name}\` is applied inside a step only`, {
      at: target.def.node.name.span,
    });
  }

  increment(): Value {
    throw new Error("a Brownian path outside a step");
  }

  path(schedule: DefinitionValue, at: Span): Value {
    const key = `${schedule.def.module.id} ${schedule.def.name} ${[...schedule.args].map(([name, value]) => `${name}=${valueKey(value)}`).join()}`;
    const paths = isPlain(schedule) ? sharedPaths(this.program) : this.#paths;
    const known = paths.get(key);
    if (known) return { kind: "path", path: known };
    if (this.#open >= deepestPath)
      return fail("D0207", `the schedule \`${schedule.def.name}\` is made of itself without end`, {
        at: schedule.def.node.name.span,
        help: "a schedule that takes another one needs an end, such as `base: schedule = flow`",
      });
    this.#open += 1;
    try {
      const path = schedulePath(schedule, at, this);
      paths.set(key, path);
      return { kind: "path", path };
    } finally {
      this.#open -= 1;
    }
  }
}

export function readSampler(def: Def, program: Program, options: SamplerOptions): Sampler {
  const { body } = def.node;
  const cx = new StaticLowering(program, (expr, at) => (place ? gridNumber(expr, place) : noNumber(at)));
  let place: GridPlace | undefined;
  if (body.kind !== "Block") return fail("D0210", "a sampler is a block", { at: body.span });
  const { scope: outer } = bindParameters(
    { kind: "definition", def, args: samplerArguments(def, options) },
    def.node.name.span,
    cx,
  );
  const scope = new Scope(outer);
  const { statements } = body;
  refuse(statements);
  for (const statement of statements)
    if (statement.kind === "Let")
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
            : evaluate(statement.value, scope, 0, cx),
      });

  const part = (name: PartsClause["part"]): PartsClause | undefined =>
    statements.find(
      (statement): statement is PartsClause => statement.kind === "Parts" && statement.part === name,
    );
  const required = (name: "schedule" | "grid", example: string): Expression =>
    part(name)?.values[0] ??
    fail("D0211", `the sampler \`${def.name}\` names no ${name}`, {
      at: def.node.name.span,
      help: `add a line such as \`${example}\``,
    });

  const scheduleNode = required("schedule", "schedule vp_linear");
  const pathValue = scheduleNode.kind === "Name" ? scope.find(scheduleNode.text, 0)?.read(0) : undefined;
  const path =
    pathValue?.kind === "path"
      ? pathValue.path
      : (cx.path(definitionOf(scheduleNode, "schedule", scope, 0, cx), scheduleNode.span) as { path: Path })
          .path;

  const inputs = new Map<string, SamplerInput>();
  const declareInput = (name: string, type: string, at: Span): void => {
    const before = inputs.get(name);
    if (before && before.type !== type)
      fail("D0204", `the input \`${name}\` is a ${before.type} in one place and a ${type} in another`, {
        at,
        secondary: [{ span: before.at, text: before.type }],
      });
    if (["operator", "function", "table"].includes(type))
      fail("D0990", `inputs of kind \`${type}\` are part of the language but not yet supported`, { at });
    inputs.set(name, { name, type, at });
  };
  for (const statement of statements)
    if (statement.kind === "Input")
      for (const name of statement.names) declareInput(name.text, inputType(statement.type), name.span);
  for (const endpoint of path.endpoints)
    if (endpoint.known) declareInput(endpoint.name, "tensor", def.node.name.span);

  const { networks, conventions } = readNetworks(statements, scope, def, cx);
  const guidance = (part("guidance")?.values ?? []).map((e) => definitionOf(e, "guidance", scope, 0, cx));
  for (const rule of guidance) declareInputs(rule, declareInput);
  const conditions = (): readonly string[] =>
    [...inputs.values()].filter((input) => input.type === "condition").map((input) => input.name);
  const model: GuidedModel = {
    networks,
    guidance,
    get conditions() {
      return conditions();
    },
  };

  const rule = statements.find((statement): statement is SolverClause => statement.kind === "SolverClause");
  if (!rule)
    return fail("D0211", `the sampler \`${def.name}\` names no solver`, {
      at: def.node.name.span,
      help: "add a line such as `solver ddim`",
    });
  const init = statements.find((statement): statement is InitClause => statement.kind === "Init");
  const start = entryPoint(init, path, scope, cx);

  const steps = stepCount(statements, options, rule, scope, cx, def);
  const solver = definitionOf(rule.rule, "solver", scope, 0, cx);
  const free = placesPoints(solver.def);
  const gridNode = free ? part("grid")?.values[0] : required("grid", "grid karras");
  place = { path, start: start ?? path.start, end: path.end, steps, at: (gridNode ?? rule).span };
  const at = place.at;
  const grid = gridNode
    ? makeGrid(gridNode, place, scope, cx)
    : [place.start, place.end].map((point) => ({ ...point, at }));
  if (free) checkEnds(grid, statements, solver, at);

  const viewNamed = viewLookup(networks, def, program);
  const outputs = new Set(networks.flatMap((network) => network.outputs));
  const context: StepContext = {
    program,
    path,
    model,
    viewNamed,
    outputs,
    pathOfSchedule: (schedule, at) => cx.path(schedule, at),
    declareInput,
  };
  const rulesOf = (kind: "Start" | "Final"): readonly Expression[] | undefined =>
    statements.find((statement): statement is StartClause => statement.kind === kind)?.rules;
  return {
    def,
    scope,
    path,
    steps: grid.length - 1,
    grid,
    ...(free && { attempts: steps === 0 ? limits.steps : steps }),
    model,
    conventions,
    rule,
    start: rulesOf("Start"),
    final: rulesOf("Final"),
    init,
    output: part("output"),
    inputs,
    statements,
    context,
  };
}

const noNumber = (at: Span): number => fail("D0302", "this number is not known before the run", { at });

function samplerArguments(def: Def, options: SamplerOptions): Map<string, Value> {
  const args = new Map<string, Value>();
  const params = (def.node.params ?? []).map((param) => param.name.text);
  for (const [name, value] of Object.entries(options.set ?? {})) {
    if (!params.includes(name))
      fail("D0220", `the sampler \`${def.name}\` has no parameter \`${name}\``, {
        at: def.node.name.span,
        help:
          didYouMean(name, params) ??
          (params.length > 0
            ? `it has ${params.map((param) => `\`${param}\``).join(", ")}`
            : "it takes none"),
      });
    args.set(name, typeof value === "number" ? numberValue(num(value)) : { kind: "string", text: value });
  }
  return args;
}

const later: Readonly<Record<string, string>> = {
  State: "`state` blocks (coupled states)",
  Carry: "`carry` in a sampler",
  Table: "`table` in a sampler",
};

function refuse(statements: readonly Statement[]): void {
  const allowed = new Set([
    "Let",
    "Parts",
    "Model",
    "Input",
    "Noise",
    "Init",
    "Value",
    "SolverClause",
    "Start",
    "Final",
  ]);
  for (const statement of statements) {
    const what = later[statement.kind];
    if (what) fail("D0990", `not yet supported: ${what}`, { at: statement.span });
    if (!allowed.has(statement.kind))
      fail("D0210", "this statement does not belong in a sampler", { at: statement.span });
    if (statement.kind === "Value" && ["population", "space"].includes(statement.what))
      fail("D0990", `\`${statement.what}\` is reserved: it parses, but is not yet supported`, {
        at: statement.span,
      });
  }
}

function declareInputs(rule: DefinitionValue, declare: (name: string, type: string, at: Span) => void): void {
  const { body } = rule.def.node;
  if (body.kind !== "Block") return;
  for (const statement of body.statements)
    if (statement.kind === "Input")
      for (const name of statement.names) declare(name.text, inputType(statement.type), name.span);
}

// ---- networks --------------------------------------------------------------------------------------------------

const conventionNames: ReadonlySet<string> = new Set([
  "names",
  "layout",
  "null",
  "classes",
  "shape",
  "labels",
]);

function readNetworks(
  statements: readonly Statement[],
  scope: Scope,
  def: Def,
  cx: Lowering,
): { networks: Network[]; conventions: Map<string, NetworkConvention> } {
  const clauses = statements.filter((statement): statement is ModelClause => statement.kind === "Model");
  if (clauses.length === 0)
    return fail("D0211", `the sampler \`${def.name}\` does not say what its model predicts`, {
      at: def.node.name.span,
      help: "add a line such as `model predicts eps with time: index`",
    });
  const conventions = new Map<string, NetworkConvention>();
  const networks = clauses.map((clause): Network => {
    const name = clause.name?.text ?? "model";
    if (conventions.has(name))
      fail("D0204", `two networks are called \`${name}\``, {
        at: clause.span,
        help: "name them: `model base predicts eps`",
      });
    const extras: { name: string; value: Expression }[] = [];
    const outputs: string[] = [];
    const convention: Record<string, string | number | readonly (string | number)[]> = {};
    let file: string | null = null;
    let time: Network["time"];
    for (const arg of clause.args) {
      const key =
        arg.name?.text ?? fail("D0220", "what follows `with` is named: `with time: index`", { at: arg.span });
      if (key === "time") time = arg.value.kind === "Name" && arg.value.text === "none" ? "none" : arg.value;
      else if (key === "outputs") outputs.push(...listNames(arg.value));
      else if (key === "inputs" || key === "input")
        fail("D0990", "further tensor inputs of a network are not yet supported", { at: arg.span });
      else if (key === "file") {
        const value = evaluate(arg.value, scope, 0, cx);
        file =
          value.kind === "string" ? value.text : fail("D0307", "`file:` is a string", { at: arg.value.span });
      } else if (conventionNames.has(key))
        convention[key] = plainValue(evaluate(arg.value, scope, 0, cx), arg.value, cx);
      else extras.push({ name: key, value: arg.value });
    }
    conventions.set(name, { file, convention });
    return {
      name,
      view: readView(clause.predicts, scope, cx),
      time,
      extras,
      outputs,
      scope,
      at: clause.span,
    };
  });
  return { networks, conventions };
}

function listNames(e: Expression): readonly string[] {
  const items = e.kind === "List" ? e.items : [e];
  return items.map((item) =>
    item.kind === "Name"
      ? item.text
      : fail("D0220", "`outputs:` lists names: `outputs: [logvar]`", { at: item.span }),
  );
}

function plainValue(
  value: Value,
  e: Expression,
  cx: Lowering,
): string | number | readonly (string | number)[] {
  if (value.kind === "string") return value.text;
  if (value.kind === "number") return staticNumber(value, e.span, cx);
  if (value.kind === "list") return value.items.map((item) => plainValue(item, e, cx) as string | number);
  return fail("D0307", "a string, a number or a list of them is needed here", { at: e.span });
}

function readView(e: Expression, scope: Scope, cx: Lowering): View {
  if (e.kind === "Name" && (e.text === "x0" || e.text === "eps"))
    return { name: e.text, parameterization: undefined };
  const parameterization = definitionOf(e, "parameterization", scope, 0, cx);
  return { name: parameterization.def.name, parameterization };
}

/** A network's own parameterization under its name, with its arguments; else one of the library with its defaults. */
function viewLookup(
  networks: readonly Network[],
  def: Def,
  program: Program,
): (name: string) => View | undefined {
  const memo = new Map<string, View | undefined>();
  return (name) => {
    if (name === "x0" || name === "eps") return { name, parameterization: undefined };
    if (memo.has(name)) return memo.get(name);
    const own = networks.find((network) => network.view.name === name)?.view;
    const found = own ? undefined : program.definition(def.module, "parameterization", name);
    const view =
      own ??
      (found && {
        name,
        parameterization: { kind: "definition" as const, def: found, args: new Map<string, Value>() },
      });
    memo.set(name, view);
    return view;
  };
}

// ---- error-controlled steps ------------------------------------------------------------------------------------

/** What a solver that places its own points needs of a sampler: two ends it can reach, and no other rules. */
function checkEnds(
  grid: readonly GridPoint[],
  statements: readonly Statement[],
  solver: DefinitionValue,
  at: Span,
): void {
  const { name } = solver.def;
  const [start, end] = grid;
  if (!start || !end || grid.length !== 2)
    return fail("D0401", `\`${name}\` places its own points, and this grid has ${grid.length}`, {
      at,
      help: "leave the grid out, or give its two ends, such as `grid given([80, 0.002])`; `steps` is the largest number of attempts",
    });
  for (const [point, which] of [
    [start, "start"],
    [end, "end"],
  ] as const)
    if (!Number.isFinite(point.lambda))
      fail(
        "D0422",
        `lambda is infinite at the ${which}, and \`${name}\` chooses its steps between finite ends`,
        {
          at,
          help:
            which === "end"
              ? "end above sigma = 0; `output x0[end]` gives the data predicted there"
              : "start at a level with alpha above 0",
        },
      );
  if (!(end.lambda > start.lambda))
    fail("D0401", `\`${name}\` goes from noise to data, and the end is not below the start`, { at });
  for (const statement of statements) {
    if (statement.kind === "Start" || statement.kind === "Final")
      fail(
        "D0990",
        `\`${statement.kind.toLowerCase()}\` beside a solver that places its own points is not yet supported`,
        {
          at: statement.span,
        },
      );
    if (statement.kind === "SolverClause" && statement.switches.length > 0)
      fail("D0990", "switching between solvers that place their own points is not yet supported", {
        at: statement.span,
      });
  }
}

// ---- grid ------------------------------------------------------------------------------------------------------

function stepCount(
  statements: readonly Statement[],
  options: SamplerOptions,
  rule: SolverClause,
  scope: Scope,
  cx: Lowering,
  def: Def,
): number {
  const clause = statements.find(
    (statement): statement is ValueClause => statement.kind === "Value" && statement.what === "steps",
  );
  const solverSteps = stepsOfSolver(rule, scope, cx);
  if (solverSteps !== undefined) return solverSteps;
  const value =
    options.steps ??
    (clause ? staticNumber(evaluate(clause.value, scope, 0, cx), clause.value.span, cx) : undefined);
  if (value === undefined) return 0;
  const at = clause?.span ?? def.node.name.span;
  if (!Number.isInteger(value) || value < 1)
    fail("D0307", `the number of steps is a whole number from 1, this is ${value}`, { at });
  if (value > limits.steps)
    fail("D0804", `a run may have at most ${limits.steps} steps, this asks for ${value}`, { at });
  return value;
}

/** A solver may set the number of steps itself (dpm_fast spends a budget of calls). */
function stepsOfSolver(rule: SolverClause, scope: Scope, cx: Lowering): number | undefined {
  const solver = definitionOf(rule.rule, "solver", scope, 0, cx);
  const { body } = solver.def.node;
  if (body.kind !== "Block") return undefined;
  const clause = body.statements.find(
    (statement): statement is ValueClause => statement.kind === "Value" && statement.what === "steps",
  );
  if (!clause) return undefined;
  const { scope: outer } = bindParameters(solver, rule.rule.span, cx);
  const inner = new Scope(outer);
  for (const statement of body.statements)
    if (statement.kind === "Let" && !statement.params)
      inner.declare(statement.name.text, {
        seq: -1,
        at: statement.name.span,
        used: true,
        read: () => evaluate(statement.value, inner, 0, cx),
      });
  return staticNumber(evaluate(clause.value, inner, 0, cx), clause.value.span, cx);
}

/** `point start at index = 600` in a sampler's `init`. */
function entryPoint(
  init: InitClause | undefined,
  path: Path,
  scope: Scope,
  cx: StaticLowering,
): PathPoint | undefined {
  if (init?.body.kind !== "Block") return undefined;
  const clause = init.body.statements.find(
    (statement) => statement.kind === "Point" && statement.names[0]?.text === "start",
  );
  if (clause?.kind !== "Point" || !clause.value || clause.place.kind !== "Name") return undefined;
  const value = staticNumber(evaluate(clause.value, scope, 0, cx), clause.value.span, cx);
  return path.numbers.at(clause.place.text as "time", value);
}

/** A grid by name, or one made of others: `reverse(grid)`, `drop(grid, k)`. */
function makeGrid(e: Expression, place: GridPlace, scope: Scope, cx: Lowering): readonly GridPoint[] {
  if (
    e.kind === "Call" &&
    e.callee.kind === "Name" &&
    (e.callee.text === "reverse" || e.callee.text === "drop")
  ) {
    const [inner, count] = e.args;
    if (!inner) return fail("D0220", `\`${e.callee.text}\` needs a grid`, { at: e.span });
    const points = makeGrid(inner.value, place, scope, cx);
    if (e.callee.text === "reverse") return [...points].reverse();
    if (!count) return fail("D0220", "`drop(grid, k)` needs the number of points to drop", { at: e.span });
    const k = staticNumber(evaluate(count.value, scope, 0, cx), count.value.span, cx);
    if (!(k >= 0 && k < points.length - 1))
      return fail("D0401", `dropping ${k} of ${points.length} points leaves no step`, { at: e.span });
    return points.slice(k);
  }
  const grid = definitionOf(e, "grid", scope, 0, cx);
  if (place.steps === 0 && usesSteps(grid))
    return fail("D0211", "this grid needs a number of steps", {
      at: e.span,
      help: "add `steps 20` to the sampler, or pass `--steps 20`",
    });
  return gridPoints(grid, place, e.span, cx);
}

const usesSteps = (grid: DefinitionValue): boolean => {
  const { source } = grid.def.module;
  return /\bsteps\b/.test(source.text.slice(grid.def.node.span.start, grid.def.node.span.end));
};
