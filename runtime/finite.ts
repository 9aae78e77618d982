// Owns: the checks of a run for values that are not finite: when a backend is asked, and what is said. Where an answer is
// waited for, all checks of a step are asked for together at its end. Knows no registers.

import { Failure, fail } from "../compiler/diagnostics/report.js";
import type { Plan } from "../compiler/plan/schema.js";
import type { Backend, HostArray, Looks, Odd, Tensor } from "./backend.js";
import { hostMaxAbs } from "./backends/hostReduce.js";
import { place } from "./failure.js";
import { sizeOf } from "./shapes.js";

/** What is checked: a tensor in words, where in the run, and how it is cut into samples. */
interface Subject {
  readonly what: string;
  readonly step: number;
  readonly size: number;
  readonly samples: number;
}

/** Of data with a value that is not finite. */
function oddOf(data: HostArray): Odd {
  const index = data.findIndex((value) => !Number.isFinite(value));
  const good = data.filter((value) => Number.isFinite(value));
  return { count: data.length - good.length, value: data[index]!, index, largest: hostMaxAbs(good) };
}

export class FiniteChecks {
  readonly #looks: Looks | undefined;
  /** What `#looks` looks at, in its order. */
  #started: Subject[] = [];

  constructor(
    readonly plan: Plan,
    readonly backend: Backend,
    readonly firstSample: number,
    readonly enabled: boolean,
  ) {
    this.#looks = enabled ? backend.looks?.() : undefined;
  }

  /** Throws D0701 if `tensor` is bad, or leaves that to `settle`. `what` stands for it in the message. */
  async check(tensor: Tensor, step: number, what: string): Promise<void> {
    if (!this.enabled) return;
    if (this.#looks === undefined && (await this.backend.finite(tensor))) return;
    const [samples = 1] = tensor.shape;
    const subject = { what, step, size: sizeOf(tensor.shape), samples };
    if (this.#looks === undefined) this.#report(subject, oddOf(await this.backend.download(tensor)));
    else {
      this.#looks.start(tensor);
      this.#started.push(subject);
    }
  }

  /** Whether checks were left to `settle`. */
  get pending(): boolean {
    return this.#started.length > 0;
  }

  /** Waits for the checks that were left. Throws D0701 for the first bad tensor. */
  async settle(): Promise<void> {
    const subjects = this.#started;
    this.#started = [];
    const found = (await this.#looks?.end()) ?? [];
    for (const [i, odd] of found.entries()) if (odd !== null) this.#report(subjects[i]!, odd);
  }

  /** What comes first when `error` ends a run: a bad tensor that was not asked about yet may be why it happened. */
  async cause(error: unknown): Promise<unknown> {
    try {
      await this.settle();
      return error;
    } catch (found) {
      // A device that is gone answers nothing: then `error` is all there is.
      return found instanceof Failure && found.diagnostic.code === "D0701" ? found : error;
    }
  }

  /** Forgets the checks that were left. */
  drop(): void {
    this.#started = [];
    this.#looks?.drop();
  }

  #report({ what, step, size, samples }: Subject, { count, value, index, largest }: Odd): never {
    const sample = Math.floor(index / (size / samples)) + this.firstSample;
    return fail(
      "D0701",
      `${place(this.plan, step)}: ${what} has ${count} of ${size} values that are not finite`,
      {
        why: `the first is ${value} in sample ${sample}; the largest finite one is ${largest}`,
        help: "the step before is the last good one: look at its model results, or at the grid if coefficients are large",
      },
    );
  }
}
