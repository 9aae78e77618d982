// Owns: path quantities at levels as symbols of the algebra. Every algebra gives these symbols its own meaning.

import { sym, type Expr, type Sym } from "../algebra/expr.js";
import type { Level } from "./level.js";

/** Numbers a path has at every level. `alphaDot` and `sigmaDot` are derivatives by the path's time. */
export const quantities = [
  "time",
  "index",
  "sigma",
  "alpha",
  "lambda",
  "rho",
  "f",
  "g",
  "survival",
  "alphaDot",
  "sigmaDot",
  "lambdaDot",
  "rhoDot",
] as const;
export type Quantity = (typeof quantities)[number];

/** Those a spec may name; the derivatives are written with a prime. */
export const namedQuantities: ReadonlySet<string> = new Set(quantities.slice(0, 9));

export interface QuantityData {
  readonly [key: string]: unknown;
  readonly quantity: Quantity;
  readonly level: Level;
}

const positive: ReadonlySet<Quantity> = new Set(["alpha", "sigma", "rho"]);

/** The symbol of a quantity at a level. */
export function quantity(name: Quantity, level: Level): Sym {
  return sym(`${name}[${level.key}]`, { quantity: name, level, positive: positive.has(name) });
}

/** The data of a quantity symbol, or undefined for other symbols. */
export function quantityData(symbol: Sym): QuantityData | undefined {
  return "quantity" in symbol.data ? (symbol.data as QuantityData) : undefined;
}

/** Numbers of the run that are not path quantities: they differ from step to step. */
export const counters = ["step", "steps", "progress", "first", "last", "up"] as const;
export type Counter = (typeof counters)[number];

/** A number that a rule keeps on the host from one attempt to the next, at s. */
export const hostNumber = (name: string): Sym => sym(`${name}[s]`, { host: name });

/** The name of a host number, or undefined for other symbols. */
export const hostName = (symbol: Sym): string | undefined =>
  typeof symbol.data["host"] === "string" ? symbol.data["host"] : undefined;

export const counter = (name: Counter): Expr => sym(name, { counter: name });
