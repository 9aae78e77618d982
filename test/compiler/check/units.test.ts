// Units of measure: mistakes as people make them in hand-written formulas, and right formulas that stay without a word.

import { describe, expect, test } from "vitest";
import { checkText } from "./support.js";

const solver = (step: string, around = ""): string =>
  `solver mine {\n  ${around}\n  step {\n    let h = lambda[t] - lambda[s]\n    let _k = h\n    ${step}\n  }\n}\n`;

const dpmpp = "x[t] = sigma[t]/sigma[s]*x[s] - alpha[t]*expm1(-h)*D";

/** Fifteen mistakes planted in formulas of the library; the term that is underlined. */
const planted: readonly (readonly [string, string, string | undefined])[] = [
  [
    "indices exchanged",
    solver("x[t] = sigma[s]/sigma[t]*x[s] - alpha[t]*expm1(-h)*x0[s]"),
    "sigma[s]/sigma[t]*x[s]",
  ],
  ["alpha forgotten", solver("x[t] = sigma[t]/sigma[s]*x[s] - expm1(-h)*x0[s]"), "expm1(-h)*x0[s]"],
  [
    "alpha at the wrong point",
    solver("x[t] = sigma[t]/sigma[s]*x[s] - alpha[s]*expm1(-h)*x0[s]"),
    "alpha[s]*expm1(-h)*x0[s]",
  ],
  ["right on VE only", solver("x[t] = x[s] + (sigma[t] - sigma[s])*eps[s]"), "sigma[s]"],
  ["sigma for rho", solver("x[t]/alpha[t] = x[s]/alpha[s] + (sigma[t] - sigma[s])*eps[s]"), "sigma[s]"],
  ["rho for sigma", solver("x[t] = alpha[t]*x0[s] + rho[t]*eps[s]"), "rho[t]*eps[s]"],
  [
    "noise without its scale",
    solver("x[t] = alpha[t]*x0[s] + sqrt(-expm1(-2*h))*z", "noise z"),
    "sqrt(-expm1(-2*h))*z",
  ],
  ["x0 and eps exchanged", solver("x[t] = alpha[t]*eps[s] + sigma[t]*x0[s]"), "alpha[t]*eps[s]"],
  [
    "x for x0 in a difference",
    solver(`let D = x0[s] + (x[s] - x0[s-1])/2\n    ${dpmpp}`, "start ddim"),
    "x0[s-1]",
  ],
  [
    "eps for x0 in a difference",
    solver(`let D = x0[s] + (x0[s] - eps[s-1])/2\n    ${dpmpp}`, "start ddim"),
    "eps[s-1]",
  ],
  [
    "the scale of another stage",
    solver(
      "point m at lambda = lambda[s] + h/2\n    x[m] = alpha[m]/alpha[s]*x[s] - sigma[t]*expm1(h/2)*eps[s]\n    x[t] = alpha[t]/alpha[s]*x[s] - sigma[t]*expm1(h)*eps[m]",
    ),
    "sigma[t]*expm1(h/2)*eps[s]",
  ],
  [
    "a point placed by sigma for rho",
    solver("point m at rho = sigma[s]/2\n    x[m] = ddim(s -> m)\n    x[t] = ddim(m -> t)"),
    "sigma[s]/2",
  ],
  [
    "a variance and a deviation",
    solver("x[t] = alpha[t]*x0[s] + sqrt(sigma[t]^2 - sigma[t])*eps[s]"),
    "sigma[t]",
  ],
  ["exp of a sigma", solver("x[t] = alpha[t]*x0[s] + sigma[t]*exp(-sigma[t])*eps[s]"), "-sigma[t]"],
  // A wrong sign has the right unit: the order certificate finds it.
  ["a wrong sign", solver("x[t] = sigma[t]/sigma[s]*x[s] - alpha[t]*expm1(h)*x0[s]"), undefined],
];

describe("planted mistakes", () => {
  test.each(planted)("%s", (_title, text, term) => {
    expect(checkText(text).marks).toEqual(term === undefined ? [] : [`D0308 ${term}`]);
  });

  test("14 of 15 are caught", () => {
    expect(
      planted.filter(([, text]) => checkText(text).marks.some((mark) => mark.startsWith("D0308"))),
    ).toHaveLength(14);
  });
});

describe("right formulas", () => {
  test.each([
    ["velocity forms", solver("x[t] = x[s] + (time[t] - time[s])*flow[s]")],
    ["x over alpha", solver("x[t]/alpha[t] = x[s]/alpha[s] + (rho[t] - rho[s])*eps[s]")],
    ["an exponential of lambda", solver("x[t] = alpha[t]*x0[s] + alpha[t]*exp(-lambda[t])*eps[s]")],
    [
      "a parameter in a coordinate",
      "solver mine(low = 0.1) {\n  step {\n    when rho[s] > low { x[t] = ddim(s -> t) } else { x[t] = euler(s -> t) }\n  }\n}\n",
    ],
    [
      "a sum of predictions",
      solver("let D(p) = (x[p] - sigma[p]*eps[p])/alpha[p]\n    x[t] = alpha[t]*D(s) + sigma[t]*eps[s]"),
    ],
    ["VE, and said so", solver("x[t] = x[s] + (sigma[t] - sigma[s])*eps[s]", "requires alpha == 1")],
    ["bounds in units of data", solver("x[t] = jump(s -> t, x0: clamp(x0[s], -1, 1))", "requires unit data")],
    [
      "an integral over rho",
      solver("let S = integral(1/u, u in rho[t] .. rho[s])\n    x[t] = alpha[t]*x0[s]*S + sigma[t]*eps[s]"),
    ],
  ])("%s", (_title, text) => {
    expect(checkText(text).text).toBe("");
  });

  test("bounds need a unit", () => {
    expect(checkText(solver("x[t] = jump(s -> t, x0: clamp(x0[s], -1, 1))")).marks[0]).toMatch(/^D0308/);
  });
});
