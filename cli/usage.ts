// Owns: reading values of flags, with one message for each way to get them wrong (D0706). Knows no verb.

import { didYouMean } from "../compiler/resolve/suggest.js";
import type { GaussianTarget } from "../compiler/certify/gaussian.js";
import { fail } from "../compiler/diagnostics/report.js";
import { backendNames } from "../runtime/backends/names.js";

/** Backends that a run can be asked for: not the one that only counts. */
export const backends: readonly string[] = backendNames.filter((name) => name !== "null");

/** Throws D0706: the command line is wrong. */
export const wrongUse = (message: string, help?: string): never => fail("D0706", message, { help });

/** A parser of a whole number from `least` on, for a flag. */
export const wholeNumber =
  (flag: string, least = 1) =>
  (text: string): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
    return wrongUse(`${flag} takes a whole number from ${least}, not \`${text}\``);
  };

/** A seed: 0 .. 2^64-1. */
export function seedNumber(text: string): bigint {
  if (/^\d+$/.test(text)) {
    const value = BigInt(text);
    if (value < 2n ** 64n) return value;
  }
  return wrongUse(`--seed takes a whole number from 0 to 2^64-1, not \`${text}\``);
}

/** `3,32,32` */
export function shapeNumbers(text: string): readonly number[] {
  const parts = text.split(",");
  if (parts.every((part) => /^[1-9]\d{0,8}$/.test(part))) return parts.map(Number);
  return wrongUse(
    `--shape takes whole numbers with commas between them, not \`${text}\``,
    "the shape of one sample, channels first: `--shape 1,28,28`",
  );
}

/** Collects the values of a flag that may be given several times. */
export const repeated = (text: string, before: readonly string[] | undefined): readonly string[] => [
  ...(before ?? []),
  text,
];

/** `name=value` as its two parts. */
export function assignment(flag: string, text: string, example: string): readonly [string, string] {
  const at = text.indexOf("=");
  const name = text.slice(0, at).trim();
  if (at > 0 && name !== "") return [name, text.slice(at + 1).trim()];
  return wrongUse(`${flag} takes name=value, not \`${text}\``, `for example \`${flag} ${example}\``);
}

/** A number where the text is one (fractions such as 1/3 included), else the text. */
export function plainValue(text: string): number | string {
  const fraction = /^(-?\d+)\/(\d+)$/.exec(text);
  if (fraction) return Number(fraction[1]) / Number(fraction[2]);
  const value = Number(text);
  return text !== "" && /^[-+.\d]/.test(text) && Number.isFinite(value) ? value : text;
}

/** `--set name=value`, several; the last value of a name counts. */
export const parseSettings = (texts: readonly string[]): Readonly<Record<string, number | string>> =>
  Object.fromEntries(
    texts.map((text) => {
      const [name, value] = assignment("--set", text, "scale=3");
      return [name, plainValue(value)];
    }),
  );

/** One of a list of words. */
export function oneOf<T extends string>(flag: string, text: string, words: readonly T[]): T {
  return (
    words.find((word) => word === text) ??
    wrongUse(
      `${flag} takes ${words.slice(0, -1).join(", ")} or ${words.at(-1)}, not \`${text}\``,
      didYouMean(text, words),
    )
  );
}

/** `mean,variance` of Gaussian data; N(0.5, 0.25) without a value. */
export function gaussianTarget(text: string | true): GaussianTarget {
  const [mean, variance, more] = text === true ? [0.5, 0.25] : text.split(",").map(plainValue);
  if (typeof mean === "number" && typeof variance === "number" && variance >= 0 && more === undefined)
    return { mean, variance };
  return wrongUse(
    `--gaussian takes a mean and a variance, not \`${text}\``,
    "for example `--gaussian 0.5,0.25`; without a value, write it after the files",
  );
}
