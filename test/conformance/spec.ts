// Owns: what a family makes of a recorded run: the text of a sampler, which recorded draw each of its draws is, and
// which of its states each recorded state is. Writing spec text lives here; knowing libraries does not.

import type { Case, Fields } from "./format.js";

/** Thrown by a family for a case it has no faithful sampler for. */
export class Unsupported extends Error {}

export const unsupported = (reason: string): never => {
  throw new Unsupported(reason);
};

/** A recorded state is the state at a grid point, the run's result, or nothing the sampler has (a stage). */
export type Recorded = number | "result" | null;

export interface Replay {
  /** A spec whose only sampler is `replay`, with the input tensor `x_init`. */
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

/** A number as the language writes it; there is no infinity, so a bound that never binds stands for it. */
export function literal(x: number): string {
  if (Number.isNaN(x)) return unsupported("an option is not a number");
  if (!Number.isFinite(x)) return x > 0 ? "1e30" : "-1e30";
  return String(x).replace("e+", "e");
}

export const list = (xs: readonly number[]): string => `[${xs.map(literal).join(", ")}]`;

/** `name(a: 1, b: 2)` */
export function call(name: string, args: Readonly<Record<string, number | string | undefined>>): string {
  const given = Object.entries(args).filter(([, value]) => value !== undefined);
  if (given.length === 0) return name;
  const text = given.map(([key, value]) => `${key}: ${typeof value === "number" ? literal(value) : value}`);
  return `${name}(${text.join(", ")})`;
}

export const quoted = (text: string): string => JSON.stringify(text);

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
