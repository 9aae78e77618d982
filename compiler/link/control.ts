// Owns: linking a run whose solver places its own points: one attempt that leaves its results beside what it started
// from, two short programs that keep or undo it, and the numbers the host computes for every attempt.

import { fail } from "../diagnostics/report.js";
import { atom, type Leaf, type Linear, type Node } from "../graph/node.js";
import type { Late, StepControl } from "../lower/control.js";
import { startHost } from "../plan/host.js";
import type { Op, PlanStep, Program } from "../plan/schema.js";
import type { LoweredRun, RunStep } from "../sampler/run.js";
import { leavesOf } from "./demand.js";
import { StepEmitter, type EmittedStep, type PlanNames } from "./emit.js";
import { HostNumbers } from "./host.js";
import type { Linked } from "./plan.js";
import { allocate } from "./registers.js";

/** A tensor that lives from attempt to attempt. */
interface Kept {
  readonly leaf: Leaf;
  readonly initial: Linear;
  /** After an attempt; undefined: it stays. */
  readonly next: Linear | undefined;
}

export function linkAttempts(run: LoweredRun, enter: RunStep, names: PlanNames): Linked {
  return new AttemptLinker(run, enter, names).link();
}

class AttemptLinker {
  readonly #programs: Program[] = [];
  readonly #attempt: RunStep;
  readonly #control: StepControl;
  #virtual = 0;
  #registers = 0;

  constructor(
    readonly run: LoweredRun,
    readonly enter: RunStep,
    readonly names: PlanNames,
  ) {
    this.#attempt = run.steps[0] as RunStep;
    this.#control =
      this.#attempt.graph.control ??
      fail("D0305", `\`${this.#attempt.rule}\` does not say where its next point lies`, {
        at: this.#attempt.at,
        help: "`point t at ...` stands in the step itself, not in a branch",
      });
  }

  link(): Linked {
    const { run, enter } = this;
    const attempt = this.#attempt;
    const control = this.#control;
    const [start, end] = run.sampler.grid;
    if (!start || !end) throw new Error("an error-controlled run without ends");
    for (const leaf of attempt.graph.increments)
      fail(
        "D0990",
        `the Brownian path \`${leaf.path}\`, with steps that may be undone, is not yet supported`,
        {
          at: attempt.at,
          help: "use `noise`: one draw for every attempt",
        },
      );

    const host = new HostNumbers(run.sampler.path, [start, end], control.carries.keys(), control.at);
    const next = host.placeNext(control.coordinate, control.place());
    const late = (value: Late | undefined, or: number): number =>
      value ? host.linear(value.read(), value.at) : or;
    const accept = control.condition ? late(control.condition, 0) : null;
    const carries = [...control.carries.values()];
    const accepted = carries.map((carry, i) => late(carry.accepted, host.variable(2 + i)));
    const refused = carries.map((carry, i) => late(carry.refused, host.variable(2 + i)));
    const reads = host.reads;

    const kept = this.#kept(reads);
    const places = new Map(kept.map((entry, i) => [entry, i]));
    const changing = kept.filter((entry) => entry.next !== undefined);

    const init = this.#emit(run.init, [run.init.graph.next as Linear], [], false);
    const first = this.#emit(
      enter,
      kept.slice(1).map((entry) => entry.initial),
      kept.slice(0, 1),
      true,
    );
    const values = [...changing.map((entry) => entry.next as Linear), ...reads.map((node) => atom(node))];
    const tried = this.#emit(attempt, values, kept, true);
    const made = values.map((_, i) => kept.length + i);
    const candidates = made.slice(0, changing.length);
    const numbers = made.slice(changing.length);

