// Owns: assembling the plan of a lowered run: steps linked by demand, programs and kernels shared by structure,
// numbers in one row a step.

import { fail } from "../diagnostics/report.js";
import type { Leaf, Node } from "../graph/node.js";
import { hashPath } from "../plan/keys.js";
import { peakTensors } from "../plan/lifetimes.js";
import {
  PLAN_FORMAT,
  PLAN_VERSION,
  type Distribution,
  type Kernel,
  type Plan,
  type PlanDraw,
  type PlanInput,
  type PlanModel,
  type PlanNumber,
  type PlanStep,
  type Program,
} from "../plan/schema.js";
import type { PathPoint } from "../path/path.js";
import type { LoweredRun } from "../sampler/run.js";
import { linkAttempts } from "./control.js";
import { demandOf, exported, requestKey, source, stepAt, type Request } from "./demand.js";
import { StepEmitter, type PlanNames } from "./emit.js";
import { allocate } from "./registers.js";

export interface PlanOptions {
  readonly compiler: string;
  readonly source: { readonly name: string; readonly sha256: string };
}

/** What linking makes of the steps; the rest of a plan describes the sampler. */
export type Linked = Pick<
  Plan,
  "programs" | "init" | "steps" | "control" | "output" | "registers" | "results"
> & { readonly calls: number; readonly nfe: number };

export function buildPlan(run: LoweredRun, options: PlanOptions): Plan {
  const tables = new Tables(run);
  const { calls, nfe, ...linked } = run.enter
    ? linkAttempts(run, run.enter, tables.names)
    : linkSteps(run, tables.names);
  const parts = { kernels: tables.kernels, ...linked };
  return {
    format: PLAN_FORMAT,
    version: PLAN_VERSION,
    compiler: options.compiler,
    source: options.source,
    sampler: run.sampler.def.name,
    grid: run.sampler.grid.map((point) => planPoint(point, run.sampler.path.index !== undefined)),
    inputs: tables.inputs,
    models: tables.models,
    draws: tables.draws,
    ...parts,
    report: {
      calls,
      nfe,
      peakTensors: peakTensors(parts),
      rules: run.steps.map((step) => step.rule),
      notes: [...new Set(run.steps.flatMap((step) => step.graph.notes))],
    },
  };
}

function linkSteps(run: LoweredRun, names: PlanNames): Linked {
  const demand = demandOf(run);
  const count = run.steps.length;
  const programs: Program[] = [];
  const programKeys = new Map<string, number>();
  const planSteps: PlanStep[] = [];
  /** Values alive between steps: request key to physical register, in the order of their roles. */
  let alive = new Map<string, number>();
  let nextVirtual = 0;
  let registers = 0;
  let calls = 0;
  let nfe = 0;
  let results: readonly number[] = [];

  for (let index = -1; index <= count; index += 1) {
    const step = stepAt(run, index);
    const requests = [...(demand.byStep[index + 1] as ReadonlyMap<string, Request>).values()];
    const entering = new Map<number, number>();
    const virtualOf = new Map<string, number>();
    for (const [key, physical] of alive) {
      virtualOf.set(key, nextVirtual);
      entering.set(nextVirtual, physical);
      nextVirtual += 1;
    }
    const incoming = (leaf: Leaf): number | undefined => {
      const request = source(run, index, leaf);
      return request && virtualOf.get(requestKey(request));
    };
    const survives = (key: string): boolean => (demand.lastReader.get(key) ?? -2) > index;
    const emitter = new StepEmitter(step, names, incoming, nextVirtual);
    const roots = requests.map((request) => exported(run, request));
    const emitted = emitter.emit(roots, (_, node) => keepsOwn(node, incoming, virtualOf, survives));
    nextVirtual = Math.max(nextVirtual, 1 + Math.max(0, ...emitted.binding.keys()));

    const leaving = new Map<number, number>();
    const staying: { key: string; virtual: number; role: string }[] = [];
    for (const [key, virtual] of virtualOf)
      if (survives(key)) staying.push({ key, virtual, role: role(key, index) });
    requests.forEach((request, i) => {
      const key = requestKey(request);
      if (survives(key) || index === count)
        staying.push({ key, virtual: emitted.roots[i] as number, role: role(key, index) });
    });
    staying.sort((a, b) => (a.role < b.role ? -1 : a.role > b.role ? 1 : 0));
    staying.forEach((entry, physical) => leaving.set(entry.virtual, physical));
    const allocated = allocate(emitted, entering, leaving);
    alive = new Map(staying.map((entry, physical) => [entry.key, physical]));

    registers = Math.max(registers, allocated.highest + 1);
    calls += emitted.calls;
    nfe += emitted.groups;
    const text = JSON.stringify(allocated.ops);
    let program = programKeys.get(text);
    if (program === undefined) {
      program = programs.push({ ops: allocated.ops }) - 1;
      programKeys.set(text, program);
    }
    const stateKey = requestKey({ step: index, what: { kind: "next" } });
    planSteps.push({
      program,
      scalars: emitted.scalars,
      step: Math.max(0, Math.min(index, count)),
      state: alive.get(stateKey) ?? null,
    });
    if (index === count)
      results = run.results.map(
        (_, position) => alive.get(requestKey({ step: count, what: { kind: "result", position } })) as number,
      );
  }

  const [init, ...rest] = planSteps as [PlanStep, ...PlanStep[]];
  const output = rest.pop() as PlanStep;
  return { programs, init, steps: rest, output, registers, results, calls, nfe };
}

