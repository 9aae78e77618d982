// Owns: timing several contenders side by side: in every round each runs once, so that what disturbs the machine disturbs
// all of them, and ratios are medians of ratios within a round. Decides nothing; it only measures.

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

export interface Contender {
  readonly name: string;
  /** Milliseconds of one call, averaged over `repeats` calls. */
  time(repeats: number): number | Promise<number>;
}

export interface Measured {
  readonly name: string;
  /** Median over the rounds, milliseconds of one call. */
  readonly ms: number;
  /** One per round. */
  readonly rounds: readonly number[];
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
};

/** Median of a / b within rounds. */
export const ratio = (a: Measured, b: Measured): number =>
  median(a.rounds.map((time, round) => time / b.rounds[round]!));

/**
 * Milliseconds of processor time this process has used. All contenders run on one thread; on a quiet machine this is the
 * time on the wall, on a shared one it leaves out the time others had the processor.
 */
export function now(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** Times a synchronous function. */
export const timed =
  (call: () => void) =>
  (repeats: number): number => {
    const start = now();
    for (let i = 0; i < repeats; i++) call();
    return (now() - start) / repeats;
  };

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

/** Leaves no garbage of one contender for the time of the next. */
async function settle(): Promise<void> {
  collect();
  await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Budgets spent on a contender before it counts. */
const WARM_UP = 5;

/** Runs all contenders `rounds` times in turn; each call of one takes about `budget` milliseconds. */
export async function compare(
  contenders: readonly Contender[],
  rounds: number,
  budget: number,
): Promise<Measured[]> {
  const repeats: number[] = [];
  for (const { time } of contenders) {
    // The machine's compilers need thousands of calls before they settle, and the clock needs milliseconds.
    let count = 2;
    for (let spent = 0; spent < WARM_UP * budget;) {
      const once = Math.max(1e-3, await time(count));
      spent += once * count;
      count = Math.min(20_000, 4 * count, Math.max(1, Math.round(budget / once)));
    }
    repeats.push(count);
  }
  const times = contenders.map((): number[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      await settle();
      times[i]!.push(await contender.time(repeats[i]!));
    }
  }
  return contenders.map(({ name }, i) => ({ name, ms: median(times[i]!), rounds: times[i]! }));
}
