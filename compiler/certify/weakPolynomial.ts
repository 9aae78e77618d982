// Owns: polynomials in the random symbols of a step with coefficients that are series in e = sqrt(h), truncated by weight:
// e counts 1, an increment of an older step counts 1, a standard symbol counts 0. A term is one number: the exponents of
// all symbols in one key, so that keys of a product add.

import { fixedField } from "./fixed.js";
import type { Laurent } from "./laurent.js";

const { one, mul } = fixedField;

const eBase = 64;
/** Powers of e may be as low as -eOffset. */
const eOffset = 16;
const digit = 16;
/** Increments of older steps; their digits come before those of standard symbols. */
export const mostIncrements = 3;
export const mostSymbols = 8;

const place = (symbol: number): number => eBase * digit ** symbol;

export type WeakPolynomial = ReadonlyMap<number, bigint>;

export const zeroPolynomial: WeakPolynomial = new Map();
export const constantPolynomial = (value: bigint): WeakPolynomial => new Map([[eOffset, value]]);

export const powerOfE = (key: number): number => (key % eBase) - eOffset;
const exponentOf = (key: number, symbol: number): number => Math.floor(key / place(symbol)) % digit;

export class WeakRing {
  constructor(
    /** Terms of higher weight are dropped. */
    readonly weight: number,
  ) {}

  #weightOf(key: number): number {
    let weight = powerOfE(key);
    for (let i = 0; i < mostIncrements; i += 1) weight += exponentOf(key, i);
    return weight;
  }

  /** Symbol number `index`: an increment below `mostIncrements`, else a standard symbol. */
  symbol(index: number): WeakPolynomial {
    return new Map([[eOffset + place(index), one]]);
  }

  /** A series in e. */
  series(value: Laurent): WeakPolynomial {
    const result = new Map<number, bigint>();
    value.c.forEach((c, i) => {
      const n = i + value.shift;
      if (c !== 0n && n <= this.weight && n >= -eOffset) result.set(n + eOffset, c);
    });
    return result;
  }

  add(a: WeakPolynomial, b: WeakPolynomial): WeakPolynomial {
    const result = new Map(a);
    for (const [key, c] of b) result.set(key, (result.get(key) ?? 0n) + c);
    return result;
  }

  scale(a: WeakPolynomial, factor: bigint): WeakPolynomial {
    return new Map([...a].map(([key, c]) => [key, mul(c, factor)]));
  }

  sub(a: WeakPolynomial, b: WeakPolynomial): WeakPolynomial {
    return this.add(a, this.scale(b, -one));
  }

  mul(a: WeakPolynomial, b: WeakPolynomial): WeakPolynomial {
    const result = new Map<number, bigint>();
    const weights = [...b].map(([key, c]) => [key, c, this.#weightOf(key)] as const);
    for (const [ka, ca] of a) {
      if (ca === 0n) continue;
      const left = this.weight - this.#weightOf(ka);
      for (const [kb, cb, weight] of weights) {
        if (weight > left || cb === 0n) continue;
        const key = ka + kb - eOffset;
        result.set(key, (result.get(key) ?? 0n) + mul(ca, cb));
      }
    }
    // What rounding leaves of terms that cancel only makes products longer.
    for (const [key, c] of result) if (fixedField.isZero(c)) result.delete(key);
    return result;
  }

  powers(a: WeakPolynomial, count: number): WeakPolynomial[] {
    const list: WeakPolynomial[] = [constantPolynomial(one)];
    for (let k = 1; k <= count; k += 1) list.push(this.mul(list[k - 1] as WeakPolynomial, a));
    return list;
  }

  /** The expectation over standard symbols, given their moments. */
  overSymbols(a: WeakPolynomial, moment: (symbol: number, power: number) => bigint): WeakPolynomial {
    const result = new Map<number, bigint>();
    for (const [key, c] of a) {
      let value = c;
      let rest = key;
      for (let symbol = mostIncrements; symbol < mostIncrements + mostSymbols; symbol += 1) {
        const power = exponentOf(key, symbol);
        if (power === 0) continue;
        value = mul(value, moment(symbol, power));
        rest -= power * place(symbol);
      }
      if (value !== 0n) result.set(rest, (result.get(rest) ?? 0n) + value);
    }
    return result;
  }

  /** Replaces powers of an increment by polynomials. */
  replace(a: WeakPolynomial, increment: number, by: (power: number) => WeakPolynomial): WeakPolynomial {
    const groups = new Map<number, Map<number, bigint>>();
    for (const [key, c] of a) {
      const power = exponentOf(key, increment);
      const group = groups.get(power) ?? new Map<number, bigint>();
      groups.set(power, group);
      group.set(key - power * place(increment), c);
    }
    let result: WeakPolynomial = zeroPolynomial;
    for (const [power, group] of groups)
      result = this.add(result, power === 0 ? group : this.mul(group, by(power)));
    return result;
  }
}