/** A bare leaf that lives on under its own name needs a copy when it becomes another value too. */
function keepsOwn(
  node: Node,
  incoming: (leaf: Leaf) => number | undefined,
  virtualOf: ReadonlyMap<string, number>,
  survives: (key: string) => boolean,
): boolean {
  if (node.kind !== "leaf") return false;
  const virtual = incoming(node.leaf);
  if (virtual === undefined) return false;
  const entry = [...virtualOf].find(([, candidate]) => candidate === virtual);
  return entry !== undefined && survives(entry[0]);
}

/** What a value is to the next step: its kind and its age. */
function role(key: string, index: number): string {
  const bar = key.indexOf("|");
  const age = index - Number(key.slice(0, bar));
  return `${key.slice(bar + 1)}@${String(age).padStart(5, "0")}`;
}

export const planNumber = (x: number): PlanNumber =>
  Number.isFinite(x) ? x : Number.isNaN(x) ? "nan" : x > 0 ? "inf" : "-inf";

function planPoint(point: PathPoint, indexed: boolean): Plan["grid"][number] {
  return {
    time: planNumber(point.time),
    ...(indexed ? { index: planNumber(point.index) } : {}),
    alpha: point.alpha,
    sigma: point.sigma,
    lambda: planNumber(point.lambda),
  };
}

/** The numbered things of a plan. */
class Tables {
  readonly inputs: PlanInput[];
  readonly models: PlanModel[];
  readonly draws: PlanDraw[] = [];
  readonly kernels: Kernel[] = [];
  readonly #kernelKeys = new Map<string, number>();
  readonly names: PlanNames;

  constructor(run: LoweredRun) {
    const { sampler } = run;
    this.inputs = [...sampler.inputs.values()].map(({ name, type, at }) => {
      if (!["tensor", "mask", "condition", "trajectory"].includes(type))
        fail("D0990", `inputs of kind \`${type}\` are not yet supported`, { at });
      return { name, kind: type as PlanInput["kind"] };
    });
    this.models = sampler.model.networks.map((network) => {
      const { file, convention } = sampler.conventions.get(network.name) ?? { file: null, convention: {} };
      return {
        name: network.name,
        predicts: network.view.name,
        file,
        time: network.time !== "none",
        outputs: network.outputs,
        convention,
      };
    });
    const inputIndex = (name: string): number => this.inputs.findIndex((input) => input.name === name);
    this.names = {
      model: (name) => this.models.findIndex((model) => model.name === name),
      condition: inputIndex,
      input: inputIndex,
      draw: (leaf) => this.#draw(leaf),
      kernel: (kernel) => this.#kernel(kernel),
    };
  }

  #kernel(kernel: Kernel): number {
    const known = this.#kernelKeys.get(kernel.key);
    if (known !== undefined) return known;
    const index = this.kernels.push(kernel) - 1;
    this.#kernelKeys.set(kernel.key, index);
    return index;
  }

  #draw(leaf: Extract<Leaf, { kind: "draw" }>): number {
    const known = this.draws.findIndex(
      (draw) => draw.path === leaf.path && draw.distribution === leaf.distribution,
    );
    if (known >= 0) return known;
    const key = hashPath(leaf.path);
    const clash = this.draws.find((draw) => draw.key === key);
    if (clash)
      fail("D0204", `the draws \`${clash.path}\` and \`${leaf.path}\` would have the same random numbers`, {
        help: "rename one of the noises",
      });
    return (
      this.draws.push({
        path: leaf.path,
        key,
        distribution: leaf.distribution as Distribution,
        fixed: leaf.fixed,
      }) - 1
    );
  }
}
