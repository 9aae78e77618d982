// Owns: rooted trees, their elementary differentials and names (Butcher; Hairer, Norsett & Wanner, Solving Ordinary
// Differential Equations I, section II.2). The system is y' = f(y, u) with u' = 1 joined to the state, so that a
// derivative by u is one by a further component.

import { fixedField } from "./fixed.js";
import { exponents, type Model } from "./model.js";

export interface Tree {
  readonly children: readonly Tree[];
  /** A leaf that stands for the variable's own speed 1 (a derivative by u) instead of f. */
  readonly clock?: boolean;
  /** A leaf that stands for the linear part L y of y' = L y + f (Hochbruck & Ostermann, SIAM J. Numer. Anal. 43, 2005). */
  readonly linear?: boolean;
}

/**
 * Trees with `order` nodes. With `split`, every leaf that is not the root is either f or the clock; with `linear`, so many
 * leaves are L y.
 */
export function trees(order: number, split = false, linear = 0): readonly Tree[] {
  const memo = new Map<number, readonly Tree[]>();
  const ofSize = (n: number): readonly Tree[] => {
    let known = memo.get(n);
    if (!known) {
      known =
        n === 1
          ? leaves(split && order > 1, linear > 0)
          : forests(n - 1, ofSize).map((children) => ({ children }));
      memo.set(n, known);
    }
    return known;
  };
  // The most branched first: f''(f, f) before f'f'f.
  return ofSize(order)
    .filter((tree) => linearLeaves(tree) === linear)
    .sort((a, b) => b.children.length - a.children.length);
}

const leaves = (split: boolean, linear: boolean): readonly Tree[] => [
  { children: [] },
  ...(split ? [{ children: [], clock: true }] : []),
  ...(linear ? [{ children: [], linear: true }] : []),
];

const linearLeaves = (tree: Tree): number =>
  tree.children.reduce((sum, child) => sum + linearLeaves(child), tree.linear ? 1 : 0);

/** Multisets of trees with `total` nodes together. */
function forests(total: number, ofSize: (n: number) => readonly Tree[]): readonly Tree[][] {
  const grow = (left: number, largest: number, from: number): Tree[][] => {
    if (left === 0) return [[]];
    const found: Tree[][] = [];
    for (let size = Math.min(left, largest); size >= 1; size -= 1) {
      const candidates = ofSize(size);
      for (let i = size === largest ? from : 0; i < candidates.length; i += 1)
        for (const rest of grow(left - size, size, i)) found.push([candidates[i] as Tree, ...rest]);
    }
    return found;
  };
  return grow(total, total, 0);
}

/** f''(f, f), f'f'f, d/du f: as in the literature. */
export function treeName(tree: Tree): string {
  if (tree.clock) return "1";
  if (tree.linear) return "L y";
  const clocks = tree.children.filter((child) => child.clock).length;
  const others = tree.children.filter((child) => !child.clock);
  const mark = `${"d".repeat(clocks)}f${"'".repeat(others.length)}`;
  const [only] = others;
  if (!only) return mark;
  return others.length === 1 && !only.linear
    ? `${mark}${treeName(only)}`
    : `${mark}(${others.map(treeName).join(", ")})`;
}

/** All derivatives of a model at its point of expansion, as doubles: by component and multi-index. */
class Derivatives {
  readonly #values = new Map<string, readonly number[]>();
  readonly size: number;

  constructor(readonly model: Model) {
    this.size = model.dimension + 1;
    const known = new Set(exponents(this.size, model.degree).map((e) => e.join()));
    for (const { powers, c } of model.monomials) {
      const factor = powers.reduce((product, p) => product * factorial(p), 1);
      if (known.has(powers.join()))
        this.#values.set(
          powers.join(),
          c.map((x) => fixedField.toNumber(x) * factor),
        );
    }
  }

  /** f^(k)(v1, ..., vk) in the components of y. */
  apply(vectors: readonly (readonly number[])[]): number[] {
    const result = new Array<number>(this.model.dimension).fill(0);
    const visit = (i: number, index: readonly number[], weight: number): void => {
      if (weight === 0) return;
      if (i === vectors.length) {
        this.#values.get(index.join())?.forEach((value, d) => {
          result[d] = (result[d] as number) + weight * value;
        });
        return;
      }
      for (let k = 0; k < this.size; k += 1)
        visit(
          i + 1,
          index.map((n, j) => (j === k ? n + 1 : n)),
          weight * ((vectors[i] as readonly number[])[k] as number),
        );
    };
    visit(0, new Array<number>(this.size).fill(0), 1);
    return result;
  }
}

const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));

/** Elementary differentials of a model, in the components of y. */
export function differentials(model: Model, all: readonly Tree[], split: boolean): readonly number[][] {
  const derivatives = new Derivatives(model);
  const value = (tree: Tree, root: boolean): number[] => {
    if (tree.clock) return [...new Array<number>(model.dimension).fill(0), 1];
    // L = -1 in dy/dlambda = x0 - y.
    if (tree.linear) return [...model.y.map((v) => -fixedField.toNumber(v)), ...(root ? [] : [0])];
    const own = derivatives.apply(tree.children.map((child) => value(child, false)));
    // The clock's own speed belongs to f unless the leaves are told apart.
    return root ? own : [...own, !split && tree.children.length === 0 ? 1 : 0];
  };
  return all.map((tree) => value(tree, true));
}
