// Owns: reading a tool's options by name. Every option is read exactly once or is an error (D0710); a value the tool
// cannot take is D0711; what the tool does and the language cannot say is D0712. Missing ones take the tool's default,
// and are remembered so that the written file can say so.

import { fail } from "../compiler/diagnostics/report.js";
import { didYouMean } from "../compiler/resolve/suggest.js";

export type Value = null | boolean | number | string | readonly Value[] | { readonly [key: string]: Value };

/** The options contradict each other, or have a value that the tool refuses. Throws D0711. */
export const contradiction = (message: string, help?: string): never => fail("D0711", message, { help });

/** The tool can do this, dsamp cannot say it. Throws D0712. */
export const notImportable = (message: string, help?: string): never => fail("D0712", message, { help });

/** Python writes infinities into JSON as they are, and recorded runs as strings. */
export function toNumber(value: Value | undefined): number | undefined {
  if (typeof value === "number") return value;
  const words: Readonly<Record<string, number>> = { inf: Infinity, "-inf": -Infinity, nan: NaN };
  return typeof value === "string" ? words[value] : undefined;
}

/** JSON as Python writes it: `Infinity`, `-Infinity` and `NaN` become the strings "inf", "-inf" and "nan". Throws SyntaxError. */
export function parsePythonJson(text: string): unknown {
  const words: Readonly<Record<string, string>> = {
    Infinity: '"inf"',
    "-Infinity": '"-inf"',
    NaN: '"nan"',
  };
  return JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (token) => words[token] ?? token));
}

/** Off in every tool: a key with such a value asks for nothing. */
const isOff = (value: Value | undefined): boolean => value === null || value === undefined || value === false;

export class Options {
  readonly #values: Readonly<Record<string, Value>>;
  readonly #read = new Set<string>();
  readonly #defaults: string[] = [];

  /** `who` names the tool's class or function in messages. */
  constructor(
    values: Readonly<Record<string, Value>>,
    readonly who: string,
  ) {
    this.#values = values;
  }

  /** Whether it is given, and not as null. */
  has(name: string): boolean {
    return this.#values[name] !== undefined && this.#values[name] !== null;
  }

  /** Whether it is given as null, where that differs from being left out. */
  isNone(name: string): boolean {
    return this.#values[name] === null;
  }

  #take(name: string, otherwise: string | undefined): Value | undefined {
    if (!this.#read.has(name) && !this.has(name) && otherwise !== undefined)
      this.#defaults.push(`${name} ${otherwise}`);
    this.#read.add(name);
    return this.has(name) ? this.#values[name] : undefined;
  }

  #wrong(name: string, kind: string): never {
    return contradiction(
      `${this.who}: \`${name}\` is ${JSON.stringify(this.#values[name])}, and must be ${kind}`,
    );
  }

  number(name: string, otherwise: number): number {
    const value = this.#take(name, String(otherwise));
    return value === undefined ? otherwise : (toNumber(value) ?? this.#wrong(name, "a number"));
  }

  /** A whole number from `least` on. */
  whole(name: string, otherwise: number, least = 1): number {
    const value = this.number(name, otherwise);
    return Number.isInteger(value) && value >= least
      ? value
      : this.#wrong(name, `a whole number from ${least}`);
  }

  /** A number that may be left out. */
  optional(name: string): number | undefined {
    const value = this.#take(name, undefined);
    return value === undefined ? undefined : (toNumber(value) ?? this.#wrong(name, "a number"));
  }

  flag(name: string, otherwise: boolean): boolean {
    const value = this.#take(name, String(otherwise));
    if (value === undefined) return otherwise;
    return typeof value === "boolean" ? value : this.#wrong(name, "true or false");
  }

  /** One of the words the tool knows. */
  word<T extends string>(name: string, otherwise: T, known: readonly T[]): T {
    const value = this.#take(name, otherwise);
    if (value === undefined) return otherwise;
    return known.find((word) => word === value) ?? this.#wrong(name, known.map((w) => `"${w}"`).join(" or "));
  }

  /** A list of numbers that may be left out. */
  numbers(name: string): readonly number[] | undefined {
    const value = this.#take(name, undefined);
    if (value === undefined) return undefined;
    if (!Array.isArray(value)) return this.#wrong(name, "a list of numbers");
    return (value as readonly Value[]).map(
      (item) => toNumber(item) ?? this.#wrong(name, "a list of numbers"),
    );
  }

  /** An option that must stay off, with the reason. */
  off(name: string, why: string): void {
    if (!isOff(this.#take(name, undefined))) notImportable(`${this.who}: \`${name}\`: ${why}`);
  }

  /** An option that does not change the run. */
  ignore(name: string): void {
    this.#take(name, undefined);
  }

  /** `name value` of each option that was not given. */
  get defaults(): readonly string[] {
    return this.#defaults;
  }

  /**
   * Call last: what was not read is an error. `elsewhere`: options that the tool's other classes have; the tool leaves
   * them unread here, and those that are on are returned.
   */
  finish(elsewhere: ReadonlySet<string> = new Set()): readonly string[] {
    const unread = Object.keys(this.#values).filter((name) => !this.#read.has(name));
    const unknown = unread.find((name) => !elsewhere.has(name));
    if (unknown !== undefined)
      fail("D0710", `${this.who} has no option \`${unknown}\``, {
        help: didYouMean(unknown, [...this.#read]) ?? `its options are ${[...this.#read].sort().join(", ")}`,
      });
    return unread.filter((name) => !isOff(this.#values[name]));
  }
}
