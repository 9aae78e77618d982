// Owns: one thread's share of the inputs. It says which one it is at, so that a hang is seen from outside, and posts what
// failed, made short, and what may take too long; or it measures that again, alone.

import { parentPort, workerData } from "node:worker_threads";
import { mutate, readSeeds } from "./mutate.js";
import { Random } from "./random.js";
import { reduce } from "./reduce.js";
import { cheap, complete, forget, untimed, type Stage, type Timed } from "./stages.js";

export interface Share {
  readonly repository: string;
  /** Seeds of the inputs: from, from + every, ... below to. */
  readonly from: number;
  readonly to: number;
  readonly every: number;
  /** Gentle changes, compiled whole; else all changes, by the cheap stages. */
  readonly whole: boolean;
  /** What takes longer is reported. */
  readonly slowMs: number;
  /** One number: the seed of the current input. */
  readonly at: SharedArrayBuffer;
}

/** What to measure again, with nothing beside it. */
export interface Again {
  readonly repository: string;
  readonly slow: readonly Slow[];
}

export interface Failed {
  readonly seed: number;
  readonly stage: string;
  readonly error: string;
  readonly changes: readonly string[];
  /** The input, short. */
  readonly text: string;
}

/** A part of a stage, such as one request of an editor, and how long it took. */
export interface Slow {
  readonly seed: number;
  readonly stage: string;
  readonly what: string;
  readonly ms: number;
  readonly length: number;
}

export interface Report {
  readonly inputs: number;
  readonly failed: readonly Failed[];
  readonly slow: readonly Slow[];
}

const enough = 5;
const repeats = 3;

function run(share: Share): Report {
  const seeds = readSeeds(share.repository);
  const stages = Object.entries(share.whole ? complete : cheap);
  const at = new Int32Array(share.at);
  const failed: Failed[] = [];
  const slow: Slow[] = [];
  let inputs = 0;
  for (let seed = share.from; seed < share.to && failed.length < enough; seed += share.every) {
    Atomics.store(at, 0, seed);
    const { text, changes } = mutate(new Random(seed), seeds, share.whole);
    inputs += 1;
    for (const [stage, work] of stages) {
      const timed: Timed = (what, part) => {
        const began = performance.now();
        const result = part();
        const ms = performance.now() - began;
        if (ms > share.slowMs) slow.push({ seed, stage, what, ms, length: text.length });
        return result;
      };
      const error = errorOf(work, text, seed, timed);
      if (error === undefined) continue;
      const short = reduce(text, (part) => messageOf(errorOf(work, part, seed)) === messageOf(error));
      failed.push({ seed, stage, error: error.stack ?? error.message, changes, text: short });
      break;
    }
  }
  return { inputs, failed, slow };
}

function errorOf(stage: Stage, text: string, seed: number, timed = untimed): Error | undefined {
  try {
    // Other choices than those that made the text.
    stage(text, new Random(~seed), timed);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** Short of what changes with the text. */
const messageOf = (error: Error | undefined): string | undefined =>
  error?.message.replace(/[0-9]+|`[^`]*`/g, "");

/**
 * The least of several runs that begin with nothing kept; of the processor's time and the clock's, the lesser: the first
 * counts the collection of garbage beside the work, the second whatever else the machine does.
 */
function measure({ repository, slow }: Again): readonly Slow[] {
  const seeds = readSeeds(repository);
  return slow.map((item) => {
    const { text } = mutate(new Random(item.seed), seeds, false);
    let ms = Infinity;
    for (let i = 0; i < repeats; i += 1) {
      let taken = 0;
      const timed: Timed = (what, part) => {
        if (what !== item.what) return what === "analysis" ? part() : undefined;
        const [began, before] = [performance.now(), process.cpuUsage()];
        const result = part();
        const { user, system } = process.cpuUsage(before);
        taken = Math.max(taken, Math.min(performance.now() - began, (user + system) / 1000));
        return result;
      };
      forget();
      errorOf(cheap[item.stage] as Stage, text, item.seed, timed);
      ms = Math.min(ms, taken);
    }
    return { ...item, ms };
  });
}

const given = workerData as Share | Again;
parentPort?.postMessage("slow" in given ? measure(given) : run(given));
