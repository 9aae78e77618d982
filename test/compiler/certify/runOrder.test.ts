// Owns: that a run has an order only where its rule is consistent and zero-stable, whatever the order of the step.

import { describe, expect, test } from "vitest";
import { describeRun } from "../../../compiler/certify/describe.js";
import { checked } from "./subject.js";

/** ddim and a multiple of what it did wrong in the step before: consistent, with a second root at that multiple. */
const echo = (root: string): string => `solver echo {
  order 1
  start ddim
  step {
    x[t] = ddim(s -> t) + ${root}*alpha[t]*(x[s]/alpha[s] - x[s-1]/alpha[s-1] - (rho[s] - rho[s-1])*eps[s-1])
  }
}
sampler a {
  schedule ve
  model predicts eps
  grid log_snr
  steps 40
  solver echo
}
`;

const claims = "expect echo { run order 1 }\nexpect sampler a { order 1 }\n";

test("an unstable rule keeps the order of its step and has no run order", () => {
  const { solvers, expected, runs, said } = checked(echo("2") + claims);
  expect(solvers[0]?.held).toBe(true);
  expect(expected).toEqual([]);
  expect(describeRun(runs.get("a")?.order)).toBe(
    ", no run order: `echo` is not zero-stable: its recurrence has a root of modulus 2, outside the unit circle",
  );
  expect(said).toMatchInlineSnapshot(`
    "
    warning[D0416]: \`echo\` is unstable: a run with it does not converge, whatever the order of its step
      --> a.dsamp:1:8
       1 | solver echo {
         |        ^^^^ its recurrence has a root of modulus 2, outside the unit circle
         = why: what a step does wrong grows with the number of steps after it, however small they are
         = help: take the older states with smaller weights, or use a rule of the Adams family

    error[D0910]: declared run order 1, but no run with this rule converges
      --> a.dsamp:15:15
      15 | expect echo { run order 1 }
         |               ^^^^^^^^^^^ not zero-stable: its recurrence has a root of modulus 2, outside the unit circle
         = why: a run converges when the rule is consistent (order 1 or more) and zero-stable
         = help: take the older states with smaller weights, or use a rule of the Adams family

    error[D0910]: the run of \`a\` does not converge: \`echo\` is not zero-stable: its recurrence has a root of modulus 2, outside the unit circle
      --> a.dsamp:16:20
      16 | expect sampler a { order 1 }
         |                    ^^^^^^^
    "
  `);
});

describe("the second root of a recurrence", () => {
  test.each([
    ["0.5", "stable", 1],
    ["(-1)", "weakly stable", 1],
    ["1", "unstable", 0],
    ["(-1.01)", "unstable", 0],
  ] as const)("%s: %s, run order %i", (root, zero, order) => {
    const { solvers, runs, expected } = checked(echo(root) + claims);
    expect(solvers[0]?.certificate.stability?.zero).toBe(zero);
    expect(runs.get("a")?.order.order).toBe(order);
    expect(expected).toHaveLength(order === 0 ? 0 : 2);
  });
});

test("a double root on the unit circle is called that", () =>
  expect(checked(echo("1")).said).toContain("its recurrence has a multiple root on the unit circle"));

test("the unstable rule of the textbooks, of order 3 on grids uniform in rho, has no run order", () => {
  const { said } = checked(`solver explicit {
  order 3 on uniform(rho)
  run order 2 on uniform(rho)
  start ddim
  step {
    let h = rho[t] - rho[s]
    x[t]/alpha[t] = -4*x[s]/alpha[s] + 5*x[s-1]/alpha[s-1] + h*(4*eps[s] + 2*eps[s-1])
  }
}
`);
  expect(said).toContain("declared run order 2, but no run with this rule converges");
  expect(said).toContain("a root of modulus 5");
  expect(said).not.toContain("declared order 3");
});

test("a rule is as stable as its worst branch", () => {
  const { said } = checked(`solver late {
  run order 1
  start ddim
  step {
    let k = 0
    when lambda[s] > 0 { k := 2 }
    x[t] = ddim(s -> t) + k*alpha[t]*(x[s]/alpha[s] - x[s-1]/alpha[s-1] - (rho[s] - rho[s-1])*eps[s-1])
  }
}
`);
  expect(said).toContain("no run with this rule converges");
});

test("runs with an inconsistent rule do not converge either", () => {
  const { said } = checked(
    "solver off {\n  run order 1\n  step { x[t]/alpha[t] = x[s]/alpha[s] + 2*(rho[t] - rho[s])*eps[s] }\n}\n",
  );
  expect(said).toContain("D0411");
  expect(said).toContain("runs with this rule do not converge");
});

test("a `start` rule counts where the interpolant would do with fewer points", () => {
  const adams = (start: string): string =>
    checked(`solver adams {
  order 3
  run order 3
  ${start}
  step { x[t] = integrate(s -> t, x0, over: lambda, through: s-2 .. s) }
}
`).said.trim();
  expect(adams("start dpm_solver_2")).toBe("");
  expect(adams("")).toContain("step 0 is made by `adams`, of order 1");
});
