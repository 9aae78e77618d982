// Owns: which neighbouring steps of a run look the same on paper: one graph, one set of values handed on.

import { demandOf, exported, exportKey, type Export } from "../link/demand.js";
import type { LoweredRun, RunStep } from "../sampler/run.js";
import { StepText } from "./stepText.js";

export interface Stretch {
  /** First and last step; -1 is the start, the number of steps the output. */
  readonly first: number;
  readonly last: number;
  readonly step: RunStep;
  readonly text: StepText;
}

function nameOf(what: Export): string {
  switch (what.kind) {
    case "next":
      return "x@t";
    case "view":
      return `${what.place === "" ? "" : `${what.place}.`}${what.view}@s`;
    case "atT":
      return `${what.view}@t`;
    case "carryS":
      return `${what.name}@s`;
    case "carryT":
      return `${what.name}@t`;
    case "guidance":
      return what.name;
    case "result":
      return `result${what.position === 0 ? "" : ` ${what.position + 1}`}`;
  }
}

export function stretchesOf(run: LoweredRun): readonly Stretch[] {
  const demand = demandOf(run);
  const stretches: { first: number; last: number; step: RunStep; text: StepText; key: string }[] = [];
  for (let index = -1; index <= run.steps.length; index += 1) {
    const step = index < 0 ? run.init : (run.steps[index] ?? run.output);
    const requests = [...(demand.byStep[index + 1]?.values() ?? [])];
    const key = requests.map((request) => exportKey(request.what)).join();
    const before = stretches.at(-1);
    if (before !== undefined && before.step.graph === step.graph && before.key === key) {
      before.last = index;
      continue;
    }
    const text = new StepText();
    for (const request of requests) text.define(nameOf(request.what), exported(run, request));
    stretches.push({ first: index, last: index, step, text, key });
  }
  return stretches;
}

/** `dpmpp_2m, steps 1 .. 18` */
export function titleOf({ first, last, step }: Stretch, count: number): string {
  if (first < 0) return "start";
  if (first >= count) return "output";
  if (step.graph.control) return `${step.rule}, an attempt at a typical place`;
  return first === last ? `${step.rule}, step ${first}` : `${step.rule}, steps ${first} .. ${last}`;
}
