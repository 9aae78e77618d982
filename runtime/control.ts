// Owns: the numbers of an error-controlled run between its attempts: where the next one goes, whether the last one counts,
// what is carried on. Knows no tensors.

import { fail } from "../compiler/diagnostics/report.js";
import { finishHost, startHost } from "../compiler/plan/host.js";
import type { Plan, PlanControl } from "../compiler/plan/schema.js";
import { place } from "./failure.js";

/** How far an error-controlled run has come. */
export interface ControlProgress {
  readonly attempts: number;
  /** Attempts that counted. */
  readonly steps: number;
  /** Where the state is. */
  readonly lambda: number;
  /** Part of the way in lambda, 0 to 1. */
  readonly done: number;
}

/** How one batch of an error-controlled run went. */
export interface ControlledBatch {
  readonly attempts: number;
  /** lambda of the points visited, the start first. */
  readonly lambdas: readonly number[];
}

/** Steps a progress bar counts: those of the grid, or thousandths of the way when it is not known how many there will be. */
export const progressSteps = (plan: Plan): number => (plan.control ? 1000 : plan.steps.length);

/** Distance to the end, as a part of the way, that counts as there: levels found through tables have 1e-13 of it. */
const near = 1e-10;

export class ControlledHost {
  #variables: readonly number[];
  #attempts: number;
  #values: readonly (number | undefined)[] = [];
  #next = NaN;
  readonly #start: number;
  readonly #end: number;

  constructor(
    readonly plan: Plan,
    readonly control: PlanControl,
    saved: { readonly attempts: number; readonly variables: readonly number[] } | undefined,
  ) {
    if (saved && saved.variables.length !== control.variables.length)
      fail("D0703", "the saved run cannot be resumed here: it has other variables");
    this.#variables = saved?.variables ?? control.variables.map((variable) => variable.initial);
    this.#attempts = saved?.attempts ?? 0;
    this.#start = control.variables[0]!.initial;
    this.#end = Number(plan.grid[plan.grid.length - 1]!.lambda);
  }

  get #lambda(): number {
    return this.#variables[0]!;
  }

  get done(): boolean {
    return this.#lambda >= this.#end - near * (this.#end - this.#start);
  }

  get progress(): ControlProgress {
    return {
      attempts: this.#attempts,
      steps: this.#variables[1]!,
      lambda: this.#lambda,
      done: (this.#lambda - this.#start) / (this.#end - this.#start),
    };
  }

  get saved(): { readonly attempts: number; readonly variables: readonly number[] } {
    return { attempts: this.#attempts, variables: this.#variables };
  }

  #stuck(problem: string, why?: string): never {
    return fail(
      "D0708",
      `${place(this.plan, Math.min(this.#attempts, this.control.attempts - 1))}: ${problem}`,
      {
        ...(why === undefined ? {} : { why }),
        help: "loosen the tolerances, start with a smaller step, or look at what the model returns there",
      },
    );
  }

  /** The attempt's row of numbers. Throws D0708 when it leads nowhere. */
  begin(): readonly number[] {
    const { control } = this;
    const kept = `lambda is ${this.#lambda} and ${control.variables
      .slice(2)
      .map(({ name }, i) => `${name} is ${this.#variables[i + 2]}`)
      .join(", ")}`;
    if (this.#attempts >= control.attempts)
      this.#stuck(`the end is not reached after ${control.attempts} attempts`, kept);
    this.#values = startHost(control, this.#variables);
    this.#next = this.#values[control.next] ?? NaN;
    const length = this.#end - this.#start;
    if (!(this.#next > this.#lambda) || !(this.#next - this.#lambda > 1e-14 * length))
      this.#stuck(`the next point would not be nearer to the end: lambda ${this.#next}`, kept);
    if (this.#next > this.#end + near * length)
      this.#stuck(
        `the next point lies beyond the end: lambda ${this.#next}, the end is at ${this.#end}`,
        kept,
      );
    return control.scalars.map((node, slot) => {
      const value = this.#values[node];
      return value !== undefined && Number.isFinite(value)
        ? value
        : this.#stuck(`coefficient ${slot} is ${value ?? "not known"}`, kept);
    });
  }

  /** Takes what the attempt left in its registers. Does it count? */
  end(reads: readonly number[]): boolean {
    const { control } = this;
    const values = finishHost(control, this.#values, this.#variables, reads);
    const counts = control.accept === null || values[control.accept] !== 0;
    const carried = (counts ? control.accepted : control.refused).map((node, i) => {
      const value = values[node]!;
      return Number.isFinite(value)
        ? value
        : this.#stuck(
            `\`${control.variables[i + 2]!.name}\` would become ${value}`,
            `the attempt left ${reads.join(", ")}`,
          );
    });
    const [lambda, steps] = this.#variables as [number, number];
    this.#variables = counts ? [this.#next, steps + 1, ...carried] : [lambda, steps, ...carried];
    this.#attempts += 1;
    return counts;
  }
}
