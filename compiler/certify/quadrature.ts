// Owns: means over [0, 1] of functions given point by point. The integrands of certificates have series in h whose
// coefficient of h^n is a polynomial of degree n in the place, so interpolation through n + 1 places is exact; at a
// finite step (order 0) Gauss's rule with many places is exact to rounding.

import { fixedField } from "./fixed.js";
import type { Laurent, LaurentRing } from "./laurent.js";

const { one, mul, div } = fixedField;

interface Rule {
  readonly nodes: readonly bigint[];
  readonly weights: readonly bigint[];
}

const rules = new Map<string, Rule>();

/** Integrals of the Lagrange polynomials through the nodes k/n. */
function interpolatory(count: number): Rule {
  const key = `even ${count}`;
  const known = rules.get(key);
  if (known) return known;
  const nodes = Array.from({ length: count }, (_, k) =>
    count === 1 ? one / 2n : (one * BigInt(k)) / BigInt(count - 1),
  );
  const weights = nodes.map((own, j) => {
    let polynomial: bigint[] = [one];
    nodes.forEach((node, k) => {
      if (k === j) return;
      const scale = div(one, own - node);
      const next = new Array<bigint>(polynomial.length + 1).fill(0n);
      polynomial.forEach((c, i) => {
        next[i + 1] = (next[i + 1] as bigint) + mul(c, scale);
        next[i] = (next[i] as bigint) - mul(mul(c, node), scale);
      });
      polynomial = next;
    });
    return polynomial.reduce((sum, c, i) => sum + c / BigInt(i + 1), 0n);
  });
  const rule = { nodes, weights };
  rules.set(key, rule);
  return rule;
}

/** Gauss-Legendre on [0, 1]: roots of the Legendre polynomial by Newton's method (DLMF 3.5(v)). */
function gauss(count: number): Rule {
  const key = `gauss ${count}`;
  const known = rules.get(key);
  if (known) return known;
  const nodes: bigint[] = [];
  const weights: bigint[] = [];
  for (let i = 0; i < count; i += 1) {
    let x = fixedField.fromNumber(Math.cos((Math.PI * (i + 0.75)) / (count + 0.5)));
    let slope = one;
    for (let pass = 0; pass < 7; pass += 1) {
      let [before, p] = [one, x];
      for (let n = 2; n <= count; n += 1)
        [before, p] = [p, (BigInt(2 * n - 1) * mul(x, p) - BigInt(n - 1) * before) / BigInt(n)];
      slope = div(BigInt(count) * (mul(x, p) - before), mul(x, x) - one);
      x -= div(p, slope);
    }
    nodes.push((x + one) / 2n);
    weights.push(div(one, mul(one - mul(x, x), mul(slope, slope))));
  }
  const rule = { nodes, weights };
  rules.set(key, rule);
  return rule;
}

/** The mean over the share u in [0, 1] of f(u); `degree` is that of f at h = 0. */
export function meanOver(ring: LaurentRing, degree: number, f: (share: bigint) => Laurent): Laurent {
  const rule = ring.order === 0 ? gauss(24) : interpolatory(ring.order + degree + 1);
  return rule.nodes
    .map((node, k) => ring.scale(f(node), rule.weights[k] as bigint))
    .reduce((a, b) => ring.add(a, b));
}
