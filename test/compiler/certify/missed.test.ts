// Owns: what is said of a claim of order that is not reached: the three answers of fixed weights, numbers only for stated
// steps, the term with the linear part, and the repair of inconsistent rules.

import { describe, expect, test } from "vitest";
import { checked } from "./subject.js";

/** The lines of the error from the label on, without the frame. Notes on rows of a tableau are no part of it. */
function saidOf(text: string): readonly string[] {
  const said = checked(text).said.trim().split("\n\n");
  return (said.find((item) => item.startsWith("error")) ?? "")
    .split("\n")
    .filter((_line, i) => i !== 1 && i !== 2)
    .map((line) => line.replace(/^[\s|^=]+/, ""));
}

const adams = (claim: string): string => `solver fixed {
  ${claim}
  start ddim
  step {
    let h = rho[t] - rho[s]
    x[t]/alpha[t] = x[s]/alpha[s] + h*(55*eps[s] - 59*eps[s-1] + 37*eps[s-2] - 9*eps[s-3])/24
  }
}
`;

describe("weights of equal steps", () => {
  test("have three answers, and the claim that holds is proposed", () =>
    expect(saidOf(adams("order 4"))).toEqual([
      "error[D0412]: declared order 4, but this rule has order 1",
      "order 4 on grids uniform in rho, 2 on smooth grids, 1 on arbitrary step ratios",
      // 77/192 = (59/2 - 37*3/4 + 9*7/8)/24: points at -1/2, -3/4 and -7/8 of a step.
      "why: first mismatch at h^2, in the first derivative of the prediction along the solution: with every step twice the one before, the exact flow has 1/2, this rule has 77/192",
      "help: declare `order 4 on uniform(rho)`",
    ]));

  test("on smooth grids too", () =>
    expect(saidOf(adams("order 4 on smooth"))).toEqual([
      "error[D0412]: declared order 4, but this rule has order 2 on smooth grids",
      "order 4 on grids uniform in rho, 2 on smooth grids",
      "why: first mismatch at h^3, in L f'f: with equal steps in lambda, the exact flow has 1/3, this rule has 1/4; L is the linear part of dy/dlambda = L y + f, with y = x/alpha, f = x0 and L = -1",
      "help: declare `order 4 on uniform(rho)`",
    ]));

  test("the proposal is certified", () => {
    const { said, solvers } = checked(adams("order 4 on uniform(rho)"));
    expect(said.trim()).not.toContain("D0412");
    expect(solvers[0]?.held).toBe(true);
  });

  test("that are inconsistent on other grids", () =>
    expect(
      saidOf(`solver explicit {
  order 2
  start ddim
  step {
    x[t]/alpha[t] = -4*x[s]/alpha[s] + 5*x[s-1]/alpha[s-1] + (rho[t] - rho[s])*(4*eps[s] + 2*eps[s-1])
  }
}
`),
    ).toEqual([
      "error[D0411]: declared order 2, but this rule is inconsistent: its local error is O(h)",
      "order 2 on grids uniform in rho, 1 on smooth grids, 0 on arbitrary step ratios",
      // 4 + 2 - 5/2: with every step twice the one before, the older state is half a step back.
      "why: first mismatch at h, in the prediction itself: with every step twice the one before, the exact flow has 1, this rule has 7/2",
      "help: declare `order 2 on uniform(rho)`",
    ]));

  test("that are wrong everywhere have one answer", () =>
    expect(
      saidOf(
        adams("order 2").replace(
          "55*eps[s] - 59*eps[s-1] + 37*eps[s-2] - 9*eps[s-3]",
          "38*eps[s] - 14*eps[s-1]",
        ),
      ),
    ).toEqual([
      "error[D0412]: declared order 2, but this rule has order 1",
      "first mismatch at h^2, in the first derivative of the prediction along the solution: with equal steps in lambda, the exact flow has 1/2, this rule has 7/12",
      "help: declare `order 1`",
    ]));
});

