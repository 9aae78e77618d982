// Owns: what a family makes of a recorded run: the text of a sampler, which recorded draw each of its draws is, and
// which of its states each recorded state is. Knowing libraries lives in the families, and in importers/.

import type { Imported, State } from "../../importers/imported.js";
import { call, list, literal, quoted } from "../../importers/text.js";
import type { Model, RunInputs } from "../../runtime/index.js";
import type { Case, Fields, Tensor } from "./format.js";

export { call, list, literal, quoted };

/** Thrown by a family for a case it has no faithful sampler for. */
export class Unsupported extends Error {}

export const unsupported = (reason: string): never => {
  throw new Unsupported(reason);
};

/** A recorded state is the state at a grid point, the run's result, or nothing the sampler has (a stage). */
export type Recorded = State;

/** What a source recorded of its network calls, in their order. */
export interface Calls {
  readonly count: number;
  /** sigma of each call. */
  readonly levels?: readonly number[] | undefined;
  /** State of each call. */
  readonly states?: readonly Tensor[] | undefined;
}

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
  /** The network, where it is not a mixture of the file. */
  readonly network?: Model;
  /** On a path that pulls to a mean the network is fed the state without it, x - (1 - alpha)*mean. */
  readonly mean?: Tensor;
  /** Inputs of the sampler besides `x_init`. */
  readonly inputs?: RunInputs;
  /** Recorded tensors that the sampler's outputs after the first are, in order. */
  readonly outputs?: readonly Tensor[];
  /** Numbers of the family's own, such as weights, with what is recorded of them. */
  readonly numbers?: readonly Numbers[];
  /** Network calls of the run, where they are compared. */
  readonly calls?: Calls;
  /** The case with its tensors as the sampler has them, where that is not as they were recorded. */
  readonly packed?: Case;
  /** Further runs that the case records, such as the way back. */
  readonly further?: readonly Further[];
}

export interface Numbers {
  readonly name: string;
  readonly actual: readonly number[];
  readonly recorded: readonly number[];
}

/** A run with what is recorded of it in the form of a case: its first state, states and result. */
export interface Further {
  readonly entry: Case;
  readonly made: Replay;
}

/** The case of a further run of `entry`. */
export const furtherCase = (
  entry: Case,
  init: Tensor,
  trajectory: readonly Tensor[] | null,
  final: Tensor,
): Case => ({ ...entry, init, trajectory, final });

export interface Parts {
  /** Definitions before the sampler. */
  readonly definitions?: readonly string[];
  readonly schedule: string;
  readonly predicts: string;
  readonly guidance?: readonly string[];
  /** Inputs besides `x_init`, as `name: kind`. */
  readonly inputs?: readonly string[];
  /** The first state; default: `x_init`. */
  readonly init?: string | undefined;
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
    ...["x_init: tensor", ...(parts.inputs ?? [])].map((input) => `input    ${input}`),
    `init     x[start] = ${parts.init ?? "x_init"}`,
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
