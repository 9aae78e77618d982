// Owns: numpy's linspace, arange and round in its own floating point. Timesteps are rounded to whole training steps, and
// where a timestep lies half-way between two, the last bit of numpy's arithmetic decides which one it becomes.

/** `numpy.linspace(0, stop, n)`: multiples of the rounded step, and the end as it is. */
export const linspace = (stop: number, n: number): readonly number[] => {
  const step = stop / (n - 1);
  return Array.from({ length: n }, (_, k) => (k > 0 && k === n - 1 ? stop : k === 0 ? 0 : k * step));
};

/** `numpy.arange(top, 0, -step)`: its first two entries are made one by one, the others are multiples of their distance. */
export const arangeDown = (top: number, step: number): readonly number[] => {
  const distance = top - step - top;
  return Array.from({ length: Math.ceil(top / step) }, (_, k) => top + k * distance);
};

/** `numpy.round`: half-way cases go to the even neighbour. */
export const roundEven = (x: number): number => {
  const low = Math.floor(x);
  const rest = x - low;
  return rest > 0.5 || (rest === 0.5 && low % 2 !== 0) ? low + 1 : low;
};

/** A quotient of whole numbers. */
export type Ratio = readonly [numerator: number, denominator: number];

/** A way to round an exact value, as a number and as the language writes it. */
export interface Rounding {
  readonly write: (x: string) => string;
  readonly of: (x: Ratio) => number;
}

/** The usual way: half-way cases go to the even neighbour. */
export const toEven: Rounding = { write: (x) => `round(${x})`, of: ([p, q]) => roundEven(p / q) };

const down: Rounding = {
  write: (x) => `-floor(1/2 - (${x}))`,
  of: ([p, q]) => -Math.floor((q - 2 * p) / (2 * q)),
};

const up: Rounding = {
  write: (x) => `floor(${x} + 1/2)`,
  of: ([p, q]) => Math.floor((2 * p + q) / (2 * q)),
};

/** The way in which these exact values are rounded to be `wanted`; undefined when no one way does it. */
export const roundingOf = (exact: readonly Ratio[], wanted: readonly number[]): Rounding | undefined =>
  [toEven, down, up].find(({ of }) => exact.every((ratio, i) => of(ratio) === wanted[i]));
