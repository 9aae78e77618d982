// Owns: what a family makes of a recorded run: the text of a sampler, which recorded draw each of its draws is, and
// which of its states each recorded state is. Knowing libraries lives in the families, and in importers/.

import type { Imported, State } from "../../importers/imported.js";
import { call, list, literal, quoted } from "../../importers/text.js";
import type { Case, Fields } from "./format.js";

export { call, list, literal, quoted };

/** Thrown by a family for a case it has no faithful sampler for. */
export class Unsupported extends Error {}

export const unsupported = (reason: string): never => {
  throw new Unsupported(reason);
};

/** A recorded state is the state at a grid point, the run's result, or nothing the sampler has (a stage). */
export type Recorded = State;

export interface Replay {
  /** A spec whose only sampler takes the input tensor `x_init`. */
  readonly text: string;
  /** Mixtures of the file: the unconditional one, and those behind condition labels. */
  readonly model: string;
  readonly conditions: Readonly<Record<string, string>>;
  /** Labels of the sampler's condition inputs. */
  readonly labels: Readonly<Record<string, string>>;
  /** Which entry of the case's `noise` a draw is. */
  readonly noise: (path: string, step: number, pass: number) => number | undefined;
  /** What each entry of the recorded trajectory is. */
  readonly trajectory: readonly Recorded[];
}

export interface Parts {
  /** Definitions before the sampler. */
  readonly definitions?: readonly string[];
  readonly schedule: string;
  readonly predicts: string;
  readonly guidance?: readonly string[];
  readonly grid: string;
  readonly steps?: number;
  readonly solver: string;
  readonly start?: string | undefined;
  readonly final?: string | undefined;
  readonly output?: string | undefined;
}

export function samplerText(parts: Parts): string {
  const lines = [
    `schedule ${parts.schedule}`,
    `model    predicts ${parts.predicts}`,
    ...(parts.guidance && parts.guidance.length > 0 ? [`guidance ${parts.guidance.join(", ")}`] : []),
    "input    x_init: tensor",
    "init     x[start] = x_init",
    `grid     ${parts.grid}`,
    ...(parts.steps === undefined ? [] : [`steps    ${parts.steps}`]),
    `solver   ${parts.solver}`,
    ...(parts.start === undefined ? [] : [`start    ${parts.start}`]),
    ...(parts.final === undefined ? [] : [`final    ${parts.final}`]),
    ...(parts.output === undefined ? [] : [`output   ${parts.output}`]),
  ];
  return `${[...(parts.definitions ?? []), `sampler replay {\n${lines.map((line) => `  ${line}`).join("\n")}\n}`].join("\n\n")}\n`;
}

/** An option nobody has implemented must not pass silently. */
export function checkNames(fields: Fields, known: readonly string[]): void {
  const other = Object.keys(fields.values).filter((name) => !known.includes(name));
  if (other.length > 0) unsupported(`the options ${other.join(", ")} are not implemented`);
}

/** Values of a name that the family implements. */
export function oneOf<T extends string>(what: string, value: string, known: readonly T[]): T {
  const found = known.find((candidate) => candidate === value);
  return found ?? unsupported(`${what} '${value}' is not implemented`);
}

/** No noise is asked for. */
export const noNoise = (): undefined => undefined;

/** The trajectory when there is one entry a step. */
export const everyStep = (count: number): readonly Recorded[] =>
  Array.from({ length: count }, (_, k) => k + 1);

export interface Guided {
  readonly model: string;
  readonly conditions: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly guidance: readonly string[];
}

/** The networks of a case: one mixture, or classifier-free guidance between two. */
export function guided(entry: Case): Guided {
  const { guidance } = entry;
  if (!guidance) return { model: entry.model, conditions: {}, labels: {}, guidance: [] };
  if (!guidance.kind.startsWith("cfg on "))
    return unsupported(`guidance '${guidance.kind}' is not implemented`);
  return {
    model: guidance.uncond,
    conditions: { cond: guidance.cond },
    labels: { prompt: "cond" },
    guidance: [call("cfg", { scale: guidance.scale })],
  };
}

/** The replay of a sampler that an importer wrote; `levels`: the recorded sigmas. */
export function replayOf(
  entry: Case,
  { text, states, draw }: Imported,
  { model, conditions, labels }: Guided,
  levels: readonly number[],
): Replay {
  return {
    text,
    model,
    conditions,
    labels,
    noise: (path, step, pass) => draw(path, step, levels, pass),
    trajectory: states(entry.trajectory?.length ?? 0),
  };
}