    const free = (registers: readonly number[]): Op[] =>
      registers.length === 0 ? [] : [{ op: "free", registers }];
    const keep = this.#program([
      ...free(numbers),
      ...changing.map((entry, i): Op => ({
        op: "move",
        from: candidates[i] as number,
        to: places.get(entry) as number,
      })),
    ]);
    const undo = this.#program(free(made));

    const output = this.#emit(run.output, run.results, kept, false);
    const scalars = tried.emitted.exprs.map((e) => host.expr(e));
    const variables = [
      { name: "lambda", initial: start.lambda },
      { name: "step", initial: 0 },
      ...[...control.carries].map(([name, carry]) => ({
        name,
        initial: this.#initial(name, enter.numbers.value(carry.initial)),
      })),
    ];
    const values0 = startHost(
      host,
      variables.map((variable) => variable.initial),
    );
    const row = scalars.map((node, slot) => this.#finite(values0[node], slot));
    const t = values0[next] ?? NaN;
    if (!(t > start.lambda && t <= end.lambda + 1e-9 * (end.lambda - start.lambda)))
      fail("D0401", "the first attempt does not end between the start and the end of the run", {
        at: control.at,
        why: `it would go from lambda ${start.lambda} to ${t}, and the end is at ${end.lambda}`,
        help: "place t above s and not beyond the end: `min(lambda[s] + h[s], lambda[end])`",
      });
    return {
      programs: this.#programs,
      init: init.step,
      steps: [{ ...tried.step, scalars: row, state: candidates[0] ?? 0 }],
      control: {
        variables,
        tables: host.tables,
        nodes: host.nodes,
        scalars,
        next,
        enter: first.step,
        reads: numbers,
        accept,
        accepted,
        refused,
        keep,
        undo,
        attempts: run.sampler.attempts ?? 0,
      },
      output: { ...output.step, state: null },
      registers: this.#registers,
      results: output.roots,
      calls: [init, first, tried, output].reduce((total, part) => total + part.emitted.calls, 0),
      nfe: [init, first, tried, output].reduce((total, part) => total + part.emitted.groups, 0),
    };
  }

  /** The state, and the carries that the attempt or the results read. */
  #kept(reads: readonly Node[]): readonly Kept[] {
    const { run, enter } = this;
    const { graph } = this.#attempt;
    const kept: Kept[] = [
      {
        leaf: { kind: "state", offset: 0 },
        initial: enter.graph.graph.leaf({ kind: "state", offset: 0 }),
        next: graph.next,
      },
    ];
    const found = new Set<string>();
    const add = (leaves: readonly Leaf[]): void => {
      for (const leaf of leaves) {
        if (leaf.kind === "input" && leaf.trajectory)
          fail(
            "D0990",
            `the trajectory \`${leaf.name}\`, in a solver that places its own points, is not yet supported`,
            {
              at: this.#attempt.at,
            },
          );
        if (leaf.kind !== "carry" || found.has(leaf.name)) continue;
        found.add(leaf.name);
        const initial =
          enter.graph.carries.get(leaf.name)?.atS?.() ??
          fail("D0305", `the carry \`${leaf.name}\` has no first value`, { at: this.#attempt.at });
        const next = graph.carries.get(leaf.name)?.atT?.();
        kept.push({ leaf, initial, next });
        if (next) add(leavesOf([next], this.#attempt));
      }
    };
    add(leavesOf([...(graph.next ? [graph.next] : []), ...reads.map((node) => atom(node))], this.#attempt));
    add(leavesOf(run.results, run.output));
    return kept;
  }

  /**
   * One program. What is `kept` lies in the first registers; the roots follow, in order. With `staying` false the kept
   * tensors end with the program and the roots take the first registers.
   */
  #emit(
    step: RunStep,
    roots: readonly Linear[],
    kept: readonly Kept[],
    staying: boolean,
  ): { readonly step: PlanStep; readonly emitted: EmittedStep; readonly roots: readonly number[] } {
    const base = this.#virtual;
    const same = (a: Leaf, b: Leaf): boolean =>
      a.kind === b.kind && (a.kind !== "carry" || (b.kind === "carry" && a.name === b.name));
    const incoming = (leaf: Leaf): number | undefined => {
      const index = kept.findIndex((entry) => same(entry.leaf, leaf));
      return index < 0 ? undefined : base + index;
    };
    this.#virtual += kept.length;
    const emitter = new StepEmitter(step, this.names, incoming, this.#virtual);
    const emitted = emitter.emit(
      roots,
      (_, node) => node.kind === "leaf" && incoming(node.leaf) !== undefined,
    );
    this.#virtual = Math.max(this.#virtual, 1 + Math.max(0, ...emitted.binding.keys()));
    const entering = new Map(kept.map((_, i) => [base + i, i]));
    const leaving = new Map(staying ? entering : []);
    const first = staying ? kept.length : 0;
    emitted.roots.forEach((virtual, i) => leaving.set(virtual, first + i));
    const allocated = allocate(emitted, entering, leaving);
    this.#registers = Math.max(this.#registers, allocated.highest + 1);
    return {
      step: { program: this.#program(allocated.ops), scalars: emitted.scalars, step: 0, state: 0 },
      emitted,
      roots: emitted.roots.map((_, i) => first + i),
    };
  }

  #program(ops: readonly Op[]): number {
    return this.#programs.push({ ops }) - 1;
  }

  #initial(name: string, value: number): number {
    return Number.isFinite(value)
      ? value
      : fail("D0420", `the first value of \`${name}\` is ${value}`, { at: this.#control.at });
  }

  #finite(value: number | undefined, slot: number): number {
    return value !== undefined && Number.isFinite(value)
      ? value
      : fail("D0420", `a coefficient of the first attempt of \`${this.#attempt.rule}\` has no value`, {
          at: this.#attempt.at,
          why: `slot ${slot} is ${value ?? "known only after the attempt"}`,
        });
  }
}
