// Owns: the line that names a sampler where a tool has no configuration file: `dpmpp_2m karras 20 eta=0.5`.

import { contradiction, type Value } from "./options.js";

export interface SamplerLine {
  readonly sampler: string;
  /** Rule of the levels; undefined for samplers that bring their own. */
  readonly schedule: string | undefined;
  readonly steps: number | undefined;
  readonly options: Readonly<Record<string, Value>>;
}

/** `true`, `false`, `none`, a number, a list of numbers with commas, or a word. */
export function valueOf(text: string): Value {
  if (text === "true" || text === "True") return true;
  if (text === "false" || text === "False") return false;
  if (text === "none" || text === "None") return null;
  const parts = text
    .replace(/^\[|\]$/g, "")
    .split(",")
    .map((part) => part.trim());
  const isNumber = (part: string): boolean => part !== "" && !Number.isNaN(Number(part));
  if (text.startsWith("[") || (parts.length > 1 && parts.every(isNumber)))
    return parts.filter((part) => part !== "").map((part) => (isNumber(part) ? Number(part) : part));
  return isNumber(text) ? Number(text) : text;
}

/** Reads such a line: the sampler, then in any order its levels, the number of steps, and name=value. Throws D0711. */
export function readLine(text: string): SamplerLine {
  const [sampler = "", ...words] = text.trim().split(/\s+/);
  if (sampler === "")
    contradiction("the line is empty", 'name a sampler, its levels and the steps: "dpmpp_2m karras 20"');
  let schedule: string | undefined;
  let steps: number | undefined;
  const options: Record<string, Value> = {};
  for (const word of words) {
    const at = word.indexOf("=");
    if (at > 0) {
      const name = word.slice(0, at);
      if (Object.hasOwn(options, name)) contradiction(`\`${name}\` is given twice`);
      options[name] = valueOf(word.slice(at + 1));
    } else if (/^\d+$/.test(word)) {
      if (steps !== undefined) contradiction(`two numbers of steps: ${steps} and ${word}`);
      steps = Number(word);
    } else if (schedule === undefined) schedule = word;
    else contradiction(`two rules for the levels: \`${schedule}\` and \`${word}\``);
  }
  return { sampler, schedule, steps, options };
}
