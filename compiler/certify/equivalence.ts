// Owns: whether two rules, or two guidances, are the same map for every network: proved symbolically where the algebra
// can, else by numbers on random schedules and grids.

import { Failure } from "../diagnostics/report.js";
import type { DefinitionValue } from "../lower/value.js";
import type { Program } from "../resolve/module.js";
import { lowerRun, type LoweredRun } from "../sampler/run.js";
import { compareRuns, type CallRules, type RunComparison, type StepDifference } from "./equivalenceRuns.js";
import { randomGrounds, samplerOf, toClean, type Ground } from "./equivalenceSettings.js";
import { provedEqual } from "./equivalenceSymbolic.js";

export type Equivalence =
  | { readonly kind: "symbolic" }
  | { readonly kind: "numeric"; readonly places: number; readonly distance: number; readonly data: boolean }
  | {
      readonly kind: "different";
      readonly schedule: string;
      readonly first: StepDifference;
      readonly steps: number;
    }
  /** One of them does not compile where the other does. */
  | {
      readonly kind: "fails";
      readonly schedule: string;
      readonly which: "first" | "second";
      readonly why: string;
    };

export interface EquivalenceQuestion {
  readonly program: Program;
  readonly a: DefinitionValue;
  readonly b: DefinitionValue;
  /** Where the two are compared; everywhere (random schedules and grids) without. */
  readonly grounds?: readonly Ground[] | undefined;
}

/** Whether two solvers are the same map. Throws a Failure when neither compiles anywhere. */
export function equalSolvers({ program, a, b, grounds }: EquivalenceQuestion): Equivalence {
  const setting = (solver: DefinitionValue): Parameters<typeof provedEqual>[0] => ({
    program,
    solver,
    family: "generic",
  });
  if (symbolically(() => provedEqual(setting(a), setting(b)))) return { kind: "symbolic" };
  const places =
    grounds ??
    randomGrounds(program, a).flatMap((ground, i) => (i % 2 === 0 ? [ground] : [ground, toClean(ground)]));
  return compareOn(
    places,
    (ground) => lowerRun(samplerOf(a, program, ground)),
    (ground) => lowerRun(samplerOf(b, program, ground)),
  );
}

/** Whether two guidances give the same predictions, histories and states, seen by a two-step rule. */
export function equalGuidance({ program, a, b, grounds }: EquivalenceQuestion): Equivalence {
  const def = program.definition(a.def.module, "solver", "dpmpp_2m");
  if (!def) throw new Error("the library has no dpmpp_2m");
  const solver: DefinitionValue = { kind: "definition", def, args: new Map() };
  const lower =
    (rule: DefinitionValue) =>
    (ground: Ground): LoweredRun =>
      lowerRun(samplerOf(solver, program, ground, [rule]));
  return compareOn(grounds ?? randomGrounds(program, a), lower(a), lower(b));
}

/** Whether two parameterizations read the same x0 off a network's output, and feed it the same. */
export function equalNetworks({ program, a, b }: EquivalenceQuestion): Equivalence {
  const def = program.definition(a.def.module, "solver", "ddim");
  if (!def) throw new Error("the library has no ddim");
  const solver: DefinitionValue = { kind: "definition", def, args: new Map() };
  const lower =
    (view: DefinitionValue) =>
    (ground: Ground): LoweredRun =>
      lowerRun(samplerOf(solver, program, ground, [], view));
  return compareOn(randomGrounds(program, a), lower(a), lower(b), { times: true, raw: true });
}

/** A rule that the algebra cannot lower by itself is compared by numbers. */
function symbolically(prove: () => boolean): boolean {
  try {
    return prove();
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

type Lower = (ground: Ground) => LoweredRun;

function compareOn(
  places: readonly Ground[],
  lowerA: Lower,
  lowerB: Lower,
  rules: CallRules = { times: true },
): Equivalence {
  let seen = 0;
  let distance = 0;
  let data = false;
  let failure: Failure | undefined;
  for (const ground of places) {
    const schedule = ground.path.name;
    const [a, b] = [attempt(() => lowerA(ground)), attempt(() => lowerB(ground))];
    // Where neither has a meaning there is nothing to compare: an infinite coefficient at the clean end, say.
    if (a instanceof Failure || b instanceof Failure) {
      failure = a instanceof Failure ? a : (b as Failure);
      if (a instanceof Failure && b instanceof Failure) continue;
      return {
        kind: "fails",
        schedule,
        which: a instanceof Failure ? "first" : "second",
        why: failure.diagnostic.message,
      };
    }
    const compared = attempt(() => compareRuns(a, b, rules));
    if (compared instanceof Failure) {
      const [aloneA, aloneB] = [a, b].map((run) => attempt(() => compareRuns(run, run)) instanceof Failure);
      failure = compared;
      if (aloneA && aloneB) continue;
      return {
        kind: "fails",
        schedule,
        which: aloneA ? "first" : "second",
        why: compared.diagnostic.message,
      };
    }
    const found = firstDifference(compared);
    if (found) return { kind: "different", schedule, first: found, steps: compared.steps.length };
    seen += 1;
    data ||= compared.how === "data";
    distance = Math.max(distance, compared.distance);
  }
  if (seen === 0 && failure) throw failure;
  return { kind: "numeric", places: seen, distance, data };
}

const firstDifference = (compared: RunComparison): StepDifference | undefined =>
  compared.equal ? undefined : compared.steps[0];

function attempt<T>(work: () => T): T | Failure {
  try {
    return work();
  } catch (error) {
    if (error instanceof Failure) return error;
    throw error;
  }
}
