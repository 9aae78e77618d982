// Owns: where rules are compared by numbers: random schedules of every kind and random grids on them, and samplers made
// of a rule, a guidance and a grid without text. The numbers come from a fixed seed, so a check says the same each time.

import { num } from "../algebra/expr.js";
import { fail } from "../diagnostics/report.js";
import type { GridPoint } from "../grid/grid.js";
import { moduleScope } from "../lower/parameters.js";
import { inputType } from "../lower/predictor.js";
import { Scope } from "../lower/scope.js";
import { numberValue, type DefinitionValue, type Value } from "../lower/value.js";
import type { Path } from "../path/path.js";
import type { Program } from "../resolve/module.js";
import { StaticLowering, type Sampler, type SamplerInput } from "../sampler/sampler.js";
import type { Span } from "../source/span.js";
import { fixedField, Random } from "./fixed.js";
import { neutralContext } from "./setting.js";

/** A schedule of the library with numbers for its parameters, or undefined when there is none of that name. */
export function libraryPath(
  program: Program,
  from: DefinitionValue,
  name: string,
  numbers: Readonly<Record<string, number>> = {},
): Path {
  const def = program.definition(from.def.module, "schedule", name);
  if (!def) throw new Error(`no schedule ${name} in the library`);
  const args = new Map<string, Value>(
    Object.entries(numbers).map(([key, value]) => [key, numberValue(num(value))]),
  );
  return pathOf({ kind: "definition", def, args }, program);
}

export function pathOf(schedule: DefinitionValue, program: Program): Path {
  const value = new StaticLowering(program).path(schedule, schedule.def.node.name.span);
  return (value as Extract<Value, { kind: "path" }>).path;
}

class Numbers {
  readonly #random: Random;
  constructor(seed: number) {
    this.#random = new Random(seed);
  }
  /** Uniform between the ends. */
  between(low: number, high: number): number {
    const unit = (fixedField.toNumber(this.#random.value()) + 1) / 2;
    return low + (high - low) * unit;
  }
}

export interface Ground {
  readonly path: Path;
  readonly grid: readonly GridPoint[];
}

/** Variance preserving, exploding, straight, cosine and sub-VP paths with random parameters and random grids. */
export function randomGrounds(program: Program, from: DefinitionValue, steps = 6): readonly Ground[] {
  const n = new Numbers(20);
  const paths = [
    libraryPath(program, from, "vp_linear", { beta_min: n.between(0.05, 0.5), beta_max: n.between(8, 25) }),
    libraryPath(program, from, "edm", { sigma_min: n.between(0.001, 0.05), sigma_max: n.between(10, 100) }),
    libraryPath(program, from, "flow"),
    libraryPath(program, from, "vp_cosine"),
    libraryPath(program, from, "sub_vp", { beta_min: n.between(0.05, 0.5), beta_max: n.between(8, 25) }),
  ];
  return paths.flatMap((path) => [1, 2].map(() => ({ path, grid: randomGrid(path, steps, n) })));
}

/** Random grids on one path. */
export function randomGrids(path: Path, count = 5, steps = 6): readonly Ground[] {
  const n = new Numbers(21);
  return Array.from({ length: count }, () => ({ path, grid: randomGrid(path, steps, n) }));
}

/** Points at random, not closer than a third of the mean spacing. */
function randomGrid(path: Path, steps: number, n: Numbers): readonly GridPoint[] {
  const high = Math.min(path.end.lambda, n.between(1, 4));
  const low = Math.max(path.start.lambda, n.between(-4, -2));
  const parts = Array.from({ length: steps }, () => n.between(1, 3));
  const total = parts.reduce((sum, part) => sum + part, 0);
  const at = path.def.node.name.span;
  let sum = 0;
  return [0, ...parts].map((part) => {
    sum += part;
    return { ...path.numbers.at("lambda", low + ((high - low) * sum) / total), at };
  });
}

/** The same, but the last point is the clean end. */
export const toClean = ({ path, grid }: Ground): Ground => ({
  path,
  grid: grid.map((point, i) =>
    i < grid.length - 1 ? point : { ...path.numbers.at("sigma", 0), at: point.at },
  ),
});

const ruleName = "the rule";

/** A sampler of one rule on a path and a grid, with a network that predicts x0. */
export function samplerOf(
  solver: DefinitionValue,
  program: Program,
  { path, grid }: Ground,
  guidance: readonly DefinitionValue[] = [],
  /** What the network predicts; x0 without. */
  view?: DefinitionValue,
): Sampler {
  const at: Span = solver.def.node.name.span;
  const cx = new StaticLowering(program);
  const scope = new Scope(moduleScope(solver.def.module, cx));
  scope.declare(ruleName, { seq: -1, at, used: true, read: () => solver });
  const inputs = new Map<string, SamplerInput>();
  const declareInput = (name: string, type: string, span: Span): void => {
    if (["operator", "function", "table"].includes(type))
      fail("D0990", `inputs of kind \`${type}\` are part of the language but not yet supported`, {
        at: span,
      });
    inputs.set(name, { name, type, at: span });
  };
  for (const { def } of [solver, ...guidance]) {
    if (def.node.body.kind !== "Block") continue;
    for (const statement of def.node.body.statements)
      if (statement.kind === "Input")
        for (const name of statement.names) declareInput(name.text, inputType(statement.type), name.span);
  }
  const neutral = neutralContext(solver, program);
  const model = {
    networks: neutral.model.networks.map((network) => ({
      ...network,
      ...(view ? { view: { name: view.def.name, parameterization: view } } : {}),
    })),
    guidance,
    get conditions() {
      return [...inputs.values()].filter((input) => input.type === "condition").map((input) => input.name);
    },
  };
  return {
    def: solver.def,
    scope,
    path,
    steps: grid.length - 1,
    grid,
    model,
    conventions: new Map(),
    rule: {
      kind: "SolverClause",
      span: at,
      rule: { kind: "Name", span: at, text: ruleName, raw: ruleName },
      switches: [],
    },
    start: undefined,
    final: undefined,
    init: undefined,
    output: undefined,
    inputs,
    statements: [],
    context: {
      ...neutral,
      path,
      model,
      declareInput,
      viewNamed: (name) =>
        view?.def.name === name ? { name, parameterization: view } : neutral.viewNamed(name),
    },
  };
}