describe("a mismatch in the linear part", () => {
  const tableau = (result: string): string => `solver classical {
  order 3
  tableau x0 over lambda {
    0   |
    1/2 | 1/2
    1   | -1, 2
        | ${result}
  }
}
`;
  test("is named: weights without phi functions", () =>
    expect(saidOf(tableau("1/6, 2/3, 1/6"))).toEqual([
      "error[D0412]: declared order 3, but this rule has order 1",
      "first mismatch at h^2, in L f: the exact flow has 1/2, this rule has 0",
      "why: L is the linear part of dy/dlambda = L y + f, with y = x/alpha, f = x0 and L = -1",
      "help: declare `order 1`",
    ]));

  test("in the factor of the state", () =>
    expect(
      saidOf(`solver factor {
  order 2
  step {
    let h = lambda[t] - lambda[s]
    point m at lambda = lambda[s] + h/2
    x[m] = ddim(s -> m)
    x[t]/alpha[t] = (1 - h)*x[s]/alpha[s] - expm1(-h)*x0[m]
  }
}
`)[1],
    ).toBe("first mismatch at h^2, in L L y: the exact flow has 1/2, this rule has 0"));

  test("has no number where schedules differ", () =>
    expect(
      saidOf(`solver scaled {
  order 2
  step {
    point m at lambda = (lambda[s] + lambda[t])/2
    x[m] = ddim(s -> m)
    x[t] = alpha[t]/alpha[s]*x[s] + alpha[s]*(rho[t] - rho[s])*eps[m]
  }
}
`)[1],
    ).toBe("first mismatch at h^2, in a term that depends on the schedule or the grid"));
});

describe("inconsistent rules", () => {
  test("what the search for a repair meets on the way is not said", () =>
    expect(
      checked(
        "solver end {\n  order 2\n  tableau eps over rho {\n    0 |\n    1 | 1\n      | 0, 0.99\n  }\n}\n",
      ).said,
    ).not.toContain("D0417"));

  test("are explained and repaired", () =>
    expect(
      saidOf(`solver krogstad {
  order 4
  tableau x0 over lambda {
    0   |
    1/2 | phi1(1/2)/2
    1/2 | phi1(1/2)/2 - phi2(1/2), phi2(1/2)
    1   | phi1 - 2*phi2, 0, 2*phi2
        | phi1 - 3*phi2 + 4*phi3, 2*phi2 - 4*phi3, 2*phi2 - 4*phi3, 4*phi3 - 1.001*phi2
  }
}
`),
    ).toEqual([
      "error[D0411]: declared order 4, but this rule is inconsistent: its local error is O(h)",
      "first mismatch at h, in the prediction itself: the exact flow has 1, this rule has 1999/2000",
      "help: with 1 in place of 1.001 in line 8 the rule has order 4",
      "fix: write 1 in place of 1.001 in line 8",
    ]));

  test("are repaired as far as one number goes", () =>
    expect(
      saidOf(
        "solver end {\n  order 2\n  tableau eps over rho {\n    0 |\n    1 | 1\n      | 0, 0.99\n  }\n}\n",
      ),
    ).toEqual([
      "error[D0411]: declared order 2, but this rule is inconsistent: its local error is O(h)",
      "first mismatch at h, in the prediction itself: the exact flow has 1, this rule has 99/100",
      "help: with 1 in place of 0.99 in line 6 the rule has order 1",
      "fix: write 1 in place of 0.99 in line 6",
    ]));

  test("in the state itself", () =>
    expect(saidOf("solver shrunk {\n  order 1\n  step { x[t] = 0.9*ddim(s -> t) }\n}\n")).toEqual([
      "error[D0411]: declared order 1, but this rule is inconsistent: its local error is O(1)",
      "`x[t]` does not go to `x[s]` as the step shrinks",
      "help: with 1 in place of 0.9 in line 3 the rule has order 1",
      "fix: write 1 in place of 0.9 in line 3",
    ]));

  test("that never call the model", () =>
    expect(saidOf("solver idle {\n  order 1\n  step { x[t] = alpha[t]/alpha[s]*x[s] }\n}\n")).toEqual([
      "error[D0411]: declared order 1, but this rule is inconsistent: its local error is O(h)",
      "order 0",
      "why: its step never calls the model, so the result does not depend on it",
      "help: read a prediction, such as `x0[s]` or `eps[s]`, with a weight that is not zero",
    ]));
});
