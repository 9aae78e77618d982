// Owns: one thread's share of the inputs. It says which one it is at, so that a hang is seen from outside, and posts what
// failed, made short, and what took longest.

import { parentPort, workerData } from "node:worker_threads";
import { mutate, readSeeds } from "./mutate.js";
import { Random } from "./random.js";
import { reduce } from "./reduce.js";
import { cheap, complete, type Stage } from "./stages.js";

export interface Share {
  readonly repository: string;
  /** Seeds of the inputs: from, from + every, ... below to. */
  readonly from: number;
  readonly to: number;
  readonly every: number;
  /** Gentle changes, compiled whole; else all changes, by the cheap stages. */
  readonly whole: boolean;
  /** One number: the seed of the current input. */
  readonly at: SharedArrayBuffer;
}

export interface Failed {
  readonly seed: number;
  readonly stage: string;
  readonly error: string;
  readonly changes: readonly string[];
  /** The input, short. */
  readonly text: string;
}

export interface Slow {
  readonly seed: number;
  readonly stage: string;
  readonly ms: number;
  readonly length: number;
}

export interface Report {
  readonly inputs: number;
  readonly failed: readonly Failed[];
  readonly slowest: Slow | undefined;
  /** Of the stages that run while a person types: how many took longer than 250 ms, twice. */
  readonly slow: number;
}

const enough = 5;
const slowMs = 250;

function run(share: Share): Report {
  const seeds = readSeeds(share.repository);
  const stages = Object.entries(share.whole ? complete : cheap);
  const at = new Int32Array(share.at);
  const failed: Failed[] = [];
  let inputs = 0;
  let slow = 0;
  let slowest: Slow | undefined;
  for (let seed = share.from; seed < share.to && failed.length < enough; seed += share.every) {
    Atomics.store(at, 0, seed);
    const { text, changes } = mutate(new Random(seed), seeds, share.whole);
    inputs += 1;
    for (const [name, stage] of stages) {
      const error = errorOf(stage, text, seed);
      if (error !== undefined) {
        const short = reduce(text, (part) => messageOf(errorOf(stage, part, seed)) === messageOf(error));
        failed.push({ seed, stage: name, error: error.stack ?? error.message, changes, text: short });
        break;
      }
      // The first time may have been another's: a compilation, a collection of garbage.
      const ms = lastMs > slowMs ? Math.min(lastMs, (errorOf(stage, text, seed), lastMs)) : lastMs;
      if (name === "promises" || name === "whole") continue;
      if (ms > slowMs) slow += 1;
      if (ms > (slowest?.ms ?? 0)) slowest = { seed, stage: name, ms, length: text.length };
    }
  }
  return { inputs, failed, slowest, slow };
}

let lastMs = 0;

function errorOf(stage: Stage, text: string, seed: number): Error | undefined {
  const began = performance.now();
  try {
    stage(text, new Random(seed));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  } finally {
    lastMs = performance.now() - began;
  }
}

/** Short of what changes with the text. */
const messageOf = (error: Error | undefined): string | undefined =>
  error?.message.replace(/[0-9]+|`[^`]*`/g, "");

parentPort?.postMessage(run(workerData as Share));
