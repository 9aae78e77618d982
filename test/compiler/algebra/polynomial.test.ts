import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sym, type Expr } from "../../../compiler/algebra/expr.js";
import {
  addPoly,
  atomPower,
  divideExactly,
  fromTerms,
  gcdPoly,
  monomialPoly,
  mulPoly,
  samePoly,
  scalePoly,
  split,
  subPoly,
  timesMonomial,
  zeroPoly,
  type Poly,
} from "../../../compiler/algebra/polynomial.js";
import { rational } from "../../../compiler/algebra/rational.js";
import "./support.js";

const atoms: readonly Expr[] = [sym("x"), sym("y"), sym("z")];

const term = fc
  .tuple(
    fc.integer({ min: -5, max: 5 }),
    fc.integer({ min: 1, max: 3 }),
    ...atoms.map(() => fc.integer({ min: 0, max: 2 })),
  )
  .map(([n, d, ...exponents]) => ({
    monomial: exponents.reduce(
      (m, e, i) => timesMonomial(m, atomPower(atoms[i]!, rational(e))),
      atomPower(atoms[0]!, rational(0)),
    ),
    c: rational(n, d),
  }));
const poly = fc
  .array(term, { minLength: 1, maxLength: 3 })
  .map((terms) => fromTerms(terms.filter((t) => t.c.n !== 0n)));
const nonzero = poly.filter((p) => p.size > 0);

describe("polynomials", () => {
  test("ring laws", () => {
    fc.assert(
      fc.property(poly, poly, poly, (a, b, c) => {
        expect(samePoly(mulPoly(a, addPoly(b, c)), addPoly(mulPoly(a, b), mulPoly(a, c)))).toBe(true);
        expect(samePoly(subPoly(addPoly(a, b), b), a)).toBe(true);
        expect(samePoly(subPoly(a, a), zeroPoly)).toBe(true);
      }),
    );
  });

  test("a product divides by its factors, and by nothing else", () => {
    fc.assert(
      fc.property(nonzero, nonzero, (a, b) => {
        expect(samePoly(divideExactly(mulPoly(a, b), b)!, a)).toBe(true);
      }),
    );
    const [x, y] = atoms.map((e) => monomialPoly(atomPower(e))) as [Poly, Poly];
    expect(divideExactly(addPoly(mulPoly(x, x), y), x)).toBeUndefined();
  });

  test("the parts of a split multiply to the whole", () => {
    fc.assert(
      fc.property(nonzero, (a) => {
        const { c, content, primitive } = split(a);
        expect(samePoly(scalePoly(primitive, c, content), a)).toBe(true);
        expect(split(primitive).content.factors).toHaveLength(0);
        expect(split(primitive).c).toEqual(rational(1));
      }),
    );
  });

  test("a common factor is found, whatever the cofactors", () => {
    fc.assert(
      fc.property(nonzero, nonzero, nonzero, (a, b, g) => {
        const [p, q, common] = [mulPoly(a, g), mulPoly(b, g), g].map((f) => split(f).primitive) as [
          Poly,
          Poly,
          Poly,
        ];
        const found = gcdPoly(p, q);
        expect(divideExactly(p, found)).toBeDefined();
        expect(divideExactly(q, found)).toBeDefined();
        expect(divideExactly(found, common)).toBeDefined();
      }),
      { numRuns: 300 },
    );
  });
});
